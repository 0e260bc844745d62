"""`dataset`: everything of step 10 before and after the act that is behind the gate."""

from __future__ import annotations

import argparse
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Final

from transfer.errors import UsageError
from transfer.publication.values import GuideLine, NewDataset, Texts
from transfer.values import ExitCode
from transfer.workspace import Home
from tui.cli.carried import carried
from tui.cli.dataset_told import (
    Telling,
    guide_document,
    guide_lines,
    print_look,
)
from tui.cli.output import answering, print_json, say, tell
from tui.figures import parse_span
from tui.publishing import carry, way_of

if TYPE_CHECKING:
    from transfer.publication.carrying import Carrier
    from transfer.publication.standing import Look

_ALONE: Final = (
    "guide", "template", "offline", "accept_difference", "invalidate", "delete", "pick_up",
    "create",
)  # fmt: skip
"""Each is a command of its own; `--follow` may go on from the last two."""


def dataset_command(options: argparse.Namespace) -> int:
    """Do what the options say, then show where the dataset stands."""
    act = _act(options)
    home = Home.find()
    name = home.workspace(options.name).name
    if act == "template":
        return _template(home, name, options)
    if act == "guide":
        return _guide(home, name, options)
    if act == "offline":
        return _offline(home, name, options)
    look = carried(home, name, _acting(home, name, act, options))
    if act == "metadata" and look.dataset is None:
        tell("Kept with the transfer; it is filled in there once there is a dataset.")
    print_look(name, look, as_json=options.json)
    return ExitCode.DONE


def _act(options: argparse.Namespace) -> str:
    """The one thing that is asked for; empty for a look at the node."""
    asked = [name for name in _ALONE if getattr(options, name) not in (None, False)]
    if options.metadata is not None and "create" not in asked:
        asked.append("metadata")
    if options.follow is not None and not set(asked) & {"pick_up", "create"}:
        asked.append("follow")
    if len(asked) > 1:
        raise UsageError(
            "That is more than one thing at once.",
            "Give each in a command of its own, one after the other.",
        )
    act = asked[0] if asked else ""
    _refuse_idle(options, act)
    return act


def _refuse_idle(options: argparse.Namespace, act: str) -> None:
    of_new = (options.clinical_file, options.new_version_of, options.again or None)
    if act != "create" and any(value is not None for value in of_new):
        raise UsageError(
            "What stands in a new dataset belongs to --create.", "Add --create INDEX.json."
        )
    if options.confirm is not None and act not in ("invalidate", "delete"):
        raise UsageError(
            "Nothing here has to be confirmed.",
            "Leave --confirm out; the dataset is released by: eucaim-transfer publish NAME",
        )
    if options.reason is not None and act not in ("accept_difference", "invalidate"):
        raise UsageError(
            "A reason belongs to --accept-difference or --invalidate.", "Leave --reason out."
        )
    if options.json and act == "template":
        raise UsageError("The form is TOML, not JSON.", "Leave --json out.")


def _acting(
    home: Home, name: str, act: str, options: argparse.Namespace
) -> Callable[[Carrier], Awaitable[Look]]:
    person, reason = (options.by or "").strip(), (options.reason or "").strip()
    follow_s = None if options.follow is None else parse_span(options.follow)
    texts = _texts(home, name, options)

    async def acted(carrier: Carrier) -> Look:
        look = await first(carrier)
        if follow_s is None or act == "follow":
            return look
        return await carrier.follow(follow_s, Telling())

    async def first(carrier: Carrier) -> Look:
        match act:
            case "pick_up":
                return await carrier.pick_up(options.pick_up or None, person)
            case "create":
                previous = options.new_version_of or ""
                wanted = NewDataset(texts or {}, options.create, options.clinical_file, previous)
                return await carrier.create(wanted, person, again=options.again)
            case "follow":
                return await carrier.follow(follow_s or 0, Telling())
            case "metadata":
                return await carrier.edit(texts or {}, person)
            case "accept_difference":
                return await carrier.accept_difference(person, reason)
            case "invalidate":
                return await carrier.invalidate(reason, person, options.confirm)
            case "delete":
                return await carrier.delete(options.confirm)
        return await carrier.look()

    return acted


def _texts(home: Home, name: str, options: argparse.Namespace) -> Texts | None:
    if options.metadata is None:
        return None
    from transfer.publication.metadata import read_metadata

    return read_metadata(options.metadata, way_of(home, name).fields)


def _template(home: Home, name: str, options: argparse.Namespace) -> int:
    from transfer.publication.metadata import template

    with answering():
        print(template(way_of(home, name).fields), end="", flush=True)
    return ExitCode.DONE


def _guide(home: Home, name: str, options: argparse.Namespace) -> int:
    async def guided(carrier: Carrier) -> tuple[Sequence[GuideLine], int]:
        return carrier.guide(), carrier.seen().cohort.studies

    lines, verified = carry(home, name, guided)
    with answering():
        if options.json:
            print_json(guide_document(name, lines))
        else:
            for line in guide_lines(lines):
                say(line)
    if not lines:
        tell("On this node the project is the dataset: there is nothing to do beforehand.")
    elif not verified:
        tell(f"The images are not verified there yet. First: eucaim-transfer upload {name}")
    return ExitCode.DONE


def _offline(home: Home, name: str, options: argparse.Namespace) -> int:
    async def seen(carrier: Carrier) -> Look:
        return carrier.seen()

    look = carry(home, name, seen)
    print_look(name, look, as_json=options.json)
    return ExitCode.DONE

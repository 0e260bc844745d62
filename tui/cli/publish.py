"""`publish`: the one act of step 10 behind the legal gate. Everything before it is `dataset`."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from typing import TYPE_CHECKING

from transfer.errors import StepBlocked, UsageError
from transfer.ledger.connection import Ledger
from transfer.ledger.order import read_order
from transfer.legal.gate import Action, refuse_unless_cleared, refuse_unless_confirmed
from transfer.publication.values import PublicationWay, Stage, Texts, Visibility
from transfer.values import ExitCode
from transfer.workspace import Home
from tui.cli import console
from tui.cli.carried import carried
from tui.cli.dataset_told import Telling, print_look
from tui.cli.output import refuse, tell
from tui.figures import parse_span, span
from tui.nodes import is_sandbox_node
from tui.publishing import way_of

if TYPE_CHECKING:
    from transfer.publication.carrying import Carrier
    from transfer.publication.standing import Look


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What a person wants published, and how long to wait for it: None for not at all."""

    visibility: str
    confirm: str
    person: str
    texts: Texts | None
    wait_s: float | None


def publish_command(options: argparse.Namespace) -> int:
    """Publish, behind the gate and the typed name; before both no request leaves."""
    home = Home.find()
    name = home.workspace(options.name).name
    wait_s = None if options.wait is None else parse_span(options.wait)
    destination = _refuse_unless_whole(home, name)
    if options.confirm is not None or not console.is_there():
        refuse_unless_confirmed(name, options.confirm)
    way = way_of(home, name)
    level = _visibility(way, options.visibility)
    texts = None
    if options.metadata is not None:
        from transfer.publication.metadata import read_metadata

        texts = read_metadata(options.metadata, way.fields)
    confirm = _confirmed(name, destination, way, level, options.confirm)
    visibility = level.key if level else ""
    wanted = _Wanted(visibility, confirm, options.by or "", texts, wait_s)
    look = carried(home, name, lambda carrier: _publish(carrier, wanted))
    print_look(name, look, as_json=options.json)
    if wait_s is not None and not _is_out(look):
        late = StepBlocked(
            f"The node has not published it in {span(wait_s)}. Nothing is lost: it is released.",
            "Wait on with the same command; after some days ask the node's support.",
        )
        return refuse(late, name)
    return ExitCode.DONE


def _refuse_unless_whole(home: Home, name: str) -> str:
    """Let nobody pass whose legal record is not whole; where the transfer goes."""
    with Ledger.open(home.workspace(name).ledger, read_only=True) as ledger:
        order = read_order(ledger)
        is_sandbox = is_sandbox_node(home, order.node)
        refuse_unless_cleared(ledger, Action.PUBLISH, is_sandbox_node=is_sandbox)
    return order.destination


def _visibility(way: PublicationWay, wanted: str | None) -> Visibility | None:
    """The level that is wanted, the first of the node without a wish; None where it leaves none."""
    if wanted is None:
        return way.visibilities[0] if way.visibilities else None
    for level in way.visibilities:
        if level.key == wanted:
            return level
    known = ", ".join(level.key for level in way.visibilities)
    raise UsageError(
        "This node does not let anybody choose that visibility.",
        f"Take one of: {known}." if known else "Leave --visibility out.",
    )


def _confirmed(
    name: str,
    destination: str,
    way: PublicationWay,
    level: Visibility | None,
    confirm: str | None,
) -> str:
    """Say what is about to happen, and have the name typed, by whoever is at the terminal: twice
    where it gives away what cannot be taken back."""
    for line in _what_happens(way, level):
        tell(line)
    if confirm is None:
        confirm = console.ask_line(f"Type the transfer's name, {name}, to go on:")
        refuse_unless_confirmed(name, confirm)
    if level is not None and level.asks_twice and console.is_there():
        again = console.ask_line(f"And the project's name, {destination}, to give all that away:")
        refuse_unless_confirmed(destination, again)
    return confirm


def _what_happens(way: PublicationWay, level: Visibility | None) -> list[str]:
    if level is not None:
        return [f"{level.title}: {level.gives_away}"]
    fixed = [field.title for field in way.fields if field.is_fixed_later]
    lines = ["Releasing a dataset cannot be taken back."]
    if fixed:
        lines.append(f"Not to be changed from then on: {', '.join(fixed)}.")
    return lines


async def _publish(carrier: Carrier, wanted: _Wanted) -> Look:
    telling = Telling()
    look = await carrier.publish(
        wanted.visibility, wanted.confirm, wanted.person, wanted.texts, telling
    )
    has_all = _is_out(look) and bool(look.dataset and look.dataset.pids)
    if wanted.wait_s is None or not look.way.waits_for or has_all:
        return look
    return await carrier.wait(wanted.wait_s, telling)


def _is_out(look: Look) -> bool:
    return look.dataset is not None and look.dataset.stage is Stage.PUBLISHED

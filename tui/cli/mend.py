"""`mend`: what is put right in what is sent, because a named person asked for it."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import asdict

from transfer.errors import UsageError
from transfer.ledger.connection import Ledger
from transfer.ledger.findings import open_keys
from transfer.ledger.holder import kept_from_runners
from transfer.ledger.mends import MendRecord, add_mend, list_mends, undo_mend
from transfer.ledger.selection_terms import keys_of
from transfer.mending import DATE_TAGS, Kind
from transfer.values import ExitCode
from transfer.workspace import Home, Workspace
from tui.cli.output import answering, print_json, say, tell
from tui.figures import count

_META_RULE = "IMG-07"


def mend_command(options: argparse.Namespace) -> int:
    """Record one mend, or take one back, and show all; without either only show."""
    workspace = Home.find().workspace(options.name)
    wishes = _wishes(options)
    if len(wishes) + (options.undo is not None) > 1:
        raise UsageError("One thing at a time is mended, or undone.", "Give one of them.")
    if wishes or options.undo is not None:
        _change(workspace, options, wishes)
        tell(f"It is in what is sent after: eucaim-transfer check {workspace.name}")
    elif options.series or options.by or options.reason:
        raise UsageError(
            "It is not said what is to be mended.",
            "Say it: --body-part TERM, --acquisition-date-from TAG, or --file-meta-uid.",
        )
    with Ledger.open(workspace.ledger, read_only=True) as ledger:
        mends = list_mends(ledger)
    with answering():
        if options.json:
            print_json({"transfer": workspace.name, "mends": [asdict(one) for one in mends]})
        elif not mends:
            say("Nothing is mended: what is sent says what the source says.")
        else:
            for one in mends:
                say(_told(one))
    return ExitCode.DONE


def _wishes(options: argparse.Namespace) -> list[tuple[Kind, str]]:
    wishes: list[tuple[Kind, str]] = []
    if options.body_part is not None:
        wishes.append(("body-part", options.body_part))
    if options.acquisition_date_from is not None:
        if not options.acquisition_date_from.strip():
            raise UsageError("No date is named.", "Give its tag: 0008,0023 for one.")
        wishes.append(("acquisition-date", options.acquisition_date_from))
    if options.file_meta_uid:
        wishes.append(("file-meta-uid", ""))
    return wishes


def _change(
    workspace: Workspace, options: argparse.Namespace, wishes: Sequence[tuple[Kind, str]]
) -> None:
    person, reason = ((word or "").strip() for word in (options.by, options.reason))
    with (
        Ledger.open(workspace.ledger) as ledger,
        kept_from_runners(workspace.lock, ledger),
    ):
        if options.undo is not None:
            if not undo_mend(ledger, options.undo, person, reason):
                raise UsageError(
                    f"Mend {options.undo} is not in force.",
                    "See those that are with: eucaim-transfer mend NAME",
                )
            return
        ((kind, value),) = wishes
        add_mend(ledger, kind, value, _series(ledger, options, kind), person, reason)


def _series(ledger: Ledger, options: argparse.Namespace, kind: Kind) -> list[int]:
    if options.series:
        keys = keys_of(options.series)
        if not all(key.startswith("E") for key in keys):
            raise UsageError("Whole series are mended.", "Give their keys: --series E1,E2.")
    elif kind == "file-meta-uid":
        keys = [key for key in open_keys(ledger, _META_RULE) if key.startswith("E")]
        if not keys:
            raise UsageError(
                "No file names another instance in its file meta information.",
                "Nothing to do.",
            )
    else:
        raise UsageError("No series is named.", "Name the series: --series E1,E2.")
    return [int(key[1:]) for key in keys]


def _told(one: MendRecord) -> str:
    undone = ", undone" if one.is_undone else ""
    why = f": {one.reason}" if one.reason else ""
    from_where = ", ".join(
        f"{n:,} from {DATE_TAGS.get(int(tag, 16), tag)}" for tag, n in sorted(one.taken.items())
    )
    value = f" {one.value}" if one.kind == "body-part" else ""
    return (
        f"{one.id:>5}  {one.kind}{value}, {one.series:,} series,"
        f" {count(one.instances, 'instance')} changed{f' ({from_where})' if from_where else ''}"
        f"{undone}; by {one.person}, {one.said_at_utc[:10]}{why}"
    )

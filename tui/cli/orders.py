"""`new` and `list`: making a transfer, and all of them."""

from __future__ import annotations

import argparse
from datetime import datetime
from pathlib import Path
from typing import Any

from transfer.deid.keys.cohort import cohort_of
from transfer.deid.keys.register import find_entry
from transfer.deid.methods import DEFAULT_PROFILE, PROFILES
from transfer.errors import TransferError, UsageError
from transfer.journey.one_node import told_elsewhere
from transfer.ledger.connection import Ledger
from transfer.ledger.order import Order, Word
from transfer.method_files import (
    MethodFiles,
    de_identifies,
    load_method_files,
    read_method_file,
)
from transfer.orders import DEID_WAIVER, make_transfer
from transfer.status import Status, read_status
from transfer.values import ExitCode
from transfer.workspace import Home
from tui.cli.output import columns, print_json, say, tell
from tui.cli.status import where_told
from tui.journeys import Journeys
from tui.method import doubts_told
from tui.nodes import choose_node, destination_of


def new_command(options: argparse.Namespace) -> int:
    """Make a transfer."""
    home = Home.find()
    chosen = choose_node(home, options.node)
    destination = destination_of(chosen, options.destination)
    deid = options.deid
    if deid is None and chosen.profile.deidentified == "required":
        deid = DEFAULT_PROFILE
    order = Order(
        name=options.name,
        node=options.node,
        source=options.source.absolute(),
        destination=destination,
        clinical=options.clinical.absolute() if options.clinical else None,
        site_id=options.site_id,
        deid=deid,
    )
    workspace = make_transfer(home, order, _waiver(options), _method_files(options, deid))
    if elsewhere := told_elsewhere(home, order):
        tell(elsewhere)
    if de_identifies(order):
        with Ledger.open(workspace.ledger, read_only=True) as ledger:
            spec = load_method_files(workspace.folder, ledger).spec(order)
        for doubt in doubts_told(spec):
            tell(doubt)
        _tell_of_key(home, order)
    if options.json:
        print_json({"transfer": workspace.name, "node": order.node, "destination": destination})
    else:
        to = f"{order.node}, {destination}" if destination else order.node
        say(f"Transfer {workspace.name} is made. It goes to {to}.")
        say(f"Next: eucaim-transfer status {workspace.name} shows every step and what comes next.")
    return ExitCode.DONE


def _waiver(options: argparse.Namespace) -> Word | None:
    """The word of the person who answers for what does not say that it is de-identified."""
    person, reason = ((word or "").strip() for word in (options.by, options.reason))
    if options.deid == "none" and not (person and reason):
        raise UsageError(
            "Sending files as they are needs a person who answers for it, and a reason.",
            "Add --by PERSON --reason TEXT; both are kept with the transfer.",
        )
    if not person and not reason:
        return None
    if not (person and reason):
        raise UsageError("A word needs a person and a reason.", "Give both --by and --reason.")
    return Word(DEID_WAIVER, options.deid or DEFAULT_PROFILE, person, reason)


def _method_files(options: argparse.Namespace, deid: str | None) -> MethodFiles:
    params: list[tuple[str, str]] = []
    for param in options.param:
        name, is_pair, value = param.partition("=")
        if not is_pair or not name:
            raise UsageError(
                "A parameter has no name or no value.", "Give it as --param NAME=VALUE."
            )
        params.append((name, value))
    script = None if deid is None or deid in (*PROFILES, "none") else Path(deid)
    if (params or options.lookup) and script is None:
        raise UsageError(
            "Parameters and lookup tables belong to a script; the profiles have none.",
            "Name the script with --deid FILE, or leave --param and --lookup out.",
        )
    if options.pixel_script and deid in (None, "none"):
        raise UsageError(
            "A pixel script has no effect where files go as they are.",
            "Choose how the headers are de-identified: --deid eucaim, lethe or a script.",
        )
    return MethodFiles(
        script=read_method_file(script) if script else None,
        lookup=read_method_file(options.lookup) if options.lookup else None,
        pixel_script=read_method_file(options.pixel_script) if options.pixel_script else None,
        params=tuple(params),
    )


def _tell_of_key(home: Home, order: Order) -> None:
    """Say what has to be done now, while the cohort has no key: later would be too late."""
    if find_entry(home, cohort_of(order)) is None:
        tell("This cohort has no key yet: the first review, check or upload makes one.")
        tell(
            "If patients of this cohort were sent before, bring the key that was used then:"
            f" eucaim-transfer key import {order.name}"
        )


def list_command(options: argparse.Namespace) -> int:
    """All transfers, one line each; a damaged ledger does not hide the others."""
    home = Home.find()
    journeys = Journeys(home)
    rows: list[dict[str, Any]] = []
    for name in home.names():
        try:
            status = read_status(home.workspace(name))
        except TransferError as error:
            rows.append({"transfer": name, "state": "unreadable", "message": error.what})
            continue
        n, journey = status.census.instances, journeys.look(status).state
        to_do = journey.to_do
        rows.append(
            {
                "transfer": name,
                "node": status.order.node,
                "state": status.state,
                "ready": n.ready,
                "verified": n.verified,
                "failed": n.failed,
                "step": to_do.step.id if to_do else None,
                "where": "; ".join([where_told(journey), *_retention_due(status)]),
                "reminders": [
                    *(standing.reminder for standing in journey.reminders),
                    *_retention_due(status),
                ],
            }
        )
    if options.json:
        print_json({"transfers": rows})
    elif not rows:
        say("No transfers yet. Make one with: eucaim-transfer new NAME --node NODE --source DIR")
    else:
        for line in columns(
            (
                str(row["transfer"]),
                str(row["state"]),
                str(row.get("node", "")),
                f"{row['verified']}/{row['ready']} verified" if "ready" in row else "",
                str(row.get("where", row.get("message", ""))),
            )
            for row in rows
        ):
            say(line)
    return ExitCode.DONE


def _retention_due(status: Status) -> list[str]:
    """That originals should be gone by now."""
    is_due = status.retention.is_due(datetime.now().astimezone().date())
    return [f"originals are to be removed since {status.retention.due_day}"] if is_due else []

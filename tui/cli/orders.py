"""`new`, `list`, `status`: making a transfer and looking at it."""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any

from transfer.deid.keys.cohort import cohort_of
from transfer.deid.keys.register import find_entry
from transfer.deid.methods import DEFAULT_PROFILE, PROFILES
from transfer.errors import TransferError, UsageError
from transfer.ledger.census import list_failed, list_left_out
from transfer.ledger.connection import Ledger
from transfer.ledger.order import Order, Word
from transfer.ledger.volumes import volumes_not_sent
from transfer.members import spelled
from transfer.method_files import (
    MethodFiles,
    de_identifies,
    load_method_files,
    read_method_file,
)
from transfer.orders import DEID_WAIVER, make_transfer
from transfer.status import Status, read_status
from transfer.values import ExitCode
from transfer.workspace import Home, Workspace
from tui import figures
from tui.cli.output import columns, print_json, say, tell
from tui.method import doubts_told
from tui.nodes import choose_node, destination_of

_NAMED_AT_MOST = 10_000
_WATCH_S = 0.5


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
        step = "check" if de_identifies(order) else "upload"
        say(f"Next: eucaim-transfer {step} {workspace.name}")
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
            "If patients of it were sent before, bring the key that was used then:"
            f" eucaim-transfer key import {order.name}"
        )


def list_command(options: argparse.Namespace) -> int:
    """All transfers, one line each; a damaged ledger does not hide the others."""
    home = Home.find()
    rows: list[dict[str, Any]] = []
    for name in home.names():
        try:
            status = read_status(home.workspace(name))
        except TransferError as error:
            rows.append({"transfer": name, "state": "unreadable", "message": error.what})
            continue
        n = status.census.instances
        rows.append(
            {
                "transfer": name,
                "node": status.order.node,
                "state": status.state,
                "ready": n.ready,
                "verified": n.verified,
                "failed": n.failed,
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
            )
            for row in rows
        ):
            say(line)
    return ExitCode.DONE


def status_command(options: argparse.Namespace) -> int:
    """One look at a transfer, or a look every half second until its runner ends."""
    home = Home.find()
    workspace = home.workspace(options.name)
    status = read_status(workspace)
    if options.watch:
        status = watch(workspace)
    if options.json:
        print_json(status_document(home, workspace, status, identifiers=options.identifiers))
    else:
        print_status(status)
        with Ledger.open(workspace.ledger, read_only=True) as ledger:
            for failed in list_failed(ledger, limit=20):
                name = f" {spelled(failed.path)}" if options.identifiers else ""
                reason = failed.reason.replace("NAME", workspace.name)
                say(f"  {failed.key} in {failed.study_key}: {reason}{name}")
            for key, _, reason in volumes_not_sent(ledger, 20):
                say(f"  {key} (NIfTI): {reason}")
    return ExitCode.DONE


def watch(workspace: Workspace) -> Status:
    """Lines on stderr whenever something moved, until no runner holds the transfer."""
    last = ""
    with Ledger.open(workspace.ledger, read_only=True) as ledger:
        while True:
            status = read_status(workspace, ledger)
            line = progress_line(status)
            if line != last:
                tell(line)
                last = line
            if not status.is_running:
                return status
            time.sleep(_WATCH_S)


def progress_line(status: Status) -> str:
    """The moment in one line."""
    progress, n = status.progress, status.census.instances
    if not status.is_running:
        return f"{status.state}: {n.verified} of {n.ready} instances verified"
    if progress.phase == "scan":
        total = f" of {progress.total}" if progress.total else ""
        return f"scan: {progress.done}{total} files"
    if progress.phase == "deidentify":
        return f"de-identify: {progress.done} of {progress.total} instances"
    part = figures.percent(figures.share(status.bytes_done, status.census.bytes_total))
    left = "" if progress.eta_s is None else f", {figures.span(progress.eta_s)} left"
    return (
        f"{status.state}: {part} sent, {n.sent} of {n.ready} acknowledged, {n.verified} verified,"
        f" {figures.rate(progress.rate_bps)}{left}"
    )


def _print_volumes(status: Status) -> None:
    v = status.volumes
    if v.found:
        failed = f", {v.failed} failed" if v.failed else ""
        went = f"{v.sent} of {v.ready} acknowledged, {v.verified} read back"
        if status.handover:
            went = f"{v.handed_over} of {v.ready} to be handed over"
        say(f"  NIfTI        {v.found} found, {v.left_out} left out; {went}{failed}")
    if status.handover:
        say(f"  hand over    what lies in {status.handover}")


def print_status(status: Status) -> None:
    """Status in plain lines."""
    n, files = status.census.instances, status.census.files
    # Of what goes: the ledger keeps no sum of what stays.
    size = figures.size(status.census.bytes_total)
    say(f"{status.order.name}: {status.state}")
    say(f"  node         {status.order.node} {status.order.destination}".rstrip())
    say(
        f"  found        {status.census.patients} patients, {status.census.studies} studies,"
        f" {status.census.series} series, {n.found} instances"
        + ("" if status.chosen is not None else f", {size}")
    )
    say(
        f"  left out     {files.rejected} rejected, {files.duplicates} duplicates,"
        f" {max(files.companions - 2 * status.volumes.ready, 0)} other files"
    )
    if status.chosen is not None:
        goes = status.goes
        say(
            f"  selected     {goes.patients} patients, {goes.studies} studies,"
            f" {goes.series} series, {n.ready} instances, {size}; {n.excluded} left out by"
            f" {figures.count(goes.rules, 'rule')}"
        )
    if status.deid is not None:
        method = f"{status.deid.method} {status.deid.version}".rstrip()
        say(f"  de-identify  by {method}, key {status.deid.key_fingerprint}")
    say(f"  sent         {n.sent} of {n.ready} acknowledged, {n.verified} verified on the node")
    if n.failed:
        say(f"  failed       {n.failed}")
    _print_volumes(status)
    if status.is_running:
        say(f"  now          {progress_line(status)}")
        say(f"  runner       process {status.runner.pid} on {status.runner.host}")
    elif status.runner.message:
        say(f"  last run     {status.runner.message}")
        say(f"  what to do   {status.runner.remedy}")
    for record in status.steps.values():
        if record.id == "upload" and record.detail and not status.runner.message:
            say(f"  images       {record.detail}")


def status_document(
    home: Home, workspace: Workspace, status: Status, *, identifiers: bool = False
) -> dict[str, Any]:
    """The `status --json` document, with every failed instance and file left out named."""
    try:
        steps = choose_node(home, status.order.node).steps()
    except UsageError:
        # The profile was taken out of config.toml; the transfer's own figures still stand.
        steps = ()
    document = status.document(steps)
    with Ledger.open(workspace.ledger, read_only=True) as ledger:
        document["failed"] = [
            {
                "key": failed.key,
                "study": failed.study_key,
                "reason": failed.reason,
                **({"path": spelled(failed.path)} if identifiers else {}),
            }
            for failed in list_failed(ledger, limit=_NAMED_AT_MOST)
        ]
        document["left_out"] = left_out_document(ledger, identifiers=identifiers)
        document["volumes"]["not_sent"] = [
            {"key": key, "state": state, "reason": reason}
            for key, state, reason in volumes_not_sent(ledger, _NAMED_AT_MOST)
        ]
    return document


def left_out_document(ledger: Ledger, *, identifiers: bool) -> list[dict[str, Any]]:
    """Every file that does not go, with its reasons in codes and in words."""
    from transfer.scan.reasons import explain

    return [
        {
            "key": left.key,
            "verdict": left.verdict,
            "kind": left.kind,
            "reasons": list(left.reasons),
            "message": explain(left.reasons[0]) if left.reasons else "",
            **({"same_as": left.twin_key} if left.twin_key else {}),
            **({"path": spelled(left.path)} if identifiers else {}),
        }
        for left in list_left_out(ledger, limit=_NAMED_AT_MOST)
    ]

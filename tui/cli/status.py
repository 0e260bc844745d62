"""`status`: the whole journey of a transfer, and its figures."""

from __future__ import annotations

import argparse
import textwrap
import time
from datetime import UTC, datetime
from typing import Any

from transfer.journey.standing import JourneyState
from transfer.ledger.census import list_failed, list_left_out
from transfer.ledger.connection import Ledger
from transfer.ledger.volumes import volumes_not_sent
from transfer.members import spelled
from transfer.runner.settings import utc_clock
from transfer.status import Status, read_status
from transfer.values import ExitCode
from transfer.workspace import Home, Workspace
from tui import figures
from tui.cli.clinical_told import clinical_lines, trouble_document, trouble_lines
from tui.cli.output import print_json, say, tell
from tui.journeys import Journeys, facts_told
from tui.limiting import KEPT, Limits, Standing

_NAMED_AT_MOST = 10_000
_WATCH_S = 0.5
_TEXT_WIDTH = 79
_BELOW = " " * 6


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
        look = Journeys(home).look(status)
        if look.lost is not None:
            tell(f"{look.lost.what} {look.lost.remedy}")
        print_journey(status, look.state)
        print_status(status)
        print_limits(Limits(home, utc_clock).look().standing(status.control))
        with Ledger.open(workspace.ledger, read_only=True) as ledger:
            for failed in list_failed(ledger, limit=20):
                name = f" {spelled(failed.path)}" if options.identifiers else ""
                reason = failed.reason.replace("NAME", workspace.name)
                say(f"  {failed.key} in {failed.study_key}: {reason}{name}")
            for key, _, reason in volumes_not_sent(ledger, 20):
                say(f"  {key} (NIfTI): {reason}")
            for line in trouble_lines(trouble_document(ledger, workspace.name)):
                say(line)
    return ExitCode.DONE


def print_journey(status: Status, journey: JourneyState) -> None:
    """Every step in plain lines: how far it is, since when, who says so, and what is next."""
    say(f"{status.order.name} on its way to {journey.title or status.order.node}")
    now = datetime.now(UTC)
    for standing in journey.standings:
        here = standing is journey.to_do
        step = standing.step
        say(f"{'>' if here else ' '} {step.number:>2}  {step.title:<34}  {standing.word}".rstrip())
        for text in (standing.detail, facts_told(standing, now)):
            _say_below(text)
        _say_below(f"REMINDER: {standing.reminder}" if standing.reminder else "")
        _say_below(standing.comes_first if not standing.is_locked else "")
        _say_below(standing.next)
        if standing.command:
            # In one piece, to be copied.
            say(f"{_BELOW}{standing.command}")
    say("")


def where_told(journey: JourneyState) -> str:
    """Where a transfer is, in the few words of a list, and what it has waited for too long."""
    here = journey.to_do
    told = "originals removed, evidence kept" if journey.is_over else "all steps done"
    if here is not None:
        told = f"step {here.step.number}: {here.step.title}, {here.word}"
    reminders = [
        f"step {standing.step.number}: {standing.reminder_short}" for standing in journey.reminders
    ]
    return "; ".join([told, *reminders])


def _say_below(text: str) -> None:
    for line in textwrap.wrap(text, _TEXT_WIDTH - len(_BELOW)):
        say(f"{_BELOW}{line}")


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
    if status.is_at_clinical:
        return _clinical_progress(status)
    if progress.phase == "deidentify":
        return f"de-identify: {progress.done} of {progress.total} instances"
    part = figures.percent(figures.share(status.bytes_done, status.census.bytes_total))
    left = "" if progress.eta_s is None else f", {figures.span(progress.eta_s)} left"
    return (
        f"{status.state}: {part} sent, {n.sent} of {n.ready} acknowledged, {n.verified} verified,"
        f" {figures.rate(progress.rate_bps)}{left}"
    )


def _clinical_progress(status: Status) -> str:
    progress = status.progress
    if not progress.total:
        return f"{status.state}: clinical data are being checked"
    note = f", {progress.note}" if progress.note else ""
    return f"{status.state}: clinical data, {progress.done} of {progress.total} done{note}"


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
    for line in clinical_lines(status):
        say(line)
    if told := retention_told(status):
        say(f"  retention    {told}")
    if status.is_running:
        say(f"  now          {progress_line(status)}")
        say(f"  runner       process {status.runner.pid} on {status.runner.host}")
    elif status.runner.message:
        say(f"  last run     {status.runner.message}")
        say(f"  what to do   {status.runner.remedy}")
    for record in status.steps.values():
        if record.id == "upload" and record.detail and not status.runner.message:
            say(f"  images       {record.detail}")


def print_limits(standing: Standing) -> None:
    """What the line may be used for, in plain lines; nothing where nothing limits it."""
    if standing.is_worth_telling:
        say(f"  bandwidth    {standing.told}")
    if standing.schedule is not None:
        say(f"  schedule     {'; '.join(standing.schedule.lines)}")
    if standing.trouble is not None:
        say(f"  bandwidth    {standing.trouble.what} {KEPT}")
        say(f"  what to do   {standing.trouble.remedy}")


def retention_told(status: Status) -> str:
    """What there is to say of the end of retention; empty where nothing is."""
    now = status.retention
    if now.is_done:
        return f"originals were removed on {now.done_at_utc[:10]}; report {now.report_digest}"
    if now.is_begun:
        return f"the removal was interrupted: eucaim-transfer purge {status.order.name}"
    if now.is_due(datetime.now().astimezone().date()):
        return (
            f"since {now.due_day} originals are to be removed:"
            f" eucaim-transfer purge {status.order.name}"
        )
    return f"originals are to be removed on {now.due_day}" if now.due_day else ""


def status_document(
    home: Home, workspace: Workspace, status: Status, *, identifiers: bool = False
) -> dict[str, Any]:
    """The `status --json` document, with every failed instance and file left out named."""
    document = status.document(Journeys(home).look(status).state)
    document["limits"].update(Limits(home, utc_clock).look().standing(status.control).document())
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
        document["clinical"]["in_trouble"] = trouble_document(ledger, workspace.name)
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

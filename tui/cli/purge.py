"""`purge`: the end of retention. Originals, key and copies are removed, the evidence is kept."""

from __future__ import annotations

import argparse
import datetime as dt
import sys
from functools import partial
from typing import Any

from transfer.errors import UsageError
from transfer.ledger.connection import Ledger
from transfer.ledger.identity import Names
from transfer.ledger.order import Word, record_word
from transfer.ledger.retention import keep_due, read_retention
from transfer.retention.folder import REPORT
from transfer.retention.names import sealed_names
from transfer.retention.purging import Hands, Purged, purge
from transfer.retention.readiness import refuse_unfinished, unfinished
from transfer.sentences import count, listed
from transfer.status import read_status
from transfer.values import ExitCode
from transfer.workspace import Home, Workspace
from tui.cli.output import answering, print_json, say, tell
from tui.purging import NOT_HERE, forget_passphrase, key_told, names_told, refuse_other_name


def purge_command(options: argparse.Namespace) -> int:
    """Record when it is due, or remove now; a removal that was interrupted goes on."""
    home = Home.find()
    workspace = home.workspace(options.name)
    today = dt.datetime.now().astimezone().date()
    if options.due is not None:
        return _keep_due(workspace, options, today)
    with Ledger.open(workspace.ledger) as ledger:
        now = read_retention(ledger)
        if not now.is_begun:
            if not options.even_unfinished:
                refuse_unfinished(unfinished(ledger, read_status(workspace, ledger), today))
            _confirm(workspace.name, options.confirm)
            if (options.by or "").strip():
                record_word(ledger, Word("purge", "now", options.by.strip(), "end of retention"))
        purged = purge(
            home,
            workspace,
            ledger,
            _Hands(home, workspace, options).hands(),
            keeps_names=not options.without_names,
        )
    with answering():
        if options.json:
            print_json(_document(workspace, purged, today))
        else:
            for line in _told(workspace, purged):
                say(line)
    return ExitCode.DONE


def _keep_due(workspace: Workspace, options: argparse.Namespace, today: dt.date) -> int:
    if options.confirm or options.even_unfinished or options.without_names:
        raise UsageError(
            "With --due nothing is removed, only the day is recorded.", "Leave the others out."
        )
    day = None if options.due == "none" else _day(options.due)
    with Ledger.open(workspace.ledger) as ledger:
        if read_retention(ledger).is_begun:
            raise UsageError(
                "The originals of this transfer are removed, or being removed.", "Nothing to do."
            )
        if (options.by or "").strip():
            record_word(ledger, Word("purge", options.due, options.by.strip(), "retention"))
        keep_due(ledger, day)
        now = read_retention(ledger)
    with answering():
        if options.json:
            print_json({"transfer": workspace.name, **now.document(today)})
        elif day is None:
            say("No day is recorded any more on which originals are to be removed.")
        else:
            say(f"Originals are to be removed on {day.isoformat()}; status and list remind of it.")
            say(f"Remove them then: eucaim-transfer purge {workspace.name}")
    return ExitCode.DONE


def _day(text: str) -> dt.date:
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        raise UsageError(
            "That is no date.", "Write it as 2036-12-31, or none to take it back."
        ) from None


def _confirm(name: str, confirm: str | None) -> None:
    """Raises UsageError unless the name was typed, to the letter."""
    if confirm is None and sys.stdin.isatty():
        tell("Original identifiers, the cohort's key and every copy here are removed for good.")
        tell(f"To go on, type the transfer's name ({name}):")
        confirm = sys.stdin.readline().rstrip("\r\n")
    if not confirm:
        raise UsageError(
            "Originals and key are removed for good, so the name has to be typed; nothing was"
            " removed.",
            f"Look at it once more, then add: --confirm {name}",
        )
    refuse_other_name(name, confirm)


class _Hands:
    """What the removal needs of this house: report, key, secret store."""

    def __init__(self, home: Home, workspace: Workspace, options: argparse.Namespace) -> None:
        self._home = home
        self._workspace = workspace
        self._options = options
        self._names: Names | None = None

    def hands(self) -> Hands:
        forget = partial(forget_passphrase, self._home)
        return Hands(self._write_evidence, self._open_names, forget, tell)

    def _open_names(self, ledger: Ledger) -> None:
        from transfer.deid.keys.seal import Seal
        from tui.cli.desk import Desk

        if self._names is None:
            desk = Desk.of(self._workspace.name)
            self._names = Names(Seal(desk.key(self._options.present_file).text))
        ledger.names = self._names

    def _write_evidence(self) -> str:
        from tui.cli.report import make_report, open_names

        def named(ledger: Ledger) -> bool:
            if self._names is None or not sealed_names(ledger):
                return open_names(self._home, self._workspace, ledger)
            ledger.names = self._names
            return True

        folder = self._workspace.folder / REPORT
        return make_report(self._home, self._workspace, folder, named).digest


def _document(workspace: Workspace, purged: Purged, today: dt.date) -> dict[str, Any]:
    return {
        "transfer": workspace.name,
        **purged.retention.document(today),
        "report": str(workspace.folder / REPORT),
        "key_needed_by": list(purged.needed_by),
        "copies_removed": purged.copies,
        "may_tell": list(purged.telling),
        "was_done": purged.was_done,
    }


def _told(workspace: Workspace, purged: Purged) -> list[str]:
    now = purged.retention
    if purged.was_done:
        lines = [f"Originals of {workspace.name} were removed on {now.done_at_utc[:10]} already."]
    else:
        lines = [f"Originals of {workspace.name} are removed."]
    lines.append(f"  evidence     {workspace.folder / REPORT}")
    lines.append(f"  digest       {now.report_digest}")
    lines.append(f"  key          {key_told(now, purged)}")
    lines.append(f"  names        {names_told(now)}")
    if purged.telling:
        told = listed(purged.telling, 10)
        lines.append(f"  may tell     {told}: what was recorded there is never changed; look at it")
    if not purged.was_done:
        copies = count(purged.copies, "file or folder", "files and folders")
        lines.append(f"  copies       {copies} removed")
        lines.append("Out of reach of this program, and yours to remove:")
        lines += [f"  - {what}" for what in NOT_HERE]
        lines.append("Keep the digest outside this machine: it proves the evidence.")
    return lines

"""`report`: the evidence of a transfer in one folder, and the proof that a copy of it is whole."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from transfer.errors import TransferError, UsageError
from transfer.ledger.connection import Ledger
from transfer.ledger.retention import read_retention
from transfer.values import ExitCode
from transfer.workspace import Home, Workspace
from tui.cli.output import answering, print_json, say, tell
from tui.figures import count

if TYPE_CHECKING:
    from transfer.evidence.folder import Watch, Written

FOLDER = "report"
"""Where a report lies in the folder of its transfer unless it is put elsewhere."""
LATER = "report-later"
"""The same for one that is written after originals were removed."""


def report_command(options: argparse.Namespace) -> int:
    """Write, prove, or write the crosswalk; proving needs neither a home nor a connection."""
    _refuse_idle(options)
    if options.verify is not None:
        return _verify(options)
    if not options.name:
        raise UsageError(
            "Which transfer is it about?", "Give its name: eucaim-transfer report NAME"
        )
    if options.crosswalk is not None:
        return _crosswalk(options)
    return _write(options)


def _refuse_idle(options: argparse.Namespace) -> None:
    if options.digest is not None and options.verify is None:
        raise UsageError("A digest is to be compared with a folder.", "Add --verify DIR.")
    if options.verify is not None and options.digest is None:
        raise UsageError(
            "Without the digest nothing is proved: whoever changes a file can make the manifest"
            " anew.",
            "Add --digest HEX, from the ticket or from the screen on which the report was made.",
        )
    if (options.secret_file or options.present_file) and options.crosswalk is None:
        raise UsageError(
            "A report is not locked with a passphrase.", "Leave --secret-file and its kin out."
        )


def make_report(
    home: Home,
    workspace: Workspace,
    folder: Path,
    named: Callable[[Ledger], bool],
    watch: Watch | None = None,
) -> Written:
    """Write the report of a transfer as it stands now; `named` and `watch` as for `write_report`,
    which says what is raised."""
    from transfer.clock import utc_now
    from transfer.evidence.content import Look
    from transfer.evidence.folder import unwatched, write_report
    from transfer.status import read_status
    from tui.journeys import Journeys

    found = Journeys(home).look(read_status(workspace))
    journey = () if found.lost is not None else found.state.standings
    return write_report(
        workspace.ledger,
        folder,
        Look(utc_now(), journey),
        named,
        watch or unwatched,
    )


def _write(options: argparse.Namespace) -> int:
    from transfer.evidence.manifest import digest_sentence

    home = Home.find()
    workspace = home.workspace(options.name)
    written = make_report(
        home,
        workspace,
        report_folder(workspace, options.out),
        lambda ledger: open_names(home, workspace, ledger),
    )
    sentence = digest_sentence(workspace.name, written.digest)
    with answering():
        if options.json:
            print_json(
                {
                    "transfer": workspace.name,
                    "folder": str(written.folder),
                    "digest": written.digest,
                    "files": written.files,
                    "instances": written.instances,
                    "ticket_text": sentence,
                }
            )
        else:
            receipts = count(written.instances, "instance")
            say(f"The report lies in {written.folder}: {written.files} files, {receipts}.")
            say(f"digest  {written.digest}")
            say("Keep the digest outside the folder; this sentence belongs into the ticket:")
            say(sentence)
    return ExitCode.DONE


def report_folder(workspace: Workspace, out: Path | None) -> Path:
    """Where the report goes. What was written right before originals were removed can never be made
    again: it stays as it is.

    Raises:
        UsageError: it would be written over.
    """
    own = workspace.folder / FOLDER
    with Ledger.open(workspace.ledger, read_only=True) as ledger:
        if not read_retention(ledger).is_begun:
            return out or own
    if out is not None and out.expanduser().resolve() == own.resolve():
        raise UsageError(
            "The report in that folder was written before originals were removed, and cannot be"
            " made again; it was left as it is.",
            "Name another folder with --out DIR.",
        )
    return out or workspace.folder / LATER


def open_names(home: Home, workspace: Workspace, ledger: Ledger) -> bool:
    """Have the ledger name things as they left; False where the key cannot be opened here, or
    where the files go under their own names. Once originals are removed names stand open."""
    from tui.method import method_of

    if read_retention(ledger).is_begun:
        return True
    try:
        spec = method_of(home, workspace, ledger)
    except TransferError as error:
        tell(f"Patients stand in the report by row keys: {error.what}")
        return False
    if spec is None:
        return False
    from transfer.deid.keys.seal import Seal
    from transfer.ledger.identity import Names

    ledger.names = Names(Seal(spec.key))
    return True


def _verify(options: argparse.Namespace) -> int:
    from transfer.evidence.manifest import check_digest
    from transfer.evidence.verify import verify_report

    folder: Path = options.verify
    digest = check_digest(options.digest)
    found = verify_report(folder, digest)
    with answering():
        if options.json:
            print_json(
                {
                    "is_whole": found.is_whole,
                    "digest": found.digest,
                    "expected": digest,
                    "files": found.files,
                    "differences": [{"name": d.name, "what": d.what} for d in found.differences],
                }
            )
        else:
            for difference in found.differences:
                say(f"{difference.what:<8}  {difference.name}")
            if found.is_whole:
                say(f"Whole: {found.files} files and the manifest are those of the digest.")
    if found.is_whole:
        return ExitCode.DONE
    differs = count(len(found.differences), "file")
    tell(f"eucaim-transfer: This is not the report of that digest: {differs} not as it was.")
    tell("  what to do: Get the report anew from whoever made it, and compare the digests.")
    return ExitCode.BLOCKED


def _crosswalk(options: argparse.Namespace) -> int:
    from transfer.deid.keys.crosswalk import lock_crosswalk, make_crosswalk
    from transfer.private import create_private
    from tui.cli.desk import Desk
    from tui.cli.hidden import new_passphrase

    desk = Desk.of(options.name)
    _refuse_in_report(options.crosswalk, desk.workspace)
    key = desk.key(options.present_file)
    with Ledger.open(desk.workspace.ledger, read_only=True) as ledger:
        made = make_crosswalk(ledger, key.text)
    locked = lock_crosswalk(made.table, new_passphrase("the crosswalk", options.secret_file))
    create_private(options.crosswalk, locked)
    patients = count(made.patients, "patient")
    desk.record(f"A crosswalk of {patients} was exported, locked.")
    with answering():
        if options.json:
            print_json(
                {
                    "transfer": desk.workspace.name,
                    "file": str(options.crosswalk),
                    "patients": made.patients,
                    "without_pseudonym": made.unknown,
                }
            )
        else:
            say(f"The crosswalk of {patients} lies in {options.crosswalk}, locked.")
            say("It must not leave the house, and never lie in the folder of the report.")
    return ExitCode.DONE


def _refuse_in_report(file: Path, workspace: Workspace) -> None:
    from transfer.evidence.manifest import MANIFEST

    place = file.expanduser().resolve()
    own = (workspace.folder / FOLDER).resolve()
    if own in place.parents or any((folder / MANIFEST).exists() for folder in place.parents):
        raise UsageError(
            "The crosswalk would lie in the folder of a report, which is for others to read.",
            "Name a file elsewhere, on a disk that stays in the house.",
        )

"""`clinical`: the clinical table is checked, sent, read back and compared."""

from __future__ import annotations

import argparse
import importlib
from collections.abc import Callable
from typing import Any, Final

from transfer.clinical.phase import read_clinical
from transfer.clinical.table_word import judge_again, record_image_only, take_table
from transfer.errors import UsageError
from transfer.ledger.clinical_items import let_overwrite
from transfer.ledger.connection import Ledger
from transfer.ledger.holder import kept_from_runners
from transfer.ledger.links import take_back_words
from transfer.ledger.mapping import keep_back_rows, let_go_rows
from transfer.runner.settings import Until
from transfer.status import Status, read_status
from transfer.values import ExitCode, StepState
from transfer.workspace import Home, Workspace
from tui import figures
from tui.cli.clinical_told import clinical_lines, trouble_document, trouble_lines
from tui.cli.output import answering, print_json, say, tell
from tui.cli.runs import ended, print_launched, run_telling
from tui.journeys import Journeys
from tui.launch import launch

_ROOMS: Final = {
    "clinical_map": (
        "mapping", "save_mapping", "map", "order", "unit", "leave_out", "unmap", "term",
        "forget_term", "confirm", "declare", "withdraw", "show",
    ),
    "clinical_table": ("table",),
    "clinical_files": ("outputs", "errors"),
}  # fmt: skip
"""Options that another file of ours carries out, each by its `run`."""
_WORDS: Final = ("image_only", "handed_over", "keep_back", "let_go", "ask_again")
_OF_ROWS: Final = ("clinical_table", "keep_back", "let_go", "ask_again")
"""What is about rows: those of a table that is named with it, and not of the one before."""
_ACTS: Final = (*_WORDS, "check", "dry_run", "detach")

Room = Callable[[argparse.Namespace, Home, Workspace], int]


def clinical_command(options: argparse.Namespace) -> int:
    """Carry out the step, or that part of it which the options name."""
    home = Home.find()
    workspace = home.workspace(options.name)
    act = _act(options)
    if options.file is not None:
        with (
            Ledger.open(workspace.ledger) as ledger,
            kept_from_runners(workspace.lock, ledger),
        ):
            take_table(ledger, options.file)
            if act in _OF_ROWS:
                read_clinical(ledger)
                judge_again(ledger)
        tell("This is the table of the transfer from now on.")
    if act in _ROOMS:
        room: Room = importlib.import_module(f"tui.cli.{act}").run
        return room(options, home, workspace)
    if act in _WORDS:
        return _say_word(home, workspace, options, act)
    if act == "check":
        return _check(home, workspace, options)
    if act == "dry_run":
        return _rehearse(home, workspace, options)
    if options.overwrite:
        with Ledger.open(workspace.ledger) as ledger:
            let_overwrite(ledger)
    if options.detach:
        launched = launch(workspace, until="clinical")
        with answering():
            print_launched(workspace, launched, as_json=options.json)
        return ExitCode.DONE
    code = run_telling(home, workspace, Until.CLINICAL)
    with answering():
        _print(home, workspace, as_json=options.json, code=code)
    return ended(workspace, code)


def _act(options: argparse.Namespace) -> str:
    """The one thing that is asked for; empty for the whole step."""
    asked = [room for room, names in _ROOMS.items() if any(_is_given(options, n) for n in names)]
    asked += [name for name in _ACTS if _is_given(options, name)]
    if len(asked) > 1:
        raise UsageError(
            "That is more than one thing at once.",
            "Give words on the mapping, a person's word, and what writes or sends one after the"
            " other, each in a command of its own.",
        )
    if options.overwrite and asked not in ([], ["detach"]):
        raise UsageError(
            "--overwrite is about sending, and nothing is sent here.", "Leave it out here."
        )
    if options.file is not None and asked in (["image_only"], ["handed_over"]):
        raise UsageError(
            "A table, and a word that there is none to send, do not go together.",
            "Give one of them.",
        )
    return asked[0] if asked else ""


def _is_given(options: argparse.Namespace, name: str) -> bool:
    value = getattr(options, name, None)
    return value is not None and value is not False and value != []


def _say_word(home: Home, workspace: Workspace, options: argparse.Namespace, act: str) -> int:
    person, reason = (options.by or "").strip(), (options.reason or "").strip()
    with Ledger.open(workspace.ledger) as ledger, kept_from_runners(workspace.lock, ledger):
        if act == "image_only":
            record_image_only(ledger, person, reason)
        elif act == "handed_over":
            from transfer.runner.clinical_handover import record_handed_over

            record_handed_over(ledger, person)
        else:
            _move_rows(ledger, options, person, reason)
            judge_again(ledger)
    with answering():
        _print(home, workspace, as_json=options.json, code=ExitCode.DONE)
    return ExitCode.DONE


def _move_rows(ledger: Ledger, options: argparse.Namespace, person: str, reason: str) -> None:
    if options.keep_back and not (person and reason):
        raise UsageError(
            "Rows are kept back by a named person's word, with a reason.",
            "Add --by PERSON --reason TEXT; both are kept with the transfer.",
        )
    keeps = bool(options.keep_back)
    keys = options.keep_back or options.let_go or options.ask_again
    rows = [row for key in keys for row in _rows_of(ledger, key)]
    if keeps:
        keep_back_rows(ledger, rows, person, reason)
    elif options.ask_again:
        take_back_words(ledger, rows)
    else:
        let_go_rows(ledger, rows)


def _rows_of(ledger: Ledger, key: str) -> list[int]:
    """The rows that a key names: R12 itself, or all that are linked to the patient P3.

    Raises:
        UsageError: there is none.
    """
    kind, number = key[:1].upper(), key[1:]
    column = {"R": "id", "P": "patient_id"}.get(kind)
    found: list[int] = []
    if column and number.isdecimal():
        found = [
            int(row)
            for (row,) in ledger.rows(
                f"SELECT id FROM clinical_row WHERE {column} = ? ORDER BY id",  # noqa: S608 - one of our words
                int(number),
            )
        ]
    if not found:
        raise UsageError(
            f"No row of the table has the key {key[:20]}.",
            "Give the key of a row, R12, or of a patient, P3, as `check` and `clinical --table`"
            " show them.",
        )
    return found


def _check(home: Home, workspace: Workspace, options: argparse.Namespace) -> int:
    from tui.cli.clinical_findings import findings_document, findings_lines

    code = run_telling(home, workspace, Until.CLINICAL_CHECK)
    if code in (ExitCode.DONE, ExitCode.BLOCKED):
        with Ledger.open(workspace.ledger, read_only=True) as ledger, answering():
            if options.json:
                print_json(findings_document(ledger, workspace.name))
            else:
                for line in findings_lines(ledger, workspace.name):
                    say(line)
    return ended(workspace, code)


def _rehearse(home: Home, workspace: Workspace, options: argparse.Namespace) -> int:
    from tui.cli.clinical_rehearsal import rehearse_here

    code = run_telling(home, workspace, Until.CLINICAL_CHECK)
    if code:
        return ended(workspace, code)
    requests = rehearse_here(home, workspace, options.dry_run)
    with answering():
        if options.json:
            folder = str(options.dry_run)
            print_json({"transfer": workspace.name, "requests": requests, "folder": folder})
        else:
            say(
                f"{figures.count(requests, 'request')} written to the folder given; nothing was"
                " sent."
            )
    return ExitCode.DONE


def _print(home: Home, workspace: Workspace, *, as_json: bool, code: int) -> None:
    status = read_status(workspace)
    with Ledger.open(workspace.ledger, read_only=True) as ledger:
        troubled = trouble_document(ledger, workspace.name)
    if as_json:
        print_json(clinical_document(home, status, troubled, code))
        return
    for line in clinical_lines(status):
        say(line)
    step = status.steps.get("clinical")
    if status.clinical.by_hand and step is not None and step.state is StepState.WAITING:
        from transfer.runner.clinical_handover import handover_folder

        say(f"  folder       {handover_folder(workspace.folder)}")
        say(f"Once uploaded: eucaim-transfer clinical {workspace.name} --handed-over --by PERSON")
    for line in trouble_lines(troubled):
        say(line)


def clinical_document(
    home: Home, status: Status, troubled: list[dict[str, Any]], code: int
) -> dict[str, Any]:
    """The `clinical --json` document."""
    document = status.document(Journeys(home).look(status).state)
    detail = next((s["detail"] for s in document["steps"] if s["id"] == "clinical"), "")
    return {
        "transfer": status.order.name,
        **document["clinical"],
        "detail": detail,
        "in_trouble": troubled,
        "exit_code": code,
    }

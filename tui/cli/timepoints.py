"""`timepoints`: the board of episodes and timepoints, study by study."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator
from typing import Any, Final

from transfer.errors import UsageError
from transfer.ledger.connection import Ledger
from transfer.ledger.timepoint_names import set_timepoint_name, timepoint_names
from transfer.ledger.timepoints import (
    PatientOnBoard,
    StudyTime,
    assign,
    assign_all,
    board,
    clear,
    patients_on_board,
    renumber,
    set_number,
)
from transfer.values import ExitCode
from transfer.workspace import Home, Workspace
from tui.cli.output import answering, columns, print_json, say, tell
from tui.figures import count

_KEY: Final = re.compile(r"([PS])(\d{1,18})", re.IGNORECASE)
_NUMBER: Final = re.compile(r"S(\d{1,18})=(\d{1,6})", re.IGNORECASE)
_NAME: Final = re.compile(r"(.+?)\s+(\d{1,6})\s*=(.*)")
_PAGE: Final = 500
_MASKED: Final = "••••"


def timepoints_command(options: argparse.Namespace) -> int:
    """Change the board as the command line says, in that order: import, assign, number, clear,
    names; then export it, or show it."""
    home = Home.find()
    workspace = home.workspace(options.name)
    if _changes(options):
        _change(workspace, options)
    if options.template or options.export:
        return _write(home, workspace, options)
    with Ledger.open(workspace.ledger, read_only=True) as ledger, answering():
        if options.json:
            print_json(_document(workspace, ledger, options))
        else:
            _show(ledger, options)
    return ExitCode.DONE


def _changes(options: argparse.Namespace) -> bool:
    chosen = bool(options.studies or options.all or (options.patient and options.assign))
    if chosen and not options.assign:
        raise UsageError(
            "It is not said what to do with these studies.", "Say it: --assign EPISODE."
        )
    if options.assign and sum(map(bool, (options.studies, options.patient, options.all))) != 1:
        raise UsageError(
            "It is not said which studies belong to the episode.",
            "Say one of --studies S1,S2, --patient P1, --all.",
        )
    return bool(
        options.import_
        or options.assign
        or options.number
        or options.clear
        or options.renumber
        or options.project_name
    )


def _change(workspace: Workspace, options: argparse.Namespace) -> None:
    from transfer.ledger.holder import kept_from_runners
    from transfer.quality.judging import rejudge

    with Ledger.open(workspace.ledger) as ledger, kept_from_runners(workspace.lock, ledger):
        if options.import_:
            from transfer.clinical.timepoint_table import import_timepoints

            tell(f"{count(import_timepoints(ledger, options.import_), 'study', 'studies')} taken.")
        if options.assign:
            tell(f"{count(_assign(ledger, options), 'study', 'studies')} assigned.")
        for text in options.number:
            found = _NUMBER.fullmatch(text)
            if not found:
                raise UsageError("That is no number of a study.", "Give it as --number S1=2.")
            set_number(ledger, int(found[1]), int(found[2]))
        if options.clear:
            clear(ledger, _rows(options.clear, "S"))
        if options.renumber:
            for patient in _patients(ledger):
                renumber(ledger, patient.row)
        for text in options.project_name:
            _name(ledger, text)
        rejudge(ledger)


def _assign(ledger: Ledger, options: argparse.Namespace) -> int:
    if options.all:
        return assign_all(ledger, options.assign)
    if options.studies:
        return assign(ledger, _rows(options.studies, "S"), options.assign)
    (patient,) = _rows(options.patient, "P")[:1]
    studies = [int(one.study_key[1:]) for one in board(ledger, patient)]
    if not studies:
        raise UsageError(
            f"There is no patient P{patient} with studies that go.",
            "See the patients with: eucaim-transfer timepoints NAME",
        )
    return assign(ledger, studies, options.assign)


def _name(ledger: Ledger, text: str) -> None:
    found = _NAME.fullmatch(text)
    if not found:
        raise UsageError(
            "That names no timepoint.", 'Give it as --project-name "Diagnosis 1=Baseline".'
        )
    set_timepoint_name(ledger, found[1], int(found[2]), found[3])


def _rows(text: str, kind: str) -> list[int]:
    found = [_KEY.fullmatch(key.strip()) for key in text.split(",")]
    rows = [int(key[2]) for key in found if key and key[1].upper() == kind]
    if len(rows) < len(found):
        word = "patient" if kind == "P" else "study"
        raise UsageError(
            f"That is no key of a {word}.", f"Give keys as this command shows them: {kind}1."
        )
    return rows


def _write(home: Home, workspace: Workspace, options: argparse.Namespace) -> int:
    from transfer.clinical.timepoint_table import export_timepoints, write_template

    with Ledger.open(workspace.ledger) as ledger:
        if options.template:
            n, path = write_template(ledger, options.template), options.template
        else:
            if options.as_it_leaves:
                _open_names(home, workspace, ledger)
            n = export_timepoints(ledger, options.export, as_it_leaves=options.as_it_leaves)
            path = options.export
    is_original = bool(options.template) or not options.as_it_leaves
    if options.json:
        print_json(
            {
                "transfer": workspace.name,
                "file": str(path),
                "studies": n,
                "has_original_identifiers": is_original,
            }
        )
    else:
        say(f"{count(n, 'study', 'studies')} written to {path}")
    if is_original:
        tell("It holds original identifiers and is for its owner alone: it must not leave.")
    return ExitCode.DONE


def _open_names(home: Home, workspace: Workspace, ledger: Ledger) -> None:
    """Have the ledger name things as they leave."""
    from tui.method import method_of

    spec = method_of(home, workspace, ledger)
    if spec is not None:
        from transfer.deid.keys.seal import Seal
        from transfer.ledger.identity import Names

        ledger.names = Names(Seal(spec.key))


def _patients(ledger: Ledger) -> Iterator[PatientOnBoard]:
    after = 0
    while page := patients_on_board(ledger, _PAGE, after):
        yield from page
        after = page[-1].row


def _shown(ledger: Ledger, options: argparse.Namespace) -> Iterator[PatientOnBoard]:
    wanted = _rows(options.patient, "P") if options.patient else None
    return (p for p in _patients(ledger) if wanted is None or p.row in wanted)


def _document(workspace: Workspace, ledger: Ledger, options: argparse.Namespace) -> dict[str, Any]:
    return {
        "transfer": workspace.name,
        "patients": [
            {
                "key": patient.patient_key,
                **({"patient_id": patient.original_id} if options.identifiers else {}),
                "assigned": patient.assigned,
                "unassigned": patient.unassigned,
                "questions": patient.questions,
                "studies": [_study(one, options) for one in board(ledger, patient.row)],
            }
            for patient in _shown(ledger, options)
        ],
        "names": [
            {"episode": episode, "number": number, "name": name}
            for episode, number, name in timepoint_names(ledger)
        ],
    }


def _study(one: StudyTime, options: argparse.Namespace) -> dict[str, Any]:
    originals = {"study_date": one.study_date, "description": one.description}
    return {
        "key": one.study_key,
        "modalities": one.modalities,
        "episode": one.episode,
        "number": one.number,
        "name": one.name,
        "relative_day": one.relative_day,
        "age_years": one.age_years,
        **(originals if options.identifiers else {}),
    }


def _show(ledger: Ledger, options: argparse.Namespace) -> None:
    n = assigned = 0
    for patient in _shown(ledger, options):
        shown = patient.original_id if options.identifiers else _MASKED
        say(f"{patient.patient_key}  {shown}")
        for line in columns(_line(one, options) for one in board(ledger, patient.row)):
            say(f"  {line}".rstrip())
        n += patient.assigned + patient.unassigned
        assigned += patient.assigned
    say(f"{assigned} of {count(n, 'study', 'studies')} have an episode.")
    for episode, number, name in timepoint_names(ledger):
        if name:
            say(f"  {episode} {number} is {name} on the node.")


def _line(one: StudyTime, options: argparse.Namespace) -> tuple[str, ...]:
    open_one = "?" if one.episode else "-"
    number = open_one if one.number is None else str(one.number)
    day = "" if one.relative_day is None else f"day {one.relative_day:+d}"
    age = "" if one.age_years is None else f"{one.age_years:.1f} years"
    date, description = (
        (one.study_date, one.description) if options.identifiers else (_MASKED, _MASKED)
    )
    return (one.study_key, date, one.modalities, one.episode or "no episode", number, day, age,
            description)  # fmt: skip

"""How the board of timepoints draws a patient and a study."""

from __future__ import annotations

from textual.content import Content

from transfer.ledger.timepoint_undo import BoardCount
from tui import figures
from tui.screens.review_drawing import MASK
from tui.text import plain
from tui.timing import PatientRow, StudyRow
from tui.widgets.ink import cell, dotted, ink, line

_MARK, _DATE, _KEY, _WHAT, _EPISODE, _NUMBER = 2, 12, 7, 9, 20, 3


def draw_count(count: BoardCount | None, width: int) -> list[Content]:
    """How far the board is, in one line."""
    if count is None:
        return [ink("Reading…", "$muted")]
    if not count.studies:
        return [ink("No study of this transfer goes.", "$muted")]
    studies = figures.count(count.studies, "study has", "studies have")
    told = line((f"{count.assigned:,}", "bold"), (f" of {studies} an episode", ""))
    if count.assigned == count.studies:
        told = line(("✓ ", "$good"), (f"All {count.studies:,} studies have an episode", "bold"))
    asked = ""
    if count.questions:
        asked = f"? {figures.count(count.questions, 'number')} to be asked for"
    return [dotted([told, (asked, "$warn")])]


def whose(row: PatientRow | None, reveals: bool) -> Content:
    """A patient by its masked name, or the original one where that is revealed."""
    if row is None:
        return Content("")
    if not row.of.original_id:
        return ink("no Patient ID", "$muted")
    if reveals:
        return ink(plain(row.of.original_id))
    return ink(plain(row.pseudonym)) if row.pseudonym else ink(MASK, "$muted")


def draw_patient(row: PatientRow, reveals: bool, width: int) -> list[Content]:
    """One patient, and how many studies have an episode."""
    of = row.of
    total = of.assigned + of.unassigned
    if of.questions:
        state = line((f"? {figures.count(of.questions, 'question')}", "$warn"))
    elif of.unassigned:
        state = line((f"○ {of.assigned} of {total}", "" if of.assigned else "$muted"))
    else:
        state = line((f"✓ {total} of {total}", "$good"))
    return [line(cell(of.patient_key, 8), cell(state, 14), cell(whose(row, reveals), width - 22))]


def draw_whose(row: PatientRow | None, reveals: bool, width: int) -> list[Content]:
    """The heading over the studies of a patient."""
    if row is None:
        return [Content("")]
    key = line((f"Studies of {row.of.patient_key}  ", "$muted"), whose(row, reveals))
    return [cell(key, width)]


def draw_study(row: StudyRow, is_marked: bool, reveals: bool, width: int) -> list[Content]:
    """One study: its original date, what it is, its episode and number."""
    of = row.of
    text = of.description if reveals else row.veiled
    room = width - _MARK - _DATE - _KEY - _WHAT - _EPISODE - _NUMBER
    number = "" if not of.episode else "?" if of.number is None else str(of.number)
    return [
        line(
            cell("*" if is_marked else "", _MARK, "$key"),
            cell(date_of(of.study_date) or "no date", _DATE, "" if of.study_date else "$warn"),
            cell(of.study_key, _KEY, "$muted"),
            cell(cell(plain(of.modalities.replace(", ", ",")), _WHAT - 1), _WHAT),
            cell(cell(plain(text), room - 1, "$muted"), room),
            cell(of.episode or "○ no episode", _EPISODE, "" if of.episode else "$muted"),
            cell(number, _NUMBER, "$warn" if number == "?" else "bold", align="right"),
        )
    ]


def draw_whole(row: StudyRow | None, reveals: bool, width: int) -> list[Content]:
    """The chosen study in full."""
    if row is None:
        return []
    of = row.of
    text = plain(of.description if reveals else row.veiled) or "no description"
    days = "" if of.relative_day is None else f"day {of.relative_day}"
    age = "" if of.age_years is None else f"{of.age_years:.1f} years old"
    name = f"the node calls it {plain(of.name, 60)}" if of.name else ""
    return [
        Content(""),
        cell(ink(text, "bold"), width),
        dotted(
            [
                (f"Study {of.study_key}", "$muted"),
                (plain(of.modalities), "$muted"),
                (days, "$muted"),
                (age, "$muted"),
                (name, "$muted"),
            ]
        ),
    ]


def date_of(text: str) -> str:
    """A DICOM date as people write it."""
    shown = plain(text, 10)
    if len(shown) == 8 and shown.isdecimal():
        return f"{shown[:4]}-{shown[4:6]}-{shown[6:]}"
    return shown

"""The board of timepoints: which episode each study belongs to, and its number by date.

Made before anything is de-identified or planned. Source: EUCAIM's requirements, section 11. What
is read here holds original dates and descriptions, which help a person and never leave.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from transfer.dates import day_of
from transfer.errors import UsageError
from transfer.ledger.connection import Ledger
from transfer.ledger.numbering import Dated, Numbered, numbered

EPISODES: Final = (
    "Diagnosis",
    "Treatment",
    "Progression",
    "Relapse",
    "Remission",
    "Active Surveillance",
)

STUDY_GOES: Final = (
    "EXISTS (SELECT 1 FROM series g JOIN tally t ON t.series_id = g.id WHERE g.study_id = s.id"
    " AND t.state <> 'excluded' AND t.n > 0)"
)
"""Whether anything of study `s` belongs to the dataset."""
STUDY_LEAVES: Final = (
    "EXISTS (SELECT 1 FROM series g JOIN tally t ON t.series_id = g.id WHERE g.study_id = s.id"
    " AND t.state NOT IN ('excluded', 'failed') AND t.n > 0)"
)
"""Whether any image of study `s` leaves, so that the node will know it."""

_PAGE: Final = 500


@dataclass(frozen=True, slots=True)
class StudyTime:
    """One study on the board. Date and description are originals: never shown unasked.

    `episode` is empty where none was assigned; `number` is None then, and while it is a question
    which of several studies comes first. `name` is what the node's project calls the timepoint.
    """

    study_key: str
    patient_key: str
    study_date: str = field(repr=False)
    description: str = field(repr=False)
    modalities: str
    episode: str
    number: int | None
    name: str
    relative_day: int | None
    age_years: float | None


@dataclass(frozen=True, slots=True)
class PatientOnBoard:
    """One patient on the board. `questions` are studies whose number has to be asked for."""

    row: int
    patient_key: str
    original_id: str = field(repr=False)
    assigned: int
    unassigned: int
    questions: int


_STUDY: Final = f"""
SELECT s.id, s.patient_id, s.study_date, s.description,
  (SELECT group_concat(DISTINCT e.modality) FROM series e WHERE e.study_id = s.id
    AND e.modality <> ''),
  ifnull(t.episode, ''), t.number, ifnull(n.name, ''), d.days, a.years
FROM study s LEFT JOIN timepoint t ON t.study_id = s.id
LEFT JOIN study_day d ON d.study_id = s.id LEFT JOIN study_age a ON a.study_id = s.id
LEFT JOIN timepoint_name n ON n.destination = (SELECT destination FROM transfer)
  AND n.episode = t.episode AND n.number = t.number
WHERE {{}} AND {STUDY_GOES}
ORDER BY s.study_date = '', s.study_date, t.number, s.id
"""  # noqa: S608 - literals of ours
_OF_PATIENT: Final = _STUDY.format("s.patient_id = ?")
_OF_STUDY: Final = _STUDY.format("s.id = ?")


def board(ledger: Ledger, patient_row: int) -> list[StudyTime]:
    """The studies of a patient that belong to the dataset, by original date."""
    return [_study_time(row) for row in ledger.rows(_OF_PATIENT, patient_row)]


def timepoint_of(ledger: Ledger, study_row: int) -> StudyTime | None:
    """The timepoint of one study; None where it has no episode. Whoever plans asks here."""
    row = ledger.row(_OF_STUDY, study_row)
    return _study_time(row) if row and row[5] else None


def _study_time(row: tuple[object, ...]) -> StudyTime:
    study, patient, date, description, modalities, *rest = row
    shown = ", ".join(sorted(str(modalities or "").split(",")))
    return StudyTime(f"S{study}", f"P{patient}", str(date), str(description), shown, *rest)  # type: ignore[arg-type]


def patients_on_board(ledger: Ledger, limit: int = 200, after_row: int = 0) -> list[PatientOnBoard]:
    """A page of patients who have studies in the dataset, by row."""
    return [
        PatientOnBoard(row, f"P{row}", original, assigned, all_ - assigned, questions)
        for row, original, all_, assigned, questions in ledger.rows(
            "SELECT p.id, p.original_id, count(*), count(tp.study_id),"  # noqa: S608 - a literal of ours
            " sum(tp.study_id IS NOT NULL AND tp.number IS NULL)"
            " FROM patient p JOIN study s ON s.patient_id = p.id"
            " LEFT JOIN timepoint tp ON tp.study_id = s.id"
            f" WHERE p.id > ? AND {STUDY_GOES} GROUP BY p.id ORDER BY p.id LIMIT ?",
            after_row,
            limit,
        )
    ]


def has_begun(ledger: Ledger) -> bool:
    """Whether anybody assigned anything yet."""
    return bool(ledger.number("SELECT EXISTS (SELECT 1 FROM timepoint)"))


def assign(ledger: Ledger, study_rows: Iterable[int], episode: str) -> int:
    """Put studies into an episode; how many. Numbers follow by date, over all episodes.

    Raises:
        UsageError: there is no such episode or no such study; nothing was changed.
    """
    word = episode_named(episode)
    rows = sorted(set(study_rows))
    with ledger.transaction():
        patients = _patients_of(ledger, rows)
        ledger.write_many(
            "INSERT INTO timepoint (study_id, episode) VALUES (?, ?)"
            " ON CONFLICT (study_id) DO UPDATE SET episode = excluded.episode",
            [(row, word) for row in rows],
        )
        for patient in patients:
            renumber_inside(ledger, patient)
    return len(rows)


def assign_all(ledger: Ledger, episode: str) -> int:
    """Put every study that has no episode yet into one; how many.

    Raises:
        UsageError: there is no such episode.
    """
    word = episode_named(episode)
    done, after = 0, 0
    while page := ledger.rows(
        "SELECT DISTINCT s.patient_id FROM study s LEFT JOIN timepoint t ON t.study_id = s.id"  # noqa: S608 - a literal of ours
        f" WHERE t.study_id IS NULL AND s.patient_id > ? AND {STUDY_GOES}"
        " ORDER BY s.patient_id LIMIT ?",
        after,
        _PAGE,
    ):
        with ledger.transaction():
            for (patient,) in page:
                ledger.write(
                    "INSERT INTO timepoint (study_id, episode) SELECT s.id, ? FROM study s"  # noqa: S608 - a literal of ours
                    f" WHERE s.patient_id = ? AND {STUDY_GOES}"
                    " AND NOT EXISTS (SELECT 1 FROM timepoint t WHERE t.study_id = s.id)",
                    word,
                    patient,
                )
                done += ledger.number("SELECT changes()")
                renumber_inside(ledger, patient)
        after = page[-1][0]
    return done


def clear(ledger: Ledger, study_rows: Iterable[int]) -> int:
    """Take studies off their episodes; how many had one. The others are numbered anew.

    Raises:
        UsageError: there is no such study.
    """
    rows = sorted(set(study_rows))
    done = 0
    with ledger.transaction():
        patients = _patients_of(ledger, rows)
        for row in rows:
            ledger.write("DELETE FROM timepoint WHERE study_id = ?", row)
            done += ledger.number("SELECT changes()")
        for patient in patients:
            renumber_inside(ledger, patient)
    return done


def renumber(ledger: Ledger, patient_row: int) -> None:
    """Number a patient's studies by date once more, as after a choice that took some out."""
    with ledger.transaction():
        renumber_inside(ledger, patient_row)


def set_number(ledger: Ledger, study_row: int, number: int) -> None:
    """Say which number a study has where its date leaves that open.

    Another study of the same day that stands there takes this one's place.

    Raises:
        UsageError: the study has no episode, or its date forbids the number.
    """
    with ledger.transaction():
        (patient,) = _patients_of(ledger, [study_row])
        studies = dated_studies(ledger, patient)
        mine = next((s for s in studies if s.study == study_row), None)
        if mine is None:
            raise UsageError(
                f"Study S{study_row} has no episode yet.",
                f"Assign one first: --assign EPISODE --studies S{study_row}",
            )
        now = {one.study: one for one in numbered(studies)}
        span = now[study_row]
        if not span.first <= number <= span.last:
            raise _forbidden(study_row, number, span)
        place = number - span.first if mine.date else number - 1
        day = [s for s in studies if s.date == mine.date and s.study != study_row]
        for other in day:
            if other.place == place:
                place_study(ledger, other.study, mine.place)
        place_study(ledger, study_row, place)
        # Of two studies of one day, one word settles both.
        if mine.date and len(day) == 1:
            place_study(ledger, day[0].study, 1 - place)
        renumber_inside(ledger, patient)


def _forbidden(study_row: int, number: int, span: Numbered) -> UsageError:
    can = f"{span.first}" if span.first == span.last else f"{span.first} to {span.last}"
    return UsageError(
        f"Study S{study_row} cannot be timepoint {number}: numbers follow the dates of the"
        " studies, without gaps and each once.",
        f"By its date it can be {can}.",
    )


def episode_named(text: str) -> str:
    """An episode as EUCAIM spells it; case and blanks around do not count.

    Raises:
        UsageError: there is no such episode.
    """
    for episode in EPISODES:
        if "".join(episode.lower().split()) == "".join(text.lower().replace("_", " ").split()):
            return episode
    raise UsageError("There is no such episode.", f"Take one of {', '.join(EPISODES)}.")


def dated_studies(ledger: Ledger, patient_row: int) -> list[Dated]:
    """The studies of a patient that have an episode and belong to the dataset."""
    return [
        Dated(study, date if day_of(date) is not None else "", place)
        for study, date, place in ledger.rows(
            "SELECT s.id, s.study_date, t.place FROM study s JOIN timepoint t ON t.study_id = s.id"  # noqa: S608 - a literal of ours
            f" WHERE s.patient_id = ? AND {STUDY_GOES}",
            patient_row,
        )
    ]


def _patients_of(ledger: Ledger, study_rows: Sequence[int]) -> list[int]:
    patients: dict[int, None] = {}
    for row in study_rows:
        found = ledger.row("SELECT patient_id FROM study WHERE id = ?", row)
        if found is None:
            raise UsageError(
                f"There is no study S{row}.",
                "See the studies with: eucaim-transfer timepoints NAME",
            )
        patients[int(found[0])] = None
    return list(patients)


def renumber_inside(ledger: Ledger, patient_row: int) -> None:
    """As `renumber`, inside a transaction of the caller."""
    ledger.write_many(
        "UPDATE timepoint SET number = ? WHERE study_id = ?",
        [(one.number, one.study) for one in numbered(dated_studies(ledger, patient_row))],
    )


def place_study(ledger: Ledger, study_row: int, place: int | None) -> None:
    """Say where a study stands among those that dates do not tell apart, counted from 0; inside a
    transaction of the caller."""
    ledger.write("UPDATE timepoint SET place = ? WHERE study_id = ?", place, study_row)

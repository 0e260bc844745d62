"""Which rows leave, and whose they are.

A row leaves with its patient: one of the images' who goes, under the name that the images bear.
"""

from __future__ import annotations

import datetime as dt
from array import array
from collections import Counter
from collections.abc import Iterator
from enum import StrEnum
from functools import lru_cache
from typing import Final

from transfer.clinical.derive import altered_studies
from transfer.clinical.outgoing.cells import Whose
from transfer.clinical.outgoing.dates import Origin, baseline_of
from transfer.clinical.outgoing.edges import Edges
from transfer.clinical.people import people
from transfer.dates import day_of
from transfer.ledger.ages import studies_of_patients
from transfer.ledger.connection import Ledger
from transfer.ledger.identity import STUDY_COLUMNS
from transfer.ledger.timepoints import STUDY_LEAVES

_PAGE: Final = 2000
_NONE: Final = -1
_WINDOW: Final = 20_000
_KEPT: Final = 4096
_KEPT_BACK: Final = "EXISTS (SELECT 1 FROM clinical_kept_back k WHERE k.patient = r.patient)"
STAYS_NOT: Final = f"r.patient_id IS NOT NULL AND NOT {_KEPT_BACK}"
"""Whether row `r` is linked and nobody keeps it back; whether its patient goes, `Going` knows."""
_GOES: Final = (
    "SELECT p.id FROM patient p WHERE p.id BETWEEN ? AND ? AND (? OR p.pseudonym IS NOT NULL)"  # noqa: S608 - literals of ours
    f" AND EXISTS (SELECT 1 FROM study s WHERE s.patient_id = p.id AND {STUDY_LEAVES})"
)


class WhyRow(StrEnum):
    """Why a row does not leave: it is no patient's of the images; a person keeps it back; no image
    of its patient goes, or none is de-identified yet; or it has not one value for each heading
    (TAB-03)."""

    UNLINKED = "unlinked"
    KEPT_BACK = "kept-back"
    NOT_GOING = "not-going"
    WIDTH = "width"


class Going:
    """The patients who go, and what of them cells are made by.

    A few bytes a patient are held; names are opened as they are asked for.
    """

    def __init__(self, ledger: Ledger, *, is_method: bool, capped: frozenset[int]) -> None:
        self._ledger = ledger
        self._is_method = is_method
        self._capped = capped
        self._last = ledger.number("SELECT max(id) FROM patient")
        self._goes = bytearray(self._last + 1)
        for low in range(1, self._last + 1, _WINDOW):
            for (row,) in ledger.rows(_GOES, low, low + _WINDOW - 1, not is_method):
                self._goes[row] = 1
        self._days: array[int] | None = None
        self._origins: Counter[Origin] = Counter()
        self.whose = lru_cache(_KEPT)(self._whose)
        self._study = lru_cache(_KEPT)(self._study_of)

    def goes(self, patient: int | None) -> bool:
        """Whether rows of this patient leave."""
        return patient is not None and patient <= self._last and bool(self._goes[patient])

    @property
    def origins(self) -> Counter[Origin]:
        """How day 0 is known, by the number of patients who go and have rows."""
        self._baselines()
        return self._origins

    def count_left_out(self, file: int, width: int) -> tuple[int, dict[WhyRow, int]]:
        """How many rows of a table leave, and of the others why not."""
        leaving, out, after = 0, Counter[WhyRow](), 0
        while page := self._ledger.rows(
            f"SELECT r.id, r.width, r.patient_id, {_KEPT_BACK} FROM clinical_row r"  # noqa: S608 - literals of ours
            " WHERE r.file_id = ? AND r.id > ? ORDER BY r.id LIMIT ?",
            file,
            after,
            _PAGE,
        ):
            for _, cells, patient, is_kept_back in page:
                if is_kept_back:
                    out[WhyRow.KEPT_BACK] += 1
                elif patient is None:
                    out[WhyRow.UNLINKED] += 1
                elif not self.goes(patient):
                    out[WhyRow.NOT_GOING] += 1
                elif cells != width:
                    out[WhyRow.WIDTH] += 1
                else:
                    leaving += 1
            after = page[-1][0]
        return leaving, {why: out[why] for why in WhyRow if out[why]}

    def _whose(self, patient: int) -> Whose:
        found = self._ledger.row("SELECT original_id, pseudonym FROM patient WHERE id = ?", patient)
        assert found is not None, "a row is linked to a patient of this ledger"
        return Whose(
            patient,
            self._ledger.names.patient(*found),
            self._baseline(patient),
            patient in self._capped,
            lambda uid: self._study(patient, uid),
        )

    def name_of(self, patient: int) -> str:
        """Under which name the node may know a patient; empty for one who never got any here."""
        found = self._ledger.row("SELECT original_id, pseudonym FROM patient WHERE id = ?", patient)
        assert found is not None, "a row is linked to a patient of this ledger"
        if self._is_method and found[1] is None:
            return ""
        return self._ledger.names.patient(*found)

    def edges_of_studies(self) -> Edges:
        """How near to the ends of months the original days of the Studies that go lie."""
        edges = Edges(self._last)
        for low in range(1, self._last + 1, _WINDOW):
            for patient, date in self._ledger.rows(
                "SELECT s.patient_id, s.study_date FROM study s"  # noqa: S608 - a literal of ours
                f" WHERE s.patient_id BETWEEN ? AND ? AND {STUDY_LEAVES}",
                low,
                low + _WINDOW - 1,
            ):
                if (day := day_of(date)) is not None:
                    edges.see(patient, day)
        return edges

    def _study_of(self, patient: int, uid: str) -> str | None:
        """The name under which a Study of the patient leaves; None where it does not."""
        if not uid:
            return None
        found = self._ledger.row(
            f"SELECT {STUDY_COLUMNS} FROM study s JOIN patient p ON p.id = s.patient_id"  # noqa: S608 - literals of ours
            f" WHERE s.study_uid = ? AND s.patient_id = ? AND (? OR s.out_study_uid IS NOT NULL)"
            f" AND {STUDY_LEAVES}",
            uid,
            patient,
            not self._is_method,
        )
        return None if found is None else self._ledger.names.study(*found).study_uid

    def _baseline(self, patient: int) -> dt.date | None:
        ordinal = self._baselines()[patient]
        return None if ordinal == _NONE else dt.date.fromordinal(ordinal)

    def _all_kept_back(self) -> frozenset[int]:
        """Patients of whom a person keeps back every row."""
        return frozenset(
            int(patient)
            for (patient,) in self._ledger.rows(
                "SELECT DISTINCT k.patient_id FROM clinical_kept_back b JOIN clinical_row k"  # noqa: S608 - a literal of ours
                " ON k.patient = b.patient WHERE k.patient_id IS NOT NULL AND NOT EXISTS"
                f" (SELECT 1 FROM clinical_row r WHERE r.patient_id = k.patient_id AND {STAYS_NOT})"
            )
        )

    def _baselines(self) -> array[int]:
        if self._days is None:
            self._days = array("i", [_NONE]) * (self._last + 1)
            altered = altered_studies(self._ledger)
            studies = studies_of_patients(self._ledger)
            of = next(studies, None)
            silent = self._all_kept_back()
            for person in people(self._ledger):
                while of is not None and of.patient < person.patient:
                    of = next(studies, None)
                if not self.goes(person.patient) or person.patient in silent:
                    continue
                is_here = of is not None and of.patient == person.patient
                day, origin = baseline_of(person, of if is_here else None, altered)
                self._origins[origin] += 1
                if day is not None:
                    self._days[person.patient] = day.toordinal()
        return self._days


def patients_with_rows(ledger: Ledger, after: int) -> Iterator[int]:
    """Patients to whom rows are linked that nobody keeps back, by row, from behind one."""
    while found := ledger.row(
        f"SELECT min(r.patient_id) FROM clinical_row r WHERE r.patient_id > ? AND {STAYS_NOT}",  # noqa: S608 - literals of ours
        after,
    ):
        if found[0] is None:
            return
        after = int(found[0])
        yield after

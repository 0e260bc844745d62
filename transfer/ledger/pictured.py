"""What the images of a patient say of sex and body part, for tables to be compared with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from transfer.ledger.connection import Ledger
from transfer.ledger.said import said_of
from transfer.quality.attributes import BODY_PART, PATIENT_SEX

_WINDOW: Final = 500


@dataclass(frozen=True, slots=True)
class Picture:
    """The different values in the headers of one patient's images that go."""

    sexes: frozenset[str] = frozenset()
    body_parts: frozenset[str] = frozenset()


NOTHING: Final = Picture()


class Pictures:
    """By patient row; asked for in rising order each window of patients is looked up once."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._low = -1
        self._of: dict[int, Picture] = {}

    def of(self, patient: int) -> Picture:
        """Of one patient."""
        low = patient - patient % _WINDOW
        if low != self._low:
            self._of, self._low = self._look(low), low
        return self._of.get(patient, NOTHING)

    def _look(self, low: int) -> dict[int, Picture]:
        # Sex as it came in, body part as it leaves: a person may have mended that.
        of_each = said_of("e.study_id IN (SELECT id FROM study WHERE patient_id BETWEEN ?3 AND ?4)")
        rows = self._ledger.rows(
            "SELECT patient, json_extract(t.document, ?1), json_extract(o.document, ?2) FROM"  # noqa: S608 - literals of ours
            " (SELECT DISTINCT s.patient_id AS patient, i.traits_id AS source,"
            f" ifnull(i.out_traits_id, i.traits_id) AS leaving FROM ({of_each}) i"
            " JOIN study s ON s.id = i.study_id WHERE NOT i.is_excluded)"
            " JOIN traits t ON t.id = source JOIN traits o ON o.id = leaving",
            f'$."{PATIENT_SEX.tag}"',
            f'$."{BODY_PART.tag}"',
            low,
            low + _WINDOW - 1,
        )
        found: dict[int, tuple[set[str], set[str]]] = {}
        for patient, sex, part in rows:
            sexes, parts = found.setdefault(patient, (set(), set()))
            sexes.add(str(sex or ""))
            parts.add(str(part or ""))
        return {
            patient: Picture(frozenset(sexes), frozenset(parts))
            for patient, (sexes, parts) in found.items()
        }

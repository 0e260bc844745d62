"""Where an instance belongs: rows of patient, Study and Series, and of whom its header names."""

from __future__ import annotations

from transfer.ledger.connection import Ledger
from transfer.scan.facts import InstanceHeader

_CACHE_LIMIT = 4096


class Places:
    """Finds the rows, or adds them, inside the caller's transaction; remembers the last few
    thousand. After a transaction that was rolled back it has to be forgotten."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._known: dict[tuple[str, ...], tuple[int, int]] = {}

    def forget(self) -> None:
        self._known.clear()

    def of(self, header: InstanceHeader) -> tuple[int, int]:
        """The row of its Series and that of the person it names."""
        key = (
            header.series_uid,
            header.study_uid,
            header.patient_id,
            header.patient_name,
            header.birth_date,
        )
        known = self._known.get(key)
        if known is None:
            if len(self._known) >= _CACHE_LIMIT:
                self._known.clear()
            known = self._known[key] = self._find(header)
        return known

    def _find(self, header: InstanceHeader) -> tuple[int, int]:
        patient = self._row_of(
            "patient",
            {"original_id": header.patient_id},
            {"original_name": header.patient_name},
        )
        # The first file of a patient is not always one that tells the name.
        self._ledger.write(
            "UPDATE patient SET original_name = ? WHERE id = ? AND original_name = ''",
            header.patient_name,
            patient,
        )
        study = self._row_of(
            "study",
            {"study_uid": header.study_uid, "patient_id": patient},
            {"study_date": header.study_date, "description": header.study_description},
        )
        series = self._row_of(
            "series",
            {"series_uid": header.series_uid, "study_id": study},
            {
                "modality": header.modality,
                "series_number": header.series_number,
                "description": header.series_description,
                "body_part": header.body_part,
                "manufacturer": header.manufacturer,
            },
        )
        person = self._row_of(
            "person",
            {
                "patient_id": patient,
                "name": header.patient_name,
                "birth_date": header.birth_date,
            },
            {},
        )
        return series, person

    def _row_of(self, table: str, key: dict[str, object], facts: dict[str, object]) -> int:
        where = " AND ".join(f"{column} = ?" for column in key)
        found = self._ledger.row(
            f"SELECT id FROM {table} WHERE {where}",  # noqa: S608 - both are literals of `_find`
            *key.values(),
        )
        if found:
            return int(found[0])
        columns = {**key, **facts}
        return self._ledger.write(
            f"INSERT INTO {table} ({', '.join(columns)})"  # noqa: S608 - literals of `_find`
            f" VALUES ({', '.join('?' * len(columns))})",
            *columns.values(),
        )

"""Behind a row key: the original identifiers. Only for whoever asked to see them."""

from __future__ import annotations

import os
from typing import Final

from transfer.ledger.connection import Ledger

FIELDS: Final = ("patient_id", "study_uid", "series_uid", "sop_instance_uid", "file")

_OF: Final = {
    "P": "p.original_id, '', '', '', NULL FROM patient p WHERE p.id = ?",
    "S": "p.original_id, s.study_uid, '', '', NULL FROM study s"
    " JOIN patient p ON p.id = s.patient_id WHERE s.id = ?",
    "E": "p.original_id, s.study_uid, e.series_uid, '', NULL FROM series e"
    " JOIN study s ON s.id = e.study_id JOIN patient p ON p.id = s.patient_id WHERE e.id = ?",
    "I": "p.original_id, s.study_uid, e.series_uid, i.sop_instance_uid, f.path FROM instance i"
    " JOIN source_file f ON f.id = i.file_id JOIN series e ON e.id = i.series_id"
    " JOIN study s ON s.id = e.study_id JOIN patient p ON p.id = s.patient_id WHERE i.id = ?",
    "F": "ifnull(p.original_id, ''), ifnull(s.study_uid, ''), ifnull(e.series_uid, ''),"
    " ifnull(i.sop_instance_uid, ''), f.path FROM source_file f"
    " LEFT JOIN instance i ON i.file_id = f.id LEFT JOIN series e ON e.id = i.series_id"
    " LEFT JOIN study s ON s.id = e.study_id LEFT JOIN patient p ON p.id = s.patient_id"
    " WHERE f.id = ? LIMIT 1",
    "R": "r.patient, '', '', '', NULL FROM clinical_row r WHERE r.id = ?",
}
_COMPARED: Final = ("F", "R")


def originals_of(ledger: Ledger, key: str) -> dict[str, str]:
    """What stands behind a key, by `FIELDS`; empty texts where there is nothing. Untrusted text:
    a byte of a file name that is no UTF-8 is shown as U+FFFD."""
    of = _OF.get(key[:1])
    found = None
    if of is not None and key[1:].isdecimal():
        found = ledger.row(f"SELECT {of}", int(key[1:]))
    if found is None:
        return dict.fromkeys(FIELDS, "")
    *texts, path = found
    name = "" if path is None else os.fsencode(path).decode("utf-8", "replace")
    return dict(zip(FIELDS, (*texts, name), strict=True))


def counterpart_of(ledger: Ledger, key: str, example: str) -> str:
    """What stands behind the other side of a finding that compares two: the file whose instance
    goes instead, the Patient ID of the images that a row resembles. Empty where nothing is
    compared."""
    if key[:1] not in _COMPARED or not example or example == key:
        return ""
    found = originals_of(ledger, example)
    return found["file"] or found["patient_id"]

"""Ledgers of cohorts that were sent, written row by row."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

from transfer.deid.keys import seal
from transfer.deid.keys.seal import Seal
from transfer.ledger.connection import Ledger
from transfer.ledger.identity import Names
from transfer.ledger.order import Order, write_order

KEY = "K" * 33


@cache
def _empty(deid: str | None) -> Path:
    path = Path(mkdtemp(prefix="recall-")) / "ledger.sqlite"
    with Ledger.create(path) as ledger:
        write_order(ledger, Order("t", "node", Path("/data/source"), "PROJECT", deid=deid))
    return path


@contextmanager
def cohort(folder: Path, deid: str | None = "eucaim") -> Iterator[Ledger]:
    """An empty ledger of a transfer; with a method its names can be opened."""
    path = folder / "ledger.sqlite"
    shutil.copy(_empty(deid), path)
    with Ledger.open(path) as ledger:
        if deid:
            ledger.names = Names(Seal(KEY))
        yield ledger


@dataclass(frozen=True)
class Patient:
    """A patient of a ledger: rows of instances by state, and the name on the node."""

    row: int
    original: str
    pseudonym: str
    instances: dict[str, list[int]]

    @property
    def out(self) -> set[int]:
        """What lies on the node, or may."""
        return {row for state in ("sent", "verified") for row in self.instances.get(state, [])}


def add_patient(
    ledger: Ledger,
    original: str,
    states: Sequence[str] = ("verified",),
    *,
    name: str = "SAME^NAME",
    pseudonym: str = "",
    is_marked: bool = True,
) -> Patient:
    """One Study with one Series, an instance for each state."""
    closed = ledger.names.seal if ledger.names._seal is not None else None
    with ledger.transaction(durable=False):
        row = ledger.write(
            "INSERT INTO patient (original_id, original_name) VALUES (?, ?)", original, name
        )
        pseudonym = pseudonym or (f"EUCAIM-{row:05}" if closed else original)
        study = ledger.write(
            "INSERT INTO study (patient_id, study_uid, study_date, description)"
            " VALUES (?, ?, '20240102', 'text')",
            row,
            f"1.2.3.{row}",
        )
        series = ledger.write(
            "INSERT INTO series (study_id, series_uid, modality, series_number, description,"
            " body_part, manufacturer) VALUES (?, ?, 'CT', '1', 'text', 'CHEST', 'X')",
            study,
            f"1.2.3.{row}.1",
        )
        if closed is not None:
            for table, column, at, text, context in (
                ("patient", "pseudonym", row, pseudonym, seal.PATIENT_ID),
                ("study", "out_study_uid", study, f"2.25.{row}", seal.STUDY_UID),
                ("series", "out_series_uid", series, f"2.25.{row}.1", seal.SERIES_UID),
            ):
                sealed = closed.close(text, context)
                ledger.write(f"UPDATE {table} SET {column} = ? WHERE id = ?", sealed, at)  # noqa: S608 - literals above
        found: dict[str, list[int]] = {}
        for number, state in enumerate(states):
            instance = _add_instance(ledger, series, f"{row}.{number}", state, is_marked=is_marked)
            if closed is not None:
                out = closed.close(f"2.25.{row}.1.{number}", seal.SOP_INSTANCE_UID)
                ledger.write(
                    "UPDATE instance SET out_sop_instance_uid = ? WHERE id = ?", out, instance
                )
            found.setdefault(state, []).append(instance)
    return Patient(row, original, pseudonym, found)


def _add_instance(ledger: Ledger, series: int, uid: str, state: str, *, is_marked: bool) -> int:
    file = ledger.write(
        "INSERT INTO source_file (path, size_bytes, mtime_ns, generation, verdict, kind)"
        " VALUES (?, 100, 5, 1, 'instance', 'instance')",
        os.fsencode(f"HOSP/{uid}.dcm"),
    )
    went = state in ("sent", "verified")
    return ledger.write(
        "INSERT INTO instance (file_id, series_id, sop_instance_uid, sop_class_uid,"
        " transfer_syntax_uid, body_offset, has_part10, deidentified, size_bytes, state, attempts,"
        " file_bytes, file_mtime_ns, sent_at_utc, verified_at_utc)"
        " VALUES (?, ?, ?, '1.2.840.10008.5.1.4.1.1.2', '1.2.840.10008.1.2.1', 0, 1, ?, 100, ?, 0,"
        " 100, 5, ?, ?)",
        file,
        series,
        f"1.2.3.9.{uid}",
        int(is_marked),
        state,
        "2026-01-02T03:04:05.000Z" if went else None,
        "2026-01-02T04:04:05.000Z" if state == "verified" else None,
    )


def add_row(ledger: Ledger, text: str, linked: int | None) -> int:
    """A row of a clinical table with this Patient ID, linked to a patient by a person's word."""
    with ledger.transaction(durable=False):
        ledger.write(
            "INSERT OR IGNORE INTO clinical_file (id, path, sheet, size_bytes, mtime_ns, sha256,"
            " form) VALUES (1, ?, '', 1, 1, 'ab', 'csv')",
            b"/data/table.csv",
        )
        return ledger.write(
            "INSERT INTO clinical_row (file_id, patient, likeness, timepoint, width, cells,"
            " patient_id) VALUES (1, ?, '', '', 1, '[]', ?)",
            text,
            linked,
        )

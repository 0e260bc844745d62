"""A ledger whose images were de-identified and whose table was read: what tables leave from.

The names of the images come out of their headers, rewritten by the method in force.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType

from tests.clinical.ledgers import ledger_of
from tests.deid.rules import instance, script
from transfer.clinical.derive import derive
from transfer.clinical.outgoing.table import Outgoing
from transfer.clinical.outgoing.writing import write_csv
from transfer.clinical.phase import read_clinical
from transfer.deid.keys.seal import PATIENT_ID, STUDY_UID
from transfer.deid.methods import MethodSpec, build_method
from transfer.deid.model import DataSet, Header, Moment, Rewritten
from transfer.ledger.connection import Ledger
from transfer.prepare.method import OpenMethod, open_method

KEY = "019a39ba16da7edb9e906440a48e9ed32"
EUCAIM = MethodSpec("eucaim", key=KEY, site_id="SITE-7")
LETHE = MethodSpec("lethe", key=KEY, site_id="SITE-7")
SCRIPT = MethodSpec(
    "site.script",
    key=KEY,
    script=script(
        {
            "00100010": "Nobody",
            "00100020": "@hash(this,12)",
            "0020000D": "@hashuid(1.2.826.0.1,this)",
            "0020000E": "@hashuid(1.2.826.0.1,this)",
            "00080018": "@hashuid(1.2.826.0.1,this)",
        }
    ),
)
METHODS: Mapping[str, MethodSpec | None] = {
    "as-is": None, "eucaim": EUCAIM, "lethe": LETHE, "script": SCRIPT,
}  # fmt: skip


@contextmanager
def leaving(
    folder: Path,
    patients: Mapping[str, Sequence[str]],
    table: str | bytes | Mapping[str, str | bytes],
    by: MethodSpec | None = EUCAIM,
    uids: Mapping[str, Sequence[str]] = MappingProxyType({}),
) -> Iterator[tuple[Ledger, OpenMethod | None]]:
    """Patients by ID, each with the dates of its studies, and a table about them, or several by
    name; all read, linked and named. `uids` replace those of a patient's studies, in order."""
    path = folder / "Quintanilla_export.csv"
    if isinstance(table, Mapping):
        path = folder / "tables"
        path.mkdir()
        for name, content in table.items():
            (path / name).write_bytes(_raw(content))
    else:
        path.write_bytes(_raw(table))
    with ledger_of(folder, patients, clinical=path, deid=by.name if by else None) as ledger:
        for patient, wanted in uids.items():
            _rename(ledger, patient, wanted)
        read_clinical(ledger)
        derive(ledger)
        yield ledger, None if by is None else named_images(ledger, by)


def _raw(content: str | bytes) -> bytes:
    return content if isinstance(content, bytes) else content.encode()


def _rename(ledger: Ledger, patient: str, uids: Sequence[str]) -> None:
    rows = ledger.rows(
        "SELECT s.id FROM study s JOIN patient p ON p.id = s.patient_id WHERE p.original_id = ?"
        " ORDER BY s.id",
        patient,
    )
    with ledger.transaction():
        for (study,), uid in zip(rows, uids, strict=False):
            ledger.write("UPDATE study SET study_uid = ? WHERE id = ?", uid, study)


def named_images(ledger: Ledger, by: MethodSpec) -> OpenMethod:
    """De-identify the header of each study, and keep the names that it leaves under."""
    opened = open_method(ledger, by)
    method = build_method(by)
    seal = ledger.names.seal
    for patient, original, study, uid, date in ledger.rows(
        "SELECT p.id, p.original_id, s.id, s.study_uid, s.study_date FROM study s"
        " JOIN patient p ON p.id = s.patient_id"
    ):
        made = method.apply(header(original, uid, date), Moment(opened.setup.clock))
        assert isinstance(made, Rewritten), made
        left = made.header.dataset
        with ledger.transaction():
            ledger.write(
                "UPDATE patient SET pseudonym = ? WHERE id = ?",
                seal.close(text_of(left, 0x00100020), PATIENT_ID),
                patient,
            )
            ledger.write(
                "UPDATE study SET out_study_uid = ? WHERE id = ?",
                seal.close(text_of(left, 0x0020000D), STUDY_UID),
                study,
            )
    return opened


def header(patient_id: str, study_uid: str, date: str) -> Header:
    """The header of an image of a study, as it came from the hospital."""
    return instance(
        (0x00080005, "CS", b"ISO_IR 192"),
        (0x00080020, "DA", date.encode()),
        (0x00100010, "PN", b"Quintanilla^Ximena"),
        (0x00100020, "LO", _even(patient_id.encode(), b" ")),
        (0x0020000D, "UI", _even(study_uid.encode(), b"\0")),
        (0x0020000E, "UI", _even(f"{study_uid}.1".encode(), b"\0")),
    )


def _even(raw: bytes, pad: bytes) -> bytes:
    return raw + pad * (len(raw) % 2)


def text_of(dataset: DataSet, tag: int) -> str:
    """A value that left, without its padding."""
    value = dataset[tag].value
    assert isinstance(value, bytes)
    return value.decode().rstrip(" \0")


def answered(ledger: Ledger, rule: str, key: str, value: str) -> None:
    """A person's answer to what a rule asks."""
    with ledger.transaction():
        word = ledger.write(
            "INSERT INTO word (subject, value, person, reason, said_at_utc)"
            " VALUES (?, ?, 'A. Person', 'seen', '2026-01-01T00:00:00Z')",
            rule,
            value,
        )
        ledger.write(
            "INSERT INTO settled (rule, key, standing, value, word_id, severity, n)"
            " VALUES (?, ?, 'answered', ?, ?, 'ask', 1000)",
            rule,
            key,
            value,
            word,
        )


def csv_of(out: Outgoing, number: int = 0) -> str:
    """The table as it leaves."""
    target = io.BytesIO()
    write_csv(out, out.tables[number], target)
    return target.getvalue().decode()


def lines_of(out: Outgoing, number: int = 0) -> list[str]:
    """Its lines; the heading is the first."""
    text = csv_of(out, number)
    assert text.endswith("\r\n")
    return text.split("\r\n")[:-1]

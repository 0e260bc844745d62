"""Lethe's own tables through the whole way of a transfer: read, linked, leaving as it wrote them.

What leaves is Lethe's output byte by byte, but for what EUCAIM's rules want otherwise: a row
without a Patient ID belongs to nobody and stays here, as does one with too few or too many values;
no byte-order mark leaves; a Study Instance UID with blanks around it is that of its images; and
dates, decimal commas and terms take the form of the rules.
"""

from __future__ import annotations

import csv
import io
import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.clinical.leaving import answered, csv_of, leaving
from tests.deid.golden import ABSENT, GOLDEN
from transfer.clinical.columns import Role
from transfer.clinical.derive import derive
from transfer.clinical.outgoing.columns import How, OutgoingColumn
from transfer.clinical.outgoing.proof import prove
from transfer.clinical.outgoing.table import Outgoing, open_outgoing
from transfer.clinical.reading import TableFile, digest_of, read_table
from transfer.deid.methods import MethodSpec
from transfer.deid.standalone.pseudonyms import LethePseudonyms
from transfer.deid.standalone.tables import TableKind, table_kind
from transfer.ledger.connection import Ledger

pytestmark = pytest.mark.golden


@cache
def golden() -> dict[str, Any]:
    if not (GOLDEN / "clinical.json").is_file():
        pytest.skip(ABSENT)
    told: dict[str, Any] = json.loads((GOLDEN / "clinical.json").read_text("utf-8"))
    return told


def tables() -> dict[str, tuple[str, str]]:
    """Input and Lethe's output of each case that is about a table with a heading PatientID."""
    found = {
        name: (str(case["input"]), str(case["output"][name]))
        for name, case in golden()["cases"].items()
        if table_kind(name) in (TableKind.CLINICAL, TableKind.STUDIES) and "output" in case
    }
    return {
        name: pair
        for name, pair in found.items()
        if pair[1].lstrip("\ufeff").casefold().startswith("patientid")
    }


def source_rows(path: Path) -> list[tuple[str, ...]]:
    table = read_table(TableFile(path), digest_of(path))
    return [table.headings, *(row.cells for row in table.rows)]


def linked(ledger: Ledger) -> None:
    """A person says that an ID with blanks around it is the one without."""
    with ledger.transaction():
        ledger.write(
            "INSERT OR IGNORE INTO clinical_link SELECT r.patient, p.id, 1 FROM clinical_row r"
            " JOIN patient p ON p.original_id = trim(r.patient) WHERE r.patient <> p.original_id"
        )
    derive(ledger)


def cell_fits(column: OutgoingColumn, ours: str, lethes: str) -> bool:
    match column.how:
        case How.NUMBER:
            return ours == lethes.strip().replace(",", ".") or ours == lethes
        case How.TERM:
            return ours.casefold() == lethes.strip().casefold() or ours == lethes
        case How.AS_IT_IS:
            return ours == lethes
    return True


def goes_through(name: str, folder: Path) -> tuple[bool, bool | None]:
    """Whether a table leaves as Lethe wrote it in all that is not to be otherwise; and, where
    nothing is, whether to the byte."""
    text, lethes = tables()[name]
    key = golden()["secret_key"]
    folder.mkdir()
    (folder / "read.csv").write_bytes(text.encode())
    rows = source_rows(folder / "read.csv")
    heading = [cell.strip() for cell in rows[0]]
    ids = list(dict.fromkeys(row[0].strip() for row in rows[1:] if row and row[0].strip()))
    is_studies = table_kind(name) is TableKind.STUDIES
    studies = [
        (row[0].strip(), row[1].strip()) for row in rows[1:] if is_studies and row[0].strip()
    ]
    by = MethodSpec("lethe", key=key, site_id="SITE-7")
    uids = {patient: [u for p, u in dict.fromkeys(studies) if p == patient] for patient in ids}
    patients = {p: ["20190312"] * max(len(uids[p]), 1) for p in ids}
    with leaving(folder, patients, text.encode(), by, uids) as (ledger, how):
        linked(ledger)
        answered(ledger, "TAB-05", "R1", "harmless")
        out = open_outgoing(ledger, how)
        ours = csv_of(out)
        prove(out, out.tables[0], io.BytesIO(ours.encode()))
        expected = _expected(key, rows, lethes, is_studies=is_studies)
        assert [c.strip() for c in expected[0][1:]] == heading[1:]
        left = _rows(ours)
        is_alike = left == _rows(lethes)
        return _fits(out, left, expected), ours == lethes if is_alike else None


def _rows(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text, newline="")))


def _expected(
    key: str, rows: list[tuple[str, ...]], lethes: str, *, is_studies: bool
) -> list[list[str]]:
    """Lethe's rows without those that stay here."""
    written = _rows(lethes.lstrip("\ufeff"))
    assert len(written) == len(rows)
    kept = [written[0]]
    for source, row in zip(rows[1:], written[1:], strict=True):
        if source[0].strip() and len(source) == len(rows[0]):
            if is_studies:
                row[1] = LethePseudonyms(key).study(source[1].strip(), source[0]) or ""
            kept.append(row)
    return kept


def _fits(out: Outgoing, ours: list[list[str]], expected: list[list[str]]) -> bool:
    columns = out.tables[0].columns
    if len(ours) != len(expected):
        return False
    for row, lethes in zip(ours[1:], expected[1:], strict=True):
        for column, cell in zip(columns, row, strict=True):
            same = column.how in (How.PATIENT, How.STUDY) and cell == lethes[column.place]
            is_remade = column.how in (How.PATIENT, How.STUDY)
            if not (same if is_remade else cell_fits(column, cell, lethes[column.place])):
                return False
    return all(column.role is not Role.BIRTH_DATE for column in columns)


def test_every_golden_table_leaves_a_transfer_as_lethe_wrote_it(tmp_path: Path) -> None:
    judged = {
        name: goes_through(name, tmp_path / str(number)) for number, name in enumerate(tables())
    }
    assert judged
    assert [name for name, (fits, _) in judged.items() if not fits] == []
    to_the_byte = {name: is_same for name, (_, is_same) in judged.items() if is_same is not None}
    assert to_the_byte
    assert [name for name, is_same in to_the_byte.items() if not is_same] == []

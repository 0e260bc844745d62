"""What is fuzzed: each target takes any bytes and must neither raise nor say what is untrue."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from io import BytesIO
from typing import Final

from tests.fuzz.answers import dataset_answer, stow_answer, xnat_answer
from transfer.deid.model import Method

Target = Callable[[bytes], None]


@contextmanager
def _as_file(data: bytes) -> Iterator[bytes]:
    fd = os.memfd_create("fuzzed")
    try:
        os.write(fd, data)
        yield b"/proc/self/fd/%d" % fd
    finally:
        os.close(fd)


def scan(data: bytes) -> None:
    """Any file: its kind, verdict and reasons; where pydicom reads it, it reads the same."""
    from transfer.scan.facts import FileKind, FileVerdict
    from transfer.scan.inspect import inspect_file
    from transfer.scan.reasons import explain

    with _as_file(data) as path:
        facts = inspect_file(path)
        again = inspect_file(path)
    assert facts == again, "the same file is judged in two ways"
    for reason in facts.reasons:
        explain(reason)
    if facts.kind is not FileKind.INSTANCE:
        assert facts.header is None, "no instance, and a header"
        return
    if facts.header is None or facts.verdict is FileVerdict.REJECT:
        return
    for text in (facts.header.patient_id, facts.header.study_description, facts.header.traits):
        assert text.isprintable() or not any(c < " " for c in text), "a control character is kept"
    # What is reported to a person two parsers may take for different things.
    if facts.verdict is FileVerdict.OK:
        _compare(data, facts.header.sop_instance_uid, facts.header.series_uid)


def _compare(data: bytes, sop_instance_uid: str, series_uid: str) -> None:
    from pydicom import dcmread

    from transfer.scan.text import UID_LIMIT, plain, silent_pydicom

    with silent_pydicom():
        try:
            read = dcmread(BytesIO(data), force=True, stop_before_pixels=True)
            theirs = [read.get_item(tag) for tag in (0x00080018, 0x0020000E)]
        except Exception:  # noqa: BLE001 - what pydicom cannot read is no evidence
            return
    for mine, element in zip((sop_instance_uid, series_uid), theirs, strict=True):
        value = getattr(element, "value", None)
        if isinstance(value, bytes):
            assert mine == plain(value, UID_LIMIT), "pydicom reads another UID"


def deidentify(data: bytes) -> None:
    """Any header: read, rewritten by the profile, put together; stopped or whole, never between."""
    import datetime as dt

    from transfer.deid.header.reading import Unreadable, read_header
    from transfer.deid.look.identifiers import Identifiers
    from transfer.deid.model import Moment
    from transfer.deid.rewrite import Look, Outgoing, rewrite_header

    with _as_file(data) as path:
        fd = os.open(path, os.O_RDONLY)
        try:
            header = read_header(fd, len(data))
        except Unreadable:
            return
        finally:
            os.close(fd)
    moment = Moment(dt.datetime(2026, 1, 1), lambda *_: 1)  # noqa: DTZ001 - CTP writes local time
    made = rewrite_header(header, _method(), moment, Look(Identifiers([])))
    assert not isinstance(made, Outgoing) or made.size_bytes > 0


def volume(data: bytes) -> None:
    """Any NIfTI image: looked through in bounded memory; what leaves is what was digested."""
    import hashlib

    from transfer.volumes.image import BARE_GZIP, look_at_image

    seen = look_at_image(BytesIO(data).read, lambda: None)
    assert all(text.isprintable() for text in seen.texts), "a value is told"
    if seen.problem is None:
        leaves = (BARE_GZIP if seen.head_bytes else b"") + data[seen.head_bytes :]
        assert seen.size_bytes == len(leaves), "another length leaves"
        assert seen.sha256 == hashlib.sha256(leaves).hexdigest(), "other bytes leave"


def dicom_json(data: bytes) -> None:
    """Any JSON: refused, or the same after it was written and read again, and de-identified."""
    import datetime as dt

    from transfer.deid.model import Moment, Rewritten
    from transfer.volumes.dicom_json import NotDicomJson, read_dicom_json, write_dicom_json
    from transfer.volumes.making import header_of
    from transfer.volumes.traits import traits_of

    try:
        dataset = read_dicom_json(data)
    except NotDicomJson:
        return
    traits_of(dataset)
    written = write_dicom_json(dataset)
    assert write_dicom_json(read_dicom_json(written)) == written, "it reads back differently"
    moment = Moment(dt.datetime(2026, 1, 1), lambda *_: 1)  # noqa: DTZ001 - CTP writes local time
    outcome = _method().apply(header_of(dataset, data), moment)
    if isinstance(outcome, Rewritten):
        read_dicom_json(write_dicom_json(outcome.header.dataset))


@cache
def _method() -> Method:
    from transfer.deid.methods import MethodSpec, build_method

    return build_method(MethodSpec("eucaim", key="0" * 33, site_id="SITE"))


def table(data: bytes) -> None:
    """Any file as a clinical table: rows of text, or a problem that has words; twice the same."""
    with _as_file(data) as path:
        _read_twice(path)


def workbook(data: bytes) -> None:
    """Any bytes as the sheet of a workbook that is sound besides."""
    import zipfile

    packed = BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in _sound_workbook().items():
            archive.writestr(name, data if name == _SHEET else content)
    with _as_file(packed.getvalue()) as path:
        _read_twice(path)


_SHEET: Final = "xl/worksheets/sheet1.xml"


@cache
def _sound_workbook() -> dict[str, bytes]:
    import zipfile

    from openpyxl import Workbook

    book, held = Workbook(), BytesIO()
    sheet = book.active
    assert sheet is not None
    for row in (("PatientID", "Age"), ("A", 61.4)):
        sheet.append(row)
    book.save(held)
    with zipfile.ZipFile(held) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    # Spreadsheet programs keep all texts in one place; openpyxl writes them into the sheet.
    where = b"application/vnd.openxmlformats-officedocument.spreadsheetml"
    member = (
        b'<Override PartName="/xl/sharedStrings.xml" ContentType="%s.sharedStrings+xml"/></Types>'
    )
    types = members["[Content_Types].xml"]
    members["[Content_Types].xml"] = types.replace(b"</Types>", member % where)
    members["xl/sharedStrings.xml"] = (
        b'<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
        b"<si><t>A</t></si><si><r><t>B</t></r><r><t>C</t></r></si></sst>"
    )
    return members


def _read_twice(path: bytes) -> None:
    once, again = _read(path), _read(path)
    assert once == again, "the same file is read in two ways"


def _read(path: bytes) -> tuple[object, ...]:
    from pathlib import Path

    from transfer.clinical.notes import CONVERTED, PROBLEMS, WORKBOOK
    from transfer.clinical.reading import TableFile, digest_of, read_table
    from transfer.clinical.rows import MOST_ROWS, TableProblem

    file = TableFile(Path(os.fsdecode(path)))
    rows: list[object] = []
    try:
        found = read_table(file, digest_of(file.path))
        before = 1
        for row in found.rows:
            assert before < row.number <= MOST_ROWS, "rows are not counted"
            assert all(isinstance(cell, str) for cell in row.cells), "a cell is no text"
            before = row.number
            rows.append(row)
    except TableProblem as problem:
        return PROBLEMS[problem.code]
    assert found.notes <= CONVERTED.keys() | WORKBOOK.keys(), "a note without words"
    assert found.headings, "a table without headings"
    return (found.form, found.headings, found.sheet, sorted(found.notes), rows)


TARGETS: Final[dict[str, Target]] = {
    "scan": scan,
    "deidentify": deidentify,
    "volume": volume,
    "dicom-json": dicom_json,
    "table": table,
    "workbook": workbook,
    "stow-answer": stow_answer,
    "xnat-answer": xnat_answer,
    "dataset-answer": dataset_answer,
}

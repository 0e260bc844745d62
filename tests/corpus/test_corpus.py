"""The scanner against folders of real files whose manifest says what each file is.

`$EUCAIM_CORPUS` names the folder; nothing here knows a particular file.
"""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from transfer.scan.facts import FileFacts, FileKind, FileVerdict
from transfer.scan.filemeta import file_meta_prefix
from transfer.scan.inspect import content_digest, inspect_file
from transfer.scan.text import silent_pydicom

pytestmark = pytest.mark.corpus

CORPUS = Path(
    os.environ.get("EUCAIM_CORPUS")
    or Path(__file__).parents[2].parent / "shared" / "data" / "dicom"
)

KIND_OF_FORMAT = {
    "dicom": FileKind.INSTANCE,
    "dicomdir": FileKind.DICOMDIR,
    "gzip-dicom": FileKind.ARCHIVE,
    "nifti-1": FileKind.NIFTI,
    "nifti-2": FileKind.NIFTI,
    "nifti": FileKind.NIFTI,
    "csv": FileKind.TABLE,
    "tsv": FileKind.TABLE,
    "xlsx": FileKind.TABLE,
    "json": FileKind.SIDECAR,
    "zip": FileKind.ARCHIVE,
    "tar": FileKind.ARCHIVE,
    "gzip": FileKind.ARCHIVE,
    "archive": FileKind.ARCHIVE,
    "other": FileKind.OTHER,
}
# Told by the kind, not by a reason.
ROLES = {"sidecar", "clinical-table", "clinical-or-side-table"}
# Not to be known from one file alone, or only by running another program.
BEYOND_ONE_FILE = {"duplicate-identical", "duplicate-uid-other-content", "second-parser-fails"}
# Formats whose reasons are in words of the manifest's own; verdict and kind are compared.
WORDS_OF_ITS_OWN = {"zip", "tar", "gzip", "archive", "nifti", "nifti-1", "nifti-2"}

COLUMNS = {
    "patient_id": "patient_id",
    "study_uid": "study_uid",
    "series_uid": "series_uid",
    "sop_uid": "sop_instance_uid",
    "modality": "modality",
    "manufacturer": "manufacturer",
}


@dataclass(frozen=True)
class Row:
    """One line of the manifest and where its file lies."""

    told: Mapping[str, str]
    path: Path
    part: str

    @property
    def name(self) -> str:
        return self.told["path"]

    @property
    def reasons(self) -> set[str]:
        return {reason for reason in self.told["reasons"].split(";") if reason}

    @property
    def verdict(self) -> str:
        """What one file alone gives away: a warning only about other files is none here."""
        told = self.told["verdict"]
        beyond = bool(self.reasons) and self.reasons <= BEYOND_ONE_FILE
        return "ok" if told == "warning" and beyond else told


@cache
def manifest() -> list[Row]:
    if not (CORPUS / "manifest.csv").is_file():
        pytest.skip("../shared is absent and $EUCAIM_CORPUS is not set")
    import pydicom

    shipped = Path(pydicom.__file__).parent / "data"
    folders = {
        "pydicom:": ("shipped_by_pydicom", shipped / "test_files"),
        "pydicom-charset:": ("shipped_by_pydicom", shipped / "charset_files"),
    }
    rows = []
    with open(CORPUS / "manifest.csv", encoding="utf-8", newline="") as file:
        for told in csv.DictReader(file):
            part, folder, name = "copied_files", CORPUS, told["path"]
            for prefix, (other_part, other_folder) in folders.items():
                if name.startswith(prefix):
                    part, folder, name = other_part, other_folder, name.removeprefix(prefix)
            rows.append(Row(told, folder / name, part))
    assert rows, "an empty manifest judges nothing"
    return rows


@cache
def facts_of(path: Path) -> FileFacts:
    return inspect_file(os.fsencode(path))


def report(title: str, lines: Iterable[tuple[str, ...]]) -> str:
    """All differences at once, one a line."""
    rows = list(lines)
    return "\n".join([f"{len(rows)} files: {title}", *("  " + " | ".join(row) for row in rows)])


def test_every_file_of_the_manifest_is_there() -> None:
    missing = [(row.name,) for row in manifest() if not row.path.is_file()]
    assert not missing, report("missing", missing)


def test_every_file_gets_the_verdict_of_the_manifest() -> None:
    wrong = [
        (row.name, f"ours {facts.verdict}", f"manifest {row.verdict}", ";".join(facts.reasons))
        for row in manifest()
        if (facts := facts_of(row.path)).verdict != row.verdict
    ]
    assert not wrong, report("verdict differs", wrong)


def test_every_file_is_taken_for_what_its_bytes_are() -> None:
    wrong = [
        (row.name, f"ours {facts.kind}", f"manifest {row.told['format']}")
        for row in manifest()
        if (facts := facts_of(row.path)).kind != KIND_OF_FORMAT.get(row.told["format"], facts.kind)
    ]
    assert not wrong, report("kind differs", wrong)


def test_every_reason_that_one_file_gives_away_is_named_and_no_other() -> None:
    wrong = []
    for row in manifest():
        if row.told["format"] in WORDS_OF_ITS_OWN or row.told["format"] not in KIND_OF_FORMAT:
            continue
        ours = set(facts_of(row.path).reasons)
        told = row.reasons - BEYOND_ONE_FILE - ROLES
        if ours != told:
            more, less = ";".join(sorted(ours - told)), ";".join(sorted(told - ours))
            wrong.append((row.name, f"only ours: {more or '-'}", f"only manifest: {less or '-'}"))
    assert not wrong, report("reasons differ", wrong)


def test_every_header_has_the_attributes_of_the_manifest() -> None:
    wrong = []
    for row in manifest():
        header = facts_of(row.path).header
        if header is None:
            continue
        for column, attribute in COLUMNS.items():
            ours, told = getattr(header, attribute), row.told[column].strip()
            if ours != told:
                wrong.append((row.name, attribute, f"ours {ours!r}", f"manifest {told!r}"))
    assert not wrong, report("attributes differ", wrong)


def total(part: str) -> dict[str, int]:
    """The counts of expected.json, by our own reading of the files of one part."""
    first: dict[str, Path] = {}
    patients, studies, series = set(), set(), set()
    counts = dict.fromkeys(
        ("instances", "rejected", "rejected_all", "instances_without_patient_id",
         "duplicates_identical", "duplicates_other_content"), 0,
    )  # fmt: skip
    for row in manifest():
        facts = facts_of(row.path)
        if row.part != part:
            continue
        if facts.verdict is FileVerdict.REJECT:
            counts["rejected_all"] += 1
            counts["rejected"] += facts.kind is FileKind.INSTANCE
        if facts.verdict is FileVerdict.REJECT or facts.header is None:
            continue
        uid = facts.header.sop_instance_uid
        if uid in first:
            same = content_digest(str(row.path)) == content_digest(str(first[uid]))
            counts["duplicates_identical" if same else "duplicates_other_content"] += 1
            continue
        first[uid] = row.path
        counts["instances"] += 1
        counts["instances_without_patient_id"] += not facts.header.patient_id
        patients.add(facts.header.patient_id)
        studies.add(facts.header.study_uid)
        series.add(facts.header.series_uid)
    counts |= {"patients": len(patients - {""}), "studies": len(studies), "series": len(series)}
    return counts


@pytest.mark.parametrize("part", ["copied_files", "shipped_by_pydicom"])
def test_the_totals_are_those_of_expected_json(part: str) -> None:
    rows = [row for row in manifest() if row.part == part]
    if not (CORPUS / "expected.json").is_file():
        pytest.skip("this corpus has no expected.json")
    told: dict[str, Any] = json.loads((CORPUS / "expected.json").read_text()).get(part, {})
    if not rows or not told:
        pytest.skip(f"this corpus has no {part}")
    expected = {**told.get("dicom", {}), "rejected_all": told.get("rejected_all")}
    ours = total(part)
    assert {key: ours[key] for key in ours if expected.get(key) is not None} == {
        key: expected[key] for key in ours if expected.get(key) is not None
    }


def test_a_file_without_file_meta_reads_the_same_behind_our_prefix() -> None:
    """Element by element, as a parser reads the bare file when forced to."""
    import pydicom

    bare = [
        (row, facts.header)
        for row in manifest()
        if (facts := facts_of(row.path)).header is not None
        and facts.verdict is not FileVerdict.REJECT
        and not facts.header.has_part10
    ]
    if not bare:
        pytest.skip("every file of this corpus has its file meta")
    wrong = []
    for row, header in bare:
        assert header is not None
        body = row.path.read_bytes()[header.body_offset :]
        with silent_pydicom():
            whole = pydicom.dcmread(BytesIO(file_meta_prefix(header) + body))
            forced = pydicom.dcmread(row.path, force=True)
            if whole != forced or whole.file_meta.TransferSyntaxUID != header.transfer_syntax_uid:
                wrong.append((row.name, header.transfer_syntax_uid))
    assert not wrong, report("data sets differ behind our prefix", wrong)

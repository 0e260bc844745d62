"""The synthetic cohort: reproducible, valid, and honest about what was planted in it."""

from __future__ import annotations

import csv
import hashlib
import json
from pathlib import Path

import pytest
from pydicom import dcmread

from adapters.sandbox.synth import CohortSummary, write_cohort
from transfer.errors import UsageError


def _digests(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.fixture(scope="module")
def cohort(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, CohortSummary]:
    """Six patients, small, with a tenth of the slices."""
    folder = tmp_path_factory.mktemp("cohort")
    return folder, write_cohort(folder, patients=6, seed=7, scale="small", slices=0.1)


Cohort = tuple[Path, CohortSummary]


def test_the_same_seed_gives_the_same_bytes(cohort: Cohort, tmp_path: Path) -> None:
    write_cohort(tmp_path, patients=6, seed=7, scale="small", slices=0.1)
    assert _digests(tmp_path) == _digests(cohort[0])


def test_another_seed_shares_no_file_of_images(cohort: Cohort, tmp_path: Path) -> None:
    write_cohort(tmp_path, patients=2, seed=8, scale="small", slices=0.1)
    written = {d for name, d in _digests(tmp_path).items() if name.endswith(".dcm")}
    assert written
    assert written.isdisjoint(_digests(cohort[0]).values())


def test_every_planted_value_is_found_in_the_files(cohort: Cohort) -> None:
    folder, _ = cohort
    planted = json.loads((folder / "planted.json").read_text("utf-8"))
    names = "\n".join(str(p.relative_to(folder)) for p in folder.rglob("*"))
    haystack = names.encode() + b"".join(
        p.read_bytes() for p in folder.rglob("*") if p.is_file() and p.name != "planted.json"
    )
    assert len(planted["values"]) > 60
    missing = [
        value
        for value in planted["values"]
        if value.encode() not in haystack and value.encode("latin-1", "ignore") not in haystack
    ]
    assert missing == []


def test_the_flat_list_holds_each_patients_values_once(cohort: Cohort) -> None:
    planted = json.loads((cohort[0] / "planted.json").read_text("utf-8"))
    assert [patient["row"] for patient in planted["patients"]] == [1, 2, 3, 4, 5, 6]
    values = {i["value"] for patient in planted["patients"] for i in patient["identifiers"]}
    assert sorted(values) == sorted(planted["values"])
    assert min(len(value) for value in values) >= 6


def test_identifiers_are_planted_in_every_kind_of_place(cohort: Cohort) -> None:
    planted = json.loads((cohort[0] / "planted.json").read_text("utf-8"))
    places = {i["where"] for patient in planted["patients"] for i in patient["identifiers"]}
    assert places >= {
        "PatientName",
        "StudyDescription",
        "ImageComments",
        "RequestAttributesSequence.RequestedProcedureDescription",
        "OriginalAttributesSequence.ModifiedAttributesSequence.PatientID",
        "private SIEMENS CSA HEADER",
        "private GEMS_PATI_01",
        "private SAN FERMIN PACS 2.PatientName",
        "ContentSequence.TextValue",
        "folder name",
        "clinical.csv",
    }


def test_every_image_is_valid_and_counted(cohort: Cohort) -> None:
    folder, summary = cohort
    files = sorted((folder / "images").rglob("*.dcm"))
    uids: set[str] = set()
    for file in files:
        read = dcmread(file)
        assert read.file_meta.MediaStorageSOPInstanceUID == read.SOPInstanceUID
        if "PixelData" in read:
            assert read.pixel_array.any()
        uids.add(read.SOPInstanceUID)
    assert len(uids) == len(files) == summary.instances
    assert sum(file.stat().st_size for file in files) == summary.size_bytes


def test_all_modalities_are_there_and_both_ways_to_write_vrs(cohort: Cohort) -> None:
    heads = [dcmread(f, stop_before_pixels=True) for f in cohort[0].rglob("*.dcm")]
    assert {h.Modality for h in heads} == {"CT", "MR", "PT", "MG", "SEG", "SR"}
    assert {h.file_meta.TransferSyntaxUID.name for h in heads} == {
        "Explicit VR Little Endian",
        "Implicit VR Little Endian",
    }
    assert {h.SpecificCharacterSet for h in heads} == {"ISO_IR 100", "ISO_IR 192"}


def test_the_table_has_one_row_for_each_patient_of_the_images(cohort: Cohort) -> None:
    folder, summary = cohort
    with (folder / "clinical.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    heads = [dcmread(f, stop_before_pixels=True) for f in folder.rglob("*.dcm")]
    assert next(iter(rows[0])) == "PatientID"
    assert len(rows) == summary.patients == 6
    sexes = {row["PatientID"]: row["Sex"][0] for row in rows}
    assert sexes == {h.PatientID: h.PatientSex for h in heads}


def test_progress_ends_at_the_number_of_instances(tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    summary = write_cohort(
        tmp_path,
        patients=3,
        seed=1,
        scale="small",
        slices=0.1,
        on_progress=lambda done, total: seen.append((done, total)),
    )
    assert seen[-1] == (summary.instances, summary.instances)


def test_a_folder_in_use_is_refused(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine", "utf-8")
    with pytest.raises(UsageError, match="not empty"):
        write_cohort(tmp_path, patients=1, seed=1)
    assert [p.name for p in tmp_path.iterdir()] == ["mine.txt"]

"""NII-01 to NII-05: one fault planted beside a clean cohort, and nothing else is found."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.quality.cohort import AS_IS, clean_images, findings_of, told, write_images
from tests.scan.niftis import dicom_json, nifti, nifti_2, packed
from transfer.ledger.connection import Ledger
from transfer.ledger.findings import Finding
from transfer.ledger.waivers import ALL, waive
from transfer.quality.rule import Circumstances
from transfer.volumes.look import look_at_volumes
from transfer.volumes.making import make_volumes

KEY = "F10"
"""The image of the volume, behind the eight instances and its JSON."""


def found(
    folder: Path,
    image: bytes | None = None,
    said: bytes | None = None,
    *,
    name: str = "volume.nii.gz",
    json_name: str = "volume.json",
    circumstances: Circumstances = AS_IS,
    word: bool = False,
) -> list[Finding]:
    """What the rules say of the clean cohort with one volume beside it."""
    source = folder / "source"
    write_images(source, clean_images())
    at = source / "9"
    at.mkdir()
    (at / name).write_bytes(packed(nifti()) if image is None else image)
    if said != b"":
        (at / json_name).write_bytes(dicom_json() if said is None else said)

    def before(ledger: Ledger) -> None:
        if word:
            waive(ledger, "DID-02", ALL, "Dr Data", "they are")
        look_at_volumes(ledger, lambda: False)
        make_volumes(ledger, None, lambda: False)

    return findings_of(source, folder / "home", circumstances, before=before)


@pytest.mark.parametrize(
    ("name", "image"),
    [
        ("volume.nii.gz", packed(nifti())),
        ("volume.nii", nifti()),
        ("volume.nii", nifti_2()),
        ("volume.nii.gz", packed(nifti(), name=b"Doe_Jane.nii")),
    ],
)
def test_a_clean_volume_gives_no_finding(tmp_path: Path, name: str, image: bytes) -> None:
    """A name in the gzip header is none: it stays here whatever happens."""
    json_name = f"{name.partition('.')[0]}.json"
    assert found(tmp_path, image, name=name, json_name=json_name) == []


def test_nii_01_an_image_without_json(tmp_path: Path) -> None:
    findings = found(tmp_path, said=b"")
    assert told(findings) == [("NII-01", "F9", "block")]
    assert "PS3.18 annex F" in findings[0].remedy


def test_nii_01_a_bids_sidecar_is_no_dicom_json(tmp_path: Path) -> None:
    findings = found(tmp_path, said=b'{"Modality": "CT", "EchoTime": 0.05}')
    assert told(findings) == [("NII-01", KEY, "block")]
    assert "A BIDS sidecar is none." in findings[0].remedy


@pytest.mark.parametrize(
    "said", [b'{"00080060": "CT"}', b"[" + dicom_json() + b"," + dicom_json() + b"]"]
)
def test_nii_01_json_that_is_not_of_that_form(tmp_path: Path, said: bytes) -> None:
    assert [f.rule for f in found(tmp_path, said=said)] == ["NII-01"]


@pytest.mark.parametrize(
    ("tag", "name"),
    [
        ("00100020", "Patient ID (0010,0020)"),
        ("00080060", "Modality (0008,0060)"),
        ("00180015", "Body Part Examined (0018,0015)"),
        ("00080070", "Manufacturer (0008,0070)"),
        ("00080022", "Acquisition Date (0008,0022)"),
    ],
)
def test_nii_02_an_attribute_that_is_missing(tmp_path: Path, tag: str, name: str) -> None:
    findings = found(tmp_path, said=dicom_json(tag))
    assert told(findings) == [("NII-02", KEY, "block")]
    assert findings[0].message == f"{name} is missing in the JSON of a NIfTI image."


def test_nii_02_a_word_that_means_nothing_is_missing_too(tmp_path: Path) -> None:
    said = dicom_json(t00080070=("LO", "unknown"))
    assert [f.rule for f in found(tmp_path, said=said)] == ["NII-02"]


@pytest.mark.parametrize("day", ["20240231", "2024", "29990101", "31.01.2024"])
def test_nii_02_a_date_that_cannot_be(tmp_path: Path, day: str) -> None:
    said = dicom_json(t00080022=("DA", day))
    assert [f.rule for f in found(tmp_path, said=said)] == ["NII-02"]


@pytest.mark.parametrize("field", ["descrip", "aux_file", "intent_name", "db_name"])
def test_nii_03_text_in_the_header(tmp_path: Path, field: str) -> None:
    findings = found(tmp_path, packed(nifti(texts={field: b"Doe^Jane"})))
    assert told(findings) == [("NII-03", KEY, "block")]
    assert findings[0].message == f"Free text in the NIfTI image: {field}."


def test_nii_03_text_in_an_extension(tmp_path: Path) -> None:
    findings = found(tmp_path, packed(nifti(extension=(6, b"Doe^Jane"))))
    assert [f.rule for f in findings] == ["NII-03"]
    assert "Jane" not in findings[0].message


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (dicom_json("00120062"), "Patient Identity Removed (0012,0062)"),
        (dicom_json(t00120062=("CS", "NO")), "Patient Identity Removed (0012,0062)"),
        (dicom_json("00120063"), "Patient Identity Removed (0012,0062)"),
        (dicom_json(t00091001=("LO", "x")), "Private groups in its JSON: 0009."),
        (dicom_json(t00100010=("PN", "Doe^Jane")), "the patient's name"),
        (dicom_json(t00100030=("DA", "19500412")), "the patient's birth date"),
        (dicom_json(t00101040=("LO", "Oak Lane")), "the patient's address"),
    ],
)
def test_nii_03_json_that_is_not_deidentified(tmp_path: Path, said: bytes, words: str) -> None:
    findings = found(tmp_path, said=said)
    assert told(findings) == [("NII-03", KEY, "block")]
    assert words in findings[0].message
    assert "Jane" not in findings[0].message


def test_nii_03_a_name_that_is_the_pseudonym_tells_nothing(tmp_path: Path) -> None:
    said = dicom_json(t00100010=("PN", "ABC-000103^Anonymous"))
    assert found(tmp_path, said=said) == []


def test_nii_03_a_person_who_answered_for_the_mark_answered_for_it_here(tmp_path: Path) -> None:
    assert found(tmp_path, said=dicom_json("00120062"), word=True) == []


def test_nii_03_nobody_asks_for_a_mark_where_the_node_does_not(tmp_path: Path) -> None:
    now = Circumstances(today=AS_IS.today, requires_deidentified=False)
    assert found(tmp_path, said=dicom_json("00120062"), circumstances=now) == []


@pytest.mark.parametrize(
    "image",
    [
        packed(nifti())[:-1],
        packed(nifti())[:-8] + bytes(4) + packed(nifti())[-4:],
        packed(nifti(affine=float("nan"))),
        packed(nifti(dims=(3, 2, 0, 3, 1, 1, 1, 1))),
        packed(nifti(voxels=b"\1")),
    ],
)
def test_nii_04_an_image_that_does_not_open(tmp_path: Path, image: bytes) -> None:
    findings = found(tmp_path, image)
    assert told(findings) == [("NII-04", KEY, "block")]


def test_nii_04_a_pair_of_files_is_one_finding(tmp_path: Path) -> None:
    source = tmp_path / "source" / "9"
    source.mkdir(parents=True)
    (source / "volume.img").write_bytes(bytes(24))
    findings = found_pair(tmp_path)
    assert [f.rule for f in findings] == ["NII-04"]
    assert "Convert it to one .nii.gz file." in findings[0].remedy


def found_pair(folder: Path) -> list[Finding]:
    source = folder / "source"
    write_images(source, clean_images())
    (source / "9" / "volume.hdr").write_bytes(nifti(magic=b"ni1\0", voxels=b""))
    (source / "9" / "volume.json").write_bytes(dicom_json())

    def before(ledger: Ledger) -> None:
        look_at_volumes(ledger, lambda: False)

    return findings_of(source, folder / "home", before=before)


@pytest.mark.parametrize("part", ["HEAD", "BRAIN", "NECK", "Skull"])
def test_nii_05_a_head_asks_for_its_face(tmp_path: Path, part: str) -> None:
    findings = found(tmp_path, said=dicom_json(t00180015=("CS", part)))
    assert told(findings) == [("NII-05", KEY, "ask")]


def test_under_the_gate_integrity_nothing_of_it_stops_a_transfer(tmp_path: Path) -> None:
    now = Circumstances(today=AS_IS.today, gate="integrity")
    findings = found(tmp_path, packed(nifti(descrip=b"x")), b'{"a": 1}', circumstances=now)
    assert {(f.rule, f.severity) for f in findings} == {("NII-01", "warn"), ("NII-03", "warn")}

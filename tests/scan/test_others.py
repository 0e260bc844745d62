"""Files that are no DICOM instance, names that belie, and what the operator is told."""

from __future__ import annotations

import gzip
import io
import json
import os
import struct
import tarfile
import zipfile
from pathlib import Path

import pytest
from pydicom.dataset import Dataset

from tests.scan import files
from tests.scan.files import inspect, put
from transfer.scan.facts import FileKind, FileVerdict
from transfer.scan.inspect import content_digest, inspect_file
from transfer.scan.reasons import Reason, explain, is_quiet


def test_a_dicomdir_is_an_index_and_quiet(tmp_path: Path) -> None:
    made = Dataset()
    made.SOPClassUID = "1.2.840.10008.1.3.10"
    facts = inspect(tmp_path, files.part10(made), "DICOMDIR")
    assert facts.kind is FileKind.DICOMDIR
    assert facts.reasons == ("dicomdir-index-not-an-instance",)
    assert facts.header is None
    assert is_quiet(facts, "DICOMDIR")


@pytest.mark.parametrize("name", ["scan.jpg", "scan.txt", "scan.nii", "scan.csv", "scan.gz"])
def test_dicom_under_another_formats_name_is_a_warning(tmp_path: Path, name: str) -> None:
    facts = inspect(tmp_path, files.part10(files.image()), name)
    assert facts.kind is FileKind.INSTANCE
    assert facts.reasons == ("content-differs-from-extension",)


@pytest.mark.parametrize("name", ["a.dcm", "a.DCM", "a.ima", "a.seg", "1.2.3.4", "a", "a.001"])
def test_dicom_under_a_usual_name_is_no_warning(tmp_path: Path, name: str) -> None:
    assert inspect(tmp_path, files.part10(files.image()), name).verdict is FileVerdict.OK


PNG = b"\x89PNG\r\n\x1a\n" + bytes(100)


def test_a_picture_named_dcm_is_a_loud_reject(tmp_path: Path) -> None:
    facts = inspect(tmp_path, PNG, "a.dcm")
    assert (facts.kind, facts.reasons) == (FileKind.OTHER, ("not-dicom",))
    assert not is_quiet(facts, "a.dcm")


@pytest.mark.parametrize(
    "name", [".DS_Store", "Thumbs.db", "README", "readme.txt", "report.pdf", "._IM0001.dcm"]
)
def test_housekeeping_files_are_quiet_rejects(tmp_path: Path, name: str) -> None:
    facts = inspect(tmp_path, b"\0\0\0\1Bud1 nothing of ours", name)
    assert facts.reasons == ("not-dicom",)
    assert is_quiet(facts, b"/somewhere/" + name.encode())


@pytest.mark.parametrize("name", ["a.dcm", "IM0001", "a.nrrd", "a.png", "1.2.3"])
def test_what_might_have_been_an_image_is_a_loud_reject(tmp_path: Path, name: str) -> None:
    assert not is_quiet(inspect(tmp_path, b"nothing of ours", name), name)


def test_a_damaged_image_is_loud_whatever_its_name(tmp_path: Path) -> None:
    facts = inspect(tmp_path, files.part10(files.image())[:-1], "readme.txt")
    assert not is_quiet(facts, "readme.txt")


def nifti(magic: bytes = b"n+1\0", voxels: bytes = bytes(24)) -> bytes:
    head = bytearray(348)
    struct.pack_into("<i", head, 0, 348)
    struct.pack_into("<8h", head, 40, 3, 2, 2, 3, 1, 1, 1, 1)
    struct.pack_into("<h", head, 72, 16)
    struct.pack_into("<f", head, 108, 352.0)
    head[344:348] = magic
    return bytes(head) + bytes(4) + voxels


def test_nifti_is_recognised_packed_or_not(tmp_path: Path) -> None:
    for name, content in (("a.nii", nifti()), ("a.nii.gz", gzip.compress(nifti()))):
        facts = inspect(tmp_path, content, name)
        assert (facts.kind, facts.verdict) == (FileKind.NIFTI, FileVerdict.OK)


def test_a_cut_nifti_is_rejected_packed_or_not(tmp_path: Path) -> None:
    cut = nifti(voxels=bytes(20))
    for name, content in (("a.nii", cut), ("a.nii.gz", gzip.compress(cut))):
        assert inspect(tmp_path, content, name).reasons == ("nifti-image-too-short",)


def test_a_nifti_header_alone_is_a_warning_until_its_image_is_beside_it(tmp_path: Path) -> None:
    head = nifti(b"ni1\0", b"")
    assert inspect(tmp_path, head, "a.hdr").reasons == ("nifti-header-without-image",)
    image = inspect(tmp_path, bytes(24), "a.img")
    assert (image.kind, image.verdict) == (FileKind.NIFTI, FileVerdict.OK)
    assert inspect_file(str(tmp_path / "a.hdr")).verdict is FileVerdict.OK


def test_an_image_half_without_nifti_header_is_rejected(tmp_path: Path) -> None:
    assert inspect(tmp_path, bytes(24), "a.img").reasons == ("not-dicom",)


def test_a_pipe_in_the_place_of_a_nifti_header_holds_nobody(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.hdr")
    assert inspect(tmp_path, bytes(24), "a.img").reasons == ("not-dicom",)


def zipped(members: dict[str, bytes]) -> bytes:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return written.getvalue()


def test_archives_are_a_warning(tmp_path: Path) -> None:
    tar = io.BytesIO()
    with tarfile.open(fileobj=tar, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("a.dcm"))
    for name, content, reason in (
        ("a.zip", zipped({"a.dcm": files.part10(files.image())}), "archive"),
        ("a.tar", tar.getvalue(), "archive"),
        ("a.tgz", gzip.compress(tar.getvalue()), "archive-compressed"),
        ("a.7z", b"7z\xbc\xaf\x27\x1c" + bytes(30), "archive-compressed"),
    ):
        facts = inspect(tmp_path, content, name)
        assert (facts.kind, facts.verdict) == (FileKind.ARCHIVE, FileVerdict.WARNING), name
        assert facts.reasons == (reason,)


def test_a_gzipped_image_is_rejected_by_name(tmp_path: Path) -> None:
    facts = inspect(tmp_path, gzip.compress(files.part10(files.image())), "a.dcm.gz")
    assert (facts.verdict, facts.reasons) == (FileVerdict.REJECT, ("gzip-compressed-dicom",))


def test_tables_and_sidecars_go_on(tmp_path: Path) -> None:
    for name, content, kind in (
        ("a.csv", b"id,age\n1,45.5\n", FileKind.TABLE),
        ("a.tsv", "id\tNäme\n".encode("utf-16"), FileKind.TABLE),
        ("a.xlsx", zipped({"xl/workbook.xml": b"<workbook/>"}), FileKind.TABLE),
        ("a.json", json.dumps({"EchoTime": 0.03}).encode(), FileKind.SIDECAR),
    ):
        facts = inspect(tmp_path, content, name)
        assert (facts.kind, facts.verdict) == (kind, FileVerdict.OK), name


def test_tables_and_sidecars_that_are_none_are_rejected(tmp_path: Path) -> None:
    for name, content in (
        ("a.csv", b"\x7fELF\0\0\0\0"),
        ("a.json", b"{not json"),
        ("a.json", b"[" * 100_000),
        ("a.docx", zipped({"[Content_Types].xml": b"", "word/document.xml": b""})),
    ):
        assert inspect(tmp_path, content, name).reasons == ("not-dicom",), name


def test_every_reason_has_a_sentence_that_ends_with_what_to_do() -> None:
    assert len(Reason) > 30
    for reason in Reason:
        sentence = explain(reason)
        assert sentence.endswith(".")
        assert sentence.count(".") >= 2, reason


def test_the_digest_is_that_of_the_bytes(tmp_path: Path) -> None:
    path = put(tmp_path, b"abc")
    assert content_digest(str(path)) == (
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    )

"""What the scanner says of an instance: identifiers, frame, encoding, text."""

from __future__ import annotations

import io
import struct
from pathlib import Path

import pydicom
import pytest
from pydicom.uid import DeflatedExplicitVRLittleEndian, ExplicitVRBigEndian, ImplicitVRLittleEndian

from tests.scan import files
from tests.scan.files import inspect
from transfer.scan.facts import FileKind, FileVerdict
from transfer.scan.filemeta import file_meta_prefix


def test_a_complete_image_is_accepted_with_its_header(tmp_path: Path) -> None:
    made = files.image()
    made.PatientIdentityRemoved = "YES"
    facts = inspect(tmp_path, files.part10(made))
    assert (facts.kind, facts.verdict, facts.reasons) == (FileKind.INSTANCE, FileVerdict.OK, ())
    header = facts.header
    assert header is not None
    assert header.sop_instance_uid == "1.2.3.4"
    assert header.sop_class_uid == files.CT
    assert header.study_uid == "1.2.3"
    assert header.series_uid == "1.2.3.1"
    assert header.patient_id == "P1"
    assert header.patient_name == "Doe^Jane"
    assert header.transfer_syntax_uid == "1.2.840.10008.1.2.1"
    assert header.modality == "CT"
    assert header.manufacturer == "Maker"
    assert header.study_date == "20240131"
    assert header.study_description == "Thorax"
    assert header.series_number == "7"
    assert header.series_description == "Lung"
    assert header.body_part == "CHEST"
    assert header.patient_identity_removed
    assert header.number_of_frames == 1
    assert (header.has_part10, header.body_offset) == (True, 0)


@pytest.mark.parametrize(
    "syntax", [ImplicitVRLittleEndian, ExplicitVRBigEndian, DeflatedExplicitVRLittleEndian]
)
def test_every_uncompressed_transfer_syntax_is_read(tmp_path: Path, syntax: str) -> None:
    facts = inspect(tmp_path, files.part10(files.image(), syntax))
    assert facts.verdict is FileVerdict.OK
    assert facts.header is not None
    assert facts.header.series_number == "7"


@pytest.mark.parametrize(
    ("keyword", "reason"),
    [
        ("SOPClassUID", "missing-sop-class"),
        ("SOPInstanceUID", "missing-sop-uid"),
        ("StudyInstanceUID", "missing-study-uid"),
        ("SeriesInstanceUID", "missing-series-uid"),
    ],
)
def test_an_instance_without_a_uid_is_rejected(tmp_path: Path, keyword: str, reason: str) -> None:
    facts = inspect(tmp_path, files.part10(files.without(keyword)))
    assert (facts.verdict, facts.reasons) == (FileVerdict.REJECT, (reason,))


@pytest.mark.parametrize(
    ("keyword", "reason"),
    [
        ("PatientID", "missing-patient-id"),
        ("Modality", "missing-modality"),
        ("PixelData", "no-pixel-data"),
    ],
)
def test_an_instance_that_lacks_less_is_a_warning(
    tmp_path: Path, keyword: str, reason: str
) -> None:
    facts = inspect(tmp_path, files.part10(files.without(keyword)))
    assert (facts.verdict, facts.reasons) == (FileVerdict.WARNING, (reason,))


def test_an_empty_patient_id_is_a_missing_one(tmp_path: Path) -> None:
    made = files.image()
    made.PatientID = "  "
    assert inspect(tmp_path, files.part10(made)).reasons == ("missing-patient-id",)


def test_an_object_that_describes_no_image_needs_no_pixels(tmp_path: Path) -> None:
    made = files.without("PixelData", "Rows", "Columns", "BitsAllocated")
    made.SOPClassUID = "1.2.840.10008.5.1.4.1.1.88.33"
    assert inspect(tmp_path, files.part10(made)).verdict is FileVerdict.OK


@pytest.mark.parametrize("uid", ["1.2.03", "1..2", "1.2.", "abc", "1." + "2" * 63])
def test_an_ill_formed_uid_is_a_warning(tmp_path: Path, uid: str) -> None:
    body = files.short(0x0020000D, b"UI", uid.encode() + b"\0" * (len(uid) % 2))
    whole = files.bare(files.without("StudyInstanceUID"))
    at = whole.index(files.short(0x0020000E, b"UI", b"1.2.3.1\0"))
    facts = inspect(tmp_path, files.frame() + whole[:at] + body + whole[at:])
    assert facts.reasons == ("invalid-study-uid",)
    assert facts.header is not None
    assert facts.header.study_uid == uid


def test_a_file_meta_that_names_another_instance_is_a_warning(tmp_path: Path) -> None:
    content = files.part10(files.image()).replace(b"1.2.3.4\0", b"1.2.3.9\0", 1)
    assert inspect(tmp_path, content).reasons == ("file-meta-sop-uid-differs",)


BARE = [(False, True, "1.2.840.10008.1.2.1"), (False, False, "1.2.840.10008.1.2.2")]


@pytest.mark.parametrize(
    ("implicit", "little", "syntax"), [*BARE, (True, True, "1.2.840.10008.1.2")]
)
def test_a_bare_data_set_is_recognised_and_reads_the_same_behind_our_prefix(
    tmp_path: Path, implicit: bool, little: bool, syntax: str
) -> None:
    content = files.bare(files.image(), implicit=implicit, little=little)
    facts = inspect(tmp_path, content)
    assert facts.verdict is FileVerdict.WARNING
    assert set(facts.reasons) == {"no-preamble", "no-transfer-syntax"}
    header = facts.header
    assert header is not None
    assert (header.has_part10, header.body_offset) == (False, 0)
    assert header.transfer_syntax_uid == syntax
    again = pydicom.dcmread(io.BytesIO(file_meta_prefix(header) + content))
    assert again == files.image()
    assert again.file_meta.TransferSyntaxUID == syntax
    assert again.file_meta.MediaStorageSOPInstanceUID == "1.2.3.4"
    assert again.file_meta.ImplementationVersionName == "EUCAIMTRANSFER"


def test_a_bare_data_set_may_begin_with_a_sequence(tmp_path: Path) -> None:
    sequence = files.long(0x00080006, b"SQ", files.SEQUENCE_END, files.UNDEFINED)
    charset = files.short(0x00080005, b"CS", b"ISO_IR 100")
    facts = inspect(tmp_path, charset + sequence + files.bare(files.image()))
    assert set(facts.reasons) == {"no-preamble", "no-transfer-syntax"}


def test_a_file_without_preamble_keeps_the_transfer_syntax_of_its_file_meta(
    tmp_path: Path,
) -> None:
    content = files.part10(files.image(), ImplicitVRLittleEndian)[132:]
    facts = inspect(tmp_path, content)
    assert facts.reasons == ("no-preamble",)
    assert facts.header is not None
    assert facts.header.transfer_syntax_uid == "1.2.840.10008.1.2"
    body = content[facts.header.body_offset :]
    assert pydicom.dcmread(io.BytesIO(file_meta_prefix(facts.header) + body)) == files.image()


def test_a_file_meta_without_transfer_syntax_is_replaced(tmp_path: Path) -> None:
    meta = files.short(0x00020003, b"UI", b"1.2.3.4\0")
    meta = files.short(0x00020000, b"UL", struct.pack("<L", len(meta))) + meta
    content = bytes(128) + b"DICM" + meta + files.bare(files.image())
    facts = inspect(tmp_path, content)
    assert facts.reasons == ("no-transfer-syntax",)
    assert facts.header is not None
    assert (facts.header.has_part10, facts.header.body_offset) == (False, 132 + len(meta))


def test_a_bare_compressed_image_is_rejected_since_nothing_names_the_compression(
    tmp_path: Path,
) -> None:
    pixels = files.long(0x7FE00010, b"OB", files.item(b"") + files.SEQUENCE_END, files.UNDEFINED)
    facts = inspect(tmp_path, files.bare(files.without("PixelData")) + pixels)
    assert facts.reasons[0] == "compression-unknown"
    assert facts.verdict is FileVerdict.REJECT


def test_a_dicm_mark_with_nothing_readable_behind_it_is_rejected(tmp_path: Path) -> None:
    facts = inspect(tmp_path, bytes(128) + b"DICM" + b"and then some text" * 10)
    assert (facts.kind, facts.verdict) == (FileKind.INSTANCE, FileVerdict.REJECT)
    assert facts.reasons[0] == "header-cut-or-unreadable"


def test_a_data_set_that_is_not_encoded_as_it_says_is_a_warning(tmp_path: Path) -> None:
    content = files.frame() + files.bare(files.image(), implicit=True)
    facts = inspect(tmp_path, content)
    assert facts.reasons == ("encoding-differs-from-transfer-syntax",)
    assert facts.header is not None
    assert facts.header.patient_id == "P1"


def test_control_and_direction_characters_never_reach_a_value(tmp_path: Path) -> None:
    content = files.frame() + files.bare(files.image())
    content = content.replace(b"Doe^Jane", b"D\x1b[31m\n\x07")
    facts = inspect(tmp_path, content)
    assert facts.header is not None
    assert facts.header.patient_name == "D�[31m��"
    made = files.image()
    made.SpecificCharacterSet = "ISO_IR 192"
    made.SeriesDescription = "a\u202eb\u2028c"
    facts = inspect(tmp_path, files.part10(made))
    assert facts.header is not None
    assert facts.header.series_description == "a�b�c"


def test_undecodable_characters_are_replaced_without_a_word(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    made = files.image()
    made.SpecificCharacterSet = "ISO_IR 192"
    content = files.part10(made).replace(b"Doe^Jane", b"D\xf6e^Jane")
    facts = inspect(tmp_path, content)
    assert facts.header is not None
    assert facts.header.patient_name == "D�e^Jane"
    assert capfd.readouterr() == ("", "")


def test_a_character_set_nobody_knows_is_survived(tmp_path: Path) -> None:
    content = files.bare(files.image()).replace(b"Doe^Jane", b"D\xf6e^Jane")
    charset = files.short(0x00080005, b"CS", b"ISO_IR 9")
    facts = inspect(tmp_path, files.frame() + charset + content)
    assert facts.header is not None
    assert facts.header.patient_name.endswith("e^Jane")


def test_names_beyond_ascii_are_decoded(tmp_path: Path) -> None:
    made = files.image()
    made.SpecificCharacterSet = ["", "ISO 2022 IR 87"]
    made.PatientName = "Yamada^Tarou=山田^太郎"
    facts = inspect(tmp_path, files.part10(made))
    assert facts.header is not None
    assert facts.header.patient_name == "Yamada^Tarou=山田^太郎"

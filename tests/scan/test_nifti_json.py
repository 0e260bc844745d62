"""DICOM JSON as it comes from outside: what is taken, what is refused, and that nothing is lost."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.scan.niftis import ATTRIBUTES, dicom_json
from transfer.volumes.dicom_json import NotDicomJson, read_dicom_json, write_dicom_json

EVERY_FORM: dict[str, Any] = {
    "00080005": {"vr": "CS", "Value": ["ISO_IR 192"]},
    "00080008": {"vr": "CS", "Value": ["ORIGINAL", None, "AXIAL"]},
    "00081140": {"vr": "SQ", "Value": [{"00081155": {"vr": "UI", "Value": ["1.2.3"]}}, {}]},
    "00090010": {"vr": "LO", "Value": ["MAKER"]},
    "00091001": {"vr": "UN", "InlineBinary": "AAEC"},
    "00100010": {"vr": "PN", "Value": [{"Alphabetic": "Müller^Änne", "Phonetic": "M"}]},
    "00100030": {"vr": "DA"},
    "00104000": {"vr": "LT", "Value": ["a\\b\nc"]},
    "00180050": {"vr": "DS", "Value": [1.5, 2]},
    "00181310": {"vr": "US", "Value": [0, 256, 0, 65535]},
    "00189087": {"vr": "FD", "Value": [0.1, "NaN", "-inf"]},
    "00200013": {"vr": "IS", "Value": [-7]},
    "00280009": {"vr": "AT", "Value": ["00181063"]},
}


def refused(content: bytes) -> str:
    with pytest.raises(NotDicomJson) as caught:
        read_dicom_json(content)
    return caught.value.problem.value


def test_every_form_of_value_comes_back_as_it_was() -> None:
    written = write_dicom_json(read_dicom_json(json.dumps(EVERY_FORM).encode()))
    assert json.loads(written) == EVERY_FORM


def test_a_character_set_of_the_former_header_is_put_right() -> None:
    """Whoever made JSON of a Latin-1 header may have left the term; the texts are UTF-8 now."""
    said = {
        "00080005": {"vr": "CS", "Value": ["ISO_IR 100"]},
        "00100010": {"vr": "PN", "Value": [{"Alphabetic": "Müller"}]},
    }
    written = json.loads(write_dicom_json(read_dicom_json(json.dumps(said).encode())))
    assert written["00100010"] == said["00100010"]
    assert written["00080005"]["Value"] == ["ISO_IR 192"]


def test_a_number_that_json_cannot_say_stays_text() -> None:
    content = b'{"00180050": {"vr": "DS", "Value": ["7e77777"]}}'
    assert json.loads(write_dicom_json(read_dicom_json(content))) == json.loads(content)


def test_what_pydicom_writes_is_read_as_the_same() -> None:
    from pydicom.dataset import Dataset

    made = Dataset()
    made.PatientName = "Doe^Jane"
    made.PatientID = "P1"
    made.SliceThickness = "1.25"
    made.Rows = 16
    made.ImageType = ["ORIGINAL", "PRIMARY"]
    inner = Dataset()
    inner.CodeValue = "T-1"
    made.AnatomicRegionSequence = [inner]
    written = write_dicom_json(read_dicom_json(made.to_json().encode()))
    assert Dataset.from_json(written.decode()) == made


def test_one_instance_in_a_list_is_taken() -> None:
    """That is how WADO-RS answers for the metadata of one instance (PS3.18 section 10.4)."""
    content = b"[" + dicom_json() + b"]"
    assert len(read_dicom_json(content)) == len(ATTRIBUTES)


def test_keys_in_small_letters_and_a_mark_at_the_beginning_are_taken() -> None:
    content = b'\xef\xbb\xbf{"0020000d": {"vr": "UI", "Value": ["1.2"]}}'
    assert list(read_dicom_json(content)) == [0x0020000D]


def test_file_meta_information_is_left_behind() -> None:
    content = b'{"00020010": {"vr": "UI", "Value": ["1"]}, "00080060": {"vr": "CS"}}'
    assert list(read_dicom_json(content)) == [0x00080060]


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b'{"Modality": "MR", "EchoTime": 0.05}', "other-json"),
        (b"{}", "other-json"),
        (b'{"00020010": {"vr": "UI", "Value": ["1.2"]}}', "other-json"),
        (b"[]", "other-json"),
        (b'"text"', "other-json"),
        (b"[" + dicom_json() + b"," + dicom_json() + b"]", "many"),
        (b'{"00080060": {"vr": "CS", "BulkDataURI": "https://x"}}', "points-away"),
        (b'{"7FE00010": {"vr": "OW", "InlineBinary": "AAAA"}}', "pixels"),
        (b'{"00080060": "MR"}', "malformed"),
        (b'{"00080060": {"Value": ["MR"]}}', "malformed"),
        (b'{"00080060": {"vr": "XX", "Value": ["MR"]}}', "malformed"),
        (b'{"00080060": {"vr": "CS", "Value": "MR"}}', "malformed"),
        (b'{"00080060": {"vr": "CS", "Value": [{"a": 1}]}}', "malformed"),
        (b'{"00080060": {"vr": "CS", "More": 1}}', "malformed"),
        (b'{"00280010": {"vr": "US", "Value": [70000]}}', "malformed"),
        (b'{"00189087": {"vr": "FD", "Value": [NaN]}}', "malformed"),
        (b'{"00100010": {"vr": "PN", "Value": [{"Alphabetic": 1}]}}', "malformed"),
        (b'{"00100020": {"vr": "LO", "Value": ["\\ud800"]}}', "malformed"),
        (b'{"00090001": {"vr": "UN", "InlineBinary": "%%"}}', "malformed"),
        (b'{"00080060": {"vr": "CS"}, "00080060": {"vr": "CS"}}', "malformed"),
        (b'{"0020000d": {"vr": "UI"}, "0020000D": {"vr": "UI"}}', "malformed"),
        (b"{not json", "malformed"),
        (b"\xff\xfe{", "malformed"),
        (b"[" * 100_000, "malformed"),
        (b'{"00080060": ' * 60 + b"1" + b"}" * 60, "malformed"),
        (b'{"a": "' + b"x" * (4 << 20) + b'"}', "too-large"),
        (b'{"00200013": {"vr": "IS", "Value": [' + b"9" * 10_000 + b"]}}", "malformed"),
    ],
)
def test_what_is_no_dicom_json_is_refused_with_its_reason(content: bytes, problem: str) -> None:
    assert refused(content) == problem


def test_sequences_deeper_than_any_real_one_are_refused() -> None:
    item: dict[str, Any] = {"00080060": {"vr": "CS", "Value": ["MR"]}}
    for _ in range(100):
        item = {"00081140": {"vr": "SQ", "Value": [item]}}
    assert refused(json.dumps(item).encode()) == "malformed"

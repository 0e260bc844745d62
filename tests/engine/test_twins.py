"""Files of one SOP Instance UID: which one goes, and what is said of the others."""

from __future__ import annotations

from pathlib import Path

from pydicom import dcmread
from pydicom.encaps import encapsulate
from pydicom.uid import UID, ImplicitVRLittleEndian, RLELossless

from tests.engine.made import image, make_transfer_of
from transfer.ledger.census import list_left_out, take_census
from transfer.scan.phase import scan


def said_of_the_second(tmp_path: Path) -> tuple[str, ...]:
    with make_transfer_of(tmp_path / "source", tmp_path / "home") as ledger:
        scan(ledger, processes=1, should_stop=lambda: False)
        census = take_census(ledger)
        assert (census.files.instances, census.files.duplicates, census.files.seen) == (1, 1, 2)
        (left,) = list_left_out(ledger, limit=9)
        assert left.path == b"b.dcm"
        return left.reasons


def test_a_copy_is_told_apart_from_other_content(tmp_path: Path) -> None:
    source = tmp_path / "source"
    image(source / "a.dcm", "1.2.1")
    (source / "b.dcm").write_bytes((source / "a.dcm").read_bytes())
    assert said_of_the_second(tmp_path) == ("duplicate-identical",)


def test_other_bytes_by_the_same_tool_are_other_content(tmp_path: Path) -> None:
    source = tmp_path / "source"
    image(source / "a.dcm", "1.2.1", StudyDescription="one")
    image(source / "b.dcm", "1.2.1", StudyDescription="two")
    assert said_of_the_second(tmp_path) == ("duplicate-uid-other-content",)


def test_another_transfer_syntax_is_named(tmp_path: Path) -> None:
    source = tmp_path / "source"
    image(source / "a.dcm", "1.2.1")
    converted = dcmread(source / "a.dcm")
    converted.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian
    converted.save_as(source / "b.dcm", implicit_vr=True, little_endian=True)
    assert said_of_the_second(tmp_path) == (
        "duplicate-uid-other-content",
        "duplicate-other-transfer-syntax",
    )


def test_a_compressed_copy_is_named_as_another_transfer_syntax(tmp_path: Path) -> None:
    source = tmp_path / "source"
    image(source / "a.dcm", "1.2.1")
    packed = dcmread(source / "a.dcm")
    packed.file_meta.TransferSyntaxUID = RLELossless
    packed.PixelData = encapsulate([bytes(64)])
    packed["PixelData"].VR = "OB"
    packed["PixelData"].is_undefined_length = True
    packed.save_as(source / "b.dcm")
    assert said_of_the_second(tmp_path)[:2] == (
        "duplicate-uid-other-content",
        "duplicate-other-transfer-syntax",
    )


def test_the_output_of_another_tool_is_named(tmp_path: Path) -> None:
    source = tmp_path / "source"
    image(source / "a.dcm", "1.2.1")
    changed = dcmread(source / "a.dcm")
    changed.file_meta.ImplementationClassUID = UID("1.2.3.4.5")
    changed.save_as(source / "b.dcm", enforce_file_format=True)
    assert said_of_the_second(tmp_path) == (
        "duplicate-uid-other-content",
        "duplicate-of-other-tool",
    )

"""The language of CTP's DicomPixelAnonymizer scripts."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydicom import Dataset
from pydicom.uid import ExplicitVRBigEndian, ImplicitVRLittleEndian

from tests.deid.pixel_files import dataset_of, header_of, write
from transfer.deid.model import Element, Header
from transfer.deid.pixels import PixelScriptError, Region, parse_pixel_script, regions_for
from transfer.deid.pixels.regions import Box, clip

HIT = (Region(0, 0, 9, 9),)


@pytest.fixture
def header(tmp_path: Path) -> Header:
    """An ultrasound picture of a device that writes a banner."""
    inner = Dataset()
    inner.RegionLocationMinY0 = 60
    dataset = dataset_of(
        np.ones((1, 48, 64), "u1"),
        ImageType=["DERIVED", "SECONDARY"],
        ManufacturerModelName="Sono (X) 5",
        SequenceOfUltrasoundRegions=[inner],
        SliceThickness="1.25",
        PatientName="",
    )
    block = dataset.private_block(0x0009, "ACME 1", create=True)
    block.add_new(0x01, "LO", "Banner")
    return header_of(write(dataset, tmp_path / "a"))


def holds(expression: str, header: Header) -> bool:
    script = parse_pixel_script(f"{{ {expression} }} (0,0,9,9)".encode(), "s")
    return regions_for(script, header) == HIT


TRUE_TERMS = [
    'Modality.equals("US")',
    '[0008,0060].equals("US")',
    '[00080060].equals("US")',
    'Modality.equalsIgnoreCase("us")',
    'Manufacturer.matches("Dev.*s")',
    'Manufacturer.matches("(?i)DEVICE (Works|Plays)")',
    'Manufacturer.matches("\\w+\\h\\w+")',
    'Manufacturer.contains("ice W")',
    'Manufacturer.containsIgnoreCase("ICE w")',
    'Manufacturer.startsWith("Device")',
    'Manufacturer.startsWithIgnoreCase("dEVICE")',
    'Manufacturer.endsWith("Works")',
    'Manufacturer.endsWithIgnoreCase("wORKS")',
    'ManufacturerModelName.contains("(X)")',
    'Rows.equals("48")',
    'Columns.isGreaterThan("63.5")',
    'SliceThickness.isLessThan("1.3")',
    '[0008,0008].equals("DERIVED\\SECONDARY")',
    'SeqOfUltrasoundRegions::RegionLocationMinY0.equals("60")',
    '[0018,6011]::[0018,601A].isGreaterThan("59")',
    '[0009[ACME 1]01].equals("Banner")',
    '[0002,0010].equals("1.2.840.10008.1.2.1")',
    'StudyDescription.equals("")',
    'PatientName.equals("")',
    "true.",
]
FALSE_TERMS = [
    'Modality.equals("us")',
    'Modality.equals("U")',
    'Manufacturer.matches("Device")',
    'Manufacturer.contains("DEVICE")',
    'Columns.isLessThan("64")',
    'Columns.isGreaterThan("64")',
    'Manufacturer.isGreaterThan("0")',
    'StudyDescription.isLessThan("5")',
    'SeqOfUltrasoundRegions.equals("60")',
    '[0009[ACME 2]01].equals("Banner")',
    "false.",
]


@pytest.mark.parametrize("term", TRUE_TERMS)
def test_a_term_holds(term: str, header: Header) -> None:
    """Each method and each way to name an element."""
    assert holds(term, header)


@pytest.mark.parametrize("term", FALSE_TERMS)
def test_a_term_does_not_hold(term: str, header: Header) -> None:
    """An absent element reads as the empty text, and what is no number compares with nothing."""
    assert not holds(term, header)


@pytest.mark.parametrize(
    ("expression", "is_true"),
    [
        ("true. + false. * false.", True),
        ("(true. + false.) * false.", False),
        ("!false. * !false.", True),
        ("!(true. * false.)", True),
        ("!true. + true.", True),
        ("true. * true. * false. + false.", False),
        ("((true.))", True),
        ("!(!true.)", True),
        ("true. // a remark * false.\n * true.", True),
        ("true.*true.+false.", True),
    ],
)
def test_not_binds_before_and_before_or(expression: str, is_true: bool, header: Header) -> None:
    """The precedence of CTP's filter language."""
    assert holds(expression, header) is is_true


def test_the_first_signature_that_holds_decides(header: Header) -> None:
    """The regions of later ones are not added."""
    script = parse_pixel_script(
        b"""Ultrasound library, in order of care

        Some maker
        { Modality.equals("CT") } (0,0,1,1)
        Ours, with a banner and a corner
        { Modality.equals("US") *
          Rows.equals("48") }
          (0, 0, 64, 10)  and below it
          ( -20,-5, 20, 5 )
        Anything else
        { true. } (0,0,64,48)
        """,
        "library",
    )
    assert regions_for(script, header) == (Region(0, 0, 64, 10), Region(-20, -5, 20, 5))
    assert [signature.line for signature in script.signatures] == [4, 6, 11]


def test_no_signature_means_no_region(header: Header) -> None:
    """Then the picture leaves as it is."""
    script = parse_pixel_script(b'{ Modality.equals("CT") } (0,0,1,1)', "s")
    assert regions_for(script, header) == ()


@pytest.mark.parametrize("syntax", [ExplicitVRBigEndian, ImplicitVRLittleEndian])
def test_a_signature_reads_any_encoding(tmp_path: Path, syntax: str) -> None:
    """Numbers in big endian, and VRs that only the dictionary knows."""
    path = write(dataset_of(np.ones((1, 48, 64), "u1")), tmp_path / "a", syntax)
    assert holds('Rows.equals("48") * Manufacturer.equals("Device Works")', header_of(path))


def test_an_element_written_as_un_is_still_recognised(header: Header) -> None:
    """CTP reads digits there, so that the picture would leave with its text."""
    assert isinstance(header.dataset[0x00080070].value, bytes)
    header.dataset[0x00080070] = Element(0x00080070, "UN", b"Device Works")
    header.dataset[0x00280010] = Element(0x00280010, "UN", b"\x30\0")
    assert holds('Manufacturer.equals("Device Works") * Rows.equals("48")', header)


def test_the_character_set_of_the_header_is_used(header: Header) -> None:
    """A signature may name a device with its accents."""
    header.dataset[0x00080005] = Element(0x00080005, "CS", b"ISO_IR 192")
    header.dataset[0x00080070] = Element(0x00080070, "LO", "Gerät".encode())
    assert holds('Manufacturer.containsIgnoreCase("GERÄT")', header)


def test_a_script_crosses_to_other_processes() -> None:
    """Workers get it through a pipe."""
    script = parse_pixel_script(b'{ !(Rows.equals("1") + true.) } (0,0,1,1)', "s")
    assert pickle.loads(pickle.dumps(script)) == script  # noqa: S301 - our own bytes


def test_comments_may_be_in_any_character_set(header: Header) -> None:
    """Old libraries are Latin-1; a byte order mark is none of the text either."""
    for text in (b"Ger\xe4t { true. } (0,0,9,9)", b"\xef\xbb\xbf{ true. } (0,0,9,9)"):
        assert regions_for(parse_pixel_script(text, "s"), header) == HIT


BAD_SCRIPTS: list[tuple[bytes, int, str]] = [
    (b"", 1, "no signature"),
    (b"only words", 1, "no signature"),
    (b"\n{ true. }\n\n{ true. } (0,0,1,1)", 2, "has no region"),
    (b"{ true. }", 1, "has no region"),
    (b"a (note)\n{ true. } (0,0,1,1)", 1, "before the first signature"),
    (b"{ true. }\n(0,0,10)", 2, "four whole numbers"),
    (b"{ true. }\n(0,0,10,1.5)", 2, "four whole numbers"),
    (b"{ true. } (0,0,9,9)\n(see manual)", 2, "four whole numbers"),
    (b"{ true. } (0,0,-9,9)", 1, "four whole numbers"),
    (b"{ true. } (0,0,0,9)", 1, "no width or height"),
    (b"{ true. } (0,0,99999999999,9)", 1, "four whole numbers"),
    (b"{ true. } (0,0,9,9", 1, "never closed"),
    (b"\n\n{ true. (0,0,9,9)", 3, "never closed"),
    (b"{ true. } } (0,0,9,9)", 1, "without its beginning"),
    (b"{ true. } ) (0,0,9,9)", 1, "without its beginning"),
    (b"{ } (0,0,9,9)", 1, "term was expected"),
    (b'{ Modality.equals("US")\n * \n }\n(0,0,9,9)', 3, "term was expected"),
    (b'{\nModality.equals("US")\nRows.equals("1") } (0,0,9,9)', 3, "operator"),
    (b'{\nModality.equal("US") } (0,0,9,9)', 2, "no method of the name 'equal'"),
    (b'{\nModalty.equals("US") } (0,0,9,9)', 2, "no element of the name 'Modalty'"),
    (b"{ Modality.equals(US) } (0,0,9,9)", 1, "method with a text in quotes"),
    (b'{ Modality.equals("US } (0,0,9,9)', 1, "method with a text in quotes"),
    (b"{ Modality } (0,0,9,9)", 1, "term was expected"),
    (b'{ [0008,006].equals("US") } (0,0,9,9)', 1, "no element"),
    (b'{ 00080060.equals("US") } (0,0,9,9)', 1, "term was expected"),
    (b"{ !!true. } (0,0,9,9)", 1, "doubled"),
    (b"{ (true. } (0,0,9,9)", 1, "never closed"),
    (b'{ true.equals("1") } (0,0,9,9)', 1, "stands alone"),
    (b'{ Rows.isLessThan("many") } (0,0,9,9)', 1, "without sign"),
    (b'{ Rows.isLessThan("-5") } (0,0,9,9)', 1, "without sign"),
    (b'{ Rows.matches("[") } (0,0,9,9)', 1, "regular expression"),
    (b'{ Rows.matches("\\p") } (0,0,9,9)', 1, "regular expression"),
    (b'{ Rows.matches("[a&&b]") } (0,0,9,9)', 1, "regular expression"),
    (b'{ Rows.matches("(?P<a>b)") } (0,0,9,9)', 1, "regular expression"),
    (b'{ Modality.equals("\xe4") } (0,0,9,9)', 1, "not UTF-8"),
    (b"{ " + b"(" * 400 + b"true. } (0,0,9,9)", 1, "too deeply"),
    (b"{ " + b"!(" * 400 + b"true. } (0,0,9,9)", 1, "too deeply"),
]


@pytest.mark.parametrize(("text", "line", "what"), BAD_SCRIPTS)
def test_what_cannot_be_honoured_is_an_error_that_names_the_line(
    text: bytes, line: int, what: str
) -> None:
    """CTP takes most of these for false or zero, without a word to the operator."""
    with pytest.raises(PixelScriptError, match=f"The pixel script s, line {line}: ") as caught:
        parse_pixel_script(text, "s")
    assert what in str(caught.value)
    assert caught.value.line == line


@pytest.mark.parametrize(
    ("region", "box"),
    [
        ((2, 3, 4, 5), Box(2, 3, 6, 8)),
        ((0, 0, 999, 999), Box(0, 0, 64, 48)),
        ((60, 40, 10, 10), Box(60, 40, 64, 48)),
        ((-10, -8, 4, 3), Box(54, 40, 58, 43)),
        ((-100, -100, 10, 10), Box(0, 0, 10, 10)),
        ((64, 0, 5, 5), None),
        ((0, 48, 5, 5), None),
    ],
)
def test_a_region_is_clipped_to_the_image(region: tuple[int, ...], box: Any) -> None:
    """Negative starts count from the far edge, as in CTP."""
    assert clip(Region(*region), 64, 48) == box

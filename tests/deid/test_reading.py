"""What is read of a file before it is de-identified, and which files are refused."""

from __future__ import annotations

import gzip
import json
import os
import struct
import subprocess
import sys
import time
import zlib
from pathlib import Path

import pydicom
import pytest
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    JPEGBaseline8Bit,
)

from tests.deid import made
from tests.scan import files
from transfer.deid.header import reading, tree
from transfer.deid.header.reading import Unreadable, read_header, read_items
from transfer.deid.model import DataSet, Element, Header, Stretch
from transfer.scan.elements import Encoding

GOLDEN = Path(
    os.environ.get("EUCAIM_GOLDEN_DEID")
    or Path(__file__).parents[2].parent / "shared" / "golden" / "deid"
)


def refused(content: bytes) -> str:
    """The reason why these bytes are not read."""
    with pytest.raises(Unreadable) as caught:
        made.header_of(content)
    assert str(caught.value) == caught.value.reason
    return caught.value.reason


def items_of(element: Element) -> list[DataSet]:
    assert isinstance(element.value, list)
    return element.value


def facts(found: DataSet) -> list[tuple[int, str, object]]:
    """Tag, VR and value of every element, with items in the same form."""
    return [
        (
            element.tag,
            element.vr,
            [facts(item) for item in element.value]
            if isinstance(element.value, list)
            else element.value,
        )
        for element in found.values()
    ]


def test_values_are_the_bytes_of_the_file() -> None:
    """What nobody decodes cannot be changed by accident: padding and odd blanks are kept."""
    header = made.header_of(made.explicit(files.short(0x00100010, b"PN", b" Doe^J  \0")))
    assert header.dataset[0x00100010].value == b" Doe^J  \0"
    assert header.dataset[0x00100010].vr == "PN"
    assert header.transfer_syntax_uid == "1.2.840.10008.1.2.1"
    assert header.encoding == Encoding(is_implicit=False, is_little=True)


def test_file_meta_is_kept_apart() -> None:
    """A script may read group 0002; the data set never holds it."""
    header = made.header_of(made.explicit(b""))
    assert header.meta[0x00020010] == b"1.2.840.10008.1.2.1\0"
    assert list(header.dataset) == [0x00080016, 0x00080018]


def test_pixel_data_stay_in_the_file() -> None:
    """500 MB of pixels cost no memory: where they lie is all that is known of them."""
    content = files.part10(files.image())
    header = made.header_of(content)
    assert header.pixels is not None
    assert header.pixels.value == Stretch(len(content) - 512, 512)
    assert header.pixels.vr == "OW"
    assert not header.pixels.is_encapsulated
    assert 0x7FE00010 not in header.dataset


def test_fragments_are_one_stretch_with_their_delimiter() -> None:
    """Compressed frames leave as they lie, item by item, up to and with the end mark."""
    fragments = files.item(b"") + files.item(b"\xff\xd8ab\xff\xd9") + files.SEQUENCE_END
    pixels = files.long(0x7FE00010, b"OB", fragments, files.UNDEFINED)
    content = made.explicit(pixels, JPEGBaseline8Bit)
    header = made.header_of(content)
    assert header.pixels is not None
    assert header.pixels.is_encapsulated
    assert header.pixels.value == Stretch(len(content) - len(fragments), len(fragments))
    assert header.transfer_syntax_uid == "1.2.840.10008.1.2.4.50"


def test_what_follows_pixel_data_is_read_up_to_the_trailing_padding() -> None:
    """A signature after the pixels holds names too; padding (FFFC,FFFC) holds nothing."""
    signature = made.sequence(0xFFFAFFFA, files.short(0x00100010, b"PN", b"Doe^J "))
    tail = signature + files.long(0xFFFCFFFC, b"OB", b"\0\0")
    header = made.header_of(made.explicit(files.long(0x7FE00010, b"OW", b"\1\2") + tail))
    assert [element.tag for element in header.after] == [0xFFFAFFFA]
    assert items_of(header.after[0])[0][0x00100010].value == b"Doe^J "


def test_float_pixel_data_are_ordinary_elements() -> None:
    """Only (7FE0,0010) is set apart; a method may have a rule for the others."""
    content = made.explicit(files.long(0x7FE00008, b"OF", bytes(8)))
    header = made.header_of(content)
    assert header.pixels is None
    assert header.dataset[0x7FE00008].value == bytes(8)


@pytest.mark.parametrize(("length", "is_held"), [(64 * 1024, True), (64 * 1024 + 2, False)])
def test_a_long_value_stays_in_the_file(length: int, is_held: bool) -> None:
    """Private blobs and palettes may be of any size; a header stays small."""
    content = made.explicit(files.long(0x00091010, b"OB", b"\7" * length))
    value = made.header_of(content).dataset[0x00091010].value
    assert value == (b"\7" * length if is_held else Stretch(len(content) - length, length))


def test_a_value_across_the_first_read_is_whole() -> None:
    """The file is read in pieces, and no value ends where a piece does."""
    body = b"".join(files.long(0x00091000 + n, b"OB", bytes([n]) * 4099) for n in range(1, 60))
    header = made.header_of(made.explicit(body))
    values = [header.dataset[0x00091000 + n].value for n in range(1, 60)]
    assert values == [bytes([n]) * 4099 for n in range(1, 60)]


def test_group_lengths_are_dropped_everywhere() -> None:
    """They would be wrong after the first change, and the standard retired them."""
    inner = files.short(0x00080000, b"UL", bytes(4)) + files.short(0x00080060, b"CS", b"CT")
    body = files.short(0x00100000, b"UL", bytes(4)) + made.sequence(0x00101002, inner)
    header = made.header_of(made.explicit(body))
    assert list(header.dataset) == [0x00080016, 0x00080018, 0x00101002]
    assert list(items_of(header.dataset[0x00101002])[0]) == [0x00080060]


def test_file_meta_inside_the_data_set_is_dropped() -> None:
    """Written in tag order it would stand first, and a reader would take it for file meta."""
    header = made.header_of(made.explicit(files.short(0x00020016, b"AE", b"SCANNER1")))
    assert list(header.dataset) == [0x00080016, 0x00080018]


def test_sequences_are_read_whether_they_tell_their_length_or_not() -> None:
    """Both forms are common, and must be the same to a method."""
    name = files.short(0x00100010, b"PN", b"Doe^J ")
    closed = made.sequence(0x00081140, made.sequence(0x00081199, name), b"")
    open_ = made.open_sequence(0x00081140, made.open_sequence(0x00081199, name), b"")
    seen = facts(made.header_of(made.explicit(closed)).dataset)
    assert seen == facts(made.header_of(made.explicit(open_)).dataset)
    assert seen[2] == (
        0x00081140,
        "SQ",
        [[(0x00081199, "SQ", [[(0x00100010, "PN", b"Doe^J ")]])], []],
    )


def test_private_sequences_are_walked() -> None:
    """Names hide in them as anywhere."""
    creator = files.short(0x00090010, b"LO", b"ACME")
    name = files.short(0x00100010, b"PN", b"Doe^J ")
    header = made.header_of(made.explicit(creator + made.open_sequence(0x00091001, name)))
    assert items_of(header.dataset[0x00091001])[0][0x00100010].value == b"Doe^J "


def test_fragments_inside_a_sequence_are_one_value() -> None:
    """A compressed icon image: item heads and end mark belong to the value."""
    run = files.item(b"") + files.item(b"\xff\xd8\xff\xd9") + files.SEQUENCE_END
    icon = files.long(0x7FE00010, b"OB", run, files.UNDEFINED)
    after = files.short(0x00100020, b"LO", b"P1")
    header = made.header_of(made.explicit(made.sequence(0x00880200, icon) + after))
    element = items_of(header.dataset[0x00880200])[0][0x7FE00010]
    assert element.value == run
    assert element.is_encapsulated
    assert header.pixels is None
    assert 0x00100020 in header.dataset


def test_an_unknown_sequence_of_undefined_length_is_implicit_inside() -> None:
    """PS3.5 section 6.2.2: UN of undefined length holds implicit VR little endian items."""
    inner = made.implicit(0x00100010, b"Doe^J ") + made.implicit(0x00091001, b"ab")
    body = made.open_sequence(0x00091001, inner, vr=b"UN")
    element = made.header_of(made.explicit(body)).dataset[0x00091001]
    assert element.vr == "UN"
    assert facts(items_of(element)[0]) == [
        (0x00100010, "PN", b"Doe^J "),
        (0x00091001, "UN", b"ab"),
    ]


def test_an_unknown_sequence_is_little_endian_in_a_big_endian_file() -> None:
    """PS3.5 section 6.2.2 says so; the bytes after it are big endian again."""
    unknown = struct.pack(">HH2sHL", 9, 0x1001, b"UN", 0, files.UNDEFINED)
    unknown += files.item(made.implicit(0x00280010, b"\x10\0")) + files.SEQUENCE_END
    header = made.header_of(made.big_file(unknown + made.big(0x00280010, b"US", b"\0\x10")))
    inner = items_of(header.dataset[0x00091001])[0][0x00280010]
    assert inner.value == b"\x10\0"
    assert header.dataset[0x00280010].value == b"\0\x10"


def test_an_unknown_value_of_known_length_stays_bytes_until_it_is_asked_for() -> None:
    """A sequence may be hidden in it; `read_items` shows it to a method that wants to know."""
    value = files.item(made.implicit(0x00100010, b"Doe^J "))
    element = made.header_of(made.explicit(files.long(0x00081140, b"UN", value))).dataset[
        0x00081140
    ]
    assert element.value == value
    assert facts(read_items(value)[0]) == [(0x00100010, "PN", b"Doe^J ")]
    with pytest.raises(Unreadable):
        read_items(b"Doe^Jane")


def test_elements_without_a_vr_in_an_explicit_data_set_are_read() -> None:
    """Some writers switch in the middle, for one element or for the items of a sequence."""
    item = made.implicit(0x00100020, b"P1") + made.implicit(0x00280010, b"\x10\0")
    body = made.implicit(0x00081030, b"Thorax") + made.sequence(0x00081140, item)
    header = made.header_of(made.explicit(body))
    assert (header.dataset[0x00081030].vr, header.dataset[0x00081030].value) == ("LO", b"Thorax")
    assert facts(items_of(header.dataset[0x00081140])[0]) == [
        (0x00100020, "LO", b"P1"),
        (0x00280010, "US", b"\x10\0"),
    ]


@pytest.mark.parametrize("vr", ["OV", "SV", "UV", "UC", "UR", "OL", "OD", "OF", "UT", "OB", "UN"])
def test_long_vrs_of_every_edition_are_known(vr: str) -> None:
    """A reader that takes the reserved bytes for a length loses its way."""
    body = files.long(0x00091010, vr.encode(), bytes(8)) + files.short(0x00100020, b"LO", b"P1")
    header = made.header_of(made.explicit(body))
    assert header.dataset[0x00091010].vr == vr
    assert header.dataset[0x00100020].value == b"P1"


def test_illegal_lengths_are_taken_as_they_are() -> None:
    """Rows of three bytes and a text of odd length are common; a method sees what is there."""
    body = files.short(0x00100020, b"LO", b"ABC") + files.short(0x00280010, b"US", b"\1\2\3")
    header = made.header_of(made.explicit(body))
    assert header.dataset[0x00100020].value == b"ABC"
    assert header.dataset[0x00280010].value == b"\1\2\3"


def test_implicit_vrs_come_from_the_dictionary() -> None:
    """Private creators are LO, other private and unknown elements UN (PS3.5 section 6.2.2)."""
    body = b"".join(
        (
            made.implicit(0x00090010, b"ACME"),
            made.implicit(0x00091001, b"ab"),
            made.implicit(0x00100010, b"Doe^J "),
            made.implicit(0x00189999, b"ab"),
            made.implicit(0x00283006, b"ab"),
            made.implicit(0x60000010, b"\1\0"),
            made.implicit(0x60003000, b"ab"),
        )
    )
    header = made.header_of(made.implicit_file(body))
    vrs = {tag: element.vr for tag, element in header.dataset.items()}
    assert vrs == {
        0x00080016: "UI",
        0x00080018: "UI",
        0x00090010: "LO",
        0x00091001: "UN",
        0x00100010: "PN",
        0x00189999: "UN",
        0x00283006: "OW",
        0x60000010: "US",
        0x60003000: "OW",
    }


@pytest.mark.parametrize(("representation", "vr"), [(b"\1\0", "SS"), (b"\0\0", "US"), (b"", "US")])
def test_signedness_follows_pixel_representation(representation: bytes, vr: str) -> None:
    """US or SS (PS3.6): Pixel Representation decides, also for the items below it."""
    inner = files.item(made.implicit(0x00409216, b"\xff\xff"))
    body = made.implicit(0x00280103, representation) if representation else b""
    body += made.implicit(0x00280106, b"\xff\xff") + made.implicit(0x00409096, inner)
    header = made.header_of(made.implicit_file(body))
    assert header.dataset[0x00280106].vr == vr
    assert items_of(header.dataset[0x00409096])[0][0x00409216].vr == vr


def test_private_implicit_sequences_show_by_their_undefined_length() -> None:
    """No dictionary knows them."""
    item = files.item(made.implicit(0x00100010, b"Doe^J "))
    body = made.implicit(0x00091001, item + files.SEQUENCE_END, files.UNDEFINED)
    header = made.header_of(made.implicit_file(body))
    assert header.dataset[0x00091001].vr == "SQ"
    assert items_of(header.dataset[0x00091001])[0][0x00100010].value == b"Doe^J "


def test_a_deflated_data_set_is_held_whole() -> None:
    """Nothing in a deflate stream can be copied from the file: stretches count into `inflated`."""
    content = files.part10(files.image(), DeflatedExplicitVRLittleEndian)
    header = made.header_of(content)
    assert header.inflated is not None
    assert header.pixels is not None
    assert header.pixels.value == Stretch(len(header.inflated) - 512, 512)
    assert header.dataset[0x00100020].value == b"P1"


def test_a_deflated_data_set_that_is_too_large_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """A few bytes may unpack to gigabytes."""
    content = files.part10(files.image(), DeflatedExplicitVRLittleEndian)
    monkeypatch.setattr(reading, "INFLATED_LIMIT_BYTES", 600)
    assert refused(content) == (
        "The deflated data set is larger than 64 MiB. Export the file again without deflate."
    )


def test_a_deflate_stream_that_is_cut_or_damaged_is_refused() -> None:
    content = files.part10(files.image(), DeflatedExplicitVRLittleEndian)
    reason = (
        "The deflated data set is damaged or ends too early. "
        "Export the file again from the archive."
    )
    assert refused(content[:-10]) == reason
    assert refused(files.frame(DeflatedExplicitVRLittleEndian) + b"\xff" * 64) == reason


def test_files_without_preamble_or_meta_are_read() -> None:
    """Old archives hand out bare data sets; they leave with a transfer syntax that is true."""
    image = files.part10(files.image())
    body = files.bare(files.image())
    for content in (image, image[128:], image[132:], body):
        header = made.header_of(content)
        assert header.dataset[0x00100020].value == b"P1"
        assert header.transfer_syntax_uid == "1.2.840.10008.1.2.1"
        assert header.pixels is not None


def test_a_bare_implicit_data_set_leaves_as_explicit() -> None:
    """CTP writes explicit VR little endian where a file names no transfer syntax."""
    header = made.header_of(files.bare(files.image(), implicit=True))
    assert header.transfer_syntax_uid == "1.2.840.10008.1.2.1"
    assert header.encoding == Encoding(is_implicit=False, is_little=True)
    assert header.dataset[0x00280010].vr == "US"


def test_a_bare_big_endian_data_set_is_turned_unless_pixels_would_have_to_be() -> None:
    """Pixel data are copied as they are, so what holds them must stay big endian."""
    turned = made.header_of(files.bare(files.without("PixelData"), little=False))
    assert turned.transfer_syntax_uid == "1.2.840.10008.1.2.1"
    assert turned.dataset[0x00280010].value == b"\x10\0"
    kept = made.header_of(files.bare(files.image(), little=False))
    assert kept.transfer_syntax_uid == "1.2.840.10008.1.2.2"
    assert kept.dataset[0x00280010].value == b"\0\x10"


def test_an_uncompressed_data_set_is_named_as_it_is_encoded() -> None:
    """Some files declare explicit VR and are implicit; every node would stumble over them."""
    body = files.bare(files.image(), implicit=True)
    header = made.header_of(files.frame("1.2.840.10008.1.2.1") + body)
    assert header.transfer_syntax_uid == "1.2.840.10008.1.2"
    assert header.encoding.is_implicit


def test_a_compressed_data_set_that_is_implicit_leaves_as_explicit() -> None:
    """All compressed transfer syntaxes are explicit VR little endian (PS3.5 section A.4)."""
    fragments = files.item(b"") + files.item(b"\xff\xd8\xff\xd9") + files.SEQUENCE_END
    body = files.bare(files.without("PixelData"), implicit=True)
    body += made.implicit(0x7FE00010, fragments, files.UNDEFINED)
    header = made.header_of(files.frame(JPEGBaseline8Bit) + body)
    assert header.transfer_syntax_uid == "1.2.840.10008.1.2.4.50"
    assert header.encoding == Encoding(is_implicit=False, is_little=True)
    assert header.pixels is not None
    assert header.pixels.vr == "OB"


def test_an_unknown_compression_is_refused() -> None:
    """Whatever transfer syntax we wrote would be a guess."""
    fragments = files.item(b"") + files.SEQUENCE_END
    pixels = files.long(0x7FE00010, b"OB", fragments, files.UNDEFINED)
    assert refused(files.bare(files.without("PixelData")) + pixels) == (
        "The pixel data are compressed and the file does not say how. "
        "Export it again with its file meta information."
    )


def test_a_compressed_data_set_that_is_big_endian_is_refused() -> None:
    body = files.bare(files.image(), little=False)
    assert refused(files.frame(JPEGBaseline8Bit) + body) == (
        "The data set is big endian, which its transfer syntax does not allow. "
        "Export the file again from the archive."
    )


@pytest.mark.parametrize("content", [b"", b"DICM", b"hello world " * 40, bytes(2000)])
def test_what_is_no_dicom_is_refused(content: bytes) -> None:
    assert refused(content) == "The file is no DICOM object."


def test_a_file_that_ends_with_its_file_meta_is_refused() -> None:
    """It was cut there: an instance has a data set."""
    assert refused(files.frame()) == (
        "The file ends in the middle of its header. Export the file again from the archive."
    )


def test_pixel_data_that_are_cut_are_refused() -> None:
    """CTP quarantines them too; a node would get fewer bytes than the header promises."""
    reason = (
        "The file ends in the middle of its pixel data. Export the file again from the archive."
    )
    assert refused(files.part10(files.image())[:-1]) == reason
    run = files.item(b"") + files.item(b"\xff\xd8\xff\xd9")
    pixels = files.long(0x7FE00010, b"OB", run, files.UNDEFINED)
    assert refused(made.explicit(pixels, JPEGBaseline8Bit)) == reason
    assert refused(made.explicit(pixels[:-2], JPEGBaseline8Bit)) == reason


def test_pixel_data_that_are_no_fragments_are_refused() -> None:
    pixels = files.long(0x7FE00010, b"OB", b"abcdefgh" * 4, files.UNDEFINED)
    assert refused(made.explicit(pixels, JPEGBaseline8Bit)) == (
        "The compressed pixel data are not made of fragments. "
        "Export the file again from the archive."
    )


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(files.long(0x00081140, b"SQ", b"abcdefgh"), id="no items"),
        pytest.param(
            files.long(0x00081140, b"SQ", files.item(bytes(8), 16)) + bytes(32), id="item too long"
        ),
        pytest.param(files.long(0x00081140, b"UT", bytes(16), files.UNDEFINED), id="open text"),
        pytest.param(files.long(0x7FE00010, b"OB", b"ab") * 2, id="pixel data twice"),
        pytest.param(files.item(b""), id="an item that lies in no sequence"),
    ],
)
def test_what_cannot_be_walked_is_refused(body: bytes) -> None:
    """Where the scan steps over a broken sequence, a name could hide in it."""
    assert refused(made.explicit(body)) == (
        "The structure of the header is broken and cannot be followed. "
        "Export the file again from the archive."
    )


def test_sequences_that_lie_too_deep_are_refused() -> None:
    body = b""
    for _ in range(64):
        body = made.sequence(0x00081140, body)
    assert 0x00081140 in made.header_of(made.explicit(body)).dataset
    assert refused(made.explicit(made.sequence(0x00081140, body))) == (
        "Sequences lie in each other more than 64 levels deep."
    )


def test_a_header_of_too_many_elements_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each costs a hundred times its bytes in memory; empty items and repetitions count too."""
    monkeypatch.setattr(tree, "MAX_ELEMENTS", 40)
    reason = "The header is too large to be held in memory."
    elements = b"".join(files.short(0x00100000 + n, b"LO", b"") for n in range(1, 60))
    assert refused(made.explicit(elements)) == reason
    assert refused(made.explicit(made.sequence(0x00081140, *[b""] * 60))) == reason
    assert refused(made.explicit(files.SEQUENCE_END * 60)) == reason
    assert refused(made.explicit(files.short(0x00100010, b"PN", b"") * 60)) == reason


def test_a_header_without_end_is_refused() -> None:
    """64 MiB of header are read at most, whatever the file promises."""
    element = files.long(0x00091010, b"OB", bytes(60_000))
    with pytest.raises(Unreadable) as caught:
        made.header_of(made.explicit(element * 1400))
    assert caught.value.reason == "The header is too large to be held in memory."


def test_zeros_at_the_end_are_no_elements() -> None:
    """Media are written in blocks; what pads the last one is nothing."""
    header = made.header_of(files.part10(files.image()) + bytes(100))
    assert header.after == []
    assert refused(files.part10(files.image()) + bytes(100) + b"x").startswith("The file ends")


def test_a_disk_that_fails_is_not_taken_for_a_bad_file(tmp_path: Path) -> None:
    """The file may be sound; the caller tries again."""
    folder = os.open(tmp_path, os.O_RDONLY)
    try:
        with pytest.raises(OSError, match="directory"):
            read_header(folder, 1000)
    finally:
        os.close(folder)


def rich(syntax: str) -> bytes:
    """A file with every kind of element, pixel data included."""
    image = files.image()
    inner = Dataset()
    inner.ReferencedSOPInstanceUID = "1.2.3.4.5"
    inner.PatientName = "Doe^Jane"
    deeper = Dataset()
    deeper.ReferencedSOPSequence = Sequence([inner, Dataset()])
    image.ReferencedStudySequence = Sequence([deeper])
    image.add_new(0x00090010, "LO", "ACME")
    image.add_new(0x00091001, "UN", b"abcd")
    image.add_new(0x00091002, "SQ", Sequence([inner]))
    image.add_new(0x00091003, "UT", "text " * 20)
    image["ReferencedStudySequence"].is_undefined_length = True
    return files.part10(image, syntax)


_LENGTHS = (b"\xff" * 4, b"\xfe\xff\x00\xe0", b"\0" * 4, b"\xf0" * 4)
SYNTAXES = (
    "1.2.840.10008.1.2",
    "1.2.840.10008.1.2.1",
    str(ExplicitVRBigEndian),
    str(DeflatedExplicitVRLittleEndian),
)


def read_or_refused(content: bytes) -> Header | None:
    """The header, or None where the file was refused, which may not take long."""
    began = time.process_time()
    try:
        return made.header_of(content)
    except Unreadable:
        return None
    finally:
        assert time.process_time() - began < 1.0


def read_when_cut(content: bytes) -> list[int]:
    """The lengths at which a cut file is read; whatever is not read was refused."""
    return [n for n in range(len(content)) if read_or_refused(content[:n]) is not None]


@pytest.mark.parametrize("syntax", SYNTAXES[:3])
def test_a_file_cut_at_any_byte_is_refused_unless_the_cut_cannot_be_seen(syntax: str) -> None:
    """Between two elements of the data set nothing shows it, everywhere else it is noticed."""
    content = rich(syntax)
    read = read_when_cut(content)
    assert read[0] > 320
    assert read[-1] < len(content) - 512
    # A big endian tag may begin with a zero, which is taken for padding.
    assert len(read) == (51 if syntax == ExplicitVRBigEndian else 26)


def test_a_deflated_file_cut_at_any_byte_is_refused() -> None:
    """All but the last byte, which only makes the length even, is needed."""
    content = rich(DeflatedExplicitVRLittleEndian)
    assert len(content) > 500
    assert all(length == len(content) - 1 for length in read_when_cut(content))


@pytest.mark.parametrize("syntax", SYNTAXES)
def test_damaged_files_are_read_or_refused(syntax: str) -> None:
    """Any bytes may come; whatever was read is written without complaint too."""
    content = rich(syntax)
    dice = files.dice(20250304)
    read = 0
    for _ in range(1500):
        damaged = bytearray(content)
        for _ in range(dice.randint(1, 6)):
            damaged[dice.randrange(128, len(damaged))] = dice.randrange(256)
        header = read_or_refused(bytes(damaged))
        if header is not None:
            read += 1
            assert made.written(header, bytes(damaged))
    assert 10 < read < 1500


@pytest.mark.parametrize("syntax", SYNTAXES)
def test_damaged_lengths_are_read_or_refused(syntax: str) -> None:
    """A length of 4 GiB where a few bytes are costs neither memory nor time."""
    content = rich(syntax)
    dice = files.dice(7)
    refusals = 0
    for _ in range(1000):
        damaged = bytearray(content)
        at = dice.randrange(200, len(damaged) - 4)
        damaged[at : at + 4] = dice.choice(
            (b"\xff" * 4, b"\xfe\xff\x00\xe0", b"\0" * 4, b"\xf0" * 4)
        )
        refusals += read_or_refused(bytes(damaged)) is None
    assert refusals > 50


def test_a_stream_that_unpacks_without_end_is_refused() -> None:
    """A deflate bomb: 100 kB that unpack to 100 MB."""
    packer = zlib.compressobj(wbits=-15)
    body = made.CT_BODY + files.long(0x7FE00010, b"OW", bytes(100 * files.MIB))
    bomb = packer.compress(body) + packer.flush()
    assert refused(files.frame(DeflatedExplicitVRLittleEndian) + bomb).startswith(
        "The deflated data set is larger than 64 MiB."
    )


_MEASURE = """
import os, resource, sys, tracemalloc
from transfer.deid.header.reading import read_header
from transfer.deid.header.writing import assemble, copy, size_of
path = sys.argv[1]
fd = os.open(path, os.O_RDONLY)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
header = read_header(fd, os.fstat(fd).st_size)
pieces = assemble(header)
sink = open(os.devnull, "wb", buffering=0)
copy(pieces, fd, sink.write)
after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(size_of(pieces), after - before)
"""


@pytest.mark.parametrize("is_compressed", [False, True])
def test_half_a_gigabyte_of_pixels_costs_no_memory(tmp_path: Path, is_compressed: bool) -> None:
    """A worker may meet such a file at any moment; several run side by side."""
    head = files.part10(
        files.without("PixelData"), JPEGBaseline8Bit if is_compressed else SYNTAXES[1]
    )
    size = 500 * files.MIB
    path = tmp_path / "multiframe"
    with path.open("wb") as file:
        file.write(head)
        if is_compressed:
            file.write(files.long(0x7FE00010, b"OB", files.item(b""), files.UNDEFINED))
            for _ in range(500):
                file.write(struct.pack("<HHL", 0xFFFE, 0xE000, files.MIB))
                file.seek(files.MIB, os.SEEK_CUR)
            file.write(files.SEQUENCE_END)
        else:
            file.write(struct.pack("<HH2sHL", 0x7FE0, 0x0010, b"OW", 0, size))
            file.truncate(file.tell() + size)
    done = subprocess.run(
        [sys.executable, "-c", _MEASURE, str(path)], capture_output=True, text=True, check=True
    )
    written, growth_kib = map(int, done.stdout.split())
    assert written >= size
    assert growth_kib < 16 * 1024


@pytest.mark.golden
def test_every_golden_file_that_ctp_rewrites_is_read() -> None:
    """What the reference takes must not be refused here."""
    if not (GOLDEN / "manifest.json").exists():
        pytest.skip("../shared is absent and $EUCAIM_GOLDEN_DEID is not set")
    manifest = json.loads((GOLDEN / "manifest.json").read_text())
    names: set[Path] = set()
    for case in manifest["cases"]:
        if case["status"] == "OK":
            source = json.loads((GOLDEN / case["file"]).read_text())["source"]
            home = Path(pydicom.__file__).parent if source.get("package") else GOLDEN
            names.add(home / source.get("file", source.get("path")))
    assert names
    for name in sorted(names):
        content = name.read_bytes()
        assert made.header_of(gzip.decompress(content) if name.suffix == ".gz" else content)

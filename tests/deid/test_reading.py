"""What is read of a file before it is de-identified."""

from __future__ import annotations

import struct

import pytest
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    JPEGBaseline8Bit,
)

from tests.deid import made
from tests.scan import files
from transfer.deid.header import reading
from transfer.deid.header.reading import Unreadable, read_items
from transfer.deid.model import DataSet, Element, Stretch
from transfer.scan.elements import Encoding


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

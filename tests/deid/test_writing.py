"""The Part 10 stream that leaves: what every reader must find in it, and what it is made of."""

from __future__ import annotations

import os
import struct
import tempfile
from collections.abc import Callable

import pytest
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEGBaseline8Bit,
)

from tests.deid import made
from tests.scan import files
from transfer.deid.header.writing import assemble, copy, size_of
from transfer.deid.model import Element, Header, Stretch
from transfer.errors import SourceChanged
from transfer.scan.elements import Encoding
from transfer.scan.filemeta import part10_prefix

EXPLICIT = Encoding(is_implicit=False, is_little=True)
IMPLICIT = Encoding(is_implicit=True, is_little=True)


def noise(length: int) -> bytes:
    return files.dice(length).randbytes(length)


def image() -> Dataset:
    """A CT image whose pixels are not all alike, with sequences and private elements."""
    whole = files.image()
    inner = Dataset()
    inner.ReferencedSOPInstanceUID = "1.2.3.4.5"
    inner.SmallestImagePixelValue = 3
    deeper = Dataset()
    deeper.ReferencedSOPSequence = Sequence([inner, Dataset()])
    whole.ReferencedStudySequence = Sequence([deeper])
    whole.add_new(0x00090010, "LO", "ACME")
    whole.add_new(0x00091001, "OB", noise(70_000))
    whole.RedPaletteColorLookupTableData = noise(512)
    whole.SliceThickness = "2.5"
    whole.PixelData = noise(512)
    whole["PixelData"].VR = "OW"
    return whole


def compressed() -> bytes:
    run = files.item(b"") + files.item(noise(3000)) + files.item(b"ab") + files.SEQUENCE_END
    pixels = files.long(0x7FE00010, b"OB", run, files.UNDEFINED)
    return files.headless_pixels(pixels, JPEGBaseline8Bit)


def icon() -> bytes:
    run = files.item(b"") + files.item(noise(80_000)) + files.SEQUENCE_END
    small = files.item(b"") + files.item(b"\xff\xd8\xff\xd9") + files.SEQUENCE_END
    return made.explicit(
        made.sequence(
            0x00880200,
            files.long(0x7FE00010, b"OB", run, files.UNDEFINED),
            files.long(0x7FE00010, b"OB", small, files.UNDEFINED),
        )
    )


def signed() -> bytes:
    signature = made.sequence(0xFFFAFFFA, files.short(0x04000010, b"US", b"\1\0"))
    return files.headless_pixels(files.long(0x7FE00010, b"OW", noise(512)) + signature)


def unknown() -> bytes:
    item = made.implicit(0x00080060, b"CT") + made.implicit(0x00080102, b"DCM ")
    return made.explicit(made.open_sequence(0x00081199, item, b"", vr=b"UN"))


def private_implicit() -> bytes:
    item = files.item(made.implicit(0x00080060, b"CT"))
    body = made.implicit(0x00090010, b"ACME")
    body += made.implicit(0x00091001, item + files.SEQUENCE_END, files.UNDEFINED)
    return made.implicit_file(body + made.implicit(0x00081140, item))


KINDS: dict[str, Callable[[], bytes]] = {
    "explicit": lambda: files.part10(image(), ExplicitVRLittleEndian),
    "implicit": lambda: files.part10(image(), ImplicitVRLittleEndian),
    "big endian": lambda: files.part10(image(), ExplicitVRBigEndian),
    "deflated": lambda: files.part10(image(), DeflatedExplicitVRLittleEndian),
    "bare": lambda: files.bare(image()),
    "bare implicit": lambda: files.bare(image(), implicit=True),
    "no preamble": lambda: files.part10(image())[132:],
    "no pixels": lambda: files.part10(files.without("PixelData")),
    "compressed": compressed,
    "icon": icon,
    "signed": signed,
    "unknown sequence": unknown,
    "private implicit": private_implicit,
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_reader_finds_the_same_before_and_after(kind: str) -> None:
    """Whatever a method leaves alone must be the same for whoever reads it."""
    content = KINDS[kind]()
    before, after = made.parsed(content), made.parsed(made.again(content))
    assert len(before) > 1
    assert before == after
    assert before.get("PixelData") == after.get("PixelData")


@pytest.mark.parametrize("kind", ["explicit", "implicit", "big endian", "compressed", "signed"])
def test_pixel_data_are_one_stretch_of_the_source(kind: str) -> None:
    """They are copied from the file, bit for bit, and never pass through memory as a whole."""
    content = KINDS[kind]()
    header = made.header_of(content)
    assert header.pixels is not None
    pieces = assemble(header)
    stretches = [piece for piece in pieces if isinstance(piece, Stretch)]
    assert stretches[-1] == header.pixels.value
    at, length = stretches[-1]
    assert length >= 512
    assert content[at : at + length] in made.written(header, content)


def test_bytes_between_stretches_are_joined() -> None:
    """One piece before the private blob, one between it and the pixels, none of it empty."""
    header = made.header_of(KINDS["explicit"]())
    pieces = assemble(header)
    assert [type(piece) for piece in pieces] == [bytes, Stretch, bytes, Stretch]
    assert all(len(piece) for piece in pieces)


def test_a_deflated_file_leaves_from_memory_with_its_pixels() -> None:
    """CTP appends the pixels behind the stream, where no reader finds them."""
    content = KINDS["deflated"]()
    pieces = assemble(made.header_of(content))
    assert {type(piece) for piece in pieces} == {bytes}
    assert size_of(pieces) % 2 == 0
    assert made.parsed(made.again(content)).PixelData == image().PixelData


def test_the_same_header_gives_the_same_bytes() -> None:
    """A resumed batch must have the digest that was prepared."""
    for kind, make in KINDS.items():
        content = make()
        assert made.again(content) == made.again(content), kind


def test_what_was_written_is_written_again_without_a_change() -> None:
    """Reading our own stream gives our own stream."""
    for kind, make in KINDS.items():
        once = made.again(make())
        assert made.again(once) == once, kind


def test_file_meta_comes_from_the_data_set() -> None:
    """The UIDs follow the data set, and whatever else stood in group 0002 (the AE title of a
    scanner, private information) is gone."""
    title = files.short(0x00020016, b"AE", b"SCANNER1")
    content = made.explicit(b"")
    at = content.index(files.short(0x00020010, b"UI", b"1.2.840.10008.1.2.1\0"))
    content = content[:at] + title + content[at:]
    header = made.header_of(content)
    assert header.meta[0x00020016] == b"SCANNER1"
    header.dataset[0x00080018] = Element(0x00080018, "UI", b"2.25.9\0")
    out = made.written(header, content)
    prefix = part10_prefix("1.2.840.10008.5.1.4.1.1.2", "2.25.9", "1.2.840.10008.1.2.1")
    assert out.startswith(bytes(128) + b"DICM")
    assert out.startswith(prefix)
    assert b"SCANNER1" not in out


def test_file_meta_is_empty_where_the_data_set_has_no_uid() -> None:
    """As in CTP; an invented UID would be worse."""
    header = Header({}, "1.2.840.10008.1.2.1", EXPLICIT, {0x00100020: _lo(b"P1")})
    meta = made.parsed(made.written(header)).file_meta
    assert meta[0x00020002].value == ""
    assert meta[0x00020003].value == ""
    assert meta.TransferSyntaxUID == "1.2.840.10008.1.2.1"


def _lo(value: bytes) -> Element:
    return Element(0x00100020, "LO", value)


def test_elements_leave_in_tag_order() -> None:
    """A method adds its elements at the end of the mapping."""
    header = made.header_of(made.explicit(files.short(0x00200013, b"IS", b"1 ")))
    header.dataset[0x00100020] = _lo(b"P1")
    out = made.written(header)
    assert out.endswith(
        files.short(0x00100020, b"LO", b"P1") + files.short(0x00200013, b"IS", b"1 ")
    )


@pytest.mark.parametrize(
    ("vr", "padding"),
    [("LO", b" "), ("PN", b" "), ("UI", b"\0"), ("OB", b"\0"), ("UN", b"\0"), ("UT", b" ")],
)
@pytest.mark.parametrize("encoding", [EXPLICIT, IMPLICIT])
def test_odd_values_are_made_even(vr: str, padding: bytes, encoding: Encoding) -> None:
    """PS3.5 section 6.2: text takes a blank, everything else a NUL."""
    header = Header({}, "1.2.3", encoding, {0x00091001: Element(0x00091001, vr, b"abc")})
    assert made.written(header)[-8:].endswith(b"abc" + padding)


def test_pixel_data_of_odd_length_are_left_as_they_are() -> None:
    """Their bytes and their number are those of the source, as in CTP."""
    content = files.headless_pixels(files.long(0x7FE00010, b"OB", b"abc"))
    assert made.again(content)[-7:] == b"\3\0\0\0abc"


def test_a_long_value_of_odd_length_is_padded() -> None:
    content = made.explicit(files.long(0x00091001, b"UT", b"a" * 70_001))
    out = made.again(content)
    assert out.endswith(b"a" * 70_001 + b" ")
    assert struct.pack("<L", 70_002) + b"aaa" in out


def test_a_value_too_long_for_its_vr_is_sent_as_unknown() -> None:
    """PS3.5 section 6.2.2: two bytes cannot tell its length."""
    value = b"x" * 65_536
    header = Header({}, "1.2.840.10008.1.2.1", EXPLICIT, {0x00100020: _lo(value)})
    assert made.written(header).endswith(files.long(0x00100020, b"UN", value))
    longest = b"x" * 65_534
    header.dataset[0x00100020] = _lo(longest)
    assert made.written(header).endswith(files.short(0x00100020, b"LO", longest))


def test_sequences_tell_their_lengths() -> None:
    """Readers skip over them in one step; every reader understands it."""
    inner = files.short(0x00080060, b"CS", b"CT")
    nested = made.open_sequence(0x00081140, made.open_sequence(0x00081199, inner), b"")
    assert made.again(made.explicit(nested)).endswith(
        made.sequence(0x00081140, made.sequence(0x00081199, inner), b"")
    )


def test_an_unknown_sequence_keeps_its_undefined_length() -> None:
    """With a length it would be bytes without meaning to every reader."""
    out = made.again(unknown())
    item = made.implicit(0x00080060, b"CT") + made.implicit(0x00080102, b"DCM ")
    content = files.item(item) + files.item(b"") + files.SEQUENCE_END
    assert out.endswith(files.long(0x00081199, b"UN", content, files.UNDEFINED))


def test_an_unknown_sequence_stays_little_endian_in_a_big_endian_file() -> None:
    """PS3.5 section 6.2.2; what follows it is big endian."""
    item = files.item(made.implicit(0x00280010, b"\x10\0"))
    tail = made.big(0x00280010, b"US", b"\0\x10")
    sequence = struct.pack(">HH2sHL", 9, 0x1001, b"UN", 0, files.UNDEFINED)
    sequence += item + files.SEQUENCE_END
    assert made.again(made.big_file(sequence + tail)).endswith(sequence + tail)


def test_private_sequences_keep_their_undefined_length_in_implicit_vr() -> None:
    """Nothing else shows that they are sequences; public ones are in every dictionary."""
    out = made.again(private_implicit())
    item = files.item(made.implicit(0x00080060, b"CT"))
    assert made.implicit(0x00091001, item + files.SEQUENCE_END, files.UNDEFINED) in out
    assert made.implicit(0x00081140, item) in out


def test_lengths_count_the_stretches_inside() -> None:
    """A long icon in a sequence stays in the file, and the sequence is as long as before."""
    content = icon()
    pieces = assemble(made.header_of(content))
    assert [type(piece) for piece in pieces] == [bytes, Stretch, bytes]
    assert made.again(content) == content[:128] + _own_meta() + content[-_body(content) :]


def _own_meta() -> bytes:
    return part10_prefix("1.2.840.10008.5.1.4.1.1.2", "1.2.3.4", "1.2.840.10008.1.2.1")[128:]


def _body(content: bytes) -> int:
    return len(content) - content.index(made.CT_BODY)


def test_a_sequence_of_more_than_four_gigabytes_ends_with_a_delimiter() -> None:
    """Its length has no room in four bytes; nothing of it is read to find that out."""
    blob = Element(0x00091001, "OB", Stretch(0, 0xC0000000))
    header = Header({}, "1.2.840.10008.1.2.1", EXPLICIT, {})
    header.dataset[0x00081140] = Element(0x00081140, "SQ", [{blob.tag: blob}, {blob.tag: blob}])
    pieces = assemble(header)
    assert pieces[-1] == files.SEQUENCE_END
    assert size_of(pieces) == len(pieces[0]) + 2 * 0xC0000000 + len(pieces[2]) + 8
    assert isinstance(pieces[0], bytes)
    assert files.long(0x00081140, b"SQ", b"", files.UNDEFINED) in pieces[0]


def test_pixel_data_of_a_method_are_written_from_memory() -> None:
    """A pixel rule puts new bytes in the place of the stretch."""
    content = KINDS["explicit"]()
    header = made.header_of(content)
    header.pixels = Element(0x7FE00010, "OW", b"\1\2\3\4")
    out = made.written(header, content)
    assert out.endswith(files.long(0x7FE00010, b"OW", b"\1\2\3\4"))


def test_a_file_that_became_shorter_is_noticed() -> None:
    """The node would wait for bytes that never come, or store an image that is cut."""
    content = KINDS["explicit"]()
    pieces = assemble(made.header_of(content))
    with tempfile.TemporaryFile() as file:
        file.write(content[:-100])
        file.flush()
        with pytest.raises(SourceChanged) as caught:
            copy(pieces, file.fileno(), lambda block: None)
    assert caught.value.what == "A source file became shorter while it was read."


def test_copying_holds_a_mebibyte_at_most() -> None:
    """However long a stretch is."""
    seen: list[int] = []
    with tempfile.TemporaryFile() as file:
        os.ftruncate(file.fileno(), 3 * files.MIB)
        pieces = (b"ab", Stretch(5, 2 * files.MIB + 7))
        copy(pieces, file.fileno(), lambda block: seen.append(len(block)))
    assert seen == [2, files.MIB, files.MIB, 7]

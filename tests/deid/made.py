"""Headers made of bytes for one test, and what reading and writing make of them."""

from __future__ import annotations

import struct
import tempfile
from io import BytesIO

import pydicom
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRLittleEndian

from tests.scan import files
from transfer.deid.header.reading import read_header
from transfer.deid.header.writing import assemble, copy, size_of
from transfer.deid.model import Header
from transfer.scan.text import silent_pydicom

CT_BODY = files.short(0x00080016, b"UI", b"1.2.840.10008.5.1.4.1.1.2\0") + files.short(
    0x00080018, b"UI", b"1.2.3.4\0"
)
"""The two elements with which the data sets made here begin, 50 bytes, explicit little endian."""


def explicit(body: bytes, syntax: str = ExplicitVRLittleEndian) -> bytes:
    """A Part 10 file whose data set is `CT_BODY` and what is given."""
    return files.frame(syntax) + CT_BODY + body


def implicit(tag: int, value: bytes, length: int | None = None) -> bytes:
    """An implicit little endian element, its length true or not."""
    said = len(value) if length is None else length
    return struct.pack("<HHL", tag >> 16, tag & 0xFFFF, said) + value


def implicit_file(body: bytes) -> bytes:
    """A Part 10 file in implicit VR whose data set is the two UIDs and what is given."""
    start = implicit(0x00080016, b"1.2.840.10008.5.1.4.1.1.2\0") + implicit(
        0x00080018, b"1.2.3.4\0"
    )
    return files.frame("1.2.840.10008.1.2") + start + body


def big(tag: int, vr: bytes, value: bytes) -> bytes:
    """An explicit big endian element with a length of two bytes."""
    return struct.pack(">HH2sH", tag >> 16, tag & 0xFFFF, vr, len(value)) + value


def big_file(body: bytes) -> bytes:
    """A Part 10 file in big endian whose data set is the two UIDs and what is given."""
    start = big(0x00080016, b"UI", b"1.2.840.10008.5.1.4.1.1.2\0") + big(
        0x00080018, b"UI", b"1.2.3.4\0"
    )
    return files.frame("1.2.840.10008.1.2.2") + start + body


def sequence(tag: int, *items: bytes) -> bytes:
    """An explicit little endian sequence that tells its length, as its items do."""
    return files.long(tag, b"SQ", b"".join(files.item(item) for item in items))


def open_sequence(tag: int, *items: bytes, vr: bytes = b"SQ") -> bytes:
    """An explicit little endian sequence of undefined length, as its items are."""
    content = b"".join(files.item(item + files.ITEM_END, files.UNDEFINED) for item in items)
    return files.long(tag, vr, content + files.SEQUENCE_END, files.UNDEFINED)


def header_of(content: bytes) -> Header:
    """What is read of a file with these bytes."""
    with tempfile.TemporaryFile() as file:
        file.write(content)
        file.flush()
        return read_header(file.fileno(), len(content))


def written(header: Header, source: bytes = b"") -> bytes:
    """The whole stream of a header that was read from `source`."""
    pieces = assemble(header)
    out = BytesIO()
    with tempfile.TemporaryFile() as file:
        file.write(source)
        file.flush()
        copy(pieces, file.fileno(), out.write)
    assert size_of(pieces) == len(out.getvalue()), "the size is known before anything is copied"
    return out.getvalue()


def again(content: bytes) -> bytes:
    """A file read and written with nothing changed."""
    return written(header_of(content), content)


def parsed(content: bytes) -> Dataset:
    """What pydicom reads, with every value decoded and group lengths taken out."""
    with silent_pydicom():
        found = pydicom.dcmread(BytesIO(content), force=True)
        _settle(found)
    return found


def _settle(found: Dataset) -> None:
    for tag in list(found.keys()):
        if tag.element == 0 or tag == 0xFFFCFFFC:
            del found[tag]
        elif found[tag].VR == "SQ":
            for item in found[tag].value:
                _settle(item)

"""A cohort of synthetic instances with identifiers planted wherever a header can hold one.

Every planted word, date and UID is unique, so that what is found in the output tells where it came
from. `Planted.words`, `.dates` and `.uids` are what must not leave, as bytes.
"""

from __future__ import annotations

import datetime as dt
import io
import os
from collections.abc import Iterator
from dataclasses import dataclass, field

from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.uid import UID, ExplicitVRLittleEndian, ImplicitVRLittleEndian
from pydicom.valuerep import PersonName

from transfer.deid.header.reading import read_header
from transfer.deid.model import Header

ROOT = "1.2.826.0.1.3680043.10.999"

# Sequences that the profile keeps, one in the other.
NESTED = (0x00081115, 0x00081140, 0x0040A170, 0x00080121, 0x00082218)
# Elements of every text VR that no profile keeps as they are.
TEXTS = {
    "AE": 0x00080055,
    "AS": 0x00101010,
    "CS": 0x00080052,
    "DS": 0x00101020,
    "IS": 0x00200012,
    "LO": 0x00081030,
    "LT": 0x00204000,
    "PN": 0x00081070,
    "SH": 0x00081010,
    "ST": 0x00080081,
    "TM": 0x00080030,
    "UC": 0x00189908,
    "UR": 0x0008010E,
    "UT": 0x00189917,
}
DATES = {0x00080012: "DA", 0x00100030: "DA", 0x0018700C: "DA", 0x00181205: "DA", 0x00400244: "DA"}
DATE_TIMES = {0x0008002A: "DT", 0x00189074: "DT", 0x0040A120: "DT", 0x00181079: "DT"}


@dataclass
class Planted:
    """One instance, and what was planted in it."""

    name: str
    data: bytes
    words: list[bytes] = field(default_factory=list)
    dates: list[bytes] = field(default_factory=list)
    uids: list[bytes] = field(default_factory=list)

    @property
    def secrets(self) -> list[bytes]:
        return [*self.words, *self.dates, *self.uids]


class Planter:
    """Makes identifiers that exist once, and remembers them."""

    def __init__(self) -> None:
        self.words: list[bytes] = []
        self.dates: list[bytes] = []
        self.uids: list[bytes] = []
        self._day = dt.date(1931, 1, 1)

    def word(self) -> str:
        word = f"Zq{len(self.words):05d}xyZ"
        self.words.append(word.encode())
        return word

    def wide_word(self) -> bytes:
        wide = self.word().encode("utf-16-le")
        self.words[-1] = wide
        return wide

    def date(self) -> str:
        self._day += dt.timedelta(days=1)
        while self._day.day == 1:
            self._day += dt.timedelta(days=1)
        text = f"{self._day:%Y%m%d}"
        self.dates.append(text.encode())
        return text

    def uid(self) -> str:
        uid = f"{ROOT}.{len(self.uids) + 7000000}.1"
        self.uids.append(uid.encode())
        return uid

    def plant(self, item: Dataset, *, is_root: bool) -> None:
        """Put one of everything into a data set."""
        for vr, tag in TEXTS.items():
            if tag not in item:
                self.put(item, tag, vr, self.word())
        for tag, vr in DATES.items():
            self.put(item, tag, vr, self.date())
        for tag, vr in DATE_TIMES.items():
            if tag not in item:
                self.put(item, tag, vr, self.date() + "101112.5+0100")
        self.put(item, 0x00081155, "UI", self.uid())
        self.put(item, 0x0040A171, "UI", self.uid())
        self.put(item, 0x00080058, "UI", self.uid())  # not kept
        block = item.private_block(0x0009, f"ACME {self.word()}", create=True)
        block.add_new(0x01, "LO", self.word())
        block.add_new(0x02, "UN", self.wide_word() + self.word().encode())
        nested = Dataset()
        nested.PatientComments = self.word()
        block.add_new(0x03, "SQ", [nested])
        self.put(item, 0x00100021, "UN", self.word().encode())  # public, hidden in UN
        self.put(item, 0x00081048, "UN", self.word().encode())
        self.put(item, 0x00081032, "UN", _stored_sequence(self.word()))  # kept, hidden in UN
        self.put(item, 0x0018A9F7, "LO", self.word())  # in no dictionary
        if is_root:
            self.put(item, 0x00181204, "DA", self._dashed())
            self.put(item, 0x00189701, "DT", f"{self.date()} 101112")
            self.put(item, 0x00400250, "DA", f"{self.date()}-{self.date()}")
            # Bytes that the named character set does not have.
            self.put(item, 0x00104000, "LT", "Ж".encode("cp1251") + self.word().encode())
            item.add(DataElement(0x60000010, "US", 2))
            item.add(DataElement(0x60000022, "LO", self.word()))
            item.add(DataElement(0x60004000, "LT", self.word()))
            item.add(DataElement(0x60003000, "OW", self.word().encode() + b"\0"))
            item.add(DataElement(0x50002500, "LO", self.word()))

    def _dashed(self) -> str:
        text = self.date()
        dashed = f"{text[:4]}-{text[4:6]}-{text[6:]}"
        self.dates[-1] = dashed.encode()
        return dashed

    def put(self, item: Dataset, tag: int, vr: str, value: str | bytes) -> None:
        """An element that pydicom writes without a look at its value."""
        element = DataElement(tag, vr, None, validation_mode=0)
        element.VR = vr
        element._value = PersonName(value) if vr == "PN" else value
        item.add(element)

    def plant_deep(self, root: Dataset) -> None:
        """Plant at the root and in five levels of sequences."""
        item = root
        self.plant(root, is_root=True)
        for tag in NESTED:
            inner = Dataset()
            self.plant(inner, is_root=False)
            item[tag] = DataElement(tag, "SQ", Sequence([inner]))
            item = inner


def cohort() -> Iterator[Planted]:
    """One instance per kind, each with its own identifiers."""
    from tests.deid.planted_kinds import MAKERS

    for name, make in MAKERS.items():
        for syntax in (ExplicitVRLittleEndian, ImplicitVRLittleEndian):
            planter = Planter()
            dataset = make(planter)
            planter.plant_deep(dataset)
            kind = "implicit" if syntax.is_implicit_VR else "explicit"
            yield Planted(
                f"{name} {kind}",
                part10(dataset, syntax, planter),
                planter.words,
                planter.dates,
                planter.uids,
            )


def part10(dataset: Dataset, syntax: UID, planter: Planter | None = None) -> bytes:
    """The file of a data set, its meta information planted too."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = UID(dataset.SOPClassUID)
    meta.MediaStorageSOPInstanceUID = UID(dataset.SOPInstanceUID)
    meta.TransferSyntaxUID = syntax
    if planter is not None:
        meta.SourceApplicationEntityTitle = planter.word()
        meta.PrivateInformationCreatorUID = UID(planter.uid())
        meta.PrivateInformation = planter.word().encode() + b"\0"
    out = io.BytesIO()
    file = FileDataset("", dataset, file_meta=meta, preamble=b"\0" * 128)
    file.save_as(out, enforce_file_format=True)
    return out.getvalue()


def header_of(data: bytes) -> Header:
    """The header of a file in memory."""
    fd = os.memfd_create("planted")
    try:
        os.write(fd, data)
        return read_header(fd, len(data))
    finally:
        os.close(fd)


def _stored_sequence(word: str) -> bytes:
    """One item with a Code Value and a Study Description, as implicit VR little endian."""
    text = word.encode()
    inner = b"\x08\x00\x00\x01\x04\x00\x00\x00CT01"
    inner += b"\x08\x00\x30\x10" + len(text).to_bytes(4, "little") + text
    return b"\xfe\xff\x00\xe0" + len(inner).to_bytes(4, "little") + inner

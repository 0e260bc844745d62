"""Headers as they leave, made element by element, for the last look to search."""

from __future__ import annotations

from transfer.deid.look.identifiers import Fact, Identifiers, Kind
from transfer.deid.model import DataSet, Element, Header
from transfer.scan.elements import Encoding

EXPLICIT_LITTLE = "1.2.840.10008.1.2.1"
UID = "1.3.6.1.4.1.58108.2023."
PSEUDONYM = "EUCAIM-303169448917978981465802042510721317644"

# What a profile leaves of a CT slice: tag, VR, value. `{n}` is the slice's number.
CLEAN_CT = (
    (0x00080005, "CS", "ISO_IR 100"),
    (0x00080008, "CS", r"ORIGINAL\PRIMARY\AXIAL\CT_SOM5 SPI"),
    (0x00080012, "DA", "20200101"),
    (0x00080013, "TM", "12{n:04}.123000"),
    (0x00080016, "UI", "1.2.840.10008.5.1.4.1.1.2"),
    (0x00080018, "UI", UID + "210146037355566173423512064101763{n:06}"),
    (0x00080020, "DA", "20200101"),
    (0x00080021, "DA", "20200101"),
    (0x00080022, "DA", "20200101"),
    (0x00080023, "DA", "20200101"),
    (0x00080030, "TM", "071230.5"),
    (0x00080031, "TM", "071231"),
    (0x00080032, "TM", "0712{s:02}.123000"),
    (0x00080033, "TM", "0712{s:02}.7"),
    (0x00080050, "SH", "2819497684894126"),
    (0x00080060, "CS", "CT"),
    (0x00080070, "LO", "SIEMENS"),
    (0x00080080, "LO", "4fc07245c7aef26cb570595f151fccba0fd32eae9d9a5ca41efd665b14fd03ef"),
    (0x00080090, "PN", ""),
    (0x0008103E, "LO", "Head 3.0 H30s MAX MIP Li 7 123"),
    (0x00081090, "LO", "Sensation 16"),
    (0x00100010, "PN", PSEUDONYM + "^Anonymous"),
    (0x00100020, "LO", PSEUDONYM),
    (0x00100030, "DA", "19600101"),
    (0x00100040, "CS", "F"),
    (0x00101010, "AS", "060Y"),
    (0x00101020, "DS", "1.7"),
    (0x00101030, "DS", "71.23"),
    (0x00120062, "CS", "YES"),
    (0x00120063, "LO", "EUCAIM Deidentification v5: 20240101:101010"),
    (0x00180015, "CS", "HEAD"),
    (0x00180022, "CS", "HELIX"),
    (0x00180050, "DS", "3"),
    (0x00180060, "DS", "123"),
    (0x00180090, "DS", "500"),
    (0x00181020, "LO", "VB42B"),
    (0x00181030, "LO", "HeadRoutine max 123"),
    (0x00181100, "DS", "250"),
    (0x00181110, "DS", "1040"),
    (0x00181120, "DS", "0"),
    (0x00181130, "DS", "137"),
    (0x00181140, "CS", "CW"),
    (0x00181150, "IS", "750"),
    (0x00181151, "IS", "123"),
    (0x00181152, "IS", "123"),
    (0x00181160, "SH", "0"),
    (0x00181170, "IS", "7"),
    (0x00181190, "DS", "0.7"),
    (0x00181210, "SH", "H30s"),
    (0x00185100, "CS", "HFS"),
    (0x0020000D, "UI", UID + "210146037355566173423512064101763870129"),
    (0x0020000E, "UI", UID + "92704385803597521549071380411025392207"),
    (0x00200010, "SH", ""),
    (0x00200011, "IS", "7"),
    (0x00200012, "IS", "123"),
    (0x00200013, "IS", "{n}"),
    (0x00200032, "DS", r"-124.755859375\-320.255859375\{n}.5"),
    (0x00200037, "DS", r"1\0\0\0\1\0"),
    (0x00200052, "UI", UID + "7"),
    (0x00201040, "LO", "7"),
    (0x00201041, "DS", "-{n}.5"),
    (0x00204000, "LT", "max head, li 7 of 123"),
    (0x00280002, "US", b"\x01\x00"),
    (0x00280004, "CS", "MONOCHROME2"),
    (0x00280010, "US", b"\x00\x02"),
    (0x00280011, "US", b"\x00\x02"),
    (0x00280030, "DS", r"0.48828125\0.48828125"),
    (0x00280100, "US", b"\x10\x00"),
    (0x00280101, "US", b"\x0c\x00"),
    (0x00280102, "US", b"\x0b\x00"),
    (0x00280103, "US", b"\x00\x00"),
    (0x00281050, "DS", r"40\123"),
    (0x00281051, "DS", r"400\7"),
    (0x00281052, "DS", "-1024"),
    (0x00281053, "DS", "1"),
    (0x00281055, "LO", r"MAX\HEAD"),
)


def element(tag: int, vr: str, value: bytes | str | list[DataSet]) -> Element:
    """Text is padded to even length, as PS3.5 section 6.2 asks."""
    if isinstance(value, str):
        raw = value.encode("latin-1")
        value = raw + (b"\0" if vr == "UI" else b" ") * (len(raw) % 2)
    return Element(tag, vr, value)


def dataset(*elements: Element) -> DataSet:
    return {one.tag: one for one in elements}


def header(*elements: Element, charset: str = "ISO_IR 100", meta: dict[int, bytes] | None = None,
           ) -> Header:  # fmt: skip
    """A header with these elements and what every instance has."""
    base = [element(0x00080005, "CS", charset), element(0x00080060, "CS", "CT")]
    return Header(meta or {}, EXPLICIT_LITTLE, Encoding(False, True), dataset(*base, *elements))


def clean_ct(n: int, *elements: Element, at_least: int = 120) -> Header:
    """Slice number `n` as a profile leaves it, with private numbers up to `at_least` elements."""
    made = [
        element(tag, vr, value if isinstance(value, bytes) else value.format(n=n, s=n % 60))
        for tag, vr, value in CLEAN_CT
    ]
    made += [
        element(0x00191001 + i, "DS" if i % 3 else "LO", f"{i}.{n:06}" if i % 2 else f"{i}")
        for i in range(at_least - len(made) - len(elements))
    ]
    return Header({}, EXPLICIT_LITTLE, Encoding(False, True), dataset(*made, *elements))


def known(**facts: str | list[str]) -> Identifiers:
    """Identifiers by the names of their kinds: `known(name="Li^Wei", patient_id="7")`."""
    return Identifiers(
        Fact(Kind[kind.upper()], text)
        for kind, texts in facts.items()
        for text in ([texts] if isinstance(texts, str) else texts)
    )

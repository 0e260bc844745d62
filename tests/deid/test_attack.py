"""What a hostile file tried, and does not get through `eucaim`."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from tests.deid.profiled import EXPLICIT, KEY, MOMENT, dataset, in_item, one
from tests.scan import files
from transfer.deid.look.identifiers import NOBODY, Fact, Identifiers, Kind, identifiers_of
from transfer.deid.look.lastlook import look
from transfer.deid.methods import MethodSpec, build_method
from transfer.deid.model import Header
from transfer.deid.rewrite import Cause, Look, Outgoing, Stopped, rewrite

_GROOTVELD = Identifiers([Fact(Kind.NAME, "Grootveld^Annelies"), Fact(Kind.BIRTH_DATE, "19370523")])
_TEXT = b"Zqvaantje Grootveld, Dorpsstraat"  # 32 bytes: a multiple of every number's size


@pytest.mark.parametrize("vr", ["PN", "LT", "ST", "UT", "DA", "DT", "LO", "UI"])
@pytest.mark.parametrize("tag", [0x00081150, 0x0008001A, 0x0008010C, 0x00080118])
def test_text_in_the_uid_of_a_class_is_emptied_whatever_vr_it_claims(tag: int, vr: str) -> None:
    """A class is left alone, what claims to be one by its tag and text by its VR is not."""
    assert one(tag, vr, b"Grootveld^Annelies") == b""
    assert in_item(tag, vr, b"Grootveld^Annelies") == b""


def test_the_uid_of_a_class_stays_though_its_vr_is_wrong() -> None:
    """Without it the reference is of no use."""
    assert one(0x00081150, "LT", b"1.2.840.10008.5.1.4.1.1.2 ") == b"1.2.840.10008.5.1.4.1.1.2 "


@pytest.mark.parametrize("value", [b"20190319", b"2019.03.19", b"2019:03:19", b"20190319101112"])
def test_a_date_in_an_element_for_times_is_emptied(value: bytes) -> None:
    """Some systems put date and time into Study Time."""
    assert one(0x00080030, "TM", value) == b""


@pytest.mark.parametrize(
    "value", [b"", b"09", b"0915", b"091500", b"091500.123456", b"09:15:00", b"9:15", b"091500. "]
)
def test_a_time_stays_however_it_is_written(value: bytes) -> None:
    """Small sins are forgiven."""
    assert one(0x00080030, "TM", value) == value


@pytest.mark.parametrize(
    ("tag", "vr"),
    [
        (0x00280106, "US"),  # one number
        (0x00189087, "FD"),
        (0x00280009, "AT"),  # many
        (0x00209157, "UL"),
        (0x00700022, "FL"),
        (0x00281201, "OW"),
        (0x00282000, "OB"),
    ],
)
@pytest.mark.parametrize("claims", ["its own", "UN"])
def test_text_in_an_element_for_numbers_is_emptied(tag: int, vr: str, claims: str) -> None:
    """In implicit VR and under VR UN, that it is a number is only the dictionary's word."""
    assert one(tag, vr if claims == "its own" else "UN", _TEXT) == b""


@pytest.mark.parametrize(
    ("tag", "vr", "value"),
    [
        (0x00189087, "FD", struct.pack("<d", 101.6)),  # reads `ffffffY@`
        (0x00189089, "FD", struct.pack("<3d", 101.6, 57.6, 101.6)),
        (0x0062000D, "US", b"ABcdEF"),  # a colour
        (0x00280106, "US", struct.pack("<3H", 1, 2, 3)),  # more than there should be
        (0x00281201, "OW", b"ZZ" * 256),  # one channel of a palette
    ],
)
def test_numbers_that_look_a_little_like_text_stay(tag: int, vr: str, value: bytes) -> None:
    """Nothing is lost for the sake of an accident."""
    assert one(tag, vr, value) == value


def test_text_among_the_numbers_of_a_long_contour_stops_the_instance(tmp_path: Path) -> None:
    """The list stays in the file unread by the profile, so it is read before it leaves."""
    good = b"\\".join([b"-12.5", b"3e2", b" 0.25"] * 8000)
    assert len(good) > 65536
    assert isinstance(_rewritten(tmp_path, good), Outgoing)
    stopped = _rewritten(tmp_path, good[:70_000] + b"Grootveld" + good[70_000:])
    assert isinstance(stopped, Stopped)
    assert stopped.cause is Cause.QUARANTINED
    assert stopped.reason.startswith("A long list of numbers holds something else")


def _rewritten(folder: Path, contour: bytes) -> Outgoing | Stopped:
    body = b"".join(
        files.short(tag, vr, value + b"\0" * (len(value) % 2))
        for tag, vr, value in (
            (0x00080016, b"UI", b"1.2.840.10008.5.1.4.1.1.481.3"),
            (0x00080018, b"UI", b"1.2.3.4"),
            (0x00100020, b"LO", b"HOSP0004"),
            (0x0020000D, b"UI", b"1.2.3"),
            (0x0020000E, b"UI", b"1.2.3.1"),
        )
    )
    contour += b" " * (len(contour) % 2)
    item = files.item(struct.pack("<HH2sHL", 0x3006, 0x0050, b"UN", 0, len(contour)) + contour)
    inner = files.item(files.long(0x30060040, b"SQ", item))
    path = folder / "rtstruct.dcm"
    path.write_bytes(
        files.frame("1.2.840.10008.1.2.1") + body + files.long(0x30060039, b"SQ", inner)
    )
    method = build_method(MethodSpec("eucaim", KEY, "SITE-001"))
    return rewrite(str(path), method, MOMENT, Look(NOBODY))


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("Bauch^Kurt", "Bauch 5.0 nativ"),
        ("Mayor^Blanca", "Omento mayor"),
        ("Hoofd^Piet", "Hoofd hals 3.0"),
        ("Glowa^Jan", "TK glowa"),
        ("Third^Ann", "Third phase"),
    ],
)
def test_who_is_called_like_a_part_of_the_body_is_not_stopped(name: str, text: str) -> None:
    """Scanners are operated in more languages than English."""
    person = Identifiers([Fact(Kind.NAME, name)])
    header = Header({}, "1.2.840.10008.1.2.1", EXPLICIT, dataset((0x0008103E, "LO", text.encode())))
    assert look(header, person) == []


@pytest.mark.parametrize(
    "tag",
    [
        0x00080070,  # Manufacturer
        0x00081090,
        0x00181020,
        0x00080100,  # codes
        0x00080104,
        0x00120063,  # what an earlier de-identification wrote
    ],
)
@pytest.mark.parametrize("text", ["CT Grootveld", "GROOTVELD", "born 1937-05-23", "23 mei 1937"])
def test_a_name_or_birth_date_among_codes_and_makers_is_found(tag: int, text: str) -> None:
    """Texts of codes stay at every depth, and local codes are made by people."""
    item = dataset((tag, "LO", text.encode()))
    header = Header({}, "1.2.840.10008.1.2.1", EXPLICIT, dataset((0x00081032, "SQ", [item])))
    assert [hit.where for hit in look(header, _GROOTVELD)] == [
        f"(0008,1032)[1]({tag >> 16:04X},{tag & 0xFFFF:04X})"
    ]


@pytest.mark.parametrize("codec", ["utf-16-be", "utf-16-le", "ascii"])
def test_a_name_within_a_colour_profile_is_found(codec: str) -> None:
    """Texts in an ICC profile are UTF-16, behind the ASCII letters of a signature."""
    profile = b"\1\0\0\0desc\0\0\0\0" + "Grootveld Annelies".encode(codec) + b"\0\0\0\1"
    header = Header({}, "1.2.840.10008.1.2.1", EXPLICIT, dataset((0x00282000, "OB", profile)))
    assert [hit.where for hit in look(header, _GROOTVELD)] == ["(0028,2000)"]


@pytest.mark.parametrize(
    ("declared", "name", "text"),
    [
        (b"ISO_IR 100", "Παπαδόπουλος^Γιώργος".encode(), "Head Παπαδόπουλος".encode()),
        (b"ISO_IR 192", "Παπαδόπουλος^Γιώργος".encode(), "Παπαδόπουλος".encode("iso8859-7")),
        (b"ISO_IR 144", "Иванченко^Пётр".encode("iso8859-5"), "Иванченко".encode("cp1251")),
        (b"GB18030", "Wang=王^小东".encode("gb18030"), "王小东".encode()),
    ],
)
def test_a_name_is_found_though_its_character_set_is_declared_wrongly(
    declared: bytes, name: bytes, text: bytes
) -> None:
    """Systems of one hospital write the same name in different ways, and say so in none."""
    came = dataset((0x00080005, "CS", declared), (0x00100010, "PN", name))
    left = dataset((0x00080005, "CS", declared), (0x0008103E, "LO", text))
    syntax = "1.2.840.10008.1.2.1"
    person = identifiers_of(Header({}, syntax, EXPLICIT, came))
    hits = look(Header({}, syntax, EXPLICIT, left), person)
    assert [hit.where for hit in hits] == ["(0008,103E)"]


@pytest.mark.parametrize("text", ["MR Grootveld head", "CT_GROOTVELD", "A.Grootveld"])
def test_a_name_within_a_code_is_found(text: str) -> None:
    """At the root a code stays as it was written, which may be anything."""
    body_part = dataset((0x00180015, "CS", text.encode()))
    header = Header({}, "1.2.840.10008.1.2.1", EXPLICIT, body_part)
    assert [hit.where for hit in look(header, _GROOTVELD)] == ["(0018,0015)"]


def test_other_ids_are_known_from_a_sequence_that_the_file_calls_un() -> None:
    """What is looked for must not depend on how an archive labels a sequence."""
    patient_id = struct.pack("<HHL", 0x0010, 0x0020, 10) + b"ZID9988771"
    came = dataset((0x00101002, "UN", files.item(patient_id)))
    known = identifiers_of(Header({}, "1.2.840.10008.1.2.1", EXPLICIT, came))
    assert known.facts == {Fact(Kind.PATIENT_ID, "ZID9988771")}

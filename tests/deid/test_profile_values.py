"""What `eucaim` makes of values by their VR: hidden, contradictory, malformed, too long."""

from __future__ import annotations

import pytest

from tests.deid.profiled import (
    BIG,
    EXPLICIT,
    HOSP0004,
    dataset,
    in_item,
    items,
    one,
    outcome_of,
    treated,
)
from transfer.deid.model import Quarantined, Stretch
from transfer.deid.recipe import new_uid


def test_public_values_of_vr_un_are_treated_by_the_vr_of_the_dictionary() -> None:
    """`lethe` cannot write into them, so they stay in clear."""
    left = treated(
        (0x00100010, "UN", b"Doe^John"),
        (0x00080020, "UN", b"20040119"),
        (0x0020000D, "UN", b"1.2.3\0"),
        (0x00280010, "UN", b"\x00\x02"),
        (0x00281050, "UN", b"not a number"),
        (0x00091001, "UN", b"Doe"),
        (0x0018FFF1, "UN", b"Doe"),
    )
    assert (left[0x00100010].vr, left[0x00100010].value) == (
        "PN",
        f"{HOSP0004}^Anonymous".encode(),
    )
    assert (left[0x00080020].vr, left[0x00080020].value) == ("DA", b"20040101")
    assert left[0x0020000D].value == new_uid("1.2.3", HOSP0004).encode()
    assert (left[0x00280010].vr, left[0x00280010].value) == ("US", b"\x00\x02")
    assert left[0x00281050].value == b""
    assert 0x00091001 not in left
    assert 0x0018FFF1 not in left


def test_a_sequence_hidden_in_vr_un_is_looked_into() -> None:
    """Stored as implicit VR little endian, PS3.5 section 6.2.2."""
    inner = b"\x08\x00\x50\x11\x1a\x00\x00\x001.2.840.10008.5.1.4.1.1.2\0"
    inner += b"\x08\x00\x30\x10\x04\x00\x00\x00Doe "
    value = b"\xfe\xff\x00\xe0" + len(inner).to_bytes(4, "little") + inner
    for encoding, vr in ((EXPLICIT, "SQ"), (BIG, "UN")):
        left = treated((0x00081140, "UN", value), encoding=encoding)
        assert left[0x00081140].vr == vr
        assert [list(item) for item in items(left[0x00081140])] == [[0x00081150]]
    assert one(0x00081140, "UN", b"Doe^John") is None


def test_sequences_hidden_in_each_other_without_end_hold_the_instance_back() -> None:
    """Any bytes may come; every level takes a little of the value."""
    value = b""
    for _ in range(100):
        inner = b"\x08\x00\x40\x11UN\0\0" + len(value).to_bytes(4, "little") + value
        value = b"\xfe\xff\x00\xe0" + len(inner).to_bytes(4, "little") + inner
    outcome = outcome_of((0x00081140, "UN", value))
    assert isinstance(outcome, Quarantined)
    assert outcome.reason.startswith("Sequences lie in each other")


def test_numbers_of_vr_un_in_big_endian_are_removed() -> None:
    """Nobody says in which order their bytes stand."""
    assert 0x00280010 not in treated((0x00280010, "UN", b"\x02\x00"), encoding=BIG)
    assert 0x00280010 in treated((0x00280010, "US", b"\x02\x00"), encoding=BIG)


def test_a_vr_that_contradicts_the_dictionary_hides_nothing() -> None:
    """Text where numbers belong is removed; a date stays a date."""
    assert one(0x00280010, "LO", b"Doe^John") is None
    assert one(0x00280010, "OB", b"Doe^John") is None
    assert one(0x00080020, "LO", b"20040119") == b"20040101"
    assert one(0x00180050, "LO", b"Doe") == b""
    assert one(0x0008103E, "DA", b"20040119") == b"20040101"
    assert one(0x0008103E, "SQ", [dataset((0x00100010, "PN", b"Doe"))]) is None


@pytest.mark.parametrize(
    ("tag", "vr"),
    [
        (0x00080012, "DA"),
        (0x00080024, "DA"),
        (0x00100030, "DA"),
        (0x001021D0, "DA"),
        (0x00181200, "DA"),
        (0x00181203, "DT"),
        (0x00181204, "DA"),
        (0x00181205, "DA"),
        (0x00181078, "DT"),
        (0x00189369, "DT"),
        (0x0018936A, "DT"),
        (0x00189516, "DT"),
        (0x00189701, "DT"),
        (0x0018A002, "DT"),
        (0x00400244, "DA"),
        (0x00400250, "DA"),
        (0x0040A032, "DT"),
        (0x0040A120, "DT"),
        (0x0040A121, "DA"),
    ],
)
def test_no_date_keeps_its_day(tag: int, vr: str) -> None:
    """`lethe` keeps these in full, shifts or empties them."""
    assert one(tag, vr, b"20040119") == b"20040101"
    assert in_item(tag, vr, b"20040119") == b"20040101"


def test_times_of_day_stay() -> None:
    """As in `lethe`."""
    assert one(0x00080030, "TM", b"072730.500") == b"072730.500"
    assert one(0x00181042, "TM", b"0727") == b"0727"
    assert one(0x00080201, "SH", b"-0500 ") == b"-0500 "


def test_numbers_ages_times_and_codes_that_are_none_are_emptied() -> None:
    """A name fits into every text."""
    assert one(0x00180050, "DS", b"5.000000 ") == b"5.000000 "
    assert one(0x00180050, "DS", b"Doe") == b""
    assert one(0x00200013, "IS", b"1\\two") == b""
    assert one(0x00101010, "AS", b"045Y") == b"045Y"
    assert one(0x00101010, "AS", b"Doe") == b""
    assert one(0x00080030, "TM", b"Doe ") == b""
    assert in_item(0x00189077, "CS", b"YES ") == b"YES "
    assert in_item(0x00189077, "CS", b"Doe, John") == b""


def test_values_too_long_to_hold_stay_or_go_and_are_never_read() -> None:
    """Numbers in bulk stay where a line names them; text nobody can look at does not."""
    long = Stretch(1000, 70_000)
    assert one(0x00281201, "OW", long) == long
    assert one(0x0040A160, "UT", long) == b"Removed"
    assert one(0x00120051, "UT", long) == b""
    assert one(0x0008103E, "LO", long) == b""
    assert one(0x00200052, "UI", long) == b""
    assert one(0x00080020, "DA", long) == b""
    assert one(0x00091002, "OB", long) is None


def test_a_contour_longer_than_64_kib_stays() -> None:
    """Its VR is too short for it, so it comes as UN, or without a VR (PS3.5 section 6.2.2)."""
    long = Stretch(1000, 70_000)
    for vr in ("DS", "UN"):
        assert in_item(0x30060050, vr, long) == long
    points = b"1.5\\" * 16_383 + b"1.5 "
    assert in_item(0x30060050, "UN", points) == points
    assert in_item(0x30060050, "UN", b"Doe\\" * 16_384) is None
    assert in_item(0x0008103E, "UN", long) is None


def test_a_charset_of_an_item_holds_for_that_item_only() -> None:
    """PS3.5 section 6.1.2.5; an ID in an item is read by it."""
    item = dataset((0x00080005, "CS", b"ISO_IR 192"), (0x00100020, "LO", "Ä-ø-1".encode()))
    other = dataset((0x00100020, "LO", "Ä-ø-1".encode("latin-1")))
    left = treated((0x00080005, "CS", b"ISO_IR 100"), (0x00081140, "SQ", [item, other]))
    one_id, other_id = (item[0x00100020].value for item in items(left[0x00081140]))
    assert one_id == other_id == b"EUCAIM-300597429802915622911136051070693906976"

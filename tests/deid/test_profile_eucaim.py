"""Each way in which `eucaim` is not `lethe` (docs/deidentification.md)."""

from __future__ import annotations

import datetime as dt

import pytest
from pydicom.sr._cid_dict import cid_concepts
from pydicom.sr._concepts_dict import concepts

from transfer.deid.model import (
    DataSet,
    Element,
    Header,
    Moment,
    Outcome,
    Quarantined,
    Rewritten,
    Stretch,
)
from transfer.deid.profiles import eucaim_method, load_profile
from transfer.deid.recipe import new_uid, pseudonym
from transfer.errors import UsageError
from transfer.scan.elements import Encoding

KEY = "019a39ba16da7edb9e906440a48e9ed32"
SITE = b"4fc07245c7aef26cb570595f151fccba0fd32eae9d9a5ca41efd665b14fd03ef"
HOSP0004 = "EUCAIM-303169448917978981465802042510721317644"
MOMENT = Moment(dt.datetime(2025, 3, 4, 5, 6, 7))  # noqa: DTZ001  local time, as the moment has it
EXPLICIT = Encoding(is_implicit=False, is_little=True)
BIG = Encoding(is_implicit=False, is_little=False)


def dataset(*elements: tuple[int, str, bytes | Stretch | list[DataSet]]) -> DataSet:
    return {tag: Element(tag, vr, value) for tag, vr, value in sorted(elements, key=lambda e: e[0])}


def outcome_of(
    *elements: tuple[int, str, bytes | Stretch | list[DataSet]],
    patient_id: bytes | None = b"HOSP0004",
    encoding: Encoding = EXPLICIT,
) -> Outcome:
    found = dataset(*elements)
    if patient_id is not None:
        found.setdefault(0x00100020, Element(0x00100020, "LO", patient_id))
    header = Header({}, "1.2.840.10008.1.2.1", encoding, dict(sorted(found.items())))
    return eucaim_method(KEY, "SITE-001").apply(header, MOMENT)


def treated(
    *elements: tuple[int, str, bytes | Stretch | list[DataSet]],
    patient_id: bytes | None = b"HOSP0004",
    encoding: Encoding = EXPLICIT,
) -> DataSet:
    outcome = outcome_of(*elements, patient_id=patient_id, encoding=encoding)
    assert isinstance(outcome, Rewritten), outcome
    return outcome.header.dataset


def one(tag: int, vr: str, value: bytes | Stretch | list[DataSet]) -> object:
    """What is left of one element at the root; None: nothing."""
    element = treated((tag, vr, value)).get(tag)
    return None if element is None else element.value


def in_item(tag: int, vr: str, value: bytes | Stretch | list[DataSet]) -> object:
    """What is left of one element in an item of a sequence that stays."""
    (item,) = items(treated((0x00081140, "SQ", [dataset((tag, vr, value))]))[0x00081140])
    element = item.get(tag)
    return None if element is None else element.value


def items(element: Element) -> list[DataSet]:
    assert isinstance(element.value, list)
    return element.value


def test_pseudonyms_are_those_of_lethe() -> None:
    """The same key gives the same patient, in either profile."""
    left = treated((0x00100010, "PN", b"Doe^John"))
    assert left[0x00100020].value == HOSP0004.encode()
    assert left[0x00100010].value == f"{HOSP0004}^Anonymous".encode()


@pytest.mark.parametrize("patient_id", [None, b"", b"  ", b"\0\0", b"\t "])
def test_an_instance_without_patient_id_is_held_back(patient_id: bytes | None) -> None:
    """`lethe` makes one patient of all of them."""
    outcome = outcome_of(patient_id=patient_id)
    assert isinstance(outcome, Quarantined)
    assert outcome.reason.startswith("Patient ID (0010,0020) is missing or empty")


def test_a_patient_id_is_read_in_its_character_set() -> None:
    """The same ID from any character set is the same patient."""
    latin = treated((0x00080005, "CS", b"ISO_IR 100"), patient_id="Ä-ø-1".encode("latin-1"))
    utf8 = treated((0x00080005, "CS", b"ISO_IR 192"), patient_id="Ä-ø-1".encode())
    assert latin[0x00100020].value == b"EUCAIM-300597429802915622911136051070693906976"
    assert utf8[0x00100020].value == latin[0x00100020].value


def test_a_patient_id_of_another_vr_is_replaced_all_the_same() -> None:
    """`lethe` leaves an ID of VR UN in clear."""
    for vr in ("UN", "OB", "SH"):
        left = treated((0x00100020, vr, b"HOSP0004"), patient_id=None)
        assert left[0x00100020].value == HOSP0004.encode(), vr
        assert left[0x00100020].vr == "LO", vr


def test_a_patient_id_in_an_item_gets_its_own_pseudonym() -> None:
    """A group of patients stays a group."""
    assert in_item(0x00100020, "LO", b"1CT1") == pseudonym(KEY, "1CT1").encode()
    assert in_item(0x00100020, "LO", b"") == b""


def test_references_are_replaced_in_step_at_every_depth() -> None:
    """`lethe` leaves them pointing to UIDs that exist no more."""
    deep = [dataset((0x00081155, "UI", b"1.2.3\0"))]
    left = treated(
        (0x00080018, "UI", b"1.2.3\0"),
        (0x00081115, "SQ", [dataset((0x00081140, "SQ", deep))]),
    )
    (inner,) = items(items(left[0x00081115])[0][0x00081140])
    assert left[0x00080018].value == new_uid("1.2.3", HOSP0004).encode()
    assert inner[0x00081155].value == left[0x00080018].value


def test_classes_and_well_known_uids_are_never_replaced() -> None:
    """`lethe` makes an instance of (0008,1150)."""
    ct = b"1.2.840.10008.5.1.4.1.1.2\0"
    assert one(0x00081150, "UI", ct) == ct
    assert in_item(0x00081150, "UI", b"1.3.12.2.1107.5.9.1\0") == b"1.3.12.2.1107.5.9.1\0"
    assert in_item(0x0008010C, "UI", b"2.16.840.1.113883.6.96") == b"2.16.840.1.113883.6.96"
    assert one(0x00200052, "UI", b"1.2.840.10008.1.4.1.1") == b"1.2.840.10008.1.4.1.1"
    assert one(0x00081150, "UI", b"PATIENT NAME") == b""


def test_several_uids_in_one_element_are_replaced_one_by_one() -> None:
    """`lethe` makes one UID of them."""
    new = b"\\".join(new_uid(uid, HOSP0004).encode() for uid in ("1.2.3", "1.2.4"))
    assert one(0x00209312, "UI", b"1.2.3\\1.2.4\0") == new
    assert one(0x00200052, "UI", b"") == b""


def test_private_data_in_a_kept_sequence_are_removed() -> None:
    """`lethe` leaves them, and everything else in a kept sequence."""
    nested = dataset(
        (0x00090010, "LO", b"ACME"), (0x00091001, "LO", b"Doe"), (0x00081030, "LO", b"Doe")
    )
    assert items(treated((0x00081140, "SQ", [nested]))[0x00081140]) == [{}]


def test_free_text_stays_at_the_root_and_goes_in_items() -> None:
    """Texts at the root are listed for review."""
    assert one(0x0008103E, "LO", b"Thorax") == b"Thorax"
    assert in_item(0x0008103E, "LO", b"Thorax") == b""
    assert in_item(0x00080104, "LO", b"Neoplasm") == b"Neoplasm"
    assert one(0x00120051, "ST", b"call Dr Who") == b""


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


def test_an_accession_number_of_nothing_stays_nothing() -> None:
    """`lethe` makes a number of it, the same for everybody."""
    assert one(0x00080050, "SH", b"") == b""
    assert one(0x00080050, "SH", b"Abc Def-12") == b"2669212518778230"


def test_multi_frame_objects_keep_their_frames() -> None:
    """`lethe` empties Number of Frames and removes the functional groups."""
    content = dataset((0x00209057, "UL", b"\1\0\0\0"), (0x00209056, "SH", b"1 "))
    frame = dataset((0x00209111, "SQ", [content]))
    left = treated(
        (0x00280008, "IS", b"3 "),
        (0x52009230, "SQ", [frame]),
        (0x7FE00008, "OF", Stretch(100, 400)),
    )
    assert left[0x00280008].value == b"3 "
    assert repr(items(left[0x52009230])) == repr([frame])
    assert left[0x7FE00008].value == Stretch(100, 400)


def test_a_device_class_uid_holds_nothing_back() -> None:
    """`lethe` quarantines every instance that has one."""
    assert one(0x0018100B, "UI", b"1.2.3\0") == new_uid("1.2.3", HOSP0004).encode()


def test_an_encapsulated_document_is_held_back_with_its_reason() -> None:
    """It cannot be looked into."""
    outcome = outcome_of((0x00420011, "OB", b"%PDF"))
    assert isinstance(outcome, Quarantined)
    assert outcome.reason == (
        "(0042,0011) is not let through: A document, a video or a mesh in one piece can hold "
        "anything, and cannot be looked into."
    )


def test_texts_of_a_report_are_neutral_and_its_codes_stay() -> None:
    """A content item without its value would make the report invalid."""
    content = dataset(
        (0x0040A040, "CS", b"TEXT"),
        (0x0040A160, "UT", b"seen by Doe"),
        (0x0040A123, "PN", b"Doe^John"),
        (0x0040A30A, "DS", b"12.5"),
    )
    (item,) = items(treated((0x0040A730, "SQ", [content]))[0x0040A730])
    assert item[0x0040A160].value == b"Removed"
    assert item[0x0040A123].value == b"Removed"
    assert item[0x0040A040].value == b"TEXT"
    assert item[0x0040A30A].value == b"12.5"


def test_what_was_done_is_said_in_the_words_of_the_standard() -> None:
    """(0012,0062), (0012,0063), (0012,0064) and (0028,0303), PS3.15 annex E and CID 7050."""
    left = treated()
    assert left[0x00120062].value == b"YES"
    assert left[0x00120063].value == b"EUCAIM profile eucaim 1.0"
    assert left[0x00280303].value == b"MODIFIED"
    said = [
        tuple(item[tag].value for tag in (0x00080100, 0x00080102, 0x00080104))
        for item in items(left[0x00120064])
    ]
    assert [code for code, _, _ in said] == [b"113100", b"113104", b"113107", b"113108", b"113111"]
    known = {
        code: entry[0]
        for keyword in cid_concepts[7050]["DCM"]
        for code, entry in dict(concepts["DCM"][keyword]).items()  # type: ignore[call-overload]
    }
    for code, scheme, meaning in said:
        assert isinstance(code, bytes)
        assert isinstance(meaning, bytes)
        assert scheme == b"DCM"
        assert known[code.decode()] == meaning.decode()


def test_an_earlier_method_stays_named_and_none_is_named_twice() -> None:
    """A second run adds nothing."""
    first = treated((0x00120063, "LO", b"Trial tool 3 "))
    again = treated(*[(e.tag, e.vr, e.value) for e in first.values()])
    for left in (first, again):
        assert left[0x00120063].value == b"Trial tool 3\\EUCAIM profile eucaim 1.0"
        assert len(items(left[0x00120064])) == 5


def test_the_site_is_written_where_it_was_absent() -> None:
    """The private one with its creator, which `lethe` leaves out."""
    left = treated()
    assert left[0x00080080].value == SITE
    assert left[0x00130010].value == b"CTP"
    assert left[0x00131013].value == SITE
    assert list(left) == sorted(left)
    assert one(0x00080080, "LO", b"St. Elsewhere") == SITE


def test_private_numbers_of_vendors_stay_with_their_creator_wherever_it_stands() -> None:
    """`lethe` keeps them by their place and drops the creator."""
    left = treated(
        (0x00190010, "LO", b"ACME"),
        (0x00190011, "LO", b"SIEMENS MR HEADER "),
        (0x0019100C, "IS", b"1000"),
        (0x0019110C, "IS", b"1000"),
        (0x0019110D, "CS", b"DIRECTIONAL "),
        (0x0019110E, "LO", b"Doe "),
        (0x20050010, "LO", b"Philips MR Imaging DD 001 "),
        (0x2005100E, "UN", b"\0\0\x80\x3f"),
        (0x2005100D, "UN", b"Doe^John"),
    )
    kept = [f"{tag:08X}" for tag in left if tag & 0x10000 and tag >> 16 != 0x13]
    assert kept == ["00190011", "0019110C", "0019110D", "20050010", "2005100E"]
    assert one(0x0019110C, "IS", b"1000") is None


def test_overlays_curves_and_sealed_originals_are_removed_at_every_depth() -> None:
    """They show or hold the identity again."""
    for tag, vr in ((0x60003000, "OW"), (0x50002500, "LO"), (0x04000520, "OB")):
        assert one(tag, vr, b"Doe ") is None
        assert in_item(tag, vr, b"Doe ") is None
    sealed = [dataset((0x04000520, "OB", b"Doe "))]
    assert one(0x04000500, "SQ", sealed) is None
    assert one(0x04000561, "SQ", sealed) is None


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


def test_the_input_is_left_as_it_is_and_two_runs_agree() -> None:
    """The same file is rewritten twice: before the plan, and on its way out."""
    item = dataset((0x00100010, "PN", b"Doe"))
    given = dataset((0x00100020, "LO", b"7"), (0x00081140, "SQ", [item]))
    header = Header({}, "1.2.840.10008.1.2.1", EXPLICIT, given)
    method = eucaim_method(KEY, "SITE-001")
    one_run, other_run = method.apply(header, MOMENT), method.apply(header, MOMENT)
    assert isinstance(one_run, Rewritten)
    assert isinstance(other_run, Rewritten)
    assert repr(one_run.header) == repr(other_run.header)
    assert given[0x00100020].value == b"7"
    assert item[0x00100010].value == b"Doe"


def test_the_method_carries_the_label_of_its_profile() -> None:
    """The ledger keeps it."""
    method = eucaim_method(KEY, "SITE-001")
    profile = load_profile("eucaim")
    assert (method.label.name, method.label.version) == ("eucaim", "1.0")
    assert method.label.sha256 == profile.sha256
    assert method.why(0x00280008) == profile.why(0x00280008)


def test_without_a_key_or_a_site_there_is_no_method() -> None:
    """A pseudonym without a key is none."""
    with pytest.raises(UsageError, match="key of the cohort"):
        eucaim_method("", "SITE-001")
    with pytest.raises(UsageError, match="SITE ID is missing"):
        eucaim_method(KEY, "")

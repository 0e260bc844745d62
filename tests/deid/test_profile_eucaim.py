"""Each way in which `eucaim` is not `lethe` (docs/deidentification.md)."""

from __future__ import annotations

import pytest
from pydicom.sr._cid_dict import cid_concepts
from pydicom.sr._concepts_dict import concepts

from tests.deid.profiled import (
    EXPLICIT,
    HOSP0004,
    KEY,
    MOMENT,
    SITE,
    dataset,
    in_item,
    items,
    one,
    outcome_of,
    treated,
)
from transfer.deid.model import Header, Quarantined, Rewritten, Stretch
from transfer.deid.profiles import eucaim_method, load_profile
from transfer.deid.recipe import new_uid, pseudonym
from transfer.errors import UsageError


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

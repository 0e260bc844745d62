"""What a script does to a data set: rules, switches, insertion, sequences, and outcomes."""

from __future__ import annotations

import pytest

from tests.deid.rules import (
    DESCRIPTION,
    PATIENT_ID,
    PATIENT_NAME,
    dataset,
    instance,
    method,
    outcome,
    rewritten,
)
from transfer.deid.model import (
    Element,
    Header,
    NumberNeeded,
    Quarantined,
    Rewritten,
    Skipped,
    Stretch,
)
from transfer.scan.elements import Encoding

CREATOR = (0x00090010, "LO", b"ACME 1.0")
SECRET = (0x00091001, "LO", b"secret")
OVERLAY = (0x60003000, "OW", b"\0\1")
CURVE = (0x50003000, "OW", b"\0\1")
SOURCE = 0x00082112
PRIVATE = '<r en="T" t="privategroups"/>'
UNSPECIFIED = '<r en="T" t="unspecifiedelements"/>'
OVERLAYS = '<r en="T" t="overlays"/>'
CURVES = '<r en="T" t="curves"/>'


def value(header: Header, rules: dict[str, str], tag: int) -> object:
    element = rewritten(method(rules), header).get(tag)
    return None if element is None else element.value


def test_elements_without_a_rule_are_the_very_objects_of_the_input() -> None:
    """What is not changed is not even copied, and the input stays as it was."""
    header = instance()
    before = dict(header.dataset)
    out = rewritten(method({"00081030": "new"}), header)
    assert header.dataset == before
    assert [tag for tag in out if out[tag] is not before[tag]] == [DESCRIPTION]
    assert out[DESCRIPTION] == out[DESCRIPTION]
    assert out[DESCRIPTION].value == b"new "


@pytest.mark.parametrize(
    ("rule", "left"),
    [
        ("@remove()", None),
        ("x@remove()y", None),
        ("@keep()", b"Abc Def-12"),
        ("@keep()x", b"@keep()x"),
        ("@empty()", b""),
        ("", b""),
        ("@blank(3)", b""),
        ("  text  ", b"text"),
        ("a\\\\b", b"a\\b "),
        ("\\@keep()", b"Abc Def-12"),
    ],
)
def test_the_text_of_a_rule_is_read_as_an_instruction(rule: str, left: bytes | None) -> None:
    element = rewritten(method({"00081030": rule}), instance()).get(DESCRIPTION)
    assert (None if element is None else element.value) == left


def test_an_empty_name_is_written_as_a_blank() -> None:
    """CTP's library takes an empty PN for something else."""
    assert value(instance(), {"00100010": ""}, PATIENT_NAME) == b"  "


def test_private_groups_go_but_for_those_with_a_rule_or_in_a_kept_group() -> None:
    """A rule keeps the element and not its creator: an orphan, as in CTP."""
    header = instance(CREATOR, SECRET)
    plain = rewritten(method({}, PRIVATE), header)
    ruled = rewritten(method({"00091001": "@keep()"}, PRIVATE), header)
    kept = rewritten(method({}, PRIVATE, '<k en="T" t="0009"/>'), header)
    assert [tag for tag in plain if tag & 0x10000] == []
    assert [tag for tag in ruled if tag & 0x10000] == [0x00091001]
    assert [tag for tag in kept if tag & 0x10000] == [0x00090010, 0x00091001]


def test_unspecified_elements_go_but_for_identity_image_overlays_and_curves() -> None:
    header = instance((0x00280010, "US", b"\4\0"), OVERLAY, CURVE)
    out = rewritten(method({"00081030": "@keep()"}, UNSPECIFIED), header)
    assert list(out) == [0x00080016, 0x00080018, DESCRIPTION, 0x00280010, 0x50003000, 0x60003000]


def test_remove_curves_alone_removes_nothing() -> None:
    """It only takes away the protection from the other switches (CTP, observed)."""
    header = instance(OVERLAY, CURVE)
    assert 0x50003000 in rewritten(method({}, CURVES), header)
    assert 0x50003000 not in rewritten(method({}, CURVES, UNSPECIFIED), header)


def test_overlays_go_even_with_a_rule_or_in_a_kept_group() -> None:
    header = instance(OVERLAY)
    made = method({"60003000": "@keep()"}, OVERLAYS, '<k en="T" t="6000"/>')
    assert 0x60003000 not in rewritten(made, header)


def test_the_instance_uid_is_protected_and_a_rule_removes_it_all_the_same() -> None:
    assert 0x00080018 in rewritten(method({}, UNSPECIFIED), instance())
    assert 0x00080018 not in rewritten(method({"00080018": "@remove()"}), instance())


def test_a_block_is_found_by_its_creator_wherever_it_lies() -> None:
    header = instance((0x00090011, "LO", b"ACME 1.0"), (0x00091101, "LO", b"secret"))
    out = rewritten(method({"0009[ACME 1.0]01": "NEW"}, PRIVATE), header)
    assert [(tag, out[tag].value) for tag in out if tag & 0x10000] == [(0x00091101, b"NEW ")]
    other = instance((0x00090011, "LO", b"OTHER"), (0x00091101, "LO", b"secret"))
    assert 0x00091101 not in rewritten(method({"0009[ACME 1.0]01": "NEW"}, PRIVATE), other)


@pytest.mark.parametrize(
    ("rule", "inserted"),
    [
        ("@always()new", b"new "),
        ("@always()", b""),
        ("@always()@empty()", b""),
        ("@always()@blank(5)", b""),
        ("@always()@keep()", None),
        ("@always()@remove()", None),
        ("@require()", None),
        ("@append(){new}", None),
        ("new", None),
    ],
)
def test_only_always_inserts_what_is_missing(rule: str, inserted: bytes | None) -> None:
    out = rewritten(method({"0008103E": rule}), instance())
    element = out.get(0x0008103E)
    assert (None if element is None else element.value) == inserted
    assert list(out) == sorted(out)


def test_inserted_elements_get_the_vr_of_the_dictionary() -> None:
    rules = {
        "00100040": "@always()F",
        "00280106": "@always()7",
        "00131013": "@always()site",
        "00081140": "@always()@require()",
        "00081115": "@always()x",
    }
    out = rewritten(method(rules), instance())
    assert out[0x00100040].vr == "CS"
    assert (out[0x00280106].vr, out[0x00280106].value) == ("SH", b"7 ")
    assert out[0x00131013].vr == "LO"
    assert (out[0x00081140].vr, out[0x00081140].value) == ("SQ", [])
    assert 0x00081115 not in out


def test_rules_see_the_input_and_never_another_rules_result() -> None:
    rules = {"00100020": "new", "00081030": "@contents(PatientID)"}
    assert value(instance(), rules, DESCRIPTION) == b"PID-001 "


def test_what_the_vr_refuses_keeps_its_original_value() -> None:
    """No failure: CTP counts the file as done (observed)."""
    assert value(instance(), {"00080020": "ANON"}, 0x00080020) == b"20040119"


def test_an_element_encoded_as_un_keeps_its_value_unless_it_goes_or_is_emptied() -> None:
    header = instance((PATIENT_NAME, "UN", b"Doe^John"))
    assert value(header, {"00100010": "ANON"}, PATIENT_NAME) == b"Doe^John"
    assert value(header, {"00100010": "@empty()"}, PATIENT_NAME) == b""
    assert value(header, {"00100010": "@remove()"}, PATIENT_NAME) is None


def _sequence() -> Header:
    item = dataset((0x00081155, "UI", b"1.2.3.99"), (PATIENT_ID, "LO", b"inner "), SECRET)
    return instance((SOURCE, "SQ", [item, {}]))


@pytest.mark.parametrize("rule", ["@keep()", "@empty()", "", "text", "@blank(2)"])
def test_a_sequence_that_is_not_processed_keeps_everything_inside(rule: str) -> None:
    """An empty rule does not empty it (CTP, observed): what it holds leaves the site."""
    header = _sequence()
    out = rewritten(method({"00082112": rule, "00081155": "@remove()"}, PRIVATE), header)
    assert out[SOURCE] is header.dataset[SOURCE]


def test_processing_applies_rules_and_switches_to_the_items() -> None:
    """Names mean the elements of the item; `root:` reaches the outermost data set."""
    header = _sequence()
    rules = {
        "00082112": "@process()",
        "00081155": "@hashuid(1.2,this)",
        "00100020": "@select(){root}{@contents(this)-@contents(root:PatientName)}",
    }
    out = rewritten(method(rules, PRIVATE), header)
    items = out[SOURCE].value
    assert isinstance(items, list)
    assert [list(item) for item in items] == [[0x00081155, PATIENT_ID], []]
    assert items[0][PATIENT_ID].value == b"inner-Doe^John^Q"
    assert out[PATIENT_ID].value == b"root"
    assert header.dataset[SOURCE].value != items


def test_processing_that_changes_nothing_leaves_the_sequence_itself() -> None:
    header = _sequence()
    out = rewritten(method({"00082112": "@process()"}), header)
    assert out[SOURCE] is header.dataset[SOURCE]


@pytest.mark.parametrize(
    ("rule", "codes"),
    [
        ("113100/113105", [b"113100", b"113105"]),
        ("reset/999", [b"999 "]),
        ("@empty()", [b"@empty()"]),
        ("@keep()", []),
        ("", []),
    ],
)
def test_method_codes_are_appended_whatever_their_rule_looks_like(
    rule: str, codes: list[bytes]
) -> None:
    """(0012,0064) is special: it needs no @always()."""
    out = rewritten(method({"00120064": rule}), instance())
    items = out[0x00120064].value if 0x00120064 in out else []
    assert isinstance(items, list)
    assert [item[0x00080100].value for item in items] == codes


def test_skip_and_quarantine_name_rule_and_element_but_no_value() -> None:
    skipped = outcome(method({"00081030": "@skip()"}), instance())
    stopped = outcome(method({"00081030": "@quarantine()"}), instance())
    assert skipped == Skipped("Rule of (0008,1030), line 2: @skip().")
    assert stopped == Quarantined("Rule of (0008,1030), line 2: @quarantine().")


def test_the_first_failure_in_tag_order_wins() -> None:
    made = method({"00080060": "@skip()", "00081030": "@quarantine()"})
    assert isinstance(outcome(made, instance()), Skipped)


def test_a_clause_that_is_not_taken_is_never_evaluated() -> None:
    made = method({"00081030": "@if(Modality,equals,OT){fine}{@quarantine()}"})
    assert rewritten(made, instance())[DESCRIPTION].value == b"fine"


def test_a_text_too_long_to_hold_is_no_text_that_a_function_could_read() -> None:
    """Values above 64 KiB stay in the file; other rules on them work."""
    header = instance()
    header.dataset[DESCRIPTION] = Element(DESCRIPTION, "LO", Stretch(100, 70_000))
    stopped = outcome(method({"00081030": "@hash(this)"}), header)
    assert isinstance(stopped, Quarantined)
    assert "64 KiB" in stopped.reason
    assert DESCRIPTION not in rewritten(method({"00081030": "@remove()"}), header)
    assert value(header, {"00081030": "@keep()"}, DESCRIPTION) == Stretch(100, 70_000)


def test_a_number_that_is_not_given_yet_passes_through() -> None:
    """Numbers are given in the order of the plan, not here."""

    def number(key_type: str, text: str) -> int:
        raise NumberNeeded(key_type, text)

    with pytest.raises(NumberNeeded) as needed:
        outcome(method({"00081030": "@integer(PatientID,pt,3)"}), instance(), number)
    assert (needed.value.key_type, needed.value.text) == ("pt", "PID-001")


def test_without_a_table_of_numbers_integer_quarantines() -> None:
    stopped = outcome(method({"00081030": "@integer(this,pt)"}), instance())
    assert isinstance(stopped, Quarantined)
    assert "no table of numbers" in stopped.reason


def test_a_character_set_that_is_not_known_becomes_latin_1() -> None:
    for term in (b"", b"GBK ", b"ISO_IR 6"):
        out = rewritten(method({}), instance((0x00080005, "CS", term)))
        assert out[0x00080005].value == b"ISO_IR 100"


def test_texts_are_written_in_the_character_set_that_leaves() -> None:
    """Elements are processed in tag order, so a change of (0008,0005) is in force for the rest."""
    rules = {"00080005": "ISO_IR 192", "00081030": "\xe9"}
    assert value(instance(), rules, DESCRIPTION) == b"\xc3\xa9"


def test_a_file_without_file_meta_leaves_as_explicit_little_endian() -> None:
    header = instance((0x00280010, "US", b"\1\0"))
    header.meta = {}
    header.encoding = Encoding(is_implicit=False, is_little=False)
    header.transfer_syntax_uid = "1.2.840.10008.1.2.2"
    result = outcome(method({}), header)
    assert isinstance(result, Rewritten)
    assert result.header.transfer_syntax_uid == "1.2.840.10008.1.2.1"
    assert result.header.encoding == Encoding(is_implicit=False, is_little=True)
    assert result.header.dataset[0x00280010].value == b"\0\1"


@pytest.mark.parametrize("lacking", [0x00020000, 0x00020010])
def test_file_meta_that_ctp_cannot_read_quarantines(lacking: int) -> None:
    header = instance()
    del header.meta[lacking]
    stopped = outcome(method({}), header)
    assert isinstance(stopped, Quarantined)
    assert "CTP cannot read such a file" in stopped.reason


def test_what_follows_pixel_data_is_copied_or_dropped() -> None:
    header = instance()
    pixels = Element(0x7FE00010, "OW", Stretch(500, 8))
    kept = Element(0x7FE10010, "LO", b"ACME 1.0")
    header.pixels = pixels
    header.after = [kept, Element(0xFFFAFFFA, "SQ", [])]
    result = outcome(method({}), header)
    assert isinstance(result, Rewritten)
    assert result.header.pixels is pixels
    assert result.header.after == [kept]
    without = outcome(method({}, PRIVATE), header)
    assert isinstance(without, Rewritten)
    assert without.header.after == []


def test_rules_that_ask_for_each_other_without_end_quarantine() -> None:
    """In Java the thread dies of it."""
    made = method({"00080014": "@always()@hashuid(1.2,SOPInstanceUID,InstanceCreatorUID)"})
    stopped = outcome(made, instance())
    assert isinstance(stopped, Quarantined)
    assert "without end" in stopped.reason

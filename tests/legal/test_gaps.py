"""What locks publishing (LEG-01 to LEG-03), one thing at a time."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.legal.records import NOW, as_entries, declared, whole
from transfer.legal.entries import Declaration, LegalEntry, State
from transfer.legal.gaps import gaps_in, missing_papers
from transfer.legal.papers import PAPERS

CLEARANCE, INSTITUTION, EUCAIM = Declaration
MESSAGES = {
    CLEARANCE: ("LEG-01", "Publishing is locked: legal clearance is not recorded."),
    INSTITUTION: (
        "LEG-02",
        "Publishing is locked: DTA signature of the institution's legal representative missing.",
    ),
    EUCAIM: (
        "LEG-02",
        "Publishing is locked: DTA signature of EUCAIM's Scientific Director missing.",
    ),
}


def told(*entries: LegalEntry, is_sandbox_node: bool = False) -> list[tuple[str, str]]:
    found = gaps_in(as_entries(*entries), is_sandbox_node=is_sandbox_node, now=NOW)
    return [(gap.rule, gap.message) for gap in found]


def test_a_whole_record_has_no_gap() -> None:
    assert told(*whole()) == []


def test_without_any_record_every_gap_is_named_at_once() -> None:
    assert told() == [MESSAGES[CLEARANCE], MESSAGES[INSTITUTION], MESSAGES[EUCAIM]]


@pytest.mark.parametrize("absent", list(Declaration))
def test_each_of_the_three_is_needed(absent: Declaration) -> None:
    assert told(*(e for e in whole() if e.what != absent)) == [MESSAGES[absent]]


@pytest.mark.parametrize("absent", list(Declaration))
@pytest.mark.parametrize("state", [State.WITHDRAWN, State.MISSING, State.NOT_APPLICABLE])
def test_only_what_is_there_counts(absent: Declaration, state: State) -> None:
    """A declaration cannot be said not to apply."""
    entries = [replace(e, state=state) if e.what == absent else e for e in whole()]
    assert told(*entries) == [MESSAGES[absent]]


@pytest.mark.parametrize(
    ("part", "lacks"),
    [
        ("person", "who declared it"),
        ("day", "its date"),
        ("sha256", "the digest of the document"),
        ("ticket", "its ticket"),
        ("entered_by", "who entered it"),
    ],
)
def test_the_clearance_lacks_each_part_that_it_has_to_have(part: str, lacks: str) -> None:
    entries = whole()
    entries[0] = declared(CLEARANCE, **{part: ""})
    assert told(*entries) == [
        ("LEG-03", f"Publishing is locked: the record of the legal clearance lacks {lacks}.")
    ]


@pytest.mark.parametrize("what", [INSTITUTION, EUCAIM])
@pytest.mark.parametrize("part", ["person", "day", "sha256", "ticket", "entered_by"])
def test_so_do_both_signatures(what: Declaration, part: str) -> None:
    entries = [declared(what, **{part: ""}) if e.what == what else e for e in whole()]
    ((rule, message),) = told(*entries)
    assert rule == "LEG-03"
    assert message.startswith("Publishing is locked: the record of the DTA signature of ")


def test_several_parts_that_lack_stand_in_one_sentence() -> None:
    entries = whole()
    entries[1] = declared(INSTITUTION, person="", day="", ticket="")
    assert told(*entries) == [
        (
            "LEG-03",
            "Publishing is locked: the record of the DTA signature of the institution's legal"
            " representative lacks who signed it, its date and its ticket.",
        )
    ]


@pytest.mark.parametrize(
    ("part", "value"),
    [
        ("sha256", "abc"),
        ("sha256", "0" * 64),
        ("sha256", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        ("day", "2027-01-01"),
        ("day", "2019-12-31"),
        ("day", "soon"),
        ("person", "eucaim-transfer"),
        ("person", "Ada\x1b[2J"),
        ("entered_by", "This Program"),
    ],
)
def test_what_a_ledger_holds_is_judged_anew(part: str, value: str) -> None:
    """Somebody may have written there by other means than this program."""
    entries = whole()
    entries[0] = declared(CLEARANCE, **{part: value})
    assert [rule for rule, _ in told(*entries)] == ["LEG-03"]


@pytest.mark.parametrize("name", ["Ines Legal", "INES  LEGAL", "ines legal "])
def test_one_person_does_not_sign_for_both_sides(name: str) -> None:
    entries = whole()
    entries[2] = declared(EUCAIM, person=name)
    assert told(*entries) == [MESSAGES[EUCAIM]]


def test_a_sandbox_record_counts_on_a_sandbox_node_alone() -> None:
    entries = [replace(entry, is_sandbox=True) for entry in whole()]
    assert told(*entries, is_sandbox_node=True) == []
    assert told(*entries) == [MESSAGES[CLEARANCE], MESSAGES[INSTITUTION], MESSAGES[EUCAIM]]


def test_one_sandbox_entry_among_real_ones_locks_a_real_node() -> None:
    entries = whole()
    entries[2] = declared(EUCAIM, is_sandbox=True)
    assert told(*entries) == [MESSAGES[EUCAIM]]


def test_missing_papers_lock_nothing() -> None:
    entries = as_entries(*whole())
    assert len(missing_papers(entries)) == 14
    assert gaps_in(entries, now=NOW) == ()


def test_a_paper_is_settled_where_it_is_there_or_does_not_apply() -> None:
    entries = as_entries(
        LegalEntry("dpia", State.NOT_APPLICABLE, reason="Low risk"),
        LegalEntry("dpo-report", State.THERE),
        LegalEntry("ethics-approval", State.MISSING),
        LegalEntry("national-law", State.WITHDRAWN),
    )
    missing = {paper.key for paper in missing_papers(entries)}
    assert missing == {p.key for p in PAPERS} - {"dpia", "dpo-report"}

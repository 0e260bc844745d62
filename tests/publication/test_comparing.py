"""What the node counts against what was verified: a difference stops, until a person accepts it."""

from __future__ import annotations

import pytest

from tests.publication.conftest import Opened
from tests.publication.made import A_PROJECT, SUBJECTS, MadeNode
from transfer.errors import StepBlocked, UsageError
from transfer.ledger.connection import Ledger
from transfer.ledger.publication import all_accepted
from transfer.publication.comparing import Difference, read_cohort
from transfer.publication.values import Stage

TWO = (("ORIGINAL-1", "a"), ("ORIGINAL-2", "b"))


def test_only_what_was_verified_counts(ledger: Ledger) -> None:
    cohort = read_cohort(ledger)
    assert (cohort.patients, cohort.studies, cohort.series) == (3, 3, 3)
    with ledger.transaction():
        ledger.write("UPDATE instance SET state = 'sent' WHERE series_id = 3")
    cohort = read_cohort(ledger)
    assert (cohort.patients, cohort.studies, cohort.series) == (2, 2, 2)


async def test_a_study_that_was_dropped_without_a_word_stops_the_release(
    opened: Opened, node: MadeNode
) -> None:
    node.held = TWO
    node.export()
    with pytest.raises(StepBlocked) as refused:
        await opened().publish("", "lungs")
    assert refused.value.what == (
        "The node counts otherwise than was verified; nothing was published. The dataset holds"
        " 2 studies of 2 subjects; 3 studies of 3 subjects were verified. 1 subject of this"
        " transfer not in it."
    )
    assert node.times("show") == 0


async def test_missing_subjects_are_named_without_an_original_identifier(
    opened: Opened, node: MadeNode
) -> None:
    node.held = TWO
    node.export()
    look = await opened().pick_up(None)
    assert look.difference is not None
    assert (look.difference.missing, look.difference.missing_count) == (("P3",), 1)
    assert look.is_in_the_way


async def test_subjects_are_told_by_the_name_that_the_node_gives_them(
    opened: Opened, node: MadeNode
) -> None:
    """XNAT makes another label of a Patient ID that it would not keep as it is."""
    node.called = {one: one.lower() for one in SUBJECTS}
    node.held = (("original-1", "a"), ("original-3", "b"))
    node.export()
    look = await opened().pick_up(None)
    assert look.difference is not None
    assert (look.difference.missing, look.difference.foreign_count) == (("P2",), 0)


async def test_a_person_accepts_these_very_figures_and_no_others(
    opened: Opened, node: MadeNode, ledger: Ledger
) -> None:
    node.held = TWO
    node.export()
    await opened().pick_up(None)
    look = await opened().accept_difference("Ada Lovelace", "The third withdrew.")
    assert look.accepted is not None
    assert (look.accepted.person, look.is_in_the_way) == ("Ada Lovelace", False)
    node.held = TWO[:1]
    node._end("d1")
    with pytest.raises(StepBlocked, match="counts otherwise"):
        await opened().publish("", "lungs")
    node.held = TWO
    node._end("d1")
    published = await opened().publish("", "lungs")
    assert published.dataset is not None
    assert published.dataset.stage is Stage.RELEASED
    assert [(word.person, word.reason) for word in all_accepted(ledger)] == [
        ("Ada Lovelace", "The third withdrew.")
    ]


async def test_as_many_subjects_of_whom_one_is_another_stops_it_too(
    opened: Opened, node: MadeNode
) -> None:
    node.held = (*TWO, ("STRANGER-7", "c"))
    node.export()
    with pytest.raises(StepBlocked, match="1 subject in it not of this transfer"):
        await opened().publish("", "lungs")


async def test_a_patient_of_nobody_here_keeps_the_release_back_until_a_person_answers_for_it(
    opened: Opened, node: MadeNode
) -> None:
    node.held = (*((one, one) for one in SUBJECTS), ("STRANGER-7", "c"))
    node.export()
    with pytest.raises(StepBlocked) as refused:
        await opened().publish("", "lungs")
    assert (
        "The dataset holds 4 studies of 4 subjects; 3 studies of 3 subjects were verified."
        " 1 subject in it not of this transfer."
    ) in refused.value.what
    assert node.times("show") == 0
    await opened().accept_difference("Ada Lovelace", "The earlier version's, cleared with it")
    look = await opened().publish("", "lungs")
    assert look.difference is not None
    assert (look.difference.is_fault, look.difference.is_more) == (True, True)
    assert node.times("show") == 1


async def test_more_studies_of_the_same_patients_are_told_and_do_not_stop_it(
    opened: Opened, node: MadeNode
) -> None:
    node.held = (*((one, one) for one in SUBJECTS), (SUBJECTS[0], "an earlier one"))
    node.export()
    look = await opened().publish("", "lungs")
    assert look.difference is not None
    assert (look.difference.is_fault, look.difference.is_more) == (False, True)


async def test_a_project_may_hold_more_but_not_less(opened: Opened, node: MadeNode) -> None:
    project = "EUCAIM-LUNG|BATCH-1"
    node.held = TWO
    node.export(id=project)
    with pytest.raises(StepBlocked, match="counts otherwise"):
        await opened(A_PROJECT).publish("", "lungs")
    node.held = tuple((f"OTHER-{n}", "x") for n in range(9))
    node._end(project)
    asked = node.times("studies")
    look = await opened(A_PROJECT).publish("", "lungs")
    assert look.dataset is not None
    assert look.dataset.stage is Stage.PUBLISHED
    assert node.times("studies") == asked, "a project with more is not gone through by name"


async def test_nothing_is_accepted_where_nothing_differs_or_nobody_answers_for_it(
    opened: Opened, node: MadeNode, ledger: Ledger
) -> None:
    node.export()
    await opened().pick_up(None)
    with pytest.raises(UsageError, match="Nothing differs"):
        await opened().accept_difference("Ada Lovelace", "Because.")
    for person, reason in (("", "Because."), ("Ada Lovelace", ""), ("nobody", "Because.")):
        with pytest.raises(UsageError):
            await opened().accept_difference(person, reason)
    with pytest.raises(StepBlocked, match="tells of a patient"):
        await opened().accept_difference("Ada Lovelace", "ORIGINAL-3 withdrew.")
    assert all_accepted(ledger) == []


async def test_studies_are_listed_by_name_only_when_figures_are_new(
    opened: Opened, node: MadeNode
) -> None:
    node.export()
    await opened().pick_up(None)
    listed = node.times("studies")
    for _ in range(5):
        await opened().look()
    assert node.times("studies") == listed


def test_a_difference_is_read_back_as_it_was() -> None:
    found = Difference(3, 3, 2, None, 3, 3, ("P3",), 1, 0)
    assert Difference.of(found.document()) == found
    assert (found.is_fault, found.is_more) == (True, False)


@pytest.mark.parametrize(
    ("difference", "is_fault"),
    [
        (Difference(3, 3, 3, 3), False),
        (Difference(3, 3, 2, 3), True),
        (Difference(3, 3, 3, 2), True),
        (Difference(3, 3, 4, 5), False),
        (Difference(3, 3, None, None), False),
        (Difference(3, 3, 3, 3, asked_studies=4, asked_subjects=3), True),
        (Difference(3, 3, 3, 3, asked_studies=3, asked_subjects=3), False),
        (Difference(3, 3, 3, 3, missing_count=1), True),
        (Difference(3, 3, 3, 3, foreign_count=1), True),
        (Difference(3, 3, 3, 3, missing_count=0, foreign_count=0), False),
    ],
)
def test_what_is_a_fault(difference: Difference, is_fault: bool) -> None:
    assert difference.is_fault is is_fault

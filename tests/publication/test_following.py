"""A dataset that the node is making: followed, explained where it fails, never lost."""

from __future__ import annotations

import pytest

from tests.publication.conftest import Opened
from tests.publication.made import Hours, MadeNode
from transfer.errors import DatasetRefused, NodeBusy, SignInExpired, StepBlocked, UsageError
from transfer.ledger.connection import Ledger
from transfer.ledger.publication import everything_happened, read_trouble
from transfer.publication.explaining import explain_failure
from transfer.publication.standing import Look, read_publication
from transfer.publication.values import Stage


async def test_it_is_asked_every_2_seconds_and_after_a_minute_every_10(
    opened: Opened, node: MadeNode, clock: Hours
) -> None:
    node.takes = 40
    node.export()
    await opened().pick_up(None)
    seen: list[Stage] = []
    look = await opened().follow(3600.0, lambda look: seen.append(_stage(look)))
    assert look.dataset is not None
    assert look.dataset.stage is Stage.DRAFT
    assert clock.slept == [2.0] * 30 + [10.0] * 8
    assert seen == [Stage.CREATING] * 38 + [Stage.DRAFT]


def _stage(look: Look) -> Stage:
    assert look.dataset is not None
    return look.dataset.stage


async def test_one_that_fails_is_explained_and_so_after_a_restart(
    opened: Opened, node: MadeNode, ledger: Ledger
) -> None:
    node.takes, node.fails = 3, "Unexpected error"
    node.export()
    await opened().pick_up(None)
    with pytest.raises(DatasetRefused) as refused:
        await opened().follow()
    assert refused.value.what == (
        "The node gave up making the dataset and does not say why. Likely causes: a Study whose"
        " images carry the private tag of another project; a Study without url or a Series without"
        " tags in the index; files of a Series without the suffix .dcm in the data lake. The images"
        " on the node are untouched."
    )
    assert "--delete --confirm NAME" in refused.value.remedy
    look = await opened().look()
    assert look.trouble is not None
    assert look.trouble.what == refused.value.what
    with pytest.raises(DatasetRefused):
        await opened().publish("", "lungs")
    assert node.times("show") == 0


async def test_looking_for_another_leaves_the_explanation_of_what_failed(
    opened: Opened, node: MadeNode, ledger: Ledger
) -> None:
    node.takes, node.fails = 3, "Unexpected error"
    node.export()
    await opened().pick_up(None)
    with pytest.raises(DatasetRefused) as refused:
        await opened().follow()
    with pytest.raises(StepBlocked):
        await opened().pick_up(None)
    trouble = read_trouble(ledger)
    assert trouble is not None
    assert trouble.what == refused.value.what


async def test_what_failed_is_removed_and_another_takes_its_place(
    opened: Opened, node: MadeNode, ledger: Ledger
) -> None:
    node.takes, node.fails = 1, "Wrong path: ../../etc"
    node.export()
    await opened().pick_up(None)
    with pytest.raises(UsageError):
        await opened().delete("other")
    look = await opened().delete("lungs")
    assert (look.dataset, node.datasets) == (None, {})
    assert read_publication(ledger).bound is None
    node.takes, node.fails = 0, ""
    node.export()
    await opened().publish("", "lungs")
    assert node.times("show") == 1


async def test_a_removal_whose_answer_was_lost_is_seen_to_be_done(
    opened: Opened, node: MadeNode, ledger: Ledger
) -> None:
    node.takes, node.fails, node.loses = 1, "Wrong path", {"delete"}
    node.export()
    await opened().pick_up(None)
    with pytest.raises(Exception, match="connection broke"):
        await opened().delete("lungs")
    look = await opened().look()
    assert look.dataset is None
    assert [one.what for one in everything_happened(ledger)][-1] == "removed"
    assert node.times("delete") == 1


async def test_a_draft_is_not_removed(opened: Opened, node: MadeNode) -> None:
    node.export()
    await opened().pick_up(None)
    with pytest.raises(StepBlocked, match="Only a dataset that was not made to its end"):
        await opened().delete("lungs")
    assert node.times("delete") == 0


async def test_one_that_never_begins_is_told_at_the_deadline_and_can_be_gone_on_with(
    opened: Opened, node: MadeNode, ledger: Ledger, clock: Hours
) -> None:
    node.takes = 10_000
    node.export()
    await opened().pick_up(None)
    with pytest.raises(StepBlocked, match="not made the dataset after 10 minutes") as late:
        await opened().follow(600.0)
    assert sum(clock.slept) == 600.0
    assert "Its last word: Launching dataset creation job..." in late.value.what
    assert "--follow" in late.value.remedy
    trouble = read_trouble(ledger)
    assert trouble is not None
    assert trouble.doing == "follow"
    node.takes = 0
    look = await opened().follow(600.0)
    assert look.dataset is not None
    assert look.dataset.stage is Stage.DRAFT
    assert read_trouble(ledger) is None


async def test_one_that_never_begins_can_be_removed(opened: Opened, node: MadeNode) -> None:
    node.takes = 10_000
    node.export()
    await opened().pick_up(None)
    await opened().delete("lungs")
    assert node.datasets == {}


async def test_a_node_that_is_busy_meanwhile_is_asked_again(opened: Opened, node: MadeNode) -> None:
    node.takes = 4
    node.export()
    await opened().pick_up(None)
    node.refusals["dataset"] = [NodeBusy("Later.", "Wait.") for _ in range(5)]
    look = await opened().follow()
    assert look.dataset is not None
    assert look.dataset.stage is Stage.DRAFT


async def test_a_sign_in_that_ran_out_is_told_at_once(opened: Opened, node: MadeNode) -> None:
    node.takes = 4
    node.export()
    await opened().pick_up(None)
    node.refusals["dataset"] = [SignInExpired("It ran out.", "Sign in.")]
    with pytest.raises(SignInExpired):
        await opened().follow()


async def test_a_dataset_that_is_gone_is_told_and_another_can_be_picked_up(
    opened: Opened, node: MadeNode, ledger: Ledger
) -> None:
    node.export()
    await opened().pick_up(None)
    node.datasets["d2"] = node.datasets.pop("d1").__class__("d2", "Lungs", Stage.DRAFT)
    with pytest.raises(Exception, match="knows no such dataset"):
        await opened().look()
    assert read_publication(ledger).bound is not None
    look = await opened().pick_up("d2")
    assert look.dataset is not None
    assert look.dataset.id == "d2"


@pytest.mark.parametrize(
    ("said", "begins"),
    [
        ("Wrong path: ../../etc", "The index names a Study whose path lies outside"),
        ("Error launching dataset creation job: k8s", "The node could not start making"),
        ("Disk \x1b[31mfull", "The node gave up making the dataset. It said: Disk  [31mfull"),
        ("", "The node gave up making the dataset. It did not say why."),
    ],
)
def test_the_nodes_last_word_is_put_into_words(said: str, begins: str) -> None:
    what, remedy = explain_failure(said)
    assert what.startswith(begins.replace("  ", " "))
    assert "--delete" in remedy

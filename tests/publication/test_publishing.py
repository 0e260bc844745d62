"""Step 10 behind its gate, on a node where the dataset is born elsewhere and on one where the
project is it."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Final

import pytest

from tests.journey.standings import put
from tests.publication.conftest import Opened
from tests.publication.made import A_PROJECT, FIELDS, MadeNode, MadePublisher
from tests.tui.ledgers import held, set_runner
from transfer.errors import NotAllowed, RunnerHeld, StepBlocked, UsageError
from transfer.ledger.connection import Ledger
from transfer.ledger.order import Order, write_order
from transfer.ledger.publication import everything_happened, read_trouble
from transfer.legal.recording import withdraw_entry
from transfer.publication.carrying import Carrier
from transfer.publication.standing import read_publication
from transfer.publication.values import Stage
from transfer.values import StepState
from transfer.workspace import Workspace

PROJECT: Final = "EUCAIM-LUNG|BATCH-1"


async def test_the_only_new_draft_is_picked_up_compared_and_released(
    opened: Opened, node: MadeNode, ledger: Ledger
) -> None:
    node.export()
    look = await opened().publish("", "lungs", "Ada Lovelace")
    assert look.dataset is not None
    assert look.dataset.stage is Stage.RELEASED
    assert look.difference is not None
    assert (look.difference.is_fault, look.difference.missing_count) == (False, 0)
    assert node.times("show") == 1
    happened = [(one.what, one.person) for one in everything_happened(ledger)]
    assert happened == [
        ("picked up", "Ada Lovelace"),
        ("showing asked for", "Ada Lovelace"),
        ("shown", "Ada Lovelace"),
        ("seen as released", ""),
    ]


@pytest.mark.parametrize("way", [None, A_PROJECT])
async def test_without_a_legal_record_nothing_is_asked_of_the_node(
    opened: Opened, node: MadeNode, workspace: Workspace, way: object
) -> None:
    node.export()
    with Ledger.open(workspace.ledger) as ledger:
        withdraw_entry(ledger, "clearance", "Grace Hopper", "Too early")
    carrier = opened(way) if way else opened()
    with pytest.raises(StepBlocked, match="Publishing is locked") as refused:
        await carrier.publish("", "lungs")
    assert refused.value.exit_code == 3
    assert node.asked == []


@pytest.mark.parametrize("typed", [None, "", "Lungs", "lungs "])
async def test_another_name_asks_nothing_of_the_node(
    opened: Opened, node: MadeNode, typed: str | None
) -> None:
    node.export()
    with pytest.raises(UsageError):
        await opened().publish("", typed)
    assert node.asked == []


async def test_the_gate_is_asked_before_the_name(
    opened: Opened, node: MadeNode, ledger: Ledger
) -> None:
    withdraw_entry(ledger, "dta-eucaim", "Grace Hopper", "Too early")
    with pytest.raises(StepBlocked):
        await opened().publish("", None)


async def test_a_record_withdrawn_while_metadata_are_written_stops_the_release(
    opened: Opened, node: MadeNode, ledger: Ledger
) -> None:
    node.export()
    carrier = opened()

    def withdraw(look: object) -> None:
        # `told` is called while the dataset is followed: after the first gate, before the second.
        if read_publication(ledger).stage is Stage.DRAFT and not withdrawn:
            withdrawn.append(withdraw_entry(ledger, "clearance", "Grace Hopper", "Too early"))

    withdrawn: list[object] = []
    with pytest.raises(StepBlocked, match="Publishing is locked"):
        await carrier.publish("", "lungs", texts={"license": ("CC BY 4.0",)}, told=withdraw)
    assert len(withdrawn) == 1
    assert (node.times("edit"), node.times("show")) == (1, 0)


async def test_nothing_is_published_before_the_images_are_verified(
    opened: Opened, node: MadeNode, workspace: Workspace
) -> None:
    put(workspace, "upload", StepState.BLOCKED, "Some did not arrive.")
    set_runner(workspace, pid=None, exit_code=4)
    with pytest.raises(StepBlocked, match="The images are not verified on the node yet"):
        await opened().publish("", "lungs")
    assert node.asked == []


async def test_nothing_is_published_before_the_clinical_data_are_settled(
    opened: Opened, node: MadeNode, workspace: Workspace
) -> None:
    put(workspace, "clinical", StepState.TODO)
    with pytest.raises(StepBlocked, match="The clinical data are not on the node yet"):
        await opened().publish("", "lungs")
    assert node.asked == []


async def test_a_runner_at_work_holds_publishing_and_not_looking(
    opened: Opened, node: MadeNode, workspace: Workspace
) -> None:
    node.export()
    with held(workspace):
        with pytest.raises(RunnerHeld):
            await opened().publish("", "lungs")
        assert node.asked == []
        assert (await opened().look()).dataset is None


async def test_what_is_released_is_not_released_again(opened: Opened, node: MadeNode) -> None:
    node.export()
    for _ in range(3):
        look = await opened().publish("", "lungs")
        assert look.dataset is not None
        assert look.dataset.stage is Stage.RELEASED
    assert node.times("show") == 1


async def test_with_several_new_drafts_a_person_names_one_by_its_id(
    opened: Opened, node: MadeNode
) -> None:
    node.export("Lungs")
    node.export("Lungs")
    with pytest.raises(StepBlocked, match=r"several new drafts.*d1 .*d2 "):
        await opened().publish("", "lungs")
    look = await opened().pick_up("d2", "Ada Lovelace")
    assert look.dataset is not None
    assert look.dataset.id == "d2"
    await opened().publish("", "lungs")
    assert node.datasets["d1"].stage is Stage.DRAFT
    assert node.datasets["d2"].stage is Stage.RELEASED


async def test_without_a_draft_it_is_told_where_to_make_one(opened: Opened) -> None:
    with pytest.raises(StepBlocked, match="no new draft") as refused:
        await opened().publish("", "lungs")
    assert "--guide" in refused.value.remedy


async def test_a_draft_older_than_the_first_instance_is_none_of_ours(
    opened: Opened, node: MadeNode, ledger: Ledger
) -> None:
    with ledger.transaction():
        ledger.write("INSERT INTO batch (id, state) VALUES (1, 'done')")
        ledger.write(
            "INSERT INTO attempt (batch_id, epoch, started_at_utc, ended_at_utc, outcome)"
            " VALUES (1, 1, '2026-11-20T08:00:00Z', '2026-11-20T08:00:01Z', '')"
        )
    node.export(created_at_utc="2026-11-19 17:26:14.820266+00:00")
    with pytest.raises(StepBlocked, match="no new draft"):
        await opened().pick_up(None)
    node.export(created_at_utc="2026-11-20 17:26:14.820266+00:00")
    look = await opened().pick_up(None)
    assert look.dataset is not None
    assert look.dataset.id == "d2"


async def test_what_the_node_lacks_of_metadata_is_told_and_blocks(
    opened: Opened, node: MadeNode
) -> None:
    node.export(fields=FIELDS)
    with pytest.raises(StepBlocked, match="Name is empty; it is needed"):
        await opened().publish("", "lungs")
    assert node.times("show") == 0


async def test_a_licence_that_is_missed_is_told_and_does_not_block(
    opened: Opened, node: MadeNode
) -> None:
    node.export()
    looked = await opened().pick_up(None)
    assert [(f.key, f.severity) for f in looked.faults] == [("license", "warn")]
    look = await opened().publish("", "lungs")
    assert look.dataset is not None
    assert look.dataset.stage is Stage.RELEASED


async def test_a_lost_role_is_kept_and_told_and_it_goes_on_once_it_is_back(
    opened: Opened, node: MadeNode, ledger: Ledger
) -> None:
    node.export()
    await opened().pick_up(None)
    node.is_allowed = False
    with pytest.raises(NotAllowed):
        await opened().publish("", "lungs")
    trouble = read_trouble(ledger)
    assert trouble is not None
    assert (trouble.exit_code, trouble.what) == (5, "The account lacks the role admin_datasets.")
    node.is_allowed = True
    await opened().publish("", "lungs")
    assert read_trouble(ledger) is None
    assert node.times("show") == 1


async def test_a_lost_answer_to_the_release_is_looked_up_not_repeated(
    opened: Opened, node: MadeNode
) -> None:
    node.export()
    node.loses = {"show"}
    with pytest.raises(Exception, match="connection broke"):
        await opened().publish("", "lungs")
    look = await opened().publish("", "lungs")
    assert look.dataset is not None
    assert look.dataset.stage is Stage.RELEASED
    assert node.times("show") == 1


async def test_a_project_is_the_dataset_and_is_shown_at_the_default_level(
    opened: Opened, node: MadeNode, ledger: Ledger
) -> None:
    destination = "EUCAIM-LUNG|BATCH-1"
    node.export(id=destination)
    look = await opened(A_PROJECT).publish("", "lungs")
    assert look.dataset is not None
    assert (look.dataset.stage, look.dataset.visibility) == (Stage.PUBLISHED, "protected")
    again = await opened(A_PROJECT).publish("public", "lungs")
    assert again.dataset is not None
    assert again.dataset.visibility == "public"
    assert node.times("show") == 2
    with pytest.raises(UsageError, match="no such level"):
        await opened(A_PROJECT).publish("secret", "lungs")


@pytest.mark.parametrize(
    "texts",
    [
        {"description": ("Scans of ORIGINAL-2 and others.",)},
        {"description": ("With Surname2 Given",)},
    ],
)
async def test_metadata_that_tell_of_a_patient_do_not_leave(
    opened: Opened, node: MadeNode, texts: dict[str, tuple[str, ...]]
) -> None:
    node.export()
    with pytest.raises(StepBlocked, match="tells of a patient") as refused:
        await opened().publish("", "lungs", texts=texts)
    assert "ORIGINAL" not in refused.value.what.upper().replace("ORIGINALS", "")
    assert node.asked == []
    await opened().pick_up(None)
    with pytest.raises(StepBlocked, match="tells of a patient"):
        await opened().edit(texts)
    assert node.times("edit") == 0


async def test_a_reason_that_tells_of_a_patient_does_not_leave(
    opened: Opened, node: MadeNode
) -> None:
    node.export()
    await opened().pick_up(None)
    with pytest.raises(StepBlocked, match="tells of a patient"):
        await opened().invalidate("ORIGINAL-2 withdrew", "Ada Lovelace", "lungs")
    assert node.times("invalidate") == 0


async def test_what_is_marked_as_not_to_be_used_is_not_published(
    opened: Opened, node: MadeNode
) -> None:
    node.export()
    await opened().pick_up(None)
    look = await opened().invalidate("Wrong cohort", "Ada Lovelace", "lungs")
    assert look.dataset is not None
    assert (look.dataset.stage, look.dataset.reason) == (Stage.INVALIDATED, "Wrong cohort")
    with pytest.raises(StepBlocked, match="marked as not to be used"):
        await opened().publish("", "lungs")
    await opened().invalidate("Wrong cohort", "Ada Lovelace", "lungs")
    assert node.times("invalidate") == 1


async def test_a_dataset_of_another_transfer_is_not_picked_up(
    opened: Opened, node: MadeNode, workspace: Workspace
) -> None:
    node.export()
    await opened().pick_up(None)
    other = workspace.folder.parent / "other"
    workspace.folder.rename(other)
    workspace.folder.mkdir()
    with Ledger.create(workspace.ledger) as fresh:
        write_order(fresh, Order("lungs", "upv", Path("/data"), "EUCAIM-LUNG|BATCH-1"))
        carrier = Carrier(workspace, fresh, MadePublisher(node), is_sandbox_node=False)
        assert await carrier.candidates() == []
        with pytest.raises(StepBlocked, match="belongs to another transfer"):
            await carrier.pick_up("d1")


def _beside(workspace: Workspace, destination: str = PROJECT, *, is_cleared: bool = False) -> None:
    """Another transfer of the home, which sent to a project as well."""
    shutil.copytree(workspace.folder, workspace.folder.parent / "other")
    other = Workspace(workspace.folder.parent / "other")
    with Ledger.open(other.ledger) as ledger:
        ledger.write("UPDATE transfer SET name = 'other', destination = ?", destination)
        if not is_cleared:
            withdraw_entry(ledger, "clearance", "Grace Hopper", "Not yet")


async def test_a_project_is_not_shown_while_another_transfer_in_it_is_not_cleared(
    opened: Opened, node: MadeNode, workspace: Workspace
) -> None:
    node.export(id=PROJECT)
    _beside(workspace)
    with pytest.raises(StepBlocked) as refused:
        await opened(A_PROJECT).publish("", "lungs")
    assert refused.value.what == (
        "This would also show what transfer other sent to the same project."
        " Publishing is locked: legal clearance is not recorded."
    )
    assert "legal other --record FILE.toml" in refused.value.remedy
    assert node.asked == []


@pytest.mark.parametrize(("destination", "is_cleared"), [(PROJECT, True), ("ANOTHER", False)])
async def test_a_transfer_that_is_cleared_or_elsewhere_keeps_no_project_back(
    opened: Opened, node: MadeNode, workspace: Workspace, destination: str, is_cleared: bool
) -> None:
    node.export(id=PROJECT)
    _beside(workspace, destination, is_cleared=is_cleared)
    await opened(A_PROJECT).publish("", "lungs")
    assert node.times("show") == 1


async def test_a_patient_id_is_not_taken_for_that_of_a_dataset(
    opened: Opened, node: MadeNode
) -> None:
    with pytest.raises(StepBlocked, match=r"id of the dataset \(patient ID\)"):
        await opened().pick_up("ORIGINAL-2")
    assert node.asked == []

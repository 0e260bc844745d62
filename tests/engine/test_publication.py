"""Step 10 between the engine, the adapters and both stand-ins; what goes wrong is survived."""

from __future__ import annotations

import threading
from collections.abc import Awaitable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Final

import pytest

from adapters.sandbox.realm import INGESTER
from adapters.sandbox.xnat.site import PROJECT
from tests.cli.at_step_ten import UPV, XNAT, Place
from tests.engine.publication_bench import METADATA, SOON, Desk, cleared_place, desk_at
from transfer.errors import (
    DatasetRefused,
    NotAllowed,
    RunnerHeld,
    StepBlocked,
    TransferError,
    Unreachable,
)
from transfer.ledger.connection import Ledger
from transfer.legal.recording import withdraw_entry
from transfer.publication.carrying import Carrier
from transfer.publication.standing import Look, read_publication
from transfer.publication.values import NewDataset, Stage

_MOST_TRIES: Final = 6


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    with cleared_place(tmp_path_factory.mktemp("step-ten")) as found:
        yield found


@pytest.fixture
def desk(place: Place) -> Iterator[Desk]:
    with desk_at(place) as found:
        yield found


def test_a_draft_of_qp_insights_becomes_a_published_dataset_with_a_doi(desk: Desk) -> None:
    exported = desk.export()
    look = desk.publish(UPV)
    assert look.dataset is not None
    assert (look.dataset.id, look.dataset.stage) == (exported, Stage.RELEASED)
    assert look.difference is not None
    assert (look.difference.held_studies, look.difference.missing_count) == (2, 0)
    desk.publish(UPV)
    assert desk.releases() == 1

    after = desk.slept_s

    def publish_soon(_: Look) -> None:
        if desk.slept_s > after + 3 * 3600.0:
            dataset = desk.place.sandbox.datasets.dataset(exported)
            if not dataset.public:
                desk.place.sandbox.steering.publish(exported)

    done = desk.carry(UPV, lambda carrier: carrier.wait(4 * 86_400.0, publish_soon))
    assert done.dataset is not None
    assert done.dataset.stage is Stage.PUBLISHED
    assert "doi" in done.dataset.pids
    assert desk.slept_s == pytest.approx(after + 3 * 3600.0, abs=1200.0)


@pytest.mark.parametrize("name", [UPV, XNAT])
def test_without_the_legal_record_no_request_leaves(desk: Desk, name: str) -> None:
    desk.export()
    with Ledger.open(desk.place.ledger(name)) as ledger:
        withdraw_entry(ledger, "clearance", "Grace Hopper", "Too early")
    with pytest.raises(StepBlocked, match="Publishing is locked"):
        desk.publish(name)
    assert desk.place.requests() == 0


@pytest.mark.parametrize("level", ["protected", "public"])
def test_a_project_is_shown_and_read_back(desk: Desk, level: str) -> None:
    look = desk.publish(XNAT, level)
    assert look.dataset is not None
    assert (look.dataset.stage, look.dataset.visibility) == (Stage.PUBLISHED, level)
    assert look.difference is not None
    assert look.difference.is_fault is False
    assert desk.place.sandbox.xnat.archive.projects[PROJECT].accessibility == level


@pytest.mark.parametrize("lists_creating", [True, False])
def test_a_creation_whose_answer_is_lost_is_found_and_made_once(
    desk: Desk, tmp_path: Path, lists_creating: bool
) -> None:
    sandbox = desk.place.sandbox
    sandbox.datasets.options = replace(SOON, lists_creating=lists_creating)
    sandbox.faults.add("datasets:lose-answer,times=1")
    wanted = NewDataset(METADATA, desk.index(tmp_path))
    look = desk.carry(UPV, lambda carrier: carrier.create(wanted, "Ada Lund"))
    assert look.dataset is not None
    assert look.origin == "created"
    assert len(sandbox.datasets.shelf.datasets) == 1
    followed = desk.carry(UPV, lambda carrier: carrier.follow())
    assert followed.dataset is not None
    assert (followed.dataset.stage, followed.dataset.studies) == (Stage.DRAFT, 2)


def test_one_that_is_not_listed_while_it_is_made_is_not_asked_for_again(
    desk: Desk, tmp_path: Path
) -> None:
    sandbox = desk.place.sandbox
    sandbox.faults.add("datasets:lose-answer,times=1")
    wanted = NewDataset(METADATA, desk.index(tmp_path))
    for _ in range(2):
        with pytest.raises(StepBlocked, match="Nobody knows whether the dataset was created"):
            desk.carry(UPV, lambda carrier: carrier.create(wanted, "Ada Lund"))
    assert len(sandbox.datasets.shelf.datasets) == 1
    desk.place.let_pass()
    look = desk.look()
    assert look.dataset is not None
    assert (look.dataset.stage, look.origin) == (Stage.DRAFT, "created")
    assert len(sandbox.datasets.shelf.datasets) == 1


def test_a_job_that_fails_is_explained_after_a_restart_removed_and_made_anew(
    desk: Desk, tmp_path: Path
) -> None:
    sandbox = desk.place.sandbox
    sandbox.datasets.options = SOON
    sandbox.faults.add("datasets:job-fails=2")
    wanted = NewDataset(METADATA, desk.index(tmp_path))
    desk.carry(UPV, lambda carrier: carrier.create(wanted, "Ada Lund"))
    with pytest.raises(DatasetRefused, match="Likely causes"):
        desk.carry(UPV, lambda carrier: carrier.follow())
    look = desk.look()
    assert look.dataset is not None
    assert look.dataset.stage is Stage.FAILED
    assert look.trouble is not None
    assert "--delete" in look.trouble.remedy
    sandbox.faults.clear()
    desk.carry(UPV, lambda carrier: carrier.delete(UPV))
    assert sandbox.datasets.shelf.datasets == {}
    desk.carry(UPV, lambda carrier: carrier.create(wanted, "Ada Lund"))
    made = desk.carry(UPV, lambda carrier: carrier.follow())
    assert made.dataset is not None
    assert made.dataset.stage is Stage.DRAFT


def test_a_job_that_is_never_started_is_told_at_the_deadline_and_removed(
    desk: Desk, tmp_path: Path
) -> None:
    desk.place.sandbox.faults.add("datasets:held")
    wanted = NewDataset(METADATA, desk.index(tmp_path))
    desk.carry(UPV, lambda carrier: carrier.create(wanted, "Ada Lund"))
    with pytest.raises(StepBlocked, match="after 2 minutes"):
        desk.carry(UPV, lambda carrier: carrier.follow(120.0))
    desk.carry(UPV, lambda carrier: carrier.delete(UPV))
    assert desk.place.sandbox.datasets.shelf.datasets == {}


def test_roles_that_are_lost_midway_are_told_and_it_goes_on_when_they_are_back(
    desk: Desk,
) -> None:
    desk.export()
    desk.pick_up()
    desk.place.sandbox.steering.give_groups("ingester", ())
    with pytest.raises(NotAllowed):
        desk.publish(UPV)
    with Ledger.open(desk.place.ledger(UPV)) as ledger:
        trouble = read_publication(ledger).trouble
    assert trouble is not None
    assert trouble.exit_code == 5
    assert desk.releases() == 0
    desk.place.sandbox.steering.give_groups("ingester", INGESTER.groups)
    look = desk.publish(UPV)
    assert look.dataset is not None
    assert look.dataset.stage is Stage.RELEASED
    assert look.trouble is None


def test_a_study_that_is_left_out_stops_the_release_until_a_person_accepts_it(
    desk: Desk, tmp_path: Path
) -> None:
    desk.place.sandbox.datasets.options = SOON
    wanted = NewDataset(METADATA, desk.index(tmp_path, most=1))
    desk.carry(UPV, lambda carrier: carrier.create(wanted, "Ada Lund"))
    with pytest.raises(StepBlocked, match="holds 1 study of 1 subject; 2 studies"):
        desk.publish(UPV)
    assert desk.releases() == 0
    desk.carry(UPV, lambda carrier: carrier.accept_difference("Ada Lund", "One withdrew."))
    assert desk.publish(UPV).accepted is not None
    assert desk.releases() == 1


def test_a_new_version_takes_the_place_of_what_others_see(desk: Desk, tmp_path: Path) -> None:
    first = desk.export()
    desk.place.sandbox.datasets.options = SOON
    desk.publish(UPV)
    wanted = NewDataset(METADATA | {"version": ("2.0",)}, desk.index(tmp_path), previous_id=first)
    look = desk.carry(UPV, lambda carrier: carrier.create(wanted, "Ada Lund"))
    assert look.dataset is not None
    assert look.dataset.previous_id == first
    assert desk.publish(UPV).dataset is not None
    assert desk.releases() == 2


def test_a_lost_answer_to_the_release_is_not_asked_for_again(desk: Desk) -> None:
    desk.export()
    desk.pick_up()
    desk.place.sandbox.faults.add("datasets:lose-answer,times=1")
    with pytest.raises(Unreachable):
        desk.publish(UPV)
    look = desk.publish(UPV)
    assert look.dataset is not None
    assert look.dataset.stage is Stage.RELEASED
    assert desk.releases() == 1


def carried_on(desk: Desk, wanted: NewDataset) -> Look:
    """What a person does who is told each time what stands in the way, and who looks into the
    node's own pages where nobody else knows whether there is a dataset."""
    told: TransferError | None = None
    for _ in range(_MOST_TRIES):
        is_unknown = told is not None and told.what.startswith("Nobody knows")
        again = is_unknown and not desk.place.sandbox.datasets.shelf.datasets
        try:
            if desk.look().dataset is None:
                desk.carry(UPV, partial(_created, wanted, again))
            desk.carry(UPV, lambda carrier: carrier.follow())
            return desk.publish(UPV)
        except TransferError as error:
            told = error
            desk.place.let_pass()
    raise AssertionError(f"it never comes to its end: {told}")


def _created(wanted: NewDataset, again: bool, carrier: Carrier) -> Awaitable[Look]:
    return carrier.create(wanted, "Ada Lund", again=again)


@pytest.mark.parametrize("after", [0, 4])
@pytest.mark.parametrize("fault", ["portal", "silent"])
def test_an_answer_that_is_none_makes_no_second_dataset_and_loses_none(
    desk: Desk, tmp_path: Path, fault: str, after: int
) -> None:
    desk.place.sandbox.datasets.options = SOON
    wanted = NewDataset(METADATA, desk.index(tmp_path))
    armed = desk.place.sandbox.fault(f"datasets:{fault},times=1,after={after}")
    look = carried_on(desk, wanted)
    assert armed.fired == 1
    assert look.dataset is not None
    assert look.dataset.stage is Stage.RELEASED
    assert list(desk.place.sandbox.datasets.shelf.datasets) == [look.dataset.id]


@pytest.mark.parametrize("name", [UPV, XNAT])
def test_two_that_publish_at_once_release_once_and_who_is_late_is_told(
    desk: Desk, name: str
) -> None:
    if name == UPV:
        desk.export()
        desk.pick_up()
    desk.place.sandbox.faults.add("datasets:latency=100")
    desk.place.sandbox.faults.add("xnat:latency=50")
    together, ends = threading.Barrier(2), list[Look | RunnerHeld]()

    def publish() -> None:
        together.wait()
        try:
            ends.append(desk.publish(name, "" if name == UPV else "protected"))
        except RunnerHeld as held:
            ends.append(held)

    threads = [threading.Thread(target=publish) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    looks = [end for end in ends if isinstance(end, Look)]
    assert len(ends) == 2
    # Where they did not meet, the second found it done.
    assert looks
    assert all(look.dataset is not None for look in looks)
    assert desk.releases() == (1 if name == UPV else 0)

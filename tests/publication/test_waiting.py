"""A platform that takes days: seldom asked, also after a restart, and seen since when."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.publication.conftest import Opened
from tests.publication.made import A_PROJECT, Hours, MadeNode
from transfer.errors import NotAllowed, Unreachable
from transfer.ledger.connection import Ledger
from transfer.publication.standing import Look, read_publication
from transfer.publication.values import Stage

DAY_S = 86_400.0


async def test_nothing_is_asked_more_often_than_every_ten_minutes_for_three_days(
    opened: Opened, node: MadeNode, clock: Hours, ledger: Ledger
) -> None:
    node.export()
    released = await opened().publish("", "lungs")
    asked = node.times("dataset")
    look = await opened().wait(3 * DAY_S)
    assert look.dataset is not None
    assert look.dataset.stage is Stage.RELEASED
    assert node.times("dataset") - asked == 3 * 24 * 6
    assert sum(clock.slept) == pytest.approx(3 * DAY_S)
    assert look.stage_since_utc == released.stage_since_utc
    assert read_publication(ledger).document()["since"] == released.stage_since_utc


async def test_restarts_in_between_ask_no_more_often(
    opened: Opened, node: MadeNode, clock: Hours
) -> None:
    node.export()
    await opened().publish("", "lungs")
    asked = node.times("dataset")
    for _ in range(60):
        await opened().wait(60.0)
    assert sum(clock.slept) == pytest.approx(3600.0)
    assert node.times("dataset") - asked <= 6


async def test_it_ends_when_the_dataset_is_published_and_has_its_identifiers(
    opened: Opened, node: MadeNode, clock: Hours
) -> None:
    node.export()
    await opened().publish("", "lungs")
    seen: list[tuple[Stage, dict[str, str]]] = []

    def told(look: Look) -> None:
        assert look.dataset is not None
        seen.append((look.dataset.stage, dict(look.dataset.pids)))
        if len(seen) == 2:
            node.publish("d1")
        if len(seen) == 4:
            node.publish("d1", doi="https://doi.org/10.5281/zenodo.42")

    look = await opened().wait(DAY_S, told)
    assert [stage for stage, _ in seen] == [Stage.RELEASED] * 2 + [Stage.PUBLISHED] * 3
    assert look.dataset is not None
    assert look.dataset.pids == {"doi": "https://doi.org/10.5281/zenodo.42"}
    assert look.next == "Have it described in EUCAIM's catalogue, then record its entry."


async def test_a_node_that_is_away_for_a_night_is_asked_again_as_seldom(
    opened: Opened, node: MadeNode, clock: Hours
) -> None:
    node.export()
    await opened().publish("", "lungs")
    node.refusals["dataset"] = [Unreachable("No connection.", "Later.") for _ in range(48)]
    asked = node.times("dataset")
    look = await opened().wait(DAY_S)
    assert look.dataset is not None
    assert look.trouble is None
    assert node.times("dataset") - asked == 24 * 6


async def test_a_lost_role_ends_the_wait_and_is_told(opened: Opened, node: MadeNode) -> None:
    node.export()
    await opened().publish("", "lungs")
    node.is_allowed = False
    with pytest.raises(NotAllowed):
        await opened().wait(DAY_S)


async def test_a_clock_that_was_put_back_delays_it_by_one_turn_at_most(
    opened: Opened, node: MadeNode, clock: Hours
) -> None:
    node.export()
    await opened().publish("", "lungs")
    clock.now -= timedelta(days=2)
    node.publish("d1", doi="10.5281/zenodo.42")
    look = await opened().wait(DAY_S)
    assert look.dataset is not None
    assert look.dataset.stage is Stage.PUBLISHED
    assert clock.slept == [600.0]


async def test_a_project_waits_for_nobody(opened: Opened, node: MadeNode, clock: Hours) -> None:
    node.export(id="EUCAIM-LUNG|BATCH-1")
    await opened(A_PROJECT).publish("", "lungs")
    clock.now += timedelta(minutes=11)
    look = await opened(A_PROJECT).wait(DAY_S)
    assert look.dataset is not None
    assert look.dataset.stage is Stage.PUBLISHED
    assert clock.slept == []

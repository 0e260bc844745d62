"""Step 10 by keys on running stand-ins of both nodes, from the guide to a published dataset."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from adapters.sandbox.xnat.site import PROJECT
from tests.cli.at_step_ten import UPV, XNAT, Place, at_step_ten
from tests.tui.driving import crumbs, keys, now, press, running, until, words
from tests.tui.driving import screen_name as front
from transfer.ledger.connection import Ledger
from transfer.ledger.publication import bound_dataset
from transfer.publication.values import Stage
from tui.app import TransferApp
from tui.source import Source
from tui.widgets.painted import Painted
from tui.widgets.rows import Rows

TO_STEP_10 = ("end", "enter")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    with at_step_ten(tmp_path_factory.mktemp("step-ten")) as place:
        yield place


@pytest.fixture(autouse=True)
def _environment(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in place.program.environment().items():
        monkeypatch.setenv(name, value)


def app_at(place: Place, name: str) -> TransferApp:
    return TransferApp(place.home, name, source=Source(place.home))


def facts(app: TransferApp) -> str:
    return " ".join(app.screen.query_one("#facts", Painted).words.split())


def told(app: TransferApp) -> str:
    return " ".join(words(app).split())


def stage_of(place: Place, name: str) -> Stage | None:
    with Ledger.open(place.ledger(name), read_only=True) as ledger:
        bound = bound_dataset(ledger)
    return bound.stage if bound else None


async def test_a_draft_made_by_hand_is_found_filled_in_released_and_seen_published(
    place: Place,
) -> None:
    app = app_at(place, UPV)
    async with running(app) as pilot:
        await press(pilot, *TO_STEP_10)
        await until(pilot, lambda: "made in the node's own pages" in now(app))
        before = place.requests()
        await press(pilot, "P")
        assert place.requests() == before, "nothing leaves before there is a draft"

        await press(pilot, "g")
        await until(pilot, lambda: "No new draft is there yet." in now(app))
        assert "SANDBOX" in words(app)
        place.export()
        # The stand-in lists no dataset that it is still making.
        place.let_pass()
        await press(pilot, "k")
        await until(pilot, lambda: "1 new draft is on the node." in now(app))
        await press(pilot, "p")
        await until(pilot, lambda: front(app) == "PickScreen")
        assert "Lung CT" in words(app)
        await press(pilot, "enter", *"Ada Lund", "enter")
        await until(pilot, lambda: stage_of(place, UPV) is Stage.DRAFT)
        await until(pilot, lambda: "m fills them in" in now(app))
        assert "✓ the same" in facts(app)
        assert "Publish" not in keys(app)

        await press(pilot, "m")
        await until(pilot, lambda: bool(app.screen.query_one(Rows).rows))
        for text in ("Lungs of nobody.", "Made for a test.", "To be tested with."):
            await press(pilot, "n", "enter", *text, "ctrl+s")
        await press(pilot, "s")
        await until(pilot, lambda: "Saved on the node" in now(app))
        await press(pilot, "escape")
        await until(pilot, lambda: "locked by the legal record" in now(app))

        before = place.requests()
        await press(pilot, "P")
        assert front(app) == "DatasetScreen"
        assert place.requests() == before, "no request leaves without the legal record"
        place.make_clear(UPV)
        await until(pilot, lambda: "Nothing stands in its way." in now(app))
        await press(pilot, "P")
        await until(pilot, lambda: front(app) == "ConfirmScreen")
        await press(pilot, *"wrong", "enter")
        assert "The name that was typed is another one" in told(app)
        assert stage_of(place, UPV) is Stage.DRAFT
        await press(pilot, *["backspace"] * 5, *UPV, "enter")
        await until(pilot, lambda: stage_of(place, UPV) is Stage.RELEASED)
        await until(pilot, lambda: "Waits for the node's people." in now(app))
        assert "again in 10 min" in now(app)

        dataset_id = place.sandbox.datasets.datasets()[0].id
        place.sandbox.steering.publish(dataset_id)
        await press(pilot, "k")
        await until(pilot, lambda: "It is published." in now(app))
        assert "DOI https://doi.org/10." in facts(app)
        assert "… waiting" in crumbs(app)


async def test_a_project_is_made_protected_only_by_its_typed_name(place: Place) -> None:
    app = app_at(place, XNAT)
    place.make_clear(XNAT)
    async with running(app) as pilot:
        await press(pilot, *TO_STEP_10)
        await until(pilot, lambda: "k asks it" in now(app))
        await press(pilot, "k")
        await until(pilot, lambda: "● private" in words(app))
        assert "✓ the same" in facts(app)
        await until(pilot, lambda: "lets others see it" in now(app))
        await press(pilot, "P")
        await until(pilot, lambda: "Who may see it?" in words(app))
        await press(pilot, "enter", *"protected", "enter")
        assert "The name that was typed is another one" in told(app)
        assert place.sandbox.xnat.archive.projects[PROJECT].accessibility == "private"
        await press(pilot, *["backspace"] * 9, *XNAT, "enter", *"Ada Lund", "enter")
        await until(pilot, lambda: "✓ protected" in words(app))
        assert place.sandbox.xnat.archive.projects[PROJECT].accessibility == "protected"

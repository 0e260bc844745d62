"""How the screens of step 10 look, at 80 by 24 and at 120 by 40.

A difference is not an error in itself: read the report, then take the new picture over.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from textual.pilot import Pilot

from tests.tui import published as known
from tests.tui.driving import press, settle
from tests.tui.published import NAME, TO_STEP_10, dataset_app
from tests.tui.test_clinical_pictures import SnapCompare
from transfer.legal.standing import LegalStanding
from transfer.publication.standing import Look
from transfer.workspace import Home
from tui.widgets.chrome import KeyLine, NowStrip

OTHER = replace(
    known.DATASET,
    id="11112222-5a0b-4a5e-9a55-7d3a4ab0c002",
    name="Lung screening 2024, the second export of the whole project",
    studies=3,
    subjects=2,
)
WHOLE = known.whole_record()
PICTURES: dict[str, tuple[Look, LegalStanding, tuple[str, ...]]] = {
    "unborn": (known.UNBORN, known.LOCKED, ()),
    "guide": (known.UNBORN, WHOLE, ("g", "down")),
    "pick": (known.UNBORN, WHOLE, ("p",)),
    "locked": (known.DRAFT, known.LOCKED, ()),
    "less": (known.LESS, WHOLE, ()),
    "confirm": (known.ACCEPTED, WHOLE, ("P",)),
    "public": (known.PRIVATE, WHOLE, ("P", "down", "enter", *NAME, "enter", *"lung", "enter")),
    "released": (known.RELEASED, WHOLE, ()),
    "metadata": (known.EMPTIED, WHOLE, ("m",)),
    "line": (known.DRAFT, WHOLE, ("m", "down", "enter")),
    "text": (known.DRAFT, WHOLE, ("m", "down", "down", "enter")),
    "several": (known.DRAFT, WHOLE, ("m", "down", "down", "down", "enter")),
    "create": (known.UNBORN, WHOLE, ("c",)),
}


@pytest.mark.parametrize("size", [(80, 24), (120, 40)], ids=["80x24", "120x40"])
@pytest.mark.parametrize("name", list(PICTURES))
def test_the_page_looks_as_it_did(
    name: str, size: tuple[int, int], home: Home, snap_compare: SnapCompare
) -> None:
    look, legal, pressed = PICTURES[name]
    app, _ = dataset_app(home, look, legal, found=(known.DATASET, OTHER) if name == "pick" else ())

    async def go(pilot: Pilot[Any]) -> None:
        await settle(pilot)
        await press(pilot, *TO_STEP_10, *pressed)
        for strip in pilot.app.screen.query(NowStrip):
            assert strip.words.strip(), "every screen says what now"
        for line in pilot.app.screen.query(KeyLine):
            assert line.words.strip(), "every screen says its keys"

    assert snap_compare(app, terminal_size=size, run_before=go)

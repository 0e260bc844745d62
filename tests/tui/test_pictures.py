"""How each screen looks in each main state, at 80 by 24 and 120 by 40; a few at 200 by 50 too.

A difference is not an error in itself: read the report, then take the new picture over.
"""

from __future__ import annotations

from typing import Any, Protocol

import pytest
from textual.pilot import Pilot

from tests.tui.driving import press, settle
from tests.tui.states import BROAD, STATES, State, picture_app, prepared
from transfer.workspace import Home
from tui.app import TransferApp
from tui.widgets.chrome import KeyLine, NowStrip


class SnapCompare(Protocol):
    """What the snapshot plugin hands over."""

    def __call__(self, app: TransferApp, **options: Any) -> bool: ...


_SIZES = ((80, 24), (120, 40), (200, 50))
_PICTURES = [
    (state, size) for state in STATES for size in _SIZES[: 3 if state.name in BROAD else 2]
]


@pytest.mark.parametrize(
    ("state", "size"),
    _PICTURES,
    ids=[f"{state.name}-{width}x{height}" for state, (width, height) in _PICTURES],
)
def test_a_screen_looks_as_it_did(
    state: State, size: tuple[int, int], home: Home, snap_compare: SnapCompare
) -> None:
    app = picture_app(state, home)

    async def go(pilot: Pilot[Any]) -> None:
        await settle(pilot)
        await press(pilot, *state.keys)
        for strip in pilot.app.screen.query(NowStrip):
            assert strip.words.strip(), "every screen says what now"
        for line in pilot.app.screen.query(KeyLine):
            assert line.words.strip(), "every screen says its keys"

    with prepared(state, home):
        assert snap_compare(app, terminal_size=size, run_before=go)

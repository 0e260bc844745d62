"""A home, and a terminal that is the same on every machine."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

# Textual reads these while it is imported, as the program itself sets them.
os.environ["TEXTUAL_ANIMATIONS"] = "none"

from tests.tui.ledgers import make_home
from tests.tui.looking import help_opens_and_closes, look_over
from tests.tui.pictured import is_first, picture_name, record, recorded
from tests.tui.whole import never_whole
from transfer.workspace import Home
from tui.theme import LIGHT


@pytest.fixture(autouse=True)
def _terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLORTERM", "truecolor")
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """An empty home."""
    return make_home(tmp_path)


@pytest.fixture
def snap_compare(
    snap_compare: Callable[..., bool],
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
) -> Callable[..., bool]:
    """The snapshot plugin's own, which first holds the screen up to what every screen must be."""
    name, of_size = picture_name(request.node.name, request.node.path.stem)
    takes_anew = bool(request.config.option.update_snapshots)

    def compare(
        app: object, *, run_before: Callable[[Pilot[Any]], Awaitable[None]], **options: Any
    ) -> bool:
        async def go(pilot: Pilot[Any]) -> None:
            await run_before(pilot)
            # The colours of the light theme are those of the dark one by other values: one picture
            # of each screen tells whether they fit together as well.
            await look_over(pilot, [LIGHT.name] if is_first(name) else [])
            shown = type(pilot.app.screen).__name__
            if takes_anew:
                record(name, shown)
            assert recorded().get(name) == shown, "see pictured.txt; --snapshot-update writes it"
            if of_size == "80x24" and is_first(name):
                await help_opens_and_closes(pilot)
            if of_size == "80x24":
                await pilot.pause()
                await pilot.wait_for_scheduled_animations()
                taken = pilot.app.export_screenshot(simplify=True)
                assert await never_whole(pilot) == [], "cut, and no key shows it whole"
                # The picture is of the state before this walk.
                monkeypatch.setattr(pilot.app, "export_screenshot", lambda **_: taken)

        return snap_compare(app, run_before=go, **options)

    return compare

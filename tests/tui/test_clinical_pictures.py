"""How the screens of step 9 look, at 80 by 24 and at 120 by 40.

A difference is not an error in itself: read the report, then take the new picture over.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import pytest
from textual.pilot import Pilot

from tests.tui.driving import press, settle
from tests.tui.tabled import (
    TO_STEP_9,
    clinical_app,
    make_tabled,
    rename_table,
    table_rows,
    table_text,
)
from transfer.workspace import Home
from tui.app import TransferApp
from tui.folders import Folder
from tui.widgets.chrome import KeyLine, NowStrip


class SnapCompare(Protocol):
    """What the snapshot plugin hands over."""

    def __call__(self, app: TransferApp, **options: Any) -> bool: ...


def faulty(home: Home, folder: Path) -> None:
    rename_table(make_tabled(home, folder, patients=40))


def without_table(home: Home, folder: Path) -> None:
    make_tabled(home, folder, "")


def unreadable(home: Home, folder: Path) -> None:
    rename_table(make_tabled(home, folder, '{"PatientID": '))


def ambiguous(home: Home, folder: Path) -> None:
    """Ages in months, dates of either order, sexes as letters and numbers."""
    rows = table_rows(12)
    for n, row in enumerate(rows):
        row[2], row[4], row[5] = ("F", "1", "m")[n % 3], "03/04/2021", str(600 + n)
    rename_table(make_tabled(home, folder, table_text(rows)))


Prepare = Callable[[Home, Path], None]
DOWN = "down"
PICTURES: dict[str, tuple[Prepare, tuple[str, ...]]] = {
    "step": (faulty, ()),
    "step-none": (without_table, ()),
    "step-unreadable": (unreadable, ()),
    "file": (without_table, ("o", "end")),
    "export": (faulty, ("e",)),
    "help": (faulty, ("t", "question_mark")),
    "table": (faulty, ("t",)),
    "table-found": (faulty, ("t", "n", "right", "left", "n")),
    "table-end": (faulty, ("t", "end", "tab", "i")),
    "mapping": (faulty, ("m", DOWN, DOWN, DOWN)),
    "mapping-choose": (faulty, ("m", DOWN, DOWN, DOWN, "enter")),
    "mapping-doubts": (ambiguous, ("m", *[DOWN] * 5)),
    "mapping-missing": (faulty, ("m", "end")),
    "mapping-unit": (ambiguous, ("m", *[DOWN] * 5, "u")),
    "terms": (ambiguous, ("m", DOWN, DOWN, "v")),
}


@pytest.mark.parametrize("size", [(80, 24), (120, 40)], ids=["80x24", "120x40"])
@pytest.mark.parametrize("name", list(PICTURES))
def test_a_screen_looks_as_it_did(
    name: str,
    size: tuple[int, int],
    home: Home,
    tmp_path: Path,
    snap_compare: SnapCompare,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    prepare, keys = PICTURES[name]
    prepare(home, tmp_path / "data")
    app = clinical_app(home)
    tables = (("lung_clinical.csv", 48_213), ("lung_followup.xlsx", 1_204_113))
    monkeypatch.setattr(
        app.source.clinical,
        "look_into",
        lambda path, offset: Folder(
            Path("/data/export/lung"), ("CT-2024", "[b]odd[/b]"), 2, files=9, wanted=tables
        ),
    )

    async def go(pilot: Pilot[Any]) -> None:
        await settle(pilot)
        await press(pilot, *TO_STEP_9)
        for key in keys:
            await press(pilot, key)
        for strip in pilot.app.screen.query(NowStrip):
            assert strip.words.strip(), "every screen says what now"
        for line in pilot.app.screen.query(KeyLine):
            assert line.words.strip(), "every screen says its keys"

    assert snap_compare(app, terminal_size=size, run_before=go)

"""Making a transfer: node, folder, destination, name, summary, with keys alone.

The step between destination and name has its own tests: `test_new_deid`.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.events import Paste

from tests.tui.driving import crumbs, keys, make_app, now, press, running, words
from tests.tui.driving import screen_name as front
from transfer.ledger.connection import Ledger
from transfer.ledger.order import last_word, read_order
from transfer.orders import DEID_WAIVER
from transfer.workspace import Home
from tui.folders import complete, look_into
from tui.screens.draft import suggest_name


@pytest.fixture
def images(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder tree to walk, and the account's own folder above it."""
    folder = tmp_path / "account"
    (folder / "export" / "CT-2024").mkdir(parents=True)
    (folder / "export" / "MR-2023").mkdir()
    (folder / "other").mkdir()
    (folder / "export" / "CT-2024" / "1.dcm").write_bytes(b"x")
    monkeypatch.setenv("HOME", str(folder))
    return folder


async def test_a_transfer_can_be_made_with_arrows_and_enter_alone(home: Home, images: Path) -> None:
    app = make_app(home)
    async with running(app) as pilot:
        await press(pilot, "n")
        assert "1 of 6" in crumbs(app)
        await press(pilot, "enter")
        assert "2 of 6" in crumbs(app)
        await press(pilot, "down", "down", "enter", "down", "down", "enter")
        assert "1 file, 0 folders directly in it" in words(app)
        await press(pilot, "enter")
        assert "3 of 6" in crumbs(app)
        await press(pilot, "down", "enter")
        assert "4 of 6" in crumbs(app)
        await press(pilot, "enter")
        assert "5 of 6" in crumbs(app)
        await press(pilot, "enter")
        assert "6 of 6" in crumbs(app)
        assert "orthanc-2026-03-14" in words(app)
        assert "Making the transfer sends nothing yet." in now(app)
        await press(pilot, "enter")
        assert front(app) == "JourneyScreen"
    with Ledger.open(home.workspace("orthanc-2026-03-14").ledger) as ledger:
        order = read_order(ledger)
    assert order.node == "orthanc"
    assert order.source == images / "export" / "CT-2024"
    assert order.destination == "LUNG|B"
    assert (order.deid, order.site_id) == ("none", None)


async def test_a_node_that_lacks_something_says_what_and_is_not_taken(home: Home) -> None:
    app = make_app(home)
    async with running(app) as pilot:
        await press(pilot, "n", "end")
        assert "The node's DICOMweb address is not known." in words(app)
        assert "set dicomweb_url of [nodes.upv] in config.toml" in words(app)
        await press(pilot, "enter")
        assert front(app) == "NodeScreen"


async def test_a_pasted_path_opens_that_folder(home: Home, images: Path) -> None:
    app = make_app(home)
    async with running(app) as pilot:
        await press(pilot, "n", "enter", "shift+tab")
        entry = app.screen.query_one("#path")
        assert entry.has_focus
        await press(pilot, "ctrl+u", *f"{images}/export/MR-2023", "enter")
        await press(pilot, "enter")
        assert front(app) == "DetailsScreen"


async def test_a_path_typed_at_once_is_the_folder_that_is_taken(home: Home, images: Path) -> None:
    """Without a step to the line first: Enter must not take the folder that happens to be shown."""
    app = make_app(home)
    async with running(app) as pilot:
        await press(pilot, "n", "enter", *f"{images}/export/MR-2023", "enter")
        assert app.screen.query_one("#path").value == f"{images}/export/MR-2023"  # type: ignore[attr-defined]
        assert front(app) == "FolderScreen"
        await press(pilot, "enter")
        assert front(app) == "DetailsScreen"


async def test_a_path_pasted_at_once_is_the_folder_that_is_taken(home: Home, images: Path) -> None:
    app = make_app(home)
    async with running(app) as pilot:
        await press(pilot, "n", "enter")
        app.screen.post_message(Paste(f"{images}/export/MR-2023\n"))
        await press(pilot, "enter")
        assert app.screen.query_one("#path").value == f"{images}/export/MR-2023"  # type: ignore[attr-defined]
        await press(pilot, "enter")
        assert front(app) == "DetailsScreen"


async def test_a_folder_that_cannot_be_opened_says_why(home: Home, images: Path) -> None:
    app = make_app(home)
    async with running(app) as pilot:
        await press(pilot, "n", "enter", "shift+tab", "ctrl+u", *"/no/such", "enter")
        assert "That folder cannot be opened: there is no such folder." in now(app)
        assert front(app) == "FolderScreen"


async def test_a_path_typed_but_not_opened_never_stands_above_another_folder(
    home: Home, images: Path
) -> None:
    """Whoever leaves the line and presses Enter takes what stands in it, or nothing."""
    app = make_app(home)
    async with running(app) as pilot:
        await press(pilot, "n", "enter", "shift+tab", "ctrl+u", *f"{images}/exp", "shift+tab")
        assert app.screen.query_one("#path").value == str(images)  # type: ignore[attr-defined]
        await press(pilot, "shift+tab", "ctrl+u", *"/no/such", "enter", "enter")
        assert front(app) == "FolderScreen"
        assert app.screen.query_one("#path").has_focus


async def test_a_folder_that_is_still_being_opened_is_not_mistaken_for_the_last_one(
    home: Home, images: Path
) -> None:
    app = make_app(home)
    async with running(app) as pilot:
        await press(pilot, "n", "enter", "shift+tab", "ctrl+u", *f"{images}/export")
        await pilot.press("enter", "shift+tab", "enter")
        await press(pilot, "enter")
        if front(app) == "FolderScreen":
            await press(pilot, "enter")
        assert front(app) == "DetailsScreen"
        assert app.screen_stack[-2].query_one("#path").value == f"{images}/export"  # type: ignore[attr-defined]


async def test_tab_completes_a_path_as_a_shell_does(home: Home, images: Path) -> None:
    app = make_app(home)
    async with running(app) as pilot:
        await press(pilot, "n", "enter", "shift+tab", "ctrl+u", *f"{images}/exp", "tab")
        assert app.screen.query_one("#path").value == f"{images}/export"  # type: ignore[attr-defined]
        await press(pilot, "enter")
        assert app.screen.query_one("#folders").has_focus


async def test_escape_goes_back_one_step_and_loses_no_choice(home: Home, images: Path) -> None:
    app = make_app(home)
    async with running(app) as pilot:
        await press(pilot, "n", "enter", "enter", "escape")
        assert front(app) == "FolderScreen"
        assert str(images) in app.screen.query_one("#path").value  # type: ignore[attr-defined]
        await press(pilot, "escape", "escape")
        assert front(app) == "HomeScreen"


async def test_a_node_that_wants_deidentified_images_asks_who_answers_for_them(
    home: Home, images: Path
) -> None:
    app = make_app(home)
    async with running(app) as pilot:
        await press(pilot, "n", "down", "enter", "enter")
        assert "The node does not say where this account may send to" in words(app)
        await press(pilot, *"LUNG", "enter", "end", "enter", "enter")
        assert "This node takes de-identified images only." in words(app)
        assert "Answer for it" in keys(app)
        await press(pilot, "a", *"phantom", "enter", *"Ada B", "enter")
        assert "Ada B: phantom" in words(app)
        await press(pilot, "enter")
    with Ledger.open(home.workspace("strict-2026-03-14").ledger) as ledger:
        word = last_word(ledger, DEID_WAIVER)
        order = read_order(ledger)
    assert word is not None
    assert (word.person, word.reason) == ("Ada B", "phantom")
    assert order.deid == "none"


async def test_a_name_that_is_taken_is_refused_in_words(home: Home, images: Path) -> None:
    app = make_app(home)
    async with running(app) as pilot:
        await press(pilot, "n", *["enter"] * 4, "ctrl+u", *"no name!", "enter", "enter")
        assert front(app) == "FailureScreen"
        assert "That name cannot be used for a transfer." in words(app)
        assert "Nothing was made or sent." in words(app)
        await press(pilot, "enter")
        assert front(app) == "SummaryScreen"
    assert home.names() == []


def test_a_folder_of_thousands_is_listed_a_page_at_a_time(tmp_path: Path) -> None:
    for number in range(450):
        (tmp_path / f"study-{number:03}").mkdir()
    first, last = look_into(tmp_path), look_into(tmp_path, 400)
    assert (first.total, len(first.names), first.names[0]) == (450, 200, "study-000")
    assert (len(last.names), last.names[-1]) == (50, "study-449")


def test_a_path_is_completed_by_the_first_folder_that_begins_so(tmp_path: Path) -> None:
    (tmp_path / "beta").mkdir()
    (tmp_path / "alpha").mkdir()
    (tmp_path / "also-a-file").write_text("")
    assert complete(f"{tmp_path}/al") == f"{tmp_path}/alpha"
    assert complete(f"{tmp_path}/x") == ""


def test_a_suggested_name_never_collides() -> None:
    from datetime import date

    taken = ["upv-2026-03-14", "upv-2026-03-14-2"]
    assert suggest_name("upv", date(2026, 3, 14), taken) == "upv-2026-03-14-3"

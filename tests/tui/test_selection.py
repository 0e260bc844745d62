"""The selection: a tree opened by keys, what goes and what stays, filters and rules."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from tests.tui.driving import crumbs, keys, make_app, now, press, running, settle, words
from tests.tui.driving import screen_name as front
from tests.tui.forests import grow
from tests.tui.ledgers import held, make_ledger
from tests.tui.trees import NAME, SURNAME, make_tree, put_hostile_texts
from transfer.ledger.connection import Ledger
from transfer.ledger.selection import add_rule, apply_selection, selection_rules
from transfer.workspace import Home, Workspace
from tui.app import TransferApp
from tui.screens.selection import SelectionScreen
from tui.widgets.painted import Painted
from tui.widgets.rows import Rows

SIZES = [(80, 24), (120, 40)]


@pytest.fixture
def tree(home: Home) -> Workspace:
    """Three patients; see `make_tree`."""
    return make_tree(home)


def rows(app: TransferApp) -> list[str]:
    """The lines of the list."""
    return app.screen.query_one("#rows", Rows).words.splitlines()


def _key(row: str) -> str:
    return next(word for word in row.split() if word[0] in "PSE" and word[1:].isdigit())


def chosen(workspace: Workspace) -> dict[str, tuple[int, int]]:
    """Of each Series how many instances go, and how many stay."""
    with Ledger.open(workspace.ledger, read_only=True) as ledger:
        return {
            f"E{series}": (goes, stays)
            for series, goes, stays in ledger.rows(
                "SELECT series_id, sum(state <> 'excluded'), sum(state = 'excluded')"
                " FROM instance GROUP BY series_id"
            )
        }


def rules(workspace: Workspace) -> list[str]:
    with Ledger.open(workspace.ledger, read_only=True) as ledger:
        return [f"{r.action} {r.subject} {r.value}" for r in selection_rules(ledger)]


def figures(app: TransferApp) -> list[str]:
    """What goes, and what stays."""
    lines = app.screen.query_one("#figures", Painted).words.splitlines()
    return [" ".join(line.split()[1:]) for line in lines]


async def test_the_journey_opens_the_selection_once_something_was_read(
    home: Home, tree: Workspace
) -> None:
    make_ledger(home, "empty")
    app = make_app(home, NAME)
    async with running(app) as pilot:
        assert "s Selection" in keys(app)
        assert "what goes" in now(app)
        await press(pilot, "s")
        assert front(app) == "SelectionScreen"
        assert "Selection" in crumbs(app)
    app = make_app(home, "empty")
    async with running(app) as pilot:
        assert "Selection" not in keys(app)
        await press(pilot, "s")
        assert front(app) == "JourneyScreen"


@pytest.mark.parametrize("size", SIZES)
async def test_patients_open_into_studies_and_these_into_series(
    home: Home, tree: Workspace, size: tuple[int, int]
) -> None:
    app = make_app(home, NAME)
    async with running(app, size) as pilot:
        await press(pilot, "s")
        assert [_key(row) for row in rows(app)] == ["P1", "P2", "P3"]
        await press(pilot, "right", "down", "right", "down")
        assert [_key(row) for row in rows(app)] == [
            *("P1", "S1", "E1", "E2", "S2", "P2", "P3"),
        ]
        line = rows(app)[2]
        assert "CHEST 2.5 MM" in line
        assert "CT" in line.split()
        assert "3.00 MB" in line
        assert line.rstrip().endswith("! 1")
        assert "2024-01-17" in rows(app)[1]
        await press(pilot, "left", "left")
        assert [_key(row) for row in rows(app)] == ["P1", "S1", "S2", "P2", "P3"]
        await press(pilot, "left", "left")
        assert [_key(row) for row in rows(app)] == ["P1", "P2", "P3"]


async def test_the_worst_finding_and_how_many_stand_at_each_row(
    home: Home, tree: Workspace
) -> None:
    app = make_app(home, NAME)
    async with running(app) as pilot:
        await press(pilot, "s")
        assert [row.split()[-2:] for row in rows(app)[:2]] == [["!", "1"], ["✗", "1"]]
        assert rows(app)[2].split()[-1] == "MB"
        await press(pilot, "down")
        assert "1 finding: ✗ stops" in words(app)


async def test_space_lets_a_series_stay_and_every_figure_follows(
    home: Home, tree: Workspace
) -> None:
    app = make_app(home, NAME)
    async with running(app) as pilot:
        await press(pilot, "s")
        assert figures(app) == [
            "goes 3 patients 5 studies 6 series 14 instances 14.0 MB",
            "stays 0 patients 0 studies 0 series 0 instances 0 B",
        ]
        await press(pilot, "right", "down", "right", "down", "space")
        assert figures(app) == [
            "goes 3 patients 5 studies 5 series 11 instances 11.0 MB",
            "stays 0 patients 0 studies 1 series 3 instances 3.00 MB",
        ]
        assert [row.split("[")[1][0] for row in rows(app)] == ["-", "-", " ", "x", "x", "x", "x"]
        assert "all 3 instances stay" in words(app)
        assert "1 rule" in crumbs(app)
    assert rules(tree) == ["exclude key E1"]
    assert chosen(tree)["E1"] == (0, 3)


async def test_space_once_more_takes_the_choice_back_and_leaves_no_rule(
    home: Home, tree: Workspace
) -> None:
    app = make_app(home, NAME)
    async with running(app) as pilot:
        await press(pilot, "s", "down", "space")
        assert rules(tree) == ["exclude key P2"]
        assert chosen(tree)["E4"] == (0, 4)
        await press(pilot, "space")
        assert rules(tree) == []
        assert chosen(tree)["E4"] == (4, 0)
        assert "no rules" in crumbs(app)


async def test_choices_one_after_the_other_are_one_rule(home: Home, tree: Workspace) -> None:
    app = make_app(home, NAME)
    async with running(app) as pilot:
        await press(pilot, "s", "space", "down", "space")
        assert rules(tree) == ["exclude key P1,P2"]
        await press(pilot, "right", "down", "space")
        assert rules(tree) == ["exclude key P1,P2", "include key S3"]
    assert chosen(tree) == {
        **{"E1": (0, 3), "E2": (0, 1), "E3": (0, 2)},
        **{"E4": (4, 0), "E5": (2, 0), "E6": (2, 0)},
    }


async def test_what_goes_in_part_goes_as_a_whole_after_space(home: Home, tree: Workspace) -> None:
    with Ledger.open(tree.ledger) as ledger:
        add_rule(ledger, "only", "modality", "CT")
        apply_selection(ledger)
    app = make_app(home, NAME)
    async with running(app) as pilot:
        await press(pilot, "s", "space")
        assert rules(tree) == ["only modality CT", "include key P1"]
    assert [chosen(tree)[key] for key in ("E1", "E2", "E3", "E4")] == [
        (3, 0),
        (1, 0),
        (2, 0),
        (0, 4),
    ]


async def test_a_rule_of_before_that_would_keep_it_out_is_overruled_by_a_choice(
    home: Home, tree: Workspace
) -> None:
    """Taking the key out of the last rule is not enough where an earlier one leaves it out too."""
    with Ledger.open(tree.ledger) as ledger:
        add_rule(ledger, "only", "modality", "CT")
        add_rule(ledger, "exclude", "key", "E4")
        apply_selection(ledger)
    app = make_app(home, NAME)
    async with running(app) as pilot:
        await press(pilot, "s", "down", "right", "down", "right", "down", "space")
    assert chosen(tree)["E4"] == (4, 0)
    assert rules(tree) == ["only modality CT", "include key E4"]


async def test_what_was_sent_before_is_said_to_stay_on_the_node(
    home: Home, tree: Workspace
) -> None:
    with Ledger.open(tree.ledger) as ledger, ledger.transaction():
        ledger.write("UPDATE instance SET state = 'sent' WHERE id = 7")
    app = make_app(home, NAME)
    async with running(app) as pilot:
        await press(pilot, "s", "down", "space")
        assert "What of P2 was sent before stays on the node." in now(app)
    assert chosen(tree)["E4"] == (1, 3)


async def test_nothing_is_chosen_while_a_runner_holds_the_transfer(
    home: Home, tree: Workspace
) -> None:
    app = make_app(home, NAME)
    async with running(app) as pilot:
        await press(pilot, "escape", "enter")
        with held(tree):
            app.push_screen(SelectionScreen(NAME))
            await settle(pilot)
            assert "A runner is at work" in now(app)
            await press(pilot, "space")
            assert front(app) == "FailureScreen"
            await press(pilot, "escape")
            assert [row.split("[")[1][0] for row in rows(app)] == ["x", "x", "x"]
    assert rules(tree) == []


async def test_originals_and_what_is_known_of_a_patient_are_masked_until_asked_for(
    home: Home, tree: Workspace
) -> None:
    app = make_app(home, NAME)
    async with running(app, (120, 40)) as pilot:
        await press(pilot, "s", "right", "down")
        assert "HOSP-0001" not in words(app)
        assert SURNAME not in words(app)
        assert "CT CHEST •••••" in words(app)
        await press(pilot, "i")
        assert "HOSP-0001" in words(app)
        assert f"CT CHEST {SURNAME}" in words(app)
        await press(pilot, "i")
        assert "HOSP-0001" not in words(app)
        assert SURNAME not in words(app)


async def test_a_filter_shows_only_what_has_the_words(home: Home, tree: Workspace) -> None:
    app = make_app(home, NAME)
    async with running(app) as pilot:
        await press(pilot, "s", "slash", *"prostate", "enter")
        assert [_key(row) for row in rows(app)] == ["P2"]
        assert 'Shown is only: "prostate".' in now(app)
        await press(pilot, "slash", *["backspace"] * 8, "down", *"ct,seg", "enter")
        assert [_key(row) for row in rows(app)] == ["P1", "P3"]
        await press(pilot, "right", "down", "right")
        assert [_key(row) for row in rows(app)] == ["P1", "S1", "E1", "E2", "P3"]


async def test_a_patient_id_is_found_only_while_it_is_shown(home: Home, tree: Workspace) -> None:
    app = make_app(home, NAME)
    async with running(app) as pilot:
        await press(pilot, "s", "slash", *"HOSP-0002", "enter")
        assert rows(app) == ["Nothing in this transfer is like that."]
        await press(pilot, "i")
        assert [_key(row) for row in rows(app)] == ["P2"]


async def test_views_show_what_has_findings_and_what_is_left_out(
    home: Home, tree: Workspace
) -> None:
    app = make_app(home, NAME)
    async with running(app) as pilot:
        await press(pilot, "s", "end", "space", "v")
        assert [_key(row) for row in rows(app)] == ["P1", "P2"]
        await press(pilot, "v")
        assert [_key(row) for row in rows(app)] == ["P3"]
        await press(pilot, "v")
        assert [_key(row) for row in rows(app)] == ["P1", "P2", "P3"]


async def test_findings_of_the_chosen_one_are_one_key_away(home: Home, tree: Workspace) -> None:
    app = make_app(home, NAME)
    async with running(app) as pilot:
        await press(pilot, "s", "down", "f")
        assert "Findings of P2" in crumbs(app)
        assert "IMG-05" in rows(app)[0]
        assert "Acquisition Date is missing." in words(app)
        await press(pilot, "escape", "down", "f")
        assert rows(app) == ["Nothing was found here."]


async def test_enter_on_a_series_shows_its_header(home: Home, tree: Workspace) -> None:
    app = make_app(home, NAME)
    async with running(app) as pilot:
        await press(pilot, "s", "enter", "down", "enter", "down", "enter")
        assert "OutlineScreen" in [type(screen).__name__ for screen in app.screen_stack]


# Rules ------------------------------------------------------------------------------------


async def test_a_rule_is_added_from_a_list_of_kinds_and_applied_at_once(
    home: Home, tree: Workspace
) -> None:
    app = make_app(home, NAME)
    async with running(app) as pilot:
        await press(pilot, "s", "r")
        assert rows(app) == ["Without a rule everything goes."]
        await press(pilot, "a", "enter", *"ct,mr", "enter")
        assert rows(app)[0].split()[:4] == ["1", "only", "modality", "CT,MR"]
        assert "2 series 3 instances" in figures(app)[1]
    assert rules(tree) == ["only modality CT,MR"]


async def test_how_far_the_rules_are_applied_is_told_meanwhile(
    home: Home, tree: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    reached, go_on = threading.Event(), threading.Event()

    def select_slowly(ledger: Ledger, told: Callable[[float], None]) -> None:
        told(0.43)
        reached.set()
        go_on.wait(20)

    monkeypatch.setattr("tui.choosing.select_anew", select_slowly)
    app = make_app(home, NAME)
    async with running(app) as pilot:
        await press(pilot, "s", "r", "a", *["down"] * 4)
        await pilot.press("enter")
        async with asyncio.timeout(20):
            while "Applying the rules, 43 %" not in now(app):
                await pilot.pause(0.05)
        assert reached.is_set()
        assert "applying" in crumbs(app)
        go_on.set()
        await settle(pilot)
        assert "Applying" not in now(app)


async def test_what_stands_in_the_way_is_left_out_by_one_rule(home: Home, tree: Workspace) -> None:
    app = make_app(home, NAME)
    async with running(app) as pilot:
        await press(pilot, "s", "r", "a", *["down"] * 4, "enter")
        assert "leave out what a finding stands in the way of" in rows(app)[0]
    assert chosen(tree)["E4"] == (0, 4)
    assert chosen(tree)["E1"] == (3, 0)


async def test_a_rule_is_taken_back_after_a_question(home: Home, tree: Workspace) -> None:
    app = make_app(home, NAME)
    async with running(app) as pilot:
        await press(pilot, "s", "space", "r", "d", "enter")
        assert rules(tree) == ["exclude key P1"]
        await press(pilot, "d", "right", "enter")
        assert rules(tree) == []
        assert chosen(tree)["E1"] == (3, 0)


async def test_entries_of_a_list_that_are_nobodys_are_counted(
    home: Home, tree: Workspace, tmp_path: Path
) -> None:
    listed = tmp_path / "list.txt"
    listed.write_text("HOSP-0001\n\nHOSP-0003\nHOSP-9999\n", encoding="utf-8")
    app = make_app(home, NAME)
    async with running(app) as pilot:
        await press(pilot, "s", "r", "a", *["down"] * 9, "enter")
        await _type(pilot, str(listed))
        await press(pilot, "enter")
        assert "1 of 3 entries of the list match nothing here." in now(app)
        assert "only patients of a list of 3" in rows(app)[0]
        assert "list.txt" not in words(app)
    assert chosen(tree)["E4"] == (0, 4)
    assert chosen(tree)["E1"] == (3, 0)


@pytest.mark.parametrize(
    ("kind", "text", "says"),
    [
        (6, "2024", "no range of study dates"),
        (9, "/no/such/list", "no such file"),
        (0, "", "empty"),
    ],
)
async def test_a_value_that_cannot_be_is_refused_where_it_is_typed(
    home: Home, tree: Workspace, kind: int, text: str, says: str
) -> None:
    app = make_app(home, NAME)
    async with running(app) as pilot:
        await press(pilot, "s", "r", "a", *["down"] * kind, "enter")
        await _type(pilot, text)
        await press(pilot, "enter")
        assert front(app) == "Ask"
        assert says in words(app)
    assert rules(tree) == []


async def _type(pilot: Pilot[Any], text: str) -> None:
    from textual.widgets import Input

    pilot.app.screen.query_one(Input).value = text


# Much, and hostile ------------------------------------------------------------------------


async def test_a_long_tree_is_walked_to_its_end_and_back_with_little_of_it_loaded(
    home: Home,
) -> None:
    workspace = make_ledger(home, "large")
    with Ledger.open(workspace.ledger) as ledger:
        grow(ledger, 700, series=2)
    app = make_app(home, "large")
    async with running(app) as pilot:
        await press(pilot, "s")
        widget = app.screen.query_one("#rows", Rows)
        seen = [widget.key]
        for _ in range(55):
            await press(pilot, "pagedown")
            assert len(widget.rows) <= 400
            seen.append(widget.key)
        assert len(set(seen)) == 56
        assert "P500" in {row.key for row in widget.rows}
        await press(pilot, "end")
        assert widget.key == "P700"
        await press(pilot, *["up"] * 3)
        assert widget.key == "P697"
        await press(pilot, "home")
        assert widget.key == "P1"


async def test_what_is_loaded_before_the_cursor_leaves_it_where_it_is(home: Home) -> None:
    workspace = make_ledger(home, "large")
    with Ledger.open(workspace.ledger) as ledger:
        grow(ledger, 600, series=1)
    app = make_app(home, "large")
    async with running(app) as pilot:
        await press(pilot, "s", "end")
        widget = app.screen.query_one("#rows", Rows)
        for expected in range(599, 540, -1):
            await press(pilot, "up")
            assert widget.key == f"P{expected}"
        line = widget.cursor - widget.scroll_offset.y
        assert 0 <= line < widget.content_size.height


async def test_a_filter_that_lets_one_of_thousands_pass_finds_it(home: Home) -> None:
    workspace = make_ledger(home, "large")
    with Ledger.open(workspace.ledger) as ledger:
        grow(ledger, 5_000, series=1)
    app = make_app(home, "large")
    async with running(app) as pilot:
        await press(pilot, "s", "slash", *"4999", "enter")
        async with asyncio.timeout(20):
            while "P4999" not in words(app):
                await pilot.pause(0.05)
        assert [_key(row) for row in rows(app)] == ["P4999"]


@pytest.mark.parametrize("size", SIZES)
async def test_no_text_of_a_file_reaches_the_terminal_as_more_than_text(
    home: Home, tree: Workspace, size: tuple[int, int]
) -> None:
    put_hostile_texts(tree)
    app = make_app(home, NAME)
    async with running(app, size) as pilot:
        await press(pilot, "s", "i", "right", "down", "right", "down")
        said = [words(app), now(app)]
        picture = app.export_screenshot()
        await press(pilot, "f")
        said.append(words(app))
        await press(pilot, "escape", "escape", "t", "i", "enter")
        said.append(words(app))
    whole = "\n".join(said)
    assert "[b]bold[/x]" in whole
    for character in "\x1b\x07\u202e\u202c\u200b":
        assert character not in whole
        assert character not in picture

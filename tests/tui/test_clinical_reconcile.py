"""Images without row, rows without images, IDs that look alike: settled by keys."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from tests.tui.driving import crumbs, keys, now, press, running, settle, until, words
from tests.tui.driving import screen_name as front
from tests.tui.reconciled import make_mismatched
from tests.tui.tabled import NAME, TO_STEP_9, clinical_app, make_tabled, table_rows, table_text
from tests.tui.test_clinical_pictures import SnapCompare
from transfer.ledger.connection import Ledger
from transfer.ledger.findings import settled_word
from transfer.ledger.holder import Holder
from transfer.ledger.selection import selection_rules
from transfer.workspace import Home, Workspace
from tui.app import TransferApp
from tui.widgets.painted import Painted
from tui.widgets.rows import Rows

SIZES = [(80, 24), (120, 40)]
TO_RECONCILE = (*TO_STEP_9, "r")
NOT_IN_THE_WAY = "SELECT count(*) FROM finding WHERE rule = ? AND standing = 'open'"


def tabs(app: TransferApp) -> str:
    return " ".join(app.screen.query_one("#tabs", Painted).words.split())


def listed(app: TransferApp) -> list[str]:
    found = app.screen.query_one("#rows", Rows).words.splitlines()
    return [" ".join(line.split()) for line in found]


def number(workspace: Workspace, query: str, *values: object) -> int:
    with Ledger.open(workspace.ledger, read_only=True) as ledger:
        return ledger.number(query, *values)


@pytest.mark.parametrize("size", SIZES)
async def test_all_three_lists_are_shown_with_their_totals_and_without_identifiers(
    home: Home, tmp_path: Path, size: tuple[int, int]
) -> None:
    make_mismatched(home, tmp_path / "data")
    app = clinical_app(home)
    async with running(app, size) as pilot:
        await press(pilot, *TO_RECONCILE)
        assert front(app) == "ReconcileScreen"
        assert "✗ 5 open" in crumbs(app)
        assert "9 of 12 patients who go have rows" in words(app)
        assert tabs(app).endswith("✗ 1 open ✗ 2 open ? 2 open")
        assert listed(app) == ["? R3 P2 capitals", "? R4 P3 leading zeros"]
        shown = words(app)
        await press(pilot, "1")
        assert listed(app) == ["✗ P8 1 study letters and digits"]
        shown += words(app)
        await press(pilot, "2")
        assert listed(app) == [
            "✗ R9 row 9 1 row letters and digits",
            "✗ R14 row 14 2 rows letters and digits",
        ]
        shown += words(app)
        assert "HOSP" not in shown.upper()
        assert "ELSEWHERE" not in shown


async def test_original_ids_are_shown_to_whoever_asks_and_hidden_again(
    home: Home, tmp_path: Path
) -> None:
    make_mismatched(home, tmp_path / "data")
    app = clinical_app(home)
    async with running(app) as pilot:
        await press(pilot, *TO_RECONCILE, "i")
        assert listed(app)[0] == "? R3 P2 hosp-0002 ~ HOSP-0002"
        await press(pilot, "2")
        assert "ELSEWHERE-8" in listed(app)[0]
        await press(pilot, "i")
        assert "ELSEWHERE" not in words(app)


async def test_a_pair_is_answered_by_a_person_who_is_asked_once(home: Home, tmp_path: Path) -> None:
    workspace = make_mismatched(home, tmp_path / "data")
    app = clinical_app(home)
    async with running(app) as pilot:
        await press(pilot, *TO_RECONCILE, "s")
        assert "Who says so?" in words(app)
        await press(pilot, *"Ada", "enter")
        assert "R3 and P2 are the same patient." in now(app)
        assert listed(app) == ["? R4 P3 leading zeros"]
        await press(pilot, "d")
        assert front(app) == "ReconcileScreen"
        assert "R4 and P3 are two patients." in now(app)
        assert tabs(app).endswith("✗ 2 open ✗ 3 open ✓ none, 2 answered")
        assert "10 of 12 patients who go have rows" in words(app)
    assert number(workspace, "SELECT patient_id FROM clinical_row WHERE id = 3") == 2
    with Ledger.open(workspace.ledger, read_only=True) as ledger:
        word = settled_word(ledger, "LNK-02", "R4")
        assert word is not None
        assert (word.value, word.person) == ("different", "Ada")


async def test_an_answer_is_taken_back_and_asked_about_again(home: Home, tmp_path: Path) -> None:
    workspace = make_mismatched(home, tmp_path / "data")
    app = clinical_app(home)
    async with running(app) as pilot:
        await press(pilot, *TO_RECONCILE, "s", *"Ada", "enter", "u")
        assert "It was taken back." in now(app)
        assert listed(app) == ["? R3 P2 capitals", "? R4 P3 leading zeros"]
        await press(pilot, "d", "v")
        assert listed(app) == ["✓ R3 P2 two patients, says Ada"]
        await press(pilot, "u", "v", "s")
        assert "R3 and P2 are the same patient." in now(app)
    assert number(workspace, "SELECT patient_id FROM clinical_row WHERE id = 3") == 2


async def test_all_pairs_that_differ_alike_are_answered_together(
    home: Home, tmp_path: Path
) -> None:
    rows = table_rows(12)
    for n in range(9):
        rows[n][0] = f"HOSP-{n + 1}"
    rows[9][0] = "hosp-0010"
    workspace = make_tabled(home, tmp_path / "data", table_text(rows))
    app = clinical_app(home)
    async with running(app) as pilot:
        await press(pilot, *TO_RECONCILE, "S")
        assert "9 pairs: all the same?" in words(app)
        assert "differ only in leading zeros" in " ".join(words(app).split())
        await press(pilot, "right", "enter", *"Ada", "enter")
        assert "9 pairs answered." in now(app)
        assert listed(app) == ["? R11 P10 capitals"]
    linked = "SELECT count(*) FROM clinical_row WHERE patient_id IS NOT NULL"
    assert number(workspace, linked) == 11


async def test_rows_are_kept_back_with_a_reason_and_let_go_again(
    home: Home, tmp_path: Path
) -> None:
    workspace = make_mismatched(home, tmp_path / "data")
    app = clinical_app(home)
    async with running(app) as pilot:
        await press(pilot, *TO_RECONCILE, "2", "k")
        assert "Why do rows stay here: R9?" in words(app)
        await press(pilot, *"screened out", "enter", *"Ada", "enter")
        assert "R9 is kept back." in now(app)
        assert len(listed(app)) == 1
        await press(pilot, "K", *"no images", "enter")
        assert "✓ none, 2 kept back" in tabs(app)
        await press(pilot, "v")
        assert listed(app)[0] == "✓ R9 row 9 1 row kept back, says Ada: screened out"
        await press(pilot, "U", "right", "enter")
        assert "2 words taken back." in now(app)
    assert number(workspace, "SELECT count(*) FROM clinical_kept_back") == 0


async def test_a_patient_without_row_is_left_out_after_asking_and_taken_in_again(
    home: Home, tmp_path: Path
) -> None:
    workspace = make_mismatched(home, tmp_path / "data")
    app = clinical_app(home)
    async with running(app) as pilot:
        await press(pilot, *TO_RECONCILE, "1", "x")
        assert "Leave out P8?" in words(app)
        await press(pilot, "enter")
        assert "✗ 1 open" in tabs(app)
        await press(pilot, "x", "right", "enter", *"no consent", "enter", *"Ada", "enter")
        assert "P8 is left out." in now(app)
        assert "✓ none, 1 left out" in tabs(app)
        assert "9 of 11 patients who go have rows" in words(app)
        with Ledger.open(workspace.ledger, read_only=True) as ledger:
            (rule,) = selection_rules(ledger)
        assert (rule.action, rule.value, rule.person, rule.reason) == (
            "exclude", "P8", "Ada", "no consent",
        )  # fmt: skip
        await press(pilot, "v", "u")
        assert "✗ 1 open" in tabs(app)
    with Ledger.open(workspace.ledger, read_only=True) as ledger:
        assert selection_rules(ledger) == []


async def test_the_totals_go_to_zero_and_nothing_of_it_is_left_among_the_findings(
    home: Home, tmp_path: Path
) -> None:
    workspace = make_mismatched(home, tmp_path / "data")
    app = clinical_app(home)
    assert number(workspace, NOT_IN_THE_WAY, "LNK-01") == 3
    async with running(app) as pilot:
        await press(pilot, *TO_RECONCILE, "s", *"Ada", "enter", "s")
        await press(pilot, "2", "K", *"no images", "enter")
        await press(pilot, "1", "X", "right", "enter", *"no row", "enter")
        assert "✓ all fit together" in crumbs(app)
        assert "Images and table fit together." in now(app)
    for rule in ("LNK-01", "LNK-02"):
        assert number(workspace, NOT_IN_THE_WAY, rule) == 0


async def test_long_lists_are_read_a_page_at_a_time_and_judged_once_on_the_way_out(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [[f"ELSE-{n}", *table_rows(1)[0][1:]] for n in range(250)]
    workspace = make_tabled(home, tmp_path / "data", table_text(rows))
    monkeypatch.setattr("tui.clinical_reconciling._AT_ONCE", 10)
    app = clinical_app(home)
    async with running(app) as pilot:
        await press(pilot, *TO_RECONCILE, "2")
        assert "✗ 250 open" in tabs(app)
        assert len(listed(app)) == 101
        await press(pilot, "end", "enter")
        assert listed(app)[0].startswith("↑")
        assert listed(app)[1].startswith("✗ R102 ")
        await press(pilot, "end", "enter")
        assert len(listed(app)) == 51
        await press(pilot, "home", "enter")
        assert listed(app)[1].startswith("✗ R102 ")
        before = number(workspace, NOT_IN_THE_WAY, "LNK-01")
        await press(pilot, "K", *"no images", "enter", *"Ada", "enter")
        assert "✓ none, 250 kept back" in tabs(app)
        assert number(workspace, NOT_IN_THE_WAY, "LNK-01") == before
        await press(pilot, "escape")
        assert front(app) == "ClinicalScreen"
    assert number(workspace, NOT_IN_THE_WAY, "LNK-01") == before - 250


async def test_nothing_can_be_changed_beside_a_runner(home: Home, tmp_path: Path) -> None:
    workspace = make_mismatched(home, tmp_path / "data")
    app = clinical_app(home)
    with Ledger.open(workspace.ledger) as ledger:
        async with running(app) as pilot:
            await press(pilot, *TO_RECONCILE)
            holder = Holder.take(workspace.lock, ledger, "send")
            await until(pilot, lambda: "A runner is at work" in now(app))
            assert "Same" not in keys(app)
            await press(pilot, "s")
            assert front(app) == "ReconcileScreen"
        holder.drop()
    assert number(workspace, "SELECT count(*) FROM settled") == 0


PICTURES: dict[str, tuple[str, ...]] = {
    "pairs": (),
    "pairs-revealed": ("i",),
    "images": ("1",),
    "rows": ("2", "down"),
    "rows-said": ("2", "K", *"no images", "enter", *"Ada", "enter", "v"),
    "leave-out": ("1", "x"),
    "help": ("question_mark",),
}


@pytest.mark.parametrize("size", SIZES, ids=["80x24", "120x40"])
@pytest.mark.parametrize("name", list(PICTURES))
def test_the_page_looks_as_it_did(
    name: str, size: tuple[int, int], home: Home, tmp_path: Path, snap_compare: SnapCompare
) -> None:
    make_mismatched(home, tmp_path / "data")
    app = clinical_app(home)
    assert NAME in home.names()

    async def go(pilot: Pilot[Any]) -> None:
        await settle(pilot)
        await press(pilot, *TO_RECONCILE, *PICTURES[name])

    assert snap_compare(app, terminal_size=size, run_before=go)

"""The review: headers before and after, texts that stay, what is stopped; by keys alone."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from textual.widgets import Input

from tests.tui.driving import crumbs, keys, known, make_app, now, press, running, settle, words
from tests.tui.driving import screen_name as front
from tests.tui.ledgers import set_runner
from tests.tui.reviews import KEY, NAME, SURNAME, make_reviewed, stop_second_series
from transfer.ledger.connection import Ledger
from transfer.ledger.order import last_word
from transfer.ledger.steps import set_step
from transfer.ledger.waivers import is_waived, released
from transfer.quality.rules import BY_ID
from transfer.values import StepState
from transfer.workspace import Home, Workspace
from tui.app import TransferApp
from tui.widgets.ink import POINTER
from tui.widgets.rows import Rows


@pytest.fixture
def reviewed(home: Home, tmp_path: Path) -> Workspace:
    """A transfer by the profile eucaim whose second Series is stopped."""
    workspace = make_reviewed(home, tmp_path)
    stop_second_series(workspace)
    return workspace


def line_of(app: TransferApp, keyword: str) -> str:
    """The row of an element."""
    rows = app.screen.query_one("#rows", Rows).words.splitlines()
    return next(row for row in rows if keyword in row)


async def test_step_4_opens_the_review_and_says_how_far_it_is(
    home: Home, reviewed: Workspace
) -> None:
    with Ledger.open(reviewed.ledger) as ledger:
        set_step(ledger, "deidentify", StepState.BLOCKED, "1 instance may not leave.")
    app = make_app(home, NAME)
    async with running(app) as pilot:
        await press(pilot, "home")
        step = app.screen.query_one("#steps", Rows).words.splitlines()[0]
        assert "✗ blocked" in step
        assert "1 instance may not leave." in words(app)
        assert "a person has to look at it" in now(app)
        await press(pilot, "enter")
        assert front(app) == "ReviewScreen"
        assert "eucaim" in crumbs(app)


async def test_every_series_is_listed_with_whether_it_can_leave(
    home: Home, reviewed: Workspace
) -> None:
    app = make_app(home, NAME)
    async with running(app) as pilot:
        await press(pilot, "home", "enter")
        rows = [" ".join(row.split()) for row in app.screen.query_one(Rows).words.splitlines()]
    assert rows == [
        "E1 S1 P1 CT 3 instances ○ not prepared yet",
        "E2 S1 P1 CT 1 instance ✗ 1 stopped",
        "E3 S2 P2 CT 2 instances ○ not prepared yet",
    ]


async def test_what_changed_is_told_by_word_with_the_originals_masked(
    home: Home, reviewed: Workspace
) -> None:
    app = make_app(home, NAME)
    async with running(app) as pilot:
        await press(pilot, "home", "enter", "enter")
        assert front(app) == "HeaderScreen"
        assert "instance I2" in crumbs(app)
        assert line_of(app, "PatientID").split()[:2] == ["~", "changed"]
        assert "••••• → EUCAIM-" in line_of(app, "PatientID")
        assert line_of(app, "PatientComments").split()[:2] == ["-", "removed"]
        assert "+ added" in line_of(app, "PatientIdentityRemoved")
        assert SURNAME not in words(app)
        assert "HOSP-0001" not in words(app)
        assert "Originals are hidden" in now(app)


async def test_one_key_reveals_the_originals_of_this_screen_and_hides_them_again(
    home: Home, reviewed: Workspace
) -> None:
    app = make_app(home, NAME)
    async with running(app) as pilot:
        await press(pilot, "home", "enter", "enter", "i")
        assert "HOSP-0001" in line_of(app, "PatientID")
        assert "lives near" in line_of(app, "PatientComments")
        await press(pilot, "i")
        assert "HOSP-0001" not in words(app)


async def test_the_next_series_starts_masked(home: Home, reviewed: Workspace) -> None:
    """Whoever revealed one patient's originals has not asked for another's."""
    app = make_app(home, NAME)
    async with running(app) as pilot:
        await press(pilot, "home", "enter", "enter", "i", "n", "n")
        assert "E3" in crumbs(app)
        assert "HOSP-0002" not in words(app)
        assert "~ changed" in line_of(app, "PatientID")


async def test_the_rule_stands_below_the_chosen_element(home: Home, reviewed: Workspace) -> None:
    app = make_app(home, NAME)
    async with running(app) as pilot:
        await press(pilot, "home", "enter", "enter")
        app.screen.query_one("#rows", Rows).go_to("(1048608,)")
        await settle(pilot)
        assert "(0010,0020) PatientID" in words(app)
        assert "replaced by the pseudonym" in words(app)


async def test_nested_elements_are_compared_too(home: Home, reviewed: Workspace) -> None:
    app = make_app(home, NAME)
    async with running(app) as pilot:
        await press(pilot, "home", "enter", "enter")
        nested = line_of(app, f"1{POINTER} ReferencedSOPInst")
        assert "~ changed" in nested
        assert "1.3.6.1.4.1.58108" in nested


async def test_all_shows_what_is_kept_beside_what_is_changed(
    home: Home, reviewed: Workspace
) -> None:
    app = make_app(home, NAME)
    async with running(app) as pilot:
        await press(pilot, "home", "enter", "enter")
        assert "= kept" not in app.screen.query_one("#rows", Rows).words
        await press(pilot, "right")
        assert line_of(app, "Modality").split() == ["=", "kept", "0008,0060", "Modality", "CT"]
        assert "[all " in words(app)


async def test_free_text_that_stays_has_a_view_of_its_own(home: Home, reviewed: Workspace) -> None:
    app = make_app(home, NAME)
    async with running(app) as pilot:
        await press(pilot, "home", "enter", "enter", "right", "right")
        rows = app.screen.query_one("#rows", Rows).words.splitlines()
        assert [row.split()[3] for row in rows] == ["Manufacturer", "SeriesDescription"]
        assert "CHEST 2.5 MM" in rows[1]


async def test_what_another_profile_would_make_of_it_is_set_beside(
    home: Home, reviewed: Workspace
) -> None:
    """Lethe marks Patient Identity Removed only where the element was there already."""
    app = make_app(home, NAME)
    async with running(app) as pilot:
        await press(pilot, "home", "enter", "enter", "left")
        assert "[unlike lethe " in words(app)
        row = line_of(app, "PatientIdentityRemoved")
        assert row.split()[:2] == ["≠", "differs"]
        assert row.split("│")[0].split()[-1] == "YES"
        assert row.split("│")[1].strip() == "absent"


async def test_side_by_side_on_a_wide_screen_with_the_rule_at_the_end(
    home: Home, reviewed: Workspace
) -> None:
    app = make_app(home, NAME)
    async with running(app, size=(200, 50)) as pilot:
        await press(pilot, "home", "enter", "enter")
        assert words(app).count("before") == 2
        row = line_of(app, "PatientBirthDate")
        assert "→" not in row
        assert row.index("•••••") < row.index("19610501") < row.index("day set to 01")


async def test_texts_that_stay_are_listed_once_each_with_their_count(
    home: Home, reviewed: Workspace
) -> None:
    """DID-06, whose advice names these keys."""
    assert "Enter on step 4 of the journey, then →" in BY_ID["DID-06"].remedy
    app = make_app(home, NAME)
    async with running(app) as pilot:
        await press(pilot, "home", "enter", "right")
        rows = [" ".join(row.split()) for row in app.screen.query_one(Rows).words.splitlines()]
        assert rows == [
            "SeriesDescription 1 series •••••",
            "SeriesDescription 2 series CHEST 2.5 MM",
            "Manufacturer 3 series ACME",
        ]
        assert SURNAME not in words(app)
        # A message names the row that was chosen, and Textual can write each message down.
        assert "CHEST" not in "".join(row.key for row in app.screen.query_one(Rows).rows)
        await press(pilot, "i")
        assert f"CHEST {SURNAME}" in words(app)


async def test_enter_on_a_text_shows_a_header_that_holds_it(
    home: Home, reviewed: Workspace
) -> None:
    app = make_app(home, NAME)
    async with running(app) as pilot:
        await press(pilot, "home", "enter", "right", "down", "enter")
        assert "E1" in crumbs(app)
        assert "[text that stays" in words(app)


async def test_what_is_stopped_says_why_and_the_exact_command(
    home: Home, reviewed: Workspace
) -> None:
    app = make_app(home, NAME)
    async with running(app) as pilot:
        await press(pilot, "home", "enter", "left")
        assert "[stopped 1]" in words(app)
        told = " ".join(words(app).split())
        assert "✗ identifier" in told
        assert "The last look found the patient's name in (0008,103E)" in told
        assert f"eucaim-transfer check {NAME} --waive DID-03" in told
        await press(pilot, "enter")
        assert "[found 1]" in words(app)
        assert "✗ found" in line_of(app, "SeriesDescription")
        assert "Nothing of this patient goes." in words(app)
        assert SURNAME not in words(app)


async def test_a_named_person_releases_a_hit_and_everything_is_checked_again(
    home: Home, reviewed: Workspace
) -> None:
    app = make_app(home, NAME)
    async with running(app) as pilot:
        await press(pilot, "home", "enter", "left")
        assert "Answer for it" in keys(app)
        await press(pilot, "a")
        assert "(0008,103E)" in words(app)
        await press(pilot, *"a place", "enter", *"Ada B", "enter")
        assert "everything is checked again" in now(app)
        assert known(app).launched == [(NAME, "check", None)]
    with Ledger.open(reviewed.ledger) as ledger:
        word = last_word(ledger, "waive DID-03")
        places = released(ledger, "DID-03")
    assert word is not None
    assert (word.person, word.reason) == ("Ada B", "a place")
    assert places == {1: frozenset({"(0008,103E)"})}


async def test_the_end_of_that_check_is_told(home: Home, reviewed: Workspace) -> None:
    app = make_app(home, NAME)
    async with running(app) as pilot:
        await press(pilot, "home", "enter", "left", "a", *"ok", "enter", *"Ada B", "enter")
        assert "everything is checked again" in now(app)
        with Ledger.open(reviewed.ledger) as ledger, ledger.transaction():
            ledger.write("UPDATE instance SET state = 'ready', cause = '' WHERE series_id = 2")
        set_runner(reviewed, pid=None, exit_code=0)
        await press(pilot, "left", "right")
        assert "Everything was checked again; nothing is stopped." in now(app)
        assert "step 8 sends the images" in now(app)


async def test_nothing_stopped_is_no_promise_before_everything_was_looked_through(
    home: Home, tmp_path: Path
) -> None:
    make_reviewed(home, tmp_path)
    app = make_app(home, NAME)
    async with running(app) as pilot:
        await press(pilot, "home", "enter", "left")
        assert "Nothing is stopped so far; not everything has been looked through yet." in now(app)


async def test_a_named_person_leaves_out_what_a_script_skips(
    home: Home, reviewed: Workspace
) -> None:
    with Ledger.open(reviewed.ledger) as ledger, ledger.transaction():
        ledger.write(
            "UPDATE instance SET state = 'failed', cause = 'skipped', hits = '',"
            " reason = 'Rule of (0008,0060).' WHERE series_id = 3"
        )
    app = make_app(home, NAME)
    async with running(app) as pilot:
        await press(pilot, "home", "enter", "left", "end")
        assert "✗ skipped" in words(app)
        await press(pilot, "a", *"localizers", "enter", *"Ada B", "enter")
        assert known(app).launched == [(NAME, "check", None)]
    with Ledger.open(reviewed.ledger) as ledger:
        assert is_waived(ledger, "DEID-SKIP")
        assert not released(ledger, "DID-03")


async def test_nobody_is_asked_to_answer_for_what_only_a_correction_mends(
    home: Home, reviewed: Workspace
) -> None:
    with Ledger.open(reviewed.ledger) as ledger, ledger.transaction():
        ledger.write("UPDATE instance SET cause = 'quarantined', hits = '' WHERE series_id = 2")
    app = make_app(home, NAME)
    async with running(app) as pilot:
        await press(pilot, "home", "enter", "left")
        assert "✗ held back" in words(app)
        assert "Answer for it" not in keys(app)
        await press(pilot, "a")
        assert front(app) == "ReviewScreen"


async def test_escape_from_the_question_releases_nothing(home: Home, reviewed: Workspace) -> None:
    app = make_app(home, NAME)
    async with running(app) as pilot:
        await press(pilot, "home", "enter", "left", "a")
        assert app.screen.query_one(Input).has_focus
        await press(pilot, "escape")
        assert known(app).launched == []
    with Ledger.open(reviewed.ledger) as ledger:
        assert last_word(ledger, "waive DID-03") is None


async def test_a_file_that_was_changed_since_the_scan_is_not_shown(
    home: Home, reviewed: Workspace, tmp_path: Path
) -> None:
    (tmp_path / "images" / "1.2.3.1.1.2.dcm").write_bytes(b"another")
    app = make_app(home, NAME)
    async with running(app) as pilot:
        await press(pilot, "home", "enter", "enter")
        assert "is not the one that was scanned" in words(app)
        assert "This instance does not leave." in now(app)


async def test_files_that_go_as_they_are_show_the_identifiers_that_would_leave_masked(
    home: Home, tmp_path: Path
) -> None:
    make_reviewed(home, tmp_path, deid="none", site_id=None)
    app = make_app(home, NAME)
    async with running(app) as pilot:
        await press(pilot, "home")
        assert "· as is" in app.screen.query_one("#steps", Rows).words
        await press(pilot, "enter", "enter")
        assert "✗ found" in line_of(app, "PatientName")
        assert SURNAME not in words(app)
        assert "HOSP-0001" not in words(app)


async def test_a_key_that_is_gone_is_said_and_the_series_do_not_open(
    home: Home, reviewed: Workspace
) -> None:
    next((home.root / "keys").glob("*.key")).unlink()
    app = make_app(home, NAME)
    async with running(app) as pilot:
        await press(pilot, "home", "enter")
        assert "The file of this cohort's key is gone" in words(app)
        assert "Nothing was changed or sent." in words(app)
        await press(pilot, "enter")
        assert front(app) == "ReviewScreen"


async def test_control_characters_of_a_file_never_reach_the_terminal(
    home: Home, tmp_path: Path
) -> None:
    make_reviewed(home, tmp_path)
    path = tmp_path / "images" / "1.2.3.1.1.2.dcm"
    content = path.read_bytes().replace(b"CHEST 2.5 MM", b"\x1b[31mCHEST!!")
    path.write_bytes(content)
    os.utime(path, ns=(0, 0))
    app = make_app(home, NAME)
    async with running(app) as pilot:
        await press(pilot, "home", "enter", "enter", "right", "i")
        assert "CHEST!!" in words(app)
        assert "\x1b" not in words(app)


async def test_six_keys_at_most_stand_in_the_footer(home: Home, reviewed: Workspace) -> None:
    app = make_app(home, NAME)
    async with running(app) as pilot:
        await press(pilot, "home", "enter")
        for _ in range(3):
            assert 4 <= len(keys(app).split("   ")) <= 6, keys(app)
            await press(pilot, "right")
        await press(pilot, "enter")
        assert 4 <= len(keys(app).split("   ")) <= 6, keys(app)
        assert "← → View" in keys(app)
        await press(pilot, "question_mark")
        assert "Originals" in words(app)


def test_nothing_of_the_key_shows_in_a_glass(home: Home, reviewed: Workspace) -> None:
    from tui.reviewing import Reviews

    assert KEY not in repr(Reviews(home).open_glass(NAME))

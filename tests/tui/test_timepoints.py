"""The board of timepoints: episodes by letters, numbers by dates, and what is refused."""

from __future__ import annotations

import pytest

from tests.tui.driving import keys, make_app, now, press, running, settle, words
from tests.tui.driving import screen_name as front
from tests.tui.forests import grow
from tests.tui.ledgers import held, make_ledger
from tests.tui.trees import NAME, SURNAME, make_tree
from transfer.ledger.connection import Ledger
from transfer.workspace import Home, Workspace
from tui.app import TransferApp
from tui.screens.timepoints import TimepointsScreen
from tui.widgets.painted import Painted
from tui.widgets.rows import Rows

SIZES = [(80, 24), (120, 40)]


@pytest.fixture
def tree(home: Home) -> Workspace:
    """P1 with S1 and S2, P2 with S3, P3 with S4 and S5 of one day."""
    return make_tree(home)


def board(workspace: Workspace) -> dict[str, tuple[str, int | None]]:
    """Episode and number of each study that has one."""
    with Ledger.open(workspace.ledger, read_only=True) as ledger:
        return {
            f"S{study}": (episode, number)
            for study, episode, number in ledger.rows(
                "SELECT study_id, episode, number FROM timepoint ORDER BY study_id"
            )
        }


def lines(app: TransferApp, which: str) -> list[str]:
    """The lines of one of the two lists, single blanks between words."""
    return [" ".join(x.split()) for x in app.screen.query_one(which, Rows).words.splitlines()]


def summary(app: TransferApp) -> str:
    return app.screen.query_one("#summary", Painted).words


@pytest.mark.parametrize("size", SIZES)
async def test_the_board_shows_each_patient_and_the_studies_by_date(
    home: Home, tree: Workspace, size: tuple[int, int]
) -> None:
    app = make_app(home, NAME)
    async with running(app, size) as pilot:
        await press(pilot, "t")
        assert front(app) == "TimepointsScreen"
        assert summary(app) == "0 of 5 studies have an episode"
        assert lines(app, "#patients") == [
            "P1 ○ 0 of 2 •••••",
            "P2 ○ 0 of 1 •••••",
            "P3 ○ 0 of 2 •••••",
        ]
        first, second = lines(app, "#studies")
        assert first.startswith("2024-01-17 S1 CT,SEG CT CHEST •••••")
        assert first.endswith("○ no episode")
        assert second.startswith("2024-03-21 S2 PT PET CONTROL")


@pytest.mark.parametrize(
    ("key", "episode"),
    [
        ("d", "Diagnosis"),
        ("t", "Treatment"),
        ("p", "Progression"),
        ("r", "Relapse"),
        ("m", "Remission"),
        ("s", "Active Surveillance"),
        ("1", "Diagnosis"),
        ("6", "Active Surveillance"),
    ],
)
async def test_a_letter_or_a_number_gives_the_episode_at_the_cursor(
    home: Home, tree: Workspace, key: str, episode: str
) -> None:
    app = make_app(home, NAME)
    async with running(app) as pilot:
        await press(pilot, "t", "enter", "down", key)
        assert episode in lines(app, "#studies")[1]
        assert lines(app, "#patients")[0] == "P1 ○ 1 of 2 •••••"
    assert board(tree) == {"S2": (episode, 1)}


async def test_numbers_follow_the_dates_over_all_episodes(home: Home, tree: Workspace) -> None:
    app = make_app(home, NAME)
    async with running(app) as pilot:
        await press(pilot, "t", "enter", "down", "t", "up", "d")
        assert summary(app) == "2 of 5 studies have an episode"
        assert lines(app, "#patients")[0] == "P1 ✓ 2 of 2 •••••"
    assert board(tree) == {"S1": ("Diagnosis", 1), "S2": ("Treatment", 2)}


async def test_marked_studies_get_the_episode_together(home: Home, tree: Workspace) -> None:
    app = make_app(home, NAME)
    async with running(app) as pilot:
        await press(pilot, "t", "enter", "space", "space")
        assert [line[0] for line in lines(app, "#studies")] == ["*", "*"]
        assert "2 studies are marked" in now(app)
        await press(pilot, "p")
        assert [line[0] for line in lines(app, "#studies")] == ["2", "2"]
    assert board(tree) == {"S1": ("Progression", 1), "S2": ("Progression", 2)}


async def test_of_studies_of_one_day_a_person_says_which_comes_first(
    home: Home, tree: Workspace
) -> None:
    app = make_app(home, NAME)
    async with running(app) as pilot:
        await press(pilot, "t", "end", "enter", "space", "space", "d")
        assert summary(app) == "2 of 5 studies have an episode  ·  ? 2 numbers to be asked for"
        assert lines(app, "#patients")[2] == "P3 ? 2 questions •••••"
        assert [line.split()[-1] for line in lines(app, "#studies")] == ["?", "?"]
        assert "a person says which comes first" in now(app)
        assert "- it is number 1." in now(app)
        await press(pilot, "home", "plus")
        assert "questions" not in words(app)
    assert board(tree) == {"S4": ("Diagnosis", 2), "S5": ("Diagnosis", 1)}


async def test_a_number_against_the_dates_is_refused_with_a_sentence(
    home: Home, tree: Workspace
) -> None:
    app = make_app(home, NAME)
    async with running(app) as pilot:
        await press(pilot, "t", "enter", "space", "space", "d", "home", "plus")
        said = " ".join(now(app).split())
        assert "Study S1 cannot be timepoint 2: numbers follow the dates of the studies" in said
        assert "By its date it can be 1." in said
        await press(pilot, "down")
        assert "cannot" not in now(app)
    assert board(tree) == {"S1": ("Diagnosis", 1), "S2": ("Diagnosis", 2)}


async def test_a_study_without_episode_gets_no_number(home: Home, tree: Workspace) -> None:
    app = make_app(home, NAME)
    async with running(app) as pilot:
        await press(pilot, "t", "enter", "plus")
        assert "Study S1 has no episode yet." in now(app)
    assert board(tree) == {}


async def test_a_letter_among_the_patients_changes_nothing(home: Home, tree: Workspace) -> None:
    app = make_app(home, NAME)
    async with running(app) as pilot:
        await press(pilot, "t", "d")
        assert "Go to the studies first" in now(app)
    assert board(tree) == {}


async def test_an_episode_is_taken_off_and_the_others_are_numbered_anew(
    home: Home, tree: Workspace
) -> None:
    app = make_app(home, NAME)
    async with running(app) as pilot:
        await press(pilot, "t", "enter", "space", "space", "d", "home", "x")
    assert board(tree) == {"S2": ("Diagnosis", 1)}


async def test_all_at_once_for_a_patient_and_for_the_dataset(home: Home, tree: Workspace) -> None:
    app = make_app(home, NAME)
    async with running(app) as pilot:
        await press(pilot, "t", "A", "enter", "down", "enter")
        assert board(tree) == {"S1": ("Treatment", 1), "S2": ("Treatment", 2)}
        await press(pilot, "A", "down", "down", "enter", "enter")
        assert board(tree) == {
            **{"S1": ("Treatment", 1), "S2": ("Treatment", 2), "S3": ("Diagnosis", 1)},
            **{"S4": ("Diagnosis", None), "S5": ("Diagnosis", None)},
        }
        await press(pilot, "end", "A", "end", "enter")
        assert summary(app) == "✓ All 5 studies have an episode"
    assert board(tree)["S4"] == ("Diagnosis", 1)
    assert board(tree)["S5"] == ("Diagnosis", 2)


async def test_the_last_change_is_undone_and_done_again(home: Home, tree: Workspace) -> None:
    app = make_app(home, NAME)
    async with running(app) as pilot:
        await press(pilot, "t", "enter", "d", "down", "t", "u")
        assert board(tree) == {"S1": ("Diagnosis", 1)}
        await press(pilot, "u")
        assert board(tree) == {"S1": ("Diagnosis", 1), "S2": ("Treatment", 2)}


async def test_a_change_of_the_whole_dataset_is_undone_too(home: Home, tree: Workspace) -> None:
    app = make_app(home, NAME)
    async with running(app) as pilot:
        await press(pilot, "t", "enter", "d", "left", "A", "down", "down", "enter", "enter")
        assert len(board(tree)) == 5
        await press(pilot, "u")
    assert board(tree) == {"S1": ("Diagnosis", 1)}


async def test_what_was_refused_is_not_what_is_undone(home: Home, tree: Workspace) -> None:
    app = make_app(home, NAME)
    async with running(app) as pilot:
        await press(pilot, "t", "enter", "d", "plus", "u")
    assert board(tree) == {}


async def test_without_any_change_there_is_nothing_to_undo(home: Home, tree: Workspace) -> None:
    app = make_app(home, NAME)
    async with running(app) as pilot:
        await press(pilot, "t", "u")
        assert "There is nothing to take back." in now(app)


async def test_originals_are_masked_until_asked_for(home: Home, tree: Workspace) -> None:
    app = make_app(home, NAME)
    async with running(app) as pilot:
        await press(pilot, "t", "enter")
        assert SURNAME not in words(app)
        assert "HOSP-0001" not in words(app)
        await press(pilot, "i")
        assert SURNAME in words(app)
        assert "HOSP-0001" in words(app)


async def test_n_goes_on_to_the_next_patient_from_the_studies(home: Home, tree: Workspace) -> None:
    app = make_app(home, NAME)
    async with running(app) as pilot:
        await press(pilot, "t", "enter", "d", "n", "t")
        assert "Studies of P2" in words(app)
    assert board(tree) == {"S1": ("Diagnosis", 1), "S3": ("Treatment", 1)}


async def test_the_board_is_not_changed_while_a_runner_holds_the_transfer(
    home: Home, tree: Workspace
) -> None:
    app = make_app(home, NAME)
    async with running(app) as pilot:
        with held(tree):
            app.push_screen(TimepointsScreen(NAME))
            await settle(pilot)
            assert "A runner is at work" in now(app)
            await press(pilot, "enter", "d")
            assert front(app) == "FailureScreen"
    assert board(tree) == {}


async def test_more_patients_than_a_page_are_turned_by_enter_and_by_n(home: Home) -> None:
    workspace = make_ledger(home, "large")
    with Ledger.open(workspace.ledger) as ledger:
        grow(ledger, 150, series=1)
    app = make_app(home, "large")
    async with running(app) as pilot:
        await press(pilot, "t", "end", "enter")
        assert lines(app, "#patients")[:2] == ["↑ those before: Enter", "P101 ○ 0 of 1 •••••"]
        await press(pilot, "home", "enter", "end", "up")
        assert "Studies of P100" in words(app)
        await press(pilot, "enter", "n", "n")
        assert "Studies of P101" in words(app)
        assert "n Next patient" in keys(app)


async def test_what_a_person_chose_is_judged_again_once_the_board_is_left(
    home: Home, tree: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    judged: list[str] = []
    monkeypatch.setattr(
        "transfer.quality.judging.rejudge", lambda ledger: judged.append(ledger.folder.name)
    )
    app = make_app(home, NAME)
    async with running(app) as pilot:
        await press(pilot, "t", "escape")
        assert judged == []
        await press(pilot, "t", "enter", "d", "escape")
        assert judged == [NAME]

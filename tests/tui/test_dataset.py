"""Step 10 by keys: where it stands, what stands in its way, and that nothing goes by accident."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.tui import published as known
from tests.tui.driving import NOW, crumbs, keys, now, press, running, until, words
from tests.tui.driving import screen_name as front
from tests.tui.published import NAME, TO_STEP_10, after, dataset_app
from transfer.errors import (
    DatasetRefused,
    NodeBusy,
    NotAllowed,
    RunnerHeld,
    SignInExpired,
    TransferError,
)
from transfer.publication.standing import Look
from transfer.publication.values import Act, Dataset, Stage
from transfer.workspace import Home
from tui.app import TransferApp
from tui.datasets import Datasets
from tui.screens.dataset_polling import Polling
from tui.widgets.painted import Painted


def stages(app: TransferApp) -> str:
    return " ".join(app.screen.query_one("#stages", Painted).words.replace("─", "").split())


def facts(app: TransferApp) -> str:
    return " ".join(app.screen.query_one("#facts", Painted).words.split())


def told(app: TransferApp) -> str:
    return " ".join(words(app).split())


@pytest.mark.parametrize(
    ("look", "line", "word"),
    [
        (known.UNBORN, "○ born ○ draft ○ released ○ published", "○ to do"),
        (known.CREATING, "● born ○ draft ○ released ○ published", "● running"),
        (known.FAILED, "✗ born ○ draft ○ released ○ published", "✗ failed"),
        (known.DRAFT, "✓ born ● draft ○ released ○ published", "○ to do"),
        (known.RELEASED, "✓ born ✓ draft ● released ○ published", "… waiting"),
        (known.PUBLISHED, "✓ born ✓ draft ✓ released ✓ published", "… waiting"),
        (known.PRIVATE, "● private ○ protected or public", "○ to do"),
        (known.PROTECTED, "✓ private ✓ protected", "… waiting"),
    ],
)
async def test_the_stages_stand_in_a_line_and_say_where_it_is(
    home: Home, look: Look, line: str, word: str
) -> None:
    app, datasets = dataset_app(home, look)
    datasets.then = after(look)
    async with running(app) as pilot:
        await press(pilot, *TO_STEP_10)
        assert front(app) == "DatasetScreen"
        assert stages(app).startswith(line)
        assert word in crumbs(app)


async def test_opening_a_draft_asks_no_node(home: Home) -> None:
    app, datasets = dataset_app(home, known.DRAFT)
    async with running(app) as pilot:
        await press(pilot, *TO_STEP_10)
        assert datasets.n_asked == 0
        await press(pilot, "k")
        assert datasets.n_asked == 1


async def test_the_nodes_counts_stand_beside_the_ledgers_with_a_verdict(home: Home) -> None:
    app, _ = dataset_app(home, known.LESS)
    async with running(app) as pilot:
        await press(pilot, *TO_STEP_10)
        assert "Studies 14 12 ✗ 2 fewer" in facts(app)
        assert "Subjects 10 9 ✗ 1 fewer" in facts(app)
        assert "Not in it LUNG-0003" in facts(app)
        assert "is not what was verified" in now(app)
        assert "P Publish" not in keys(app)


async def test_a_difference_is_accepted_by_a_person_with_a_reason(home: Home) -> None:
    app, datasets = dataset_app(home, known.LESS, then=after(known.ACCEPTED))
    async with running(app) as pilot:
        await press(pilot, *TO_STEP_10, "a", *"One withdrew", "enter", *"Ada", "enter")
        assert datasets.acts == [("accept", "Ada", "One withdrew")]
        assert "Accepted by Ada Lovelace: One patient withdrew" in facts(app)
        assert "P Publish" in keys(app)


async def test_without_the_legal_record_there_is_no_key_that_publishes(home: Home) -> None:
    app, datasets = dataset_app(home, known.DRAFT, known.LOCKED)
    async with running(app) as pilot:
        await press(pilot, *TO_STEP_10)
        assert "✗ locked: legal clearance is not recorded; DTA signature" in facts(app)
        assert "l opens it" in now(app)
        await press(pilot, "P")
        assert front(app) == "DatasetScreen"
        assert datasets.acts == []
        assert datasets.n_asked == 0


async def test_missing_metadata_lock_it_and_what_is_missed_is_told_before(home: Home) -> None:
    app, _ = dataset_app(home, known.FAULTY)
    async with running(app) as pilot:
        await press(pilot, *TO_STEP_10)
        assert "Metadata ✗ Description is empty; it is needed. (and 1 more)" not in facts(app)
        assert "Metadata ✗ Description is empty; it is needed." in facts(app)
        assert "m fills them in" in now(app)
        assert "P Publish" not in keys(app)


# Publishing -------------------------------------------------------------------------------


async def test_a_release_goes_only_once_the_name_is_typed_to_the_letter(home: Home) -> None:
    app, datasets = dataset_app(home, known.DRAFT)
    async with running(app) as pilot:
        await press(pilot, *TO_STEP_10, "P")
        assert front(app) == "ConfirmScreen"
        assert "Release the dataset Lung screening 2024 on upv?" in words(app)
        assert "It never becomes a draft again" in told(app)
        assert "Fixed from then on: Name, Version, Description, Type." in told(app)
        assert "14 studies of 10 subjects; verified here: 14 studies of 10 subjects." in told(app)
        await press(pilot, "enter")
        assert "Nothing was typed, and nothing was changed." in told(app)
        await press(pilot, *"Lung-2024", "enter")
        assert front(app) == "ConfirmScreen"
        assert "The name that was typed is another one; nothing was changed." in told(app)
        assert datasets.acts == []
        datasets.then = after(known.RELEASED)
        await press(pilot, *["backspace"] * 9, *NAME, "enter", *"Ada", "enter")
        assert datasets.acts == [("publish", "", NAME, "Ada")]
        assert stages(app).startswith("✓ born ✓ draft ● released")


async def test_escape_from_the_confirmation_leaves_everything_as_it_was(home: Home) -> None:
    app, datasets = dataset_app(home, known.DRAFT)
    async with running(app) as pilot:
        await press(pilot, *TO_STEP_10, "P", *NAME, "escape")
        assert front(app) == "DatasetScreen"
        assert datasets.acts == []


async def test_the_node_is_asked_right_before_the_question_and_may_change_the_answer(
    home: Home,
) -> None:
    """What a person confirms must be what the dataset holds now, not what it held last week."""
    app, datasets = dataset_app(home, known.DRAFT, then=after(known.LESS))
    async with running(app) as pilot:
        await press(pilot, *TO_STEP_10, "P")
        assert datasets.n_asked == 1
        assert front(app) == "DatasetScreen"
        assert "is not what was verified" in now(app)


async def test_protected_asks_once_and_says_what_it_gives_away(home: Home) -> None:
    app, datasets = dataset_app(home, known.PRIVATE)
    async with running(app) as pilot:
        await press(pilot, *TO_STEP_10, "P")
        assert "Who may see it?" in words(app)
        await press(pilot, "enter")
        assert "on upv protected?" in words(app)
        assert "Images and files stay with its members." in told(app)
        datasets.then = after(known.PROTECTED)
        await press(pilot, *NAME, "enter", *"Ada", "enter")
        assert datasets.acts == [("publish", "protected", NAME, "Ada")]


async def test_public_asks_twice_and_each_answer_is_typed(home: Home) -> None:
    app, datasets = dataset_app(home, known.PRIVATE)
    async with running(app) as pilot:
        await press(pilot, *TO_STEP_10, "P", "down", "enter")
        assert "download all images and files of the project" in told(app)
        assert "what was downloaded stays with them" in told(app)
        await press(pilot, *NAME, "enter")
        assert front(app) == "ConfirmScreen"
        assert "Once more: make Lung screening 2024 on upv public?" in words(app)
        await press(pilot, "enter")
        assert front(app) == "ConfirmScreen"
        assert datasets.acts == []
        await press(pilot, *NAME, "enter", *"Ada", "enter")
        assert datasets.acts == [("publish", "public", NAME, "Ada")]


async def test_going_back_from_the_second_question_of_public_changes_nothing(home: Home) -> None:
    app, datasets = dataset_app(home, known.PRIVATE)
    async with running(app) as pilot:
        await press(pilot, *TO_STEP_10, "P", "down", "enter", *NAME, "enter", "escape")
        assert front(app) == "DatasetScreen"
        assert datasets.acts == []


async def test_a_refused_publication_is_told_with_its_remedy(home: Home) -> None:
    app, datasets = dataset_app(home, known.DRAFT)
    async with running(app) as pilot:
        await press(pilot, *TO_STEP_10, "P")
        datasets.refusal = NotAllowed("The account lacks the role.", "Ask for Dataset manager.")
        await press(pilot, *NAME, "enter", *"Ada", "enter")
        assert "The account lacks the role." in told(app)
        assert "Ask for Dataset manager." in told(app)
        assert stages(app).startswith("✓ born ● draft")


# The dataset comes to be ------------------------------------------------------------------


async def test_of_several_drafts_a_person_takes_one_by_id_name_time_and_counts(home: Home) -> None:
    other = replace(known.DATASET, id="11112222", name="Another", studies=3, subjects=2)
    app, datasets = dataset_app(home, known.UNBORN, found=(known.DATASET, other))
    async with running(app) as pilot:
        await press(pilot, *TO_STEP_10, "p")
        assert front(app) == "PickScreen"
        assert "Lung screening 2024 2026-03-14 08:55 14 10" in told(app)
        assert "Another 2026-03-14 08:55 3 2" in told(app)
        await press(pilot, "down")
        assert "id 11112222" in told(app)
        datasets.then = after(known.DRAFT)
        await press(pilot, "enter", *"Ada", "enter")
        assert datasets.acts == [("pick up", "11112222", "Ada")]
        assert stages(app).startswith("✓ born ● draft")


async def test_where_there_is_no_draft_yet_it_says_so(home: Home) -> None:
    app, datasets = dataset_app(home, known.UNBORN)
    async with running(app) as pilot:
        await press(pilot, *TO_STEP_10, "p")
        assert "The node lists no new draft yet." in now(app)
        assert datasets.acts == []


async def test_what_failed_is_removed_only_once_the_name_is_typed(home: Home) -> None:
    app, datasets = dataset_app(home, known.FAILED)
    async with running(app) as pilot:
        await press(pilot, *TO_STEP_10)
        assert "Node says Unexpected error" in facts(app)
        await press(pilot, "x", "enter")
        assert datasets.acts == []
        datasets.then = after(known.UNBORN)
        await press(pilot, *NAME, "enter")
        assert datasets.acts == [("delete", NAME)]
        assert "It is removed; it can be made again." in now(app)


async def test_an_invalid_mark_needs_a_reason_a_person_and_the_name(home: Home) -> None:
    app, datasets = dataset_app(home, known.PUBLISHED)
    gone = replace(known.PUBLISHED.dataset or known.DATASET, stage=Stage.INVALIDATED, reason="old")
    async with running(app) as pilot:
        await press(pilot, *TO_STEP_10, "i", *"It is old", "enter", *"Ada", "enter", *"no", "enter")
        assert datasets.acts == []
        datasets.then = after(replace(known.PUBLISHED, dataset=gone))
        await press(pilot, "backspace", "backspace", *NAME, "enter")
        assert datasets.acts == [("invalidate", "It is old", "Ada", NAME)]
        assert "✗ invalid" in stages(app)


async def test_an_attempt_whose_answer_got_lost_is_looked_for_by_itself(home: Home) -> None:
    from transfer.ledger.publication import Creation

    lost = Creation(
        1, "Lung screening 2024", "ab" * 32, 14, 10, frozenset(), "asked", "", "", "Ada",
        "2026-03-14T09:29:00.000Z", "",
    )  # fmt: skip
    app, datasets = dataset_app(home, replace(known.UNBORN, creation=lost))
    async with running(app) as pilot:
        await press(pilot, *TO_STEP_10)
        await until(pilot, lambda: datasets.n_asked == 1)
        assert "nobody knows whether it is there" in facts(app)
        assert "k looks for it" in now(app)


# Asking by itself -------------------------------------------------------------------------


async def test_what_is_being_made_is_asked_for_by_itself_and_settled_once_it_is_made(
    home: Home,
) -> None:
    app, datasets = dataset_app(home, known.CREATING, then=after(known.DRAFT))
    async with running(app) as pilot:
        await press(pilot, *TO_STEP_10)
        await until(pilot, lambda: datasets.acts == [("settle",)])
        assert datasets.n_asked == 1
        assert stages(app).startswith("✓ born ● draft")


async def test_a_release_that_was_looked_at_a_minute_ago_is_not_asked_for_again(
    home: Home,
) -> None:
    app, datasets = dataset_app(home, known.RELEASED)
    async with running(app) as pilot:
        await press(pilot, *TO_STEP_10)
        assert datasets.n_asked == 0
        assert "Asked at 09:29:00 UTC, again in 9 min." in now(app)
        assert "Since 2026-03-11 08:00 UTC (3 days 1 h)." in stages(app)
        await press(pilot, "w")
        assert "Asked at 09:29:00 UTC." in now(app)
        assert "w asks by itself" in now(app)


async def test_a_published_dataset_shows_its_identifier_and_asks_for_the_catalogue(
    home: Home,
) -> None:
    app, _ = dataset_app(home, known.PUBLISHED)
    async with running(app) as pilot:
        await press(pilot, *TO_STEP_10)
        assert "DOI 10.5281/zenodo.1234567" in facts(app)
        assert "Catalogue ○ its entry was not looked up yet" in facts(app)


@pytest.mark.parametrize(
    ("error", "goes_on"),
    [
        (NodeBusy("Busy.", "Later."), True),
        (RunnerHeld("Another process is at it.", "Wait."), True),
        (SignInExpired("Run out.", "Sign in."), False),
        (DatasetRefused("No.", "Look."), False),
    ],
)
def test_it_goes_on_asking_only_where_that_may_help(error: TransferError, goes_on: bool) -> None:
    polling = Polling(10.0)
    polling.asks()
    assert not polling.is_due(NOW)
    polling.failed(NOW, error)
    assert not polling.is_due(NOW + timedelta(seconds=9))
    assert polling.is_due(NOW + timedelta(seconds=10)) is goes_on


async def test_a_sign_in_that_ran_out_is_told_with_the_key_for_it(home: Home) -> None:
    refusal = SignInExpired("The sign-in to this node has run out.", "Sign in again.")
    app, _ = dataset_app(home, known.DRAFT, refusal=refusal)
    async with running(app) as pilot:
        await press(pilot, *TO_STEP_10, "k")
        assert "The sign-in to this node has run out." in told(app)
        assert "s signs in" in now(app)
        assert "s Sign in" in keys(app)


async def test_what_the_node_says_cannot_move_the_cursor_or_cut_the_page(home: Home) -> None:
    hostile = Dataset(
        "id\x1b[2J", "[b]name[/x]\u202e" + "n" * 300, Stage.DRAFT, said="\x07", link="javascript:x",
        may=frozenset({Act.SHOW}), studies=1, subjects=1,
    )  # fmt: skip
    app, _ = dataset_app(home, known.bound(hostile, difference=None))
    async with running(app) as pilot:
        await press(pilot, *TO_STEP_10)
        shown = words(app)
        assert "[b]name[/x]\N{REPLACEMENT CHARACTER}" in shown
        assert not {"\x1b", "\x07", "\u202e"} & set(shown)
        await press(pilot, "P")
        assert front(app) == "ConfirmScreen"
        assert not {"\x1b", "\x07", "\u202e"} & set(words(app))


def test_looks_and_acts_of_one_program_take_turns(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The engine lets one act at a time; whoever presses a key while the page asks by itself is not
    to be told of another process."""
    known.make_published(home)
    datasets, had_its_turn = Datasets(home), list[bool]()

    def carry(home: Home, name: str, act: object) -> Look:
        had_its_turn.append(datasets._turn.locked())
        return known.DRAFT

    monkeypatch.setattr("tui.datasets.carry", carry)
    datasets.look(NAME)
    datasets.publish(NAME, "", NAME, "Ada")
    assert had_its_turn == [True, True]
    assert not datasets._turn.locked()

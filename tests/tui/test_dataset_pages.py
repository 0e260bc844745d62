"""The pages of step 10 besides its own: the guide, the metadata, the index."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from tests.tui import published as known
from tests.tui.driving import keys, now, press, running, until, words
from tests.tui.driving import screen_name as front
from tests.tui.published import TO_STEP_10, after, dataset_app
from transfer.errors import DatasetRefused, StepBlocked
from transfer.publication.values import Field, NewDataset
from transfer.workspace import Home
from tui.app import TransferApp
from tui.screens.dataset_limits import draw_left, limits_told, room_word
from tui.widgets.painted import Painted
from tui.widgets.rows import Rows

FULL = {one.key: one.value for one in known.DATASET.fields}


def told(app: TransferApp) -> str:
    return " ".join(words(app).split())


def line_of(app: TransferApp, title: str) -> str:
    lines = app.screen.query_one(Rows).words.splitlines()
    found = [" ".join(line.split()) for line in lines if title in line]
    assert found, lines
    return found[0]


async def to_field(pilot: Pilot[Any], number: int) -> None:
    """The form with the cursor on a field, the first is 0."""
    await press(pilot, *TO_STEP_10, "m", *["down"] * number)


# The guide --------------------------------------------------------------------------------


async def test_the_guide_gives_each_value_to_the_letter_and_copies_it(home: Home) -> None:
    app, _ = dataset_app(home, known.UNBORN)
    async with running(app) as pilot:
        await press(pilot, *TO_STEP_10, "g")
        assert front(app) == "GuideScreen"
        assert "2. Choose the project. EUCAIM-LUNG" in told(app)
        assert "4. Press Export dataset, and give it this name. lung-2024" in told(app)
        assert "c Copy" not in keys(app)
        await press(pilot, "down", "c")
        assert app.clipboard == "EUCAIM-LUNG"


async def test_a_link_of_the_guide_is_shown_as_a_code_for_another_device(home: Home) -> None:
    app, _ = dataset_app(home, known.UNBORN)
    async with running(app) as pilot:
        await press(pilot, *TO_STEP_10, "g", "o")
        assert front(app) == "LinkScreen"
        assert "https://qp.example/cases" in words(app)


async def test_the_guide_looks_for_the_draft_and_hands_it_to_be_picked_up(home: Home) -> None:
    app, datasets = dataset_app(home, known.UNBORN)
    async with running(app) as pilot:
        await press(pilot, *TO_STEP_10, "g")
        await until(pilot, lambda: datasets.n_asked == 1)
        assert "No new draft is there yet. Asked at 09:30:00 UTC, again in 10 s." in now(app)
        assert "p Pick up" not in keys(app)
        datasets.found = (known.DATASET,)
        await press(pilot, "k")
        assert "1 new draft is on the node." in now(app)
        datasets.then = after(known.DRAFT)
        await press(pilot, "p")
        assert front(app) == "PickScreen"
        await press(pilot, "enter", *"Ada", "enter")
        assert datasets.acts == [("pick up", known.DATASET.id, "Ada")]
        assert front(app) == "DatasetScreen"


# Metadata ---------------------------------------------------------------------------------


async def test_the_form_says_how_much_room_is_left_and_what_cannot_be_changed(home: Home) -> None:
    app, _ = dataset_app(home, known.DRAFT)
    async with running(app) as pilot:
        await to_field(pilot, 0)
        assert front(app) == "MetadataScreen"
        assert line_of(app, "Name") == "✓ Name Lung screening 2024 237 left"
        assert line_of(app, "Author") == "= Author ada not editable"
        assert "3 to 256 characters. It cannot be changed once others see it." in told(app)
        await press(pilot, "end")
        assert "The node does not let this account change it now." in told(app)
        assert "Enter Change" not in keys(app)
        await press(pilot, "enter")
        assert front(app) == "MetadataScreen"


async def test_what_is_typed_counts_down_and_too_much_is_not_taken(home: Home) -> None:
    app, _ = dataset_app(home, known.DRAFT)
    async with running(app) as pilot:
        await to_field(pilot, 1)
        await press(pilot, "enter", "end", *"abcdefghijklm")
        assert "0 characters left" in words(app)
        await press(pilot, "x", "x")
        assert "✗ 2 characters too many" in words(app)
        await press(pilot, "enter")
        assert front(app) == "LineEntry"
        assert "at most 16 are taken" in told(app)
        await press(pilot, "backspace", "backspace", "enter")
        assert line_of(app, "Version") == "+ Version 1.0abcdefghijklm 0 left"


async def test_a_change_is_kept_here_and_goes_to_the_node_by_its_own_key(home: Home) -> None:
    app, datasets = dataset_app(home, known.DRAFT)
    async with running(app) as pilot:
        await to_field(pilot, 7)
        await press(pilot, "enter", *"help@example.org", "enter")
        assert "1 field is filled in here, and not yet on the node." in now(app)
        await press(pilot, "escape", "m")
        assert line_of(app, "Contact").startswith("+ Contact help@example.org")
        assert datasets.acts == []
        await press(pilot, "s", *"Ada", "enter")
        assert datasets.acts == [("save", {"contactInfo": ("help@example.org",)}, "Ada")]
        assert "Saved on the node, and read back as it stands here." in now(app)
        assert line_of(app, "Contact").startswith("✓ Contact help@example.org")


async def test_a_change_is_taken_back_to_what_the_node_has(home: Home) -> None:
    app, _ = dataset_app(home, known.DRAFT)
    async with running(app) as pilot:
        await to_field(pilot, 0)
        await press(pilot, "enter", "end", *" II", "enter")
        assert line_of(app, "Name").startswith("+ Name Lung screening 2024 II")
        await press(pilot, "x")
        assert line_of(app, "Name") == "✓ Name Lung screening 2024 237 left"


async def test_a_choice_is_found_by_typing_a_part_of_it(home: Home) -> None:
    app, _ = dataset_app(home, known.DRAFT)
    async with running(app) as pilot:
        await to_field(pilot, 4)
        await press(pilot, "enter", *"stu", "enter")
        assert line_of(app, "Level") == "+ Level study 1 of 3"


async def test_several_choices_are_marked_and_unmarked(home: Home) -> None:
    app, _ = dataset_app(home, known.DRAFT)
    async with running(app) as pilot:
        await to_field(pilot, 3)
        await press(pilot, "enter", *"anno", "enter")
        assert "2 of 4 marked" in words(app)
        await press(pilot, *["backspace"] * 4, "home", "up", "enter", "ctrl+s")
        assert line_of(app, "Type") == "+ Type annotated 1 of 4"


async def test_a_text_keeps_its_lines_and_words_stand_one_a_line(home: Home) -> None:
    app, datasets = dataset_app(home, known.DRAFT)
    async with running(app) as pilot:
        await to_field(pilot, 2)
        await press(pilot, "enter", "enter", *"More of it.", "ctrl+s")
        await press(pilot, "down", "down", "down")
        await press(pilot, "enter", *"lung", "enter", *"CT", "ctrl+s")
        assert line_of(app, "Keywords") == "+ Keywords lung; CT 28 left"
        await press(pilot, "s", *"Ada", "enter")
        assert datasets.acts == [
            (
                "save",
                {
                    "description": (
                        "CT of the chest of ten patients, before and after treatment.\nMore of it.",
                    ),
                    "keywords": ("lung", "CT"),
                },
                "Ada",
            )
        ]


async def test_escape_in_an_entry_leaves_the_field_as_it_was(home: Home) -> None:
    app, _ = dataset_app(home, known.DRAFT)
    async with running(app) as pilot:
        await to_field(pilot, 0)
        await press(pilot, "enter", *"xyz", "escape")
        assert line_of(app, "Name") == "✓ Name Lung screening 2024 237 left"


async def test_a_text_that_tells_of_a_patient_is_refused_and_not_kept(home: Home) -> None:
    app, _ = dataset_app(home, known.DRAFT)
    async with running(app) as pilot:
        await to_field(pilot, 7)
        await press(pilot, "enter", *"ORIGINAL-1", "enter")
        assert "A text tells of a patient" in told(app)
        assert line_of(app, "Contact") == "· Contact may stay empty 256 left"


async def test_a_fault_stands_beside_its_field_and_a_key_leads_to_it(home: Home) -> None:
    empty = replace(
        known.DATASET,
        fields=tuple(
            replace(one, value=()) if one.key == "description" else one
            for one in known.DATASET.fields
        ),
    )
    app, _ = dataset_app(home, known.bound(empty))
    async with running(app) as pilot:
        await to_field(pilot, 0)
        assert line_of(app, "Description").startswith("○ Description missing")
        assert "1 field is not yet as the node wants it." in now(app)
        await press(pilot, "n")
        assert app.screen.query_one(Rows).key == "description"
        assert "Description is empty; it is needed." in told(app)


async def test_a_node_that_refuses_a_field_is_told_and_nothing_typed_is_lost(home: Home) -> None:
    app, datasets = dataset_app(home, known.DRAFT)
    async with running(app) as pilot:
        await to_field(pilot, 0)
        await press(pilot, "enter", "end", *" II", "enter")
        datasets.refusal = DatasetRefused("The node did not take the name.", "Take another.")
        await press(pilot, "s", *"Ada", "enter")
        assert "The node did not take the name." in told(app)
        assert "Lung screening 2024 II" in line_of(app, "Name")


@pytest.mark.parametrize(
    ("field", "values", "limits", "left", "word"),
    [
        (
            Field("a", "A", least=3, most=10, is_needed=True), ("ab",),
            "Needed before others see it. 3 to 10 characters.", "○ 1 character too few", "8 left",
        ),
        (
            Field("a", "A", most=10), ("ab",),
            "It may stay empty. At most 10 characters.", "8 characters left", "8 left",
        ),
        (
            Field("a", "A"), ("ab",), "It may stay empty. Of any length.", "2 characters", "2 long",
        ),
        (
            Field("a", "A", "words", most=4), ("ab", "abcde"),
            "It may stay empty. At most 4 characters each.",
            "2 words  ·  ✗ 1 character too many", "1 too many",
        ),
    ],
)  # fmt: skip
def test_limits_are_told_in_words(
    field: Field, values: tuple[str, ...], limits: str, left: str, word: str
) -> None:
    assert limits_told(field) == limits
    assert [content.plain for content in draw_left(field, values, 60)] == [left]
    assert room_word(field, values) == word


# From an index ----------------------------------------------------------------------------


async def test_an_index_and_clinical_data_become_one_request_after_asking(
    home: Home, tmp_path: Path
) -> None:
    index, clinical = tmp_path / "index.json", tmp_path / "clinical.csv"
    index.write_text("[]")
    clinical.write_text("PatientID\n")
    app, datasets = dataset_app(home, known.UNBORN)
    app.source.start_folder = lambda: tmp_path  # type: ignore[method-assign]
    async with running(app) as pilot:
        await press(pilot, *TO_STEP_10, "c")
        assert front(app) == "CreateScreen"
        assert "The index is needed." in now(app)
        assert "Create it" not in keys(app)
        await press(pilot, "enter")
        assert "clinical.csv" not in words(app)
        await press(pilot, "end", "enter", "down", "enter", "home")
        await press(pilot, "end", "up", "enter")
        assert "✓ Index of the studies" in told(app)
        assert "✓ Clinical data" in told(app)
        await press(pilot, "c", "enter")
        assert datasets.acts == []
        datasets.then = after(known.CREATING)
        await press(pilot, "c", "right", "enter", *"Ada", "enter")
        assert datasets.acts[0] == ("create", NewDataset({}, index, clinical), "Ada", False)
        assert front(app) == "DatasetScreen"


async def test_a_name_that_is_taken_is_told_and_a_person_may_mean_a_second_one(
    home: Home, tmp_path: Path
) -> None:
    index = tmp_path / "index.json"
    index.write_text("[]")
    app, datasets = dataset_app(home, known.UNBORN)
    app.source.start_folder = lambda: tmp_path  # type: ignore[method-assign]
    async with running(app) as pilot:
        await press(pilot, *TO_STEP_10, "c", "enter", "end", "enter")
        assert "Create anyway" not in keys(app)
        datasets.refusal = StepBlocked("The node has a dataset of that name already.", "Look.")
        await press(pilot, "c", "right", "enter", *"Ada", "enter")
        assert "The node has a dataset of that name already." in told(app)
        datasets.refusal = None
        datasets.then = after(known.CREATING)
        await press(pilot, "n", "right", "enter")
        assert [act[3] for act in datasets.acts if act[0] == "create"] == [False, True]
        assert app.screen.query_one("#stages", Painted)

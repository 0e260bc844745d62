"""Remedies of the engine as they read in the app."""

from __future__ import annotations

from tui.by_key import by_key
from tui.screens.dataset import DatasetScreen

KEYS = {"dataset": "k", "dataset --guide": "g"}


def test_a_line_that_a_key_does_as_well_comes_with_the_key() -> None:
    told = by_key("See it: eucaim-transfer dataset NAME --guide. Then wait.", "lung", KEYS)
    assert told == "See it: key g, or eucaim-transfer dataset lung --guide. Then wait."


def test_an_option_that_no_key_stands_for_is_not_taken_for_the_bare_command() -> None:
    told = by_key("Take it: eucaim-transfer dataset NAME --pick-up ID", "lung", KEYS)
    assert told == "Take it: eucaim-transfer dataset lung --pick-up ID"


def test_the_name_that_has_to_be_typed_is_the_transfers() -> None:
    told = by_key("eucaim-transfer dataset NAME --delete --confirm NAME", "lung", {})
    assert told == "eucaim-transfer dataset lung --delete --confirm lung"


def test_every_key_named_on_the_page_of_step_10_is_a_key_of_it() -> None:
    bound = {binding.key for binding in DatasetScreen.BINDINGS}  # type: ignore[union-attr]
    assert set(DatasetScreen.COMMAND_KEYS.values()) <= bound

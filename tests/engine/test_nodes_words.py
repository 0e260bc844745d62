"""What a node says about clinical data is kept without what the ledger knows of any patient."""

from __future__ import annotations

from pathlib import Path

from tests.recall.cohorts import add_patient, cohort
from transfer.runner.clinical_words import NOT_KEPT, KnownToNobody


def test_an_original_id_that_the_node_repeats_is_veiled(tmp_path: Path) -> None:
    """A node that holds data of others in the hospital may know patients by their own names."""
    with cohort(tmp_path) as ledger:
        add_patient(ledger, "NHCQ1")
        add_patient(ledger, "NHCQ2")
        told = KnownToNobody().told(ledger, "P1 is a duplicate of nhcq2 and of NHCQ1.", "P1")
    assert told == "P1 is a duplicate of ••••• and of •••••."


def test_a_name_that_was_cut_is_left_out(tmp_path: Path) -> None:
    with cohort(tmp_path) as ledger:
        add_patient(ledger, "NHCQ1")
        told = KnownToNobody().told(ledger, "P1 is another, not NHC…", "P1")
    assert told == "P1 is another, not …"


def test_words_that_tell_of_nobody_are_told_as_they_are(tmp_path: Path) -> None:
    with cohort(tmp_path) as ledger:
        add_patient(ledger, "NHCQ1")
        told = KnownToNobody().told(ledger, "Field 12 of P1 is not in the template.", "P1")
    assert told == "Field 12 of P1 is not in the template."


def test_refusals_that_differ_in_the_key_alone_cost_one_look(tmp_path: Path) -> None:
    words = KnownToNobody()
    with cohort(tmp_path) as ledger:
        add_patient(ledger, "NHCQ1")
        told = {words.told(ledger, f"P{n} lacks a sex.", f"P{n}") for n in range(1, 200)}
    assert told == {f"P{n} lacks a sex." for n in range(1, 200)}


def test_a_node_that_says_something_else_each_time_is_not_listened_to_for_ever(
    tmp_path: Path,
) -> None:
    words = KnownToNobody()
    with cohort(tmp_path) as ledger:
        told = [words.told(ledger, f"Error {'x' * n}.", "P1") for n in range(1, 60)]
    assert told[0] == "Error x."
    assert told[-1] == NOT_KEPT

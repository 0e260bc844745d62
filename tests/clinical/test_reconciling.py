"""Images and table side by side: in what IDs differ, and words that are taken back."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from tests.clinical.ledgers import ledger_of
from transfer.clinical.likeness import likeness, likenesses
from transfer.clinical.phase import read_clinical
from transfer.clinical.reconciling import Part, entries, totals
from transfer.ledger.connection import Ledger
from transfer.ledger.findings import read_findings
from transfer.ledger.links import link_rows, take_back_words
from transfer.quality.answers import answer
from transfer.quality.judging import judge
from transfer.quality.rule import Circumstances

TODAY = Circumstances(today=dt.date(2026, 3, 14))


@pytest.mark.parametrize(
    ("one", "other", "differ"),
    [
        ("HOSP 1", "HOSP1", ("blanks",)),
        ("hosp1", "HOSP1", ("capitals",)),
        ("José", "Jose", ("accents",)),
        ("0012", "12", ("leading zeros",)),
        ("12.0", "12", ("number form",)),
        ("A/1", "A_1", ("joining signs",)),
        ("1O2", "102", ("O or 0, I or 1",)),
        ("hosp 0001", "HOSP1", ("blanks", "capitals", "leading zeros")),
        ("HOSP1", "HOSP1", ()),
    ],
)
def test_a_pair_is_told_by_what_must_be_put_aside_for_it_to_be_equal(
    one: str, other: str, differ: tuple[str, ...]
) -> None:
    assert likeness(one) == likeness(other)
    assert likenesses(one, other) == differ


def test_the_lists_are_those_of_the_rules(tmp_path: Path) -> None:
    """What the lists count is what LNK-01 and LNK-02 find, so that both go to zero together."""
    table = tmp_path / "thorax_clinical.csv"
    table.write_text("PatientID,Sex\nA1,F\nb 2,F\nC3,F\nZ9,F\nZ9,F\n,F\n")
    ids = {"A1": ["20210214"], "B2": ["20210214"], "C3": ["20210214"], "D4": ["20210214"]}
    with ledger_of(tmp_path, ids, clinical=table) as ledger:
        read_clinical(ledger)
        judge(ledger, TODAY)
        n = totals(ledger)
        assert (n.images, n.rows, n.pairs, n.linked, n.patients) == (1, 1, 1, 2, 4)
        found = {
            f.key for rule in ("LNK-01", "LNK-02") for f in read_findings(ledger, 9, rule=rule)
        }
        listed = {entry.key for part in Part for entry in entries(ledger, part)}
        assert listed == found == {"P4", "R5", "R3"}
        (pair,) = entries(ledger, Part.PAIRS)
        assert (pair.patient, pair.likenesses) == (2, ("blanks", "capitals"))


def test_a_word_that_was_taken_back_links_nothing_and_is_asked_about_again(tmp_path: Path) -> None:
    table = tmp_path / "thorax_clinical.csv"
    table.write_text("PatientID,Sex\nb2,F\n")
    with ledger_of(tmp_path, {"B2": ["20210214"]}, clinical=table) as ledger:
        read_clinical(ledger)
        judge(ledger, TODAY)
        assert answer(ledger, "LNK-02", "same", ["R2"], "Ada", "") == ["R2"]
        judge(ledger, TODAY)
        assert _linked(ledger) == 1
        take_back_words(ledger, [2])
        link_rows(ledger, likeness)
        assert _linked(ledger) == 0
        judge(ledger, TODAY)
        assert [f.key for f in read_findings(ledger, 9, rule="LNK-02")] == ["R2"]


def _linked(ledger: Ledger) -> int:
    return ledger.number("SELECT count(*) FROM clinical_row WHERE patient_id IS NOT NULL")

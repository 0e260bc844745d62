"""Clinical items in the ledger: what is known of each between one making and the next."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.clinical.ledgers import ledger_of
from transfer.ledger.clinical_items import (
    Item,
    Made,
    begin_making,
    count_changed,
    count_gone,
    count_items,
    finish_making,
    item_of,
    items_in_trouble,
    record_differs,
    record_failed,
    record_made,
    record_sent,
    record_verified,
)
from transfer.ledger.connection import Ledger

FIRST, SECOND = "a" * 64, "b" * 64


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    """Two patients, nothing made of them yet."""
    with ledger_of(tmp_path, {"A": ["20200101"], "B": ["20200102"]}) as made:
        yield made


def _make(ledger: Ledger, *digests: str) -> None:
    """Both patients, or the first alone, each with one digest."""
    begin_making(ledger)
    record_made(
        ledger,
        [Made("subject", n, "", digest, 10, n + 1) for n, digest in enumerate(digests, 1)],
    )
    finish_making(ledger)


def _first(ledger: Ledger) -> Item:
    item = item_of(ledger, "subject", 1)
    assert item is not None
    return item


def test_what_was_read_back_is_not_to_be_sent_when_it_is_made_the_same(ledger: Ledger) -> None:
    _make(ledger, FIRST, FIRST)
    record_verified(ledger, _first(ledger).row)
    _make(ledger, FIRST, FIRST)
    n = count_items(ledger, "subject")
    assert (n.ready, n.sent, n.verified) == (2, 1, 1)


def test_what_is_made_otherwise_is_changed_and_to_be_sent(ledger: Ledger) -> None:
    _make(ledger, FIRST, FIRST)
    record_verified(ledger, _first(ledger).row)
    _make(ledger, SECOND, FIRST)
    assert (_first(ledger).state, _first(ledger).there_sha256) == ("ready", FIRST)
    assert count_changed(ledger, "subject") == 1


def test_a_change_that_was_taken_back_needs_nothing_written_over(ledger: Ledger) -> None:
    _make(ledger, FIRST, FIRST)
    record_sent(ledger, _first(ledger).row)
    _make(ledger, SECOND, FIRST)
    _make(ledger, FIRST, FIRST)
    # It is read back once more before it counts as there.
    assert _first(ledger).state == "sent"
    assert count_changed(ledger, "subject") == 0


def test_what_failed_is_tried_again_and_named_until_then(ledger: Ledger) -> None:
    _make(ledger, FIRST, FIRST)
    record_failed(ledger, _first(ledger).row, "No such subject.")
    assert [(i.key, i.row_key, i.reason) for i in items_in_trouble(ledger, 10)] == [
        ("P1", "R2", "No such subject.")
    ]
    _make(ledger, FIRST, FIRST)
    assert (_first(ledger).state, _first(ledger).reason) == ("ready", "")


def test_what_does_not_go_any_more_is_forgotten_unless_the_node_has_it(ledger: Ledger) -> None:
    _make(ledger, FIRST, FIRST)
    _make(ledger, FIRST)
    assert (count_items(ledger, "subject").ready, count_gone(ledger)) == (1, 0)
    _make(ledger, FIRST, FIRST)
    second = item_of(ledger, "subject", 2)
    assert second is not None
    record_sent(ledger, second.row)
    _make(ledger, FIRST)
    assert (count_items(ledger, "subject").ready, count_gone(ledger)) == (1, 1)


def test_a_making_that_was_interrupted_changes_no_count(ledger: Ledger) -> None:
    _make(ledger, FIRST, FIRST)
    record_sent(ledger, _first(ledger).row)
    before = count_items(ledger, "subject")
    begin_making(ledger)
    assert count_items(ledger, "subject") == before
    assert count_gone(ledger) == 0


def test_what_does_not_fit_the_form_of_the_node_says_why(ledger: Ledger) -> None:
    begin_making(ledger)
    record_made(ledger, [Made("subject", 1, "", "", 0, 2, "Column 3 is no number.")])
    finish_making(ledger)
    assert (_first(ledger).state, _first(ledger).reason) == ("failed", "Column 3 is no number.")


def test_what_screens_ask_again_and_again_is_found_by_an_index(ledger: Ledger) -> None:
    """There may be as many items as patients, and nearly all are as they should be."""
    asked: list[str] = []
    ledger._connection.set_trace_callback(asked.append)
    items_in_trouble(ledger, 20)
    items_in_trouble(ledger, 3, state="failed")
    count_changed(ledger, "subject")
    count_gone(ledger)
    ledger._connection.set_trace_callback(None)

    plans = [
        "; ".join(detail for *_, detail in ledger.rows(f"EXPLAIN QUERY PLAN {sql}"))
        for sql in asked
    ]

    assert [plan.partition("clinical_item USING INDEX ")[2] for plan in plans] == [
        "clinical_item_trouble",
        "clinical_item_trouble",
        "clinical_item_changed",
        "clinical_item_gone",
    ]


def test_of_what_is_in_trouble_one_state_can_be_asked_for(ledger: Ledger) -> None:
    _make(ledger, FIRST, SECOND)
    record_failed(ledger, _first(ledger).row, "too long")
    record_differs(ledger, 2, "other data")

    assert [item.key for item in items_in_trouble(ledger, 9)] == ["P1", "P2"]
    assert [item.key for item in items_in_trouble(ledger, 9, state="differs")] == ["P2"]

"""What is asked often, or before anything goes, does not read every instance or file."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.benchmarks.synthetic import write_transfer
from transfer.ledger.batches import (
    interrupted_batches,
    lease_next,
    open_instances,
    replaced_instances,
    retry_failed,
    unplanned_page,
)
from transfer.ledger.census import list_failed, list_left_out, take_census
from transfer.ledger.connection import Ledger
from transfer.ledger.facts import count_ungathered, ungathered
from transfer.ledger.listing import has_unverified, sent_instances, series_to_check
from transfer.ledger.prepared import count_unprepared, unprepared
from transfer.ledger.said import keep_said, said_digest, said_groups
from transfer.ledger.selection import apply_selection
from transfer.ledger.volume_intake import image_files
from transfer.quality.circumstances import circumstances_of
from transfer.quality.judging import judge
from transfer.runner.gate import refuse_findings, refuse_identified
from transfer.status import read_status
from transfer.workspace import Home, Workspace

_LARGE = ("instance", "i", "source_file", "f")
"""Tables with a row for each file, and what our statements call them."""
_SCAN = re.compile(r"SCAN (?P<table>\w+)(?: USING (?:COVERING )?INDEX (?P<index>\w+))?")


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """Three thousand instances in twelve Series, in the middle of an upload."""
    folder = tmp_path_factory.mktemp("growth")
    return write_transfer(Home.at(folder / "home"), "made", 3000)


@pytest.fixture
def half_way(written: Workspace, tmp_path: Path) -> Iterator[Ledger]:
    """A copy of it, open."""
    shutil.copyfile(written.ledger, tmp_path / "ledger.sqlite")
    with Ledger.open(tmp_path / "ledger.sqlite") as ledger:
        yield ledger


def _partial(ledger: Ledger) -> set[str]:
    """Indexes of the few rows of a large table of which something is true."""
    return {
        name
        for table in ("instance", "source_file")
        for _, name, _, _, is_partial in ledger.rows(f"PRAGMA index_list({table})")
        if is_partial
    }


def read_whole(ledger: Ledger, call: Callable[[], object]) -> list[str]:
    """The large tables that a call reads from end to end, by SQLite's own plans of each of its
    statements."""
    seen: set[str] = set()
    connection = ledger._connection
    connection.set_trace_callback(seen.add)
    try:
        result = call()
        if isinstance(result, Iterator):
            list(result)
    finally:
        connection.set_trace_callback(None)
    asked = [s for s in seen if s.lstrip().upper().startswith(("SELECT", "UPDATE", "DELETE"))]
    assert asked, "the call asked the ledger nothing"
    whole = []
    for statement in asked:
        for *_, line in ledger.rows(f"EXPLAIN QUERY PLAN {statement}"):
            scan = _SCAN.fullmatch(str(line))
            if scan and scan["table"] in _LARGE and scan["index"] not in _partial(ledger):
                whole.append(f"{line}: {statement[:90]}")
    return whole


def test_what_is_asked_of_a_reading_from_end_to_end_is_seen(half_way: Ledger) -> None:
    """Else the tests below would say nothing."""
    query = "SELECT count(*) FROM instance i WHERE i.state = 'ready'"
    assert read_whole(half_way, lambda: half_way.number(query)) != []


@pytest.mark.parametrize(
    "ask",
    [
        lambda ledger: take_census(ledger),
        lambda ledger: list_failed(ledger, limit=20),
        lambda ledger: list_left_out(ledger, limit=20),
        lambda ledger: unplanned_page(ledger, 100),
        lambda ledger: lease_next(ledger),
        lambda ledger: interrupted_batches(ledger),
        lambda ledger: open_instances(ledger),
        lambda ledger: replaced_instances(ledger, 1),
        lambda ledger: retry_failed(ledger),
        lambda ledger: series_to_check(ledger, 64),
        lambda ledger: sent_instances(ledger, 7),
        lambda ledger: has_unverified(ledger),
        lambda ledger: apply_selection(ledger),
        lambda ledger: image_files(ledger),
        lambda ledger: said_digest(ledger),
        lambda ledger: refuse_identified(ledger, required=True),
        lambda ledger: refuse_findings(ledger),
    ],
    ids=lambda ask: ask.__code__.co_names[0],
)
def test_no_large_table_is_read_from_end_to_end(
    half_way: Ledger, ask: Callable[[Ledger], object]
) -> None:
    assert read_whole(half_way, lambda: ask(half_way)) == []


def test_a_status_reads_no_large_table_from_end_to_end(
    written: Workspace, half_way: Ledger
) -> None:
    assert read_whole(half_way, lambda: read_status(written, half_way)) == []


def with_run(ledger: Ledger, row: int) -> None:
    """One more way of de-identifying."""
    with ledger.transaction():
        ledger.write("INSERT INTO deid_run VALUES (?, 'm', '1', 'a', 'b', '', 'c', 'd', 'e')", row)


@pytest.mark.parametrize("ask", [count_unprepared, unprepared, count_ungathered, ungathered])
def test_what_waits_to_be_deidentified_is_found_by_an_index(
    half_way: Ledger, ask: Callable[[Ledger, int], object]
) -> None:
    with_run(half_way, 1)
    assert read_whole(half_way, lambda: ask(half_way, 1)) == []


def test_what_an_earlier_method_made_waits_to_be_made_again(half_way: Ledger) -> None:
    """Also where the index of what no method made cannot tell."""
    with_run(half_way, 1)
    with half_way.transaction():
        half_way.write("UPDATE instance SET deid_run = 1, head_sha256 = 'x' WHERE state = 'ready'")
        half_way.write("UPDATE instance SET deid_run = NULL WHERE id = 2990")
        half_way.write("UPDATE instance SET head_sha256 = NULL WHERE id = 2991")
    assert [one.row for one in unprepared(half_way, 1)] == [2990, 2991]
    with_run(half_way, 2)
    # Four requests of 125 that may have arrived keep what was sent.
    assert (
        count_unprepared(half_way, 2)
        == half_way.number("SELECT count(*) FROM instance WHERE state = 'ready'") - 4 * 125
    )


def said_by_instances(ledger: Ledger) -> list[tuple[int, ...]]:
    return ledger.rows(
        "SELECT series_id, traits_id, out_traits_id, state = 'excluded', count(*), min(id)"
        " FROM instance GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4"
    )


@pytest.mark.parametrize("is_kept", [False, True])
@pytest.mark.parametrize(
    "change",
    [
        "UPDATE instance SET traits_id = 1 WHERE id IN (251, 700)",
        "UPDATE instance SET out_traits_id = 2 WHERE id % 7 = 0",
        "UPDATE instance SET series_id = 3 WHERE id = 1",
        "UPDATE instance SET state = 'excluded' WHERE id BETWEEN 2700 AND 2800",
        "DELETE FROM instance WHERE id = 2999",
        "UPDATE instance SET traits_id = NULL WHERE series_id = 5",
    ],
)
def test_what_is_kept_of_a_series_is_what_its_instances_say(
    half_way: Ledger, change: str, is_kept: bool
) -> None:
    assert half_way.rows("SELECT * FROM said_anew") == []
    before = [tuple(group) for group in said_groups(half_way)]
    with half_way.transaction():
        half_way.write(change)
    if is_kept:
        keep_said(half_way)
    assert [tuple(group) for group in said_groups(half_way)] == said_by_instances(half_way)
    assert said_by_instances(half_way) != before


def test_sending_changes_nothing_of_what_headers_say(half_way: Ledger) -> None:
    """Else every interrupted upload would have all of them read again."""
    with half_way.transaction():
        half_way.write("UPDATE instance SET state = 'sent' WHERE state = 'ready'")
        half_way.write("UPDATE instance SET state = 'verified' WHERE state = 'sent'")
        half_way.write("UPDATE instance SET state = 'failed' WHERE id % 10 = 0")
    assert half_way.rows("SELECT * FROM said_anew") == []


def test_rules_that_looked_once_read_no_instance_again(half_way: Ledger) -> None:
    circumstances = circumstances_of(half_way, "eucaim", requires_deidentified=False)

    def steps() -> int:
        count = 0

        def tick() -> None:
            nonlocal count
            count += 1

        half_way._connection.set_progress_handler(tick, 100)
        judge(half_way, circumstances)
        half_way._connection.set_progress_handler(None, 0)
        return count

    with half_way.transaction():
        half_way.write("INSERT INTO said_anew SELECT id FROM series")
    first, again = steps(), steps()
    assert again * 4 < first


def test_rules_look_again_where_a_study_is_held_back_as_a_whole(half_way: Ledger) -> None:
    judged = said_digest(half_way)
    with half_way.transaction():
        half_way.write("UPDATE instance SET state = 'failed' WHERE id = 3000")
    assert said_digest(half_way) == judged
    with half_way.transaction():
        half_way.write("UPDATE instance SET state = 'failed' WHERE series_id > 9")
    assert said_digest(half_way) != judged


def test_rules_look_again_where_something_leaves_that_says_anew(half_way: Ledger) -> None:
    judged = said_digest(half_way)
    with half_way.transaction():
        half_way.write("UPDATE instance SET out_traits_id = 2 WHERE id = 3000")
    assert said_digest(half_way) != judged

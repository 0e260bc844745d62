"""A lane takes of a planned batch what may go in one request; the rest keeps its place."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.engine.bench import TRANSFER, bench
from tests.engine.made import image, make_transfer_of
from transfer.ledger.batches import (
    Settled,
    add_batches,
    instances_of,
    lease_next,
    planned_batches,
    settle,
    unplanned_page,
)
from transfer.ledger.connection import Ledger
from transfer.scan.phase import scan
from transfer.workspace import Home


@pytest.fixture
def planned(tmp_path: Path) -> Iterator[Ledger]:
    """Two batches of three instances each, all of one size."""
    for number in range(6):
        image(tmp_path / "source" / f"{number}.dcm", f"1.2.{number}")
    with make_transfer_of(tmp_path / "source", tmp_path / "home") as ledger:
        scan(ledger, processes=1, should_stop=lambda: False)
        rows = [row for row, *_ in unplanned_page(ledger, 99)]
        with ledger.transaction():
            add_batches(ledger, [rows[:3], rows[3:]])
        yield ledger


def leased(ledger: Ledger, most_bytes: int | None) -> list[str]:
    lease = lease_next(ledger, most_bytes)
    assert lease is not None
    return [str(i.sop_instance_uid) for i in lease.instances]


def one_size(ledger: Ledger) -> int:
    ((size_bytes,),) = ledger.rows("SELECT DISTINCT size_bytes FROM instance")
    assert isinstance(size_bytes, int)
    return size_bytes


def test_a_batch_that_fits_goes_whole(planned: Ledger) -> None:
    assert leased(planned, 3 * one_size(planned)) == ["1.2.0", "1.2.1", "1.2.2"]
    assert planned_batches(planned, 0, 9) == [2]


def test_a_large_batch_is_taken_bit_by_bit_before_the_next(planned: Ledger) -> None:
    most = 2 * one_size(planned)
    assert leased(planned, most) == ["1.2.0", "1.2.1"]
    assert leased(planned, most) == ["1.2.2"]
    assert leased(planned, most) == ["1.2.3", "1.2.4"]


def test_one_instance_goes_however_large(planned: Ledger) -> None:
    assert leased(planned, 1) == ["1.2.0"]


def test_what_was_taken_is_settled_without_the_rest(planned: Ledger) -> None:
    lease = lease_next(planned, 1)
    assert lease is not None
    settle(planned, lease.batch_id, [Settled(lease.instances[0].row, "sent")])
    assert lease_next(planned, None) is not None
    assert [i.sop_instance_uid for i in instances_of(planned, 1)] == ["1.2.1", "1.2.2"]


def test_a_part_of_a_batch_that_was_tried_before_counts_on(planned: Ledger) -> None:
    with planned.transaction():
        planned.write("UPDATE batch SET attempts = 2 WHERE id = 1")
    lease = lease_next(planned, 1)
    assert lease is not None
    assert lease.attempt == 3


def test_without_a_bound_a_batch_goes_whole(planned: Ledger) -> None:
    assert leased(planned, None) == ["1.2.0", "1.2.1", "1.2.2"]


def test_an_upload_begins_with_small_requests(tmp_path: Path) -> None:
    """How slow the line is, is known with the first answer: until then a mebibyte goes."""
    with bench(tmp_path, instances=2) as at:
        for number in range(3):
            image(tmp_path / "source" / f"large-{number}.dcm", f"1.2.{number}", rows=64_000)
        ran = at.upload("--concurrency", 1)
        assert ran.code == 0, str(ran)
        workspace = Home.at(at.program.home).workspace(TRANSFER)
        with Ledger.open(workspace.ledger) as ledger:
            assert ledger.number("SELECT count(*) FROM attempt") == 2

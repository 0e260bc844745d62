"""Batches: bounded in bytes and in count, and never wider than the node allows."""

from __future__ import annotations

from transfer.node import Abilities
from transfer.plan import pack


def test_a_batch_ends_before_it_exceeds_the_bytes() -> None:
    rows = [(1, 1, 1, 40), (2, 1, 1, 40), (3, 1, 1, 40)]
    assert list(pack(rows, Abilities(max_batch_bytes=100))) == [[1, 2], [3]]


def test_a_batch_ends_at_the_count() -> None:
    rows = [(n, 1, 1, 1) for n in range(1, 6)]
    assert list(pack(rows, Abilities(max_batch_instances=2))) == [[1, 2], [3, 4], [5]]


def test_an_instance_larger_than_the_limit_goes_alone() -> None:
    rows = [(1, 1, 1, 10), (2, 1, 1, 500), (3, 1, 1, 10)]
    assert list(pack(rows, Abilities(max_batch_bytes=100))) == [[1], [2], [3]]


def test_a_batch_may_span_studies_unless_the_node_says_otherwise() -> None:
    rows = [(1, 1, 1, 1), (2, 2, 1, 1), (3, 3, 2, 1)]
    assert list(pack(rows, Abilities())) == [[1, 2, 3]]
    assert list(pack(rows, Abilities(batch_scope="study"))) == [[1, 2], [3]]
    assert list(pack(rows, Abilities(batch_scope="series"))) == [[1], [2], [3]]


def test_nothing_makes_no_batch() -> None:
    assert list(pack([], Abilities())) == []

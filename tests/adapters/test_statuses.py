"""HTTP statuses in the operator's words."""

from __future__ import annotations

import datetime as dt

import pytest

from adapters.statuses import refuse_status, retry_after_s
from transfer.errors import (
    BodyTooLarge,
    NodeBusy,
    NodeError,
    NodeFault,
    NotAllowed,
    NotSupported,
    SignInExpired,
)

NOW = dt.datetime(2026, 11, 22, 12, 0, 0, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("0", 0.0),
        ("7", 7.0),
        (" 7 ", 7.0),
        ("Sun, 22 Nov 2026 12:01:30 GMT", 90.0),
        ("Sun, 22 Nov 2026 11:00:00 GMT", 0.0),
        ("86400", 3600.0),
        ("", None),
        (None, None),
        ("soon", None),
        ("-5", None),
        ("١٢", None),
    ],
)
def test_retry_after_is_read_as_seconds_or_as_a_date(
    header: str | None, seconds: float | None
) -> None:
    assert retry_after_s(header, NOW) == seconds


@pytest.mark.parametrize(
    ("status", "kind", "may_retry"),
    [
        (401, SignInExpired, False),
        (403, NotAllowed, False),
        (404, NotSupported, False),
        (405, NotSupported, False),
        (408, NodeBusy, True),
        (413, BodyTooLarge, False),
        (415, NotSupported, False),
        (429, NodeBusy, True),
        (500, NodeFault, True),
        (502, NodeBusy, True),
        (503, NodeBusy, True),
        (504, NodeBusy, True),
        (302, NodeFault, False),
        (418, NodeFault, False),
    ],
)
def test_each_status_has_its_kind_and_says_whether_to_try_again(
    status: int, kind: type[NodeError], may_retry: bool
) -> None:
    error = refuse_status(status, node="a-node", now=NOW)
    assert type(error) is kind
    assert error.retry.allowed is may_retry


def test_a_busy_node_is_asked_again_when_it_says_so() -> None:
    error = refuse_status(503, node="a-node", retry_after="30", now=NOW)
    assert error.retry.after_s == 30.0

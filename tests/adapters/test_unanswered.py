"""A password whose answers get lost is not sent until the account is locked."""

from __future__ import annotations

import pytest

from adapters.unanswered import Unanswered
from transfer.errors import NodeBusy, NodeError, NodeFault, SignInRefused, Unreachable


def _met(unanswered: Unanswered, trouble: NodeError) -> bool:
    """Whether it may be sent again after this."""
    with pytest.raises(type(trouble)), unanswered.sent():
        raise trouble
    return trouble.retry.allowed


def _lost() -> NodeError:
    return Unreachable("The connection broke.", "Try again.")


def test_the_fifth_answer_lost_in_a_row_is_the_last() -> None:
    unanswered = Unanswered()
    assert [_met(unanswered, _lost()) for _ in range(6)] == [True, True, True, True, False, False]


def test_an_answer_that_cannot_be_read_may_have_been_a_refusal() -> None:
    unanswered = Unanswered()
    for _ in range(4):
        _met(unanswered, NodeFault("Unreadable.", "Try again."))
    assert not _met(unanswered, _lost())


def test_an_answer_begins_the_count_anew() -> None:
    unanswered = Unanswered()
    for _ in range(4):
        _met(unanswered, _lost())
    with unanswered.sent():
        pass
    assert _met(unanswered, _lost())


@pytest.mark.parametrize(
    "trouble",
    [
        NodeBusy("HTTP 503.", "Later."),
        Unreachable("No connection.", "Check.", reached_node=False),
    ],
)
def test_a_service_that_says_later_or_was_not_reached_is_not_counted(trouble: NodeError) -> None:
    unanswered = Unanswered()
    assert all(_met(unanswered, trouble) for _ in range(20))


def test_a_refusal_stays_what_it_is() -> None:
    assert not _met(Unanswered(), SignInRefused("Wrong.", "Correct it."))

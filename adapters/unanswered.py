"""Passwords that were sent and not answered: each may have been refused, and counted, without us.

A sign-in service in trouble is asked again, and the password with it. Where it is the answer that
never comes, a wrong password would be sent until the account is locked: Keycloak locks after 10
failures (upv-node.md 3), XNAT after 20.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from transfer.errors import NEVER, NodeFault, Unreachable

_MOST: Final = 5


class Unanswered:
    """Counts for one account and node, from one answer to the next."""

    def __init__(self) -> None:
        self._in_a_row = 0

    @contextmanager
    def sent(self) -> Iterator[None]:
        """Around the request that carries the password. The fifth in a row that nobody answered
        leaves as an error after which nothing is tried again by itself."""
        try:
            yield
        except (Unreachable, NodeFault) as trouble:
            self._in_a_row += trouble.reached_node
            if self._in_a_row >= _MOST:
                trouble.retry = NEVER
            raise
        self._in_a_row = 0

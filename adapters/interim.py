"""Interim answers (1xx, RFC 9110 15.2): a client passes over them, so a server that sends nothing
else would be listened to for ever. Neither h11 nor http.client counts them; curl does.
"""

from __future__ import annotations

import re
from typing import Final

MOST: Final = 64
"""Before one answer. `102 Processing` every ten seconds is ten minutes."""

_INTERIM: Final = re.compile(rb"HTTP/\d\.\d 1\d\d")
_LONGEST_BEGINNING: Final = len(b"HTTP/1.1 100")
_END: Final = re.compile(rb"\n\r?\n")


class InterimAnswers:
    """Counts them in the bytes of a connection, up to the answer that is waited for."""

    def __init__(self) -> None:
        self.ask()

    def ask(self) -> None:
        """Now an answer is waited for."""
        self._count = 0
        self._head: bytes | None = b""

    def took(self, piece: bytes) -> None:
        """So much more came.

        Raises:
            ConnectionAbortedError: there are too many.
        """
        if self._head is None:
            return
        head = self._head + piece
        while _INTERIM.match(head) and (end := _END.search(head)):
            self._count += 1
            if self._count > MOST:
                raise ConnectionAbortedError("interim answers without end")
            head = head[end.end() :]
        is_answer = len(head) >= _LONGEST_BEGINNING and not _INTERIM.match(head)
        self._head = None if is_answer else head

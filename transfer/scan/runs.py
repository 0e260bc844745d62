"""Runs of elements that come again: the slices of a series share most of the bytes of a header.

What was walked once element by element is then stepped over by one comparison of bytes. Equal bytes
in the same encoding, read from the beginning of an element, are the same elements: nothing is
guessed.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final, NamedTuple

HEAD_BYTES: Final = 8
WORTH: Final = 8
"""So many elements walked one by one are worth looking for runs among them."""
_ELEMENT_BYTES: Final = 1024
_KNOWN: Final = 128
_REMEMBERED: Final = 1024
_PATIENCE: Final = 8
_PAUSE: Final = 32

Value = tuple[bytes, bytes]


class Run(NamedTuple):
    """Elements in a row: their bytes, the wanted ones among them, and their odd groups."""

    content: bytes
    values: dict[int, Value]
    groups: frozenset[int]


Walked = tuple[int, int, int, "Value | None", bool]
"""An element that was walked: where it starts and ends, its tag, what was kept of it, and whether
its group is an odd one."""


class Runs:
    """The runs of one encoding, by the head of their first element; bounded in memory.

    An element belongs to a run when its bytes came twice in a row. Where headers have nothing in
    common, looking for runs is soon given up for a while.
    """

    def __init__(self) -> None:
        self.known: dict[bytes, Run] = {}
        self._last: dict[bytes, bytes] = {}
        self._patience = _PATIENCE
        self._pause = 0

    def served(self) -> None:
        """A stride went over runs for the most part."""
        self._patience = _PATIENCE

    def learn(self, block: bytes, walked: list[Walked]) -> None:
        """Look for runs among elements that were walked one by one."""
        if self._pause:
            self._pause -= 1
            return
        self._patience -= 1
        if not self._patience:
            self._patience, self._pause = 2, _PAUSE
        if len(self.known) > _KNOWN:
            self.known.clear()
        if len(self._last) > _REMEMBERED:
            self._last.clear()
        row: list[Walked] = []
        for element in walked:
            start, end, *_ = element
            content = block[start:end]
            head = content[:HEAD_BYTES]
            came_twice = self._last.get(head) == content
            if row and not (came_twice and row[-1][1] == start):
                self._keep(block, row)
                row = []
            if came_twice:
                row.append(element)
            elif len(content) <= _ELEMENT_BYTES:
                self._last[head] = content
        self._keep(block, row)

    def _keep(self, block: bytes, row: list[Walked]) -> None:
        if len(row) < 2:
            return
        content = block[row[0][0] : row[-1][1]]
        self.known[content[:HEAD_BYTES]] = Run(
            content,
            {tag: value for _, _, tag, value, _ in row if value is not None},
            frozenset(tag >> 16 for _, _, tag, _, is_odd in row if is_odd),
        )


@lru_cache(8)
def runs_of(is_implicit: bool, is_little: bool, wanted: frozenset[int]) -> Runs:
    """The runs that this process knows of an encoding, where these elements are wanted."""
    return Runs()

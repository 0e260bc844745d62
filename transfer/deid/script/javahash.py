"""The order in which two of Java's tables give their keys.

CTP keeps a script in such tables, so their order decides which of two rules for one element wins,
in which order missing elements are inserted, and so which number `@integer` gives to which text.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

_FIRST_PROPERTIES_SIZE: Final = 16
_FIRST_HASHTABLE_SIZE: Final = 11


def properties_order(keys: Iterable[str]) -> list[str]:
    """The order of `java.util.Properties.keys()` (Java 9 and later) after these keys were set."""
    size = _FIRST_PROPERTIES_SIZE
    bins: list[list[tuple[int, str]]] = [[] for _ in range(size)]
    for count, key in enumerate(dict.fromkeys(keys), start=1):
        spread = _spread(key)
        bins[spread & (size - 1)].append((spread, key))
        if count >= size - size // 4:
            bins = [part for half in _halves(bins, size) for part in half]
            size *= 2
    return [key for entries in bins for _, key in entries]


def _halves(
    bins: list[list[tuple[int, str]]], size: int
) -> tuple[list[list[tuple[int, str]]], list[list[tuple[int, str]]]]:
    """Each bin split by one more bit. The longest run at the end that stays together is moved as it
    is; what stands before it is put in front, one by one."""
    low, high = [], []
    for entries in bins:
        run = len(entries)
        while run > 1 and (entries[run - 2][0] & size) == (entries[-1][0] & size):
            run -= 1
        start = max(run - 1, 0)
        parts: dict[int, list[tuple[int, str]]] = {0: [], size: []}
        if entries:
            parts[entries[-1][0] & size] = entries[start:]
        for entry in entries[:start]:
            bit = entry[0] & size
            parts[bit] = [entry, *parts[bit]]
        low.append(parts[0])
        high.append(parts[size])
    return low, high


def _spread(key: str) -> int:
    code = 0
    units = key.encode("utf-16-be", "surrogatepass")
    for at in range(0, len(units), 2):
        code = (code * 31 + (units[at] << 8 | units[at + 1])) & 0xFFFFFFFF
    return (code ^ code >> 16) & 0x7FFFFFFF


def hashtable_order(tags: Iterable[int]) -> list[int]:
    """The order of `java.util.Hashtable<Integer, …>.keySet()` after these keys were put."""
    size = _FIRST_HASHTABLE_SIZE
    table: list[list[int]] = [[] for _ in range(size)]
    for count, tag in enumerate(dict.fromkeys(tags)):
        if count >= int(size * 0.75):
            # Every chain is turned over as it moves, from the last one to the first.
            old, size = table, size * 2 + 1
            table = [[] for _ in range(size)]
            for chain in reversed(old):
                for moved in chain:
                    table[(moved & 0x7FFFFFFF) % size].insert(0, moved)
        table[(tag & 0x7FFFFFFF) % size].insert(0, tag)
    return [tag for chain in reversed(table) for tag in chain]

"""Java's properties format: the older form of scripts, and lookup tables."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

_BLANK: Final = " \t\f"
_ESCAPES: Final = {"t": "\t", "n": "\n", "r": "\r", "f": "\f"}
_HEX: Final = re.compile(r"[0-9a-fA-F]{4}")
_LINE_END: Final = re.compile(r"\r\n|\r|\n")


class Property(NamedTuple):
    """One key with its value; `line` counts from 1. `ends_at_blank`: the key ended at a blank."""

    line: int
    key: str
    value: str
    ends_at_blank: bool


class BadProperty(ValueError):
    """A `\\u` without four hexadecimal digits: Java stops reading there."""

    def __init__(self, line: int) -> None:
        super().__init__(f"line {line}")
        self.line = line


def read_properties(text: str) -> Iterator[Property]:
    """The properties of a text, in its order.

    Raises:
        BadProperty: while iterating.
    """
    for line, logical in _logical_lines(text):
        end = _end_of_key(logical)
        rest = logical[end:].lstrip(_BLANK)
        separator = rest[:1] if rest[:1] in ("=", ":") else ""
        value = rest[len(separator) :].lstrip(_BLANK)
        yield Property(
            line, _unescaped(logical[:end], line), _unescaped(value, line), not separator
        )


def _logical_lines(text: str) -> Iterator[tuple[int, str]]:
    begun: str | None = None
    first = 0
    for number, natural in enumerate(_LINE_END.split(text), start=1):
        content = natural.lstrip(_BLANK)
        if begun is None:
            if not content or content[0] in "#!":
                continue
            begun, first = "", number
        begun += content
        if (len(content) - len(content.rstrip("\\"))) % 2:
            begun = begun[:-1]
            continue
        yield first, begun
        begun = None
    if begun:
        yield first, begun


def _end_of_key(line: str) -> int:
    at = 0
    while at < len(line):
        if line[at] == "\\":
            at += 2
            continue
        if line[at] in "=:" or line[at] in _BLANK:
            return at
        at += 1
    return len(line)


def _unescaped(text: str, line: int) -> str:
    if "\\" not in text:
        return text
    parts = []
    at = 0
    while at < len(text):
        character = text[at]
        at += 1
        if character != "\\":
            parts.append(character)
            continue
        escaped = text[at : at + 1]
        at += 1
        if escaped == "u":
            code = _HEX.fullmatch(text[at : at + 4])
            if code is None:
                raise BadProperty(line)
            parts.append(chr(int(code[0], 16)))
            at += 4
        else:
            parts.append(_ESCAPES.get(escaped, escaped))
    # A character beyond the first 65536 is written as two halves.
    halves = "".join(parts).encode("utf-16-le", "surrogatepass")
    return halves.decode("utf-16-le", "replace")

"""How a table of text separates and quotes its values, told from its first lines; and its lines."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from typing import Final, NamedTuple

SAMPLE_CHARACTERS: Final = 16 * 1024
_DELIMITERS: Final = ",\t;|"
_ROWS: Final = 200
_LINE_CHARACTERS: Final = 1024 * 1024


class LineTooLong(Exception):
    """A line goes on for longer than we are willing to hold."""


class Dialect(NamedTuple):
    """As the `csv` module takes it."""

    delimiter: str
    quotechar: str


def dialect_of(sample: str) -> Dialect:
    """The dialect of a table that begins like this; a comma where nothing separates.

    The heading decides: whatever splits it, and splits the most rows into as many values.
    """
    # Only what ends a line of a file; the last one may be cut.
    lines = io.StringIO(sample, newline="").readlines()
    if len(sample) >= SAMPLE_CHARACTERS and len(lines) > 1:
        lines = lines[:-1]
    best, best_score = Dialect(",", '"'), (0.0, 0)
    for delimiter in _DELIMITERS:
        dialect = Dialect(delimiter, _quote(sample, delimiter))
        score = _score(lines, dialect)
        if score > best_score:
            best, best_score = dialect, score
    return best


def has_columns(sample: str) -> bool:
    """Whether a text that begins like this is a table: a heading that something separates, and
    below it more rows of as many values than of others; or it names its separator, or is JSON."""
    if sample.lstrip('\ufeff" \t\r\n').lower().startswith(("sep=", "{", "[")):
        return True
    lines = [line for line in io.StringIO(sample, newline="").readlines() if line.strip()]
    scores = (_score(lines, Dialect(d, _quote(sample, d)))[0] for d in _DELIMITERS)
    return len(lines) > 1 and max(scores) > 0.5


def _quote(sample: str, delimiter: str) -> str:
    """A single quote where every one of them encloses a value; elsewhere it is an apostrophe."""
    edge = re.escape(delimiter)
    enclosed = rf"(?:^|(?<=[{edge}\r\n]))'[^'\r\n]*'(?=[{edge}\r\n]|\Z)"
    pairs = len(re.findall(enclosed, sample))
    return "'" if pairs and 2 * pairs == sample.count("'") and '"' not in sample else '"'


def _score(lines: list[str], dialect: Dialect) -> tuple[float, int]:
    try:
        reader = csv.reader(lines, delimiter=dialect.delimiter, quotechar=dialect.quotechar)
        widths = [len(row) for row, _ in zip(reader, range(_ROWS), strict=False) if row]
    except csv.Error:
        return 0.0, 0
    if not widths or widths[0] < 2:
        return 0.0, 0
    return sum(width == widths[0] for width in widths) / len(widths), widths[0]


def lines_of(text: io.TextIOBase) -> Iterator[str]:
    """The lines of a table, as the `csv` module takes them: with their ends.

    Raises:
        LineTooLong: one is longer than a million characters.
    """
    while line := text.readline(_LINE_CHARACTERS):
        if len(line) == _LINE_CHARACTERS and not line.endswith(("\r", "\n")):
            raise LineTooLong
        yield line

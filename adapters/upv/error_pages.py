"""The first table of a page of HTML, as cells; nothing else of it."""

from __future__ import annotations

from collections.abc import Sequence
from html.parser import HTMLParser
from typing import Final

_MOST_ROWS: Final = 1000


class _Rows(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.rows: list[list[str]] = []
        self._depth = 0
        self._is_done = self._in_cell = False

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag == "table":
            self._depth += 1
        if self._depth != 1 or self._is_done:
            return
        if tag == "tr" and len(self.rows) < _MOST_ROWS:
            self.rows.append([])
        elif tag in ("td", "th") and self.rows:
            self.rows[-1].append("")
            self._in_cell = True

    def handle_endtag(self, tag: str) -> None:
        if tag == "table" and self._depth:
            self._depth -= 1
            self._is_done = self._is_done or self._depth == 0
        if tag in ("td", "th", "tr"):
            self._in_cell = False

    def handle_data(self, data: str) -> None:
        if self._in_cell and not self._is_done:
            self.rows[-1][-1] += data


def table_of(page: str) -> Sequence[Sequence[str]]:
    """The rows of the first table, the one with its headings first; empty where there is none."""
    reader = _Rows()
    reader.feed(page)
    return [[cell.strip() for cell in row] for row in reader.rows if row]

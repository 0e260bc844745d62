"""What a node says of clinical data: its words, made fit for a log; its tables of errors; and
whether what it gives back is what was sent.

Nothing of this is public for QP-Insights: known is only that errors of a table come back as a
table (upv-node.md 4.1). So each usual form is understood, and no page of a web server is shown.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from adapters.upv.error_pages import table_of
from transfer.errors import NodeFault

_LONGEST: Final = 240
_MOST_ROWS: Final = 10
_MOST_READ: Final = 100_000
_WORDS: Final = (
    "message", "error", "errors", "detail", "details", "error_description", "errorMessage",
    "reason", "title",
)  # fmt: skip
_FAILED: Final = ("error", "errors")
_ROW: Final = ("row", "line", "rownumber", "linenumber", "record")
_COLUMN: Final = ("column", "field", "variable", "attribute")
_SAID: Final = ("error", "errors", "message", "reason", "description", "detail", "problem")


def shown(text: str, longest: int = _LONGEST) -> str:
    """A node's words on one line, with nothing in them that moves a cursor."""
    words = " ".join("".join(c if c.isprintable() else " " for c in text[:_MOST_READ]).split())
    return words if len(words) <= longest else words[: longest - 1] + "…"


def read_json(body: bytes) -> Any:
    """The document, or None where the body is none."""
    try:
        return json.loads(body, parse_constant=_no_number)
    except (ValueError, RecursionError):
        return None


def _no_number(_: str) -> object:
    raise ValueError("NaN and Infinity are no JSON (RFC 8259 6)")


def is_page(body: bytes) -> bool:
    """Whether a web server answers instead of the service: a page for a browser."""
    return body.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"<"


def refusal_in(body: bytes) -> str:
    """Why the service refuses, in its own words; empty where it says nothing that can be shown."""
    rows = _error_rows(body)
    if rows:
        return rows
    document = read_json(body)
    if document is not None:
        return shown(" ".join(_words(document)))
    if is_page(body):
        return ""
    return shown(body[: 4 * _LONGEST].decode("utf-8", "replace"))


def complaint_in(body: bytes) -> str:
    """What is wrong by an answer whose status says that all is well; empty where nothing is."""
    rows = _error_rows(body)
    if rows:
        return rows
    document = read_json(body)
    if isinstance(document, dict) and not document.keys() & {"pages", "eForm"}:
        return shown(" ".join(_words({k: document[k] for k in _FAILED if document.get(k)})))
    return ""


def _words(document: Any, depth: int = 0) -> Iterator[str]:
    if isinstance(document, str):
        yield document
    elif isinstance(document, list) and depth < 4:
        for entry in document[:_MOST_ROWS]:
            yield from _words(entry, depth + 1)
    elif isinstance(document, dict) and depth < 4:
        for key in _WORDS:
            yield from _words(document.get(key), depth + 1)


def _error_rows(body: bytes) -> str:
    """The rows of a table of errors, as a list for an operator; empty where it is no such table."""
    table = _table(body)
    if len(table) < 2:
        return ""
    headings = [_bare(heading) for heading in table[0]]
    said = _place(headings, _SAID)
    row, column = _place(headings, _ROW), _place(headings, _COLUMN)
    if said is None or (row is None and column is None):
        return ""
    told = []
    for cells in table[1:]:
        if said < len(cells) and cells[said].strip():
            at = [
                f"{word} {shown(cells[place], 40)}"
                for word, place in (("row", row), ("column", column))
                if place is not None and place < len(cells) and cells[place].strip()
            ]
            told.append(": ".join(filter(None, (", ".join(at), shown(cells[said], 120)))))
    more = f"; and {len(told) - _MOST_ROWS} more" if len(told) > _MOST_ROWS else ""
    return "; ".join(told[:_MOST_ROWS]) + more


def _table(body: bytes) -> Sequence[Sequence[str]]:
    """A table as CSV, as JSON (a list of objects, or one under a key) or as a page's; the first
    row has the headings."""
    document = read_json(body)
    if document is not None:
        return _table_of_objects(document)
    text = body[: 4 * _MOST_READ].decode("utf-8", "replace").removeprefix("\ufeff")
    if is_page(body):
        return table_of(text)
    first = text.partition("\n")[0]
    delimiter = max(",;\t", key=first.count)
    try:
        rows = csv.reader(text.splitlines(keepends=True), delimiter=delimiter)
        return [row for _, row in zip(range(_MOST_READ // 100), rows, strict=False) if row]
    except csv.Error:
        return ()


def _table_of_objects(document: Any) -> Sequence[Sequence[str]]:
    if isinstance(document, dict):
        lists = [value for value in document.values() if isinstance(value, list)]
        document = lists[0] if len(lists) == 1 else []
    if not isinstance(document, list):
        return ()
    entries = [entry for entry in document[: _MOST_READ // 100] if isinstance(entry, dict)]
    headings = list(dict.fromkeys(key for entry in entries for key in entry))[:100]
    cells = [[_cell(entry.get(heading)) for heading in headings] for entry in entries]
    return [headings, *cells] if headings else ()


def _cell(value: object) -> str:
    return str(value) if isinstance(value, str | int | float) else ""


def _bare(heading: str) -> str:
    return "".join(c for c in heading[:80].casefold() if c.isalnum())


def _place(headings: Sequence[str], names: Sequence[str]) -> int | None:
    return next((headings.index(name) for name in names if name in headings), None)


def held_form(body: bytes, subject: str, node: str) -> Any:
    """The eForm that an answer brings, out of its envelope; None where there is nothing in it.

    Raises:
        NodeFault: the answer is no JSON.
    """
    if not body.strip():
        return None
    document = read_json(body)
    if document is None and body.strip() != b"null":
        raise NodeFault(
            "What the node gives back as clinical data cannot be read.",
            "Check eform_read_url in config.toml; set it to an empty text if the node gives "
            "nothing back.",
            node=node,
        )
    if isinstance(document, list):
        mine = [e for e in document if isinstance(e, dict) and e.get("subjectName") == subject]
        document = mine[0] if len(mine) == 1 else (document or None)
    form = form_in(document)
    is_bare = isinstance(form, dict) and set(form) <= {"pages"} and not form.get("pages")
    return None if form is None or is_bare else form


def form_in(document: Any) -> Any:
    """The eForm inside the dataset-service's envelope, or the document itself."""
    return document["eForm"] if isinstance(document, dict) and "eForm" in document else document


def holds(held: Any, sent: Any) -> bool:
    """Whether all that was sent is there, with the same values. The node may order keys and pages
    anew and add of its own; 61 and 61.0 are one number, "61" is none."""
    if not isinstance(held, dict) or not isinstance(held.get("pages"), list):
        return False
    pages = [page for page in held["pages"] if isinstance(page, dict)]
    for mine in sent["pages"]:
        same_name = [page for page in pages if page.get("page_name") == mine["page_name"]]
        # Two of one name that say different things would be neither.
        if not same_name or not all(_page_holds(page, mine) for page in same_name):
            return False
    return True


def _page_holds(page: Mapping[str, Any], mine: Mapping[str, Any]) -> bool:
    data = page.get("page_data")
    if not isinstance(data, dict):
        return False
    for name, field in mine["page_data"].items():
        there = data.get(name)
        if not isinstance(there, dict) or not _equal(there.get("value"), field["value"]):
            return False
    return True


def _equal(one: object, other: object) -> bool:
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, int | float) and isinstance(other, int | float):
        return one == other
    return type(one) is type(other) and one == other

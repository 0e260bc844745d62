"""A mapping as TOML, for people to read and for the next dataset of the same source to use.

format = "eucaim-transfer clinical mapping 1"
[[column]]  heading, attribute (a code, or "none"), order, unit, leave_out
[[term]]    attribute, value, term
[[missing]] attribute, by, reason
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Sequence
from typing import Any, Final, TypeVar

from transfer.clinical.attributes import ATTRIBUTES, Form
from transfer.clinical.columns import DATES, Role
from transfer.clinical.mapping import ColumnMap, Declared, Mapping, TermMap, Unit
from transfer.clinical.terms import LONGEST
from transfer.clinical.units import OWN_UNIT, UNITS_OF
from transfer.clinical.values import Order
from transfer.errors import UsageError
from transfer.foreign_toml import parse_toml

MARK: Final = "# Mapping of clinical tables, eucaim-transfer."
_FORMAT: Final = "eucaim-transfer clinical mapping 1"
_NONE: Final = "none"
_LONGEST_TEXT: Final = 1000
_MOST: Final = 4096
_ABOUT: Final = f"""{MARK}
# It says what the columns of a table hold and what their values mean. It holds no row of a table:
# headings, and values of columns of terms alone. Use it for the next table of the same source:
#   eucaim-transfer clinical NAME --mapping THIS_FILE
# attribute is one of: {{roles}}; or none.
"""
_T = TypeVar("_T", Role, Order, Unit)


def mapping_text(mapping: Mapping, known: Sequence[tuple[str, Role]]) -> str:
    """The file. `known` are columns that need no word, for their headings tell; they stand in
    comments."""
    lines = [*_about(), f"format = {_quoted(_FORMAT)}"]
    for heading, role in known:
        lines.append(f"# {_quoted(heading)} is {role.value} by its heading")
    for column in mapping.columns:
        lines += ["", "[[column]]", f"heading = {_quoted(column.heading)}"]
        lines.append(f"attribute = {_quoted(column.role.value if column.role else _NONE)}")
        if column.order is not None:
            lines.append(f"order = {_quoted(column.order.value)}")
        if column.unit is not None:
            lines.append(f"unit = {_quoted(column.unit.value)}")
        if column.is_left_out:
            lines.append("leave_out = true")
    for term in mapping.terms:
        lines += ["", "[[term]]", f"attribute = {_quoted(term.role.value)}"]
        lines += [f"value = {_quoted(term.value)}", f"term = {_quoted(term.term)}"]
    for one in mapping.declared:
        lines += ["", "[[missing]]", f"attribute = {_quoted(one.role.value)}"]
        lines += [f"by = {_quoted(one.person)}", f"reason = {_quoted(one.reason)}"]
    return "\n".join([*lines, ""])


def _about() -> Iterator[str]:
    line = "#  "
    roles = [role.value for role in Role]
    *head, last = _ABOUT.rstrip("\n").split("\n")
    yield from head
    for word in last.format(roles=", ".join(roles)).removeprefix("#").split():
        if len(line) + len(word) > 98:
            yield line.rstrip()
            line = "#  "
        line += f"{word} "
    yield line.rstrip()


def is_writable(text: str) -> bool:
    """Whether a text can stand in a TOML file at all: one with half a character cannot."""
    return not any("\ud800" <= c <= "\udfff" for c in text)


def _quoted(text: str) -> str:
    """A basic string of TOML; whatever moves a cursor or turns the order of reading is escaped."""
    return "".join(
        c if c.isprintable() else f"\\u{ord(c):04X}" if ord(c) < 0x10000 else f"\\U{ord(c):08X}"
        for c in json.dumps(text, ensure_ascii=False)
    )


def parse_mapping(content: bytes) -> Mapping:
    """Read a file.

    Raises:
        UsageError: it is no mapping, or says what cannot be; it is named by the number of its
            entry.
    """
    try:
        document = parse_toml(content.decode("utf-8-sig"))
    except ValueError as error:
        raise UsageError(
            "The mapping file cannot be read: it is not TOML in UTF-8.",
            "Take a file that --save-mapping wrote, or write one in its form.",
        ) from error
    if document.get("format") != _FORMAT:
        raise _wrong("its format is not the one of this version")
    if set(document) - {"format", "column", "term", "missing"}:
        raise _wrong("it holds something besides [[column]], [[term]] and [[missing]]")
    columns = [_column(n, one) for n, one in _entries(document, "column")]
    terms = [_term(n, one) for n, one in _entries(document, "term")]
    declared = [_missing(n, one) for n, one in _entries(document, "missing")]
    _refuse_twice("column", [column.heading for column in columns])
    _refuse_twice("term", [(term.role, term.value) for term in terms])
    _refuse_twice("missing", [one.role for one in declared])
    return Mapping(tuple(columns), tuple(terms), tuple(declared))


def _entries(document: dict[str, Any], name: str) -> Iterator[tuple[str, dict[str, Any]]]:
    entries = document.get(name, [])
    if not isinstance(entries, list) or not all(isinstance(one, dict) for one in entries):
        raise _wrong(f"{name} has to be written as [[{name}]]")
    if len(entries) > _MOST:
        raise _wrong(f"it has more than {_MOST:,} entries of [[{name}]]")
    for n, one in enumerate(entries, 1):
        yield f"[[{name}]] {n}", one


def _column(at: str, entry: dict[str, Any]) -> ColumnMap:
    _refuse_unknown(at, entry, {"heading", "attribute", "order", "unit", "leave_out"})
    heading = _text(at, entry, "heading")
    role = None if entry.get("attribute") == _NONE else _word(at, entry, "attribute", Role)
    order = _word(at, entry, "order", Order) if "order" in entry else None
    unit = _word(at, entry, "unit", Unit) if "unit" in entry else None
    is_left_out = entry.get("leave_out", False)
    if not isinstance(is_left_out, bool):
        raise _wrong(f"{at}: leave_out is true or false")
    if order is not None and role not in DATES:
        raise _wrong(f"{at}: an order belongs to dates")
    if unit is not None and (role is None or unit not in UNITS_OF.get(role, ())):
        raise _wrong(f"{at}: that unit cannot be converted for this attribute")
    if role is Role.PATIENT and is_left_out:
        raise _wrong(f"{at}: the Patient ID cannot be left out")
    if role is not None and unit is OWN_UNIT.get(role):
        unit = None
    return ColumnMap(heading, role, order, unit, is_left_out)


def _term(at: str, entry: dict[str, Any]) -> TermMap:
    _refuse_unknown(at, entry, {"attribute", "value", "term"})
    role = _word(at, entry, "attribute", Role)
    if ATTRIBUTES[role].form is not Form.TERM:
        raise _wrong(f"{at}: that attribute is not written in terms")
    value, term = _text(at, entry, "value").strip(), _text(at, entry, "term").strip()
    if not value or not term or max(len(value), len(term)) > LONGEST:
        raise _wrong(f"{at}: value and term have 1 to {LONGEST} characters")
    return TermMap(role, value, term)


def _missing(at: str, entry: dict[str, Any]) -> Declared:
    _refuse_unknown(at, entry, {"attribute", "by", "reason"})
    role = _word(at, entry, "attribute", Role)
    if not ATTRIBUTES[role].is_declarable:
        raise _wrong(f"{at}: that attribute cannot be declared not available")
    by, reason = _text(at, entry, "by").strip(), _text(at, entry, "reason").strip()
    if not by or not reason:
        raise _wrong(f"{at}: a declaration names a person and a reason")
    return Declared(role, by, reason)


def _word(at: str, entry: dict[str, Any], key: str, words: type[_T]) -> _T:
    try:
        return words(entry[key])
    except (KeyError, ValueError, TypeError):
        raise _wrong(f"{at}: {key} is not one of {', '.join(words)}") from None


def _text(at: str, entry: dict[str, Any], key: str) -> str:
    text = entry.get(key)
    if not isinstance(text, str) or len(text) > _LONGEST_TEXT:
        raise _wrong(f"{at}: {key} is a text of at most {_LONGEST_TEXT:,} characters")
    return text


def _refuse_unknown(at: str, entry: dict[str, Any], known: Collection[str]) -> None:
    if set(entry) - set(known):
        raise _wrong(f"{at} says something besides {', '.join(sorted(known))}")


def _refuse_twice(name: str, said: Sequence[object]) -> None:
    if len(set(said)) < len(said):
        raise _wrong(f"two entries of [[{name}]] are about the same")


def _wrong(what: str) -> UsageError:
    return UsageError(
        f"The mapping file cannot be used: {what}.", "Correct it there; nothing was taken from it."
    )

"""What is known of columns and values, for people and as JSON; never a value that may be a
patient's own."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import Any, Final

from transfer.clinical.attributes import ATTRIBUTES
from transfer.clinical.board import (
    BoardColumn,
    Missing,
    State,
    mapping_board,
    missing_attributes,
)
from transfer.clinical.columns import column_told
from transfer.clinical.term_values import TermColumn, TermValue, term_columns
from transfer.ledger.connection import Ledger
from tui.figures import count

_HEADING: Final = 24
_HOW: Final = {
    State.SURE: "known by its heading",
    State.CONFIRMED: "a person's word",
    State.LEFT_OUT: "does not leave",
    State.NONE: "",
    State.LIKELY: "",
}
_VALUES: Final = 20


def mapping_told(name: str, ledger: Ledger) -> Iterator[str]:
    """The columns of every table in lines of 80 characters, then terms, then what is missing."""
    board = mapping_board(ledger)
    if not board:
        yield "No clinical table has been read."
        return
    for table, columns in groupby(board, key=lambda column: column.table):
        yield f"Table {table}"
        for column in columns:
            yield from _column_told(column)
    for terms in term_columns(ledger):
        if terms.has_terms and terms.values:
            yield from _terms_told(terms)
    missing = missing_attributes(ledger)
    if missing:
        yield "No column holds these attributes that EUCAIM asks for"
        for one in missing:
            yield f"  {one.role.value:<18}  {_missing_told(one)}"
    open_ones = sum(column.state is State.LIKELY for column in board)
    if open_ones:
        yield f"Proposals for {count(open_ones, 'column')} wait for a person's word. To confirm"
        yield f"those beyond doubt: eucaim-transfer clinical {name} --confirm columns"


def _column_told(column: BoardColumn) -> Iterator[str]:
    heading = column.told.removeprefix("column ")
    heading = "" if heading.isdecimal() else heading
    role = column.role.value if column.role is not None else "-"
    how = _HOW[column.state]
    if column.unit is not None:
        how = f"{how}, in {column.unit.value}"
    line = f"{column.place + 1:>4}  {_cut(heading, _HEADING):<{_HEADING}}  {role:<16}  {how}"
    yield line.rstrip()
    for n, proposal in enumerate(column.proposals):
        unit = f", in {proposal.unit.value}" if proposal.unit is not None else ""
        sign = "?" if n == 0 else "or"
        yield _cut(f"      {sign} {proposal.role.value}{unit}: {proposal.why}", 80)
    if column.proposals and column.proposals[0].rivals:
        others = ", ".join(str(place + 1) for place in column.proposals[0].rivals)
        yield _cut(f"        column {others} may be meant too, so it is asked", 80)
    if column.forms:
        forms = ", ".join(f"{form} ({n:,})" for form, n in column.forms)
        yield _cut(f"        values: {forms}", 80)
    if column.order in ("open", "mixed"):
        yield _cut(f"        day or month first? --order {column.place + 1}=day-first", 80)
    if column.doubt:
        units = " or ".join(unit.value for unit in column.doubt)
        yield _cut(f"        counted in {units}? --unit {column.place + 1}=UNIT", 80)


def _terms_told(column: TermColumn) -> Iterator[str]:
    title = ATTRIBUTES[column.role].title
    more = "; only the most frequent" if column.is_cut or len(column.values) > _VALUES else ""
    yield f"Values of {title}, {column_told(column.place, column.heading)}{more}"
    for value in column.values[:_VALUES]:
        shown = value.text if value.is_shown else f"({value.form})"
        yield _cut(f"  {_cut(shown, 30):<30}  {value.rows:>9,}  {_term_told(value)}", 80)


def _term_told(value: TermValue) -> str:
    if value.term:
        return value.term
    if value.proposal is not None:
        return f"? {value.proposal.term}, {value.proposal.why}"
    return "leaves as it is" if value.is_shown else "may be a patient's own; not told"


def _missing_told(one: Missing) -> str:
    if one.declared is not None:
        return f"declared not available by {one.declared.person}"
    rules = ", ".join(one.rules)
    if all(rule.startswith("CLN") for rule in one.rules):
        rules += ", of controls alone"
    return f"{rules}{'; can be declared not available' if one.is_declarable else ''}"


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else text[: width - 1] + "…"


def mapping_document(name: str, ledger: Ledger) -> dict[str, Any]:
    """The same as a document; a heading that may be a patient's value is null."""
    board = mapping_board(ledger)
    return {
        "transfer": name,
        "tables": [
            {"key": table, "columns": [_column(column) for column in columns]}
            for table, columns in groupby(board, key=lambda column: column.table)
        ],
        "terms": [_terms(column) for column in term_columns(ledger)],
        "missing": [
            {
                "attribute": one.role.value,
                "title": one.title,
                "rules": list(one.rules),
                "declarable": one.is_declarable,
                "declared": {"by": one.declared.person, "reason": one.declared.reason}
                if one.declared is not None
                else None,
            }
            for one in missing_attributes(ledger)
        ],
    }


def _column(column: BoardColumn) -> dict[str, Any]:
    return {
        "index": column.place + 1,
        "heading": _heading(column.place, column.heading),
        "attribute": column.role.value if column.role is not None else None,
        "state": column.state.value,
        "order": column.order or None,
        "unit": column.unit.value if column.unit is not None else None,
        "suspected_units": [unit.value for unit in column.doubt],
        "identifiers": column.telling or None,
        "unmapped": column.unmapped,
        "sampled": column.sampled,
        "forms": [{"form": form, "rows": rows} for form, rows in column.forms],
        "proposals": [
            {
                "attribute": one.role.value,
                "why": one.why,
                "unit": one.unit.value if one.unit is not None else None,
                "rivals": [place + 1 for place in one.rivals],
                "doubtless": one is column.choice,
            }
            for one in column.proposals
        ],
    }


def _terms(column: TermColumn) -> dict[str, Any]:
    return {
        "attribute": column.role.value,
        "table": column.table,
        "index": column.place + 1,
        "more": column.is_cut,
        "values": [
            {
                "value": value.text if value.is_shown and column.has_terms else None,
                "form": value.form,
                "rows": value.rows,
                "term": value.term or None,
                "said": value.is_said,
                "proposal": value.proposal.term if value.proposal is not None else None,
            }
            for value in column.values
        ],
    }


def _heading(place: int, heading: str) -> str | None:
    return heading if column_told(place, heading) == f"column {heading}" else None

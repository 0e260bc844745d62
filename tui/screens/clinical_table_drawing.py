"""How the preview of a table draws its columns, rows, and the cell at the cursor."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

from textual.content import Content

from transfer.clinical.preview import PreviewColumn, PreviewRow
from transfer.quality.cells import WHOLE_ROW
from tui import figures
from tui.clinical_table import TableLook
from tui.screens.findings_drawing import state_of
from tui.text import plain
from tui.widgets.failure import wrapped
from tui.widgets.grid import GridColumn, GridRow, Sign
from tui.widgets.ink import cell, dotted, ink, line

if TYPE_CHECKING:
    from transfer.clinical.marks import Mark

Marks = Mapping[tuple[int, int], "list[Mark]"]

_CELL: Final = 200
_MESSAGE: Final = 2
_SIGNS: Final = {
    "block": Sign("✗", "bold $bad"),
    "ask": Sign("?", "bold $warn"),
    "warn": Sign("!", "bold $warn"),
    "info": Sign("·", "$muted"),
}
_SETTLED: Final = Sign("✓", "$muted")
_UNLINKED: Final = Sign("○", "$muted")
_KEPT_BACK: Final = Sign("-", "$muted")
_FORMS: Final = {"csv": "CSV", "xlsx": "XLSX", "json": "JSON", "jsonl": "JSON Lines"}


def legend() -> list[tuple[str, str]]:
    """Each mark beside a cell, a row or a heading, and what it means."""
    return [
        ("✗", "stops: nothing is sent while it stands"),
        ("?", "asks: a person answers once"),
        ("!", "warns: worth a look; it stops nothing"),
        ("·", "good to know"),
        ("✓", "answered or set aside by a person"),
        ("○ beside a row", "belongs to no patient of the images; it does not leave"),
        ("- beside a row", "kept back by a person; it does not leave"),
    ]


def heading_line(look: TableLook | None, shown: tuple[int, int], width: int) -> list[Content]:
    """What table this is, how large, and which of its columns are in sight."""
    if look is None:
        return [Content("")]
    file = look.file
    name = f"Table {look.number} of {look.tables}" if look.tables > 1 else "Clinical table"
    form = _FORMS.get(file.form, file.form.upper())
    n = len(look.columns)
    found = "✓ nothing found"
    if look.marked:
        found = figures.count(look.marked, "finding")
    seen = (
        "" if n < 2 or shown[1] - shown[0] + 2 >= n else f"columns {shown[0]} to {shown[1]} of {n}"
    )
    return [
        cell(
            dotted(
                [
                    (name, "bold"),
                    (form, "$muted"),
                    figures.count(file.data_rows, "row"),
                    seen or figures.count(n, "column"),
                    (found, "$warn" if look.marked else "$good"),
                ]
            ),
            width,
        )
    ]


def grid_columns(
    columns: Sequence[PreviewColumn], marks: Marks, heading_row: int, reveals: bool
) -> list[GridColumn]:
    """The headings, below each what EUCAIM calls it."""
    return [
        GridColumn(
            plain((column.heading if reveals else column.told) or "no heading", _CELL),
            _below(column),
            _sign(marks.get((heading_row, column.place), ())),
        )
        for column in columns
    ]


def _below(column: PreviewColumn) -> str:
    if column.is_left_out:
        return "- stays here"
    return column.attribute or "·"


def grid_row(row: PreviewRow, columns: Sequence[PreviewColumn], marks: Marks) -> GridRow:
    """One row; cells beyond the headings stand in none of the columns."""
    texts = [plain(row.cells[c.place], _CELL) if c.place < len(row.cells) else "" for c in columns]
    signs = {
        n: sign
        for n, column in enumerate(columns)
        if (sign := _sign(marks.get((row.row, column.place), ()))) is not None
    }
    return GridRow(
        row.row,
        row.number,
        texts,
        _sign(marks.get((row.row, WHOLE_ROW), ())) or _standing(row),
        signs,
        "$muted" if row.is_kept_back else "",
    )


def _standing(row: PreviewRow) -> Sign | None:
    if row.is_kept_back:
        return _KEPT_BACK
    return None if row.patient else _UNLINKED


def _sign(marks: Sequence[Mark]) -> Sign | None:
    if not marks:
        return None
    worst = min(marks, key=lambda mark: mark.weight)
    return _SIGNS.get(worst.severity) if worst.is_open else _SETTLED


def mark_at(marks: Marks, row: int, place: int, heading_row: int) -> list[Mark]:
    """What is told at a cell: of itself first, then of its row and its column. What is about the
    table as a whole is told at its headings."""
    places = [(row, place), (row, WHOLE_ROW), (heading_row, place)]
    found = [mark for key in dict.fromkeys(places) for mark in marks.get(key, ())]
    return sorted(found, key=lambda mark: not mark.is_open)


def about_cell(
    row: PreviewRow | None,
    column: PreviewColumn | None,
    marks: Sequence[Mark],
    reveals: bool,
    width: int,
) -> list[Content]:
    """The cell in full, whose it is, and the first finding about it."""
    if column is None:
        return []
    name = plain((column.heading if reveals else column.told) or "no heading", 80)
    what = column.attribute
    whose = ""
    if row is not None:
        whose = f"row {row.number}  {row.key}"
        whose += f"  patient {row.patient}" if row.patient else "  ○ no images"
        if row.is_kept_back:
            whose += "  - kept back"
    found = [
        Content(""),
        cell(
            dotted(
                [
                    (name, "bold"),
                    what if what and what != name else "",
                    (whose, "$muted"),
                ]
            ),
            width,
        ),
        cell(_value(row, column), width),
    ]
    if marks:
        found += _told(marks, width)
    return found


def _value(row: PreviewRow | None, column: PreviewColumn) -> Content:
    if row is None:
        stays = "It does not leave." if column.is_left_out else ""
        return ink(stays, "$muted")
    text = row.cells[column.place] if column.place < len(row.cells) else ""
    return ink(plain(text, 500)) if text.strip() else ink("empty", "$muted")


def _told(marks: Sequence[Mark], width: int) -> list[Content]:
    mark = marks[0]
    more = f"  and {len(marks) - 1} more here" if len(marks) > 1 else ""
    head = line(
        state_of(mark.severity, mark.standing),
        ("  ", ""),
        (plain(mark.rule), "bold"),
        ("  ", ""),
        plain(mark.message),
        (more, "$muted"),
    )
    lines = clamped(head, width, _MESSAGE)
    takes = f"May stand here: {', '.join(mark.allowed)}." if mark.allowed else mark.remedy
    return [*lines, *clamped(ink(plain(takes), "$muted"), width, _MESSAGE + 1 - len(lines))]


def clamped(content: Content, width: int, most: int) -> list[Content]:
    """A text over at most so many lines; what does not fit ends in an ellipsis."""
    lines = wrapped(content, width)
    if len(lines) <= most:
        return lines
    kept = lines[:most]
    return [*kept[:-1], line(kept[-1], " ", lines[most]).truncate(width, ellipsis=True)]

"""How the mapping draws a column, an attribute that none holds, and what is known of either."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from textual.content import Content

from transfer.clinical.attributes import ATTRIBUTES
from transfer.clinical.columns import Role
from tui import figures
from tui.clinical_mapping import Board
from tui.text import plain
from tui.widgets.chrome import Now
from tui.widgets.failure import wrapped
from tui.widgets.ink import cell, dotted, dotted_lines, ink, line

if TYPE_CHECKING:
    from transfer.clinical.board import BoardColumn, Missing

_STATES: Final = {
    "sure": ("✓", "known", "$good"),
    "confirmed": ("✓", "confirmed", "$good"),
    "likely": ("?", "likely", "$warn"),
    "none": ("·", "no meaning", "$muted"),
    "left-out": ("-", "stays here", "$muted"),
}
_STATE, _LEAST = 13, 8
_WIDEST: Final = 44
_CUT: Final = 200


def legend() -> list[tuple[str, str]]:
    """Glyph and word of each state, and what it means."""
    meanings = {
        "sure": "its heading is one that is surely known",
        "confirmed": "a person said so",
        "likely": "proposed; nothing follows until a person confirms it",
        "none": "it leaves as it is, and no rule asks for it",
        "left-out": "a person said that it does not leave",
    }
    found = [(" ".join(_STATES[word][:2]), text) for word, text in meanings.items()]
    return [
        *found,
        ("✗ missing", "EUCAIM asks for it, and no column holds it"),
        ("· not asked", "EUCAIM asks for it of other cases than these"),
        ("✓ declared", "a person declared that the source does not hold it"),
    ]


def summary(board: Board | None, width: int) -> list[Content]:
    """How far the mapping is."""
    if board is None:
        return [ink("Reading…", "$muted")]
    if not board.columns:
        return [ink("No table has been read.", "$muted")]
    known = sum(column.role is not None for column in board.columns)
    likely = sum(column.state == "likely" for column in board.columns)
    missing = sum(one.declared is None for one in board.missing)
    odd = sum(bool(column.doubt) or column.order in ("open", "mixed") for column in board.columns)
    return dotted_lines(
        [
            line((f"{known:,}", "bold"),
                 f" of {figures.count(len(board.columns), 'column')} known"),
            (f"? {likely:,} to confirm" if likely else "", "$warn"),
            (f"? {figures.count(odd, 'unit or order', 'units or orders')} open" if odd else "",
             "$warn"),
            (f"✗ {missing:,} missing" if missing else "", "$bad"),
        ],
        width,
    )  # fmt: skip


def draw_headings(width: int) -> list[Content]:
    """What stands in which place of a row."""
    room, heading, title = _places(width)
    return [
        line(
            cell("State", _STATE, "$muted"),
            cell("Column", heading, "$muted"),
            cell("Attribute", title, "$muted"),
            cell("Values", room, "$muted"),
        )
    ]


def _places(width: int) -> tuple[int, int, int]:
    left = max(3 * _LEAST, width - _STATE)
    third = min(_WIDEST, left // 3)
    return left - 2 * third, third, third


def _state(word: str) -> Content:
    glyph, text, style = _STATES.get(word, ("·", word, "$muted"))
    return line((f"{glyph} {text}", style))


def draw_column(column: BoardColumn, reveals: bool, shows_table: bool, width: int) -> list[Content]:
    """One column: how it is known, its heading, its attribute, how its values are written."""
    room, heading, title = _places(width)
    name = heading_of(column, reveals)
    if shows_table:
        name = f"{column.table} {name}"
    style = "$muted" if column.state == "left-out" else ""
    return [
        line(
            cell(_state(column.state), _STATE),
            cell(cell(name, heading - 1, style), heading),
            cell(cell(_title(column), title - 1), title),
            cell(_values(column), room),
        )
    ]


def heading_of(column: BoardColumn, reveals: bool) -> str:
    """A heading as it may be shown: what may be a value stands as the column's number."""
    if reveals:
        return plain(column.heading, _CUT) or "no heading"
    told = column.told.removeprefix("column ")
    return f"column {told}" if told.isdecimal() else plain(told, _CUT)


def _title(column: BoardColumn) -> Content:
    if column.state == "likely":
        return ink(f"{ATTRIBUTES[column.proposals[0].role].title}?", "$warn")
    if column.title:
        return ink(column.title)
    return ink(f"- {column.telling}" if column.telling else "-", "$muted")


def _values(column: BoardColumn) -> Content:
    if column.doubt:
        return ink(f"? {column.doubt[0]}" if len(column.doubt) == 1 else "? which unit", "$warn")
    if column.order in ("open", "mixed"):
        what = "day or month first" if column.order == "open" else "two orders of dates"
        return ink(f"? {what}", "$warn")
    if column.is_term and column.unmapped:
        return ink(f"? {column.unmapped:,} without term", "$warn")
    forms = [form for form, _ in column.forms if form != "empty"] or ["empty"]
    return ink(f"in {column.unit}" if column.unit else forms[0], "$muted")


def draw_missing(missing: Missing, is_asked: bool, width: int) -> list[Content]:
    """An attribute of EUCAIM that no column holds."""
    room, heading, title = _places(width)
    state = line(("✗ missing", "$bad")) if is_asked else line(("· not asked", "$muted"))
    what = ", ".join(missing.rules) if is_asked else _of_whom(missing)
    if missing.declared is not None:
        state = line(("✓ declared", "$good"))
        what = "not available"
    return [
        line(
            cell(state, _STATE),
            cell("no column", heading, "$muted"),
            cell(cell(missing.title, title - 1), title),
            cell(what, room, "$muted"),
        )
    ]


def _of_whom(missing: Missing) -> str:
    positive = any(rule.startswith("CLP") for rule in missing.rules)
    return "of positive cases" if positive else "of controls"


def about(
    column: BoardColumn | None,
    missing: Missing | None,
    is_asked: bool,
    reveals: bool,
    width: int,
) -> list[Content]:
    """What is known of the chosen row, and why."""
    if column is not None:
        return _about_column(column, reveals, width)
    if missing is not None:
        return _about_missing(missing, is_asked, width)
    return []


def _about_column(column: BoardColumn, reveals: bool, width: int) -> list[Content]:
    head = dotted(
        [
            (heading_of(column, reveals), "bold"),
            (f"column {column.place + 1}", "$muted"),
            column.title,
            (column.order.replace("-", " ") if column.order else "", "$muted"),
        ]
    )
    forms = ", ".join(f"{form} ({n:,})" for form, n in column.forms)
    lines = [Content(""), cell(head, width)]
    lines.append(
        cell(f"{forms}; {figures.count(column.sampled, 'row')} looked at", width, "$muted")
    )
    lines += wrapped(_why(column), width)[:2]
    return lines


def _why(column: BoardColumn) -> Content:
    if column.state == "likely":
        parts = [f"{ATTRIBUTES[one.role].title}: {one.why}" for one in column.proposals[:2]]
        return line(("Proposed. ", "$warn"), "; ".join(parts) + ".")
    if column.doubt:
        return ink("Its values make no sense in the unit that is assumed; u says which it is.",
                   "$warn")  # fmt: skip
    if column.order == "open":
        return ink("Nobody can tell day from month in some of its dates; o says which is first.",
                   "$warn")  # fmt: skip
    if column.is_term and column.unmapped:
        return ink("v shows its values, and which term each may stand for.", "$warn")
    if column.state == "left-out":
        return ink("It does not leave; x takes it in again.", "$muted")
    if column.telling and column.role is None:
        return ink(f"A heading of {column.telling}: x leaves it out.", "$warn")
    return Content("")


def _about_missing(missing: Missing, is_asked: bool, width: int) -> list[Content]:
    head = dotted([(missing.title, "bold"), (", ".join(missing.rules), "$muted")])
    if missing.declared is not None:
        said = missing.declared
        text = f"Declared not available by {plain(said.person)}: {plain(said.reason)}"
    elif not is_asked:
        text = f"EUCAIM asks for it {_of_whom(missing)} only; this table seems to have none."
    elif missing.is_declarable:
        text = "If the source does not hold it, a person declares so, with a reason."
    else:
        text = "EUCAIM takes no dataset without it: give it to a column, or add it to the table."
    return [Content(""), cell(head, width), *wrapped(ink(text), width)[:2]]


def mapping_now(board: Board | None, column: BoardColumn | None, missing: Missing | None) -> Now:
    """What to do with the chosen row."""
    if board is None:
        return Now("Reading the mapping…", "[Esc] goes back.")
    if board.is_held:
        return Now(
            "A runner is at work: the mapping can be changed once it has ended.",
            "[v] values.   [i] originals.   [Esc] goes back.",
        )
    if missing is not None:
        if missing.declared is not None:
            return Now("The source was declared not to hold this.", "[d] takes that back.")
        if missing.is_declarable and missing in board.missing:
            return Now("No column holds this.", "[d] declares it not available.")
        if missing in board.not_asked:
            return Now("Nothing has to be done about this.", "[↑] columns.   [Esc] goes back.")
        return Now(
            "No column holds this, and EUCAIM asks for it.", "[↑] to its column, then [Enter]."
        )
    return _now_of_column(board, column)


def _now_of_column(board: Board, column: BoardColumn | None) -> Now:
    if column is None:
        return Now("There is no table to map.", "[Esc] goes back.")
    values = "   [v] values." if column.is_term else ""
    if column.state == "likely":
        return Now(
            "What is proposed counts once a person confirms it.",
            f"[Enter] this one.   [a] all that are proposed.   [x] leaves it out.{values}",
        )
    if column.doubt:
        return Now("In what are these values counted?", "[u] says it.   [Enter] attribute.")
    if column.order in ("open", "mixed"):
        return Now("Does the day or the month come first?", "[o] says it.   [Enter] attribute.")
    if column.state == "left-out":
        return Now(
            "This column does not leave.", "[x] takes it in again.   [Enter] gives it an attribute."
        )
    leaves_out = "" if column.role is Role.PATIENT else "   [x] leaves it out."
    return Now(
        "Does this column hold what stands beside it?",
        f"[Enter] gives it another attribute.{leaves_out}{values}",
    )

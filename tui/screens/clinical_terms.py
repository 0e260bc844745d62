"""The values of columns that are written in terms, and which term each stands for."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content

from transfer.clinical.attributes import ATTRIBUTES
from transfer.clinical.columns import Role
from transfer.errors import TransferError
from tui import figures
from tui.page import Page
from tui.screens.choose import Choose
from tui.screens.clinical_mapping_asking import ask_person
from tui.screens.question import Ask
from tui.text import plain
from tui.widgets.chrome import Now
from tui.widgets.ink import cell, dotted, dotted_lines, ink, line
from tui.widgets.painted import Painted
from tui.widgets.rows import Row, Rows

if TYPE_CHECKING:
    from transfer.clinical.term_values import TermColumn, TermValue

_OWN = "\x00own"
_ROWS, _STATE, _WIDEST = 12, 13, 60


class TermsScreen(Page):
    """One row for each different value; Enter says which term it is."""

    CSS_PATH = "clinical_mapping.tcss"
    AUTO_FOCUS = "#values"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("a", "confirm_all", "Confirm all", id="terms.confirm"),
        Binding("z", "take_back", "Take back", id="terms.take-back"),
        Binding("w", "widen", "All columns", id="terms.widen"),
    ]

    def __init__(self, transfer: str, role: Role | None) -> None:
        super().__init__()
        self._transfer = transfer
        self._role = role
        self._columns: list[TermColumn] | None = None
        self._is_changing = False
        self._done = ""

    def body(self) -> ComposeResult:
        yield Painted(id="summary")
        yield Painted(_draw_headings, id="headings")
        yield Rows(id="values", pick="Its term", empty=["Reading…"])
        yield Painted(id="one")

    def on_mount(self) -> None:
        self._draw()
        self._load()

    def legend(self) -> tuple[str, list[tuple[str, str]]]:
        return "How a value is known", [
            ("✓ known", "it is a term already"),
            ("✓ confirmed", "a person said which term it is"),
            ("? likely", "proposed; it leaves as it is until a person confirms it"),
            ("○ no term", "nothing is proposed; it leaves as it is"),
        ]

    def _load(self) -> None:
        self.read(
            "terms",
            partial(self.owner.source.mapping.terms, self._transfer, self._role),
            self._take,
            anew=True,
        )

    def _take(self, columns: list[TermColumn]) -> None:
        self._columns = columns
        self._draw()

    # Drawing ------------------------------------------------------------------------------

    def _draw(self) -> None:
        title = ATTRIBUTES[self._role].title if self._role else "Values"
        self.crumbs.say(["eucaim-transfer", plain(self._transfer), "Mapping", title])
        columns = self._columns or []
        self.query_one("#summary", Painted).show(partial(_summary, columns))
        rows: list[Row] = []
        for column in columns:
            if len(columns) > 1:
                key = f"head {column.file} {column.place}"
                rows.append(Row(key, partial(_draw_column, column), False, False))
            rows += [
                Row(_key(column, n), partial(_draw_value, column, value), value.is_shown)
                for n, value in enumerate(column.values)
            ]
        empty = ["Reading…"] if self._columns is None else ["No column is written in terms."]
        shown = self.query_one("#values", Rows)
        shown.show(rows, empty)
        if shown.rows and not shown.rows[shown.cursor].is_choice:
            shown.action_step(1)
        self._tell()
        self.refresh_bindings()

    def _tell(self) -> None:
        found = self._chosen()
        self.query_one("#one", Painted).show(partial(_about, found))
        if self._columns is None:
            self.now.say(Now("Reading the values…", "[Esc] goes back."))
            return
        press = "[Enter] says its term."
        if self.can("confirm_all"):
            press += "   [a] confirms all that are proposed."
        if found and found[1].is_said:
            press = "[Enter] says another term.   [z] takes it back."
        if self._is_changing:
            self.now.say(Now("Keeping it…", "Please wait a moment."))
        else:
            self.now.say(Now(self._done or "Which term does each value stand for?", press))

    def _chosen(self) -> tuple[TermColumn, TermValue] | None:
        key = self.query_one("#values", Rows).key
        return next(
            (
                (column, value)
                for column in self._columns or ()
                for n, value in enumerate(column.values)
                if _key(column, n) == key
            ),
            None,
        )

    @on(Rows.Reached)
    def _reached(self) -> None:
        self._done = ""
        self._tell()
        self.refresh_bindings()

    # Saying -------------------------------------------------------------------------------

    @on(Rows.Picked)
    @work(exclusive=True, group="question")
    async def _picked(self) -> None:
        found = self._chosen()
        if found is None or self._is_changing:
            return
        column, value = found
        term = await self._ask_term(column, value)
        person = await ask_person(self) if term else None
        if term and person:
            self._change(
                partial(
                    self.owner.source.mapping.choose_term,
                    self._transfer,
                    column.role,
                    value.text,
                    term,
                    person,
                ),
                "It is kept.",
            )

    async def _ask_term(self, column: TermColumn, value: TermValue) -> str | None:
        from transfer.clinical.terms import VOCABULARIES

        list_of = VOCABULARIES.get(column.role)
        title = f"Which {ATTRIBUTES[column.role].title} is “{plain(value.text, 40)}”?"
        choices: list[tuple[str, str, str]] = []
        if value.proposal is not None:
            choices.append((value.proposal.term, value.proposal.term, f"? {value.proposal.why}"))
        choices += [
            (term.text, term.text, term.code)
            for term in (list_of.terms if list_of else ())
            if value.proposal is None or term.text != value.proposal.term
        ]
        if list_of is None or list_of.is_open:
            choices.append((_OWN, "Another word…", "as agreed for the dataset"))
        word: str | None = _OWN
        if list_of is not None:
            word = await self.app.push_screen_wait(Choose(title, [], choices))
        if word != _OWN:
            return word
        return await self.app.push_screen_wait(Ask(title, ["The word that leaves in its place."]))

    @work(exclusive=True, group="question")
    async def action_confirm_all(self) -> None:
        person = await ask_person(self)
        if person is None:
            return

        def told() -> str:
            mapping = self.owner.source.mapping
            n = mapping.confirm_terms(self._transfer, self._role, person)
            return f"{figures.count(n, 'value')} confirmed."

        self._change(told)

    def action_take_back(self) -> None:
        found = self._chosen()
        if found is not None:
            self._change(
                partial(
                    self.owner.source.mapping.forget_term,
                    self._transfer,
                    found[0].role,
                    found[1].text,
                ),
                "It is forgotten.",
            )

    def action_widen(self) -> None:
        self._role, self._columns = None, None
        self._draw()
        self._load()

    def _change(self, call: Callable[[], str | None], done: str = "") -> None:
        if self._is_changing:
            return
        self._is_changing, self._done = True, ""
        self._tell()

        def changed(told: str | None) -> None:
            self._is_changing, self._done = False, told or done
            self._load()
            self._tell()

        self.read("change", call, changed)

    def stumbled(self, kind: str, error: TransferError) -> None:
        if kind == "change":
            self._is_changing = False
            self._tell()
        super().stumbled(kind, error)

    def live_actions(self) -> frozenset[str]:
        return frozenset({"confirm_all", "take_back", "widen"})

    def can(self, action: str) -> bool | None:
        if self._columns is None or self._is_changing:
            return False
        found = self._chosen()
        return {
            "confirm_all": any(v.proposal for c in self._columns for v in c.values),
            "take_back": found is not None and found[1].is_said,
            "widen": self._role is not None,
        }[action]


def _key(column: TermColumn, n: int) -> str:
    return f"{column.file} {column.place} {n}"


def _places(width: int) -> tuple[int, int]:
    half = min(_WIDEST, max(16, width - _STATE - _ROWS) // 2)
    return half, half


def _draw_headings(width: int) -> list[Content]:
    value, term = _places(width)
    return [
        line(
            cell("State", _STATE, "$muted"),
            cell("Value", value, "$muted"),
            cell("Leaves as", term, "$muted"),
            cell("Rows", _ROWS, "$muted", align="right"),
        )
    ]


def _summary(columns: list[TermColumn], width: int) -> list[Content]:
    values = sum(len(column.values) for column in columns)
    unmapped = sum(column.unmapped for column in columns)
    likely = sum(value.proposal is not None for c in columns for value in c.values)
    if not columns:
        return [Content("")]
    return dotted_lines(
        [
            line((f"{values:,}", "bold"), " value" if values == 1 else " different values"),
            (f"? {likely:,} to confirm" if likely else "", "$warn"),
            (f"○ {unmapped:,} without a term" if unmapped else "✓ all have a term",
             "$warn" if unmapped else "$good"),
        ],
        width,
    )  # fmt: skip


def _draw_column(column: TermColumn, width: int) -> list[Content]:
    title = ATTRIBUTES[column.role].title
    more = f"  the {len(column.values)} most frequent values" if column.is_cut else ""
    return [cell(line((title, "bold"), (more, "$muted")), width)]


def _draw_value(column: TermColumn, value: TermValue, width: int) -> list[Content]:
    room, term = _places(width)
    text = ink(plain(value.text, 200)) if value.is_shown else ink(f"({value.form})", "$muted")
    return [
        line(
            cell(_state(column, value), _STATE),
            cell(cell(text, room - 2), room),
            cell(cell(_term(value), term - 2), term),
            cell(f"{value.rows:,}", _ROWS, "$muted", align="right"),
        )
    ]


def _state(column: TermColumn, value: TermValue) -> Content:
    if value.term:
        return line(("✓ confirmed" if value.is_said else "✓ known", "$good"))
    if value.proposal is not None:
        return line(("? likely", "$warn"))
    if not column.has_terms:
        return line(("· free", "$muted"))
    return line(("○ no term", "$warn"))


def _term(value: TermValue) -> Content:
    if value.term:
        return ink(value.term)
    return ink(f"{value.proposal.term}?", "$warn") if value.proposal else ink("as it is", "$muted")


def _about(found: tuple[TermColumn, TermValue] | None, width: int) -> list[Content]:
    if found is None:
        return []
    column, value = found
    why = f"Proposed: {value.proposal.why}." if value.proposal else ""
    if not value.is_shown:
        why = "It may be a patient's own, so it is not shown, and cannot be a term."
    text = plain(value.text, 200) if value.is_shown else f"({value.form})"
    return [
        Content(""),
        cell(dotted([(text, "bold"), (ATTRIBUTES[column.role].title, "$muted"),
                     (figures.count(value.rows, "row"), "$muted")]), width),
        cell(why, width, "$muted"),
    ]  # fmt: skip

"""The rules of the selection in the order in which they apply; adding one, taking one back."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import ClassVar, Final

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content

from transfer.errors import TransferError, UsageError
from transfer.ledger.parts import read_part
from transfer.ledger.selection import ANY, Action, Subject
from transfer.ledger.selection_terms import LISTED, dates_of
from tui import figures
from tui.choosing import ChoiceLook, RuleRow
from tui.page import Page
from tui.screens.pick import Pick
from tui.screens.question import Ask, Question
from tui.screens.selection_drawing import draw_choice
from tui.text import plain
from tui.widgets.chrome import Now
from tui.widgets.failure import wrapped
from tui.widgets.ink import cell, dotted, ink, line
from tui.widgets.painted import Painted
from tui.widgets.rows import Row, Rows

_TICKS: Final = 4


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of rule that can be added, and how its value is asked for. Without a question the
    value is known."""

    action: Action
    subject: Subject
    text: str
    question: str = ""
    hint: str = ""
    value: str = ""

    @property
    def key(self) -> str:
        return f"{self.action} {self.subject} {self.value}".strip()


_COMMAS: Final = "With commas between: "
_LIST: Final = "A text file with one entry a line. Its path:"
KINDS: Final = (
    Kind("only", "modality", "only these modalities", "Which modalities go?", _COMMAS + "CT, MR"),
    Kind("exclude", "modality", "no series of these modalities", "Which stay?", _COMMAS + "SR, OT"),
    Kind("only", "body-part", "only these body parts", "Which go?", _COMMAS + "CHEST, LUNG"),
    Kind("exclude", "body-part", "no series of these body parts", "Which stay?", _COMMAS + "HEAD"),
    Kind(
        "exclude",
        "finding",
        "no series with a finding that stands in the way",
        value=ANY,
    ),
    Kind(
        "exclude",
        "finding",
        "no series with a finding of one rule",
        "Which rule?",
        "Its ID, as the findings show it: IMG-01 for one.",
    ),
    Kind(
        "only",
        "study-date",
        "only studies of these dates",
        "From when to when?",
        "YYYYMMDD-YYYYMMDD; one side may be left open: 20200101- for one.",
    ),
    Kind(
        "exclude",
        "description",
        "nothing with these words in its description",
        "Which words?",
        "As they stand in the description of the series or of its study.",
    ),
    Kind("only", "description", "only what has these words in its description", "Which words?"),
    Kind("only", "patients", "only the patients of a list", "Which list of Patient IDs?", _LIST),
    Kind("exclude", "patients", "no patient of a list", "Which list of Patient IDs?", _LIST),
    Kind(
        "only",
        "part",
        "one part of the patients, for one of several hosts",
        "Which part, and of how many?",
        "1/2 on the first host and 2/2 on the second. Nobody is in both.",
    ),
    Kind("only", "studies", "only the studies of a list", "Which list of Study UIDs?", _LIST),
    Kind("exclude", "studies", "no study of a list", "Which list of Study UIDs?", _LIST),
)
_NAMES: Final = {
    "key": "",
    "modality": "modality",
    "body-part": "body part",
    "study-date": "study date",
    "description": "description has",
    "finding": "with a finding of",
    "patients": "patients of",
    "part": "patients of part",
    "studies": "studies of",
}
_ACTIONS: Final = {"only": "only", "exclude": "leave out", "include": "take in"}


class RulesScreen(Page):
    """The rules in force, with what goes by them."""

    CSS_PATH = "selection.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("a", "add", "Add a rule", id="rules.add"),
        Binding("d", "remove", "Take it back", id="rules.remove"),
    ]

    def __init__(self, transfer: str) -> None:
        super().__init__()
        self._transfer = transfer
        self._rules: list[RuleRow] | None = None
        self._figures: ChoiceLook | None = None
        self._is_applying = False
        self._part = 0.0
        self._note = ""
        self._ticks = 0

    def body(self) -> ComposeResult:
        yield Painted(id="figures")
        yield Painted(id="gap", classes="gap")
        yield Rows(id="rows", pick="", empty=["Reading…"])
        yield Painted(id="one")

    def on_mount(self) -> None:
        self._draw()

    def look(self) -> None:
        if self._ticks % _TICKS == 0:
            choosing = self.owner.source.choosing
            self.read("choice", partial(choosing.look, self._transfer), self._take_look)
            if not self._is_applying:
                self._load()
        self._ticks += 1
        if self._is_applying:
            self._tell()

    def _hear(self, part: float) -> None:
        """Called in the thread that applies the rules."""
        self._part = part

    def _load(self) -> None:
        call = partial(self.owner.source.choosing.rules, self._transfer)
        self.read("rules", call, self._take_rules)

    def _take_look(self, look: ChoiceLook) -> None:
        self._figures = look
        self._draw()

    def _take_rules(self, rules: list[RuleRow]) -> None:
        self._rules = rules
        self._draw()
        self.refresh_bindings()

    # Drawing ------------------------------------------------------------------------------

    def _draw(self) -> None:
        n = len(self._rules or ())
        state = line((figures.count(n, "rule") if n else "no rules", "$muted"))
        if self._is_applying:
            state = line(("● applying", "$key"))
        self.crumbs.say(["eucaim-transfer", plain(self._transfer), "Selection", "Rules"], state)
        choice = self._figures.choice if self._figures else None
        self.query_one("#figures", Painted).show(partial(draw_choice, choice))
        rows = [
            Row(str(row.rule.id), partial(_draw_rule, row, number))
            for number, row in enumerate(self._rules or (), 1)
        ]
        empty = ["Reading…"] if self._rules is None else ["Without a rule everything goes."]
        self.query_one("#rows", Rows).show(rows, empty)
        self._tell()

    def _tell(self) -> None:
        self.query_one("#one", Painted).show(partial(_draw_whole, self._row()))
        self.now.say(self._now())

    def _now(self) -> Now:
        if self._rules is None:
            return Now("Reading the rules…", "[Esc] goes back.")
        if self._is_applying:
            part = self._part
            told = f"Applying the rules, {figures.percent(part)}; the figures above follow."
            if part >= 1:
                told = "The rules are applied; everything is judged again."
            return Now(told, "You may go back with [Esc]: it goes on.")
        if self._note:
            return Now(self._note, "[a] adds a rule.   [d] takes one back.", "bold $warn")
        if self._figures and self._figures.is_held:
            return Now(
                "A runner is at work: rules can be changed once it has ended.", "[Esc] goes back."
            )
        if not self._rules:
            return Now("There is no rule: everything that was read goes.", "[a] adds one.")
        return Now(
            "The last rule that fits decides, from top to bottom.",
            "[a] adds one at the end.   [d] takes back the one at the cursor.",
        )

    def _row(self) -> RuleRow | None:
        key = self.query_one("#rows", Rows).key
        return next((row for row in self._rules or () if str(row.rule.id) == key), None)

    # Keys ---------------------------------------------------------------------------------

    @on(Rows.Reached)
    def _reached(self) -> None:
        self._tell()
        self.refresh_bindings()

    @work(exclusive=True, group="question")
    async def action_add(self) -> None:
        choices = [(str(number), kind.text) for number, kind in enumerate(KINDS)]
        picked = await self.app.push_screen_wait(Pick("What goes?", [], choices))
        if picked is None:
            return
        kind = KINDS[int(picked)]
        value: str | None = kind.value
        if kind.question:
            ask = Ask(kind.question, [kind.hint] if kind.hint else [], check=partial(check, kind))
            value = await self.app.push_screen_wait(ask)
        if value is None:
            return
        choosing = self.owner.source.choosing
        call = partial(choosing.add, self._transfer, kind.action, kind.subject, value, self._hear)
        self._act(call, self._added)

    @work(exclusive=True, group="question")
    async def action_remove(self) -> None:
        row = self._row()
        if row is None:
            return
        sure = await self.app.push_screen_wait(
            Question(
                "Take this rule back?",
                [rule_text(row), "The others decide then; nothing is sent by it."],
                no="Keep it",
                yes="Take it back",
            )
        )
        if sure:
            choosing = self.owner.source.choosing
            rule = row.rule.id
            self._act(partial(choosing.remove, self._transfer, rule, self._hear), self._removed)

    def _act(self, call: partial[RuleRow] | partial[bool], arrived: object) -> None:
        if self._is_applying:
            return
        self._is_applying, self._note, self._part = True, "", 0.0
        self._draw()
        self.refresh_bindings()
        self.read("apply", call, arrived)  # type: ignore[arg-type]

    def _added(self, row: RuleRow) -> None:
        if row.unmatched:
            entries = figures.count(row.rule.items, "entry", "entries")
            self._note = f"{row.unmatched:,} of {entries} of the list match nothing here."
        self._done()

    def _removed(self, is_gone: bool) -> None:
        self._done()

    def _done(self) -> None:
        self._is_applying = False
        self._ticks = 0
        self._tick()

    def stumbled(self, kind: str, error: TransferError) -> None:
        if kind == "apply":
            self._done()
        super().stumbled(kind, error)

    def live_actions(self) -> frozenset[str]:
        return frozenset({"add", "remove"})

    def can(self, action: str) -> bool | None:
        if self._is_applying or self._rules is None:
            return False
        return action == "add" or bool(self._rules)


def check(kind: Kind, text: str) -> None:
    """Refuse what cannot be a value of that kind.

    Raises:
        UsageError: with what can.
    """
    if not text.strip():
        raise UsageError("This cannot stay empty.", "Write it, or press Esc.")
    if kind.subject == "study-date":
        dates_of(text)
    if kind.subject == "part":
        read_part(text)
    if kind.subject in LISTED:
        from pathlib import Path

        if not Path(text.strip().strip("'\"")).expanduser().is_file():
            raise UsageError("There is no such file.", "Type or paste its whole path.")


def rule_text(row: RuleRow) -> str:
    """A rule as a person says it."""
    rule = row.rule
    value = plain(rule.value)
    if rule.subject in LISTED:
        value = f"a list of {rule.items:,}"
    elif rule.subject == "finding" and rule.value == ANY:
        return f"{_ACTIONS[rule.action]} what a finding stands in the way of"
    if rule.subject == "key":
        value = value.replace(",", ", ")
    return " ".join(part for part in (_ACTIONS[rule.action], _NAMES[rule.subject], value) if part)


def _draw_rule(row: RuleRow, number: int, width: int) -> list[Content]:
    note = ""
    if row.unmatched:
        note = f"{row.unmatched:,} match nothing"
    elif row.rule.subject in ("finding", "key"):
        note = figures.count(row.rule.items, "key")
    return [
        line(
            cell(str(number), 3, "$muted", align="right"),
            "  ",
            cell(rule_text(row), max(10, width - 26)),
            " ",
            cell(note, 20, "$muted", align="right"),
        )
    ]


def _draw_whole(row: RuleRow | None, width: int) -> list[Content]:
    if row is None:
        return []
    rule = row.rule
    said = dotted(
        [
            (f"rule {rule.id}", "$muted"),
            (f"by {plain(rule.person)}, {rule.said_at_utc[:10]}" if rule.person else "", "$muted"),
            (plain(rule.reason), "$muted"),
        ]
    )
    return [Content(""), *wrapped(ink(rule_text(row), "bold"), width)[:3], said]

"""Each finding of one rule, a page at a time; Enter shows the header that it is about."""

from __future__ import annotations

from functools import partial
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content

from transfer.ledger.findings import Finding
from tui.findings import About, Group, Overview
from tui.screens.findings_acts import ActsPage
from tui.screens.findings_drawing import about_finding, draw_finding, noun_of, state_of
from tui.text import plain
from tui.widgets.chrome import Now
from tui.widgets.ink import line
from tui.widgets.painted import Painted
from tui.widgets.rows import Row, Rows

_PAGE = 100
_MORE, _LESS = "more", "less"
_TICKS = 8
_APART = "   "
# Beside "Enter shows each one." at 80 columns; each key stands in brackets that are not shown.
_KEYS_ROOM = 62


class RuleScreen(ActsPage):
    """The findings of a rule; the chosen one in full below, originals only when asked for."""

    CSS_PATH = "findings.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("i", "originals", "Original names", id="rule.originals"),
    ]

    def __init__(self, transfer: str, group: Group) -> None:
        super().__init__(transfer)
        self._group = group
        self._is_gone = False
        self._findings: list[Finding] | None = None
        self._abouts: dict[str, About] = {}
        self._offset = 0
        self._shows_originals = False
        self._ticks = 0

    def body(self) -> ComposeResult:
        yield Painted(id="summary")
        yield Rows(id="rows", pick="Header", empty=["Reading…"])
        yield Painted(id="one")

    def on_mount(self) -> None:
        self.draw()

    def on_screen_resume(self) -> None:
        self._ticks = 0

    def look(self) -> None:
        if self._ticks % _TICKS == 0 and not self.is_changing:
            self.load()
        self._ticks += 1

    def load(self) -> None:
        self.read(
            "overview", partial(self.owner.source.findings.overview, self._transfer), self._weigh
        )
        self.read(
            "findings",
            partial(
                self.owner.source.findings.page, self._transfer, self._group, _PAGE, self._offset
            ),
            self._take,
        )

    def _weigh(self, overview: Overview) -> None:
        found = [group for group in overview.groups if group.key == self._group.key]
        self._is_gone = not found
        self._group = found[0] if found else self._group
        self.draw()

    def _take(self, findings: list[Finding]) -> None:
        if not findings and self._offset:
            self._offset = max(0, self._offset - _PAGE)
            self.call_after_refresh(self.load)
        if findings != self._findings:
            self._abouts.clear()
        self._findings = findings
        self.draw()

    def draw(self) -> None:
        of = self._group.of
        n = 0 if self._is_gone else of.findings
        self.crumbs.say(
            ["eucaim-transfer", plain(self._transfer), "Findings", plain(of.rule)],
            state_of(of.severity, of.standing) if n else line(("✓ none left", "$good")),
        )
        told = noun_of(self._group.first.key, n)
        self.query_one("#summary", Painted).show(
            lambda width: [line((plain(self._group.title), "bold"), (f"  {told}", "$muted"))]
        )
        findings = self._findings or []
        rows = [
            Row(finding.key, partial(draw_finding, finding), opens=self._opens(finding))
            for finding in findings
        ]
        if self._offset:
            rows.insert(0, Row(_LESS, partial(_say, f"↑ before {self._offset + 1:,}: Enter")))
        if len(findings) == _PAGE and self._offset + _PAGE < of.findings:
            rows.append(Row(_MORE, partial(_say, "↓ more: Enter")))
        empty = ["Reading…"] if self._findings is None else ["Nothing of this is left."]
        self.show(rows, empty)
        self._tell()
        self.refresh_bindings()

    def _opens(self, finding: Finding) -> bool:
        return any(
            key[:1] in ("P", "S", "E", "I", "F") and key[1:].isdecimal()
            for key in (finding.key, finding.example)
        )

    def _tell(self) -> None:
        finding = self.chosen_finding()
        about = self._abouts.get(finding.key) if finding else None
        self.query_one("#one", Painted).show(
            partial(about_finding, finding, about, self._transfer, self._shows_originals)
        )
        self.now.say(self._now(finding))
        if finding is not None and about is None:
            self._look_behind(finding)

    def _look_behind(self, finding: Finding) -> None:
        def take(about: About) -> None:
            self._abouts[finding.key] = about
            self._tell()

        self.read("about", partial(self.owner.source.findings.about, self._transfer, finding), take)

    def _now(self, finding: Finding | None) -> Now:
        if self._findings is None:
            return Now("Reading the findings…", "[Esc] goes back.")
        if self.is_changing:
            return Now("Everything is judged again…", "Please wait a moment.")
        if finding is None:
            return Now(self.done or "Nothing of this is left.", "[Esc] goes back to the rules.")
        masked = "[i] hides the names." if self._shows_originals else "[i] shows original names."
        look = "[Enter] shows a header.   [p] draws a picture.   " if self._opens(finding) else ""
        return Now(self.done or what_now(self._group), f"{look}{masked}")

    def chosen_group(self) -> Group | None:
        return None if self._is_gone else self._group

    def chosen_finding(self) -> Finding | None:
        key = self.query_one("#rows", Rows).key
        return next((one for one in self._findings or () if one.key == key), None)

    @on(Rows.Reached)
    def _reached(self, event: Rows.Reached) -> None:
        if event.key != self.drawn_at:
            self.done = ""
        self._tell()
        self.refresh_bindings()

    @on(Rows.Picked)
    def _picked(self, event: Rows.Picked) -> None:
        if event.key in (_MORE, _LESS):
            self._offset = max(0, self._offset + (_PAGE if event.key == _MORE else -_PAGE))
            self.query_one("#rows", Rows).action_edge(0)
            self.load()
            return
        self.open_header()

    def action_originals(self) -> None:
        self._shows_originals = not self._shows_originals
        self._tell()


def what_now(group: Group) -> str:
    """What is asked of the operator about a rule, in a sentence."""
    if not group.is_open:
        return "This asks for nothing any more."
    if group.of.severity == "ask":
        return "A named person answers this once; until then nothing is sent."
    if group.of.severity == "block":
        return "Nothing is sent while this stands."
    if group.of.severity == "warn":
        return "This stops nothing; it is worth a look."
    return "This is good to know; nothing has to be done."


def keys_now(page: ActsPage) -> str:
    """The keys that help with what is chosen, for the strip above the keys."""
    words = {
        "answer": "[a] answers.",
        "mend": "[m] mends.",
        "waive": "[w] waives.",
        "exclude": "[x] leaves out.",
        "export": "[e] exports.",
    }
    found = ""
    for action, text in words.items():
        if page.can(action) and len(found) + len(text) + len(_APART) <= _KEYS_ROOM:
            found += f"{_APART}{text}"
    return found


def _say(text: str, width: int) -> list[Content]:
    return [line((text, "$muted"))]

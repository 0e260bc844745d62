"""What was found about one patient, Study or Series and all that lies below it."""

from __future__ import annotations

from functools import partial

from textual import on
from textual.app import ComposeResult
from textual.content import Content

from transfer.ledger.branches import Place
from transfer.ledger.findings import Finding
from tui import figures
from tui.choosing import FOUND
from tui.page import Page
from tui.screens.findings_drawing import about_finding, state_of
from tui.text import plain
from tui.widgets.chrome import Now
from tui.widgets.ink import cell, line
from tui.widgets.painted import Painted
from tui.widgets.rows import Row, Rows

_STATE, _RULE, _KEY = 11, 9, 8


class FoundScreen(Page):
    """The open findings of one object, the worst first; Enter shows the header they are about."""

    CSS_PATH = "selection.tcss"

    def __init__(self, transfer: str, place: Place) -> None:
        super().__init__()
        self._transfer = transfer
        self._place = place
        self._findings: list[Finding] | None = None

    def body(self) -> ComposeResult:
        yield Rows(id="rows", pick="Header", empty=["Reading…"])
        yield Painted(id="one")

    def on_mount(self) -> None:
        self._draw()
        call = partial(self.owner.source.choosing.found, self._transfer, self._place)
        self.read("found", call, self._take)

    def _take(self, findings: list[Finding]) -> None:
        self._findings = findings
        self._draw()

    def _draw(self) -> None:
        found = self._findings or []
        told = figures.count(len(found), "finding")
        if len(found) == FOUND:
            told = f"the first {FOUND} findings"
        self.crumbs.say(
            [
                "eucaim-transfer",
                plain(self._transfer),
                "Selection",
                f"Findings of {self._place.key}",
            ],
            line((told if self._findings is not None else "", "$muted")),
        )
        rows = [
            Row(str(number), partial(_draw, finding), opens=_opens(finding))
            for number, finding in enumerate(found)
        ]
        empty = ["Reading…"] if self._findings is None else ["Nothing was found here."]
        self.query_one("#rows", Rows).show(rows, empty)
        self._tell()

    def _tell(self) -> None:
        finding = self._finding()
        self.query_one("#one", Painted).show(
            partial(about_finding, finding, None, self._transfer, False)
        )
        self.now.say(self._now(finding))

    def _now(self, finding: Finding | None) -> Now:
        if self._findings is None:
            return Now("Reading the findings…", "[Esc] goes back.")
        if finding is None:
            return Now("Nothing stands open about this.", "[Esc] goes back to the tree.")
        look = "[Enter] shows the header.   " if _opens(finding) else ""
        return Now(
            "These stand open about it and about what lies below it.",
            f"{look}What can be done: [Esc], [Esc], then [c], findings.",
        )

    def _finding(self) -> Finding | None:
        key = self.query_one("#rows", Rows).key
        return self._findings[int(key)] if self._findings and key else None

    @on(Rows.Reached)
    def _reached(self) -> None:
        self._tell()

    @on(Rows.Picked)
    def _picked(self) -> None:
        finding = self._finding()
        if finding is not None:
            looks = self.owner.source.looks
            call = partial(looks.example, self._transfer, finding.key, finding.example)
            self.read("example", call, self._open)

    def _open(self, key: str | None) -> None:
        from tui.screens.header import OutlineScreen

        if key is not None:
            self.app.push_screen(OutlineScreen(self._transfer, key))


def _opens(finding: Finding) -> bool:
    return any(
        key[:1] in ("P", "S", "E", "I", "F") and key[1:].isdecimal()
        for key in (finding.key, finding.example)
    )


def _draw(finding: Finding, width: int) -> list[Content]:
    return [
        line(
            cell(state_of(finding.severity, finding.standing), _STATE),
            cell(plain(finding.rule), _RULE),
            cell(plain(finding.key), _KEY, "$muted"),
            cell(plain(finding.message), max(8, width - _STATE - _RULE - _KEY)),
        )
    ]

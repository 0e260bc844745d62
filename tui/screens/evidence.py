"""The evidence of a transfer: its report, the digest that proves it, and the sentence for it."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import ClassVar, Final

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll

from transfer.errors import TransferError
from tui.evidence import Evidence, Standing, Writing
from tui.page import Page
from tui.screens.evidence_drawing import draw_digest, draw_facts, draw_progress, evidence_now
from tui.screens.question import Ask
from tui.text import plain
from tui.typed import path_of, refuse_relative
from tui.widgets.failure import FailurePanel
from tui.widgets.ink import ink
from tui.widgets.link import copy
from tui.widgets.painted import Painted

_LOOK_TICKS: Final = 8


class EvidenceScreen(Page):
    """Before: what a report is. While it is written: how far it is. After: the digest."""

    CSS_PATH = "evidence.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("w", "write", "Write", id="evidence.write"),
        Binding("c", "copy", "Copy", id="evidence.copy", tooltip="Copy the ticket's sentence"),
        Binding("v", "verify", "Prove", id="evidence.verify", tooltip="Prove a copy of a report"),
        Binding("o", "elsewhere", "Elsewhere", id="evidence.elsewhere",
                tooltip="Write it into another folder"),
        Binding("t", "ticket", "Ticket", id="evidence.ticket"),
    ]  # fmt: skip

    def __init__(self, transfer: str) -> None:
        super().__init__()
        self._transfer = transfer
        self._standing: Standing | None = None
        self._shown: Writing | None = None
        self._ticks = 0

    @property
    def _engine(self) -> Evidence:
        return self.owner.source.evidence

    def body(self) -> ComposeResult:
        yield FailurePanel()
        yield Painted(id="facts")
        with VerticalScroll(id="rest"):
            yield Painted(id="digest")

    def on_mount(self) -> None:
        self._draw()

    def on_screen_resume(self) -> None:
        self._ticks = 0

    def legend(self) -> tuple[str, list[tuple[str, str]]]:
        return "How the report stands", [
            ("○ not written", "there is no report of this transfer yet"),
            ("● writing", "it is being written; it goes on when you go back"),
            ("✓ written", "it is as it was made, and nothing happened since"),
            ("! not of now", "something happened since, or the folder is another"),
        ]

    # Reading ------------------------------------------------------------------------------

    def look(self) -> None:
        writing = self._engine.writing(self._transfer)
        is_new = writing is not None and writing.is_over and writing is not self._shown
        if is_new and writing is not None:
            self._shown = writing
            self._say_failure(writing)
        if self._ticks % _LOOK_TICKS == 0 or is_new:
            call = partial(self._engine.look, self._transfer)
            self.read("evidence", call, self._take, anew=is_new)
        self._ticks += 1
        if writing is not None and not writing.is_over:
            self._draw()

    def _say_failure(self, writing: Writing) -> None:
        error, panel = writing.failure, self.query_one(FailurePanel)
        if error is None:
            panel.say(None)
        elif isinstance(error, TransferError):
            panel.say(self.told(error, "No report was written, and nothing was handed out."))
        else:
            raise error

    def _take(self, standing: Standing) -> None:
        self._standing = standing
        self._draw()

    def stumbled(self, kind: str, error: TransferError) -> None:
        if kind != "evidence":
            super().stumbled(kind, error)
            return
        self.query_one(FailurePanel).say(self.told(error))

    # Drawing ------------------------------------------------------------------------------

    @property
    def _is_writing(self) -> bool:
        writing = self._engine.writing(self._transfer)
        return writing is not None and not writing.is_over

    def _draw(self) -> None:
        standing, writing = self._standing, self._engine.writing(self._transfer)
        state = None
        if self._is_writing:
            state = ink("● writing", "$key")
        elif standing is not None:
            state = ink("○ not written", "$muted")
            if standing.newest is not None:
                is_good = standing.is_there and not standing.is_older
                state = ink("✓ written", "$good") if is_good else ink("! not of now", "$warn")
        self.crumbs.say(["eucaim-transfer", plain(self._transfer), "Evidence"], state)
        self.query_one("#facts", Painted).show(partial(draw_facts, standing))
        digest = self.query_one("#digest", Painted)
        if writing is not None and not writing.is_over:
            digest.show(partial(draw_progress, writing.shot(), writing.seconds))
        else:
            digest.show(partial(draw_digest, standing))
        self.now.say(evidence_now(standing, writing))
        self.refresh_bindings()

    # Acting -------------------------------------------------------------------------------

    def action_write(self) -> None:
        self._begin(None)

    def _begin(self, folder: Path | None) -> None:
        self.query_one(FailurePanel).say(None)
        self._engine.begin(self._transfer, folder)
        self._draw()

    @work(exclusive=True, group="question")
    async def action_elsewhere(self) -> None:
        text = await self.app.push_screen_wait(
            Ask(
                "Write the report into which folder?",
                ["A new folder, an empty one, or that of an earlier report of this transfer."],
                value=str(self.owner.source.start_folder() / f"report-{self._transfer}"),
                check=refuse_relative,
            )
        )
        if text:
            self._begin(path_of(text))

    def action_copy(self) -> None:
        if self._standing is not None and self._standing.sentence:
            copy(self.app, self._standing.sentence, "The sentence")

    def action_verify(self) -> None:
        from tui.screens.evidence_verify import VerifyPage

        standing = self._standing
        self.app.push_screen(VerifyPage(standing.folder if standing else Path()))

    def action_ticket(self) -> None:
        from tui.screens.steps import ticket_screen

        self.app.push_screen(ticket_screen(self._transfer, ""))

    def live_actions(self) -> frozenset[str]:
        return frozenset({"write", "elsewhere", "copy", "ticket"})

    def can(self, action: str) -> bool | None:
        if action in ("write", "elsewhere"):
            return self._standing is not None and not self._is_writing
        has_report = self._standing is not None and self._standing.newest is not None
        return has_report and not self._is_writing

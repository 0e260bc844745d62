"""The rehearsal of a transfer: what it takes, how far it is, and how the last one ended."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import ClassVar, Final

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content

from transfer.errors import TransferError, UsageError
from tui.page import Page
from tui.rehearsals import Rehearsals, Rehearsing, Standing
from tui.screens.question import Ask
from tui.screens.rehearsal_drawing import draw_end, draw_facts, draw_progress, rehearsal_now
from tui.text import plain
from tui.widgets.failure import FailurePanel
from tui.widgets.ink import ink
from tui.widgets.painted import Painted

_LOOK_TICKS: Final = 8
_MOST_PATIENTS: Final = 10_000_000


class RehearsalScreen(Page):
    """Before: what a rehearsal is and takes. While it runs: its lines. After: how it ended."""

    CSS_PATH = "rehearsal.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("r", "rehearse", "Rehearse", id="rehearsal.rehearse"),
        Binding("n", "some", "Some patients", id="rehearsal.some",
                tooltip="Only the first patients take part"),
        Binding("x", "stop", "Stop", id="rehearsal.stop"),
    ]  # fmt: skip
    COMMAND_KEYS: ClassVar[Mapping[str, str]] = {"rehearse": "r", "rehearse --patients": "n"}

    def __init__(self, transfer: str) -> None:
        super().__init__()
        self._transfer = transfer
        self._standing: Standing | None = None
        self._shown: Rehearsing | None = None
        self._ticks = 0

    @property
    def _engine(self) -> Rehearsals:
        return self.owner.source.rehearsals

    @property
    def _latest(self) -> Rehearsing | None:
        return self._engine.running(self._transfer)

    @property
    def _is_running(self) -> bool:
        running = self._latest
        return running is not None and not running.is_over

    def body(self) -> ComposeResult:
        yield FailurePanel()
        yield Painted(id="facts")
        with VerticalScroll(id="rest"):
            yield Painted(id="lines")

    def on_mount(self) -> None:
        self._draw()

    def on_screen_resume(self) -> None:
        self._ticks = 0

    def legend(self) -> tuple[str, list[tuple[str, str]]]:
        return "How the rehearsal stands", [
            ("○ not rehearsed", "none came to its end yet"),
            ("● rehearsing", "it runs; it goes on when you go back"),
            ("✓ rehearsed", "one came to its end; the report is compared with it"),
            ("! stopped", "the last one was stopped, or stopped at a step"),
        ]

    # Reading ------------------------------------------------------------------------------

    def look(self) -> None:
        running = self._latest
        is_new = running is not None and running.is_over and running is not self._shown
        if is_new and running is not None:
            self._shown = running
            self._say_failure(running.failure)
        # While it runs the transfer does not change by it, and is refused for nothing new.
        if is_new or (self._ticks % _LOOK_TICKS == 0 and not self._is_running):
            self.read(
                "rehearsal", partial(self._engine.look, self._transfer), self._take, anew=is_new
            )
        self._ticks += 1
        if self._is_running:
            self._draw()

    def _say_failure(self, error: Exception | None) -> None:
        panel = self.query_one(FailurePanel)
        if error is None:
            panel.say(None)
        elif isinstance(error, TransferError):
            panel.say(self.told(error, "Nothing was rehearsed, and nothing has gone."))
        else:
            raise error

    def _take(self, standing: Standing) -> None:
        self._standing = standing
        if standing.refusal is not None and not self._is_running:
            data = "Nothing was rehearsed; the transfer is as it was."
            self.query_one(FailurePanel).say(self.told(standing.refusal, data))
        self._draw()

    def stumbled(self, kind: str, error: TransferError) -> None:
        if kind != "rehearsal":
            super().stumbled(kind, error)
            return
        self.query_one(FailurePanel).say(self.told(error))

    # Drawing ------------------------------------------------------------------------------

    def _draw(self) -> None:
        standing, running = self._standing, self._latest
        self.crumbs.say(["eucaim-transfer", plain(self._transfer), "Rehearsal"], self._state())
        self.query_one("#facts", Painted).show(partial(draw_facts, standing, running))
        self.query_one("#lines", Painted).show(partial(self._lines, running))
        self.now.say(rehearsal_now(standing, running))
        if self._is_running:
            self.query_one("#rest", VerticalScroll).scroll_end(animate=False)
        elif running is not None and running is not self._shown:
            self.query_one("#rest", VerticalScroll).scroll_home(animate=False)
        self.refresh_bindings()

    def _lines(self, running: Rehearsing | None, width: int) -> list[Content]:
        if running is None:
            return []
        remedy = self.remedy_here(running.done.remedy) if running.done else ""
        end = draw_end(running, remedy, width) if running.is_over else []
        return [*end, *draw_progress(running, width)]

    def _state(self) -> Content | None:
        standing, running = self._standing, self._latest
        if running is not None and not running.is_over:
            return ink("● rehearsing", "$key")
        if running is not None and (running.done is None or running.done.code):
            return ink("! stopped", "$warn")
        if standing is None:
            return None
        if standing.last is None:
            return ink("○ not rehearsed", "$muted")
        return ink("✓ rehearsed", "$good")

    # Acting -------------------------------------------------------------------------------

    def action_rehearse(self) -> None:
        self._begin(0)

    def _begin(self, patients: int) -> None:
        self.query_one(FailurePanel).say(None)
        self._engine.begin(self._transfer, patients)
        self._draw()

    @work(exclusive=True, group="question")
    async def action_some(self) -> None:
        text = await self.app.push_screen_wait(
            Ask(
                "How many patients take part?",
                ["The first so many of the transfer. The numbers of the report say so."],
                value="10",
                check=_patients,
            )
        )
        if text:
            self._begin(_patients(text))

    def action_stop(self) -> None:
        self._engine.stop(self._transfer)
        self._draw()

    def live_actions(self) -> frozenset[str]:
        return frozenset({"rehearse", "some", "stop"})

    def can(self, action: str) -> bool | None:
        running = self._latest
        if action == "stop":
            return running is not None and not running.is_over and not running.stop.is_set()
        is_free = self._standing is not None and not self._is_running
        return is_free and self._standing is not None and self._standing.refusal is None


def _patients(text: str) -> int:
    cleaned = text.strip()
    is_number = cleaned.isascii() and cleaned.isdigit() and len(cleaned) < len(str(_MOST_PATIENTS))
    if not is_number or not int(cleaned):
        raise UsageError("That is no number of patients.", "Type 1 or more.")
    return int(cleaned)

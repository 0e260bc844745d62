"""The end of retention: originals, key and copies go, the evidence stays."""

from __future__ import annotations

import datetime as dt
from functools import partial
from typing import ClassVar, Final

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll

from transfer.errors import TransferError, UsageError
from transfer.legal import texts
from tui.page import Page
from tui.purging import End, Purging, Removal, refuse_other_name
from tui.screens.pick import Pick
from tui.screens.purge_drawing import draw_done, draw_end, draw_removal, purge_now
from tui.screens.question import Ask
from tui.text import plain
from tui.widgets.failure import FailurePanel
from tui.widgets.ink import ink
from tui.widgets.painted import Painted

_LOOK_TICKS: Final = 8
_LEAVE, _REMOVE, _KEEP = "leave", "remove", "keep"


class PurgeScreen(Page):
    """Before: what goes and what stays. While it goes on: how far it is. After: what is left."""

    CSS_PATH = "purge.tcss"
    AUTO_FOCUS = "#rest"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("d", "due", "Due", id="purge.due", tooltip="Record the day of the removal"),
        Binding("x", "purge", "Remove", id="purge.purge", tooltip="Remove originals and key"),
    ]

    def __init__(self, transfer: str) -> None:
        super().__init__()
        self._transfer = transfer
        self._end: End | None = None
        self._shown: Removal | None = None
        self._ticks = 0

    @property
    def _engine(self) -> Purging:
        return self.owner.source.purging

    def body(self) -> ComposeResult:
        yield FailurePanel()
        with VerticalScroll(id="rest"):
            yield Painted(id="end")

    def on_mount(self) -> None:
        self._draw()

    def on_screen_resume(self) -> None:
        self._ticks = 0

    # Reading ------------------------------------------------------------------------------

    def look(self) -> None:
        removal = self._engine.removal(self._transfer)
        if removal is not None and not removal.is_over:
            # The ledger is written anew at the end, for which nobody may read in it.
            self._draw()
            return
        is_new = removal is not None and removal is not self._shown
        if is_new and removal is not None:
            self._shown = removal
            self._say_failure(removal)
        if self._ticks % _LOOK_TICKS == 0 or is_new:
            look = partial(self._engine.look, self._transfer)
            self.read("end", look, self._take, anew=is_new)
        self._ticks += 1

    def _say_failure(self, removal: Removal) -> None:
        error, panel = removal.failure, self.query_one(FailurePanel)
        if error is None:
            panel.say(None)
        elif isinstance(error, TransferError):
            panel.say(self.told(error, "The evidence is not affected."))
        else:
            raise error

    def _take(self, end: End) -> None:
        self._end = end
        self._draw()

    def stumbled(self, kind: str, error: TransferError) -> None:
        if kind != "end":
            super().stumbled(kind, error)
            return
        self.query_one(FailurePanel).say(self.told(error))

    # Drawing ------------------------------------------------------------------------------

    def _draw(self) -> None:
        end, removal = self._end, self._engine.removal(self._transfer)
        is_running = removal is not None and not removal.is_over
        state = None
        if is_running:
            state = ink("● removing", "$warn")
        elif end is not None and end.retention.is_done:
            state = ink("✓ removed", "$good")
        elif end is not None and end.retention.is_begun:
            state = ink("! interrupted", "$warn")
        self.crumbs.say(["eucaim-transfer", plain(self._transfer), "End of retention"], state)
        body = self.query_one("#end", Painted)
        if removal is not None and not removal.is_over:
            body.show(partial(draw_removal, Removal(removal.stage)))
        elif end is not None and end.retention.is_done:
            body.show(partial(draw_done, end, removal))
        else:
            body.show(partial(draw_end, end))
        self.now.say(purge_now(end, removal))
        self.refresh_bindings()

    # Acting -------------------------------------------------------------------------------

    @work(exclusive=True, group="question")
    async def action_due(self) -> None:
        end = self._end
        if end is None:
            return
        text = await self.app.push_screen_wait(
            Ask(
                "On which day are originals to be removed?",
                ["Like 2036-12-31. Empty: no day any more. Nothing is removed by itself; the lists"
                 " remind of it."],
                value=end.retention.due_day,
                check=_day,
            )
        )  # fmt: skip
        person = await self._ask_person("Who says so?") if text is not None else None
        if text is not None and person is not None:
            call = partial(self._engine.keep_due, self._transfer, _day(text), person)
            self.read("due", call, lambda _: self._look_again())

    def _look_again(self) -> None:
        self.read("end", partial(self._engine.look, self._transfer), self._take, anew=True)

    @work(exclusive=True, group="question")
    async def action_purge(self) -> None:
        end = self._end
        if end is None or (end.unfinished and not await self._asks_too_early(end)):
            return
        keeps_names = await self._asks_names(end)
        if keeps_names is None:
            return
        person, typed = self._engine.person, self._transfer
        if not end.retention.is_begun:
            person = await self._ask_person("Who answers for it?") or ""
            given = await self._ask_name() if person else None
            if given is None:
                return
            typed = given
        self.query_one(FailurePanel).say(None)
        self._engine.begin(
            self._transfer,
            typed,
            person,
            even_unfinished=bool(end.unfinished),
            keeps_names=keeps_names,
        )
        self._draw()

    async def _asks_too_early(self, end: End) -> bool:
        return (
            await self.app.push_screen_wait(
                Pick(
                    "Originals are still needed",
                    [*end.unfinished, "What is not there yet can never be sent afterwards."],
                    [
                        (_LEAVE, "Leave them"),
                        (_REMOVE, "It stays as it is: remove them all the same"),
                    ],
                )
            )
            == _REMOVE
        )

    async def _asks_names(self, end: End) -> bool | None:
        """Whether names on the node are kept; None when the operator went back."""
        if end.retention.is_begun or not end.may_keep_names:
            return end.may_keep_names
        word = await self.app.push_screen_wait(
            Pick(
                "What of the names on the node?",
                ["With them a withdrawal by pseudonym can still be answered."],
                [(_KEEP, "They stay"), (_REMOVE, "Remove them too: no withdrawal can be answered")],
            )
        )
        return None if word is None else word == _KEEP

    async def _ask_name(self) -> str | None:
        return await self.app.push_screen_wait(
            Ask(
                "Remove the originals for good?",
                [
                    "Original identifiers, the cohort's key and every copy here are removed. This"
                    " cannot be taken back, and it is not stopped once it has begun.",
                    f"To go on, type the transfer's name: {self._transfer}",
                ],
                check=partial(refuse_other_name, self._transfer),
            )
        )

    async def _ask_person(self, question: str) -> str | None:
        person = await self.app.push_screen_wait(
            Ask(
                question,
                ["First and last name of the person."],
                value=self._engine.person,
                check=_person,
            )
        )
        return person.strip() if person else None

    def live_actions(self) -> frozenset[str]:
        return frozenset({"due", "purge"})

    def can(self, action: str) -> bool | None:
        end, removal = self._end, self._engine.removal(self._transfer)
        if end is None or end.retention.is_done or (removal is not None and not removal.is_over):
            return False
        return action == "purge" or not end.retention.is_begun


def _day(text: str) -> dt.date | None:
    try:
        return dt.date.fromisoformat(text.strip()) if text.strip() else None
    except ValueError:
        raise UsageError("That is no date.", "Write it as 2036-12-31.") from None


def _person(text: str) -> None:
    try:
        if not texts.person(text):
            raise ValueError("is missing")
    except ValueError as error:
        raise UsageError(f"The name {error}.", "Type it anew, or press Esc.") from None

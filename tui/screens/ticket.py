"""Step 6: the ticket. Its fields, the text that they become, and what became of it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, VerticalScroll

from transfer.errors import TransferError
from transfer.ledger.telling import Told
from transfer.ledger.tickets import STEP, TicketState
from transfer.values import StepState
from tui import words
from tui.page import Page
from tui.screens.pick import Note, Pick
from tui.screens.ticket_asking import (
    ask_answer,
    ask_by_hand,
    ask_field,
    ask_file,
    ask_not_needed,
    ask_person,
    ask_report,
)
from tui.screens.ticket_drawing import (
    draw_about,
    draw_field,
    draw_text,
    standing_word,
    ticket_now,
    told_sentences,
)
from tui.text import plain
from tui.ticketing import Desk, Ticketing
from tui.widgets.chrome import Now
from tui.widgets.failure import FailurePanel, Trouble
from tui.widgets.link import copy
from tui.widgets.painted import Painted
from tui.widgets.rows import Row, Rows

_LOOK_TICKS = 8


class TicketScreen(Page):
    """One case of a transfer's tickets; without a case that of step 6."""

    CSS_PATH = "ticket.tcss"
    AUTO_FOCUS = "#fields"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("s", "send", "Send", id="ticket.send"),
        Binding("n", "number", "Number", id="ticket.number"),
        Binding("c", "copy", "Copy", id="ticket.copy"),
        Binding("w", "save", "Save", id="ticket.save"),
        Binding("f", "refresh", "Ask again", id="ticket.refresh"),
        Binding("a", "answer", "Answer", id="ticket.answer"),
        Binding("k", "case", "Other ticket", id="ticket.case"),
        Binding("x", "not_needed", "Not needed", id="ticket.not-needed"),
    ]

    def __init__(self, transfer: str, case: str = "") -> None:
        super().__init__()
        self._transfer = transfer
        self._case = case
        self._desk: Desk | None = None
        self._told: list[Told] = []
        self._searched: object = None
        self._is_busy = ""
        self._ticks = 0

    def body(self) -> ComposeResult:
        yield FailurePanel()
        yield Painted(id="about")
        with Container(id="split"):
            yield Rows(id="fields", pick="Fill in", empty=["Reading…"])
            with VerticalScroll(id="text"):
                yield Painted(id="preview")

    def on_mount(self) -> None:
        self._draw()

    def on_screen_resume(self) -> None:
        self._ticks = 0

    @property
    def _engine(self) -> Ticketing:
        return self.owner.source.ticketing

    def look(self) -> None:
        if self._ticks % _LOOK_TICKS == 0 and not self._is_busy:
            self._read_desk()
        self._ticks += 1

    def _read_desk(self, *, anew: bool = False) -> None:
        look = partial(self._engine.look, self._transfer, self._case, searches=False)
        self.read("desk", look, partial(self._take, self._case), anew=anew)

    def _take(self, case: str, desk: Desk) -> None:
        if case != self._case:
            self._look_again()
            return
        self._desk = desk
        self.query_one(FailurePanel).say(None)
        self._search(desk)
        self._draw()

    def _search(self, desk: Desk) -> None:
        """Look for patients in what is filled in, unless that very text was looked through."""
        looked_for = (desk.case.key, tuple(desk.values.items()))
        if looked_for != self._searched:
            # A large cohort takes some seconds; the screen does not wait for it.
            search = partial(self._engine.search, desk)
            self.read("told", search, partial(self._take_told, looked_for))

    def _take_told(self, looked_for: object, told: list[Told]) -> None:
        self._searched, self._told = looked_for, told
        if self._desk is not None:
            # More may have been filled in meanwhile.
            self._search(self._desk)
        self._draw()

    def stumbled(self, kind: str, error: TransferError) -> None:
        self._is_busy = ""
        if kind != "desk":
            super().stumbled(kind, error)
            self._look_again()
            return
        self.query_one(FailurePanel).say(
            Trouble(error.what, words.means_for_data(error), error.remedy)
        )
        self.query_one("#fields", Rows).show([], empty=[""])
        self.now.say(Now("The ticket cannot be shown.", "[Esc] goes back."))

    def legend(self) -> tuple[str, list[tuple[str, str]]]:
        return "What stands before a field", [
            ("✓", "filled in; it may go"),
            ("○", "needed and still missing"),
            ("✗", "not of its form, or it tells of a patient: nothing goes"),
            ("·", "may stay empty"),
        ]

    # Drawing ------------------------------------------------------------------------------

    @property
    def _is_searching(self) -> bool:
        desk = self._desk
        return desk is not None and self._searched != (desk.case.key, tuple(desk.values.items()))

    def _draw(self) -> None:
        desk = self._desk
        state = words.standing_of(standing_word(desk)) if desk else None
        self.crumbs.say(["eucaim-transfer", plain(self._transfer), "Ticket"], state)
        if desk is None:
            self.now.say(Now("Looking at the ticket…", "[Esc] goes back."))
            return
        # What came back counts more than what was filled in.
        self.set_class(desk.is_out, "-out")
        now = self.owner.source.now()
        self.query_one("#about", Painted).show(partial(draw_about, desk, now))
        faults = {fault.key: fault.sentence for fault in desk.faults}
        told = {one.where: str(one.kind) for one in self._told}
        is_done = standing_word(desk) == "done"
        rows = [
            Row(
                field.key,
                partial(
                    draw_field,
                    field,
                    desk.values.get(field.key, ""),
                    faults.get(field.key, ""),
                    told.get(field.label, ""),
                    field.key in desk.proposed,
                ),
                # What was sent stays as it was sent.
                opens=not desk.is_out and not is_done,
            )
            for field in desk.case.fields
        ]
        self.query_one("#fields", Rows).show(rows)
        self.query_one("#preview", Painted).show(partial(draw_text, desk))
        self._tell()
        self.refresh_bindings()

    @on(Rows.Reached, "#fields")
    def _tell(self) -> None:
        desk = self._desk
        if desk is None:
            return
        if self._is_busy:
            self.now.say(Now(self._is_busy, "[Esc] goes back."))
            return
        field = self.query_one("#fields", Rows).key or ""
        said, now = told_sentences(self._told), self.owner.source.now()
        self.now.say(ticket_now(desk, said, now, field=field, searches=self._is_searching))

    # Acting -------------------------------------------------------------------------------

    def _act(self, busy: str, call: Callable[[], object]) -> None:
        """Do something to the ticket, then look again. What fails is said in the one way."""
        if self._is_busy:
            return
        self._is_busy = busy
        self._draw()
        self.read("act", call, self._acted)

    def _acted(self, done: object) -> None:
        self._is_busy = ""
        self._look_again()

    def _look_again(self) -> None:
        self._read_desk(anew=True)

    @on(Rows.Picked, "#fields")
    def _fill_in(self, event: Rows.Picked) -> None:
        self._ask_for(event.key)

    @work(exclusive=True, group="question")
    async def _ask_for(self, key: str) -> None:
        desk = self._desk
        field = desk.case.field(key) if desk else None
        if desk is None or field is None:
            return
        value = await ask_field(self, field, desk.values.get(key, ""))
        if value is not None:
            fill_in = partial(self._engine.fill_in, self._transfer, desk.case.key, {key: value})
            self._act("Keeping it…", fill_in)

    @work(exclusive=True, group="question")
    async def action_send(self) -> None:
        desk = self._desk
        files = await ask_report(self, desk) if desk else None
        if desk is None or files is None:
            return
        person = await ask_person(self, self._engine, "Who sends it?")
        if person:
            send = partial(self._engine.send, self._transfer, desk.case.key, files, person)
            self._act("Sending the ticket…", send)

    def action_copy(self) -> None:
        if self._desk is not None:
            key = self._desk.case.key
            self.read("act", partial(self._engine.copied, self._transfer, key), self._copied)

    def _copied(self, text: str) -> None:
        copy(self.app, text, "Title, group and text")
        self._look_again()

    @work(exclusive=True, group="question")
    async def action_save(self) -> None:
        desk = self._desk
        path = await ask_file(self, desk) if desk else None
        if desk is None or path is None:
            return
        try:
            await self.owner.in_thread(
                partial(self._engine.save, self._transfer, desk.case.key, Path(path))
            )
        except TransferError as error:
            self.fail(error)
            return
        lines = [path, "", f"Bring it to {desk.url}; then the key n records the ticket's number."]
        await self.app.push_screen_wait(Note("The text is saved", lines))
        self._look_again()

    def action_refresh(self) -> None:
        self._act("Asking the helpdesk…", partial(self._engine.refresh, self._transfer))

    @work(exclusive=True, group="question")
    async def action_number(self) -> None:
        desk = self._desk
        said = await ask_by_hand(self, self._engine) if desk else None
        if desk is not None and said is not None:
            record = partial(
                self._engine.record_number,
                self._transfer,
                desk.case.key,
                said.number,
                said.person,
                said.sent_at_utc,
            )
            self._act("Recording it…", record)

    @work(exclusive=True, group="question")
    async def action_answer(self) -> None:
        desk = self._desk
        if desk is None or desk.ticket is None:
            return
        said = await ask_answer(self, self._engine, desk.ticket.answer)
        if said is not None:
            record = partial(
                self._engine.record_answer,
                self._transfer,
                desk.case.key,
                said.text,
                said.person,
                is_settled=said.is_settled,
            )
            self._act("Recording it…", record)

    @work(exclusive=True, group="question")
    async def action_not_needed(self) -> None:
        said = await ask_not_needed(self, self._engine)
        if said is not None:
            self._act("Recording it…", partial(self._engine.not_needed, self._transfer, *said))

    @work(exclusive=True, group="question")
    async def action_case(self) -> None:
        desk = self._desk
        if desk is None:
            return
        choices = [(case.key, f"{case.what[:1].upper()}{case.what[1:]}") for case in desk.cases]
        lines = ["Each has its own title and group, to the letter."]
        key = await self.app.push_screen_wait(Pick("Which ticket?", lines, choices))
        if key is not None and key != desk.case.key:
            self._case, self._desk, self._told = key, None, []
            self.query_one("#fields", Rows).show([], empty=["Reading…"])
            self.query_one("#fields", Rows).action_edge(0)
            self._look_again()

    def live_actions(self) -> frozenset[str]:
        return frozenset({"send", "copy", "save", "refresh", "answer", "number", "not_needed"})

    def can(self, action: str) -> bool | None:
        desk = self._desk
        if desk is None or self._is_busy:
            return False
        state = desk.ticket.state if desk.ticket else TicketState.DRAFT
        is_step = desk.case.step == STEP
        is_done = is_step and desk.step is not None and desk.step.state is StepState.DONE
        is_ready = not desk.faults and not self._told
        is_here = state in (TicketState.DRAFT, TicketState.SETTLED)
        allowed = {
            "send": desk.has_token and is_ready and (is_here or state is TicketState.SENDING),
            "copy": is_ready and is_here,
            "save": is_ready and is_here,
            "refresh": desk.has_token and state is not TicketState.SETTLED and bool(desk.ticket),
            "answer": state in (TicketState.OPEN, TicketState.ANSWERED),
            "number": state in (TicketState.DRAFT, TicketState.SENDING),
            "not_needed": is_step and is_here,
        }
        return allowed[action] and not (is_done and action != "refresh")

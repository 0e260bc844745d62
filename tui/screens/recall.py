"""A patient withdraws: what went of them, where it lies, and the ticket that asks for it."""

from __future__ import annotations

from functools import partial
from typing import ClassVar, Final

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from transfer.errors import TransferError, UsageError
from transfer.method_files import de_identifies
from transfer.recall.who import FoundBy, NobodyFound
from tui.figures import count
from tui.page import Page
from tui.recalling import Recalled, Recalling
from tui.screens.pick import Note, Pick
from tui.screens.question import Ask
from tui.screens.recall_drawing import Thing, draw_one, draw_thing, draw_who, recall_now, things_of
from tui.text import plain
from tui.typed import path_of, refuse_relative
from tui.widgets.chrome import Now
from tui.widgets.ink import ink
from tui.widgets.painted import Painted
from tui.widgets.rows import Row, Rows

_LONGEST: Final = 1024
_MEANINGS: Final = {
    FoundBy.PATIENT_ID: "The Patient ID of the hospital",
    FoundBy.PSEUDONYM: "The pseudonym on the node",
}


class RecallScreen(Page):
    """Asks for one patient, typed unseen; then lists every object and row of theirs. What is shown
    is gone with the page."""

    CSS_PATH = "recall.tcss"
    AUTO_FOCUS = "#things"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("p", "patient", "Patient", id="recall.patient", tooltip="Ask for a patient"),
        Binding("t", "ticket", "Ticket", id="recall.ticket"),
        Binding("s", "save", "Save list", id="recall.save"),
        Binding("i", "reveal", "Identifiers", id="recall.reveal"),
    ]

    def __init__(self, transfer: str) -> None:
        super().__init__()
        self._transfer = transfer
        self._found: Recalled | None = None
        self._things: dict[str, Thing] = {}
        self._reveals = False
        self._is_busy = False

    @property
    def _engine(self) -> Recalling:
        return self.owner.source.recalling

    def body(self) -> ComposeResult:
        yield Painted(id="who")
        yield Rows(id="things", pick=None, empty=[""])
        yield Painted(id="one")

    def on_mount(self) -> None:
        self._draw()

    def legend(self) -> tuple[str, list[tuple[str, str]]]:
        return "How far a thing went", [
            ("verified", "the node lists it"),
            ("sent", "the node took it; it was not listed since"),
            ("unsure", "it went, and no answer came: it may be there"),
            ("handed-over", "it lies in a folder for a person to upload"),
        ]

    def _draw(self) -> None:
        found = self._found
        state = None
        if found is not None:
            is_out = found.sent.is_anything_out
            state = ink("! on the node", "$warn") if is_out else ink("○ nothing went", "$muted")
        self.crumbs.say(["eucaim-transfer", plain(self._transfer), "Withdrawal"], state)
        self.query_one("#who", Painted).show(partial(draw_who, found, self._reveals))
        things = list(things_of(found.sent, reveals=self._reveals)) if found else []
        self._things = {str(n): thing for n, thing in enumerate(things)}
        rows = [
            Row(key, partial(draw_thing, thing), opens=False) for key, thing in self._things.items()
        ]
        self.query_one("#things", Rows).show(rows)
        self._tell()
        self.refresh_bindings()

    @on(Rows.Reached)
    def _tell(self) -> None:
        key = self.query_one("#things", Rows).key
        thing = self._things.get(key) if key else None
        self.query_one("#one", Painted).show(partial(draw_one, thing))
        if self._is_busy:
            self.now.say(Now("Looking for them among all patients…", "Please wait."))
        else:
            self.now.say(recall_now(self._found))

    # Asking -------------------------------------------------------------------------------

    @work(exclusive=True, group="question")
    async def action_patient(self) -> None:
        name = await self.app.push_screen_wait(
            Ask(
                "Which patient?",
                [
                    "The Patient ID or the pseudonym, to the letter: leading zeros, blanks and"
                    " capitals count.",
                    "It is not shown and not kept.",
                ],
                secret=True,
                check=_somebody,
            )
        )
        if name is not None:
            self._look_up(name, None)

    def _look_up(self, name: str, meant: FoundBy | None) -> None:
        self._found, self._reveals, self._is_busy = None, False, True
        self._draw()
        call = partial(_recalled, self._engine, self._transfer, name, meant)
        self.read("recall", call, partial(self._take, name))

    def _take(self, name: str, found: Recalled | list[FoundBy]) -> None:
        self._is_busy = False
        if isinstance(found, Recalled):
            self._found = found
            self._draw()
            return
        self._draw()

        def chosen(word: str | None) -> None:
            if word is not None:
                self._look_up(name, FoundBy(word))

        choices = [(meaning.value, _MEANINGS[meaning]) for meaning in found]
        lines = ["It is the Patient ID of one and the pseudonym of another, who is somebody else."]
        self.app.push_screen(Pick("Which of the two is meant?", lines, choices), chosen)

    def stumbled(self, kind: str, error: TransferError) -> None:
        self._is_busy = False
        self._draw()
        self.fail(error, "Nothing was listed, and nothing was changed.")

    # Acting -------------------------------------------------------------------------------

    def action_ticket(self) -> None:
        from tui.screens.steps import ticket_screen

        if self._found is not None and self._found.ticket is not None:
            self.app.push_screen(ticket_screen(self._transfer, self._found.ticket.case))

    @work(exclusive=True, group="question")
    async def action_save(self) -> None:
        found = self._found
        if found is None:
            return
        text = await self.app.push_screen_wait(
            Ask(
                "Save the list into which file?",
                ["A new CSV file, by its whole path: a line for each instance, under its name on"
                 " the node. Only this account can read it."],
                value=str(self.owner.source.start_folder() / f"withdrawal-{self._transfer}.csv"),
                check=refuse_relative,
            )
        )  # fmt: skip
        if text:
            write = partial(self._engine.write_list, self._transfer, found.sent, path_of(text))
            self.read("save", write, partial(self._saved, text))

    def _saved(self, path: str, lines: int) -> None:
        told = [path.strip(), "", f"{count(lines, 'line')}. It does not leave the house."]
        self.app.push_screen(Note("The list is saved", told))

    def action_reveal(self) -> None:
        self._reveals = not self._reveals
        self._draw()

    def live_actions(self) -> frozenset[str]:
        return frozenset({"patient", "ticket", "save", "reveal"})

    def can(self, action: str) -> bool | None:
        found = self._found
        if action == "patient":
            return not self._is_busy
        if found is None or not found.sent.is_anything_out:
            return False
        if action == "reveal":
            # Where a method is in force the name on the node is a pseudonym, shown in any case.
            return not de_identifies(found.sent.order)
        return found.ticket is not None if action == "ticket" else True


def _recalled(
    engine: Recalling, transfer: str, name: str, meant: FoundBy | None
) -> Recalled | list[FoundBy]:
    """What went; or, where a name means two, what it could mean."""
    try:
        return engine.recall(transfer, name, meant)
    except NobodyFound:
        raise
    except UsageError:
        meanings = list(engine.meanings(transfer, name)) if meant is None else []
        if len(meanings) > 1:
            return meanings
        raise


def _somebody(text: str) -> None:
    if not text.strip() or len(text) > _LONGEST:
        raise UsageError("That names nobody.", "Type it anew, or press Esc.")

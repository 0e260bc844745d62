"""The dataset's entry in EUCAIM's catalogue: filled in, written, brought there, and seen."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import ClassVar, Final, TypeVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from transfer.catalogue.entry import Entry
from transfer.catalogue.fields import BY_KEY, FIELDS
from transfer.catalogue.small import USUAL_LEAST
from transfer.catalogue.writing import WrittenFile
from transfer.errors import TransferError, UsageError
from transfer.publication.values import Field
from tui.catalogue import Catalogue, refuse_value
from tui.page import Page
from tui.screens.catalogue_drawing import (
    MARKS,
    about_field,
    catalogue_now,
    counts_heading,
    draw_about,
    draw_field,
    draw_group,
    draw_heading,
    groups_of,
)
from tui.screens.pick import Note, Pick
from tui.screens.question import Ask
from tui.screens.walk_file import FileWalk
from tui.text import plain
from tui.typed import path_of, refuse_empty, refuse_relative
from tui.widgets.chrome import Now
from tui.widgets.failure import FailurePanel
from tui.widgets.ink import ink
from tui.widgets.painted import Painted
from tui.widgets.rows import Row, Rows

T = TypeVar("T")
_COUNTS: Final = "\x00counts"
_TAKE, _WRITE = "take", "write"


class CatalogueScreen(Page):
    """Fields that a person fills in, and counts that nobody types; small ones are marked."""

    CSS_PATH = "catalogue.tcss"
    AUTO_FOCUS = "#fields"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("w", "write", "Write", id="catalogue.write", tooltip="Write spreadsheet and JSON"),
        Binding("t", "ticket", "Ticket", id="catalogue.ticket"),
        Binding("v", "seen", "Seen", id="catalogue.seen", tooltip="The entry was looked up"),
        Binding("i", "identifier", "Identifier", id="catalogue.identifier"),
        Binding("n", "least", "Small counts", id="catalogue.least"),
        Binding("f", "file", "File", id="catalogue.file", tooltip="Take or write a form as a file"),
    ]
    COMMAND_KEYS: ClassVar[Mapping[str, str]] = {
        "ticket --case": "t",
        "catalogue --identifier": "i",
        "catalogue --xlsx": "w",
        "catalogue --least": "n",
    }

    def __init__(self, transfer: str) -> None:
        super().__init__()
        self._transfer = transfer
        self._entry: Entry | None = None
        self._is_busy = ""
        self._is_due = True

    @property
    def _engine(self) -> Catalogue:
        return self.owner.source.catalogue

    def body(self) -> ComposeResult:
        yield FailurePanel()
        yield Painted(id="about")
        yield Rows(id="fields", pick="Fill in", empty=["Counting…"])

    def on_mount(self) -> None:
        self._draw()

    def on_screen_resume(self) -> None:
        self._is_due = True

    def legend(self) -> tuple[str, list[tuple[str, str]]]:
        return "What stands before a line", MARKS

    # Reading ------------------------------------------------------------------------------

    def look(self) -> None:
        # Counting takes seconds for millions of instances: once, and after each change.
        if self._is_due and not self._is_busy:
            self._look_again()

    def _look_again(self) -> None:
        self._is_due = False
        self.read("entry", partial(self._engine.look, self._transfer), self._take, anew=True)

    def _take(self, entry: Entry) -> None:
        self._entry = entry
        self.query_one(FailurePanel).say(None)
        self._draw()

    def stumbled(self, kind: str, error: TransferError) -> None:
        self._is_busy = ""
        if kind != "entry":
            super().stumbled(kind, error)
            self._draw()
            return
        self.query_one(FailurePanel).say(self.told(error))
        self.now.say(Now("The entry cannot be shown.", "[Esc] goes back."))

    # Drawing ------------------------------------------------------------------------------

    def _draw(self) -> None:
        entry = self._entry
        state = None
        if entry is not None:
            state = ink("○ not ready", "$warn") if entry.blocks else ink("✓ ready", "$good")
            if entry.state.is_seen:
                state = ink("✓ seen", "$good")
        self.crumbs.say(["eucaim-transfer", plain(self._transfer), "Catalogue"], state)
        self.query_one("#about", Painted).show(partial(draw_about, entry))
        if entry is not None:
            rows = [Row(field.key, partial(draw_field, entry, field)) for field in FIELDS]
            heading = partial(draw_heading, counts_heading(entry))
            rows.append(Row(_COUNTS, heading, is_choice=False, opens=False))
            rows += [
                Row(f"\x00{n}", partial(draw_group, *group), opens=False)
                for n, group in enumerate(groups_of(entry))
            ]
            self.query_one("#fields", Rows).show(rows)
        self._tell()
        self.refresh_bindings()

    def _chosen(self) -> Field | None:
        return BY_KEY.get(self.query_one("#fields", Rows).key or "")

    @on(Rows.Reached)
    def _tell(self) -> None:
        if self._is_busy:
            self.now.say(Now(self._is_busy, "Please wait."))
        else:
            self.now.say(catalogue_now(self._entry, self._chosen()))

    # Acting -------------------------------------------------------------------------------

    def _act(self, busy: str, call: Callable[[], T], done: Callable[[T], object]) -> None:
        """Do something that takes time, tell what came of it, then look again."""
        if self._is_busy:
            return
        self._is_busy = busy
        self._tell()

        def arrived(result: T) -> None:
            self._is_busy = ""
            done(result)
            self._look_again()

        self.read("act", call, arrived)

    @on(Rows.Picked)
    def _picked(self) -> None:
        self._fill_in()

    @work(exclusive=True, group="question")
    async def _fill_in(self) -> None:
        entry, field = self._entry, self._chosen()
        if entry is None or field is None:
            return
        text: str | None
        if field.kind == "choice":
            choices = [*((value, value) for value in field.allowed), ("", "Leave it empty")]
            text = await self.app.push_screen_wait(Pick(field.title, about_field(field), choices))
        else:
            text = await self.app.push_screen_wait(
                Ask(
                    field.title,
                    about_field(field),
                    value="; ".join(entry.texts.get(field.key, ())),
                    check=partial(refuse_value, field.key),
                )
            )
        if text is not None:
            fill_in = partial(self._engine.fill_in, self._transfer, field.key, text)
            self._act("Keeping it…", fill_in, _nothing)

    @work(exclusive=True, group="question")
    async def action_least(self) -> None:
        entry = self._entry
        if entry is None:
            return
        text = await self.app.push_screen_wait(
            Ask(
                "Groups of how many subjects may be told?",
                [
                    "Smaller ones could single a person out: the files leave them out, and as many"
                    " others as would give them away.",
                    f"It is the data holder's to set. Usual: {USUAL_LEAST}; 1 tells all.",
                ],
                value=str(entry.least),
                check=_number,
            )
        )
        if text is not None:
            least = partial(self._engine.set_least, self._transfer, int(text.strip()))
            self._act("Keeping it…", least, _nothing)

    @work(exclusive=True, group="question")
    async def action_identifier(self) -> None:
        text = await self.app.push_screen_wait(
            Ask(
                "The dataset's identifier",
                [
                    "As the federated search knows the dataset. It cannot be changed once the entry"
                    " is in the catalogue.",
                ],
                value=self._entry.state.identifier if self._entry else "",
            )
        )
        if text:
            name = partial(self._engine.name_identifier, self._transfer, text)
            self._act("Keeping it…", name, _nothing)

    @work(exclusive=True, group="question")
    async def action_write(self) -> None:
        text = await self.app.push_screen_wait(
            Ask(
                "Write the spreadsheet into which file?",
                ["By its whole path; the same in terms of DCAT-AP is written beside it (.jsonld)."],
                value=str(self.owner.source.start_folder() / f"catalogue-{self._transfer}.xlsx"),
                check=_workbook,
            )
        )
        if text:
            file = path_of(text)
            write = partial(self._engine.write, self._transfer, [file, file.with_suffix(".jsonld")])
            self._act("Writing the files…", write, self._written)

    def _written(self, written: list[WrittenFile]) -> None:
        lines: list[str] = []
        for one in written:
            lines += [str(one.path), f"SHA-256 {one.sha256}", ""]
        identifier = self._entry.state.identifier if self._entry else ""
        lines += [
            f"Compare the identifier {identifier} with the one under which the federated search"
            " knows the dataset, which the node's administrators can tell: once the entry is there"
            " it cannot be changed.",
            "Close this; then t opens the ticket. The report's digest goes into it: e of the"
            " journey writes the report.",
        ]
        self.app.push_screen(Note("The files are written", lines))

    def action_ticket(self) -> None:
        from tui.screens.steps import ticket_screen

        self.app.push_screen(ticket_screen(self._transfer, "catalogue"))

    @work(exclusive=True, group="question")
    async def action_seen(self) -> None:
        entry = self._entry
        if entry is None:
            return
        address = await self.app.push_screen_wait(
            Ask(
                "Under which address was the entry seen?",
                ["As it stands in the browser. By this a person says that it was looked up there,"
                 " and that what it says was compared."],
                value=entry.state.address,
                check=refuse_empty,
            )
        )  # fmt: skip
        if address is None:
            return
        person = await self.app.push_screen_wait(
            Ask(
                "Who compared it?",
                ["First and last name of the person."],
                value=self._engine.person,
                check=refuse_empty,
            )
        )
        if person is not None:
            take = partial(self._engine.take_seen, self._transfer, address, person)
            self._act("Recording it…", take, _nothing)

    @work(exclusive=True, group="question")
    async def action_file(self) -> None:
        which = await self.app.push_screen_wait(
            Pick(
                "The fields as a file",
                ["It holds all fields of this page at once."],
                [(_TAKE, "Take a filled-in form over"), (_WRITE, "Write the form")],
            )
        )
        if which == _TAKE:
            trail = ["eucaim-transfer", plain(self._transfer), "Catalogue", "Which file"]
            what = "Which file is the filled-in form?"
            self.app.push_screen(FileWalk(trail, what, self._take_file, (".toml", ".json")))
        elif which == _WRITE:
            text = await self.app.push_screen_wait(
                Ask(
                    "Write the form into which file?",
                    ["A new file, by its whole path. Only this account can read it."],
                    value=str(self.owner.source.start_folder() / "catalogue.toml"),
                    check=refuse_relative,
                )
            )
            if text:
                write = partial(self._engine.write_form, self._transfer, path_of(text))
                lines = [text.strip(), "", "Fill it in with an editor; the key f takes it over."]
                note = Note("The form is written", lines)
                self._act("Writing the form…", write, lambda _: self.app.push_screen(note))

    def _take_file(self, path: Path) -> None:
        take = partial(self._engine.take_file, self._transfer, path)
        self._act("Reading the form…", take, _nothing)

    # Keys ---------------------------------------------------------------------------------

    def live_actions(self) -> frozenset[str]:
        return frozenset({"write", "ticket", "seen", "identifier", "least", "file"})

    def can(self, action: str) -> bool | None:
        entry = self._entry
        if entry is None or self._is_busy:
            return False
        if action == "write":
            return not entry.blocks
        return bool(entry.state.identifier) if action == "seen" else True


def _nothing(done: object) -> None:
    """What was kept is on the screen."""


def _number(text: str) -> None:
    if not text.strip().isdecimal():
        raise UsageError("That is no number.", "Write digits only.")


def _workbook(text: str) -> None:
    refuse_relative(text)
    if path_of(text).suffix.casefold() != ".xlsx":
        raise UsageError("The name must end in .xlsx.", "Name a spreadsheet.")

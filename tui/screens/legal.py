"""The legal record: clearance, both signatures of the DTA, and the papers of the checklist."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import ClassVar, Final, TypeVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, VerticalScroll

from transfer.errors import TransferError, UsageError
from transfer.legal import texts
from transfer.legal.entries import TITLES, Declaration, LegalEntry, State
from transfer.legal.papers import BY_KEY, PAPERS
from transfer.legal.proving import Proof
from transfer.legal.standing import LegalStanding
from tui.figures import count
from tui.legal import Legal, Taken
from tui.page import Page
from tui.screens.legal_drawing import (
    MARKS,
    draw_about,
    draw_entry,
    draw_gate,
    draw_heading,
    lacks_now,
    legal_now,
    papers_heading,
    things_told,
)
from tui.screens.legal_form import LegalFormPage
from tui.screens.pick import Note, Pick
from tui.screens.question import Ask, Question
from tui.screens.walk_file import FileWalk
from tui.text import plain
from tui.widgets.chrome import Now
from tui.widgets.failure import FailurePanel
from tui.widgets.ink import ink
from tui.widgets.painted import Painted
from tui.widgets.rows import Row, Rows

T = TypeVar("T")
_LOOK_TICKS: Final = 8
_PAPERS: Final = "papers"
_TAKE, _WRITE = "take", "write"


class LegalScreen(Page):
    """What stands between a transfer and its publication; what is missing stands on top."""

    CSS_PATH = "legal.tcss"
    AUTO_FOCUS = "#entries"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f", "file", "File", id="legal.file", tooltip="Take or write a form as a file"),
        Binding("w", "withdraw", "Take back", id="legal.withdraw"),
        Binding("d", "prove", "Prove", id="legal.prove", tooltip="Prove a document again"),
        Binding("x", "sandbox", "Made-up record", id="legal.sandbox"),
    ]

    def __init__(self, transfer: str) -> None:
        super().__init__()
        self._transfer = transfer
        self._standing: LegalStanding | None = None
        self._is_busy = ""
        self._ticks = 0

    @property
    def _engine(self) -> Legal:
        return self.owner.source.legal

    def body(self) -> ComposeResult:
        yield FailurePanel()
        yield Painted(id="gate")
        with Container(id="split"):
            yield Rows(id="entries", pick="Record", empty=["Reading…"])
            with VerticalScroll(id="about"):
                yield Painted(id="one")

    def on_mount(self) -> None:
        self._draw()

    def on_screen_resume(self) -> None:
        self._ticks = 0

    def legend(self) -> tuple[str, list[tuple[str, str]]]:
        return "How a thing stands", MARKS

    # Reading ------------------------------------------------------------------------------

    def look(self) -> None:
        if self._ticks % _LOOK_TICKS == 0 and not self._is_busy:
            self._look_again()
        self._ticks += 1

    def _look_again(self) -> None:
        self.read("legal", partial(self._engine.look, self._transfer), self._take, anew=True)

    def _take(self, standing: LegalStanding) -> None:
        self._standing = standing
        self.query_one(FailurePanel).say(None)
        self._draw()

    def stumbled(self, kind: str, error: TransferError) -> None:
        self._is_busy = ""
        if kind != "legal":
            super().stumbled(kind, error)
            self._look_again()
            return
        self.query_one(FailurePanel).say(self.told(error))
        self.query_one("#entries", Rows).show([], empty=[""])
        self.now.say(Now("The legal record cannot be shown.", "[Esc] goes back."))

    # Drawing ------------------------------------------------------------------------------

    def _draw(self) -> None:
        standing = self._standing
        state = None
        if standing is not None:
            state = ink("✓ whole", "$good") if standing.is_whole else ink("✗ locked", "$bad")
        self.crumbs.say(["eucaim-transfer", plain(self._transfer), "Legal record"], state)
        if standing is None:
            self.now.say(legal_now(None, None, withdraws=False))
            return
        now = self.owner.source.now()
        self.query_one("#gate", Painted).show(partial(draw_gate, standing))
        rows = [self._row(standing.of(what)) for what in Declaration]
        heading = partial(draw_heading, papers_heading(standing))
        rows.append(Row(_PAPERS, heading, is_choice=False, opens=False))
        rows += [self._row(standing.of(paper.key)) for paper in PAPERS]
        self.query_one("#entries", Rows).show(rows)
        entry = self._chosen()
        if entry is not None:
            self.query_one("#one", Painted).show(partial(draw_about, entry, standing, now))
        self._tell()
        self.refresh_bindings()

    def _row(self, entry: LegalEntry) -> Row:
        lacks = lacks_now(entry, self.owner.source.now())
        return Row(str(entry.what), partial(draw_entry, entry, lacks))

    def _chosen(self) -> LegalEntry | None:
        key = self.query_one("#entries", Rows).key
        if self._standing is None or key is None or key not in TITLES:
            return None
        return self._standing.of(key)

    def _tell(self) -> None:
        if self._is_busy:
            self.now.say(Now(self._is_busy, "Please wait."))
            return
        is_recorded = self._can_withdraw()
        self.now.say(legal_now(self._standing, self._chosen(), withdraws=is_recorded))

    @on(Rows.Reached, "#entries")
    def _reached(self) -> None:
        self._draw()
        self.query_one("#about").scroll_home(animate=False)

    # Recording ----------------------------------------------------------------------------

    @on(Rows.Picked, "#entries")
    def _picked(self) -> None:
        if not self._is_busy:
            self._record()

    @work(exclusive=True, group="question")
    async def _record(self) -> None:
        entry = self._chosen()
        if entry is None:
            return
        state = State.THERE
        if entry.what in BY_KEY:
            word = await self.app.push_screen_wait(_ask_state(entry))
            if word is None:
                return
            state = State(word)
        if entry.state is not state or entry.is_sandbox:
            # What a withdrawn or another entry said is no proposal for this one, and what was made
            # up is none for what a person vouches for.
            entry = LegalEntry(entry.what, state)
        now = self.owner.source.now()
        person = self._engine.person
        form = LegalFormPage(
            self._transfer, entry, state, person, lambda text: texts.day(text, now)
        )
        self.app.push_screen(form)

    @work(exclusive=True, group="question")
    async def action_file(self) -> None:
        which = await self.app.push_screen_wait(
            Pick(
                "A legal record as a file",
                ["It holds everything of this page at once."],
                [(_TAKE, "Take a filled-in form over"), (_WRITE, "Write an empty form")],
            )
        )
        if which == _TAKE:
            person = await self.app.push_screen_wait(
                Ask(
                    "Who enters it?",
                    ["First and last name. It may stay empty where the file says it."],
                    value=self._engine.person,
                    check=lambda text: _checked(text, is_needed=False),
                )
            )
            if person is not None:
                self._walk("Which file is the filled-in form?", (".toml",),
                           partial(self._take_file, person))  # fmt: skip
        elif which == _WRITE:
            path = await self.app.push_screen_wait(
                Ask(
                    "Write the empty form into which file?",
                    ["A new file, by its whole path. Only this account can read it."],
                    value=str(self.owner.source.start_folder() / "legal-record.toml"),
                )
            )
            if path:
                write = partial(self._engine.write_form, Path(path.strip()))
                self._act("Writing the form…", "written", write, partial(self._written, path))

    def _walk(self, what: str, suffixes: tuple[str, ...], taken: Callable[[Path], None]) -> None:
        trail = ["eucaim-transfer", plain(self._transfer), "Legal record", "Which file"]
        self.app.push_screen(FileWalk(trail, what, taken, suffixes))

    def _take_file(self, person: str, path: Path) -> None:
        take = partial(self._engine.record_file, self._transfer, path, person)
        self._act("Reading the record and its documents…", "take", take, self._taken)

    def _taken(self, taken: Taken) -> None:
        told = count(len(taken.changed), "entry", "entries")
        if taken.left_out:
            lines = [f"{told} recorded. Not recorded:", "", *taken.left_out, "",
                     "Fill that in, then take the file again."]  # fmt: skip
            self.app.push_screen(Note("The form is not whole", lines))
            return
        self.app.notify(
            f"{told} recorded." if taken.changed else "Nothing new was recorded.", markup=False
        )

    def _written(self, path: str, _: None) -> None:
        lines = [path, "", "Fill it in with an editor; then the key f takes it over."]
        self.app.push_screen(Note("The form is written", lines))

    @work(exclusive=True, group="question")
    async def action_withdraw(self) -> None:
        entry = self._chosen()
        if entry is None:
            return
        reason = await self.app.push_screen_wait(
            Ask(
                "Take this back: why?",
                [TITLES[entry.what], "It then counts as missing; what was said stays on record."],
                check=lambda text: _checked(text, is_reason=True),
            )
        )
        if reason is None:
            return
        person = await self.app.push_screen_wait(
            Ask(
                "Who takes it back?",
                ["First and last name of the person."],
                value=self._engine.person,
                check=_checked,
            )
        )
        if person is not None:
            withdraw = partial(self._engine.withdraw, self._transfer, entry.what, person, reason)
            self._act("Recording it…", "take", withdraw, self._taken)

    @work(exclusive=True, group="question")
    async def action_sandbox(self) -> None:
        standing = self._standing
        if standing is None:
            return
        kept = things_told(standing.entries)
        unsaid = [what for what in TITLES if what not in standing.entries]
        if not unsaid:
            lines = ["Each thing has an entry; none is overwritten. Enter on one records it anew."]
            self.app.push_screen(Note("Nothing is left to be made up", lines))
            return
        lines = [f"It fills in {things_told(unsaid)} of which nothing is recorded."]
        if kept:
            lines.append(f"What is recorded stays as it is: {kept}.")
        lines.append("It counts on the stand-in nodes of this machine alone.")
        yes = await self.app.push_screen_wait(
            Question("Fill in a made-up record?", lines, no="Leave it as it is", yes="Fill it in")
        )
        if yes:
            record = partial(self._engine.record_sandbox, self._transfer)
            self._act("Recording it…", "take", record, partial(self._made_up, kept))

    def _made_up(self, kept: str, taken: Taken) -> None:
        filled = things_told(entry.what for entry in taken.changed)
        lines = [
            f"Made up and filled in: {filled or 'nothing'}.",
            *([f"Left as it was: {kept}."] if kept else []),
            "",
            "Nobody declared or signed any of it, and it says so of itself in every part.",
            "It counts on the stand-in nodes of this machine alone; on a real node publishing"
            " stays locked with it.",
        ]
        self.app.push_screen(Note("A made-up record stands here now", lines))

    def action_prove(self) -> None:
        self._walk("Which document is to be proved?", (), self._prove)

    def _prove(self, path: Path) -> None:
        prove = partial(self._engine.prove, self._transfer, path)
        self._act("Reading the document for its digest…", "prove", prove, self._proved)

    def _proved(self, proof: Proof) -> None:
        lines = [f"SHA-256 {proof.sha256}", ""]
        lines += [f"✓ It is the document of: {TITLES[entry.what]}." for entry in proof.current]
        lines += [
            f"· It was the document recorded on {entry.recorded_at_utc[:10]}, which counts no"
            f" more: {TITLES[entry.what]}."
            for entry in proof.earlier
        ]
        title = "The document is proved"
        if not proof.current:
            title = "The record does not rest on this document"
            lines.append("Find the document with the recorded digest, or record this one.")
        self.app.push_screen(Note(title, lines))

    def _act(self, busy: str, kind: str, call: Callable[[], T], done: Callable[[T], None]) -> None:
        """Do something that takes time, tell what came of it, then look again."""
        if self._is_busy:
            return
        self._is_busy = busy
        self._tell()

        def arrived(result: T) -> None:
            self._is_busy = ""
            done(result)
            self._look_again()

        self.read(kind, call, arrived)

    # Keys ---------------------------------------------------------------------------------

    def live_actions(self) -> frozenset[str]:
        return frozenset({"withdraw", "sandbox"})

    def can(self, action: str) -> bool | None:
        if action == "sandbox":
            return self._standing is not None and self._standing.is_sandbox_node
        return self._can_withdraw()

    def _can_withdraw(self) -> bool:
        entry = self._chosen()
        return entry is not None and entry.state in (State.THERE, State.NOT_APPLICABLE)


def _ask_state(entry: LegalEntry) -> Pick:
    choices = [(State.THERE.value, "It is there")]
    if BY_KEY[entry.what].may_not_apply:
        choices.append((State.NOT_APPLICABLE.value, "It does not apply, for a reason"))
    choices.append((State.MISSING.value, "It is missing"))
    return Pick(TITLES[entry.what], ["How does this paper stand?"], choices)


def _checked(text: str, *, is_needed: bool = True, is_reason: bool = False) -> None:
    try:
        if not (texts.reason if is_reason else texts.person)(text) and is_needed:
            raise ValueError("is missing")
    except ValueError as error:
        what = "The reason" if is_reason else "The name"
        raise UsageError(f"{what} {error}.", "Type it anew, or press Esc.") from None

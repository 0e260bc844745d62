"""The board of timepoints: which episode each study of each patient belongs to, and its number."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from textwrap import wrap
from typing import ClassVar, Final

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, Vertical

from transfer.errors import TransferError, UsageError
from transfer.ledger.timepoints import EPISODES
from tui import figures
from tui.judging import judge_later
from tui.page import Page
from tui.screens.pick import Pick
from tui.screens.timepoints_drawing import (
    draw_count,
    draw_patient,
    draw_study,
    draw_whole,
    draw_whose,
)
from tui.text import plain
from tui.timing import PatientPage, PatientRow, StudyRow, Timing
from tui.widgets.chrome import Now
from tui.widgets.ink import line
from tui.widgets.painted import Painted
from tui.widgets.rows import Row, Rows

_KEYS: Final = "dtprms"
_MORE: Final = "more"
_LESS: Final = "less"
_TICKS: Final = 8
# Cells of a line of the strip that says what now, on the narrowest screen.
_NOTE: Final = 76
_LETTERS: Final = "[d]iagnosis [t]reatment [p]rogression [r]elapse re[m]ission active [s]urv."


class TimepointsScreen(Page):
    """Patients, and the studies of the one at the cursor; dates and descriptions help a person
    and never leave (EUCAIM's requirements, TPT-03)."""

    CSS_PATH = "timepoints.tcss"
    AUTO_FOCUS = "#patients"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("n", "next", "Next patient", id="board.next"),
        Binding("A", "all", "All at once", id="board.all"),
        Binding("u", "undo", "Undo", id="board.undo"),
        Binding("i", "originals", "Originals", id="board.originals"),
        Binding("space", "mark", "Mark", key_display="Space", id="board.mark"),
        Binding("plus", "number(1)", "Later number", key_display="+", id="board.later"),
        Binding("minus", "number(-1)", "Earlier number", key_display="-", id="board.earlier"),
        Binding("x,delete", "clear", "No episode", key_display="x", id="board.clear"),
        *(
            Binding(f"{letter},{n + 1}", f"episode({n})", EPISODES[n], key_display=letter)
            for n, letter in enumerate(_KEYS)
        ),
        Binding("right", "focus_on('studies')", show=False, id="board.studies"),
        Binding("left", "focus_on('patients')", show=False, id="board.patients"),
    ]

    def __init__(self, transfer: str) -> None:
        super().__init__()
        self._transfer = transfer
        self._starts = [0]
        self._page: PatientPage | None = None
        self._patient = 0
        self._studies: list[StudyRow] | None = None
        self._in_all = 0
        self._marked: set[str] = set()
        self._reveals = False
        self._is_changing = False
        self._has_changed = False
        self._note = ""
        self._ticks = 0

    def body(self) -> ComposeResult:
        yield Painted(id="summary")
        with Container(id="split"):
            yield Rows(id="patients", pick="Its studies", empty=["Reading…"])
            with Vertical(id="right"):
                yield Painted(id="whose")
                yield Rows(id="studies", pick="", empty=[""])
                yield Painted(id="one")

    def on_mount(self) -> None:
        self._draw()

    def on_screen_resume(self) -> None:
        self._ticks = 0

    @property
    def _engine(self) -> Timing:
        return self.owner.source.timing

    def look(self) -> None:
        if self._ticks % _TICKS == 0 and not self._is_changing:
            self._load()
        self._ticks += 1

    def _load(self) -> None:
        call = partial(self._engine.patients, self._transfer, self._starts[-1])
        self.read("patients", call, partial(self._take_page, self._starts[-1]))
        if self._patient:
            self._load_studies()

    def _load_studies(self) -> None:
        patient = self._patient
        call = partial(self._engine.studies, self._transfer, patient)
        self.read("studies", call, partial(self._take_studies, patient))

    def _take_page(self, start: int, page: PatientPage) -> None:
        if start != self._starts[-1]:
            self._load()
            return
        self._page = page
        self._draw()
        self._follow()

    def _take_studies(self, patient: int, found: tuple[list[StudyRow], int]) -> None:
        if patient != self._patient:
            self._load_studies()
            return
        self._studies, self._in_all = found
        self._marked &= {study.key for study in self._studies}
        self._draw()

    # Drawing ------------------------------------------------------------------------------

    def _draw(self) -> None:
        page = self._page
        self.crumbs.say(
            ["eucaim-transfer", plain(self._transfer), "Timepoints"],
            line(("● changing", "$key")) if self._is_changing else None,
        )
        self.query_one("#summary", Painted).show(partial(draw_count, page.count if page else None))
        rows = [
            Row(one.of.patient_key, partial(draw_patient, one, self._reveals))
            for one in (page.patients if page else ())
        ]
        if len(self._starts) > 1:
            rows.insert(0, Row(_LESS, lambda width: [line(("↑ those before: Enter", "$muted"))]))
        if page and page.has_more:
            rows.append(Row(_MORE, lambda width: [line(("↓ further ones: Enter", "$muted"))]))
        empty = ["Reading…"] if page is None else ["There is no study that goes."]
        self.query_one("#patients", Rows).show(rows, empty)
        self._draw_studies()

    def _draw_studies(self) -> None:
        self.query_one("#whose", Painted).show(
            partial(draw_whose, self._chosen_patient(), self._reveals)
        )
        rows = [
            Row(
                study.key,
                partial(draw_study, study, study.key in self._marked, self._reveals),
                opens=False,
            )
            for study in self._studies or ()
        ]
        more = self._in_all - len(self._studies or ())
        if rows and more > 0:
            told = f"… and {more:,} more. Are these files without a Patient ID of their own?"
            rows.append(Row(_MORE, lambda width: [line((told, "$muted"))], False, False))
        empty = ["Reading…"] if self._patient and self._studies is None else [""]
        self.query_one("#studies", Rows).show(rows, empty)
        self._tell()

    def _tell(self) -> None:
        study = self._study()
        self.query_one("#one", Painted).show(partial(draw_whole, study, self._reveals))
        self.now.say(self._now(study))

    def _now(self, study: StudyRow | None) -> Now:
        if self._page is None:
            return Now("Reading the board…", "[Esc] goes back.")
        if self._is_changing:
            return Now("Changing the board…", "[Esc] goes back.")
        if self._note:
            first, *rest = wrap(self._note, _NOTE) or [""]
            return Now(first, " ".join(rest) or self._press(study), "bold $bad")
        if self._page.is_held:
            return Now(
                "A runner is at work: the board can be changed once it has ended.",
                "[↑ ↓ ← →] look around.   [i] originals.   [Esc] goes back.",
            )
        if not self._page.patients:
            return Now("There is no study that goes.", "[Esc] goes back.")
        if self._on_patients():
            happening = "To which episode does each study belong? Numbers follow the dates."
            return Now(happening, self._press(study))
        if study and study.of.episode and study.of.number is None:
            return Now(
                "Of studies of one day, or without a date, a person says which comes first.",
                f"[-] it is number {study.first}.   [+] it is number {study.last}.",
            )
        marked = figures.count(len(self._marked), "study is", "studies are")
        if self._marked:
            return Now(f"{marked} marked; a letter gives them the episode.", self._press(study))
        return Now(
            "A letter gives the episode, + and - the number. Space marks several.",
            self._press(study),
        )

    def _press(self, study: StudyRow | None) -> str:
        if self._on_patients():
            return "[Enter] its studies.   [A] all at once.   [i] originals.   [u] undoes."
        return _LETTERS

    def _on_patients(self) -> bool:
        return not self.query_one("#studies", Rows).has_focus

    def _chosen_patient(self) -> PatientRow | None:
        patients = self._page.patients if self._page else ()
        return next((one for one in patients if one.of.row == self._patient), None)

    def _study(self) -> StudyRow | None:
        key = self.query_one("#studies", Rows).key
        return next((study for study in self._studies or () if study.key == key), None)

    # Moving -------------------------------------------------------------------------------

    @on(Rows.Reached, "#patients")
    def _follow(self) -> None:
        key = self.query_one("#patients", Rows).key
        if key in (None, _MORE, _LESS) or int(key[1:]) == self._patient:
            return
        self._patient = int(key[1:])
        self._studies, self._note = None, ""
        self._marked.clear()
        self.query_one("#studies", Rows).action_edge(0)
        self._draw_studies()
        self._load_studies()

    @on(Rows.Reached, "#studies")
    def _reached(self) -> None:
        self._note = ""
        self._tell()

    @on(Rows.Picked, "#patients")
    def _picked(self, event: Rows.Picked) -> None:
        if event.key == _MORE and self._page:
            self._turn([*self._starts, self._page.patients[-1].of.row])
        elif event.key == _LESS:
            self._turn(self._starts[:-1])
        else:
            self.action_focus_on("studies")

    def _turn(self, starts: list[int]) -> None:
        self._starts = starts
        self._page = None
        self.query_one("#patients", Rows).action_edge(0)
        self._load()

    def action_focus_on(self, which: str) -> None:
        self.query_one(f"#{which}", Rows).focus()
        self.call_after_refresh(self._tell)

    def action_next(self) -> None:
        rows = self.query_one("#patients", Rows)
        rows.action_step(1)
        if rows.key == _MORE:
            rows.action_pick()

    def on_descendant_focus(self) -> None:
        if self._page is not None:
            self._tell()

    # Changing -----------------------------------------------------------------------------

    def _change(self, call: Callable[[], None]) -> None:
        if self._is_changing:
            return
        self._is_changing, self._note = True, ""
        self._tell()
        self.read("change", call, self._changed)

    def _changed(self, nothing: None) -> None:
        self._is_changing, self._has_changed = False, True
        self._marked.clear()
        self._load()

    def action_back(self) -> None:
        if self._has_changed:
            judge_later(self.owner, self._transfer)
        super().action_back()

    def stumbled(self, kind: str, error: TransferError) -> None:
        if kind != "change":
            super().stumbled(kind, error)
            return
        self._is_changing = False
        if isinstance(error, UsageError):
            self._note = f"{error.what} {error.remedy}"
            self._tell()
        else:
            super().stumbled(kind, error)
        self._load()

    def _chosen(self) -> list[StudyRow]:
        """What is marked, else the one at the cursor; none while the patients are walked."""
        if self._on_patients():
            self._note = "Go to the studies first, with Enter; then give the episode."
            self._tell()
            return []
        marked = [study for study in self._studies or () if study.key in self._marked]
        study = self._study()
        return marked or ([study] if study else [])

    def action_episode(self, number: int) -> None:
        rows = [study.row for study in self._chosen()]
        if rows:
            episode = EPISODES[number]
            self._change(partial(self._engine.assign, self._transfer, self._patient, rows, episode))

    def action_clear(self) -> None:
        rows = [study.row for study in self._chosen() if study.of.episode]
        if rows:
            self._change(partial(self._engine.clear, self._transfer, self._patient, rows))

    def action_number(self, by: int) -> None:
        study = self._study()
        if study is None or self._on_patients():
            return
        number = study.of.number
        wanted = (study.last if by > 0 else study.first) if number is None else number + by
        self._change(
            partial(
                self._engine.set_number, self._transfer, self._patient, study.row, max(1, wanted)
            )
        )

    def action_mark(self) -> None:
        study = self._study()
        if study is None or self._on_patients():
            return
        self._marked ^= {study.key}
        self._draw_studies()
        self.query_one("#studies", Rows).action_step(1)

    @work(exclusive=True, group="question")
    async def action_all(self) -> None:
        studies = self._studies or []
        patient, key = self._patient, f"P{self._patient}"
        free = [study.row for study in studies if not study.of.episode]
        scopes = [
            ("all", f"an episode for all studies of {key}"),
            ("free", f"an episode for those of {key} that have none ({len(free)})"),
            ("dataset", "an episode for all studies of the dataset that have none"),
            ("listed", f"number what the dates of {key} leave open as it is listed"),
        ]
        scope = await self.app.push_screen_wait(Pick("All at once", [], scopes))
        if scope == "listed":
            self._change(partial(self._engine.as_listed, self._transfer, patient))
        if scope in (None, "listed"):
            return
        episodes = [(episode, episode) for episode in EPISODES]
        episode = await self.app.push_screen_wait(Pick("Which episode?", [], episodes))
        if episode is None:
            return
        if scope == "dataset":
            self._change(partial(self._engine.assign_all, self._transfer, episode))
            return
        rows = [study.row for study in studies] if scope == "all" else free
        if rows:
            self._change(partial(self._engine.assign, self._transfer, patient, rows, episode))

    def action_undo(self) -> None:
        self._change(partial(self._engine.undo, self._transfer))

    def action_originals(self) -> None:
        self._reveals = not self._reveals
        self._draw()

"""Step 9: the clinical data of a transfer, what stands in their way, and where the step is."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import ClassVar, Final

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from transfer.errors import TransferError
from transfer.journey.standing import Standing
from tui import words
from tui.clinical import ClinicalLook
from tui.findings import Group
from tui.page import Page
from tui.screens.clinical_drawing import about, draw_rule, draw_rules_line, facts, step_now
from tui.screens.findings_asking import ask_by
from tui.screens.findings_drawing import legend as findings_legend
from tui.screens.pick import Note
from tui.screens.question import Question
from tui.source import Glance
from tui.text import plain
from tui.widgets.chrome import Now
from tui.widgets.failure import FailurePanel, Trouble
from tui.widgets.painted import Painted
from tui.widgets.rows import Row, Rows

STEP: Final = "clinical"
_TICKS: Final = 12
_RULES: Final = "rules"
_SCREENS: Final = {
    "reconcile": ("clinical_reconcile", "ReconcileScreen"),
    "upload": ("clinical_upload", "ClinicalUploadScreen"),
    "mapping": ("clinical_mapping", "MappingScreen"),
    "table": ("clinical_table", "TableScreen"),
}


class ClinicalScreen(Page):
    """The page of the step; keys lead from here to the table, its mapping and what was found."""

    CSS_PATH = "clinical.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("u", "open('upload')", "Upload", id="clinical.upload"),
        Binding("t", "open('table')", "Table", id="clinical.table"),
        Binding("m", "open('mapping')", "Mapping", id="clinical.mapping"),
        Binding("r", "open('reconcile')", "Reconcile", id="clinical.reconcile"),
        Binding("o", "choose", "Choose", tooltip="Choose a table", id="clinical.choose"),
        Binding("f", "findings", "Findings", id="clinical.findings"),
        Binding("c", "check", "Check", tooltip="Look at the table again", id="clinical.check"),
        Binding("e", "export", "Files", tooltip="Write files", id="clinical.export"),
        Binding("i", "images_alone", "No table", id="clinical.image-only"),
    ]

    def __init__(self, transfer: str) -> None:
        super().__init__()
        self._transfer = transfer
        self._look: ClinicalLook | None = None
        self._glance: Glance | None = None
        self._doing = ""
        self._done = ""
        self._ticks = 0

    def body(self) -> ComposeResult:
        yield FailurePanel()
        yield Painted(id="facts")
        yield Rows(id="rules", pick="Look", empty=[""])
        yield Painted(id="one")

    def on_mount(self) -> None:
        self._draw()

    def on_screen_resume(self) -> None:
        self._ticks = 0

    def legend(self) -> tuple[str, list[tuple[str, str]]]:
        return "State of a finding", findings_legend()

    def look(self) -> None:
        if self._ticks % _TICKS == 0 and not self._doing:
            self._load()
        self._ticks += 1

    def _load(self) -> None:
        source = self.owner.source
        self.read("look", partial(source.clinical.look, self._transfer), self._take, anew=True)
        self.read("glance", partial(source.glance, self._transfer), self._take_glance)

    def _take(self, look: ClinicalLook) -> None:
        self._look = look
        self._draw()

    def _take_glance(self, glance: Glance) -> None:
        self._glance = glance
        self._draw()

    @property
    def _standing(self) -> Standing | None:
        journey = self._glance.journey if self._glance else None
        if journey is None:
            return None
        return next((s for s in journey.standings if s.step.engine == STEP), None)

    # Drawing ------------------------------------------------------------------------------

    def _draw(self) -> None:
        look, standing = self._look, self._standing
        state = words.standing_of(standing.word) if standing else None
        self.crumbs.say(["eucaim-transfer", plain(self._transfer), "Clinical data"], state)
        self.query_one(FailurePanel).say(_trouble(look))
        self.query_one("#facts", Painted).show(partial(facts, look, standing))
        groups = look.groups if look and look.path and look.is_read else ()
        rows = [Row(group.key, partial(draw_rule, group)) for group in groups]
        if rows:
            rows.insert(0, Row(_RULES, partial(draw_rules_line, groups), False, False))
        shown = self.query_one("#rules", Rows)
        shown.show(rows, [""])
        if shown.key == _RULES:
            shown.action_step(1)
        self._tell()
        self.refresh_bindings()

    def _tell(self) -> None:
        group = self._group()
        self.query_one("#one", Painted).show(partial(about, group, self._transfer))
        if self._doing:
            self.now.say(Now(self._doing, "Please wait a moment."))
        elif self._done:
            self.now.say(Now(self._done, step_now(self._look, self._standing).press))
        else:
            self.now.say(step_now(self._look, self._standing))

    def _group(self) -> Group | None:
        key = self.query_one("#rules", Rows).key
        groups = self._look.groups if self._look else ()
        return next((group for group in groups if group.key == key), None)

    @on(Rows.Reached)
    def _reached(self) -> None:
        self._tell()

    @on(Rows.Picked)
    def _picked(self) -> None:
        from tui.screens.findings_of_rule import RuleScreen

        group = self._group()
        if group is not None:
            self.app.push_screen(RuleScreen(self._transfer, group))

    # Acting -------------------------------------------------------------------------------

    def action_open(self, which: str) -> None:
        module, name = _SCREENS[which]
        made: Callable[[str], Page] = getattr(
            importlib.import_module(f"tui.screens.{module}"), name
        )
        self._done = ""
        self.app.push_screen(made(self._transfer))

    def action_findings(self) -> None:
        from tui.screens.findings import FindingsScreen

        self.app.push_screen(FindingsScreen(self._transfer))

    def action_choose(self) -> None:
        def walk(start: Path) -> None:
            from tui.screens.clinical_file import ClinicalFileScreen

            self._done = ""
            self.app.push_screen(ClinicalFileScreen(self._transfer, start))

        self.read("start", partial(self.owner.source.clinical.start_folder, self._transfer), walk)

    def action_check(self) -> None:
        self._change(
            partial(self.owner.source.clinical.read_again, self._transfer),
            "Looking at the table again, and judging everything anew…",
            "The table was looked at again, and everything judged anew.",
        )

    @work(exclusive=True, group="question")
    async def action_images_alone(self) -> None:
        look = self._look
        if look is None:
            return
        if look.path is not None and not await self.app.push_screen_wait(
            Question(
                "Send no clinical data?",
                [
                    "The table that is named now is not sent any more; the file itself stays.",
                    "Datasets of images alone are accepted case by case.",
                ],
                no="Keep the table",
                yes="No table",
            )
        ):
            return
        by = await ask_by(self, "Why are there no clinical data?", needs_reason=True)
        if by is not None:
            self._change(
                partial(self.owner.source.clinical.images_alone, self._transfer, by),
                "Recording it…",
                "It is recorded that this dataset is of images alone.",
            )

    @work(exclusive=True, group="question")
    async def action_export(self) -> None:
        from tui.screens.clinical_export import ask_export

        call = await ask_export(self, self._transfer)
        if call is not None:
            self._doing = "Writing the files…"
            self._tell()
            self.read("change", call, self._tell_written)

    def _tell_written(self, lines: list[str]) -> None:
        self._doing = ""
        self._load()
        self._tell()
        self.app.push_screen(Note("The files are written", lines))

    def _change(self, call: Callable[[], None], doing: str, done: str) -> None:
        if self._doing:
            return
        self._doing, self._done = doing, ""
        self._tell()
        self.refresh_bindings()

        def changed(nothing: None) -> None:
            self._doing, self._done = "", done
            self._load()
            self._draw()

        self.read("change", call, changed)

    def stumbled(self, kind: str, error: TransferError) -> None:
        if kind == "change":
            self._doing = ""
            self._draw()
        super().stumbled(kind, error)

    # Keys ---------------------------------------------------------------------------------

    def live_actions(self) -> frozenset[str]:
        return frozenset({"open", "findings", "choose", "check", "images_alone", "export"})

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "open":
            return self._can_open(str(parameters[0]))
        return super().check_action(action, parameters)

    def _can_open(self, which: str) -> bool:
        look = self._look
        if look is None or self._doing:
            return False
        if which == "upload":
            has_gone = look.state.subjects.ready or look.state.files.ready
            return look.is_read or bool(has_gone)
        return look.is_read

    def can(self, action: str) -> bool | None:
        look = self._look
        if look is None or self._doing:
            return False
        return {
            "choose": not look.is_held,
            "check": look.path is not None and not look.is_held,
            "images_alone": look.state.image_only is None and not look.is_held,
            "export": look.is_read,
        }.get(action, True)


def _trouble(look: ClinicalLook | None) -> Trouble | None:
    problem = look.problem if look else None
    if problem is None:
        return None
    what, remedy = problem
    return Trouble(
        what,
        "Nothing of it was read, and nothing of it leaves.",
        remedy.replace("then scan again", "then press c").replace(
            "when the transfer is made, --clinical FILE#SHEET", "with o, FILE#SHEET"
        ),
    )

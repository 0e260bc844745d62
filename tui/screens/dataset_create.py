"""Step 10: a dataset made from an index that a person has, with or without clinical data."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import ClassVar, Final

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content

from transfer.errors import StepBlocked, TransferError
from transfer.publication.values import NewDataset
from tui import figures
from tui.datasets import DatasetView, Form
from tui.page import Page
from tui.screens.clinical_reconcile_asking import ask_person_once
from tui.screens.question import Ask, Question
from tui.screens.walk_file import FileWalk
from tui.text import plain, shorten_path
from tui.widgets.chrome import Now
from tui.widgets.failure import FailurePanel, wrapped
from tui.widgets.ink import cell, ink, line
from tui.widgets.painted import Painted
from tui.widgets.rows import Row, Rows

_INDEX, _CLINICAL, _PREVIOUS, _METADATA = "index", "clinical", "previous", "metadata"
_MARK, _TITLE = 2, 22
_ROWS: Final = {
    _INDEX: ("Index of the studies", "needed: a JSON file of studies and their paths"),
    _CLINICAL: ("Clinical data", "may stay empty: then its subjects carry none"),
    _PREVIOUS: ("New version of", "may stay empty: the id of an earlier dataset"),
    _METADATA: ("Metadata", ""),
}


class CreateScreen(Page):
    """What is needed for it; nothing is asked of the node before the key for that."""

    CSS_PATH = "dataset_create.tcss"
    AUTO_FOCUS = "#rows"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("c", "create", "Create it", id="dataset-create.create"),
        Binding("n", "create_again", "Create anyway", id="dataset-create.again"),
        Binding("x", "take_out", "Take out", id="dataset-create.take-out"),
    ]

    def __init__(self, transfer: str) -> None:
        super().__init__()
        self._transfer = transfer
        self._form: Form | None = None
        self._given: dict[str, str] = {}
        self._doing = ""
        self._is_refused = False

    def body(self) -> ComposeResult:
        yield FailurePanel()
        yield Rows(id="rows", pick="Fill in")
        yield Painted(id="one")

    def on_mount(self) -> None:
        self._draw()

    def on_screen_resume(self) -> None:
        form = partial(self.owner.source.datasets.form, self._transfer)
        self.read("form", form, self._take, anew=True)

    def _take(self, form: Form) -> None:
        self._form = form
        self._draw()

    def stumbled(self, kind: str, error: TransferError) -> None:
        self._doing = ""
        # A name that is taken, or an attempt whose fate is unknown: a person may know better.
        self._is_refused = kind == "create" and isinstance(error, StepBlocked)
        self.query_one(FailurePanel).say(self.told(error))
        self._draw()

    # Drawing ------------------------------------------------------------------------------

    def _draw(self) -> None:
        self.crumbs.say(["eucaim-transfer", plain(self._transfer), "Dataset", "From an index"])
        rows = [Row(key, partial(self._draw_row, key)) for key in _ROWS]
        self.query_one("#rows", Rows).show(rows)
        self._tell()
        self.refresh_bindings()

    def _draw_row(self, key: str, width: int) -> list[Content]:
        title, hint = _ROWS[key]
        given = self._given.get(key, "")
        room = width - _MARK - _TITLE
        mark, style, shown = "·", "$faint", ink(hint, "$muted")
        if key == _METADATA:
            missing = len(self._form.blocking) if self._form else 0
            mark, style = ("○", "$warn") if missing else ("✓", "$good")
            n = figures.count(missing, "field", "fields")
            shown = ink(f"{n} still missing" if missing else "nothing is missing")
        elif given:
            mark, style = "✓", "$good"
            is_path = key != _PREVIOUS
            shown = ink(shorten_path(plain(given), room) if is_path else plain(given, 80))
        elif key == _INDEX:
            mark, style = "○", "$warn"
        return [line(cell(mark, _MARK, style), cell(title, _TITLE), cell(shown, room))]

    @on(Rows.Reached, "#rows")
    def _tell(self) -> None:
        key = self.query_one("#rows", Rows).key or _INDEX
        self.query_one("#one", Painted).show(partial(self._about, key))
        if self._doing:
            self.now.say(Now(self._doing, "You may leave: what was asked stands in the ledger."))
        elif not self._given.get(_INDEX):
            self.now.say(Now("The index is needed.", "[Enter] fills in.   [Esc] goes back."))
        elif not self._is_whole:
            text = "Something in the metadata would be refused."
            self.now.say(Now(text, "[↓] to Metadata, [Enter] shows what."))
        elif self._is_refused:
            text = "Nothing more was done."
            self.now.say(
                Now(text, "[n] creates it all the same; it asks first.   [Esc] goes back.")
            )
        else:
            self.now.say(Now("All that is needed is there.", "[c] creates it; it asks first."))

    def _about(self, key: str, width: int) -> list[Content]:
        given = self._given.get(key, "")
        if given:
            return [Content(""), *wrapped(ink(plain(given, 2000)), width)][:6]
        about = {
            _INDEX: "Only the node's own pages know which study lies where. Who has no index uses"
            " the guide instead.",
            _CLINICAL: "JSON with a form for each subject, or CSV whose first column is the name.",
            _PREVIOUS: "The earlier dataset stays; the two are linked.",
            _METADATA: "What was filled in is kept with the transfer.",
        }
        return [Content(""), *wrapped(ink(about[key], "$muted"), width)]

    # Acting -------------------------------------------------------------------------------

    @on(Rows.Picked, "#rows")
    def _picked(self, event: Rows.Picked) -> None:
        if self._doing:
            return
        if event.key == _METADATA:
            from tui.screens.dataset_metadata import MetadataScreen

            self.app.push_screen(MetadataScreen(self._transfer))
            return
        if event.key == _PREVIOUS:
            self._ask_previous()
            return
        trail = ["eucaim-transfer", plain(self._transfer), "Dataset", _ROWS[event.key][0]]
        suffixes = (".json",) if event.key == _INDEX else (".json", ".csv")
        taken = partial(self._take_file, event.key)
        self.app.push_screen(FileWalk(trail, "Which file?", taken, suffixes))

    def _take_file(self, key: str, path: Path) -> None:
        self._given[key] = str(path)
        self._draw()

    @work(exclusive=True, group="question")
    async def _ask_previous(self) -> None:
        lines = ["The id of the earlier dataset, as its page shows it. It may stay empty."]
        value = self._given.get(_PREVIOUS, "")
        given = await self.app.push_screen_wait(Ask("New version of", lines, value=value))
        if given is not None:
            self._given[_PREVIOUS] = given.strip()
            self._draw()

    def action_take_out(self) -> None:
        self._given.pop(self.query_one("#rows", Rows).key or "", None)
        self._draw()

    def action_create(self) -> None:
        self._create(
            "It becomes a draft that nobody else sees; the node takes a while for it.",
            again=False,
        )

    def action_create_again(self) -> None:
        self._create(
            "You say that a second one of that name is meant, or that an earlier attempt came to"
            " nothing. The node is asked first, and nothing is made twice where it can tell.",
            again=True,
        )

    @work(exclusive=True, group="question")
    async def _create(self, told: str, *, again: bool) -> None:
        form = self._form
        if form is None:
            return
        yes = await self.app.push_screen_wait(
            Question(
                "Have the node make the dataset?",
                [told, "It is followed from then on."],
                no="Not yet",
                yes="Create it",
            )
        )
        person = await ask_person_once(self) if yes else None
        if not person:
            return
        texts = {one.key: form.values(one.key) for one in form.fields}
        clinical = self._given.get(_CLINICAL)
        wanted = NewDataset(
            {key: values for key, values in texts.items() if values},
            Path(self._given[_INDEX]),
            Path(clinical) if clinical else None,
            self._given.get(_PREVIOUS, ""),
        )
        self._doing = "Asking the node to make it…"
        self.query_one(FailurePanel).say(None)
        self._draw()
        datasets = self.owner.source.datasets
        create = partial(datasets.create, self._transfer, wanted, person, again=again)
        self.read("create", create, self._created)

    def _created(self, view: DatasetView) -> None:
        self.dismiss()

    def live_actions(self) -> frozenset[str]:
        return frozenset({"create", "create_again", "take_out"})

    def can(self, action: str) -> bool | None:
        if action == "take_out":
            return bool(self._given.get(self.query_one("#rows", Rows).key or ""))
        is_ready = self._is_whole and bool(self._given.get(_INDEX)) and not self._doing
        return is_ready and (action == "create" or self._is_refused)

    @property
    def _is_whole(self) -> bool:
        """Whether the metadata that go with it would be taken; the rest can follow."""
        form = self._form
        return form is not None and all(fault.key not in form.changed for fault in form.blocking)

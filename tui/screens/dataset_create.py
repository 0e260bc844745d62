"""Step 10: a dataset made from an index that a person has, with or without clinical data."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path
from typing import ClassVar, Final

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input

from transfer.errors import TransferError
from transfer.publication.values import NewDataset
from tui import figures, words
from tui.datasets import DatasetView, Form
from tui.page import Page
from tui.screens.clinical_reconcile_asking import ask_person_once
from tui.screens.question import Ask, Question
from tui.screens.walk import PathInput, PathSuggester
from tui.text import plain, shorten_path
from tui.widgets.chrome import Now, with_keys
from tui.widgets.failure import FailurePanel, Trouble, wrapped
from tui.widgets.ink import cell, ink, line
from tui.widgets.painted import Painted
from tui.widgets.rows import Row, Rows

_INDEX, _CLINICAL, _PREVIOUS, _METADATA = "index", "clinical", "previous", "metadata"
_MARK, _TITLE = 2, 22
_ROWS: Final = {
    _INDEX: ("Index of the studies", "needed: the JSON file that lists studies and their paths"),
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
    ]

    def __init__(self, transfer: str) -> None:
        super().__init__()
        self._transfer = transfer
        self._form: Form | None = None
        self._given: dict[str, str] = {}
        self._doing = ""

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
        self.query_one(FailurePanel).say(
            Trouble(error.what, words.means_for_data(error), error.remedy)
        )
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
        elif self._form is not None and self._form.blocking:
            self.now.say(Now("Metadata are missing.", "[↓] to Metadata, [Enter] fills them in."))
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
        self._fill_in(event.key)

    @work(exclusive=True, group="question")
    async def _fill_in(self, key: str) -> None:
        title, hint = _ROWS[key]
        value = self._given.get(key, "")
        lines = [f"{hint[:1].upper()}{hint[1:]}."]
        asked: ModalScreen[str | None] = AskPath(self, title, lines, value)
        if key == _PREVIOUS:
            asked = Ask(title, lines, value=value)
        given = await self.app.push_screen_wait(asked)
        if given is not None:
            self._given[key] = given.strip()
            self._draw()

    @work(exclusive=True, group="question")
    async def action_create(self) -> None:
        form = self._form
        if form is None:
            return
        yes = await self.app.push_screen_wait(
            Question(
                "Have the node make the dataset?",
                [
                    "It becomes a draft that nobody else sees, and can be removed while it is one"
                    " that failed.",
                    "The node takes a while; it is followed from then on.",
                ],
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
            _path(self._given[_INDEX]),
            _path(clinical) if clinical else None,
            self._given.get(_PREVIOUS, ""),
        )
        self._doing = "Asking the node to make it…"
        self.query_one(FailurePanel).say(None)
        self._draw()
        create = partial(self.owner.source.datasets.create, self._transfer, wanted, person)
        self.read("create", create, self._created)

    def _created(self, view: DatasetView) -> None:
        self.dismiss()

    def live_actions(self) -> frozenset[str]:
        return frozenset({"create"})

    def can(self, action: str) -> bool | None:
        is_whole = self._form is not None and not self._form.blocking
        return is_whole and bool(self._given.get(_INDEX)) and not self._doing


class AskPath(ModalScreen[str | None]):
    """The path of a file, completed as a shell does; None when they went back."""

    CSS_PATH = "question.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "back", "Back", id="dataset-path.back")
    ]

    def __init__(self, page: Page, title: str, lines: list[str], value: str) -> None:
        super().__init__()
        self._page, self._title, self._lines, self._value = page, title, lines, value

    def compose(self) -> ComposeResult:
        with Vertical(classes="box"):
            yield Painted(lambda width: [ink(plain(self._title), "bold")])
            yield Painted(classes="gap")
            yield Painted(lambda width: [w for t in self._lines for w in wrapped(ink(t), width)])
            value = self._value or f"{self._page.owner.source.start_folder()}{os.sep}"
            entry = PathInput(value, suggester=PathSuggester(self._page, files=True))
            entry.cursor_blink = False
            yield entry
            yield Painted(
                lambda width: [with_keys("[Tab] completes it   [Enter] takes it   [Esc] back")]
            )

    def on_mount(self) -> None:
        self.query_one(Input).focus()

    @on(Input.Submitted)
    def _take(self, event: Input.Submitted) -> None:
        text = event.value.strip()
        self.dismiss("" if text.endswith(os.sep) else text)

    def action_back(self) -> None:
        self.dismiss(None)


def _path(text: str) -> Path:
    return Path(os.path.abspath(os.path.expanduser(text.strip("'\""))))

"""Step 10: the metadata of the dataset, as a form drawn from what the node says of each field."""

from __future__ import annotations

from functools import partial
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from transfer.errors import TransferError
from transfer.publication.values import Field
from tui.datasets import Form
from tui.page import Page
from tui.screens.clinical_reconcile_asking import ask_person_once
from tui.screens.dataset_metadata_asking import ask_values
from tui.screens.dataset_metadata_drawing import about_field, draw_field, metadata_now
from tui.text import plain
from tui.widgets.chrome import Now
from tui.widgets.failure import FailurePanel
from tui.widgets.painted import Painted
from tui.widgets.rows import Row, Rows


class MetadataScreen(Page):
    """What is filled in is kept here at once and goes to the node by a key of its own; it is read
    back from there."""

    CSS_PATH = "dataset_metadata.tcss"
    AUTO_FOCUS = "#fields"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("s", "save", "Save", tooltip="Save on the node", id="dataset-metadata.save"),
        Binding("x", "undo", "Undo", tooltip="As the node has it", id="dataset-metadata.undo"),
        Binding("n", "next_fault", "Next fault", id="dataset-metadata.next"),
    ]

    def __init__(self, transfer: str) -> None:
        super().__init__()
        self._transfer = transfer
        self._form: Form | None = None
        self._doing = ""
        self._done = ""
        self._stumbled_at = ""

    def body(self) -> ComposeResult:
        yield FailurePanel()
        yield Rows(id="fields", pick="Change", empty=["Reading…"])
        yield Painted(id="one")

    def on_mount(self) -> None:
        self._draw()

    def on_screen_resume(self) -> None:
        if self._form is None:
            self._load()

    def legend(self) -> tuple[str, list[tuple[str, str]]]:
        return "What stands before a field", [
            ("✓", "filled in, and so on the node"),
            ("+", "filled in here; not yet on the node"),
            ("○", "needed before others see the dataset, and empty"),
            ("!", "empty; it may stay so, and will be missed"),
            ("✗", "not as the node takes it"),
            ("=", "cannot be changed now"),
            ("·", "may stay empty"),
        ]

    def _load(self) -> None:
        form = partial(self.owner.source.datasets.form, self._transfer)
        self.read("form", form, self._take_form, anew=True)

    def _take_form(self, form: Form) -> None:
        # What became of an act stays told when the form is read again after it.
        if self._stumbled_at == "form":
            self.query_one(FailurePanel).say(None)
        self._form = form
        self._draw()

    def _take(self, form: Form) -> None:
        self._form = form
        self.query_one(FailurePanel).say(None)
        self._draw()

    def stumbled(self, kind: str, error: TransferError) -> None:
        self._doing, self._stumbled_at = "", kind
        self.query_one(FailurePanel).say(self.told(error))
        if kind == "save":
            # Field by field: some of it may be there now.
            self._load()
        self._draw()

    # Drawing ------------------------------------------------------------------------------

    def _draw(self) -> None:
        form = self._form
        self.crumbs.say(["eucaim-transfer", plain(self._transfer), "Dataset", "Metadata"])
        if form is not None:
            rows = [
                Row(field.key, partial(draw_field, form, field), opens=field.is_editable)
                for field in form.fields
            ]
            self.query_one("#fields", Rows).show(rows, ["This node has no metadata to fill in."])
        self._tell()
        self.refresh_bindings()

    @on(Rows.Reached, "#fields")
    def _tell(self) -> None:
        form, field = self._form, self._field
        self.query_one("#one", Painted).show(partial(about_field, form, field))
        if self._doing:
            self.now.say(Now(self._doing, "Please wait a moment."))
        elif form is None:
            self.now.say(Now("Reading what the node takes…", "[Esc] goes back."))
        else:
            now = metadata_now(form, field)
            self.now.say(Now(self._done, now.press) if self._done else now)

    @property
    def _field(self) -> Field | None:
        key = self.query_one("#fields", Rows).key
        return self._form.of(key) if self._form and key else None

    # Acting -------------------------------------------------------------------------------

    @on(Rows.Picked, "#fields")
    def _change(self) -> None:
        self._ask()

    @work(exclusive=True, group="question")
    async def _ask(self) -> None:
        form, field = self._form, self._field
        if form is None or field is None or self._doing:
            return
        values = await ask_values(self, field, form.values(field.key))
        if values is not None and values != form.values(field.key):
            self._keep(field.key, values)

    def _keep(self, key: str, values: tuple[str, ...] | None) -> None:
        self._done = ""
        keep = partial(self.owner.source.datasets.keep, self._transfer, key, values)
        self.read("keep", keep, self._take)

    def action_undo(self) -> None:
        if self._field is not None:
            self._keep(self._field.key, None)

    def action_next_fault(self) -> None:
        rows, form = self.query_one("#fields", Rows), self._form
        if form is None:
            return
        keys = [field.key for field in form.fields]
        start = keys.index(rows.key) + 1 if rows.key in keys else 0
        for key in keys[start:] + keys[:start]:
            if form.fault(key):
                rows.go_to(key)
                return

    @work(exclusive=True, group="question")
    async def action_save(self) -> None:
        person = await ask_person_once(self)
        if not person:
            return
        self._doing, self._done = "Saving on the node, and reading it back…", ""
        self.query_one(FailurePanel).say(None)
        self._tell()
        self.refresh_bindings()
        save = partial(self.owner.source.datasets.save, self._transfer, person)
        self.read("save", save, self._saved)

    def _saved(self, form: Form) -> None:
        self._doing, self._done = "", "Saved on the node, and read back as it stands here."
        self._take(form)

    def live_actions(self) -> frozenset[str]:
        return frozenset({"save", "undo", "next_fault"})

    def can(self, action: str) -> bool | None:
        form, field = self._form, self._field
        if form is None or self._doing:
            return False
        return {
            "save": form.is_on_node and bool(form.changed) and not form.keeps_from_saving,
            "undo": field is not None and field.key in form.changed,
            "next_fault": bool(form.faults),
        }[action]

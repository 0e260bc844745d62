"""Which of the node's drafts is this transfer's: id, name, when it was made, its counts."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen

from transfer.publication.values import Cohort, Dataset, Stage
from tui import figures
from tui.text import plain
from tui.widgets.chrome import with_keys
from tui.widgets.failure import wrapped
from tui.widgets.ink import cell, dotted, ink, line
from tui.widgets.painted import Painted
from tui.widgets.rows import Row, Rows

_MADE, _COUNT = 18, 9
_STAGES = {
    Stage.CREATING: "being created",
    Stage.FAILED: "its creation failed",
    Stage.DRAFT: "draft",
    Stage.RELEASED: "released",
    Stage.PUBLISHED: "published",
    Stage.INVALIDATED: "invalid",
}


class PickScreen(ModalScreen[str | None]):
    """Gives the id of the one that was taken; None when they went back."""

    CSS_PATH = "dataset_pick.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "back", "Back", id="dataset-pick.back"),
    ]

    def __init__(self, found: Sequence[Dataset], cohort: Cohort) -> None:
        super().__init__()
        self._found, self._cohort = found, cohort

    def compose(self) -> ComposeResult:
        several = len(self._found) > 1
        title = "Which of these drafts is it?" if several else "Is this the draft?"
        with Vertical(classes="box"):
            yield Painted(lambda width: [ink(title, "bold")])
            yield Painted(self._draw_about)
            yield Painted(classes="gap")
            yield Painted(draw_heading)
            yield Rows(id="choices", pick="Take")
            yield Painted(id="one")
            yield Painted(lambda width: [with_keys("[↑ ↓] choose   [Enter] takes it   [Esc] back")])

    def on_mount(self) -> None:
        rows = self.query_one("#choices", Rows)
        rows.show([Row(one.id, partial(draw_candidate, one)) for one in self._found])
        rows.focus()
        self._tell()

    def _draw_about(self, width: int) -> list[Content]:
        cohort = self._cohort
        text = (
            f"This transfer has {figures.count(cohort.studies, 'study', 'studies')} of"
            f" {figures.count(cohort.patients, 'subject')} on the node. What is taken is followed"
            " from then on; nothing changes on the node."
        )
        return wrapped(ink(text, "$muted"), width)

    @on(Rows.Reached)
    def _tell(self) -> None:
        key = self.query_one("#choices", Rows).key
        one = next((one for one in self._found if one.id == key), None)
        self.query_one("#one", Painted).show(partial(_about, one))

    @on(Rows.Picked)
    def _take(self, event: Rows.Picked) -> None:
        self.dismiss(event.key)

    def action_back(self) -> None:
        self.dismiss(None)


def draw_heading(width: int) -> list[Content]:
    """What the columns are."""
    room = max(8, width - 4 - _MADE - 2 * _COUNT)
    return [
        line(
            "  ", cell("name", room, "$muted"), cell("made (UTC)", _MADE, "$muted"),
            cell("studies", _COUNT, "$muted", "right"), cell("subjects", _COUNT, "$muted", "right"),
        )
    ]  # fmt: skip


def draw_candidate(one: Dataset, width: int) -> list[Content]:
    """A draft in a line."""
    room = max(8, width - _MADE - 2 * _COUNT)
    made = figures.moment(one.created_at_utc).removesuffix(" UTC") if one.created_at_utc else "?"
    return [
        line(
            cell(cell(plain(one.name, 256), room - 1, "bold"), room),
            cell(made, _MADE),
            cell(_number(one.studies), _COUNT, align="right"),
            cell(_number(one.subjects), _COUNT, align="right"),
        )
    ]


def _about(one: Dataset | None, width: int) -> list[Content]:
    if one is None:
        return []
    version = f"version {plain(one.version, 32)}" if one.version else ""
    facts = dotted([version, _STAGES[one.stage]])
    name = wrapped(ink(plain(one.name, 256), "bold"), width)
    return [Content(""), *name, line(("id ", "$muted"), plain(one.id, 80)), facts, Content("")]


def _number(n: int | None) -> str:
    return "?" if n is None else f"{n:,}"

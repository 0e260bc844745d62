"""Instances that the node did not take: which, why, and what to do."""

from __future__ import annotations

from functools import partial
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content

from transfer.ledger.census import FailedInstance
from transfer.members import spelled
from tui import figures
from tui.page import Page
from tui.source import Glance
from tui.text import plain, shorten_path
from tui.widgets.chrome import Now
from tui.widgets.failure import wrapped
from tui.widgets.ink import cell, ink, line
from tui.widgets.painted import Painted
from tui.widgets.rows import Row, Rows

_PAGE = 100
_MORE, _LESS = "more", "less"
_TICKS = 8
_AGAIN = (
    "What is refused again can be left out (s in the journey), or exported anew by whoever has the"
    " originals; the helpdesk knows the node's reasons."
)


class ProblemsScreen(Page):
    """The failed instances, a page at a time; the chosen one in full below."""

    CSS_PATH = "problems.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("i", "names", "Original names", id="problems.names"),
        Binding("u", "again", "Try again", id="problems.again"),
    ]

    def __init__(self, transfer: str) -> None:
        super().__init__()
        self._transfer = transfer
        self._failed: list[FailedInstance] | None = None
        self._glance: Glance | None = None
        self._offset = 0
        self._shows_names = False
        self._ticks = 0

    def body(self) -> ComposeResult:
        yield Rows(id="failed", pick="", empty=["Reading…"])
        yield Painted(id="one")

    def look(self) -> None:
        if self._ticks % _TICKS == 0:
            self.read(
                "glance", partial(self.owner.source.glance, self._transfer), self._take_glance
            )
            self._load()
        self._ticks += 1

    def _load(self) -> None:
        self.read(
            "failed",
            partial(self.owner.source.failed, self._transfer, _PAGE, self._offset),
            self._take,
        )

    def _take_glance(self, glance: Glance) -> None:
        self._glance = glance
        self._draw()

    def _take(self, failed: list[FailedInstance]) -> None:
        self._failed = failed
        self._draw()

    def on_mount(self) -> None:
        self._draw()

    def _draw(self) -> None:
        status = self._glance.status if self._glance else None
        total = status.census.instances.failed if status else 0
        failed = self._failed or []
        self.crumbs.say(
            ["eucaim-transfer", plain(self._transfer), "Failures"],
            line((f"✗ {total:,} failed", "$bad")) if total else line(("✓ none", "$good")),
        )
        rows = [Row(one.key, partial(_draw_one, one)) for one in failed]
        if self._offset:
            rows.insert(0, Row(_LESS, partial(_say, f"↑ before {self._offset + 1:,}: Enter")))
        if len(failed) == _PAGE:
            rows.append(Row(_MORE, partial(_say, "↓ more: Enter")))
        empty = ["No instance failed."] if self._failed is not None else None
        self.query_one("#failed", Rows).show(rows, empty)
        self._tell()
        if not total:
            self.now.say(Now("Nothing has failed.", "[Esc] goes back."))
        elif status and status.is_running:
            self.now.say(
                Now(
                    "The runner is at work; these were refused so far.",
                    "[↑ ↓] the full reason of each.   [Esc] goes back.",
                )
            )
        else:
            what = figures.count(total, "instance is", "instances are")
            self.now.say(
                Now(
                    f"{what} not on the node. The files on your disk are untouched.",
                    "[u] sends only these again.   [↑ ↓] the reason of each.",
                )
            )

    def _tell(self) -> None:
        key = self.query_one("#failed", Rows).key
        one = next((entry for entry in self._failed or () if entry.key == key), None)
        self.query_one("#one", Painted).show(partial(_draw_whole, one, self._shows_names))

    @on(Rows.Reached)
    def _reached(self) -> None:
        self._tell()

    @on(Rows.Picked)
    def _page(self, event: Rows.Picked) -> None:
        if event.key in (_MORE, _LESS):
            self._offset = max(0, self._offset + (_PAGE if event.key == _MORE else -_PAGE))
            self.query_one("#failed", Rows).action_edge(0)
            self._load()

    def action_names(self) -> None:
        self._shows_names = not self._shows_names
        self._tell()

    def action_again(self) -> None:
        from tui.screens.upload import UploadScreen

        screen = UploadScreen(self._transfer)
        screen.start_when_known()
        self.app.switch_screen(screen)


def _draw_one(one: FailedInstance, width: int) -> list[Content]:
    return [
        line(
            cell(one.key, 10),
            cell(one.study_key, 8, "$muted"),
            cell(figures.count(one.attempts, "try", "tries"), 10, "$muted"),
            cell(plain(one.reason), width - 28),
        )
    ]


def _draw_whole(one: FailedInstance | None, shows_names: bool, width: int) -> list[Content]:
    if one is None:
        return []
    lines = [Content(""), *wrapped(ink(plain(one.reason), "bold"), width)]
    if shows_names:
        if one.sop_instance_uid:
            lines.append(line(("UID   ", "$muted"), plain(one.sop_instance_uid)))
        lines.append(line(("File  ", "$muted"), shorten_path(plain(spelled(one.path)), width - 6)))
    else:
        lines.append(
            line((f"Instance {one.key} of study {one.study_key}; i shows its names.", "$muted"))
        )
    return [*lines, *wrapped(ink(_AGAIN, "$muted"), width)]


def _say(text: str, width: int) -> list[Content]:
    return [line((text, "$muted"))]

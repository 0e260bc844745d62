"""New transfer, steps 3 and 5: where on the node, and under which name."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container
from textual.content import Content
from textual.widgets import Input

from transfer.errors import TransferError
from transfer.node import Destination
from tui.page import Page
from tui.screens.draft import Draft, suggest_name
from tui.text import plain
from tui.widgets.chrome import Now
from tui.widgets.failure import wrapped
from tui.widgets.ink import cell, ink, line
from tui.widgets.painted import Painted
from tui.widgets.rows import Row, Rows


class DetailsScreen(Page):
    """The destination: out of the configuration, asked from the node, or typed."""

    CSS_PATH = "new.tcss"
    BINDINGS: ClassVar[list[BindingType]] = []

    def __init__(self, draft: Draft) -> None:
        super().__init__()
        self._draft = draft
        self._known = list(draft.node.destinations)

    def body(self) -> ComposeResult:
        yield Painted(id="question")
        yield Rows(id="destinations", pick="Take it", empty=[""])
        with Container(classes="field", id="typed"):
            entry = Input(id="destination", placeholder="PROJECT or PROJECT|SUBPROJECT")
            entry.cursor_blink = False
            yield entry

    def on_mount(self) -> None:
        self.crumbs.say(
            ["eucaim-transfer", "New transfer", "Destination"], line(("3 of 6", "$muted"))
        )
        if self._known:
            self._offer(self._known)
        else:
            self.now.say(Now("Asking the node where this account may send to…", "[Esc] goes back."))
            name = self._draft.node.name
            self.read("destinations", partial(self.owner.source.destinations, name), self._offer)

    def stumbled(self, kind: str, error: TransferError) -> None:
        self._ask("The node could not be asked", f"{error.what} Type the destination instead.")

    def _offer(self, found: list[Destination]) -> None:
        self._known = found
        if not found:
            self._ask(
                "The node does not say where this account may send to",
                "Type what its administrators told you; leave it empty where there is one place"
                " only.",
            )
            return
        self._say("Which place on the node?", "")
        self.query_one("#typed").display = False
        rows = self.query_one(Rows)
        rows.display = True
        rows.show([Row(place.key, partial(_draw_place, place)) for place in found])
        rows.focus()
        self.now.say(Now("Choose the destination.", "[Enter] takes it.   [Esc] goes back."))

    def _ask(self, title: str, text: str) -> None:
        self._say(title, text)
        self.query_one(Rows).display = False
        self.query_one("#typed").display = True
        self.query_one(Input).focus()
        self.now.say(Now("Type the destination.", "[Enter] takes it.   [Esc] goes back."))

    def _say(self, title: str, text: str) -> None:
        self.query_one("#question", Painted).show(
            lambda width: [
                line((plain(title), "bold")),
                *(wrapped(ink(plain(text), "$muted"), width) if text else []),
                Content(""),
            ]
        )

    @on(Rows.Picked)
    def _picked(self, event: Rows.Picked) -> None:
        self._go_on(event.key)

    @on(Input.Submitted)
    def _typed(self, event: Input.Submitted) -> None:
        self._go_on(event.value.strip())

    def _go_on(self, destination: str) -> None:
        from tui.screens.new_deid import DeidScreen

        self.app.push_screen(DeidScreen(replace(self._draft, destination=destination)))


class NameScreen(Page):
    """The name under which the transfer is found again; one is suggested."""

    CSS_PATH = "new.tcss"

    def __init__(self, draft: Draft) -> None:
        super().__init__()
        self._draft = draft

    def body(self) -> ComposeResult:
        yield Painted(
            lambda width: [
                line(("What shall this transfer be called?", "bold")),
                *wrapped(
                    ink(
                        "Letters, digits, dots and hyphens. No patient's name or number.", "$muted"
                    ),
                    width,
                ),
                Content(""),
            ]
        )
        with Container(classes="field"):
            entry = Input(id="name")
            entry.cursor_blink = False
            yield entry
        yield Painted(id="refusal")

    def on_mount(self) -> None:
        self.crumbs.say(["eucaim-transfer", "New transfer", "Name"], line(("5 of 6", "$muted")))
        self.now.say(Now("A name is suggested.", "[Enter] takes it.   [Esc] goes back."))
        self.read("names", self.owner.source.names, self._suggest)

    def _suggest(self, taken: list[str]) -> None:
        entry = self.query_one(Input)
        if not entry.value:
            entry.value = suggest_name(self._draft.node.name, self.owner.today(), taken)
            entry.select_all()

    @on(Input.Submitted)
    def _typed(self, event: Input.Submitted) -> None:
        from tui.screens.new_summary import SummaryScreen

        name = event.value.strip()
        if not name:
            self.query_one("#refusal", Painted).show(
                lambda width: [line(("The name cannot stay empty.", "$bad"))]
            )
            return
        self.app.push_screen(SummaryScreen(replace(self._draft, name=name)))


def _draw_place(place: Destination, width: int) -> list[Content]:
    told = " · ".join(plain(part) for part in (place.title, place.role) if part)
    return [line(cell(plain(place.key), max(12, width // 2)), (told, "$muted"))]

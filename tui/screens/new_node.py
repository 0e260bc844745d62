"""New transfer, step 1: which node."""

from __future__ import annotations

from functools import partial
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content

from transfer.errors import TransferError
from tui.page import Page
from tui.screens.draft import Draft
from tui.screens.new_folder import FolderScreen
from tui.source import NodeChoice
from tui.text import plain, shorten_path
from tui.widgets.chrome import Now
from tui.widgets.failure import FailurePanel, Trouble, wrapped
from tui.widgets.ink import cell, ink, line
from tui.widgets.painted import Painted
from tui.widgets.rows import Row, Rows


class NodeScreen(Page):
    """The nodes of the configuration; one that cannot be used yet says what it lacks."""

    CSS_PATH = "new.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("a", "account", "Account", id="new-node.account"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._choices: list[NodeChoice] = []

    def body(self) -> ComposeResult:
        yield FailurePanel()
        yield Painted(lambda width: [line(("Where do the images go?", "bold")), Content("")])
        yield Rows(id="nodes", lines_per_row=2, gap=1, pick="Take it", empty=["Reading…"])
        yield Painted(id="missing")

    def on_mount(self) -> None:
        self.crumbs.say(["eucaim-transfer", "New transfer", "Node"], line(("1 of 6", "$muted")))
        self.now.say(Now("Reading the configuration…", "[Esc] goes back."))
        self.read("nodes", self.owner.source.nodes, self._take)

    def stumbled(self, kind: str, error: TransferError) -> None:
        self.query_one(FailurePanel).say(
            Trouble(error.what, "Nothing was changed or sent.", error.remedy)
        )
        self.query_one("#nodes", Rows).show([], empty=[""])
        self.now.say(Now("The nodes cannot be listed.", "[Esc] goes back."))

    def _take(self, nodes: list[NodeChoice]) -> None:
        # What can be used comes first: the cursor starts on something that works.
        self._choices = sorted(nodes, key=lambda node: bool(node.missing))
        rows = self.query_one("#nodes", Rows)
        rows.show(
            [
                Row(node.name, partial(_draw_node, node), opens=not node.missing)
                for node in self._choices
            ]
        )
        self._tell()

    def _chosen(self) -> NodeChoice | None:
        key = self.query_one("#nodes", Rows).key
        return next((node for node in self._choices if node.name == key), None)

    @on(Rows.Reached)
    def _tell(self) -> None:
        node = self._chosen()
        self.query_one("#missing", Painted).show(
            lambda width: wrapped(ink(plain(node.remedy), "$muted"), width) if node else []
        )
        if node is None:
            return
        if node.missing:
            config = shorten_path(plain(self.owner.source.config_file()), 60)
            self.now.say(
                Now(
                    f"{plain(node.name)} cannot be used yet; above is what it needs.",
                    f"config.toml is {config}" if "config.toml" in node.remedy else "",
                )
            )
        else:
            self.now.say(
                Now("Choose the node.", "[↑ ↓] moves, [Enter] takes it.   [Esc] goes back.")
            )

    def action_account(self) -> None:
        from tui.screens.account import AccountScreen

        node = self._chosen()
        if node is not None:
            self.app.push_screen(AccountScreen("", node=node.name))

    @on(Rows.Picked)
    def _picked(self) -> None:
        node = self._chosen()
        if node is not None:
            self.app.push_screen(FolderScreen(Draft(node)))


def _draw_node(node: NodeChoice, width: int) -> list[Content]:
    state = line(("✗ incomplete", "$warn")) if node.missing else line(("✓ ready", "$good"))
    second = node.missing[0] if node.missing else _what(node)
    return [
        line(cell(plain(node.name), width - 14, "bold"), cell(state, 14)),
        line((plain(second), "$muted")),
    ]


def _what(node: NodeChoice) -> str:
    known = len(node.destinations)
    places = f"{known} destinations" if known > 1 else ""
    deid = "takes de-identified images only" if node.wants_deidentified else "takes images as is"
    return " · ".join(part for part in (node.what, deid, places) if part)

"""What the account may do on the node, and what it may not with what to do about it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content

from transfer.accounts import Account
from transfer.node import Right
from tui import figures
from tui.page import Page
from tui.screens.steps import STEP_SCREENS, ticket_screen
from tui.text import plain
from tui.widgets.chrome import Now
from tui.widgets.failure import wrapped
from tui.widgets.ink import cell, ink, line
from tui.widgets.painted import Painted
from tui.widgets.rows import Row, Rows

_MARKS = {True: ("✓", "$good"), False: ("✗", "$bad"), None: ("·", "$muted")}


class RightsScreen(Page):
    """One line for each thing, what is missing first; below it what to do about it."""

    CSS_PATH = "account.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("t", "ticket", "Ticket", id="rights.ticket"),
    ]

    def __init__(self, account: Account, transfer: str = "") -> None:
        super().__init__()
        self._account = account
        self._transfer = transfer
        # What the node grants needs nobody's attention.
        order = {False: 0, None: 1, True: 2}
        self._rights: Sequence[Right] = sorted(account.rights, key=lambda r: order[r.is_given])

    def body(self) -> ComposeResult:
        yield Painted(self._draw_who, id="who")
        yield Rows(id="rights", pick="", empty=["The node does not tell what the account may do."])
        yield Painted(id="about")

    def on_mount(self) -> None:
        self.crumbs.say(
            [
                "eucaim-transfer",
                plain(self._transfer or self._account.node),
                "Account",
                "Rights",
            ]
        )
        self.query_one("#rights", Rows).show(
            [Row(str(n), partial(_draw_right, right)) for n, right in enumerate(self._rights)]
        )
        self._tell()

    def _draw_who(self, width: int) -> list[Content]:
        roles = ", ".join(plain(role) for role in self._account.roles) or "none that it tells"
        return [
            *wrapped(
                line(
                    (plain(self._account.username or "This account"), "bold"),
                    f" on {plain(self._account.node)}",
                ),
                width,
            ),
            *wrapped(ink(f"Roles: {roles}", "$muted"), width),
            Content(""),
        ]

    @property
    def _right(self) -> Right | None:
        key = self.query_one("#rights", Rows).key
        return self._rights[int(key)] if key is not None else None

    @on(Rows.Reached)
    def _tell(self) -> None:
        right = self._right
        self.query_one("#about", Painted).show(partial(_draw_about, right))
        missing = sum(1 for r in self._rights if r.is_given is False)
        happening = (
            f"{figures.count(missing, 'thing')} that this account may not do."
            if missing
            else "This account may do what a transfer needs."
            if self._rights
            else "The images tell whether the account suffices: the node refuses or takes them."
        )
        press = "[t] opens the ticket that asks for it.   " if self.can("ticket") else ""
        self.now.say(Now(happening, f"{press}[Esc] goes back."))
        self.refresh_bindings()

    def action_ticket(self) -> None:
        right = self._right
        if right is not None and right.ticket:
            self.app.push_screen(ticket_screen(self._transfer, right.ticket))

    def legend(self) -> tuple[str, list[tuple[str, str]]]:
        return "What the account may do", [
            ("✓", "it may"),
            ("✗", "it may not; below the list stands what to do"),
            ("·", "the node does not tell"),
        ]

    def live_actions(self) -> frozenset[str]:
        return frozenset({"ticket"})

    def can(self, action: str) -> bool | None:
        right = self._right
        return bool(self._transfer and right and right.ticket and "ticket" in STEP_SCREENS)


def _draw_right(right: Right, width: int) -> list[Content]:
    mark, style = _MARKS[right.is_given]
    return [line(cell(line((mark, style), " ", plain(str(right))), width))]


def _draw_about(right: Right | None, width: int) -> list[Content]:
    if right is None:
        return []
    # In full: in its row it may have been cut.
    found = [Content(""), *wrapped(ink(f"The account {plain(str(right))}."), width)]
    return [*found, *(wrapped(ink(plain(right.remedy), "$muted"), width) if right.remedy else [])]

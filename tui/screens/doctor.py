"""Step 7, the doctor: green, or the cure. Each check appears as it is answered."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.message import Message

from transfer.errors import TransferError
from tui.doctoring import Aim, Finding, Outcome, Part, Round, judge
from tui.page import Page
from tui.screens.doctor_check import CheckScreen
from tui.screens.doctor_drawing import (
    doctor_now,
    draw_asking,
    draw_below,
    draw_check,
    draw_heading,
    draw_summary,
    legend,
    standing,
    wants_sign_in,
)
from tui.screens.pick import Note, Pick
from tui.screens.steps import STEP_SCREENS, ticket_screen
from tui.source import NodeChoice
from tui.text import plain
from tui.widgets.painted import Painted
from tui.widgets.rows import Row, Rows

_ASKING = "asking"
# The case of the helpdesk for trouble with the tool (`adapters.helpdesk.cases`).
_TROUBLE = "tool"


class DoctorScreen(Page):
    """The round for a transfer; without one for this machine, and a node that is chosen."""

    CSS_PATH = "doctor.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("i", "sign_in", "Sign in", tooltip="To the account", id="doctor.sign-in"),
        Binding("r", "again", "Again", tooltip="Look again at everything", id="doctor.again"),
        Binding("w", "report", "Report", tooltip="Write it down for a ticket", id="doctor.report"),
        Binding("t", "ticket", "Ticket", tooltip="A ticket about it", id="doctor.ticket"),
        Binding("n", "node", "A node", tooltip="Look at a node as well", id="doctor.node"),
    ]

    @dataclass
    class Found(Message):
        """One check was answered in this round."""

        round: Round
        aim: Aim
        finding: Finding

    def __init__(self, transfer: str, *, node: str = "") -> None:
        super().__init__()
        self._transfer = transfer
        self._node = node
        self._round: Round | None = None
        self._outcome: Outcome | None = None
        self._findings: list[Finding] = []
        self._led_to: str | None = None
        self._unkept = ""

    def body(self) -> ComposeResult:
        yield Painted(id="summary")
        yield Rows(id="checks", pick="Show", empty=["Looking at this machine…"])
        yield Painted(id="one")

    def on_mount(self) -> None:
        self._begin()

    def on_unmount(self) -> None:
        if self._round is not None:
            self._round.end()

    @property
    def is_looking(self) -> bool:
        return self._round is not None

    def _begin(self) -> None:
        # Messages of an earlier round may still be on their way.
        def tell(aim: Aim, finding: Finding) -> None:
            self.post_message(self.Found(begun, aim, finding))

        begun = self.owner.source.doctoring.begin(self._transfer, self._node, tell)
        self._round, self._outcome = begun, None
        self._findings, self._led_to, self._unkept = [], None, ""
        self._draw()
        self.read("doctor", begun.run, self._ended)

    @on(Found)
    def _found(self, event: Found) -> None:
        if event.round is self._round and self.is_whole():
            self._node = event.aim.node
            self._findings.append(event.finding)
            self._draw()
            self._lead_to(str(len(self._findings) - 1))

    def _ended(self, outcome: Outcome | None) -> None:
        self._round = None
        if outcome is None:
            return
        self._outcome, self._node = outcome, outcome.aim.node
        self._findings = list(outcome.findings)
        self._draw()
        first = outcome.verdict.first
        keys = [str(n) for n, found in enumerate(self._findings) if found.result is first]
        self._lead_to(keys[0] if keys else "0")
        if self._transfer and outcome.aim.trouble is None:
            doctoring = self.owner.source.doctoring
            self.read("record", partial(doctoring.record, outcome), lambda _: None)

    def stumbled(self, kind: str, error: TransferError) -> None:
        if kind == "record":
            self._unkept = error.what
            self._draw()
            return
        self._round = None
        self._draw()
        super().stumbled(kind, error)

    def _lead_to(self, key: str) -> None:
        """Put the cursor there, unless a person has moved it by now."""
        rows = self.query_one("#checks", Rows)
        if self._led_to is None or rows.key == self._led_to:
            self._led_to = key
            rows.go_to(key)

    # Drawing ------------------------------------------------------------------------------

    def _draw(self) -> None:
        verdict, running, node = judge(self._findings), self.is_looking, self._node
        trail = ["eucaim-transfer", *([plain(self._transfer)] if self._transfer else []), "Doctor"]
        self.crumbs.say(trail, standing(verdict, is_running=running))
        self.query_one("#summary", Painted).show(
            partial(draw_summary, tuple(self._findings), node, running)
        )
        self.query_one("#checks", Rows).show(self._rows())
        self._tell()
        now = doctor_now(verdict, running, self._transfer, node)
        self.now.say(now)
        self.refresh_bindings()

    def _rows(self) -> list[Row]:
        rows: list[Row] = []
        for part in Part:
            found = [(n, f) for n, f in enumerate(self._findings) if f.part is part]
            if not found:
                continue
            of_part = tuple(f for _, f in found)
            draw = partial(draw_heading, part, self._node, of_part)
            rows.append(Row(str(part), draw, is_choice=False, opens=False))
            rows += [Row(str(n), partial(draw_check, f.result)) for n, f in found]
        if self.is_looking and rows:
            rows.append(Row(_ASKING, draw_asking, is_choice=False, opens=False))
        return rows

    def _chosen(self) -> Finding | None:
        key = self.query_one("#checks", Rows).key or ""
        return self._findings[int(key)] if key.isdecimal() else None

    @on(Rows.Reached)
    def _tell(self) -> None:
        chosen = self._chosen()
        self.query_one("#one", Painted).show(partial(draw_below, chosen.result if chosen else None))

    def legend(self) -> tuple[str, list[tuple[str, str]]]:
        return "State of a check", legend()

    # Keys ---------------------------------------------------------------------------------

    @on(Rows.Picked)
    def _picked(self) -> None:
        chosen = self._chosen()
        if chosen is not None:
            self.app.push_screen(CheckScreen(chosen.result))

    def action_again(self) -> None:
        self._begin()

    def action_report(self) -> None:
        if self._outcome is not None:
            write = partial(self.owner.source.doctoring.write_report, self._outcome)
            self.read("report", write, self._written)

    def _written(self, place: Path) -> None:
        lines = [
            str(place),
            "",
            "It names no patient, no account and no folder of this host. Attach it to a ticket.",
        ]
        self.app.push_screen(Note("The report is written", lines))

    def action_sign_in(self) -> None:
        from tui.screens.account import AccountScreen

        self.app.push_screen(AccountScreen(self._transfer, node=self._node))

    def action_ticket(self) -> None:
        self.app.push_screen(ticket_screen(self._transfer, _TROUBLE))

    def action_node(self) -> None:
        self.read("nodes", self.owner.source.nodes, self._take_nodes)

    def _take_nodes(self, nodes: list[NodeChoice]) -> None:
        self._ask_node(nodes)

    @work(exclusive=True, group="question")
    async def _ask_node(self, nodes: list[NodeChoice]) -> None:
        choices = [(choice.name, f"{choice.name}: {choice.what}") for choice in nodes]
        node = await self.app.push_screen_wait(
            Pick("Which node?", ["The way to it and the account on it are looked at."], choices)
        )
        if node is not None:
            self._node = node
            self._begin()

    def live_actions(self) -> frozenset[str]:
        return frozenset({"sign_in", "again", "report", "ticket", "node"})

    def can(self, action: str) -> bool | None:
        if self.is_looking:
            return False
        if action == "sign_in":
            return wants_sign_in(judge(self._findings))
        if action == "node":
            return not self._transfer
        if action == "ticket":
            return bool(self._transfer) and "ticket" in STEP_SCREENS
        return action == "again" or self._outcome is not None

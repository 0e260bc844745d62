"""Home: all transfers, and how far each is."""

from __future__ import annotations

from functools import partial
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content

from transfer.errors import TransferError
from transfer.journey.images import arrived_told
from tui import figures, words
from tui.page import Page
from tui.source import Glance
from tui.text import plain
from tui.widgets.chrome import Now
from tui.widgets.ink import cell, line, share_and_bar
from tui.widgets.rows import Row, Rows

# A transfer without a runner changes when somebody acts, not by itself.
_IDLE_TICKS = 8


class HomeScreen(Page):
    """Every transfer with its state; the first thing one sees."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("n", "new", "New transfer", id="home.new"),
        Binding("d", "doctor", "Doctor", tooltip="Can this machine do the job?", id="home.doctor"),
        Binding(
            "r",
            "recover",
            "Recover",
            tooltip="See what is left of the ledger, and put it back from its copy",
            id="home.recover",
        ),
        Binding("escape", "nothing", show=False, id="home.back"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._names: list[str] | None = None
        self._glances: dict[str, Glance] = {}
        self._ticks = 0

    def body(self) -> ComposeResult:
        yield Rows(id="transfers", lines_per_row=2, gap=1, empty=["Looking for transfers…"])

    def on_mount(self) -> None:
        self._draw()

    def on_screen_resume(self) -> None:
        self._ticks = 0

    def look(self) -> None:
        if self._ticks % 4 == 0:
            self.read("names", self.owner.source.names, self._take_names)
        for name in self._names or ():
            glance = self._glances.get(name)
            idle = glance is not None and not (glance.status and glance.status.is_running)
            if not idle or self._ticks % _IDLE_TICKS == 0:
                self.read(f"glance {name}", partial(self.owner.source.glance, name), self._take)
        self._ticks += 1

    def _take_names(self, names: list[str]) -> None:
        new = [name for name in names if name not in self._glances]
        if names != self._names:
            self._names = names
            self._draw()
        for name in new:
            self.read(f"glance {name}", partial(self.owner.source.glance, name), self._take)

    def _take(self, glance: Glance) -> None:
        self._glances[glance.name] = glance
        self._draw()

    def _draw(self) -> None:
        names = self._names
        rows = self.query_one(Rows)
        if names is None:
            self.crumbs.say(["eucaim-transfer"])
        else:
            self.crumbs.say(
                ["eucaim-transfer"], line((figures.count(len(names), "transfer"), "$muted"))
            )
        rows.show(
            [Row(name, partial(_draw_row, name, self._glances.get(name))) for name in names or ()],
            empty=_EMPTY if names is not None else None,
        )
        self._say_now()

    def _say_now(self) -> None:
        key = self.query_one(Rows).key
        glance = self._glances.get(key) if key else None
        count = 1 if self._names is None else len(self._names)
        here = glance.journey.to_do if glance and glance.journey else None
        step = f"step {here.step.number}: {plain(here.step.title)}" if here else ""
        self.refresh_bindings()
        self.now.say(words.home_now(count, glance.state if glance else None, step))

    @on(Rows.Reached)
    def _reached(self) -> None:
        self._say_now()

    @on(Rows.Picked)
    def _picked(self, event: Rows.Picked) -> None:
        glance = self._glances.get(event.key)
        if glance and glance.trouble:
            self.fail(glance.trouble)
        else:
            self.owner.open_transfer(event.key)

    def live_actions(self) -> frozenset[str]:
        return frozenset({"recover"})

    def can(self, action: str) -> bool | None:
        glance = self._glances.get(self.query_one(Rows).key or "")
        return glance is not None and glance.trouble is not None

    @work(exclusive=True, group="question")
    async def action_recover(self) -> None:
        from tui.screens.recovery import recover

        name = self.query_one(Rows).key
        if name is None:
            return
        self.now.say(Now("Looking at the whole ledger; nothing is changed.", ""))
        try:
            await recover(self, name)
        except TransferError as error:
            self.fail(error)
        self._say_now()
        look = partial(self.owner.source.glance, name)
        self.read(f"glance {name}", look, self._take, anew=True)

    def action_nothing(self) -> None:
        """There is nothing to go back to."""

    def action_new(self) -> None:
        from tui.screens.new_node import NodeScreen

        self.app.push_screen(NodeScreen())

    def action_doctor(self) -> None:
        from tui.screens.doctor import DoctorScreen

        self.app.push_screen(DoctorScreen(""))


_EMPTY = (
    "A transfer takes one folder of images to one reference node",
    "and proves that every SOP Instance arrived.",
    "",
    "Press n: choose the node, then the folder. Nothing is sent before you say so.",
)


def _draw_row(name: str, glance: Glance | None, width: int) -> list[Content]:
    asked = "" if glance is None else _waited_for(glance)
    title = cell(
        line(cell(plain(name), width - 16 - len(asked), "bold"), (asked, "$warn")), width - 14
    )
    if glance is None:
        return [line(title, ("… reading", "$muted"))]
    state = cell(words.state_told(glance.state, glance.journey), 14)
    if glance.status is None:
        what = glance.trouble.what if glance.trouble else ""
        return [line(title, state), line((plain(what), "$muted"))]
    status = glance.status
    counts = status.census.instances
    scanning = status.is_running and status.progress.phase == "scan"
    part = words.part_done(status)
    if scanning or status.is_at_clinical:
        part = figures.share(status.progress.done, status.progress.total)
    facts = [arrived_told(counts)] if counts.ready else []
    if scanning:
        facts = [f"{status.progress.done:,} files read"]
    elif status.is_at_clinical:
        facts = [f"clinical data: {status.progress.done:,} of {status.progress.total:,}"]
    here = glance.journey.to_do if glance.journey else None
    if here is not None and not status.is_running:
        facts.append(f"at step {here.step.number}")
    # A node's name may be cut; it comes last of what is always there.
    facts.append(f"to {plain(status.order.node)}")
    if status.is_running and status.progress.rate_bps > 0 and not scanning:
        facts.append(figures.rate(status.progress.rate_bps))
        if status.progress.eta_s is not None and width > 90:
            facts.append(f"about {figures.span(status.progress.eta_s)} left")
    return [
        line(title, state),
        line(
            share_and_bar(part, min(46, width - 45), "$good" if part >= 1 else "$key"),
            "   ",
            (" · ".join(facts), "$muted"),
        ),
    ]


def _waited_for(glance: Glance) -> str:
    """What somebody has not answered for too long, in a few words."""
    reminders = glance.journey.reminders if glance.journey else []
    if not reminders:
        return ""
    first = reminders[0]
    return f"! step {first.step.number}: {first.reminder_short}"

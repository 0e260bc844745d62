"""What the two live screens of a transfer share: its status, its runner, and what one can ask."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import ClassVar

from textual import work
from textual.app import App
from textual.binding import Binding, BindingType

from transfer.errors import TransferError, UsageError
from transfer.ledger.control import Wish
from transfer.ledger.order import Word
from transfer.orders import DEID_WAIVER
from transfer.prepare.findings import NAMES_RULE, QUARANTINE_RULE, SKIP_RULE
from transfer.prepare.method import IDENTIFIER_RULE
from transfer.runner.gate import COUNTED
from transfer.status import Status
from transfer.values import ExitCode
from tui import words
from tui.page import Page
from tui.screens.question import Ask, Question
from tui.screens.sign_in import sign_in
from tui.source import Glance, Launch, Until
from tui.text import plain
from tui.typed import refuse_empty
from tui.widgets.failure import Trouble

# A screen of numbers that all move costs 1.5 kB a look: twice a second is what the line is for.
_RUNNING_TICKS = 2
_IDLE_TICKS = 4
# What this page itself lets a person answer for.
_ANSWERED_HERE = ("DID-02", "UNVERIFIABLE")
# What the review shows, and lets a person answer for.
_REVIEWED = (IDENTIFIER_RULE, SKIP_RULE, QUARANTINE_RULE, NAMES_RULE)


class TransferPage(Page):
    """A page on one transfer with pause, resume, stop and start."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("u", "start", "Start", id="run.start"),
        Binding("p", "pause", "Pause", id="run.pause"),
        Binding("r", "resume", "Resume", id="run.resume"),
        Binding("s", "stop", "Stop", id="run.stop"),
        Binding("a", "answer", "Answer", id="run.answer"),
    ]
    until: Until = "upload"

    def __init__(self, transfer: str) -> None:
        super().__init__()
        self.transfer = transfer
        self.glance: Glance | None = None
        self.is_starting = False
        self._started_here = False
        self._must_ask = False
        self._ticks = 0

    @property
    def status(self) -> Status | None:
        return self.glance.status if self.glance else None

    @property
    def launched(self) -> Launch | None:
        """How the runner was started, when it was started from here and still runs."""
        return self.owner.launches.get(self.transfer)

    def on_screen_resume(self) -> None:
        self._ticks = 0

    def look(self) -> None:
        running = bool(self.status and self.status.is_running)
        if self._ticks % (_RUNNING_TICKS if running else _IDLE_TICKS) == 0:
            self.read("glance", partial(self.owner.source.glance, self.transfer), self._take_glance)
            self.look_closer()
        self._ticks += 1

    def look_closer(self) -> None:
        """Start further reads that belong to this page."""

    def _take_glance(self, glance: Glance) -> None:
        had = self._situation()
        self.glance = glance
        self.draw()
        if self._situation() != had:
            self.refresh_bindings()
        self._ask_when_signed_out()

    def _ask_when_signed_out(self) -> None:
        """Whoever has just pressed start is here to sign in."""
        status = self.status
        if not self._started_here or status is None or self.is_starting or status.is_running:
            return
        self._started_here = False
        if status.runner.exit_code == ExitCode.SIGN_IN and self.is_current:
            # Whatever the record of the account says: the run has just shown that it does not hold.
            self._must_ask = True
            self.action_start()

    @property
    def _is_signed_in(self) -> bool:
        """Whether somebody has signed in since the last run ended for want of it."""
        journey = self.glance.journey if self.glance else None
        standings = journey.standings if journey else ()
        return any(s.is_done for s in standings if s.step.engine == "login")

    def _situation(self) -> tuple[object, ...]:
        """Whatever decides which keys there are."""
        if self.status is None:
            return (self.glance is None,)
        census = self.status.census
        return (
            self.status.state,
            self.status.progress.phase,
            census.files.unread > 0,
            census.instances.failed > 0,
            self.question_open(),
        )

    def draw(self) -> None:
        """Show what is known now."""

    def trouble(self) -> Trouble | None:
        """What keeps the transfer from going on, if anything does."""
        if self.glance and self.glance.trouble:
            error = self.glance.trouble
            return Trouble(error.what, words.means_for_data(error), error.remedy)
        status = self.status
        if status is None or status.is_running or self.is_starting:
            return None
        blocking = [f for f in status.findings if f.severity in ("block", "ask")]
        if blocking and status.state in ("blocked", "failed", "waiting", "interrupted"):
            # First what keeps everything back, then what keeps back some.
            if any(is_judged(finding.rule) for finding in blocking):
                return Trouble(
                    words.in_the_way_told(status),
                    words.data_after(status),
                    "",
                    "[c] shows each one, and what to do about it.",
                )
            if blocking[0].rule in _REVIEWED:
                return Trouble(
                    blocking[0].message,
                    words.data_after(status),
                    "There each one is shown, and who can answer for it.",
                    "[Esc], then step 4, De-identify.",
                )
            return Trouble(
                blocking[0].message, words.data_after(status), *self._remedy(blocking[0].remedy)
            )
        if status.runner.exit_code in (None, ExitCode.DONE) or not status.runner.message:
            if status.state == "interrupted":
                return Trouble(
                    "The runner ended without a word (killed, or the machine went down).",
                    words.data_after(status),
                    "",
                    "[u] goes on where it stopped.",
                )
            return None
        if status.runner.exit_code == ExitCode.INTERRUPTED:
            return None
        return Trouble(
            status.runner.message, words.data_after(status), *self._remedy(status.runner.remedy)
        )

    def _remedy(self, remedy: str) -> tuple[str, str]:
        """The engine's remedy, and ours before it: what one can press right here."""
        if self.question_open():
            return remedy, "[a] lets a named person answer for it. Otherwise:"
        if self.status and self.status.runner.exit_code == ExitCode.SIGN_IN:
            return remedy, "[u] signs in and goes on."
        if self.status and self.status.census.instances.failed:
            return "", "[f] shows what failed and why; [u] tries again."
        return remedy, "" if remedy else "[u] tries again."

    def question_open(self) -> str:
        """The rule that a person's word would settle, or nothing."""
        rules = {finding.rule for finding in self.status.findings} if self.status else set()
        return next((rule for rule in ("DID-02", "UNVERIFIABLE") if rule in rules), "")

    def can(self, action: str) -> bool | None:
        state = self.glance.state if self.glance else ""
        running = bool(self.status and self.status.is_running)
        allowed = {
            "start": self._can_start(),
            "pause": state == "running",
            "resume": state in ("paused", "pausing"),
            "stop": running and state != "stopping",
            "answer": not running and bool(self.question_open()),
        }
        return allowed.get(action, True)

    def _can_start(self) -> bool:
        status = self.status
        if status is None or status.is_running or self.is_starting:
            return False
        return not words.is_all_there(status) or status.state != "done"

    def live_actions(self) -> frozenset[str]:
        return frozenset({"start", "pause", "resume", "stop", "answer"})

    def act(self, call: partial[None]) -> None:
        """Do something short to the ledger, then look again at once."""

        def again(_: None) -> None:
            self.read("glance", partial(self.owner.source.glance, self.transfer), self._take_glance)

        self.read("act", call, again)

    def action_pause(self) -> None:
        self.act(partial(self.owner.source.wish, self.transfer, Wish.PAUSE))

    def action_resume(self) -> None:
        self.act(partial(self.owner.source.wish, self.transfer, Wish.RUN))

    @work(exclusive=True, group="question")
    async def action_stop(self) -> None:
        yes = await self.app.push_screen_wait(
            Question(
                "Stop this transfer?",
                [
                    "Running requests are finished first, then the runner ends.",
                    "Nothing is lost: it can be started again and goes on where it stopped.",
                ],
                no="Let it run",
                yes="Stop it",
            )
        )
        if yes:
            self.act(partial(self.owner.source.wish, self.transfer, Wish.STOP))

    @work(exclusive=True, group="question")
    async def action_start(self) -> None:
        await self.start()

    async def start(self) -> None:
        """Start the runner, after the questions that have to be asked."""
        status, must_ask = self.status, self._must_ask
        self._must_ask = False
        is_wanted = status is not None and status.runner.exit_code == ExitCode.SIGN_IN
        if status is None or not is_wanted or (self._is_signed_in and not must_ask):
            await self.launch(None)
            return
        done = await sign_in(self, status.order.node)
        if done is not None:
            await self.launch(done.password, is_signed_in=True)

    async def launch(self, password: str | None, *, is_signed_in: bool = False) -> None:
        """Start the runner and say how it went. `is_signed_in`: somebody has just signed in."""
        self.is_starting = True
        self.draw()
        self.refresh_bindings()
        try:
            launched = await self.owner.in_thread(
                partial(self.owner.source.launch, self.transfer, self.until, password)
            )
        except TransferError as error:
            self.fail(error)
            return
        finally:
            self.is_starting = False
            if self.is_whole():
                self.draw()
                self.refresh_bindings()
        self.owner.launches[self.transfer] = launched
        # After a sign-in that did not hold, the operator asks for another: accounts get locked.
        self._started_here = not is_signed_in
        self._ticks = 0
        self._tick()

    @work(exclusive=True, group="question")
    async def action_answer(self) -> None:
        rule, status = self.question_open(), self.status
        if not rule or status is None:
            return
        if rule == "UNVERIFIABLE":
            word = await self._ask_count(status)
        else:
            answer = await ask_waiver(self.owner)
            word = Word(DEID_WAIVER, "none", *answer) if answer else None
        if word is not None:
            self.until = "verify" if rule == "UNVERIFIABLE" else self.until
            try:
                await self.owner.in_thread(partial(self.owner.source.record, self.transfer, word))
            except TransferError as error:
                self.fail(error)
                return
            await self.launch(None)

    async def _ask_count(self, status: Status) -> Word | None:
        number = await self.app.push_screen_wait(
            Ask(
                "How many instances does the node's own page show?",
                [f"{status.census.instances.sent:,} were acknowledged by the node."],
                check=_whole_number,
            )
        )
        person = await ask_person(self.owner) if number else None
        if not number or not person:
            return None
        return Word(COUNTED, number.strip(), person, "counted on the node's own pages")


def is_judged(rule: str) -> bool:
    """Whether the screen of findings has answers for it."""
    from tui.findings import rule_of

    return rule_of(rule) is not None and rule not in _ANSWERED_HERE


async def ask_person(app: App[int]) -> str | None:
    """The name of whoever answers for something; None when the operator went back."""
    person = await app.push_screen_wait(
        Ask("Who says so?", ["First and last name of the person."], check=refuse_empty)
    )
    return person.strip() if person else None


async def ask_waiver(app: App[int]) -> tuple[str, str] | None:
    """Who answers for sending files as they are, and why."""
    return await ask_word(
        app,
        "Why may these files go as they are?",
        [
            "This node wants de-identified images, and these do not say that they are.",
            "The answer is kept in the ledger and in the report, with the name.",
        ],
    )


async def ask_word(app: App[int], title: str, lines: Sequence[str]) -> tuple[str, str] | None:
    """Who answers for something, and why: (person, reason); None when the operator went back."""
    reason = await app.push_screen_wait(Ask(title, lines, check=refuse_empty))
    person = await ask_person(app) if reason else None
    return (person, reason.strip()) if reason and person else None


def runner_line(status: Status, launched: Launch | None) -> str:
    """Who works on the transfer, and where."""
    if not status.is_running:
        return "no runner"
    how = f", {launched.how}" if launched else ""
    return f"runner {status.runner.pid} on {plain(status.runner.host or 'this machine')}{how}"


def _whole_number(text: str) -> None:
    if not text.strip().isdigit():
        raise UsageError("That is not a whole number.", "Write digits only.")

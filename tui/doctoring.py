"""The doctor's round: this machine, the configuration, the way to the node, the account.

One flow of findings as they come, for the command, the screen and the journey alike.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing, suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from transfer.accounts import ran_out, read_account
from transfer.clock import utc_now
from transfer.errors import TransferError
from transfer.ledger.census import take_census
from transfer.ledger.connection import Ledger
from transfer.ledger.order import read_order
from transfer.ledger.steps import set_step
from transfer.machine.host import YOU
from transfer.machine.question import Question, said
from transfer.node import CheckResult
from transfer.sentences import count
from transfer.values import ExitCode, StepState
from transfer.workspace import Home
from tui.nodes import ChosenNode, choose_node

STEP = "doctor"
"""Under which name the ledger keeps the step."""


class Part(StrEnum):
    """What a finding is about; in the order of the round."""

    MACHINE = "machine"
    CONFIGURATION = "configuration"
    WAY = "way"
    ACCOUNT = "account"


# With these begins what a node answers to somebody who is known to it; before is the way there.
_OF_THE_ACCOUNT = ("sign-in", "role", "destination", "listing")


@dataclass(frozen=True, slots=True)
class Finding:
    """One answer, and what it is about."""

    part: Part
    result: CheckResult


@dataclass(frozen=True, slots=True)
class Aim:
    """What the doctor looks at: this machine alone, or a node as well.

    `transfer` is set where the round belongs to one; then node and destination are its own, and
    `instances` says how many are known to be in it. `trouble`: why its ledger cannot be read.
    """

    transfer: str = ""
    node: str = ""
    destination: str = ""
    instances: int = 0
    trouble: CheckResult | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a round came to."""

    ok: int
    unknown: int
    warn: int
    fail: int
    first: CheckResult | None

    @property
    def is_good(self) -> bool:
        return self.fail == 0

    @property
    def checks(self) -> int:
        return self.ok + self.unknown + self.warn + self.fail

    @property
    def exit_code(self) -> int:
        """That of the first failure; 0 where there are warnings only."""
        if self.is_good or self.first is None:
            return ExitCode.DONE
        return self.first.exit_code or ExitCode.BLOCKED


def heading(part: Part, node: str) -> str:
    """What a group of findings is about."""
    return {
        Part.MACHINE: "This machine",
        Part.CONFIGURATION: f"The configuration of {node}" if node else "The transfer",
        Part.WAY: f"The way to {node}",
        Part.ACCOUNT: f"The account on {node}",
    }[part]


def standing_of(result: CheckResult) -> str:
    """The state of a check as people are told: ok, unknown, warn or fail."""
    return result.state if result.is_known else "unknown"


def judge(findings: Sequence[Finding]) -> Verdict:
    """Count, and find the first failure, else the first warning."""
    results = [finding.result for finding in findings]
    n = Counter(standing_of(result) for result in results)
    failed = [r for r in results if r.state == "fail"]
    warned = [r for r in results if r.state == "warn"]
    first = next(iter(failed or warned), None)
    return Verdict(n["ok"], n["unknown"], n["warn"], n["fail"], first)


def aim_at(home: Home, transfer: str = "", node: str = "") -> Aim:
    """What to look at for a transfer, or for a node without one. Blocks.

    Raises:
        UsageError: there is no transfer of that name.
    """
    if not transfer:
        return Aim(node=node)
    asked = Question("ledger", "Opened the ledger of the transfer.")
    try:
        ledger_file = home.workspace(transfer).ledger
    except OSError as error:
        trouble = asked.fail(
            "This account cannot look into the folder for transfers.",
            "Run the program as the account that it belongs to: sudo -u ACCOUNT eucaim-transfer",
            said(error),
            YOU,
        )
        return Aim(transfer, trouble=trouble)
    try:
        with Ledger.open(ledger_file, read_only=True) as ledger:
            order = read_order(ledger)
            instances = take_census(ledger).instances.found
    except TransferError as error:
        trouble = asked.fail(error.what, error.remedy, "refused", YOU, error.exit_code)
        return Aim(transfer, trouble=trouble)
    return Aim(transfer, order.node, order.destination, instances)


async def examine(home: Home, aim: Aim) -> AsyncGenerator[Finding, None]:
    """Every finding as it comes. Never raises; what blocks does so in a thread.

    A failure that a later check stumbles over again is told once.
    """
    told: set[str] = set()
    async with aclosing(_ask_all(home, aim)) as findings:
        async for finding in findings:
            result = finding.result
            if result.state == "fail" and result.message in told:
                continue
            told.add(result.message)
            if _tells_of_no_sign_in(finding):
                await asyncio.to_thread(_keep, home, aim.node, result.message)
            yield finding


def _tells_of_no_sign_in(finding: Finding) -> bool:
    result = finding.result
    return (
        finding.part is Part.ACCOUNT
        and result.state == "fail"
        and result.exit_code == ExitCode.SIGN_IN
    )


def _keep(home: Home, node: str, message: str) -> None:
    """Step 5 must not go on saying that somebody is signed in."""
    if read_account(home, node).state is StepState.DONE:
        ran_out(home, node, message)


async def _ask_all(home: Home, aim: Aim) -> AsyncGenerator[Finding, None]:
    from tui.doctor.machine import machine_checks

    for check in machine_checks(home, aim.instances):
        yield Finding(Part.MACHINE, await asyncio.to_thread(_answer, check))
    if aim.trouble is not None:
        yield Finding(Part.CONFIGURATION, aim.trouble)
    if not aim.node:
        return
    results, chosen = await asyncio.to_thread(_configuration, home, aim.node)
    for result in results:
        yield Finding(Part.CONFIGURATION, result)
    if chosen is None or any(result.state == "fail" for result in results):
        return
    try:
        node = await asyncio.to_thread(chosen.open)
    except TransferError as error:
        yield Finding(Part.CONFIGURATION, _refused(error))
        return
    try:
        part = Part.WAY
        async for result in node.checks(aim.destination):
            if result.check == "configuration":
                # That it is complete was said above.
                if result.state != "ok":
                    yield Finding(Part.CONFIGURATION, result)
                continue
            if result.check in _OF_THE_ACCOUNT:
                part = Part.ACCOUNT
            yield Finding(part, result)
    finally:
        with suppress(TransferError):
            await node.aclose()


def _answer(check: Callable[[], CheckResult]) -> CheckResult:
    """What a check says; the rest of the round goes on where it cannot be made."""
    try:
        return check()
    except (OSError, ValueError, RuntimeError) as error:
        asked = Question("check", "Asked this machine.")
        return asked.warn(
            "One of the checks of this machine could not be made.",
            "Tell whoever keeps this program, with the report.",
            type(error).__name__,
        )


def _configuration(home: Home, node: str) -> tuple[list[CheckResult], ChosenNode | None]:
    from adapters.registry import check_configuration

    try:
        chosen = choose_node(home, node)
        return list(check_configuration(chosen.profile)), chosen
    except TransferError as error:
        return [_refused(error)], None


def _refused(error: TransferError) -> CheckResult:
    return CheckResult(
        "configuration",
        "fail",
        error.what,
        error.remedy,
        error.exit_code,
        "Read the node's part of config.toml.",
        "refused",
        YOU,
    )


def record(home: Home, aim: Aim, verdict: Verdict) -> None:
    """Keep in the transfer's ledger what the round came to. Short, and beside any runner. Blocks.

    Raises:
        TransferError: the ledger cannot be written.
    """
    checks = count(verdict.checks, "check")
    evidence = f"{checks} on {utc_now()[:10]}"
    state, detail = StepState.DONE, "This machine and the node are ready."
    if not verdict.is_good and verdict.first is not None:
        state, detail = StepState.BLOCKED, verdict.first.message
    elif verdict.warn:
        detail = f"Ready; {count(verdict.warn, 'thing')} worth a look."
    with Ledger.open(home.workspace(aim.transfer).ledger) as ledger:
        set_step(ledger, STEP, state, detail, evidence=evidence)


class Doctoring:
    """The doctor as the screens ask it. Everything here blocks: call in threads."""

    def __init__(self, home: Home) -> None:
        self._home = home

    def begin(self, transfer: str, node: str, tell: Callable[[Aim, Finding], None]) -> Round:
        """A round that is not running yet; `tell` is called from the thread that runs it."""
        return Round(self._home, transfer, node, tell)

    def record(self, outcome: Outcome) -> None:
        """See `record`."""
        record(self._home, outcome.aim, outcome.verdict)

    def write_report(self, outcome: Outcome) -> Path:
        """Write the findings for a ticket; where.

        Raises:
            UsageError: it cannot be written.
        """
        from tui.doctor.report import report, write_report

        document = report(self._home, outcome.aim, outcome.findings, outcome.verdict)
        return write_report(self._home, outcome.aim, document)


@dataclass(frozen=True, slots=True)
class Outcome:
    """A round that came to its end."""

    aim: Aim
    findings: Sequence[Finding]

    @property
    def verdict(self) -> Verdict:
        return judge(self.findings)


class Round:
    """One round on a thread of its own, which can be ended from another."""

    def __init__(
        self, home: Home, transfer: str, node: str, tell: Callable[[Aim, Finding], None]
    ) -> None:
        self._home = home
        self._transfer = transfer
        self._node = node
        self._tell = tell
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[None] | None = None
        self._is_ended = False
        self._findings: list[Finding] = []

    def run(self) -> Outcome | None:
        """Go through all of it, telling each finding as it comes; None when it was ended.

        Raises:
            UsageError: there is no transfer of that name.
        """
        aim = aim_at(self._home, self._transfer, self._node)
        try:
            asyncio.run(self._go(aim))
        except asyncio.CancelledError:
            return None
        return None if self._is_ended else Outcome(aim, tuple(self._findings))

    def end(self) -> None:
        """Stop as soon as possible, from any thread; nothing more is told."""
        self._is_ended = True
        loop, task = self._loop, self._task
        if loop is not None and task is not None:
            # The loop may have come to its end by itself.
            with suppress(RuntimeError):
                loop.call_soon_threadsafe(task.cancel)

    async def _go(self, aim: Aim) -> None:
        self._loop, self._task = asyncio.get_running_loop(), asyncio.current_task()
        async with aclosing(examine(self._home, aim)) as findings:
            async for finding in findings:
                if self._is_ended:
                    return
                self._findings.append(finding)
                self._tell(aim, finding)

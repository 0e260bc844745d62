"""`doctor`: whether this machine, the way to a node, and the account there are ready."""

from __future__ import annotations

import argparse
import asyncio
import sys

from transfer.errors import TransferError, UsageError
from transfer.node import CheckResult
from transfer.sentences import count
from transfer.values import ExitCode
from transfer.workspace import Home
from tui.cli.output import print_json, refuse, say, tell
from tui.doctoring import (
    Aim,
    Finding,
    Verdict,
    aim_at,
    examine,
    heading,
    judge,
    record,
    standing_of,
)

_WORD = {"ok": "ok  ", "unknown": "?   ", "warn": "warn", "fail": "FAIL"}
_INDENT = " " * 8


def doctor_command(options: argparse.Namespace) -> int:
    """Check this machine, then the node of a transfer or the one named."""
    if options.name and options.node:
        raise UsageError(
            "A transfer has its node already; both were named.",
            "Name the transfer, or the node with --node, not both.",
        )
    _print_anything()
    home = Home.find()
    aim = aim_at(home, options.name or "", options.node or "")
    findings = asyncio.run(_look(home, aim, shows=not options.json, verbose=options.verbose))
    verdict = judge(findings)
    if options.json:
        from tui.doctor.report import report

        print_json(report(home, aim, findings, verdict))
    else:
        _sum_up(aim, verdict)
    return _record(home, aim, verdict)


async def _look(home: Home, aim: Aim, *, shows: bool, verbose: bool) -> list[Finding]:
    findings: list[Finding] = []
    async for finding in examine(home, aim):
        if shows:
            if not findings or findings[-1].part is not finding.part:
                if findings:
                    say("")
                say(heading(finding.part, aim.node))
            _show(finding.result, verbose=verbose)
        findings.append(finding)
    return findings


def _show(result: CheckResult, *, verbose: bool) -> None:
    say(f"  {_WORD[standing_of(result)]}  {result.message}")
    told = []
    if result.state != "ok":
        told += [("what to do", result.remedy), ("whom to ask", result.whom)]
    if verbose:
        told += [("tried", result.tried), ("answer", result.answer)]
    for label, text in told:
        if text:
            say(f"{_INDENT}{label}: {text}")


def _sum_up(aim: Aim, verdict: Verdict) -> None:
    say("")
    if verdict.unknown:
        say(f"  {count(verdict.unknown, 'thing')} cannot be told here: marked with ? above.")
    first = verdict.first
    if not verdict.is_good and first is not None:
        say(f"Not ready: {count(verdict.fail, 'thing')} to mend. First: {first.message}")
    else:
        look = f" {count(verdict.warn, 'thing')} worth a look." if verdict.warn else ""
        where = f"; {aim.node} is ready" if aim.node else ""
        say(f"This machine can do the job{where}.{look}")
    if not aim.node and aim.trouble is None:
        tell("This was the machine alone. Name a node to check it: doctor --node NODE")


def _record(home: Home, aim: Aim, verdict: Verdict) -> int:
    if not aim.transfer or aim.trouble is not None:
        return verdict.exit_code
    try:
        record(home, aim, verdict)
    except TransferError as error:
        code = refuse(error, aim.transfer)
        return code if verdict.exit_code == ExitCode.DONE else verdict.exit_code
    return verdict.exit_code


def _print_anything() -> None:
    """Where text does not leave as UTF-8, the doctor is the one who has to say so."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")

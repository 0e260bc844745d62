"""`doctor`: whether this machine and a node are ready."""

from __future__ import annotations

import argparse
import asyncio
from dataclasses import asdict

from transfer.errors import UsageError
from transfer.ledger.connection import Ledger
from transfer.ledger.order import read_order
from transfer.ledger.steps import set_step
from transfer.node import CheckResult
from transfer.values import ExitCode, StepState
from transfer.workspace import Home
from tui.cli.output import print_json, say, tell
from tui.doctor import check_machine
from tui.nodes import ChosenNode, choose_node

_WORD = {"ok": "ok  ", "warn": "warn", "fail": "FAIL"}


def doctor_command(options: argparse.Namespace) -> int:
    """Check this machine, then the node of a transfer or the one named."""
    home = Home.find()
    results = list(check_machine(home))
    node = options.node
    if options.name:
        with Ledger.open(home.workspace(options.name).ledger, read_only=True) as ledger:
            node = read_order(ledger).node
    if node:
        results += asyncio.run(_check_node(choose_node(home, node)))
    failed = [r for r in results if r.state == "fail"]
    if options.name:
        state = StepState.BLOCKED if failed else StepState.DONE
        with Ledger.open(home.workspace(options.name).ledger) as ledger:
            set_step(ledger, "doctor", state, failed[0].message if failed else "All checks passed.")
    if options.json:
        print_json({"node": node, "checks": [asdict(r) for r in results]})
    else:
        for result in results:
            say(f"{_WORD[result.state]}  {result.message}")
            if result.state != "ok" and result.remedy:
                say(f"      what to do: {result.remedy}")
        if not node:
            tell("This was the machine alone. Name a node to check it: doctor --node NODE")
    return failed[0].exit_code or ExitCode.BLOCKED if failed else ExitCode.DONE


async def _check_node(chosen: ChosenNode) -> list[CheckResult]:
    from adapters.registry import check_configuration

    configured = list(check_configuration(chosen.profile))
    if any(result.state == "fail" for result in configured):
        return configured
    try:
        node = chosen.open()
    except UsageError as error:
        return [CheckResult("configuration", "fail", error.what, error.remedy, ExitCode.USAGE)]
    try:
        return list(await node.check())
    finally:
        await node.aclose()

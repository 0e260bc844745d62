"""The runner's process: one transfer, one node, no screen."""

from __future__ import annotations

import asyncio
import logging
import signal
import traceback
from dataclasses import replace
from functools import partial
from pathlib import Path

from adapters.bandwidth import LiveSchedule
from transfer.accounts import ran_out, signed_in
from transfer.deid.methods import MethodSpec
from transfer.errors import NodeError, TransferError, UsageError
from transfer.ledger.connection import Ledger
from transfer.ledger.order import read_order
from transfer.ledger.soundness import damage_behind
from transfer.machine.lacking import lacking
from transfer.machine.stillborn import watch
from transfer.node import Identity
from transfer.runner.run import Settings, Until, run
from transfer.runner.stop import Stop
from transfer.workspace import Home, Workspace, private_opener
from tui.method import method_of
from tui.nodes import ChosenNode, choose_node

log = logging.getLogger("tui.runner")


def run_here(
    home: Home,
    workspace: Workspace,
    until: Until,
    *,
    password: str | None = None,
    survives_hangup: bool = False,
    concurrency: int | None = None,
) -> int:
    """Run a transfer in this process until it ends; its exit code.

    Raises:
        TransferError: it could not begin; what happened later stands in the ledger.
    """
    watch()
    _log_to(workspace.log)
    with Ledger.open(workspace.ledger) as ledger:
        order = read_order(ledger)
        chosen = choose_node(home, order.node)
        method = None if until is Until.SCAN else method_of(home, workspace, ledger)
    if password is not None:
        chosen.secrets.hold(f"{order.node}.password", password)
    return asyncio.run(_run(chosen, workspace, until, survives_hangup, concurrency, method))


async def _run(
    chosen: ChosenNode,
    workspace: Workspace,
    until: Until,
    survives_hangup: bool,
    concurrency: int | None,
    method: MethodSpec | None,
) -> int:
    stop = Stop()
    loop = asyncio.get_running_loop()

    def asked() -> None:
        stop.insist() if stop.requested else stop.request()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, asked)
    # A detached runner has no terminal to lose; in the foreground the lost line ends the run.
    loop.add_signal_handler(signal.SIGHUP, (lambda: None) if survives_hangup else asked)
    settings = Settings(chosen.profile.deidentified == "required", chosen.profile.gate, method)
    schedule = LiveSchedule(chosen.home.config_folder, _keep_limits)
    # Before anything goes: too fast for a line that others need is no small thing.
    await asyncio.to_thread(schedule.demand)
    settings = replace(settings, address=chosen.profile.address, schedule=schedule)
    if concurrency is not None:
        settings = replace(settings, concurrency=concurrency)
    if chosen.profile.patience_s is not None:
        settings = replace(settings, patience_s=chosen.profile.patience_s)
    node = chosen.open() if until.asks_the_node else None
    try:
        return await run(workspace, node, until, settings, stop, partial(_record, chosen))
    except TransferError:
        raise
    except Exception as error:  # noqa: BLE001 - the process's last border; recorded and re-raised
        if (refusal := lacking(error)) is not None:
            raise refusal from None
        # The text of a foreign exception may name a file, and files are named after patients.
        frames = [
            f"{Path(f.filename).name}:{f.lineno}" for f in traceback.extract_tb(error.__traceback__)
        ]
        log.critical("%s at %s", type(error).__name__, " < ".join(reversed(frames)))
        if (damage := damage_behind(workspace.ledger)) is not None:
            raise damage from None
        raise TransferError(
            f"The program met a fault of its own ({type(error).__name__}) and stopped; what was"
            " recorded stands.",
            "Go on with the same command. If it happens again, send runner.log of the transfer's"
            " folder to the makers: it holds no patient data.",
        ) from None
    finally:
        if node is not None:
            await node.aclose()


def _keep_limits(trouble: UsageError) -> None:
    log.warning("%s %s Until then the limits read before hold.", trouble.what, trouble.remedy)


def _record(chosen: ChosenNode, heard: Identity | NodeError) -> None:
    """What a run learns of the account is true for every transfer to the node."""
    home, node = chosen.home, chosen.profile.name
    if isinstance(heard, Identity):
        signed_in(home, node, heard)
    else:
        ran_out(home, node, heard.what)


def _log_to(path: Path) -> None:
    # A log that cannot be written, on a full disk say, must neither end the run nor print
    # tracebacks: those name files.
    logging.raiseExceptions = False
    handler = logging.StreamHandler(open(path, "a", encoding="utf-8", opener=private_opener))  # noqa: SIM115 - open as long as the process
    handler.setFormatter(logging.Formatter("%(asctime)s %(process)d %(levelname)s %(message)s"))
    root = logging.getLogger("transfer")
    log.addHandler(handler)
    root.addHandler(handler)
    root.setLevel(logging.INFO)

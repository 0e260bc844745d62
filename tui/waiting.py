"""Transfers to a node that stopped for the want of a sign-in, and those that are under way."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from transfer.errors import TransferError
from transfer.ledger.connection import Ledger
from transfer.ledger.holder import is_held, read_runner
from transfer.ledger.order import read_order
from transfer.values import ExitCode
from transfer.workspace import Home


@dataclass(frozen=True, slots=True)
class TransfersOfNode:
    """Names of transfers to one node. `waiting` ended with a refused sign-in, or without a right,
    and nobody has gone on with them since; `running` have a runner now."""

    waiting: tuple[str, ...] = ()
    running: tuple[str, ...] = ()
    all: tuple[str, ...] = ()


def transfers_of(home: Home, node: str) -> TransfersOfNode:
    """Look at every transfer of a home; one that cannot be read is passed over."""
    found = list(_look(home, node))
    return TransfersOfNode(
        waiting=tuple(name for name, state in found if state == "waiting"),
        running=tuple(name for name, state in found if state == "running"),
        all=tuple(name for name, _ in found),
    )


def _look(home: Home, node: str) -> Iterator[tuple[str, str]]:
    for name in home.names():
        workspace = home.workspace(name)
        try:
            with Ledger.open(workspace.ledger, read_only=True) as ledger:
                if read_order(ledger).node != node:
                    continue
                ended_with = read_runner(ledger).exit_code
        except TransferError:
            continue
        if is_held(workspace.lock):
            yield name, "running"
        else:
            yield name, "waiting" if ended_with == ExitCode.SIGN_IN else ""

"""The judge over a transfer: what is on the server, what the ledger says of it, what is left."""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.faults.scenario import Stage
from tests.faults.xnat import XnatBench
from transfer.deid.keys.cohort import cohort_of, key_for
from transfer.deid.keys.seal import Seal
from transfer.ledger.connection import Ledger
from transfer.ledger.holder import is_held
from transfer.ledger.identity import Names
from transfer.ledger.order import read_order
from transfer.workspace import HOME_VARIABLE

_LEFT_ENDINGS = (".tmp", ".part", ".partial", ".draft")
_END_S: Final = 30.0
_PAUSE_S: Final = 0.05
_LEFT_BEGINNINGS = (".tmp", "tmp", ".draft-", ".secrets-")


@dataclass(frozen=True)
class Verdict:
    """Figures of one scenario. `sent`: instances that had to arrive. `wrong`: instances of which
    the ledger said, right after the fault or at the end, what the server contradicts. `again`: came
    in more often than once, kept once. `left`: temporary files and processes. `runs`: of `upload`
    until it was done. `recovery_s`: from the end of the fault to that."""

    sent: int
    lost: int
    changed: int
    doubled: int
    wrong: int
    again: int
    left: tuple[str, ...]
    runs: int
    recovery_s: float

    @property
    def is_good(self) -> bool:
        """Nothing lost, changed, doubled, wrongly reported or left lying."""
        return not (self.lost or self.changed or self.doubled or self.wrong or self.left)


def wrongly_reported(stage: Stage) -> int:
    """Instances that the ledger calls sent or verified at this moment, and the server has not, or
    has with other bytes. Whatever the server has beyond them, the next run finds out."""
    bench = stage.made
    assert bench is not None
    if not bench.workspace.ledger.exists():
        return 0
    # The ledger first: whatever comes in meanwhile is on the server all the more.
    claimed = _claimed(stage)
    if not claimed:
        return 0
    waiting = _received_uids(bench) if isinstance(bench, XnatBench) else set()
    held, expected = bench.held(), bench.expected
    return sum(
        1
        for uid in claimed
        if uid not in waiting and (uid not in held or held[uid].sha256 != expected.get(uid))
    )


def _received_uids(bench: XnatBench) -> set[str]:
    """What lies in the prearchive was received, and waits to be archived."""
    return set(bench.xnat.control("xnat/stored")["prearchive"])


def _claimed(stage: Stage) -> list[str]:
    """The instances that are sent or verified by the ledger, under the names by which they went."""
    bench = stage.made
    assert bench is not None
    with Ledger.open(bench.workspace.ledger, read_only=True) as ledger:
        rows = ledger.rows(
            "SELECT sop_instance_uid, out_sop_instance_uid FROM instance"
            " WHERE state IN ('sent', 'verified')"
        )
        # A run that was killed early has made no key yet.
        if bench.deid is not None and rows:
            key = key_for(bench.home, cohort_of(read_order(ledger))).text
            ledger.names = Names(Seal(key))
        return [str(ledger.names.instance(uid, out_uid)) for uid, out_uid in rows]


def judge(stage: Stage, *, wrongly: int, runs: int, recovery_s: float) -> Verdict:
    """Compare both sides once the transfer says that it is done.

    Raises:
        AssertionError: the ledger's own figures do not add up, or a command showed a traceback.
    """
    bench = stage.made
    assert bench is not None
    for ran in stage.said:
        assert "Traceback" not in ran.stderr + ran.stdout, ran.stderr[-3000:]
    expected = {u: d for u, d in bench.expected.items() if u not in stage.refused}
    held = bench.held()
    lost = sum(1 for uid in expected if uid not in held)
    changed = sum(1 for u, d in expected.items() if u in held and held[u].sha256 != d)
    beyond = sum(1 for uid in held if uid not in expected)
    _figures_add_up(stage, len(expected))
    return Verdict(
        sent=len(expected),
        lost=lost,
        changed=changed,
        doubled=beyond + _kept_twice(bench, expected),
        wrong=wrongly + wrongly_reported(stage),
        again=sum(one.received - 1 for one in held.values()),
        left=(*_files_left(stage), *_processes_left(stage)),
        runs=runs,
        recovery_s=recovery_s,
    )


def _kept_twice(bench: object, expected: dict[str, str]) -> int:
    """Instances that stand in an XNAT's catalogues more than once, or in its prearchive still; the
    other servers keep an instance under its UID, or are counted by what they keep."""
    if isinstance(bench, XnatBench):
        times = Counter(uid for one in bench.sessions() for uid in one.sop_instance_uids)
        assert set(times) >= set(expected), "archived, and in no catalogue"
        return sum(n - 1 for n in times.values()) + len(bench.waiting())
    return 0


def _figures_add_up(stage: Stage, expected: int) -> None:
    bench = stage.made
    assert bench is not None
    status = bench.status()
    n = status.census.instances
    assert (n.verified, n.failed) == (expected, len(stage.refused)), n
    assert n.found - n.rejected == expected + len(stage.refused), n
    assert bench.number("SELECT count(*) FROM batch WHERE state = 'leased'") == 0
    assert not is_held(bench.workspace.lock)
    if not stage.refused:
        assert status.state == "done", status.state


def _files_left(stage: Stage) -> Iterator[str]:
    """Spools, half-written files and the like in the home and in the folder for temporary files."""
    assert stage.made is not None
    for path in sorted(stage.made.home.root.rglob("*")):
        name = path.name
        if name.endswith(_LEFT_ENDINGS) or name.startswith(_LEFT_BEGINNINGS):
            yield f"file {name}"
    scratch = stage.folder / "tmp"
    if scratch.is_dir():
        yield from (f"temporary file {path.name}" for path in sorted(scratch.iterdir()))


def _processes_left(stage: Stage) -> Sequence[str]:
    """Processes of the scenario's home that do not end by themselves: what runs behind the screens
    has given up its place before it has ended, and leaves the processor to all others."""
    assert stage.made is not None
    mark = f"{HOME_VARIABLE}={stage.made.home.root}\0".encode()
    deadline = time.monotonic() + _END_S
    while (left := list(_processes_with(mark))) and time.monotonic() < deadline:
        time.sleep(_PAUSE_S)
    return left


def _processes_with(mark: bytes) -> Iterator[str]:
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            state = (entry / "stat").read_text(errors="replace").rpartition(")")[2].split()[0]
            if state not in "ZX" and mark in (entry / "environ").read_bytes():
                yield f"process {entry.name}"
        except OSError:
            continue

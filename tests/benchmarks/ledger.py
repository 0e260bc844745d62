"""What the size of a cohort costs: the same steps on a small and on a large ledger, both in the
middle of an upload (`tests.benchmarks.synthetic`). `--ledger-large 10000000` is the size that this
program is built for.

`status` is the command, from its start to its end. `resume` is `upload` from its start to the first
byte of the first request, with a node that answers at once; where images are de-identified, to the
request itself, since the sources of these are not there. `report` writes all evidence. The others
are what the runner does an instance, without the process around it.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NoReturn, cast

from tests.benchmarks.frame import Bench, Figures, Kind, Option, Row, Target, compare, picked
from tests.benchmarks.process import child, measured, peak_mb

if TYPE_CHECKING:
    from transfer.ledger.connection import Ledger
    from transfer.workspace import Workspace

OPTIONS: Final = {
    "small": Option(10_000, quick=10_000, help="instances of the small ledger"),
    "large": Option(1_000_000, quick=50_000, help="instances of the large ledger"),
}
_DEID: Final = "-deid"
_STEPS: Final = ("plan", "lease", "settle", "list", "verify")
_BATCHES: Final = 40
_UNPLANNED: Final = 4_000
_MOST_BYTES: Final = 1 << 40


def measure(bench: Bench) -> list[Row]:
    """Seconds, microseconds an instance and peak memory, at both sizes."""
    home = bench.folder / "home"
    sizes = {f"{bench[name]:,} instances": _made(home, bench[name], "none") for name in OPTIONS}
    sealed = {f"{size} by eucaim": _made(home, bench["large"], "eucaim") for size in [*sizes][1:]}
    small, large = sizes
    kinds: dict[str, Kind] = dict.fromkeys([*sizes, *sealed], "ours")
    status = bench.interleave({size: partial(_status, home, name) for size, name in sizes.items()})
    resume = bench.interleave(
        {size: partial(_on_copy, home, name, "resume") for size, name in (sizes | sealed).items()}
    )
    steps = bench.interleave(
        {size: partial(_on_copy, home, name, "steps") for size, name in sizes.items()}
    )
    report = bench.interleave({size: partial(_report, home, name) for size, name in sizes.items()})
    flat = Target(1.5, small, is_floor=False, of=large)
    rows = [
        *_seconds("ledger: status", status, kinds, Target(0.5, is_floor=False, of=large)),
        *_seconds(
            "ledger: resume to the first byte",
            resume,
            kinds,
            *(Target(10, is_floor=False, of=size) for size in (large, *sealed)),
        ),
    ]
    for step in _STEPS:
        value = picked(steps, lambda f, step=step: f[f"{step}_us"])  # type: ignore[misc]
        rows += compare(f"ledger: {step}", "µs an instance", value, kinds, [flat])
    per = {size: bench[name] for size, name in zip(sizes, OPTIONS, strict=True)}
    value = {s: [f["seconds"] * 1e6 / per[s] for f in runs] for s, runs in report.items()}
    rows += compare("ledger: report", "µs an instance", value, kinds, [flat])
    for what, runs in (("status", status), ("resume", resume), ("report", report)):
        value = picked(runs, lambda f: f["peak_mb"])
        rows += compare(f"ledger: {what}", "peak MB", value, kinds)
    return rows


def _seconds(
    subject: str, runs: Mapping[str, list[Figures]], kinds: dict[str, Kind], *targets: Target
) -> list[Row]:
    value = picked(dict(runs), lambda f: f["seconds"])
    return compare(subject, "s", value, kinds, targets)


def _made(folder: Path, instances: int, deid: str) -> str:
    """The name of a transfer of that size; one that an earlier run left serves again."""
    from tests.benchmarks.synthetic import write_transfer
    from transfer.workspace import Home

    name = f"of-{instances}{_DEID if deid != 'none' else ''}"
    home = Home.at(folder.absolute())
    if name not in home.names():
        write_transfer(home, name, instances, deid=deid)
    return name


def _program(home: Path, *words: object) -> Figures:
    environ = {**os.environ, "EUCAIM_TRANSFER_HOME": str(home)}
    environ.pop("PYTHONDONTWRITEBYTECODE", None)
    return measured([sys.executable, "-m", "tui", *map(str, words)], env=environ)[0]


def _status(home: Path, name: str) -> Figures:
    return _program(home, "status", name)


def _report(home: Path, name: str) -> Figures:
    with tempfile.TemporaryDirectory(dir=home.parent) as folder:
        return _program(home, "report", name, "--out", Path(folder, "report"))


def _on_copy(home: Path, name: str, what: str) -> Figures:
    """In a process of its own, on a copy of the ledger: it is written to."""
    kept = home / "transfers" / name / "ledger.sqlite"
    aside = kept.with_suffix(".kept")
    shutil.copyfile(kept, aside)
    try:
        return child(__name__, what, home, name)
    finally:
        for log in kept.parent.glob("ledger.sqlite-*"):
            log.unlink()
        aside.replace(kept)


class _AtOnce:
    """A node that knows nothing and ends the process at the first request."""

    name = "bench"

    def __init__(self, *, reads: bool) -> None:
        self._reads = reads

    async def abilities(self) -> Any:
        from transfer.node import Abilities

        return Abilities()

    async def sign_in(self) -> Any:
        from transfer.node import Identity

        return Identity("")

    async def objections(self, studies: Any, _: str) -> tuple[()]:
        async for _study in studies:
            pass
        return ()

    async def holdings(self, *_: object) -> dict[str, object]:
        return {}

    waiting = holdings

    async def send(self, batch: Any, _: object) -> NoReturn:
        if self._reads:
            assert next(iter(batch.instances[0].pieces())), "an image is not empty"
        # The seconds are those of the whole process.
        print(json.dumps({"peak_mb": peak_mb()}), flush=True)
        os._exit(0)


def _resume(workspace: Workspace) -> None:
    from transfer.ledger.connection import Ledger
    from transfer.node import Node
    from transfer.runner.run import Settings, Until, run
    from transfer.runner.stop import Stop
    from transfer.workspace import Home
    from tui.method import method_of

    with Ledger.open(workspace.ledger) as ledger:
        method = method_of(Home.at(workspace.folder.parent.parent), workspace, ledger)
    node = cast(Node, _AtOnce(reads=method is None))
    settings = Settings(require_deidentified=True, gate="integrity", method=method)
    asyncio.run(run(workspace, node, Until.UPLOAD, settings, Stop()))
    raise AssertionError("nothing was sent")


def _steps(workspace: Workspace) -> Figures:
    from transfer.ledger.batches import Settled, lease_next, settle
    from transfer.ledger.connection import Ledger
    from transfer.ledger.listing import record_verified, sent_instances, series_to_check
    from transfer.node import Abilities
    from transfer.plan import plan

    spent = dict.fromkeys(_STEPS, 0.0)
    done = dict.fromkeys(_STEPS, 0)

    def timed(step: str, n: int, call: Callable[[], Any]) -> Any:
        began = time.perf_counter()
        result = call()
        spent[step] += time.perf_counter() - began
        done[step] += n or len(result)
        return result

    with Ledger.open(workspace.ledger) as ledger:
        _take_back_plan(ledger)
        timed("plan", _UNPLANNED, lambda: plan(ledger, Abilities(), lambda: False))
        for _ in range(_BATCHES):
            began = time.perf_counter()
            # As the runner asks, which looks how much of a batch may go.
            lease = lease_next(ledger, _MOST_BYTES)
            spent["lease"] += time.perf_counter() - began
            assert lease is not None, "more is planned than is sent here"
            n = len(lease.instances)
            done["lease"] += n
            gone = [
                Settled(i.row, "sent", "", "stored", "ab" * 32, "cd" * 32) for i in lease.instances
            ]
            timed(
                "settle",
                n,
                partial(settle, ledger, lease.batch_id, gone, (), lease.attempt_row, "answered"),
            )
        for series in series_to_check(ledger, _BATCHES):
            sent = timed("list", 0, partial(sent_instances, ledger, series.row))
            timed("verify", len(sent), partial(record_verified, ledger, [i.row for i in sent]))
    return {f"{step}_us": spent[step] * 1e6 / done[step] for step in _STEPS}


def _take_back_plan(ledger: Ledger) -> None:
    last = ledger.number("SELECT max(id) FROM instance")
    with ledger.transaction():
        ledger.write("UPDATE instance SET batch_id = NULL WHERE id > ?", last - _UNPLANNED)
        ledger.write(
            "DELETE FROM batch WHERE state = 'planned' AND state <> 'done' AND NOT EXISTS"
            " (SELECT 1 FROM instance i WHERE i.batch_id = batch.id)"
        )


def main() -> None:
    """`resume HOME NAME` or `steps HOME NAME`."""
    from transfer.workspace import Home

    what, home, name = sys.argv[1:]
    workspace = Home.at(Path(home)).workspace(name)
    if what == "resume":
        _resume(workspace)
    print(json.dumps(_steps(workspace)))


if __name__ == "__main__":
    main()

"""A control group for some processes: memory or a number of processes that is too small."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Literal

from tests.faults.processes import await_until

_ROOT: Final = Path("/sys/fs/cgroup")
_serial: Final = itertools.count()
_LIMIT: Final = {"memory": "memory.limit_in_bytes", "pids": "pids.max"}


def lacks_groups(controller: Literal["memory", "pids"]) -> str:
    """What this machine does not have for them (version 1 of the interface, writable)."""
    folder = _ROOT / controller
    return "" if os.access(folder / "cgroup.procs", os.W_OK) else f"a {controller} cgroup"


@contextmanager
def confined(
    controller: Literal["memory", "pids"], limit: int, pids: Sequence[int]
) -> Iterator[None]:
    """These processes have no more than `limit` bytes beyond what they have, or processes and
    threads in all, until the block is left."""
    group = _ROOT / controller / f"faults-{os.getpid()}-{next(_serial)}"
    group.mkdir()
    try:
        (group / _LIMIT[controller]).write_text(str(limit))
        for pid in pids:
            (group / "cgroup.procs").write_text(str(pid))
        yield
    finally:
        for left in (group / "cgroup.procs").read_text().split():
            (_ROOT / controller / "cgroup.procs").write_text(left)
        await_until(lambda: _removed(group), "the control group is removed")


def _removed(group: Path) -> bool:
    try:
        group.rmdir()
    except OSError:
        return False
    return True

"""A disk, or a file server, that fails under the program: see disk_errors.c beside this module."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Literal

from tests.faults.bench import Bench
from tests.faults.processes import await_until

_SOURCE: Final = Path(__file__).with_suffix(".c")


def lacks_disk_errors() -> str:
    """What this machine does not have for it."""
    return "" if shutil.which("gcc") else "gcc, to build what stands before the disk"


class Disk:
    """What every run of a bench goes through from now on."""

    def __init__(self, folder: Path, bench: Bench) -> None:
        library = folder / "disk_errors.so"
        build = ["gcc", "-shared", "-fPIC", "-O1", "-o", str(library), str(_SOURCE), "-ldl"]
        subprocess.run(build, check=True, timeout=60)
        self._control = folder / "disk-errors"
        bench.environment |= {"LD_PRELOAD": str(library), "DISK_ERRORS": str(self._control)}

    @property
    def _met(self) -> Path:
        return self._control.with_name(f"{self._control.name}.met")

    @contextmanager
    def failing(self, kind: Literal["r", "w"], number: int, below: Path) -> Iterator[None]:
        """While this lasts, reading or writing below a folder fails with this errno; with 0, it
        waits for the end of it. Something must have met it by then."""
        self._met.unlink(missing_ok=True)
        draft = self._control.with_suffix(".draft")
        draft.write_text(f"{kind} {number} {below}\n", "utf-8")
        os.replace(draft, self._control)
        try:
            yield
            assert self.was_met(), "nothing met the fault"
        finally:
            self._control.unlink()

    def was_met(self) -> bool:
        return self._met.exists()

    def await_met(self) -> None:
        await_until(self.was_met, "somebody met the fault of the disk")

"""Room for what a transfer writes: bytes and files, for its ledger and for what is temporary."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

from transfer.machine.host import YOU
from transfer.machine.question import Question, said
from transfer.node import CheckResult
from transfer.sentences import count, size
from transfer.values import ExitCode

LEDGER_BYTES_EACH = 1_000
# A write-ahead log, the log of a runner, pixels that are decoded before they leave.
_LEAST_BYTES = 200_000_000
_COMFORT_BYTES = 1_000_000_000
_LEAST_FILES, _COMFORT_FILES = 100, 1_000
# SQLite sorts there what does not fit into memory.
_TEMPORARY_BYTES = 100_000_000


def check_disk(folder: Path, instances: int = 0) -> CheckResult:
    """Do ledger and spool fit where the home lies? `instances`: how many are known to come."""
    asked = Question("disk", "Asked the file system of the folder for transfers for free space.")
    try:
        free = shutil.disk_usage(existing(folder)).free
    except OSError as error:
        return asked.warn("The free space cannot be told.", "Look with: df -h", said(error))
    need = _LEAST_BYTES + instances * LEDGER_BYTES_EACH
    answer = f"{size(free)} free, {size(need)} needed"
    if free < need:
        what = f" for the ledger of {count(instances, 'instance')}" if instances else ""
        return asked.fail(
            f"Only {size(free)} are free where the ledger lies; {size(need)} are needed{what}.",
            f"Have {size(need - free)} freed there, or set EUCAIM_TRANSFER_HOME to a folder on a"
            " larger disk before the transfer is made.",
            answer,
        )
    if free < max(_COMFORT_BYTES, need + _LEAST_BYTES):
        room = (free - _LEAST_BYTES) // LEDGER_BYTES_EACH
        return asked.warn(
            f"{size(free)} are free where the ledger lies: enough for {room:,} instances or so.",
            "Have some space freed there before a larger transfer; a ledger takes about 1 kB for"
            " each instance.",
            answer,
        )
    return asked.ok(f"{size(free)} are free for ledger and spool.", answer)


def check_inodes(folder: Path) -> CheckResult:
    """May more files be made where the home lies?"""
    asked = Question("inodes", "Asked the file system of the folder for transfers for free inodes.")
    try:
        facts = os.statvfs(existing(folder))
    except OSError as error:
        return asked.warn("The free inodes cannot be told.", "Look with: df -i", said(error))
    if facts.f_files == 0:
        return asked.ok("This file system sets no number of files.", "no number set")
    free, answer = facts.f_favail, f"{facts.f_favail:,} of {facts.f_files:,} free"
    message = f"Only {count(free, 'more file')} can be made where the ledger lies (inodes)."
    remedy = (
        "Have many small files deleted there (df -i shows the numbers), or set"
        " EUCAIM_TRANSFER_HOME to a folder on another disk."
    )
    if free < _LEAST_FILES:
        return asked.fail(message, remedy, answer, exit_code=ExitCode.USAGE)
    if free < _COMFORT_FILES:
        return asked.warn(message, remedy, answer)
    return asked.ok(f"{free:,} more files can be made.", answer)


def check_temporary() -> CheckResult:
    """Is there a temporary folder with some room? SQLite and the libraries fall back on it."""
    asked = Question("temporary-folder", "Made a temporary file (in TMPDIR, else in /tmp).")
    try:
        with tempfile.TemporaryFile() as file:
            file.write(b"1")
            file.flush()
            free = shutil.disk_usage(tempfile.gettempdir()).free
    except OSError as error:
        return asked.fail(
            "No temporary file can be made.",
            "Set TMPDIR to a folder that this account may write to and that has space left.",
            said(error),
            YOU,
        )
    if free < _TEMPORARY_BYTES:
        return asked.warn(
            f"Only {size(free)} are free in the temporary folder.",
            "Have 100 MB freed there, or set TMPDIR to a folder on a larger disk.",
            f"{size(free)} free",
        )
    return asked.ok(f"{size(free)} are free for temporary files.", f"{size(free)} free")


def existing(folder: Path) -> Path:
    """The folder, or the nearest one above it that is there."""
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return folder

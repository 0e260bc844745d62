"""What is said when this program itself fails: where it happened, and never with which values.

The text of an exception may hold anything that was at hand: a request with its token, a file that
is named after a patient. So all that Python would print by itself, at the end of the program, of a
thread, in a destructor, or for a library's logger that nobody listens to, is cut down to names of
files and functions and to the kind of the error.
"""

from __future__ import annotations

import logging
import os
import sys
import threading
import traceback
from types import TracebackType

from transfer.clock import utc_now
from transfer.values import ExitCode
from transfer.workspace import Home, private_opener
from tui.cli.output import tell


def say_no_values() -> None:
    """From now on nothing that fails prints a value. For the whole process."""
    sys.excepthook = _at_the_end
    threading.excepthook = lambda args: _in_between(args.exc_value, args.exc_type)
    sys.unraisablehook = lambda args: _in_between(args.exc_value, args.exc_type)
    logging.lastResort = _FramesOnly(logging.WARNING)


def frames_of(error: BaseException | None) -> list[str]:
    """The kind of an error, and where it happened, line by line."""
    if error is None:
        return []
    stack = traceback.extract_tb(error.__traceback__)
    lines = [f"  {os.path.basename(f.filename)}:{f.lineno} {f.name}\n" for f in stack]
    return [f"  {type(error).__name__}\n", *lines]


def record_crash(error: BaseException) -> int:
    """Write down where a command failed, and say so in two lines; the exit code."""
    log = Home.find().root / "crash.log"
    try:
        with open(log, "a", opener=private_opener, encoding="utf-8") as file:
            file.write(f"{utc_now()} a command ended by an error\n")
            file.write("".join(frames_of(error)))
        where = f"send {log.name} of the program's home to the makers: it holds no data."
    except OSError:
        _tell_all(frames_of(error))
        where = "send the lines above to the makers: they hold no data."
    tell(
        f"eucaim-transfer: The program met a fault of its own ({type(error).__name__}); what was"
        " recorded stands."
    )
    tell(f"  what to do: Try the same command again. If it happens again, {where}")
    return ExitCode.INTERNAL


def _at_the_end(
    kind: type[BaseException], error: BaseException, trace: TracebackType | None
) -> None:
    _in_between(error, kind)


def _in_between(error: BaseException | None, kind: type[BaseException]) -> None:
    tell("A fault of this program:")
    _tell_all(frames_of(error) or [f"  {kind.__name__}\n"])


def _tell_all(lines: list[str]) -> None:
    for line in lines:
        tell(line.rstrip())


class _FramesOnly(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[1] if record.exc_info else None
        tell(f"{record.levelname.lower()} of {record.name}")
        _tell_all(frames_of(error))

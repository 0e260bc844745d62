"""What a machine has run out of is said as that, and never of a file or of the program."""

from __future__ import annotations

import errno
import os
import subprocess
import sys

import pytest

from transfer.machine.lacking import lacking, lacking_to_read


@pytest.mark.parametrize(
    ("number", "what"),
    [
        (errno.EMFILE, "The machine lets this program open no more files."),
        (errno.ENFILE, "The machine lets this program open no more files."),
        (errno.ENOMEM, "The machine has no memory left for this program."),
        (errno.ENOSPC, "A disk that is written to is full, or its quota is used up."),
        (errno.EDQUOT, "A disk that is written to is full, or its quota is used up."),
        (errno.EROFS, "A disk that is to be written to is read-only at this moment."),
    ],
)
def test_an_error_of_the_machine_is_told_in_its_words(number: int, what: str) -> None:
    refusal = lacking(OSError(number, os.strerror(number), "/data/doe^jane.dcm"))
    assert refusal is not None
    assert (refusal.what, refusal.exit_code) == (what, 2)
    assert "doe" not in refusal.what + refusal.remedy


def test_memory_that_python_itself_does_not_get_is_told_too() -> None:
    refusal = lacking(MemoryError())
    assert refusal is not None
    assert refusal.what == "The machine has no memory left for this program."


def test_what_one_of_several_tasks_did_not_get_is_told_too() -> None:
    refusal = lacking(ExceptionGroup("tasks", [ExceptionGroup("lanes", [MemoryError()])]))
    assert refusal is not None
    assert refusal.what == "The machine has no memory left for this program."


def test_a_thread_that_cannot_be_started_is_told_too() -> None:
    refusal = lacking(RuntimeError("can't start new thread"))
    assert refusal is not None
    assert refusal.what == "The machine lets this account start no more processes."


def test_a_library_that_finds_no_room_is_told_as_want_of_memory() -> None:
    """NumPy wraps the loader's words in many of its own."""
    inner = ImportError("libopenblas.so: failed to map segment from shared object")
    wrapped = ImportError("IMPORTANT: PLEASE READ THIS FOR ADVICE ON HOW TO SOLVE THIS ISSUE!")
    wrapped.__cause__ = inner
    refusals = [lacking(inner), lacking(wrapped)]
    assert [str(refusal) for refusal in refusals] == [
        "The machine has no memory left for this program."
    ] * 2
    assert lacking(ImportError("no module named x")) is None


_STILLBORN = """
import threading
from transfer.machine.stillborn import watch

watch(every_s=0.01)
threading.Thread(target=int).start()
threading.Thread._bootstrap = lambda self: None
threading.Thread(target=int).start()
"""


def test_a_thread_that_never_comes_up_ends_the_program_in_words() -> None:
    """Its `start` would never return, and nothing would ever be said."""
    ran = subprocess.run(
        [sys.executable, "-c", _STILLBORN], capture_output=True, text=True, timeout=60, check=False
    )
    assert (ran.returncode, ran.stderr) == (
        2,
        "eucaim-transfer: The machine has no memory left for this program.\n"
        "  what to do: End other programs, or raise the limit that is set on its memory; then do"
        " the same again; nothing is lost.\n",
    )


@pytest.mark.parametrize("error", [FileNotFoundError(errno.ENOENT, ""), ValueError("x")])
def test_whatever_else_fails_is_not_blamed_on_the_machine(error: Exception) -> None:
    assert lacking(error) is None


@pytest.mark.parametrize("number", [errno.EIO, errno.ESTALE, errno.ENOENT, errno.EACCES])
def test_a_file_that_cannot_be_read_stays_a_matter_of_that_file(number: int) -> None:
    assert lacking_to_read(OSError(number, "")) is None


def test_a_file_that_the_machine_cannot_open_says_nothing_about_the_file() -> None:
    refusal = lacking_to_read(OSError(errno.EMFILE, ""))
    assert refusal is not None
    assert lacking_to_read(EOFError()) is None

"""What a machine has run out of is said as that, and never of a file or of the program."""

from __future__ import annotations

import errno
import os

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

"""A command whose output nobody reads to the end still tells the shell how it went."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.engine.bench import TRANSFER, Bench, bench
from tests.program import REPOSITORY, Program


@pytest.fixture
def at(tmp_path: Path) -> Iterator[Bench]:
    with bench(tmp_path) as made:
        yield made


def unread(program: Program, *words: str) -> tuple[int, str]:
    """Exit code and stderr of a command whose stdout is a pipe without a reader."""
    reader, writer = os.pipe()
    os.close(reader)
    try:
        done = subprocess.run(
            [sys.executable, "-P", "-m", "tui", *words],
            cwd=REPOSITORY,
            env=program.environment() | {"PYTHONPATH": str(REPOSITORY)},
            stdin=subprocess.DEVNULL,
            stdout=writer,
            stderr=subprocess.PIPE,
            text=True,
            timeout=120,
            check=False,
        )
    finally:
        os.close(writer)
    return done.returncode, done.stderr


@pytest.fixture
def failing(at: Bench) -> Bench:
    """A transfer of which one file is no longer what the scan saw."""
    at.program.good("scan", TRANSFER)
    os.utime(at.program.home.parent / "source" / "0003.dcm", ns=(0, 0))
    return at


@pytest.mark.parametrize("command", ["upload", "verify"])
def test_failures_are_told_by_the_exit_code_though_nobody_reads(
    failing: Bench, command: str
) -> None:
    assert failing.upload().code == 4
    code, err = unread(failing.program, command, TRANSFER, "--json")
    assert code == 4
    assert "  what to do: " in err
    assert "BrokenPipe" not in err


@pytest.mark.parametrize("words", [[], ["--json"]])
def test_a_good_upload_is_good_though_nobody_reads(at: Bench, words: list[str]) -> None:
    code, err = unread(at.program, "upload", TRANSFER, *words)
    assert code == 0, err
    assert "BrokenPipe" not in err
    assert at.counts() == {"ready": 8, "sent": 8, "verified": 8, "failed": 0}


def test_a_scan_whose_list_is_cut_off_is_good(at: Bench) -> None:
    code, err = unread(at.program, "scan", TRANSFER)
    assert (code, "BrokenPipe" in err) == (0, False)


@pytest.mark.parametrize("words", [["list"], ["status", TRANSFER, "--json"]])
def test_an_answer_that_did_not_arrive_is_no_success(at: Bench, words: list[str]) -> None:
    assert unread(at.program, *words) == (1, "")

"""What the line between an admin and the server does: it drops, it is slow, it is the same window
again a day later. The transfer is not the window's."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.bench import Bench
from tests.faults.cohort import write_cohort
from tests.faults.processes import await_until
from tests.faults.servers import Servers
from tests.ssh.operator import Operator, operator
from tests.ssh.server import Sshd, program
from transfer.ledger.holder import is_held


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    """A transfer of 60 instances to the UPV stand-in."""
    cohort = write_cohort(tmp_path / "cohort", series=3, per_series=20, pixel_bytes=4096)
    options = "max_batch_instances = 4\nmax_concurrency = 2\n"
    with Servers(tmp_path) as servers:
        yield Bench(tmp_path / "home", servers.of("upv"), cohort, options)


def _opened(one: Operator) -> None:
    one.wait_for("trial")
    one.press("Enter")
    one.wait_for("Pause")


def test_a_line_that_drops_ends_the_screens_and_not_the_transfer(
    sshd: Sshd, bench: Bench, tmp_path: Path
) -> None:
    remote = program(bench.home)
    with bench.detached("--bwlimit", "20K") as runner:
        bench.await_sent(1)
        with operator(tmp_path, sshd.client(remote)) as one:
            _opened(one)
            screens = _screens(bench)
            one.press("C-z")
            for client in _clients(sshd):
                os.kill(client, signal.SIGKILL)
            one.wait_for("ended with 137")
            await_until(lambda: not _screens(bench), "the screens ended with their line")
            assert screens
        assert is_held(bench.workspace.lock)
        assert bench.run("limit", bench.name, "none").returncode == 0
        with operator(tmp_path, sshd.client(remote)) as again:
            again.wait_for(f"{len(bench.expected)} of {len(bench.expected)} verified")
        await_until(lambda: not is_held(bench.workspace.lock), "the runner came to its end")
        assert runner not in _screens(bench)
    bench.assert_arrived()


def test_stopped_in_the_evening_and_resumed_in_the_morning_by_keys(
    sshd: Sshd, bench: Bench, tmp_path: Path
) -> None:
    remote = program(bench.home)
    with bench.detached("--bwlimit", "20K"):
        bench.await_sent(1)
        with operator(tmp_path, sshd.client(remote)) as evening:
            _opened(evening)
            evening.press("s")
            evening.wait_for("Stop this transfer")
            evening.press("Right", "Enter")
            await_until(lambda: not is_held(bench.workspace.lock), "the runner stopped")
            evening.wait_for("u goes on where it stopped")
            evening.press("C-q")
            evening.wait_for("ended with 0")
        before = bench.sent()
        assert 0 < before < len(bench.expected)
        assert bench.run("limit", bench.name, "none").returncode == 0
        with operator(tmp_path, sshd.client(remote)) as morning:
            morning.wait_for("trial")
            morning.press("Enter")
            morning.wait_for("Send the images")
            morning.press("Enter")
            morning.wait_for("u Start")
            morning.press("u")
            morning.wait_for(f"{len(bench.expected)} verified")
        await_until(lambda: not is_held(bench.workspace.lock), "the runner came to its end")
    bench.assert_arrived()


def _of_home(bench: Bench) -> Iterator[tuple[int, list[bytes]]]:
    mark = f"EUCAIM_TRANSFER_HOME={bench.home.root}\0".encode()
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            words = (entry / "cmdline").read_bytes().split(b"\0")
            if mark in (entry / "environ").read_bytes():
                yield int(entry.name), words
        except OSError:
            continue


def _screens(bench: Bench) -> list[int]:
    """Processes of the home that show screens: the program without a command."""
    return [pid for pid, words in _of_home(bench) if words[-3:] == [b"-m", b"tui", b""]]


def _clients(sshd: Sshd) -> list[int]:
    key = str(sshd.folder / "key").encode()
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                words = (entry / "cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
            if words[0] == b"ssh" and key in words:
                found.append(int(entry.name))
    return found

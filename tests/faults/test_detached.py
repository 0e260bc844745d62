"""A detached upload outlives its terminal, and every new look finds it."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import signal
from pathlib import Path

import pytest

from tests.faults.bench import TERMINAL
from tests.faults.conftest import MakeBench
from tests.faults.processes import await_until, living_in_session, session_of
from transfer.machine.priority import NICENESS

# The 60 instances are 68 kB: at this rate they take longer than any of these tests may.
SLOW = "1K"


@pytest.mark.parametrize("blow", ["hangup", "closed line"])
def test_the_end_of_the_session_leaves_a_detached_upload_alone(
    make_bench: MakeBench, blow: str
) -> None:
    bench = make_bench(batch=2)
    master, slave = pty.openpty()
    words = ("upload", bench.name, "--detach", "--bwlimit", SLOW)
    with bench.started(str(TERMINAL), os.ttyname(slave), *words) as shell:
        _await_text(master, b"ended 0")
        os.close(slave)
        before = bench.status().runner
        assert before.pid is not None
        try:
            assert session_of(before.pid) == before.pid
            bench.await_sent()
            if blow == "hangup":
                for member in living_in_session(shell.pid):
                    os.kill(member, signal.SIGHUP)
            os.close(master)
            shell.wait(timeout=30)

            # Another terminal, later: the same runner is seen at work.
            seen = bench.run("status", bench.name, "--json")
            runner = json.loads(seen.stdout)["runner"]
            assert (runner["state"], runner["pid"]) == ("running", before.pid)
            assert bench.run("limit", bench.name, "none").returncode == 0
            await_until(lambda: not bench.status().is_running, "the detached runner has ended")
        finally:
            for left in living_in_session(before.pid):
                os.kill(left, signal.SIGKILL)
    after = bench.status().runner
    assert (after.exit_code, after.epoch) == (0, before.epoch)
    bench.assert_arrived()


def test_a_detached_runner_does_not_heed_a_hangup(make_bench: MakeBench) -> None:
    bench = make_bench(batch=2)
    with bench.detached("--bwlimit", SLOW) as pid:
        bench.await_sent()
        os.kill(pid, signal.SIGHUP)
        assert bench.run("limit", bench.name, "none").returncode == 0
        await_until(lambda: not bench.status().is_running, "the runner has ended")
    assert bench.status().runner.exit_code == 0
    bench.assert_arrived()


def test_a_detached_runner_lets_whoever_sits_at_a_terminal_come_first(
    make_bench: MakeBench,
) -> None:
    bench = make_bench(batch=2)
    group = Path("/proc/self/autogroup")
    before = group.read_text() if group.exists() else ""
    with bench.detached("--bwlimit", SLOW) as pid:
        bench.await_sent()
        at_work = living_in_session(pid)
        assert {os.getpriority(os.PRIO_PROCESS, each) for each in at_work} == {NICENESS}
        if before:
            of_runner = Path(f"/proc/{pid}/autogroup").read_text()
            assert of_runner.endswith(f" nice {NICENESS}\n")
        assert bench.run("limit", bench.name, "none").returncode == 0
        await_until(lambda: not bench.status().is_running, "the runner has ended")
    assert not before or group.read_text() == before
    bench.assert_arrived()


def _await_text(descriptor: int, text: bytes) -> None:
    os.set_blocking(descriptor, False)
    shown = bytearray()

    def is_shown() -> bool:
        with contextlib.suppress(BlockingIOError):
            shown.extend(os.read(descriptor, 4096))
        return text in shown

    await_until(is_shown, f"{text!r} on the terminal")

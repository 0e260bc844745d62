"""`kill -9` of `new`: a transfer is there or it is not, and its name can be used again."""

from __future__ import annotations

import json
import signal

from tests.faults.conftest import MakeBench


def test_a_transfer_whose_making_was_killed_does_not_exist_and_can_be_made_again(
    make_bench: MakeBench,
) -> None:
    bench = make_bench()
    words = ("new", "second", "--node", "sandbox-upv", "--source", str(bench.cohort.folder))
    killed = bench.run_struck("self", "making", "1", *words)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    listed = json.loads(bench.run("list", "--json").stdout)
    assert [transfer["transfer"] for transfer in listed["transfers"]] == ["trial"]

    made = bench.run(*words)

    assert made.returncode == 0, made.stderr
    assert bench.run("status", "second").returncode == 0
    assert list(bench.home.workspace("second").folder.glob("draft*")) == []

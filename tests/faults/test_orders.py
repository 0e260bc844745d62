"""Pause, resume, stop, limit and signals, given to a runner while it works."""

from __future__ import annotations

import json
import signal

import pytest

from tests.faults.bench import Bench
from tests.faults.conftest import MakeBench
from tests.faults.processes import await_until
from tests.program import complaint_in

SLOW = "4K"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_ends_an_upload_resumable(make_bench: MakeBench, number: signal.Signals) -> None:
    bench = make_bench(batch=2)
    with bench.running("upload", bench.name, "--bwlimit", SLOW) as runner:
        bench.await_sent()
        runner.send_signal(number)
        _, err = runner.communicate(timeout=60)
    assert runner.returncode == 130
    assert complaint_in(err) == [
        "eucaim-transfer: Stopped; nothing is lost.",
        "  what to do: Go on with: eucaim-transfer upload trial",
    ]
    # In good order: what was under way was finished and recorded.
    assert bench.number("SELECT count(*) FROM batch WHERE state = 'sending'") == 0
    _finish(bench)


def test_a_second_signal_breaks_off_what_is_under_way_and_the_next_run_settles_it(
    make_bench: MakeBench,
) -> None:
    bench = make_bench(batch=20)
    with bench.running("upload", bench.name, "--bwlimit", "1K") as runner:
        await_until(
            lambda: bench.number("SELECT count(*) FROM batch WHERE state = 'sending'"), "a request"
        )
        # Two kinds, since two pending signals of one kind are one (signal(7)).
        runner.send_signal(signal.SIGTERM)
        runner.send_signal(signal.SIGINT)
        _, err = runner.communicate(timeout=60)
    assert runner.returncode == 130, err
    assert bench.number("SELECT count(*) FROM batch WHERE state = 'sending'") > 0
    _finish(bench)


def test_a_paused_transfer_takes_up_no_request_until_it_is_resumed(make_bench: MakeBench) -> None:
    bench = make_bench(batch=2)
    with bench.detached("--bwlimit", SLOW):
        bench.await_sent()
        assert bench.run("pause", bench.name).returncode == 0
        await_until(lambda: bench.status().state == "paused", "the requests under way have ended")
        requests = bench.number("SELECT count(*) FROM attempt")
        assert requests < 30
        assert bench.run("limit", bench.name, "none").returncode == 0
        seen = json.loads(bench.run("status", bench.name, "--json").stdout)
        assert (seen["state"], seen["limits"]["bytes_per_s"]) == ("paused", None)
        assert bench.number("SELECT count(*) FROM attempt") == requests

        assert bench.run("resume", bench.name).returncode == 0
        await_until(lambda: not bench.status().is_running, "the runner has ended")
    assert bench.status().runner.exit_code == 0
    bench.assert_arrived()


def test_a_stopped_transfer_ends_in_good_order_and_goes_on_later(make_bench: MakeBench) -> None:
    bench = make_bench(batch=2)
    with bench.detached("--bwlimit", SLOW):
        bench.await_sent()
        assert bench.run("stop", bench.name).returncode == 0
        await_until(lambda: not bench.status().is_running, "the runner has ended")
    assert bench.status().runner.exit_code == 130
    assert bench.sent() < 60
    assert bench.number("SELECT count(*) FROM batch WHERE state = 'sending'") == 0
    _finish(bench)


def test_a_paused_transfer_can_be_stopped(make_bench: MakeBench) -> None:
    bench = make_bench(batch=2)
    with bench.detached("--bwlimit", SLOW):
        bench.await_sent()
        assert bench.run("pause", bench.name).returncode == 0
        await_until(lambda: bench.status().state == "paused", "the requests under way have ended")
        assert bench.run("stop", bench.name).returncode == 0
        await_until(lambda: not bench.status().is_running, "the runner has ended")
    assert bench.status().runner.exit_code == 130
    _finish(bench)


def test_a_limit_is_felt_by_a_running_transfer(make_bench: MakeBench) -> None:
    """At 1 kB a second the rest would take a minute; without a limit it is done at once."""
    bench = make_bench(batch=2)
    with bench.detached("--bwlimit", "1K"):
        bench.await_sent()
        limits = json.loads(bench.run("status", bench.name, "--json").stdout)["limits"]
        assert (limits["bytes_per_s"], limits["by"], limits["until"]) == (1000, "person", None)
        assert bench.run("limit", bench.name, "none").returncode == 0
        await_until(lambda: not bench.status().is_running, "the runner has ended")
    bench.assert_arrived()


def test_a_changed_schedule_is_felt_by_a_running_transfer(make_bench: MakeBench) -> None:
    """At 1 kB a second the rest would take a minute; without a limit it is done at once."""
    bench = make_bench(batch=2)
    config = bench.home.config_folder / "config.toml"
    nodes = config.read_text()
    config.write_text(f'{nodes}\n[bandwidth]\notherwise = "1 kB/s"\n')
    with bench.detached():
        bench.await_sent()
        limits = json.loads(bench.run("status", bench.name, "--json").stdout)["limits"]
        assert (limits["bytes_per_s"], limits["by"]) == (1000, "schedule")
        assert limits["schedule"] == ["otherwise: 1 kB/s"]
        assert bench.status().is_running
        config.write_text(nodes)
        await_until(lambda: not bench.status().is_running, "the runner has ended")
    bench.assert_arrived()


def test_a_person_s_limit_goes_before_the_schedule_and_is_given_up_by_a_word(
    make_bench: MakeBench,
) -> None:
    bench = make_bench(batch=2)
    config = bench.home.config_folder / "config.toml"
    config.write_text(f'{config.read_text()}\n[bandwidth]\notherwise = "40 Mbit/s"\n')
    said = bench.run("limit", bench.name, "1 Mbit/s").stdout
    assert said == "Limit 1 Mbit/s (125 kB/s), set by hand.\n"
    said = bench.run("limit", bench.name, "schedule").stdout
    assert said == "Limit 40 Mbit/s (5.00 MB/s), as config.toml says.\n"
    shown = bench.run("status", bench.name).stdout
    assert "  bandwidth    limit 40 Mbit/s (5.00 MB/s), as config.toml says\n" in shown
    assert "  schedule     otherwise: 40 Mbit/s\n" in shown


def test_nothing_is_sent_by_a_schedule_that_cannot_be_used(make_bench: MakeBench) -> None:
    bench = make_bench(batch=2)
    config = bench.home.config_folder / "config.toml"
    config.write_text(f'{config.read_text()}\n[bandwidth]\n"night" = "1M"\n')
    refused = bench.run("upload", bench.name)
    assert refused.returncode == 2
    assert complaint_in(refused.stderr)[0] == (
        'eucaim-transfer: config.toml cannot be used: "night" is no window of [bandwidth].'
    )
    assert bench.sent() == 0


def test_orders_to_a_transfer_without_a_runner_are_refused(make_bench: MakeBench) -> None:
    bench = make_bench()
    refused = bench.run("pause", bench.name)
    assert refused.returncode == 2
    assert complaint_in(refused.stderr) == [
        "eucaim-transfer: No runner works on this transfer.",
        "  what to do: Start one with: eucaim-transfer upload trial",
    ]


def _finish(bench: Bench) -> None:
    finished = bench.run("upload", bench.name, "--bwlimit", "none")
    assert finished.returncode == 0, finished.stderr
    bench.assert_arrived()

"""Open files, memory, processors and core dumps, limited for real or as control groups say it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.doctor.asking import doctor, found, make_host, not_ok
from transfer.machine.cgroup import login_session_uid, memory_limit_bytes, processor_limit
from transfer.machine.core_dumps import check_core_dumps
from transfer.machine.resources import check_memory, check_processors

MEMORY = "MemTotal:       16384000 kB\nMemFree:  1 kB\nMemAvailable:   8192000 kB\n"


def through_shell(limits: str) -> tuple[str, ...]:
    return ("sh", "-c", f'{limits} && exec "$@"', "sh")


def test_too_few_open_files_are_a_failure_and_the_cure_is_to_ask(tmp_path: Path) -> None:
    code, document = doctor(tmp_path / "home", through=through_shell("ulimit -n 40"))
    assert not_ok(document) == ["open-files"]
    assert code == 2
    result = found(document, "open-files")
    assert result.message == "This process may have only 40 files open at once."
    assert "LimitNOFILE" in result.remedy
    assert result.whom == "this host's administrator"


def test_a_limit_that_the_operator_can_lift_is_theirs_to_lift(tmp_path: Path) -> None:
    code, document = doctor(tmp_path / "home", through=through_shell("ulimit -S -n 128"))
    assert code == 0
    result = found(document, "open-files")
    assert (result.state, result.whom) == ("warn", "you")
    assert result.remedy.startswith("Type before the program: ulimit -n")


def test_no_program_of_ours_leaves_a_core_file(tmp_path: Path) -> None:
    """The shell allows one; the program takes the leave back before it does anything."""
    _, document = doctor(tmp_path / "home", through=through_shell("ulimit -c unlimited"))
    assert found(document, "core-dumps").message == (
        "A crash of this program leaves no image of its memory."
    )


@pytest.mark.parametrize(
    ("pattern", "state"),
    [
        ("core\n", "ok"),
        ("|/usr/lib/systemd/systemd-coredump %P %u %g %s %t %c %h\n", "ok"),
        ("|/usr/share/apport/apport -p%p -s%s -c%c\n", "ok"),
        ("|/opt/collector --keep\n", "warn"),
    ],
)
def test_a_program_that_takes_core_dumps_whatever_the_limit_is_told(
    tmp_path: Path, pattern: str, state: str
) -> None:
    from transfer.machine.core_limit import write_no_core_dumps

    write_no_core_dumps()
    host = make_host(tmp_path, {"/proc/sys/kernel/core_pattern": pattern})
    assert check_core_dumps(host).state == state


def test_the_tightest_memory_limit_of_the_line_of_groups_holds(tmp_path: Path) -> None:
    host = make_host(
        tmp_path,
        {
            "/proc/self/cgroup": "0::/user.slice/user-1000.slice/session-3.scope\n",
            "/proc/meminfo": MEMORY,
            "/sys/fs/cgroup/user.slice/memory.max": "300000000\n",
            "/sys/fs/cgroup/user.slice/user-1000.slice/memory.max": "max\n",
        },
    )
    assert memory_limit_bytes(host) == 300_000_000
    result = check_memory(host)
    assert (result.state, result.exit_code) == ("fail", 2)
    assert result.message == (
        "There are only 300 MB of memory for this process (a limit is set on it)."
    )


def test_groups_of_version_1_are_read_as_well(tmp_path: Path) -> None:
    """Inside a container the path names a group of the host that is not to be seen."""
    host = make_host(
        tmp_path,
        {
            "/proc/self/cgroup": "4:memory:/docker/abc\n3:cpu,cpuacct:/docker/abc\n0::/\n",
            "/sys/fs/cgroup/memory/memory.limit_in_bytes": "1500000000\n",
            "/sys/fs/cgroup/cpu/cpu.cfs_quota_us": "50000\n",
            "/sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n",
        },
    )
    assert memory_limit_bytes(host) == 1_500_000_000
    assert processor_limit(host) == 0.5
    assert check_memory(host).state == "warn"
    assert check_processors(host).state == "warn"


def test_no_limit_is_read_as_no_limit(tmp_path: Path) -> None:
    host = make_host(
        tmp_path,
        {
            "/proc/self/cgroup": "4:memory:/\n3:cpu:/\n0::/\n",
            "/proc/meminfo": MEMORY,
            "/sys/fs/cgroup/memory.max": "max\n",
            "/sys/fs/cgroup/cpu.max": "max 100000\n",
            "/sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n",
            "/sys/fs/cgroup/cpu/cpu.cfs_quota_us": "-1\n",
            "/sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n",
        },
    )
    assert memory_limit_bytes(host) is None
    assert processor_limit(host) is None
    assert check_memory(host).message == "16.8 GB of memory on this host."


def test_memory_that_others_use_up_is_worth_a_look(tmp_path: Path) -> None:
    host = make_host(tmp_path, {"/proc/meminfo": "MemTotal: 8000000 kB\nMemAvailable: 100000 kB\n"})
    result = check_memory(host)
    assert result.state == "warn"
    assert result.message == "Only 102 MB of memory are free now."


@pytest.mark.parametrize(
    ("line", "uid"),
    [
        ("0::/user.slice/user-1000.slice/session-3.scope", 1000),
        ("0::/user.slice/user-1000.slice/user@1000.service/app.slice/run-1.service", None),
        ("1:name=systemd:/user.slice/user-7.slice/session-c2.scope", 7),
        ("0::/system.slice/cron.service", None),
    ],
)
def test_whose_login_session_this_is_stands_in_the_control_group(
    tmp_path: Path, line: str, uid: int | None
) -> None:
    assert login_session_uid(make_host(tmp_path, {"/proc/self/cgroup": f"{line}\n"})) == uid

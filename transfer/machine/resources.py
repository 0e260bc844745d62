"""Processors, memory and open files: what this process may use of the host."""

from __future__ import annotations

import os
import resource

from transfer.machine.cgroup import memory_limit_bytes, processor_limit
from transfer.machine.host import ADMINISTRATOR, THIS_HOST, YOU, Host
from transfer.machine.question import Question
from transfer.node import CheckResult
from transfer.sentences import count, size

# The design's figures: 2 cores and 4 GB carry any transfer. Below 512 MB its processes end.
_LEAST_BYTES, _COMFORT_BYTES = 512_000_000, 2_000_000_000
# Measured: with 32 the processes that read files cannot be started on two processors.
_LEAST_OPEN, _COMFORT_OPEN = 64, 256
_KB = 1024


def check_processors(host: Host = THIS_HOST) -> CheckResult:
    """How many processors are ours, after affinity and control groups?"""
    asked = Question("cores", "Counted the processors that this process may use (and its cgroup).")
    mine = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    share = processor_limit(host)
    answer = f"{count(mine, 'processor')}" + (f", limited to {share:g}" if share else "")
    if share is not None and share < mine:
        told = f"This process may use {share:g} of {count(mine, 'processor')} (its control group)."
        if share < 1:
            return asked.warn(told, "It works, only slower; have CPUQuota raised.", answer)
        return asked.ok(told, answer)
    if mine < 2:
        return asked.warn(
            "There is one processor core.",
            "It works, only slower; two are what the program is made for.",
            answer,
        )
    return asked.ok(f"{mine} processor cores.", answer)


def check_memory(host: Host = THIS_HOST) -> CheckResult:
    """Is there enough memory, on the host and in our control group?"""
    asked = Question(
        "memory", "Read the memory of the host and the limit of this process's cgroup."
    )
    table = _table(host)
    total, free = table.get("MemTotal"), table.get("MemAvailable")
    limit = memory_limit_bytes(host)
    soft, _ = resource.getrlimit(resource.RLIMIT_AS)
    space = None if soft == resource.RLIM_INFINITY else soft
    known = [n for n in (total, limit, space) if n is not None]
    if not known:
        return asked.unknown("The memory of this host cannot be told.", "not told")
    most = min(known)
    where = "on this host" if most == total else "for this process (a limit is set on it)"
    answer = f"{size(most)} {where}" + (f", {size(free)} free now" if free is not None else "")
    remedy = (
        "Have the limit raised (MemoryMax, ulimit -v) or memory added; 4 GB carry any transfer."
    )
    if most < _LEAST_BYTES:
        return asked.fail(f"There are only {size(most)} of memory {where}.", remedy, answer)
    if most < _COMFORT_BYTES:
        return asked.warn(f"There are only {size(most)} of memory {where}.", remedy, answer)
    if free is not None and free < _LEAST_BYTES:
        return asked.warn(
            f"Only {size(free)} of memory are free now.",
            "End other programs first, or run the transfer when the host has less to do.",
            answer,
            YOU,
        )
    return asked.ok(f"{size(most)} of memory {where}.", answer)


def free_memory_bytes(host: Host = THIS_HOST) -> int | None:
    """Memory that a further process may take now, as far as host and control group tell."""
    known = (_table(host).get("MemAvailable"), memory_limit_bytes(host))
    return min((n for n in known if n is not None), default=None)


def check_open_files() -> CheckResult:
    """May enough files and connections be open at once?"""
    asked = Question("open-files", "Read how many files this process may have open at once.")
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= _COMFORT_OPEN:
        told = "any number of" if soft == resource.RLIM_INFINITY else f"{soft:,}"
        return asked.ok(f"This process may have {told} files open at once.", f"{soft}")
    answer = f"{soft} now, at most {hard}"
    message = f"This process may have only {soft} files open at once."
    if hard == resource.RLIM_INFINITY or hard >= _COMFORT_OPEN:
        remedy, whom = "Type before the program: ulimit -n 1024", YOU
        if hard != resource.RLIM_INFINITY and hard < 1024:
            remedy = f"Type before the program: ulimit -n {hard}"
    else:
        remedy, whom = (
            "Have the limit raised to 1024 (nofile in limits.conf, LimitNOFILE of a service).",
            ADMINISTRATOR,
        )
    if soft < _LEAST_OPEN:
        return asked.fail(message, remedy, answer, whom)
    return asked.warn(message, remedy, answer, whom)


def _table(host: Host) -> dict[str, int]:
    """/proc/meminfo in bytes."""
    found: dict[str, int] = {}
    for line in host.lines("/proc/meminfo"):
        name, _, rest = line.partition(":")
        figure = rest.split()[:1]
        if figure and figure[0].isdecimal():
            found[name] = int(figure[0]) * _KB
    return found

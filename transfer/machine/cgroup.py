"""What the control groups of this process leave it of memory and processor (versions 1 and 2).

Source: the kernel's Documentation/admin-guide/cgroup-v2.rst (memory.max, cpu.max) and
cgroup-v1/memory.rst, scheduler/sched-bwc.rst (cpu.cfs_quota_us). The tightest group of the line up
to the root holds.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from transfer.machine.host import Host

_MOUNT = "/sys/fs/cgroup"
# Version 1 says "no limit" with the largest number of whole pages.
_UNLIMITED_BYTES = 1 << 60
_SESSION = re.compile(r"/user-([0-9]+)\.slice/session-[^/]+\.scope(?:/|\Z)")


def memory_limit_bytes(host: Host) -> int | None:
    """The least memory limit of our groups; None without one."""
    limits = [_number(text) for text in _settings(host, "memory.max", "")]
    limits += [_number(text) for text in _settings(host, "memory.limit_in_bytes", "memory")]
    return min((n for n in limits if n is not None and n < _UNLIMITED_BYTES), default=None)


def processor_limit(host: Host) -> float | None:
    """How many processors' worth of time our groups may use; None without a limit."""
    shares: list[float] = []
    for text in _settings(host, "cpu.max", ""):
        quota, _, period = text.partition(" ")
        shares += _share(_number(quota), _number(period))
    quotas = _settings(host, "cpu.cfs_quota_us", "cpu")
    periods = _settings(host, "cpu.cfs_period_us", "cpu")
    for quota, period in zip(quotas, periods, strict=False):
        shares += _share(_number(quota), _number(period))
    return min(shares, default=None)


def login_session_uid(host: Host) -> int | None:
    """The account (uid) whose login session this process is part of; None outside of any.

    Under `sudo -u` that is not the account that the process runs as: a session's programs stay in
    its scope, and end with it where logind ends them.
    """
    for line in host.lines("/proc/self/cgroup"):
        if found := _SESSION.search(line):
            return int(found[1])
    return None


def _settings(host: Host, file: str, controller: str) -> Iterator[str]:
    """The setting in our group and in each above it, the innermost first."""
    for line in host.lines("/proc/self/cgroup"):
        _, _, rest = line.partition(":")
        names, _, path = rest.partition(":")
        if controller not in names.split(","):
            continue
        # Inside a container the path may be the host's own, of which nothing is to be seen.
        for place in (PurePosixPath(path), *PurePosixPath(path).parents):
            within = str(place).strip("/")
            mount = f"{_MOUNT}/{controller}" if controller else _MOUNT
            text = host.text(f"{mount}/{within}/{file}" if within else f"{mount}/{file}")
            if text is not None:
                yield text.strip()


def _number(text: str) -> int | None:
    return int(text) if text.isdecimal() else None


def _share(quota: int | None, period: int | None) -> list[float]:
    return [quota / period] if quota and period else []

"""Is the clock set, kept right, and in a zone that is known? Certificates and tokens depend on it.

How far it is from the node's own clock, the node's answer tells (`Node.checks`).
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
import zoneinfo
from datetime import UTC, datetime
from pathlib import Path

from transfer.machine.host import THIS_HOST, YOU, Host
from transfer.machine.question import Question
from transfer.node import CheckResult
from transfer.programs import is_bundled
from transfer.values import ExitCode

_DAY_S = 86_400
_OLD_DAYS = 3650
_PATIENCE_S = 5.0
_OURS = Path(sys.executable if is_bundled() else __file__)


def check_clock(now_s: float | None = None, installed_s: float | None = None) -> CheckResult:
    """Is it later than the day this program was installed, and not absurdly so?

    Both in seconds since 1970; without them the host's own clock and the date of our files.
    """
    asked = Question(
        "clock-set", "Compared the clock with the day on which the program was installed."
    )
    now = time.time() if now_s is None else now_s
    installed = _OURS.stat().st_mtime if installed_s is None else installed_s
    today = datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%d %H:%M UTC")
    if now < installed - _DAY_S:
        return asked.fail(
            f"The clock of this host is wrong: it says {today}, which is before this program was"
            " installed.",
            "Have the clock set; until then every certificate looks as if it were not valid yet.",
            today,
            exit_code=ExitCode.NETWORK,
        )
    if now > installed + _OLD_DAYS * _DAY_S:
        return asked.warn(
            f"The clock says {today}, ten years after this program was installed.",
            "Have the clock checked; if it is right, install a version of today.",
            today,
        )
    return asked.ok(f"It is {today}.", today)


def check_time_sync(host: Host = THIS_HOST) -> CheckResult:
    """Does something keep the clock right? Said only where the system itself knows."""
    asked = Question("time-sync", "Asked systemd whether the clock is synchronised (NTP).")
    if host.has("/run/systemd/timesync/synchronized"):
        return asked.ok("The clock is kept right by NTP.", "synchronised (timesyncd)")
    told = _timedatectl(host)
    if told == "yes":
        return asked.ok("The clock is kept right by NTP.", "synchronised")
    if told == "no":
        return asked.warn(
            "Nothing keeps the clock of this host right.",
            "Have NTP switched on: timedatectl set-ntp true (or chrony). A clock that is minutes"
            " off makes tokens and certificates fail.",
            "not synchronised",
        )
    return asked.unknown("Whether NTP keeps the clock right cannot be told here.", "not told")


def check_time_zone(host: Host = THIS_HOST) -> CheckResult:
    """Is the zone in TZ known? An unknown one silently becomes UTC."""
    asked = Question("time-zone", "Looked up the time zone that TZ names, else the host's own.")
    named = host.environ.get("TZ", "").removeprefix(":")
    zone = time.strftime("%Z, UTC%z")
    # Without a slash, or with a comma, it may be a rule in the form of POSIX, which needs no table.
    if "/" in named and "," not in named and not named.startswith("/"):
        try:
            zoneinfo.ZoneInfo(named)
        except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
            return asked.warn(
                "TZ names a time zone that this host does not know; times are shown in UTC.",
                "Correct TZ (for example Europe/Madrid), or have the package tzdata installed.",
                "unknown",
                YOU,
            )
    return asked.ok(f"Local time is {zone}; everything is recorded in UTC.", zone)


def _timedatectl(host: Host) -> str:
    """`yes`, `no`, or nothing where systemd does not answer; only of the running host."""
    if host.root != Path("/") or not host.has("/run/systemd/system"):
        return ""
    if shutil.which("timedatectl") is None:
        return ""
    try:
        done = subprocess.run(
            ["timedatectl", "show", "--property=NTPSynchronized", "--value"],
            stdin=subprocess.DEVNULL,
            # Nothing of ours: a password may stand in it.
            env={"PATH": host.environ.get("PATH", os.defpath), "LC_ALL": "C"},
            capture_output=True,
            text=True,
            timeout=_PATIENCE_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""

"""Whether the machine keeps memory images of crashed programs: one could hold a token."""

from __future__ import annotations

import resource

from transfer.machine.host import THIS_HOST, Host
from transfer.machine.question import Question
from transfer.node import CheckResult

# These obey the process's own limit, which the kernel does not apply to a program that it starts.
_OBEDIENT = ("systemd-coredump", "apport")


def check_core_dumps(host: Host = THIS_HOST) -> CheckResult:
    """Would a crash leave a memory image, tokens in it? Source: core(5)."""
    asked = Question("core-dumps", "Read this process's limit and the kernel's core_pattern.")
    soft, _ = resource.getrlimit(resource.RLIMIT_CORE)
    pattern = (host.text("/proc/sys/kernel/core_pattern") or "").strip()
    handler = pattern[1:].split(" ")[0].rpartition("/")[2] if pattern.startswith("|") else ""
    if handler and handler not in _OBEDIENT:
        return asked.warn(
            "A crash of this program may leave an image of its memory, a token in it.",
            "Ask whether the program that takes core dumps here (core_pattern) keeps them, and for"
            " whom.",
            "handed to another program",
        )
    if soft != 0 and not handler:
        return asked.warn(
            "A crash of this program would leave an image of its memory, a token in it.",
            "Type before the program: ulimit -c 0",
            "a core file is written",
        )
    return asked.ok("A crash of this program leaves no image of its memory.", "no core file")

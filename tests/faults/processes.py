"""Waiting for a state, and looking at processes through /proc: what runs in a session."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

_POLL_S = 0.002
_T = TypeVar("_T")


def await_until(look: Callable[[], _T], what: str, *, within_s: float = 60.0) -> _T:
    """The first true answer of `look`; the bound only ends a test that would hang.

    Raises:
        AssertionError: `what` did not come about.
    """
    deadline = time.monotonic() + within_s
    while True:
        began = time.monotonic()
        found = look()
        if found:
            return found
        now = time.monotonic()
        assert now < deadline, f"not within {within_s:g} s: {what}"
        # What is waited for needs the processor more than whoever looks.
        time.sleep(max(_POLL_S, 3 * (now - began)))


def living_in_session(session: int) -> list[int]:
    """Process ids of a session, those aside that are dead and only not buried yet."""
    return [pid for pid, state in _states_in_session(session) if state not in "ZX"]


def stopped_in_session(session: int) -> list[int]:
    """Process ids of a session that a SIGSTOP holds."""
    return [pid for pid, state in _states_in_session(session) if state == "T"]


def _states_in_session(session: int) -> list[tuple[int, str]]:
    found = []
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        try:
            status = (folder / "stat").read_text(errors="replace")
        except OSError:
            continue
        # proc(5): "pid (name) state ppid pgrp session …"; the name may hold anything.
        state, _, _, member_of = status.rpartition(")")[2].split()[:4]
        if int(member_of) == session:
            found.append((int(folder.name), state))
    return found


def session_of(pid: int) -> int:
    """The session that a living process belongs to."""
    status = Path(f"/proc/{pid}/stat").read_text(errors="replace")
    return int(status.rpartition(")")[2].split()[3])

"""Trouble with a node: patience counts from the last success of the same kind of request."""

from __future__ import annotations

import asyncio
import threading

import pytest

from transfer.errors import Unreachable
from transfer.runner.pace import Bandwidth, Trouble

GONE = Unreachable("gone", "wait")


async def test_patience_ends_when_nothing_succeeded_for_so_long(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    loop, now = asyncio.get_running_loop(), [100.0]
    monkeypatch.setattr(loop, "time", lambda: now[0])
    trouble = Trouble(patience_s=900, first_pause_s=1)
    trouble.met(GONE)
    now[0] += 899
    trouble.met(GONE)
    now[0] += 2
    with pytest.raises(Unreachable, match="gone"):
        trouble.met(GONE)


async def test_a_success_in_between_starts_patience_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    loop, now = asyncio.get_running_loop(), [100.0]
    monkeypatch.setattr(loop, "time", lambda: now[0])
    trouble = Trouble(patience_s=900, first_pause_s=1)
    trouble.met(GONE)
    trouble.over()
    now[0] += 901
    trouble.met(GONE)
    assert trouble.retries == 2


def test_whoever_waits_under_a_limit_is_freed_when_it_is_lifted() -> None:
    bandwidth = Bandwidth()
    bandwidth.bytes_per_s = 1
    bandwidth.take(3600)
    waiting = threading.Thread(target=bandwidth.take, args=(1,), daemon=True)
    waiting.start()
    waiting.join(0.05)
    assert waiting.is_alive()
    bandwidth.bytes_per_s = None
    waiting.join(30)
    assert not waiting.is_alive()

"""One process at a time, and work that is not broken off."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from adapters.turns import to_its_end, turn

_HOLD = """
import fcntl, os, sys
fd = os.open(sys.argv[1], os.O_RDWR | os.O_CREAT)
fcntl.flock(fd, fcntl.LOCK_EX)
print("held", flush=True)
sys.stdin.read()
"""


@contextmanager
def _held_elsewhere(file: Path) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-c", _HOLD, str(file)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process
    finally:
        process.kill()
        process.communicate()


async def test_a_turn_is_taken_once_the_other_process_is_gone(tmp_path: Path) -> None:
    file = tmp_path / "turn"
    with _held_elsewhere(file) as other:

        async def take() -> bool:
            async with turn(file) as is_ours:
                return is_ours

        waiting = asyncio.create_task(take())
        done, _ = await asyncio.wait({waiting}, timeout=0.3)
        assert not done
        other.kill()
        assert await waiting is True


async def test_a_holder_that_never_ends_is_not_waited_for_for_ever(tmp_path: Path) -> None:
    file = tmp_path / "turn"
    with _held_elsewhere(file):
        async with turn(file, patience_s=0.1) as is_ours:
            assert is_ours is False


async def test_where_no_file_can_be_made_nobody_waits(tmp_path: Path) -> None:
    async with turn(tmp_path / "nowhere" / "turn") as is_ours:
        assert is_ours is False


async def test_a_turn_is_given_back_when_its_holder_is_cancelled(tmp_path: Path) -> None:
    file, has_begun = tmp_path / "turn", asyncio.Event()

    async def hold() -> None:
        async with turn(file):
            has_begun.set()
            await asyncio.Event().wait()

    holder = asyncio.create_task(hold())
    await has_begun.wait()
    holder.cancel()
    with pytest.raises(asyncio.CancelledError):
        await holder
    async with turn(file, patience_s=0.0) as is_ours:
        assert is_ours is True


async def test_work_that_has_begun_is_finished_although_nobody_waits_for_it_any_more() -> None:
    has_begun, may_end, stored = asyncio.Event(), asyncio.Event(), list[str]()

    async def work() -> None:
        has_begun.set()
        await may_end.wait()
        stored.append("the new token")

    task = asyncio.create_task(to_its_end(work()))
    await has_begun.wait()
    task.cancel()
    asyncio.get_running_loop().call_soon(may_end.set)
    with pytest.raises(asyncio.CancelledError):
        await task
    assert stored == ["the new token"]


async def test_work_that_does_not_end_is_given_up() -> None:
    has_begun, was_given_up = asyncio.Event(), asyncio.Event()

    async def work() -> None:
        has_begun.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            was_given_up.set()
            raise

    task = asyncio.create_task(to_its_end(work(), grace_s=0.01))
    await has_begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    async with asyncio.timeout(10):
        await was_given_up.wait()

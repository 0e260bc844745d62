"""Worker processes: in order or one at a time, they answer everything whatever kills them."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from transfer import workers
from transfer.desk import Desk
from transfer.errors import UsageError
from transfer.workers import News, Pool, Trade

DEADLY = "deadly"
SLOW = "slow"


def _begin(setup: Path | None, news: News) -> Callable[[str], str]:
    heard: list[str] = []

    def answer(word: str) -> str:
        heard.extend(news)
        news.clear()
        if word == DEADLY:
            os.kill(os.getpid(), signal.SIGKILL)
        if word == SLOW:
            assert setup is not None, "such a test has a folder"
            (setup / "begun").touch()
            signal.pause()
        return " ".join([word, *heard])

    return answer


def _broken(setup: None, news: News) -> Callable[[str], str]:
    raise MemoryError


def _trade(setup: Path | None = None, items_per_task: int = 4) -> Trade[str, str]:
    return Trade(_begin, setup, lambda word: f"{word} died", len, items_per_task)


def test_answers_come_in_order_and_a_deadly_item_gets_one_too() -> None:
    words = [f"w{n}" for n in range(50)]
    words[20] = words[33] = DEADLY
    with Pool(2, _trade()) as pool:
        found = [answer for some in pool.answers(words) for answer in some]
    assert found == [f"{w} died" if w == DEADLY else w for w in words]


@pytest.mark.parametrize(("items", "processes"), [(8, 1), (9, 2)])
def test_a_process_starts_only_when_there_is_work_for_it(items: int, processes: int) -> None:
    with Pool(2, _trade(items_per_task=4)) as pool:
        list(pool.answers(["w"] * items))
        assert len(multiprocessing.active_children()) == processes


def test_what_is_told_is_known_to_every_process_a_fresh_one_too() -> None:
    with Pool(1, _trade(items_per_task=1)) as pool:
        pool.tell("hello")
        answers = (answer for some in pool.answers(["a", DEADLY, "b"]) for answer in some)
        assert list(answers) == ["a hello", "deadly died", "b hello"]
        pool.tell("again")
        assert [x for some in pool.answers(["c"]) for x in some] == ["c hello again"]


def test_a_desk_answers_many_at_once_and_survives_what_kills_it() -> None:
    async def ask() -> list[str]:
        desk = Desk(2, _trade())
        try:
            return await asyncio.gather(*(desk.ask(w) for w in ["a", DEADLY, *"bcdefgh"]))
        finally:
            await desk.aclose()

    assert asyncio.run(ask()) == ["a", "deadly died", *"bcdefgh"]


def test_a_process_that_dies_with_nothing_to_do_is_replaced_without_a_word() -> None:
    """A host short of memory kills the one that waits for the next request as well."""
    heard: list[object] = []

    async def ask() -> list[str]:
        asyncio.get_running_loop().set_exception_handler(lambda _, what: heard.append(what))
        desk = Desk(1, _trade())
        try:
            first = await desk.ask("a")
            (idle,) = multiprocessing.active_children()
            idle.kill()
            async with asyncio.timeout(20):
                while idle in multiprocessing.active_children() and not heard:  # noqa: ASYNC110 - the loop has to see it die
                    await asyncio.sleep(0.01)
            return [first, await desk.ask("b")]
        finally:
            await desk.aclose()

    assert asyncio.run(ask()) == ["a", "b"]
    assert heard == []


def test_processes_that_cannot_start_end_the_work_and_blame_no_item() -> None:
    """No memory, or an installation with a hole in it, is nothing that a file has done."""
    broken: Trade[str, str] = Trade(_broken, None, lambda word: f"{word} died", len)
    with Pool(2, broken) as pool, pytest.raises(UsageError, match="cannot be started"):
        list(pool.answers(["a", "b"]))

    async def ask() -> str:
        desk = Desk(1, broken)
        try:
            return await desk.ask("a")
        finally:
            await desk.aclose()

    with pytest.raises(UsageError, match="cannot be started"):
        asyncio.run(ask())


def test_a_machine_that_allows_no_more_processes_is_told_in_words(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(_: object) -> None:
        raise BlockingIOError

    monkeypatch.setattr(workers._Process, "start", refuse)
    with pytest.raises(UsageError, match="cannot be started"):
        Pool(1, _trade())


def test_a_desk_can_be_left_while_a_process_hangs(tmp_path: Path) -> None:
    """A file server that does not answer holds a process for hours, and nobody else."""

    async def leave() -> Any:
        desk = Desk(1, _trade(tmp_path))
        asked = asyncio.create_task(desk.ask(SLOW))
        async with asyncio.timeout(20):
            while not (tmp_path / "begun").exists():  # noqa: ASYNC110 - another process makes it
                await asyncio.sleep(0.01)
            asked.cancel()
            await desk.aclose()
        return (await asyncio.gather(asked, return_exceptions=True))[0]

    assert isinstance(asyncio.run(leave()), asyncio.CancelledError)

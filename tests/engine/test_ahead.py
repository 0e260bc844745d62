"""What leaves is made a little ahead of its turn, and what nobody calls for is let go of."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Coroutine, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from transfer.ahead import Wholes, made_ahead
from transfer.deid.model import Stretch
from transfer.deid.pixels import OutgoingPiece, PixelPlan
from transfer.deid.pixels.image import Image
from transfer.deid.pixels.native import Grid
from transfer.errors import SourceChanged
from transfer.ledger.batches import PatientFacts, PlannedInstance
from transfer.values import (
    SeriesInstanceUID,
    SeriesRef,
    SOPClassUID,
    SOPInstanceUID,
    StudyInstanceUID,
    TransferSyntaxUID,
)


def planned_instance(row: int) -> PlannedInstance:
    return PlannedInstance(
        row=row,
        sop_instance_uid=SOPInstanceUID(f"1.2.{row}"),
        sop_class_uid=SOPClassUID("1.2.840.10008.5.1.4.1.1.2"),
        transfer_syntax_uid=TransferSyntaxUID("1.2.840.10008.1.2.1"),
        series_row=1,
        study_row=1,
        patient=PatientFacts(1, "", ""),
        series=SeriesRef(StudyInstanceUID("1.3"), SeriesInstanceUID("1.4"), ""),
        path=b"one.dcm",
        file_bytes=6,
        mtime_ns=0,
        body_offset=0,
        has_part10=True,
        size_bytes=6,
        attempts=0,
    )


async def _settled() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


class _Maker:
    """Notes who was asked for; `spool` is written for each, as for pixels that are decoded."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.asked: list[int] = []

    async def pieces(self, planned: PlannedInstance) -> Sequence[OutgoingPiece]:
        self.asked.append(planned.row)
        if planned.row == 13:
            raise SourceChanged("The file is gone.", "Scan again.")
        spool = self._folder / str(planned.row)
        spool.write_bytes(b"px")
        image = Image(1, 1, 1, 1, "MONOCHROME2", 16, 16, 15, False, False)
        grid = Grid(1, 1, (b"\0\0",), ())
        return (b"head", PixelPlan(Stretch(0, 2), 2, image, grid, spool=spool))


async def test_two_more_are_made_than_the_one_that_leaves(tmp_path: Path) -> None:
    maker = _Maker(tmp_path)
    batch = [planned_instance(row) for row in range(1, 8)]
    with made_ahead(maker, batch) as ahead:
        assert ahead is not None
        pieces = await asyncio.to_thread(ahead.pieces, batch[0])
        await _settled()
        assert pieces[0] == b"head"
        assert maker.asked == [1, 2, 3]
        await asyncio.to_thread(ahead.pieces, batch[1])
        await _settled()
        assert maker.asked == [1, 2, 3, 4]


async def test_what_is_sent_once_more_is_made_once_more(tmp_path: Path) -> None:
    maker = _Maker(tmp_path)
    batch = [planned_instance(row) for row in (1, 2)]
    with made_ahead(maker, batch) as ahead:
        assert ahead is not None
        for planned in (*batch, *batch):
            await asyncio.to_thread(ahead.pieces, planned)
    assert maker.asked == [1, 2, 1, 2]


async def test_what_nobody_called_for_leaves_nothing_on_the_disk(tmp_path: Path) -> None:
    batch = [planned_instance(row) for row in range(1, 8)]
    with made_ahead(_Maker(tmp_path), batch) as ahead:
        assert ahead is not None
        await asyncio.to_thread(ahead.pieces, batch[0])
        await _settled()
        (tmp_path / "1").unlink()
        assert sorted(os.listdir(tmp_path)) == ["2", "3"]
    assert os.listdir(tmp_path) == []


async def test_one_that_cannot_be_made_is_told_at_its_own_turn(tmp_path: Path) -> None:
    batch = [planned_instance(row) for row in (12, 13, 14)]
    with made_ahead(_Maker(tmp_path), batch) as ahead:
        assert ahead is not None
        await asyncio.to_thread(ahead.pieces, batch[0])
        with pytest.raises(SourceChanged, match="is gone"):
            await asyncio.to_thread(ahead.pieces, batch[1])
        assert await asyncio.to_thread(ahead.pieces, batch[2])


async def test_a_thread_that_comes_too_late_gets_nothing(tmp_path: Path) -> None:
    batch = [planned_instance(1)]
    with made_ahead(_Maker(tmp_path), batch) as ahead:
        assert ahead is not None
    with pytest.raises(SourceChanged, match="Nobody waits"):
        await asyncio.to_thread(ahead.pieces, batch[0])


async def test_a_fault_of_the_maker_is_told_as_that(tmp_path: Path) -> None:
    """Called a changed file, it would be the operator's to put right."""

    class Faulty:
        async def pieces(self, planned: PlannedInstance) -> Sequence[OutgoingPiece]:
            raise KeyError("a mistake of ours")

    batch = [planned_instance(1)]
    with made_ahead(Faulty(), batch) as ahead:
        assert ahead is not None
        with pytest.raises(KeyError, match="a mistake of ours"):
            await asyncio.to_thread(ahead.pieces, batch[0])


async def test_what_is_asked_for_while_it_ends_leaves_nothing_on_the_disk(tmp_path: Path) -> None:
    batch = [planned_instance(row) for row in (1, 2, 3)]
    maker = _Maker(tmp_path)

    class Ending:
        def pieces(self, planned: PlannedInstance) -> Coroutine[Any, Any, Sequence[OutgoingPiece]]:
            if planned.row == 2:
                assert ahead is not None
                ahead.close()
            return maker.pieces(planned)

    with made_ahead(Ending(), batch) as ahead:
        assert ahead is not None
        with pytest.raises(SourceChanged, match="Nobody waits"):
            await asyncio.to_thread(ahead.pieces, batch[0])
    await _settled()
    assert os.listdir(tmp_path) == []


async def test_what_is_being_made_when_the_request_ends_leaves_nothing_on_the_disk(
    tmp_path: Path,
) -> None:
    """A process finishes what it has begun, whoever waits for it."""
    maker = _Maker(tmp_path)
    may_end = asyncio.Event()
    processes: set[asyncio.Task[Sequence[OutgoingPiece]]] = set()

    class Slow:
        async def pieces(self, planned: PlannedInstance) -> Sequence[OutgoingPiece]:
            process = asyncio.create_task(self._make(planned))
            processes.add(process)
            return await asyncio.shield(process)

        async def _make(self, planned: PlannedInstance) -> Sequence[OutgoingPiece]:
            if planned.row != 1:
                await may_end.wait()
            return await maker.pieces(planned)

    batch = [planned_instance(row) for row in (1, 2, 3)]
    with made_ahead(Slow(), batch) as ahead:
        assert ahead is not None
        await asyncio.to_thread(ahead.pieces, batch[0])
        await _settled()
        (tmp_path / "1").unlink()
    may_end.set()
    await asyncio.gather(*processes)
    await _settled()
    assert maker.asked == [1, 2, 3]
    assert os.listdir(tmp_path) == []


def deflated_instance(row: int) -> PlannedInstance:
    syntax = TransferSyntaxUID("1.2.840.10008.1.2.1.99")
    return replace(planned_instance(row), transfer_syntax_uid=syntax)


async def test_at_most_two_batches_at_a_time_hold_a_deflated_instance(tmp_path: Path) -> None:
    wholes, maker, may_end = Wholes(), _Maker(tmp_path), asyncio.Event()
    inside: list[int] = []

    async def send(batch: Sequence[PlannedInstance], maker: _Maker | None) -> None:
        async with wholes.room_for(maker, batch):
            inside.append(batch[0].row)
            await may_end.wait()

    sending = [
        asyncio.create_task(send([planned_instance(row), deflated_instance(row + 1)], maker))
        for row in (10, 20, 30, 40)
    ]
    sending += [
        asyncio.create_task(send([planned_instance(50)], maker)),
        asyncio.create_task(send([deflated_instance(60)], None)),
    ]
    await _settled()
    # What goes as it is, or in pieces, never waits for those.
    assert sorted(inside) == [10, 20, 50, 60]

    may_end.set()
    await asyncio.gather(*sending)
    assert sorted(inside) == [10, 20, 30, 40, 50, 60]


async def test_what_is_deflated_is_made_at_its_own_turn_only(tmp_path: Path) -> None:
    """It is made as a whole, in memory: three of them for each request would be too many."""
    maker = _Maker(tmp_path)
    deflated = deflated_instance(2)
    batch = [planned_instance(1), deflated, planned_instance(3)]
    with made_ahead(maker, batch) as ahead:
        assert ahead is not None
        await asyncio.to_thread(ahead.pieces, batch[0])
        await _settled()
        assert maker.asked == [1, 3]
        await asyncio.to_thread(ahead.pieces, deflated)
    assert maker.asked == [1, 3, 2]

"""One instance on its way out: its last piece goes only if the file stayed what it was."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from transfer.errors import SourceChanged
from transfer.ledger.batches import PatientFacts, PlannedInstance
from transfer.outgoing import PIECE_BYTES, LedgerInstance
from transfer.runner.pace import Bandwidth
from transfer.values import (
    SeriesInstanceUID,
    SeriesRef,
    SOPClassUID,
    SOPInstanceUID,
    StudyInstanceUID,
    TransferSyntaxUID,
)


def test_a_file_that_is_written_over_while_it_leaves_does_not_leave_whole(tmp_path: Path) -> None:
    """Half of it would be another image, perhaps another patient's, under the name of this one."""
    path = tmp_path / "one.dcm"
    path.write_bytes(b"a" * (2 * PIECE_BYTES))
    instance = LedgerInstance(_planned(path), os.fsencode(tmp_path), Bandwidth())

    async def send() -> list[bytes]:
        sent = []
        async for piece in instance.pieces():
            sent.append(piece)
            with path.open("r+b") as file:
                file.write(b"b" * (2 * PIECE_BYTES))
            os.utime(path, ns=(0, 1))
        return sent

    with pytest.raises(SourceChanged):
        asyncio.run(send())
    assert instance.has_changed
    assert instance.digests.sent is None


def _planned(path: Path) -> PlannedInstance:
    status = path.stat()
    return PlannedInstance(
        1,
        SOPInstanceUID("1.2"),
        SOPClassUID("1.2.840.10008.5.1.4.1.1.2"),
        TransferSyntaxUID("1.2.840.10008.1.2.1"),
        1,
        1,
        PatientFacts(1, "", ""),
        SeriesRef(StudyInstanceUID("1.3"), SeriesInstanceUID("1.4"), ""),
        os.fsencode(path.name),
        status.st_size,
        status.st_mtime_ns,
        0,
        True,
        status.st_size,
        0,
    )

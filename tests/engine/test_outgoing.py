"""One instance on its way out: its last piece goes only if the file stayed what it was."""

from __future__ import annotations

import hashlib
import os
import zipfile
from collections.abc import Generator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.scan.archived import listed, tarred, zipped
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

    pieces = instance.pieces()
    next(pieces)
    with path.open("r+b") as file:
        file.write(b"b" * (2 * PIECE_BYTES))
    os.utime(path, ns=(0, 1))
    with pytest.raises(SourceChanged):
        list(pieces)
    assert instance.has_changed
    assert instance.digests.sent is None


@pytest.mark.parametrize("how", ["stored", "deflated", "tar"])
def test_a_member_of_an_archive_leaves_whole_and_leaves_nothing_open(
    tmp_path: Path, how: str
) -> None:
    content = bytes(range(256)) * 10_000
    archive, name = _archived(tmp_path, how, content)
    planned = replace(
        _planned(archive), path=name, file_bytes=len(content), size_bytes=len(content)
    )
    instance = LedgerInstance(planned, os.fsencode(tmp_path), Bandwidth())

    before = len(os.listdir("/proc/self/fd"))
    assert b"".join(instance.pieces()) == content
    assert len(os.listdir("/proc/self/fd")) == before
    digest = hashlib.sha256(content).hexdigest()
    assert instance.digests == (digest, digest)


def test_an_archive_that_is_written_over_while_a_member_leaves_does_not_let_it_leave_whole(
    tmp_path: Path,
) -> None:
    """What was unpacked into memory stays what it is; what is read in place does not."""
    content = bytes(2 * PIECE_BYTES)
    archive, name = _archived(tmp_path, "tar", content)
    planned = replace(
        _planned(archive), path=name, file_bytes=len(content), size_bytes=len(content)
    )
    instance = LedgerInstance(planned, os.fsencode(tmp_path), Bandwidth())

    pieces = instance.pieces()
    next(pieces)
    os.utime(archive, ns=(0, 1))
    with pytest.raises(SourceChanged):
        list(pieces)


def test_whoever_gives_up_in_the_middle_leaves_nothing_open(tmp_path: Path) -> None:
    path = tmp_path / "one.dcm"
    path.write_bytes(b"a" * (2 * PIECE_BYTES))
    before = len(os.listdir("/proc/self/fd"))
    pieces = LedgerInstance(_planned(path), os.fsencode(tmp_path), Bandwidth()).pieces()
    assert isinstance(pieces, Generator)
    assert len(next(pieces)) == PIECE_BYTES
    assert len(os.listdir("/proc/self/fd")) == before + 1
    pieces.close()
    assert len(os.listdir("/proc/self/fd")) == before


def _archived(folder: Path, how: str, content: bytes) -> tuple[Path, bytes]:
    """An archive of one member, and that member's path relative to the folder."""
    path = folder / "an.archive"
    if how == "tar":
        path.write_bytes(tarred({"d/1.dcm": content}))
    else:
        method = zipfile.ZIP_STORED if how == "stored" else zipfile.ZIP_DEFLATED
        path.write_bytes(zipped({"d/1.dcm": content}, method))
    (one,) = listed(path)
    return path, one.member.path_in(os.fsencode(path.name))


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

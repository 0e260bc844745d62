"""The hand-over folder: NIfTI volumes as they would leave, checked, for a node whose way of taking
them is not public. It lies in the transfer's own folder and is its owner's alone."""

from __future__ import annotations

import asyncio
import errno
import hashlib
import json
import os
import threading
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from transfer import checkpoint
from transfer.errors import UsageError
from transfer.ledger.volumes import HANDOVER, Volume, record_handed_over
from transfer.runner.ledger_thread import LedgerThread
from transfer.workspace import make_private_folder, private_opener, sync_folder

if TYPE_CHECKING:
    from transfer.volumes.outgoing import DigestedFile

MANIFEST: Final = "manifest.json"
_PART: Final = ".part"
_PIECE_BYTES: Final = 1024 * 1024
_README: Final = """\
NIfTI images of this transfer
=============================

What lies here: each NIfTI image under a name made for it, and beside it, with the same name and
the ending .json, its DICOM JSON (PS3.18 annex F). manifest.json lists the files with their sizes
and SHA-256 digests. All of it was checked, and is as it would have left.

Why it lies here: how NIfTI images are uploaded to this node is not public.

What to do:
1. Ask the node for the way, through the EUCAIM helpdesk (the group of the reference nodes), and
   name the number of images and their size. Name no patient.
2. Hand over this whole folder, in the way that they give, over an encrypted connection.
3. Have them compare the digests with manifest.json, for example by: sha256sum *.nii.gz *.json
4. When they have it, delete this folder.

Do not rename or open the files for writing: the digests would not fit any more. Running
"eucaim-transfer upload" again checks the folder and adds what is new.
"""


class HandOver:
    """Writes the folder. Files that are there with the right digest stay as they are."""

    def __init__(self, transfer: Path, ledger: LedgerThread) -> None:
        self.folder = transfer / HANDOVER
        self._ledger = ledger
        self._entries: list[dict[str, Any]] = []

    def open(self) -> None:
        """Make the folder, and take away what a killed run left half written.

        Raises:
            UsageError: it cannot be made.
        """
        make_private_folder(self.folder)
        for path in self.folder.glob(f"*{_PART}"):
            path.unlink(missing_ok=True)

    async def take(self, volume: Volume, files: tuple[DigestedFile, DigestedFile]) -> None:
        """Write both files, read them again, and record that they are there.

        Raises:
            SourceChanged: the image is not the one that was looked at.
            UsageError: the folder cannot be written.
        """
        wanted = threading.Event()
        wanted.set()
        try:
            for file in files:
                await asyncio.to_thread(self._take, file, wanted)
        finally:
            # The end of the program waits for its threads, and the next run writes the same files.
            wanted.clear()
        checkpoint.passed("handed-over")
        self._entries.append({"files": [_entry(file) for file in files]})
        await self._ledger(record_handed_over, volume.row)

    def _holds(self, file: DigestedFile) -> bool:
        path = self.folder / file.name
        try:
            if path.is_symlink() or path.stat().st_size != file.size_bytes:
                return False
            return _digest(path) == file.sha256
        except OSError:
            return False

    def _take(self, file: DigestedFile, wanted: threading.Event) -> None:
        if not self._holds(file):
            self._write(file, wanted)

    def _write(self, file: DigestedFile, wanted: threading.Event) -> None:
        part = self.folder / f"{file.name}{_PART}"
        try:
            with open(part, "wb", opener=private_opener, buffering=0) as written:
                for piece in file.pieces():
                    if not wanted.is_set():
                        return
                    _write_all(written.fileno(), piece)
                os.fsync(written.fileno())
            # Read again: a disk that lies is found here, not at the node.
            if _digest(part) != file.sha256:
                raise _unwritable("what was written reads back differently")
            part.replace(self.folder / file.name)
            sync_folder(self.folder)
        except OSError as error:
            is_full = error.errno in (errno.ENOSPC, errno.EDQUOT)
            reason = "the disk is full" if is_full else error.strerror or "it is not known why"
            raise _unwritable(reason) from error
        finally:
            with suppress(OSError):
                part.unlink(missing_ok=True)

    def close(self) -> None:
        """Write manifest and README, and take away what an earlier manifest listed and is not to
        go any more.

        Raises:
            UsageError: the folder cannot be written.
        """
        kept = {file["name"] for entry in self._entries for file in entry["files"]}
        try:
            for name in _listed(self.folder / MANIFEST) - kept:
                (self.folder / name).unlink(missing_ok=True)
            document = {"volumes": sorted(self._entries, key=lambda e: str(e["files"][0]["name"]))}
            self._put(MANIFEST, json.dumps(document, indent=1) + "\n")
            self._put("README.txt", _README)
        except OSError as error:
            raise _unwritable(error.strerror or "it is not known why") from error

    def _put(self, name: str, text: str) -> None:
        put_text(self.folder / name, text)


def put_text(path: Path, text: str) -> None:
    """Write a file of a hand-over folder, whole or not at all.

    Raises:
        OSError: the disk.
    """
    part = path.with_name(f"{path.name}{_PART}")
    with open(part, "w", encoding="utf-8", opener=private_opener) as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)
    sync_folder(path.parent)


def _entry(file: DigestedFile) -> dict[str, Any]:
    return {"name": file.name, "size_bytes": file.size_bytes, "sha256": file.sha256}


def _write_all(fd: int, piece: bytes) -> None:
    view = memoryview(piece)
    while view:
        view = view[os.write(fd, view) :]


def _digest(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb", buffering=0) as file:
        while piece := file.read(_PIECE_BYTES):
            digest.update(piece)
    return digest.hexdigest()


def _listed(manifest: Path) -> set[str]:
    """Names of an earlier manifest; those that could lead out of the folder are none of ours."""
    try:
        found = json.loads(manifest.read_text("utf-8"))
        names = {file["name"] for entry in found["volumes"] for file in entry["files"]}
    except (OSError, ValueError, KeyError, TypeError):
        return set()
    return {n for n in names if isinstance(n, str) and n == os.path.basename(n) and n[:1] != "."}


def _unwritable(reason: str) -> UsageError:
    return UsageError(
        f"The hand-over folder of the transfer cannot be written: {reason}.",
        "Free some space on the disk that holds it, or see to its permissions, then upload again.",
    )

"""The two files of a volume on their way out, each checked against what was looked at."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Protocol

from transfer import checkpoint
from transfer.errors import SourceChanged
from transfer.leaving import OutgoingFile
from transfer.ledger.volumes import Volume
from transfer.opening import Opened, open_in_place
from transfer.outgoing import PIECE_BYTES, Throttle
from transfer.volumes.image import BARE_GZIP
from transfer.volumes.leaving import OutgoingVolume
from transfer.volumes.making import MadeJson


class DigestedFile(OutgoingFile, Protocol):
    """One whose SHA-256 (hex) is known as well."""

    @property
    def sha256(self) -> str: ...


def outgoing(
    volume: Volume, made: MadeJson, source: bytes, throttle: Throttle
) -> tuple[OutgoingVolume, tuple[DigestedFile, DigestedFile]]:
    """A volume as it leaves; its files once more, image first, for whoever keeps digests."""
    files: tuple[DigestedFile, DigestedFile] = (
        _Image(volume, made.ref.name, os.path.join(source, volume.path), throttle),
        _Json(volume, f"{made.ref.name}.json", made.content, throttle),
    )
    return OutgoingVolume(made.ref, files), files


def _changed() -> SourceChanged:
    return SourceChanged(
        "A NIfTI file is gone or changed since it was looked at; it was not sent.",
        "Scan again so that the transfer knows the file as it is now.",
    )


@dataclass(frozen=True, slots=True)
class _Json:
    volume: Volume
    name: str
    content: bytes = field(repr=False)
    throttle: Throttle

    @property
    def size_bytes(self) -> int:
        return len(self.content)

    @property
    def md5(self) -> str:
        return self.volume.json_md5

    @property
    def sha256(self) -> str:
        return self.volume.json_sha256

    def pieces(self) -> Iterator[bytes]:
        for at in range(0, len(self.content), PIECE_BYTES):
            piece = self.content[at : at + PIECE_BYTES]
            self.throttle.take(len(piece))
            yield piece


class _Image:
    """Byte for byte, but for the header of its gzip stream."""

    def __init__(self, volume: Volume, name: str, path: bytes, throttle: Throttle) -> None:
        self._volume = volume
        self._path = path
        self._throttle = throttle
        self.name = f"{name}.nii.gz" if volume.head_bytes else f"{name}.nii"
        self.size_bytes = volume.size_bytes
        self.md5 = volume.md5
        self.sha256 = volume.sha256

    def pieces(self) -> Iterator[bytes]:
        """See `OutgoingFile.pieces`; the last piece goes only if all of it was as looked at."""
        digest, left = hashlib.sha256(), self.size_bytes
        try:
            opened = open_in_place(self._path)
        except OSError:
            raise _changed() from None
        try:
            if opened.stamp != (self._volume.file_bytes, self._volume.mtime_ns):
                raise _changed()
            for piece in self._stretches(opened):
                digest.update(piece)
                left -= len(piece)
                if left < 0 or (not left and not self._is_as_seen(opened, digest.hexdigest())):
                    raise _changed()
                self._throttle.take(len(piece))
                yield piece
                checkpoint.passed("volume-piece")
        except OSError:
            raise _changed() from None
        finally:
            opened.close()
        if left:
            raise _changed()

    def _is_as_seen(self, opened: Opened, sha256: str) -> bool:
        return sha256 == self.sha256 and opened.stamp_now() == opened.stamp

    def _stretches(self, opened: Opened) -> Iterator[bytes]:
        if self._volume.head_bytes:
            yield BARE_GZIP
        at = opened.base + self._volume.head_bytes
        end = opened.base + opened.size_bytes
        while at < end:
            count = min(self._throttle.piece_bytes(), end - at)
            piece = os.pread(opened.fd, count, at)
            if not piece:
                return
            at += len(piece)
            yield piece

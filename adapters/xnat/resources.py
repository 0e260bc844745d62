"""What a resource of a project or a subject holds, asked by xnatpy's session. Blocking: for
threads."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote

from adapters.xnat.objects import rows_or_none
from adapters.xnat.wire import segment
from transfer.clinical.leaving import Held
from transfer.volumes.leaving import HeldFile

if TYPE_CHECKING:
    from xnat.session import BaseXNATSession

_MD5: Final = re.compile(r"[0-9a-f]{32}")
_PIECE_BYTES: Final = 256 * 1024


@dataclass(frozen=True, slots=True)
class Resource:
    """A labelled folder of files on the node; `owner` is the path of the object that has it."""

    owner: str
    label: str

    @property
    def path(self) -> str:
        return f"{self.owner}/resources/{segment(self.label)}"

    def file(self, name: str) -> str:
        return f"{self.path}/files/{segment(name)}"


def listed(xnat: BaseXNATSession, resource: Resource) -> Mapping[str, HeldFile] | None:
    """The files by their path in the resource; None where there is no such resource. `md5` is
    empty where the site keeps no checksums."""
    rows = rows_or_none(xnat, f"{resource.path}/files", {})
    return None if rows is None else {file.name: file for file in map(_file, rows)}


def _file(row: Mapping[str, Any]) -> HeldFile:
    # `Name` is the last part alone; a file of that name may lie in a folder of the resource too.
    path = unquote(str(row.get("URI") or "").partition("/files/")[2])
    digest = str(row.get("digest") or "").strip().lower()
    return HeldFile(
        path or str(row["Name"]), int(row["Size"]), digest if _MD5.fullmatch(digest) else ""
    )


def held_as(
    xnat: BaseXNATSession, resource: Resource, file: HeldFile, found: Mapping[str, HeldFile]
) -> Held:
    """What lies under the file's name, by the listing `found`; where that gives no digest, or
    another one than it should, by the bytes themselves."""
    there = found.get(file.name)
    if there is None:
        return Held.NOTHING
    if there.size_bytes != file.size_bytes:
        return Held.OTHER
    if there.md5 == file.md5:
        return Held.SAME
    # The catalogue may carry the digest of what was written over.
    is_same = md5(xnat, resource.file(file.name), file.size_bytes) == file.md5
    return Held.SAME if is_same else Held.OTHER


def md5(xnat: BaseXNATSession, path: str, size_bytes: int) -> str:
    """The MD5 (hex) of a file on the node, which is not kept; empty as soon as it is longer."""
    digest = hashlib.md5(usedforsecurity=False)
    given = 0
    pieces = xnat.download_generator(path, chunk_size=_PIECE_BYTES)
    try:
        for piece in pieces:
            given += len(piece)
            if given > size_bytes:
                return ""
            digest.update(piece)
    finally:
        pieces.close()
    return digest.hexdigest()

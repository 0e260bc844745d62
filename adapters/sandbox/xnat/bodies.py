"""Request bodies taken in without holding one in memory, as raw bodies or multipart forms."""

from __future__ import annotations

import mmap
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qsl

from starlette.requests import ClientDisconnect, Request

from adapters.sandbox.xnat.answers import Refused

_FORM = "application/x-www-form-urlencoded"
_ENDINGS = {
    ".zip": "application/zip",
    ".tar.gz": "application/x-gtar",
    ".tgz": "application/x-gtar",
    ".tar": "application/x-tar",
    ".dcm": "application/dicom",
    ".ima": "application/dicom",
}
_KNOWN = frozenset({*_ENDINGS.values(), "application/xar"})


@dataclass(slots=True)
class Upload:
    """The one file of a request; `is_whole` is False when the line broke within it."""

    path: Path
    media_type: str
    name: str = ""
    is_whole: bool = True


class Spool:
    """The folder that bodies are written to while they are looked at."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        self._serial = 0

    def path(self) -> Path:
        self._serial += 1
        return self._folder / f"{self._serial}.part"

    async def take(self, request: Request, limit: int | None = None) -> Upload:
        """Write the body to a file, all of it or its first `limit` bytes."""
        path = self.path()
        is_whole, written = True, 0
        with path.open("wb") as file:
            try:
                async for data in request.stream():
                    if limit is not None and written + len(data) >= limit:
                        file.write(data[: limit - written])
                        is_whole = False
                        break
                    written += file.write(data)
            except ClientDisconnect:
                is_whole = False
        content_type = request.headers.get("content-type", "")
        return Upload(path, content_type.partition(";")[0].strip().lower(), "", is_whole)


def is_known(media_type: str) -> bool:
    """Whether a raw body of this type needs no `inbody=true`."""
    return media_type in _KNOWN


def refuse_length(request: Request, media_type: str) -> None:
    """Only a zip may come without its length, and nothing may be empty.

    Raises:
        Refused: 400.
    """
    length = request.headers.get("content-length")
    if (length is None and media_type != "application/zip") or length == "0":
        raise Refused(400, "Content-Length is required and must be at least 1")


def unwrap(upload: Upload, content_type: str, spool: Spool) -> Upload:
    """The one file of a multipart form.

    Raises:
        Refused: 400 for none, or for more than one.
    """
    files = list(_files(upload.path, content_type, spool))
    if len(files) != 1:
        for file in files:
            file.path.unlink()
        raise Refused(400, "Exactly one file is expected")
    files[0].is_whole = upload.is_whole
    return files[0]


def _files(path: Path, content_type: str, spool: Spool) -> Iterator[Upload]:
    found = re.search(r'boundary="?([^";]+)', content_type)
    if found is None or path.stat().st_size == 0:
        return
    mark = b"--" + found[1].encode()
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        at = data.find(mark)
        while at >= 0:
            head_at = at + len(mark)
            body_at = data.find(b"\r\n\r\n", head_at)
            following = data.find(b"\r\n" + mark, head_at)
            if data[head_at : head_at + 2] == b"--" or body_at < 0:
                return
            head = data[head_at:body_at].decode("utf-8", "replace")
            name = re.search(r'filename="([^"]*)"', head)
            end = following if following >= 0 else len(data)
            if name is not None:
                kind = re.search(r"content-type:\s*([^\s;]+)", head, re.IGNORECASE)
                upload = Upload(spool.path(), kind[1].lower() if kind else "", name[1])
                upload.media_type = by_name(name[1]) or upload.media_type
                with upload.path.open("wb") as part:
                    for start in range(body_at + 4, end, 1 << 20):
                        part.write(data[start : min(start + (1 << 20), end)])
                yield upload
            at = following + 2 if following >= 0 else -1


def by_name(name: str) -> str:
    """The media type that a file name's ending stands for; empty when unknown."""
    lowered = name.lower()
    return next((kind for ending, kind in _ENDINGS.items() if lowered.endswith(ending)), "")


async def form(request: Request) -> list[tuple[str, str]]:
    """The fields of a form body; none when the body is of another kind."""
    if not request.headers.get("content-type", "").startswith(_FORM):
        return []
    return parse_qsl((await request.body()).decode(), keep_blank_values=True)

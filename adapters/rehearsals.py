"""A request written to disk instead of sent, for our eyes only."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Generator
from contextlib import closing, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import httpx

from transfer.errors import UsageError
from transfer.workspace import private_opener

if TYPE_CHECKING:
    import requests


async def write_request(
    folder: Path, stem: str, request: httpx.Request, content: Generator[bytes, None, None]
) -> None:
    """Write `STEM.http` (request line and headers) and `STEM.body` (the exact body).

    `request` must carry its credential masked.
    """
    lines = [f"{request.method} {request.url.raw_path.decode('ascii')} HTTP/1.1"]
    lines += [f"{k.decode()}: {v.decode()}" for k, v in request.headers.raw]
    head = ("\r\n".join(lines) + "\r\n\r\n").encode()
    await asyncio.to_thread(_write_both, folder, stem, head, content)


def _write_both(
    folder: Path, stem: str, head: bytes, content: Generator[bytes, None, None]
) -> None:
    _write_private(folder / f"{stem}.http", head)
    with closing(content), _open_private(folder / f"{stem}.body") as file:
        file.writelines(content)


def write_prepared(folder: Path, stem: str, request: requests.PreparedRequest, host: str) -> None:
    """The same for a request of requests, in a thread; without a body there is no `STEM.body`."""
    lines = [f"{request.method} {request.path_url} HTTP/1.1", f"Host: {host}"]
    lines += [f"{name}: {value}" for name, value in request.headers.items()]
    _write_private(folder / f"{stem}.http", ("\r\n".join(lines) + "\r\n\r\n").encode())
    body: Any = request.body
    if body is not None:
        with _open_private(folder / f"{stem}.body") as file:
            file.writelines([body] if isinstance(body, bytes) else body)


def _open_private(path: Path) -> BinaryIO:
    """A new file in the place of what is there: an earlier one, or what somebody put in its way."""
    try:
        with suppress(FileNotFoundError):
            os.unlink(path)
        return open(path, "xb", opener=private_opener)
    except OSError as error:
        raise UsageError(
            f"A request cannot be written into the folder given: {error.strerror}.",
            "Name an empty folder, or one that does not exist yet.",
        ) from error


def _write_private(path: Path, content: bytes) -> None:
    with _open_private(path) as file:
        file.write(content)

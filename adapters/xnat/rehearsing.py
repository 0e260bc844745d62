"""What xnatpy would send, written to files: it talks to a session that sends nothing."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import requests

from adapters.rehearsals import write_prepared
from adapters.sessions import GuardedSession, Way
from adapters.xnat.xnatpy import SharedSession, session_over

if TYPE_CHECKING:
    from xnat.session import BaseXNATSession

_READING = ("GET", "HEAD")


class _Recorded(GuardedSession):
    """Answers each request with an empty 200; those that change something are kept."""

    def __init__(self, url: str, way: Way) -> None:
        super().__init__(url, way, None)
        self.auth = SharedSession(lambda: "***")
        self.folder: Path | None = None
        self.stem = ""
        self._number = 0

    def begin(self, folder: Path, stem: str) -> None:
        self.folder, self.stem, self._number = folder, stem, 0

    def send(self, request: requests.PreparedRequest, **_: Any) -> requests.Response:
        if self.folder is not None and request.method not in _READING:
            self._number += 1
            host = urlsplit(str(request.url)).netloc
            write_prepared(self.folder, f"{self.stem}.{self._number}", request, host)
        answer = requests.Response()
        answer.status_code, answer.url, answer.request = 200, str(request.url), request
        answer.raw, answer._content = None, b""
        return answer


class Rehearsals:
    """Made when the first is asked for; one at a time. Blocking: for threads."""

    def __init__(self, url: str, way: Way) -> None:
        self._url = url
        self._way = way
        self._alone = threading.Lock()
        self._made: tuple[_Recorded, BaseXNATSession] | None = None

    def run(self, call: Callable[[BaseXNATSession], None], folder: Path, stem: str) -> None:
        """Write what `call` would send as `STEM.1.http` and `STEM.1.body`, `STEM.2.http`, …"""
        with self._alone:
            if self._made is None:
                recorded = _Recorded(self._url, self._way)
                xnat = session_over(recorded, self._url, self._way, username="", session_id=None)
                self._made = recorded, xnat
            recorded, xnat = self._made
            recorded.begin(folder, stem)
            call(xnat)

    def close(self) -> None:
        """Joins xnatpy's sleeping thread."""
        made, self._made = self._made, None
        if made is not None:
            made[1].disconnect()

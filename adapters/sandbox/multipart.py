"""A multipart body taken apart while it comes in: never more of it in memory than one piece."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from email.message import Message
from enum import Enum, auto

_PART_HEAD_BYTES = 16 * 1024


@dataclass(frozen=True, slots=True)
class MediaType:
    """A Content-Type header: `multipart/related` with its lower-case parameter names."""

    name: str
    parameters: dict[str, str]

    @classmethod
    def parse(cls, header: str) -> MediaType:
        """Quotes around a parameter count for nothing (RFC 2045, 5.1)."""
        message = Message()
        message["Content-Type"] = header
        pairs = message.get_params(failobj=[], header="content-type")
        parameters = {key.lower(): value for key, value in pairs[1:]}
        return cls(header.partition(";")[0].strip().lower(), parameters)


@dataclass(frozen=True, slots=True)
class PartBegins:
    """A part with this Content-Type (lower case, without parameters; empty when there is none)."""

    content_type: str


@dataclass(frozen=True, slots=True)
class PartData:
    """The next bytes of the part."""

    data: bytes


@dataclass(frozen=True, slots=True)
class PartEnds:
    """The boundary behind the part was seen: the part is whole."""


Event = PartBegins | PartData | PartEnds


class _State(Enum):
    PREAMBLE = auto()
    AFTER_BOUNDARY = auto()
    PART_HEAD = auto()
    PART_BODY = auto()
    EPILOGUE = auto()


class MultipartReader:
    """Push bytes in with `feed`, get events out (RFC 2046, 5.1.1).

    A part that no boundary follows never ends: `PartEnds` is the only proof that it is whole.
    """

    def __init__(self, boundary: str) -> None:
        self._delimiter = b"\r\n--" + boundary.encode("latin-1")
        self._state = _State.PREAMBLE
        # A boundary at the very beginning has no line break before it; lend it one.
        self._buffer = b"\r\n"

    @property
    def is_closed(self) -> bool:
        """The closing boundary was seen."""
        return self._state is _State.EPILOGUE

    def feed(self, data: bytes) -> Iterator[Event]:
        """What these bytes bring; must be exhausted before the next call."""
        self._buffer = self._buffer + data if self._buffer else data
        progress = True
        while progress:
            if self._state is _State.PREAMBLE:
                progress = self._skip_to_boundary()
            elif self._state is _State.AFTER_BOUNDARY:
                progress = self._read_boundary_tail()
            elif self._state is _State.PART_HEAD:
                head = self._read_head()
                progress = head is not None
                if head is not None:
                    yield PartBegins(head)
            elif self._state is _State.PART_BODY:
                body, is_end = self._read_body()
                if body:
                    yield PartData(body)
                if is_end:
                    yield PartEnds()
                progress = is_end
            else:
                self._buffer = b""
                progress = False

    def _skip_to_boundary(self) -> bool:
        at = self._buffer.find(self._delimiter)
        if at < 0:
            self._buffer = self._buffer[-len(self._delimiter) :]
            return False
        self._buffer = self._buffer[at + len(self._delimiter) :]
        self._state = _State.AFTER_BOUNDARY
        return True

    def _read_boundary_tail(self) -> bool:
        if self._buffer.startswith(b"--"):
            self._state = _State.EPILOGUE
            return True
        end = self._buffer.find(b"\r\n")
        if end < 0:
            return False
        # The line break is left in place: a part without headers has its blank line right here.
        self._buffer = self._buffer[end:]
        self._state = _State.PART_HEAD
        return True

    def _read_head(self) -> str | None:
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            if len(self._buffer) > _PART_HEAD_BYTES:
                self._state = _State.EPILOGUE
            return None
        head = self._buffer[:end].decode("latin-1")
        self._buffer = self._buffer[end + 4 :]
        self._state = _State.PART_BODY
        for line in head.split("\r\n"):
            name, _, value = line.partition(":")
            if name.strip().lower() == "content-type":
                return value.partition(";")[0].strip().lower()
        return ""

    def _read_body(self) -> tuple[bytes, bool]:
        at = self._buffer.find(self._delimiter)
        if at >= 0:
            body = self._buffer[:at]
            self._buffer = self._buffer[at + len(self._delimiter) :]
            self._state = _State.AFTER_BOUNDARY
            return body, True
        # The delimiter may lie across two pieces: hold back what could be its beginning.
        keep = len(self._delimiter) - 1
        last = self._buffer.rfind(b"\r", max(0, len(self._buffer) - keep))
        if last < 0:
            body, self._buffer = self._buffer, b""
        else:
            body, self._buffer = self._buffer[:last], self._buffer[last:]
        return body, False

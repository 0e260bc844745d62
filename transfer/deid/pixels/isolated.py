"""A decoder that dies on damaged frames, kept in a process of its own.

GDCM, the only free decoder of lossless JPEG here, ends its process on some damaged frames (seen
with python-gdcm 3.2.6: uncaught C++ exceptions, segmentation faults). One child is started at the
first such frame and serves all others of this process; when it dies, that frame cannot be decoded,
and the next gets a new child. What comes back is numbers and bytes, never objects.
"""

from __future__ import annotations

import atexit
import json
import os
import select
import struct
import subprocess
import sys
import threading
import time
from typing import IO, TYPE_CHECKING, Any, Final

from transfer.programs import helper

if TYPE_CHECKING:
    import numpy as np

_TIMEOUT_S: Final = 120.0
_LENGTHS: Final = struct.Struct("<LQ")
_HEAD_LIMIT_BYTES: Final = 1 << 16


class Undecoded(Exception):
    """The frame could not be decoded, or its decoder did not live through it."""


class _Child:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._owner = 0

    def decode(
        self, encoded: bytes, limit_bytes: int, **request: Any
    ) -> tuple[np.ndarray[Any, Any], str]:
        import numpy as np

        with self._lock:
            try:
                process = self._started()
                assert process.stdin is not None
                assert process.stdout is not None
                _write(process.stdin, request, encoded)
                head, data = _read(process.stdout, limit_bytes, time.monotonic() + _TIMEOUT_S)
            except (OSError, EOFError, ValueError):
                self.end()
                raise Undecoded from None
        if not data:
            raise Undecoded
        try:
            return np.frombuffer(data, str(head["dtype"])), str(head["photometric"])
        except (KeyError, TypeError, ValueError):
            raise Undecoded from None

    def _started(self) -> subprocess.Popen[bytes]:
        if self._process is None or self._owner != os.getpid() or self._process.poll() is not None:
            self.end()
            self._owner = os.getpid()
            self._process = subprocess.Popen(
                helper("pixels"),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,  # the libraries write what they find in the frames
            )
        return self._process

    def end(self) -> None:
        process, self._process = self._process, None
        if process is None or self._owner != os.getpid():
            return
        process.kill()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                try:
                    pipe.close()
                except OSError:
                    continue
        process.wait()


_child = _Child()
atexit.register(_child.end)


def decode_isolated(
    encoded: bytes, transfer_syntax_uid: str, plugin: str, limit_bytes: int, options: dict[str, Any]
) -> tuple[np.ndarray[Any, Any], str]:
    """The samples of an encapsulated frame, flat, and their photometric interpretation.

    Raises:
        Undecoded: no.
    """
    return _child.decode(
        encoded, limit_bytes, syntax=transfer_syntax_uid, plugin=plugin, options=options
    )


def serve() -> None:
    """The child: decode what comes by standard input until that ends."""
    import warnings

    from pydicom.pixels.decoders.base import get_decoder

    warnings.simplefilter("ignore")
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints must not get among the answers
    while True:
        try:
            request, encoded = _read(sys.stdin.buffer, 1 << 40, None)
        except EOFError:
            return
        try:
            array, told = get_decoder(request["syntax"]).as_array(
                encoded, raw=True, decoding_plugin=request["plugin"], **request["options"]
            )
            head = {"dtype": array.dtype.str, "photometric": told["photometric_interpretation"]}
            _write(answers, head, array.tobytes())
        except BrokenPipeError:
            return
        except Exception:  # noqa: BLE001 - foreign code and untrusted bytes; the answer is "no"
            _write(answers, {}, b"")


def _write(pipe: IO[bytes], head: dict[str, Any], data: bytes) -> None:
    told = json.dumps(head).encode()
    pipe.write(_LENGTHS.pack(len(told), len(data)) + told)
    pipe.write(data)
    pipe.flush()


def _read(
    pipe: IO[bytes], limit_bytes: int, until: float | None
) -> tuple[dict[str, Any], bytearray]:
    head_length, data_length = _LENGTHS.unpack(_exactly(pipe, _LENGTHS.size, until))
    if head_length > _HEAD_LIMIT_BYTES or data_length > limit_bytes:
        raise ValueError("more than was asked for")
    head = json.loads(_exactly(pipe, head_length, until))
    if not isinstance(head, dict):
        raise ValueError("not an answer")
    return head, _exactly(pipe, data_length, until)


def _exactly(pipe: IO[bytes], length: int, until: float | None) -> bytearray:
    """Read below the buffer, so that waiting for the pipe is waiting for its bytes."""
    found = bytearray()
    while len(found) < length:
        if (
            until is not None
            and not select.select([pipe], [], [], max(until - time.monotonic(), 0))[0]
        ):
            raise EOFError
        more = os.read(pipe.fileno(), min(length - len(found), 1 << 20))
        if not more:
            raise EOFError
        found += more
    return found

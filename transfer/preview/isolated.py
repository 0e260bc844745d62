"""The drawing process: decodes and draws one frame, and may die of it without harm.

It gets the frame and what to know about it, never a path or a name, and gives back a PNG file.
"""

from __future__ import annotations

import importlib.util
import json
import os
import struct
import subprocess
import sys
from dataclasses import asdict
from typing import Any, Final

from transfer.deid.pixels.image import Image, NotBlanked
from transfer.preview.job import Job, NoPicture, Table
from transfer.programs import helper

_LENGTH: Final = struct.Struct("<L")
_TIMEOUT_S: Final = 120.0
_CPU_S: Final = 100
_MEMORY_BYTES: Final = 4 << 30
_DAMAGED: Final = "Its pixel data cannot be decoded; they are damaged, or of a form unknown here."
_INSTALL: Final = "Install what decodes pixels: pip install 'eucaim-transfer[pixels]'"


def draw_isolated(job: Job, data: bytes) -> tuple[bytes, str]:
    """The PNG file of a frame, and in words how it was drawn. Blocking.

    Raises:
        NoPicture: it cannot be drawn, or what would draw it is not installed.
    """
    if importlib.util.find_spec("numpy") is None:
        raise NoPicture("Pictures need numpy, which is not installed.", _INSTALL)
    head = json.dumps(asdict(job)).encode()
    try:
        done = subprocess.run(
            helper("preview"),
            input=_LENGTH.pack(len(head)) + head + data,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # the libraries write what they find in the frames
            timeout=_TIMEOUT_S,
            env={**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"},
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise NoPicture("Drawing it took too long and was ended.") from None
    except OSError:
        raise NoPicture(
            "The process that draws could not be started.", "Free some memory, then try again."
        ) from None
    if done.returncode or len(done.stdout) < _LENGTH.size:
        raise NoPicture(_DAMAGED)
    (length,) = _LENGTH.unpack_from(done.stdout)
    answer = json.loads(done.stdout[_LENGTH.size : _LENGTH.size + length])
    if "reason" in answer:
        raise NoPicture(str(answer["reason"]), str(answer["remedy"]))
    return done.stdout[_LENGTH.size + length :], str(answer["how"])


def serve() -> None:
    """The process itself: one frame from standard input, one picture to standard output."""
    import resource

    # No core file: the pixels of a patient would lie in it.
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CPU, (_CPU_S, _CPU_S))
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_BYTES, _MEMORY_BYTES))
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints must not get into the picture
    given = sys.stdin.buffer.read()
    (length,) = _LENGTH.unpack_from(given)
    job = _job(json.loads(given[_LENGTH.size : _LENGTH.size + length]))
    try:
        png, how = _draw(job, given[_LENGTH.size + length :])
        head = json.dumps({"how": how}).encode()
    except NoPicture as refused:
        png, head = b"", json.dumps({"reason": refused.reason, "remedy": refused.remedy}).encode()
    answers.write(_LENGTH.pack(len(head)) + head + png)
    answers.close()


def _draw(job: Job, data: bytes) -> tuple[bytes, str]:
    from transfer.preview.drawing import draw
    from transfer.preview.png import png_of

    frame: bytes | bytearray = data
    photometric = job.image.photometric
    if job.syntax:
        frame, photometric = _decoded(job, data)
    picture, how = draw(job, frame, photometric)
    return png_of(picture), how


def _decoded(job: Job, data: bytes) -> tuple[bytearray, str]:
    from transfer.deid.pixels.decoded import DECODERS, FrameDecoder, judge_decodable

    if job.syntax not in DECODERS:
        raise NoPicture("Nothing here decodes the compression of this image.")
    try:
        judge_decodable(job.syntax, job.image)
    except NotBlanked:
        raise NoPicture(
            "What decodes the compression of this image is missing.", _INSTALL
        ) from None
    try:
        return FrameDecoder(job.syntax, job.image).frame(data, job.frame + 1)
    except NotBlanked:
        raise NoPicture(_DAMAGED) from None


def _job(told: dict[str, Any]) -> Job:
    for name in ("modality", "voi"):
        told[name] = Table(*told[name]) if told[name] else None
    told["palette"] = tuple(Table(*table) for table in told["palette"])
    return Job(**{**told, "image": Image(**told["image"])})

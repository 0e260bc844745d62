"""The previews of a transfer: files of its owner alone, named by row key and by nothing else."""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from transfer.deid.header.reading import Unreadable, read_header
from transfer.errors import UsageError
from transfer.ledger.connection import Ledger
from transfer.preview.isolated import draw_isolated
from transfer.preview.job import NoPicture, take_frame
from transfer.review.instance import find_sample, gone, open_sample
from transfer.workspace import Workspace, make_private_folder, private_opener

_FOLDER: Final = "previews"
_UNTOUCHED: Final = "The source file is untouched; another slice may do: give an instance's key."


@dataclass(frozen=True, slots=True)
class Preview:
    """A picture that was written: of which instance, of which of its frames, and how."""

    key: str
    instance_key: str
    path: Path
    rows: int
    columns: int
    frame: int
    frames: int
    how: str


def write_preview(workspace: Workspace, key: str) -> Preview:
    """Draw the middle slice of a Series (E3), or one instance (I12), and write it as a PNG.

    Of an instance of several frames it is the middle one. An earlier picture is replaced. Blocking.

    Raises:
        UsageError: there is no such instance, or no picture can be made of it.
        SourceChanged: the file is gone or another one.
    """
    with Ledger.open(workspace.ledger, read_only=True) as ledger:
        sample = find_sample(ledger, key)
    name = sample.series_key if key[:1] in ("E", "e") else sample.key
    try:
        with open_sample(sample) as opened:
            job, data = take_frame(opened.fd, read_header(opened.fd, opened.size_bytes))
        png, how = draw_isolated(job, data)
    except Unreadable as refused:
        raise UsageError(refused.reason, _UNTOUCHED) from None
    except NoPicture as refused:
        raise UsageError(refused.reason, refused.remedy or _UNTOUCHED) from None
    except OSError:
        raise gone() from None
    path = _write(workspace, name, png)
    image = job.image
    return Preview(
        name, sample.key, path, image.rows, image.columns, job.frame + 1, image.frames, how
    )


def clear_previews(workspace: Workspace) -> int:
    """Remove every preview of a transfer; how many there were.

    Raises:
        UsageError: one cannot be removed.
    """
    folder = workspace.folder / _FOLDER
    n = 0
    try:
        for path in sorted(folder.glob("*.png*")):
            path.unlink(missing_ok=True)
            n += 1
        with contextlib.suppress(FileNotFoundError):
            folder.rmdir()
    except OSError as error:
        raise UsageError(
            f"The previews cannot be removed: {error.strerror}.",
            "Remove the folder previews in the transfer's folder by hand.",
        ) from None
    return n


def _write(workspace: Workspace, name: str, png: bytes) -> Path:
    folder = workspace.folder / _FOLDER
    make_private_folder(folder)
    path = folder / f"{name}.png"
    half = path.with_suffix(".png.part")
    try:
        half.unlink(missing_ok=True)
        with open(half, "xb", opener=private_opener) as file:
            file.write(png)
        os.replace(half, path)
    except OSError as error:
        raise UsageError(
            f"The preview cannot be written: {error.strerror}.",
            "Free some space on the disk of the transfer's folder.",
        ) from None
    return path

"""What a stand-in keeps of an image when it is not to keep pictures: all but the pixel values.

In their place is a hole, which takes no space on the disk: the file is as long as it was, and every
header can be read. Digests are to be taken before.
"""

from __future__ import annotations

import mmap
from pathlib import Path
from typing import Final

from adapters.sandbox.part10 import NotDicom, pixel_spans

_LEAST_BYTES: Final = 8192
"""Shorter values are kept: a hole has whole blocks of the file system."""


def hollow(path: Path) -> None:
    """Replace the file by one with holes. One that cannot be read as DICOM is left as it is."""
    if not path.stat().st_size:
        return
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        try:
            spans = [span for span in pixel_spans(data) if span[1] >= _LEAST_BYTES]
        except NotDicom:
            return
        if not spans:
            return
        draft = path.with_name(f"{path.name}.hollow")
        with draft.open("wb") as thin:
            at = 0
            for begins, length in spans:
                thin.write(data[at:begins])
                at = thin.seek(begins + length)
            thin.write(data[at:])
            thin.truncate(len(data))
    draft.replace(path)

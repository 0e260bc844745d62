"""Many small instances in a moment, with the digest of each one, and files that are not to go."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.conformance.made import data_set
from tests.scan.files import image, part10

_ROOT = "1.2.9"
_FIRST = 1_000_000
_serial = itertools.count(100)


@dataclass(frozen=True)
class Cohort:
    """A folder of images. `digests` are of the files that are to arrive, by SOPInstanceUID, and
    `data_digests` of what follows their file meta information. `studies` says which Study each
    is of."""

    folder: Path
    uid_root: str
    digests: Mapping[str, str]
    data_digests: Mapping[str, str]
    studies: Mapping[str, str]


def write_cohort(
    folder: Path, *, series: int, per_series: int, pixel_bytes: int = 512, has_large: bool = False
) -> Cohort:
    """Write `series` times `per_series` images under UIDs that no other cohort of this run has.

    Beside them lie a text file and a duplicate; what is cut off would wait for a person. With
    `has_large` the first file is larger than two of the pieces in which files are read.
    """
    root = f"{_ROOT}.{next(_serial)}"
    digests: dict[str, str] = {}
    data_digests: dict[str, str] = {}
    studies: dict[str, str] = {}
    for number in range(series):
        place = folder / f"P{number // 2:03}" / f"SE{number:03}"
        place.mkdir(parents=True)
        template = _template(root, number, pixel_bytes)
        for index in range(per_series):
            serial = _FIRST + number * per_series + index
            content = template.replace(f"{root}.{_FIRST}".encode(), f"{root}.{serial}".encode())
            if has_large and not digests:
                content = _template(root, number, 5 << 19)
            (place / f"IM{index:04}.dcm").write_bytes(content)
            uid = f"{root}.{serial}"
            digests[uid] = hashlib.sha256(content).hexdigest()
            data_digests[uid] = hashlib.sha256(data_set(content)).hexdigest()
            studies[uid] = f"{root}.1.{number // 2}"
    (folder / "notes.txt").write_text("Not an image.\n", "utf-8")
    (folder / "z-duplicate.dcm").write_bytes(content)
    return Cohort(folder, root, digests, data_digests, studies)


def _template(root: str, number: int, pixel_bytes: int) -> bytes:
    made = image()
    made.PatientID = f"P{number // 2}"
    made.StudyInstanceUID = f"{root}.1.{number // 2}"
    made.SeriesInstanceUID = f"{root}.2.{number}"
    made.SOPInstanceUID = f"{root}.{_FIRST}"
    made.Columns = 512 if pixel_bytes > 1 << 16 else 16
    made.Rows = pixel_bytes // 2 // made.Columns
    made.PixelData = bytes(range(256)) * (pixel_bytes // 256)
    return part10(made)

"""Memory of the runner and its processes together, whatever is uploaded and de-identified.

Proportional sets of all of them at one time, from start to end: scan, de-identification, sending.
Ten thousand small instances, and what is hardest to keep out of memory: objects of 500 MB, such
objects packed in a ZIP, and deflated data sets, which are rewritten as a whole.
"""

from __future__ import annotations

import zipfile
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from tests.benchmarks.frame import Bench, Kind, Option, Row, Target, compare, picked
from tests.benchmarks.material import cohort

if TYPE_CHECKING:
    from pydicom import FileDataset

OPTIONS: Final = {
    "patients": Option(80, quick=2, help="patients of 125 small instances each"),
    "megabytes": Option(500, quick=20, help="size of each of the large objects"),
}
_DEFLATED_MB: Final = 60
_MANY, _LARGE, _PACKED, _DEFLATED = "small ones", "large ones", "packed ones", "deflated ones"


def measure(bench: Bench) -> list[Row]:
    """The peak of each kind of source."""
    from tests.benchmarks.answering import answering
    from tests.benchmarks.journey import upload

    sources = _sources(bench)
    (bench.folder / "sink").mkdir(exist_ok=True)
    with answering(bench.folder / "sink") as (url, ca_file):
        runs = bench.interleave(
            {
                name: partial(upload, url, ca_file, source, "eucaim")
                for name, source in sources.items()
            }
        )
    kinds: dict[str, Kind] = dict.fromkeys(sources, "ours")
    targets = [Target(400, is_floor=False, of=name) for name in sources]
    return compare("memory", "peak MB", picked(runs, lambda f: f["tree_peak_mb"]), kinds, targets)


def _sources(bench: Bench) -> dict[str, Path]:
    large, packed, deflated = (bench.folder / name for name in ("large", "packed", "deflated"))
    if not large.exists():
        sample = _sample(cohort(bench.folder, 1).files)
        for folder in (large, packed, deflated):
            folder.mkdir()
        for number in range(4):
            _frames(sample, large / f"{number}.dcm", bench["megabytes"], number)
        for number in range(2):
            with zipfile.ZipFile(packed / f"{number}.zip", "w", zipfile.ZIP_DEFLATED, True, 1) as z:
                z.write(large / f"{number}.dcm", "one.dcm")
        for number in range(8):
            _deflated(sample, deflated / f"{number}.dcm", number)
    many = cohort(bench.folder, bench["patients"], "small").source
    return {_MANY: many, _LARGE: large, _PACKED: packed, _DEFLATED: deflated}


def _sample(files: Any) -> FileDataset:
    import pydicom

    sample = next(one for one in map(pydicom.dcmread, files) if one.get("Modality") == "CT")
    sample.Rows = sample.Columns = 512
    sample.BitsAllocated, sample.BitsStored, sample.HighBit = 16, 12, 11
    return sample


def _named(sample: FileDataset, number: int, frames: int) -> None:
    from pydicom.uid import UID

    sample.NumberOfFrames = frames
    sample.InstanceNumber = number + 1
    sample.SOPInstanceUID = UID(f"2.25.8{number:06}")
    sample.file_meta.MediaStorageSOPInstanceUID = sample.SOPInstanceUID


def _frames(sample: FileDataset, path: Path, size_mb: int, number: int) -> None:
    """An object with many frames, as a sparse file: nothing here depends on what is in it."""
    import os

    frames = size_mb * 2
    _named(sample, number, frames)
    sample.PixelData = b""
    sample.save_as(path)
    length = frames * 512 * 512 * 2
    with path.open("r+b") as file:
        file.seek(-4, os.SEEK_END)
        file.write(length.to_bytes(4, "little"))
        file.truncate(path.stat().st_size + length)


def _deflated(sample: FileDataset, path: Path, number: int) -> None:
    """Half of its bytes are noise, as those of images of 12 bits are more or less."""
    import os

    from pydicom.uid import DeflatedExplicitVRLittleEndian

    frames = _DEFLATED_MB * 2
    _named(sample, number, frames)
    noise = bytearray(frames * 512 * 512 * 2)
    noise[::2] = os.urandom(len(noise) // 2)
    sample.PixelData = bytes(noise)
    before = sample.file_meta.TransferSyntaxUID
    sample.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    sample.save_as(path)
    sample.file_meta.TransferSyntaxUID = before

"""Two data sets compared element by element, nested ones included, in the bytes of their values."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

from pydicom import dcmread
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset

from transfer.scan.text import silent_pydicom


def read(source: Path | bytes) -> Dataset:
    """A file as pydicom reads it, by force where it has no preamble."""
    with silent_pydicom():
        return dcmread(BytesIO(source) if isinstance(source, bytes) else source, force=True)


def differences(one: Dataset, other: Dataset, at: str = "") -> Iterator[str]:
    """Each element that is not the same in both, by its place; the file meta is not looked at."""
    for tag in sorted({*one.keys(), *other.keys()}):
        place = f"{at}{tag}"
        if tag not in one or tag not in other:
            yield f"{place} only in {'one' if tag in one else 'the other'}"
            continue
        mine, theirs = one.get_item(tag), other.get_item(tag)
        if isinstance(mine, RawDataElement) and isinstance(theirs, RawDataElement):
            facts = [(e.VR, e.value, e.is_little_endian) for e in (mine, theirs)]
            if facts[0] != facts[1]:
                yield f"{place} differs"
        elif mine is not None and theirs is not None and mine.VR == theirs.VR == "SQ":
            items = [list(e.value or ()) for e in (mine, theirs)]
            if len(items[0]) != len(items[1]):
                yield f"{place} has {len(items[0])} and {len(items[1])} items"
            for number, (a, b) in enumerate(zip(*items, strict=False)):
                yield from differences(a, b, f"{place}[{number}].")
        elif mine != theirs:
            yield f"{place} differs"

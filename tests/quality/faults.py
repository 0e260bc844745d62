"""One fault in an otherwise clean cohort, and all that the rules say to it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pydicom
from pydicom.datadict import dictionary_VR, tag_for_keyword
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset

from tests.quality.cohort import (
    AS_IS,
    all_findings,
    clean_images,
    of_series,
    scanned,
    told,
    write_images,
)
from transfer.ledger.connection import Ledger
from transfer.ledger.findings import Finding
from transfer.quality.judging import judge
from transfer.quality.rule import Circumstances


def put(image: Dataset, keyword: str, value: Any) -> None:
    """Give an element a value, whether or not the standard allows it."""
    tag = tag_for_keyword(keyword)
    assert tag is not None, "a keyword of the standard"
    image[tag] = DataElement(tag, dictionary_VR(tag), value, validation_mode=pydicom.config.IGNORE)


@dataclass
class Cohort:
    """The cohort before it is written: `images` in the order of their rows, and `files` beside
    them, by names that come after all images."""

    images: list[Dataset] = field(default_factory=clean_images)
    files: dict[str, bytes] = field(default_factory=dict)

    def set(self, series: int, **elements: Any) -> Cohort:
        """Give all images of a Series, by its row, these values; None takes an element away."""
        for image in of_series(self.images, series):
            for keyword, value in elements.items():
                if value is None:
                    delattr(image, keyword)
                else:
                    put(image, keyword, value)
        return self

    def set_all(self, **elements: Any) -> Cohort:
        """The same for every image."""
        for series in range(1, len(self.images) // 2 + 1):
            self.set(series, **elements)
        return self

    def write(self, folder: Path) -> Path:
        """Write all of it; the folder."""
        write_images(folder, self.images)
        for name, content in self.files.items():
            (folder / name).write_bytes(content)
        return folder


Told = tuple[str, str, str]


@dataclass(frozen=True)
class Fault:
    """What is planted, and what is told: rule, key and severity. The key of a file is its name."""

    name: str
    plant: Callable[[Cohort], object]
    told: list[Told]
    now: Circumstances = AS_IS


def found_of(fault: Fault, folder: Path) -> list[Finding]:
    """All findings of the cohort with this fault; files are named, for their rows follow the order
    of the folder."""
    cohort = Cohort()
    fault.plant(cohort)
    source = cohort.write(folder / "source")
    return judged(source, folder / "home", fault.now)


def judged(
    source: Path,
    home: Path,
    now: Circumstances = AS_IS,
    before: Callable[[Ledger], object] = lambda ledger: None,
) -> list[Finding]:
    """As `findings_of`, with the names of files in the place of their keys."""
    with scanned(source, home) as ledger:
        before(ledger)
        judge(ledger, now)
        names = {
            f"F{row}": path.decode()
            for row, path in ledger.rows("SELECT id, path FROM source_file")
        }
        found = all_findings(ledger)
    return [replace(f, key=names.get(f.key, f.key)) for f in found]


def check(fault: Fault, folder: Path) -> None:
    """The fault is found, and nothing else."""
    assert sorted(told(found_of(fault, folder))) == sorted(fault.told)


NOT_REQUIRED = replace(AS_IS, requires_deidentified=False)
INTEGRITY = replace(NOT_REQUIRED, gate="integrity")

"""What is sent, made once a run: a synthetic cohort, its instances, and what a ledger says of them.

`python -m tests.benchmarks.material FOLDER PATIENTS SCALE` makes a cohort, in a process of its own
so that numpy's memory is not that of what is measured.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from transfer.ledger.batches import PlannedInstance

AS_IS: Final = ("--deid", "none", "--by", "a benchmark", "--reason", "made up")
"""What `new` wants to hear when files are to go as they are."""


@dataclass(frozen=True)
class Cohort:
    """Instances on the disk. `listing` names a file with one path a line, Series by Series."""

    source: Path
    listing: Path
    files: Sequence[Path]
    size_bytes: int

    @property
    def mb(self) -> float:
        return self.size_bytes / 1e6

    @property
    def gb(self) -> float:
        return self.size_bytes / 1e9


def cohort(folder: Path, patients: int, scale: Literal["real", "small"] = "real") -> Cohort:
    """A cohort below the folder; one that is there is taken. `real` has 52 MB a patient."""
    place = folder / f"cohort-{scale}-{patients}"
    listing = place.with_suffix(".txt")
    if not listing.exists():
        words = [
            sys.executable,
            "-m",
            "tests.benchmarks.material",
            str(place),
            str(patients),
            scale,
        ]
        subprocess.run(words, check=True)
    files = [Path(line) for line in listing.read_text().splitlines()]
    return Cohort(place, listing, files, sum(f.stat().st_size for f in files))


def planned_of(files: Sequence[Path]) -> list[PlannedInstance]:
    """The instances as a ledger would give them after planning, in the order of the files."""
    from transfer.ledger.batches import PatientFacts, PlannedInstance
    from transfer.scan.inspect import inspect_file
    from transfer.values import (
        SeriesInstanceUID,
        SeriesRef,
        SOPClassUID,
        SOPInstanceUID,
        StudyInstanceUID,
        TransferSyntaxUID,
    )

    rows: dict[str, int] = {}
    planned = []
    for row, file in enumerate(files):
        header = inspect_file(os.fspath(file)).header
        assert header is not None, "the benchmark's files are instances"
        status = file.stat()
        series = SeriesRef(
            StudyInstanceUID(header.study_uid), SeriesInstanceUID(header.series_uid), "P1"
        )
        planned.append(
            PlannedInstance(
                row=row,
                sop_instance_uid=SOPInstanceUID(header.sop_instance_uid),
                sop_class_uid=SOPClassUID(header.sop_class_uid),
                transfer_syntax_uid=TransferSyntaxUID(header.transfer_syntax_uid),
                series_row=rows.setdefault(header.series_uid, len(rows)),
                study_row=rows.setdefault(header.study_uid, len(rows)),
                patient=PatientFacts(1, "", ""),
                series=series,
                path=os.fsencode(file),
                file_bytes=status.st_size,
                mtime_ns=status.st_mtime_ns,
                body_offset=0,
                has_part10=True,
                size_bytes=status.st_size,
                attempts=0,
            )
        )
    return planned


def series_of(files: Sequence[Path]) -> list[list[Path]]:
    """The files of each Series."""
    groups: dict[int, list[Path]] = {}
    for one, file in zip(planned_of(files), files, strict=True):
        groups.setdefault(one.series_row, []).append(file)
    return list(groups.values())


def stow_body(target: Path, files: Sequence[Path]) -> tuple[Path, str]:
    """A STOW-RS body (PS3.18 10.5) of these files, as a file, and its media type as curl's
    configuration wants it."""
    boundary = "benchmark"
    with target.open("wb") as out:
        for file in files:
            out.write(f"\r\n--{boundary}\r\nContent-Type: application/dicom\r\n\r\n".encode())
            out.write(file.read_bytes())
        out.write(f"\r\n--{boundary}--\r\n".encode())
    return target, f'multipart/related; type=\\"application/dicom\\"; boundary={boundary}'


def _make(place: Path, patients: int, scale: str) -> None:
    from adapters.sandbox.synth import write_cohort
    from transfer.scan.inspect import inspect_file

    write_cohort(place, patients=patients, seed=1, scale="small" if scale == "small" else "real")
    found = sorted(
        (header.study_uid, header.series_uid, os.fspath(file))
        for file in place.rglob("*")
        if file.is_file() and (header := inspect_file(os.fspath(file)).header) is not None
    )
    place.with_suffix(".txt").write_text("\n".join(path for _, _, path in found))


if __name__ == "__main__":
    _make(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3])

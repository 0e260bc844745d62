"""The data lake: what a dataset's paths lead to.

Two things lie in it. Studies that came in by STOW-RS, at the places where QP-Insights would have
put them (`<uploader>/<subject>_<project>/<study><date>`); and whatever somebody put into `folder`.
"""

from __future__ import annotations

import hashlib
import mmap
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from adapters.sandbox.part10 import Header, NotDicom, read_header
from adapters.sandbox.realm import INGESTER
from adapters.sandbox.store import MODALITY, Series, Store, Study

SUBPROJECT: Final = 0x70D12000
"""The private tag in which QP-Insights names the subproject of an image at ingest."""
SEX, AGE = 0x00100040, 0x00101010
BODY_PART, MANUFACTURER = 0x00180015, 0x00080070
_STUDY_DATE, _SERIES_NUMBER = 0x00080020, 0x00200011
_READ = frozenset({SUBPROJECT, SEX, AGE, BODY_PART, MANUFACTURER, MODALITY})
_NOT_IN_NAMES: Final = re.compile(r"[^A-Za-z0-9.-]+")


class OutsideTheLake(Exception):
    """A path that leads out of the data lake."""


@dataclass(frozen=True, slots=True)
class SeriesFolder:
    """The files of a series. `is_ingested`: QP-Insights took them in, and so they bear the tag of
    whichever subproject they were sent to, which STOW-RS requests to the stand-in do not tell."""

    files: Sequence[Path]
    is_ingested: bool

    @property
    def size_bytes(self) -> int:
        return sum(file.stat().st_size for file in self.files)

    def header(self) -> Header | None:
        """Of the first file called `*.dcm`; None where there is none, or it is no DICOM file."""
        first = next((file for file in self.files if file.suffix == ".dcm"), None)
        if first is None:
            return None
        try:
            with (
                first.open("rb") as file,
                mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as d,
            ):
                return read_header(d, _READ)
        except (NotDicom, ValueError):
            return None


@dataclass(frozen=True, slots=True)
class Case:
    """A stored study as QP-Insights lists it; `id` is its own, 24 hex digits."""

    id: str
    name: str
    subject: str
    uid: str
    path: str
    series: Mapping[str, SeriesFolder]

    @property
    def instances(self) -> int:
        return sum(len(series.files) for series in self.series.values())


class Lake:
    """Reads what is there at the moment of the question."""

    def __init__(self, folder: Path, store: Store) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self._store = store

    def cases(self, project: str) -> list[Case]:
        """Every stored study, in the order of arrival, as a case of this project."""
        return [_case(study, project) for study in self._store.studies()]

    def studies(self, project: str, paths: Sequence[str]) -> list[Mapping[str, SeriesFolder]]:
        """The series at each path, by folder name; none where nothing is there.

        Raises:
            OutsideTheLake: with the path.
        """
        ingested = {case.path: case.series for case in self.cases(project)}
        return [ingested.get(path) or dict(self._put(path)) for path in paths]

    def _put(self, path: str) -> Iterator[tuple[str, SeriesFolder]]:
        root = self.folder.resolve()
        try:
            study = (root / path).resolve()
        except ValueError as error:
            raise OutsideTheLake(path) from error
        if root not in study.parents:
            raise OutsideTheLake(path)
        if not study.is_dir():
            return
        for folder in sorted(study.iterdir()):
            if folder.is_dir():
                files = sorted(file for file in folder.iterdir() if file.is_file())
                yield folder.name, SeriesFolder(files, is_ingested=False)


def _case(study: Study, project: str) -> Case:
    first = next(study.instances())
    case_id = _digest(f"{study.patient_id}\n{study.uid}")[:24]
    name = f"{_plain(first.header.text(MODALITY)) or 'OT'}{case_id[:8]}"
    date = _plain(first.header.text(_STUDY_DATE))
    path = f"{INGESTER.username}/{_plain(study.patient_id)}_{project}/{name}{date}"
    series = {_folder(each): _files(each) for each in study.series.values()}
    return Case(case_id, name, study.patient_id, study.uid, path, series)


def _folder(series: Series) -> str:
    number = _plain(series.instances[0].header.text(_SERIES_NUMBER)) or "0"
    return f"SER{number}-{_digest(series.uid)[:8]}"


def _files(series: Series) -> SeriesFolder:
    return SeriesFolder([instance.path for instance in series.instances], is_ingested=True)


def _plain(text: str) -> str:
    return _NOT_IN_NAMES.sub("-", text)[:64]


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()

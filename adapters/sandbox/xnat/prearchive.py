"""The prearchive: rows that receive objects, are built, and wait to be archived."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from adapters.sandbox.xnat import modalities
from adapters.sandbox.xnat.dicom import Dicom
from adapters.sandbox.xnat.model import StoredFile

UNASSIGNED = "Unassigned"
_SHORTEST_SWEEP_S = 0.05
OPEN = frozenset({"RECEIVING", "READY", "CONFLICT", "ERROR"})
BUILT = frozenset({"READY", "CONFLICT", "ERROR"})


@dataclass(slots=True)
class PrearchiveScan:
    """One series of a row; its number may be another series' too until the session is built."""

    uid: str
    number: str
    first: Dicom
    id: str = ""
    files: dict[str, StoredFile] = field(default_factory=dict)

    @property
    def xsi_type(self) -> str:
        return modalities.scan_type(self.first.modality, self.first.sop_class)


@dataclass(slots=True)
class PrearchiveRow:
    """One session on its way in; `lastmod` and `uploaded` are on the site's clock."""

    project: str | None
    timestamp: str
    folder: str
    subject: str
    label: str
    tag: str
    uploaded: float
    lastmod: float
    status: str = "RECEIVING"
    auto_archive: int = 0
    overwrite: str = ""
    overwrite_files: bool = False
    prevent_anon: bool = False
    prevent_auto_commit: bool = False
    source: str = ""
    visit: str = ""
    locked_until: float | None = None
    scans: dict[str, PrearchiveScan] = field(default_factory=dict)
    log: list[str] = field(default_factory=list)
    is_direct: bool = False

    @property
    def key(self) -> tuple[str, str, str]:
        return self.project or UNASSIGNED, self.timestamp, self.folder

    @property
    def url(self) -> str:
        """Its address, without `/data`."""
        if self.is_direct:
            return f"/xapi/direct-archive/{self.project}/{self.tag}/{self.label}"
        return "/prearchive/projects/{}/{}/{}".format(*self.key)

    @property
    def is_idle_built(self) -> bool:
        """Whether the idle timer builds it."""
        return not (self.prevent_auto_commit or self.source == "uploader")

    @property
    def xsi_type(self) -> str:
        return modalities.session_type({s.first.modality for s in self.scans.values()})


class Prearchive:
    """All rows. `sweep_s` and `idle_s` are the site's timer: how often it looks, after what rest.

    Time passes only when `advance` is called; it makes up for every sweep since the last call.
    """

    def __init__(
        self, folder: Path, clock: Callable[[], float], *, sweep_s: float, idle_s: float
    ) -> None:
        self._folder = folder
        self._clock = clock
        folder.mkdir(parents=True, exist_ok=True)
        self.sweep_s = max(sweep_s, _SHORTEST_SWEEP_S)
        self.idle_s = idle_s
        self.rows: list[PrearchiveRow] = []
        self.archive_idle: Callable[[PrearchiveRow], None] = lambda row: None
        self._swept = clock()
        self._serial = 0

    def advance(self) -> None:
        """Let locks end and the timer build and archive what was idle at each of its sweeps."""
        now = self._clock()
        for row in self.rows:
            if row.locked_until is not None and row.locked_until <= now:
                row.locked_until = None
                row.status = "READY"
                build(row)
        while self._swept + self.sweep_s <= now:
            self._swept += self.sweep_s
            for row in list(self.rows):
                is_due = row.lastmod + self.idle_s <= self._swept
                if row.status == "RECEIVING" and row.is_idle_built and is_due:
                    build(row)
                    if row.project is not None and (row.auto_archive >= 4 or row.is_direct):
                        self.archive_idle(row)

    def set_timer(self, sweep_s: float, idle_s: float) -> None:
        """Another length of the timer, which begins anew."""
        self.sweep_s, self.idle_s = max(sweep_s, _SHORTEST_SWEEP_S), idle_s
        self._swept = self._clock()

    def find(self, project: str, timestamp: str, folder: str) -> PrearchiveRow | None:
        key = (project, timestamp, folder)
        return next((row for row in self.rows if row.key == key), None)

    def of_project(self, project: str) -> list[PrearchiveRow]:
        return [row for row in self.rows if row.key[0] == project]

    def open_row(self, project: str | None, tag: str, label: str) -> PrearchiveRow | None:
        """The row that takes in objects of this study, if one does: a locked one does not."""
        return next(
            (
                row
                for row in self.rows
                if (row.project, row.tag, row.label) == (project, tag, label) and row.status in OPEN
            ),
            None,
        )

    def add(self, project: str | None, subject: str, label: str, tag: str) -> PrearchiveRow:
        """One more row, under a timestamp that no other has."""
        now = self._clock()
        taken = {row.timestamp for row in self.rows}
        moment = int(now * 1000)
        while (timestamp := _timestamp(moment)) in taken:
            moment += 1
        row = PrearchiveRow(project, timestamp, label, subject, label, tag, now, now)
        self.rows.append(row)
        return row

    def touch(self, row: PrearchiveRow) -> None:
        """Something arrived: the row receives, and its rest begins anew."""
        row.lastmod = self._clock()
        row.status = "RECEIVING"

    def lock(self, row: PrearchiveRow, seconds: float) -> None:
        """Hold the row as an operation does, until `seconds` have passed."""
        row.status = "_BUILDING"
        row.locked_until = self._clock() + seconds

    def path(self) -> Path:
        """Where the bytes of one more object go."""
        self._serial += 1
        return self._folder / f"{self._serial}.dcm"

    def resume(self) -> None:
        """Go on behind the numbers of files that are there already."""
        numbers = [int(path.stem) for path in self._folder.glob("*.dcm") if path.stem.isdigit()]
        self._serial = max([self._serial, *numbers])

    def drop(self, row: PrearchiveRow) -> None:
        for file in files_of(row):
            file.path.unlink(missing_ok=True)
        self.rows.remove(row)

    def clear(self) -> None:
        shutil.rmtree(self._folder, ignore_errors=True)


def build(row: PrearchiveRow) -> None:
    """Write the session document: its scans have IDs from now on, and the row is READY.

    Two series under one number stay apart: the second is `N-CT1` or the like.
    """
    taken: set[str] = set()
    for scan in row.scans.values():
        scan.id = free_scan_id(scan.number, scan.first.modality, taken)
        taken.add(scan.id)
    row.status = "READY"


def free_scan_id(number: str, modality: str, taken: set[str]) -> str:
    """`number`, or where it is taken `number-CT1`, `number-CT2` and so on."""
    found, count = number, 0
    while found in taken:
        count += 1
        found = f"{number}-{modality or 'OT'}{count}"
    return found


def files_of(row: PrearchiveRow) -> Iterator[StoredFile]:
    for scan in row.scans.values():
        yield from scan.files.values()


def _timestamp(moment_ms: int) -> str:
    moment = datetime.fromtimestamp(moment_ms / 1000, UTC)
    return moment.strftime("%Y%m%d_%H%M%S") + f"{moment_ms % 1000:03}"

"""What the stand-in node holds: one file per SOP Instance in a folder, and an index in memory."""

from __future__ import annotations

import hashlib
import mmap
import re
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from adapters.sandbox.hollow import hollow
from adapters.sandbox.part10 import Header, NotDicom, read_header

SOP_CLASS, SOP_INSTANCE = 0x00080016, 0x00080018
PATIENT_ID, STUDY, SERIES = 0x00100020, 0x0020000D, 0x0020000E
CHARACTER_SET, MODALITY = 0x00080005, 0x00080060
INDEXED = frozenset(
    {SOP_CLASS, SOP_INSTANCE, PATIENT_ID, STUDY, SERIES, CHARACTER_SET, MODALITY}
    | {
        0x00080020,
        0x00080030,
        0x00080050,
        0x00080090,
        0x0008103E,
        0x00100010,
        0x00100030,
        0x00100040,
    }
    | {0x00200010, 0x00200011, 0x00200013, 0x00280008, 0x00280010, 0x00280011, 0x00280100}
)
_PLAIN_UID = re.compile(r"[0-9.]{1,64}")


@dataclass(frozen=True, slots=True)
class StoredInstance:
    """One instance that a node holds, as tests ask for it."""

    sha256: str
    path: Path
    received: int
    """How often it came in, the copies that were not kept included; counted since the start."""


@dataclass(frozen=True, slots=True)
class Instance:
    """One indexed instance; `stored_at` is on the monotonic clock."""

    header: Header
    path: Path
    stored_at: float

    @property
    def sop_uid(self) -> str:
        return self.header.text(SOP_INSTANCE)

    @property
    def sop_class(self) -> str:
        return self.header.text(SOP_CLASS)

    @property
    def series_uid(self) -> str:
        return self.header.text(SERIES)

    @property
    def study_uid(self) -> str:
        return self.header.text(STUDY)


@dataclass(slots=True)
class Series:
    """One series of one patient's study."""

    uid: str
    instances: list[Instance] = field(default_factory=list)


@dataclass(slots=True)
class Study:
    """One study of one patient; the same UID under another PatientID is another study."""

    patient_id: str
    uid: str
    series: dict[str, Series] = field(default_factory=dict)

    def instances(self) -> Iterator[Instance]:
        for series in self.series.values():
            yield from series.instances


class Store:
    """Keeps each SOP Instance once: what came first stays, whatever is sent under its UID later.

    Taking in has three steps, so that faults can get in between: write to a `spool` file,
    `examine` it, then `keep` or `discard` it. A folder that was used before is read in again.
    Without `keeps_pixels` there are holes in place of pixel values, and digests of what came.
    """

    def __init__(self, folder: Path, *, keeps_pixels: bool = True) -> None:
        self._keeps_pixels = keeps_pixels
        self._digests: dict[str, bytes] = {}
        self._kept = folder / "instances"
        self._incoming = folder / "incoming"
        for part in (self._kept, self._incoming):
            part.mkdir(parents=True, exist_ok=True)
        self._serial = 0
        self._instances: dict[str, Instance] = {}
        self._studies: dict[tuple[str, str], Study] = {}
        self._received: dict[str, int] = {}
        for leftover in self._incoming.iterdir():
            leftover.unlink()
        for path in sorted(self._kept.iterdir(), key=lambda p: p.stat().st_mtime_ns):
            self._index(Instance(self.examine(path), path, time.monotonic()))

    def spool(self) -> Path:
        """A fresh path to write one part to."""
        self._serial += 1
        return self._incoming / f"{self._serial}.part"

    def examine(self, path: Path) -> Header:
        """Read a file's header and make sure that it is whole.

        Raises:
            NotDicom: it is not.
        """
        if path.stat().st_size == 0:
            raise NotDicom("empty")
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            return read_header(data, INDEXED)

    def keep(self, path: Path, header: Header) -> Instance:
        """Take the spooled file in, or drop it when its UID is held already.

        Gives the instance that is held now.
        """
        uid = header.text(SOP_INSTANCE)
        self._received[uid] = self._received.get(uid, 0) + 1
        held = self._instances.get(uid)
        if held is not None:
            path.unlink()
            return held
        name = uid if _PLAIN_UID.fullmatch(uid) else hashlib.sha256(uid.encode()).hexdigest()
        target = self._kept / f"{name}.dcm"
        if not self._keeps_pixels:
            self._digests[uid] = bytes.fromhex(_sha256(path))
            hollow(path)
        path.rename(target)
        instance = Instance(header, target, time.monotonic())
        self._index(instance)
        return instance

    def discard(self, paths: Iterable[Path]) -> None:
        """Remove spooled files that are not to be kept."""
        for path in paths:
            path.unlink(missing_ok=True)

    def holds(self, sop_uid: str) -> bool:
        return sop_uid in self._instances

    def instance(self, sop_uid: str) -> Instance | None:
        return self._instances.get(sop_uid)

    def studies(self, uid: str | None = None) -> list[Study]:
        """All studies in the order of their arrival, or those under this UID."""
        return [s for s in self._studies.values() if uid is None or s.uid == uid]

    def stored(self) -> Mapping[str, StoredInstance]:
        """Everything held, by SOPInstanceUID; reads every file for its digest."""
        return {
            uid: StoredInstance(self._digest(uid, held.path), held.path, self._received.get(uid, 1))
            for uid, held in self._instances.items()
        }

    def _digest(self, uid: str, path: Path) -> str:
        kept = self._digests.get(uid)
        return kept.hex() if kept else _sha256(path)

    def _index(self, instance: Instance) -> None:
        header = instance.header
        self._instances[instance.sop_uid] = instance
        key = (header.text(PATIENT_ID), instance.study_uid)
        study = self._studies.setdefault(key, Study(*key))
        series = study.series.setdefault(instance.series_uid, Series(instance.series_uid))
        series.instances.append(instance)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()

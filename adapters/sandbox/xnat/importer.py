"""The import service's work: entries of an upload become objects in rows of the prearchive."""

from __future__ import annotations

import asyncio
import tarfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import IO, Literal

from adapters.sandbox.hollow import hollow
from adapters.sandbox.part10 import NotDicom
from adapters.sandbox.xnat import dicom
from adapters.sandbox.xnat.answers import Refused
from adapters.sandbox.xnat.bodies import Spool, Upload
from adapters.sandbox.xnat.javazip import BadZip, JavaZip
from adapters.sandbox.xnat.model import Archive, Project, StoredFile, md5
from adapters.sandbox.xnat.prearchive import Prearchive, PrearchiveRow, PrearchiveScan

UNREADABLE = "unable to read data from file"
OVERWRITES = ("none", "append", "delete")


@dataclass(frozen=True, slots=True)
class Route:
    """Where the objects of one request go, as its parameters say; empty: as the headers say."""

    project: str = ""
    subject: str = ""
    session: str = ""


@dataclass(slots=True)
class ImportOrder:
    """One import: its route, its switches, and what the faults make of it."""

    login: str
    route: Route
    handler: str
    rename: bool = False
    ignores_unparsable: bool = False
    marks: Mapping[str, object] = field(default_factory=dict)
    auto_archive: bool = False
    is_direct: bool = False
    drops: int = 0
    goes_unassigned: bool = False
    second_row_s: float | None = None


class Importer:
    """Takes uploads in, entry by entry: what was stored before a bad entry stays."""

    def __init__(self, archive: Archive, prearchive: Prearchive, spool: Spool) -> None:
        self._archive = archive
        self._prearchive = prearchive
        self._spool = spool
        self.keeps_pixels = True
        self.received: dict[str, int] = {}
        """How often each SOP Instance UID came in."""

    async def take(self, upload: Upload, order: ImportOrder) -> list[PrearchiveRow]:
        """Store everything readable in the upload; the rows it went to, in order.

        Other requests are served between the entries, so they see the rows grow.

        Raises:
            Refused: 400 at the first entry that cannot be read.
        """
        rows: list[PrearchiveRow] = []
        count = 0
        for name, path in self._entries(upload):
            count += 1
            try:
                found = dicom.read(path)
            except NotDicom as error:
                path.unlink(missing_ok=True)
                if order.ignores_unparsable:
                    continue
                raise Refused(400, UNREADABLE) from error
            row = self._store(name, path, found, order)
            if row is not None and row not in rows:
                rows.append(row)
            if order.handler == "SI" and len({row.tag for row in rows}) > 1:
                raise Refused(400, "The upload includes files for multiple imaging sessions")
            await asyncio.sleep(0)
        if not upload.is_whole:
            raise Refused(400, UNREADABLE)
        if not rows and not order.drops:
            raise Refused(400, "no parsable file found" if count else UNREADABLE)
        return rows

    def _entries(self, upload: Upload) -> Iterator[tuple[str, Path]]:
        """Each file of the upload, copied out; it belongs to the caller."""
        if upload.media_type == "application/dicom":
            yield upload.name or "object.dcm", self._copy(upload.path)
        elif upload.media_type == "application/zip":
            yield from self._zip_entries(upload.path)
        elif upload.media_type in ("application/x-tar", "application/x-gtar"):
            yield from self._tar_entries(upload)
        else:
            raise Refused(400, "Unsupported format UNKNOWN")

    def _copy(self, source: Path) -> Path:
        target = self._spool.path()
        source.rename(target)
        return target

    def _zip_entries(self, source: Path) -> Iterator[tuple[str, Path]]:
        with source.open("rb") as file:
            try:
                for name, content in JavaZip(file).entries():
                    path = self._spool.path()
                    try:
                        with path.open("wb") as target:
                            for data in content:
                                target.write(data)
                    except BadZip:
                        path.unlink()
                        raise
                    yield name, path
            except BadZip as error:
                raise Refused(400, UNREADABLE) from error

    def _tar_entries(self, upload: Upload) -> Iterator[tuple[str, Path]]:
        is_packed = upload.media_type == "application/x-gtar"
        mode: Literal["r|gz", "r|"] = "r|gz" if is_packed else "r|"
        try:
            with tarfile.open(upload.path, mode) as archive:
                for member in archive:
                    opened: IO[bytes] | None = archive.extractfile(member)
                    if not member.isfile() or opened is None:
                        continue
                    path = self._spool.path()
                    with path.open("wb") as target:
                        while data := opened.read(1 << 20):
                            target.write(data)
                    if path.stat().st_size != member.size:
                        path.unlink()
                        raise Refused(400, UNREADABLE)
                    yield member.name, path
        except (tarfile.TarError, EOFError, OSError) as error:
            raise Refused(400, UNREADABLE) from error

    def _store(
        self, name: str, path: Path, found: dicom.Dicom, order: ImportOrder
    ) -> PrearchiveRow | None:
        """Put one object into its row; None when it is dropped without a word."""
        self.received[found.sop_uid] = self.received.get(found.sop_uid, 0) + 1
        if order.drops:
            order.drops -= 1
            path.unlink()
            return None
        row = self._row(found, order)
        scan = row.scans.get(found.series_uid)
        if scan is None:
            number = dicom.cleaned(found.series_number or found.series_uid)
            scan = PrearchiveScan(found.series_uid, number, found)
            row.scans[found.series_uid] = scan
        kept = _name(scan, PurePosixPath(name).name, found, order.rename)
        held = scan.files.pop(kept, None)
        if held is not None:
            held.path.unlink(missing_ok=True)
        target = self._prearchive.path()
        dicom.rewrite_meta(path, target)
        path.unlink()
        scan.files[kept] = StoredFile(
            kept,
            target,
            target.stat().st_size,
            md5(target),
            sop_uid=found.sop_uid,
            instance_number=found.instance_number,
        )
        if not self.keeps_pixels:
            hollow(target)
        self._prearchive.touch(row)
        return row

    def _row(self, found: dicom.Dicom, order: ImportOrder) -> PrearchiveRow:
        project = self._project(found, order)
        said = dicom.routed(found)
        subject = order.route.subject or said.get("subject") or found.patient_name
        label = order.route.session or said.get("session") or found.patient_id
        subject = dicom.cleaned(subject) or "dicom_upload"
        label = dicom.cleaned(label) or "dicom_upload"
        key = project.id if project else None
        row = self._prearchive.open_row(key, found.study_uid, label)
        if row is not None and order.second_row_s is not None:
            self._prearchive.lock(row, order.second_row_s)
            row, order.second_row_s = None, None
        if row is None:
            row = self._prearchive.add(key, subject, label, found.study_uid)
            row.auto_archive = project.prearchive_code if project else 0
        if order.auto_archive:
            row.auto_archive = max(row.auto_archive, 4)
        if order.is_direct and project is not None:
            row.is_direct = self._archive.session(label, project.id) is None
        for mark, value in order.marks.items():
            setattr(row, mark, value)
        return row

    def _project(self, found: dicom.Dicom, order: ImportOrder) -> Project | None:
        """The first project named that the user may write to; a wrong name is no error."""
        if order.goes_unassigned:
            return None
        said = dicom.routed(found).get("project", "")
        for name in (order.route.project, said, found.study_description, found.accession):
            project = self._archive.projects.get(name)
            if project and project.users.get(order.login) in ("owner", "member"):
                return project
        return None


def _name(scan: PrearchiveScan, base: str, found: dicom.Dicom, is_renamed: bool) -> str:
    """The name to store an object under; never that of another object."""
    standard = dicom.standard_name(found)
    held = scan.files.get(base)
    if is_renamed or not base or (held is not None and held.sop_uid != found.sop_uid):
        return standard
    return base

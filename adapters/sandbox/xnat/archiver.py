"""Archiving a row of the prearchive: conflicts, merging, renaming of scans."""

from __future__ import annotations

from dataclasses import dataclass

from adapters.sandbox.xnat import modalities
from adapters.sandbox.xnat.dicom import cleaned
from adapters.sandbox.xnat.model import (
    Archive,
    Resource,
    Scan,
    Session,
    StoredFile,
    dicom_resource,
)
from adapters.sandbox.xnat.prearchive import (
    Prearchive,
    PrearchiveRow,
    PrearchiveScan,
    build,
    free_scan_id,
)


class Conflict(Exception):
    """The row cannot be archived as asked; the text says why."""


@dataclass(frozen=True, slots=True)
class Orders:
    """How a row is to be archived; empty labels leave the row's own."""

    overwrite: str = ""
    overwrite_files: bool = False
    project: str = ""
    subject: str = ""
    session: str = ""


class Archiver:
    """Moves rows into the archive, by the rules of XNAT's session merge."""

    def __init__(self, archive: Archive, prearchive: Prearchive) -> None:
        self._archive = archive
        self._prearchive = prearchive
        prearchive.archive_idle = self._archive_idle

    def archive(self, row: PrearchiveRow, orders: Orders) -> Session:
        """Archive a built row, which is gone afterwards.

        Raises:
            Conflict: it stays, in state CONFLICT with the reason in its log.
        """
        if row.status not in ("READY", "CONFLICT", "ERROR"):
            build(row)
        try:
            session = self._target(row, orders)
        except Conflict as conflict:
            row.status = "CONFLICT"
            row.log.append(str(conflict))
            raise
        for scan in row.scans.values():
            self._merge_scan(session, scan)
        self._prearchive.rows.remove(row)
        return session

    def check(self, row: PrearchiveRow, orders: Orders) -> list[tuple[int, str, str]]:
        """What would stand in the way: code, kind and message of each finding."""
        try:
            existing = self._existing(row, orders)
            self._refuse_conflicts(row, orders, existing)
        except Conflict as conflict:
            return [(1, "CONFLICT", str(conflict))]
        return [(2, "WARN", "Session already exists and will be merged")] if existing else []

    def _archive_idle(self, row: PrearchiveRow) -> None:
        overrides = row.auto_archive == 5
        orders = Orders("append" if overrides else row.overwrite, overrides or row.overwrite_files)
        try:
            self.archive(row, orders)
        except Conflict:
            return

    def _target(self, row: PrearchiveRow, orders: Orders) -> Session:
        """The archived session that takes the row in, made where there was none."""
        existing = self._existing(row, orders)
        self._refuse_conflicts(row, orders, existing)
        if existing is not None:
            existing.uid = existing.uid or row.tag
            _describe(existing, row)
            return existing
        project = orders.project or row.project
        assert project is not None, "unassigned rows are conflicts"
        subject_label = cleaned(orders.subject or row.subject)
        subject = self._archive.subject(project, subject_label)
        if subject is None:
            subject = self._archive.add_subject(project, subject_label)
        label = cleaned(orders.session or row.label)
        session = self._archive.add_session(subject, label, row.xsi_type)
        session.uid = row.tag
        _describe(session, row)
        return session

    def _existing(self, row: PrearchiveRow, orders: Orders) -> Session | None:
        project = orders.project or row.project
        if project is None:
            raise Conflict("Unable to identify destination project")
        return self._archive.session(cleaned(orders.session or row.label), project)

    def _refuse_conflicts(
        self, row: PrearchiveRow, orders: Orders, existing: Session | None
    ) -> None:
        if existing is None:
            return
        subject = self._archive.subjects[existing.subject]
        if existing.is_locked:
            raise Conflict("Destination session in use")
        if cleaned(orders.subject or row.subject).lower() not in (
            subject.label.lower(),
            subject.id.lower(),
        ):
            raise Conflict("Session already exists for another subject")
        if existing.uid and existing.uid != row.tag:
            raise Conflict("Session already exists with a different Study Instance UID")
        if existing.xsi_type != row.xsi_type:
            raise Conflict("Session already exists with a different modality")
        if orders.overwrite not in ("append", "delete"):
            raise Conflict("Session already exists, retry with overwrite enabled")
        replaces = orders.overwrite == "delete" or orders.overwrite_files
        if not replaces and self._has_duplicates(existing, row):
            raise Conflict("Session already contains some of these files")

    def _has_duplicates(self, session: Session, row: PrearchiveRow) -> bool:
        for incoming in row.scans.values():
            scan = _same_series(session, incoming)
            held = dicom_resource(scan) if scan else None
            if held and any(_held(held, file) for file in incoming.files.values()):
                return True
        return False

    def _merge_scan(self, session: Session, incoming: PrearchiveScan) -> None:
        scan = _same_series(session, incoming)
        if scan is None:
            modality = incoming.first.modality
            key = free_scan_id(incoming.number, modality, set(session.scans))
            scan = Scan(key, incoming.xsi_type, incoming.uid, modality)
            scan.fields.update(
                {
                    "type": incoming.first.series_description or incoming.first.modality,
                    "series_description": incoming.first.series_description,
                    "quality": "usable",
                    "scanner/manufacturer": incoming.first.manufacturer,
                }
            )
            session.scans[key] = scan
        resource = dicom_resource(scan)
        if resource is None:
            label = "secondary" if incoming.xsi_type == "xnat:scScanData" else "DICOM"
            resource = self._archive.add_resource(scan, label)
            resource.format = "DICOM"
            resource.content = "RAW"
        for file in incoming.files.values():
            self._place(resource, file)
        scan.fields["frames"] = str(len(resource.files))

    def _place(self, resource: Resource, file: StoredFile) -> None:
        """Take a file in, in place of the one with its SOP Instance UID."""
        for held in _held(resource, file):
            held.path.unlink(missing_ok=True)
            del resource.files[held.name]
        stem, dot, ending = file.name.rpartition(".")
        count = 0
        while file.name in resource.files:
            count += 1
            file.name = f"{stem}_{count}{dot}{ending}"
        target = self._archive.file_path()
        file.path.rename(target)
        file.path = target
        resource.files[file.name] = file


def _same_series(session: Session, incoming: PrearchiveScan) -> Scan | None:
    found = next((s for s in session.scans.values() if s.uid and s.uid == incoming.uid), None)
    if found is None:
        at_number = session.scans.get(incoming.number)
        if at_number is not None and not at_number.uid and not dicom_resource(at_number):
            at_number.uid, at_number.modality = incoming.uid, incoming.first.modality
            return at_number
    return found


def _held(resource: Resource, file: StoredFile) -> list[StoredFile]:
    return [held for held in resource.files.values() if held.sop_uid == file.sop_uid]


def _describe(session: Session, row: PrearchiveRow) -> None:
    first = next(iter(row.scans.values())).first
    session.fields.setdefault("modality", modalities.session_modality(session.xsi_type))
    if len(first.study_date) == 8:
        date = first.study_date
        session.fields.setdefault("date", f"{date[:4]}-{date[4:6]}-{date[6:]}")
    session.fields.setdefault("dcmPatientId", first.patient_id)
    session.fields.setdefault("dcmPatientName", first.patient_name)
    session.fields.setdefault("scanner/manufacturer", first.manufacturer)
    if row.visit:
        session.fields["visit_id"] = row.visit

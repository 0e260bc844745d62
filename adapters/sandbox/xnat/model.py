"""What the stand-in's archive holds: projects, subjects, sessions, scans, resources, files."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

Role = Literal["owner", "member", "collaborator"]
ROLES: tuple[Role, ...] = ("owner", "member", "collaborator")


@dataclass(slots=True)
class StoredFile:
    """One file of a resource; `path` is where its bytes lie."""

    name: str
    path: Path
    size: int
    md5: str
    format: str = ""
    content: str = ""
    tags: str = ""
    sop_uid: str = ""
    instance_number: str = ""


@dataclass(slots=True)
class Resource:
    """A labelled catalog of files; also reached by its number. `revision` counts what was put."""

    number: int
    label: str
    format: str = ""
    content: str = ""
    tags: str = ""
    description: str = ""
    files: dict[str, StoredFile] = field(default_factory=dict)
    revision: int = 0

    @property
    def size(self) -> int:
        return sum(file.size for file in self.files.values())


@dataclass(slots=True)
class Holder:
    """Anything that has resources."""

    resources: dict[str, Resource] = field(default_factory=dict, kw_only=True)
    fields: dict[str, str] = field(default_factory=dict, kw_only=True)
    lost_files: list[tuple[Resource, StoredFile]] = field(default_factory=list, kw_only=True)
    """Files on disk that no catalog lists: a catalog was written twice at once."""

    def resource(self, key: str) -> Resource | None:
        """By label or by number."""
        if key in self.resources:
            return self.resources[key]
        return next((r for r in self.resources.values() if str(r.number) == key), None)


@dataclass(slots=True)
class Scan(Holder):
    """One series of a session; `id` need not be the Series Number."""

    id: str
    xsi_type: str
    uid: str = ""
    modality: str = ""


@dataclass(slots=True)
class Session(Holder):
    """An imaging session, which XNAT calls experiment."""

    id: str
    label: str
    project: str
    subject: str
    xsi_type: str
    started: str
    uid: str = ""
    is_locked: bool = False
    scans: dict[str, Scan] = field(default_factory=dict)


@dataclass(slots=True)
class Subject(Holder):
    """A subject and its demographic fields."""

    id: str
    label: str
    project: str
    started: str
    demographics: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Project(Holder):
    """A project with its settings; `users` are the logins with a role in it."""

    id: str
    started: str
    accessibility: str = "private"
    prearchive_code: int = 4
    quarantine_code: int = 0
    users: dict[str, Role] = field(default_factory=dict)


class Archive:
    """All that is archived; look-ups take IDs and labels alike."""

    def __init__(self, folder: Path, clock: Callable[[], float]) -> None:
        self._folder = folder
        self._clock = clock
        folder.mkdir(parents=True, exist_ok=True)
        self.projects: dict[str, Project] = {}
        self.subjects: dict[str, Subject] = {}
        self.sessions: dict[str, Session] = {}
        self.deleted_projects: set[str] = set()
        self._numbers: Iterator[int] = itertools.count(1)

    def number(self) -> int:
        """The next free number: for resources, files and IDs alike."""
        return next(self._numbers)

    def count_from(self, numbers: Iterator[int]) -> None:
        """Give out these numbers from now on."""
        self._numbers = numbers

    def file_path(self) -> Path:
        """Where the bytes of one more file go."""
        return self._folder / f"{self.number()}.bin"

    def now(self) -> str:
        """The site's time, as listings show it."""
        moment = datetime.fromtimestamp(self._clock(), UTC)
        return moment.strftime("%Y-%m-%d %H:%M:%S.") + f"{moment.microsecond // 100_000}"

    def add_project(self, key: str, owner: str) -> Project:
        project = Project(key, self.now(), users={owner: "owner"})
        project.fields.update({"secondary_ID": key, "name": key})
        self.projects[key] = project
        return project

    def subject(self, project: str, key: str) -> Subject | None:
        """By ID or by label, whose case does not matter."""
        for subject in self.subjects.values():
            is_named = subject.label.lower() == key.lower() and subject.project == project
            if subject.id == key or is_named:
                return subject
        return None

    def subjects_of(self, project: str) -> list[Subject]:
        return [s for s in self.subjects.values() if s.project == project]

    def add_subject(self, project: str, label: str) -> Subject:
        subject = Subject(f"XNAT_S{self.number():05}", label, project, self.now())
        self.subjects[subject.id] = subject
        return subject

    def session(self, key: str, project: str | None = None) -> Session | None:
        """By ID, or within a project by label."""
        if key in self.sessions:
            return self.sessions[key]
        return next(
            (s for s in self.sessions.values() if s.label == key and s.project == project), None
        )

    def sessions_of(self, project: str, subject: str | None = None) -> list[Session]:
        return [
            s
            for s in self.sessions.values()
            if s.project == project and (subject is None or s.subject == subject)
        ]

    def add_session(self, subject: Subject, label: str, xsi_type: str) -> Session:
        key = f"XNAT_E{self.number():05}"
        session = Session(key, label, subject.project, subject.id, xsi_type, self.now())
        self.sessions[key] = session
        return session

    def add_resource(self, holder: Holder, label: str) -> Resource:
        resource = Resource(self.number(), label)
        holder.resources[label] = resource
        return resource

    def drop_resource(self, holder: Holder, resource: Resource) -> None:
        for file in resource.files.values():
            file.path.unlink(missing_ok=True)
        del holder.resources[resource.label]

    def drop_session(self, session: Session) -> None:
        self._drop_files(session, *session.scans.values())
        del self.sessions[session.id]

    def drop_subject(self, subject: Subject) -> None:
        for session in self.sessions_of(subject.project, subject.id):
            self.drop_session(session)
        self._drop_files(subject)
        del self.subjects[subject.id]

    def drop_project(self, project: Project) -> None:
        """Remove it with all below; its ID is taken for ever."""
        for subject in self.subjects_of(project.id):
            self.drop_subject(subject)
        self._drop_files(project)
        del self.projects[project.id]
        self.deleted_projects.add(project.id)

    def _drop_files(self, *holders: Holder) -> None:
        for holder in holders:
            for resource in list(holder.resources.values()):
                self.drop_resource(holder, resource)

    def dicom_files(self) -> Iterator[tuple[Session, Scan, StoredFile]]:
        """Every archived DICOM object with where it is."""
        for session in self.sessions.values():
            for scan in session.scans.values():
                for resource in scan.resources.values():
                    for file in resource.files.values():
                        if file.sop_uid:
                            yield session, scan, file


def md5(path: Path) -> str:
    """The digest that XNAT's catalogs carry."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()


def dicom_resource(scan: Scan) -> Resource | None:
    """The resource that holds a scan's images: DICOM, or secondary for captures."""
    return scan.resources.get("DICOM") or scan.resources.get("secondary")

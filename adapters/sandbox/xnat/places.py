"""Addresses below `/data`: what a path names, by IDs and labels alike."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from adapters.sandbox.xnat.answers import Refused
from adapters.sandbox.xnat.call import Call
from adapters.sandbox.xnat.model import Holder, Project, Scan, Session, StoredFile, Subject

_LEVELS = ("projects", "subjects", "experiments", "scans")


@dataclass(slots=True)
class Place:
    """The deepest object that a path names, and the words behind it.

    `missing` is the last word when it names nothing yet, as in a PUT; `level` is its level then.
    """

    project: Project
    level: str
    subject: Subject | None = None
    session: Session | None = None
    scan: Scan | None = None
    missing: str = ""
    rest: list[str] = field(default_factory=list)
    is_short: bool = False
    """Whether the session was named without its subject."""

    @property
    def holder(self) -> Holder:
        return self.scan or self.session or self.subject or self.project

    @property
    def uri(self) -> str:
        """The address under which listings show the object."""
        if self.scan is not None and self.session is not None:
            return f"/data/experiments/{self.session.id}/scans/{self.scan.id}"
        if self.session is not None:
            return f"/data/experiments/{self.session.id}"
        if self.subject is not None:
            return f"/data/subjects/{self.subject.id}"
        return f"/data/projects/{self.project.id}"


def walk(call: Call, words: Sequence[str]) -> Place:
    """Resolve a path from `projects`, `subjects` or `experiments` on.

    Raises:
        Refused: 404 or 403; something on the way is unknown or not for the caller's eyes.
    """
    left = list(words)
    place = _start(call, left)
    while len(left) >= 2 and left[0] in _LEVELS and not place.missing:
        level, key = left[0], left[1]
        if level == "scans" and (key == "ALL" or "," in key):
            break
        if _LEVELS.index(level) <= _LEVELS.index(place.level):
            raise Refused(404)
        del left[:2]
        _step(call, place, level, key, left)
    place.rest = left
    return place


def _start(call: Call, left: list[str]) -> Place:
    if len(left) < 2:
        raise Refused(404)
    level, key = left[0], left[1]
    del left[:2]
    archive = call.site.archive
    if level == "projects":
        return Place(call.project(key), "projects")
    if level == "subjects" and key in archive.subjects:
        subject = archive.subjects[key]
        return Place(call.project(subject.project), "subjects", subject)
    if level == "experiments" and key in archive.sessions:
        session = archive.sessions[key]
        subject = archive.subjects[session.subject]
        return Place(call.project(session.project), "experiments", subject, session)
    raise Refused(404, f"Unable to identify '{key}'")


def _step(call: Call, place: Place, level: str, key: str, left: Sequence[str]) -> None:
    archive, project = call.site.archive, place.project.id
    found: Holder | None
    if level == "subjects":
        found = place.subject = archive.subject(project, key)
    elif level == "experiments":
        session = archive.session(key, project)
        if session is not None and session.project != project:
            session = None
        if session is not None and place.subject and session.subject != place.subject.id:
            session = None
        place.is_short = place.subject is None
        found = place.session = session
        if session is not None:
            place.subject = archive.subjects[session.subject]
    else:
        found = place.scan = place.session.scans.get(key) if place.session else None
    has_session = level == "subjects" and left[:1] == ["experiments"]
    may_be_new = call.method == "PUT" and (not left or has_session)
    if found is None and not may_be_new:
        raise Refused(404, f"Unable to identify '{key}'")
    if found is None and has_session:
        # A session is put below a subject that is not there yet: both come to be.
        call.require(call.may_edit(place.project))
        place.subject = archive.add_subject(project, key)
    elif found is None:
        place.missing = key
    place.level = level


def dicom_files(place: Place) -> Iterator[StoredFile]:
    """The DICOM objects of a scan or session."""
    scans = [place.scan] if place.scan else place.session.scans.values() if place.session else []
    for scan in scans:
        for resource in scan.resources.values():
            yield from (file for file in resource.files.values() if file.sop_uid)

"""`/data/projects`, `/data/subjects`, `/data/experiments`: the way to the object that is meant."""

from __future__ import annotations

from starlette.responses import Response

from adapters.sandbox.xnat import files, objects, places, projects
from adapters.sandbox.xnat.answers import Refused
from adapters.sandbox.xnat.call import Call
from adapters.sandbox.xnat.model import Scan, Session, Subject
from adapters.sandbox.xnat.places import Place

_SUBJECTS = ("ID", "project", "label", "insert_date", "insert_user", "URI")
_MORE_SUBJECTS = ("gender", "yob", "age", "handedness", "group", "xsiType", "demographics")
_SESSIONS = ("ID", "project", "date", "xsiType", "label", "insert_date", "URI")
_MORE_SESSIONS = ("subject_ID", "subject_label", "subject_project", "UID", "modality", "visit_id")
_BASES = ("xnat:experimentData", "xnat:subjectAssessorData", "xnat:imageSessionData")
_SCANS = (
    "xnat_imagescandata_id",
    "ID",
    "type",
    "quality",
    "xsiType",
    "note",
    "series_description",
    "URI",
)
_MORE_SCANS = ("UID", "modality", "frames", "scanner/manufacturer")


async def answer(call: Call) -> Response:
    """Dispatch below `/data`."""
    words = list(call.words)
    if words == ["projects"]:
        return projects.listing(call)
    if words == ["subjects"]:
        return subjects(call, _visible_subjects(call))
    if words == ["experiments"]:
        return sessions(call, _visible_sessions(call))
    if words[0] == "projects" and (len(words) == 2 or words[2] in projects.SETTINGS):
        return await projects.answer(call)
    place = places.walk(call, words)
    if place.is_short and place.session is not None and place.rest[:1] == ["scans"]:
        # No route of XNAT: it matches the beginning and shows the session.
        return call.item(objects.session_item(call.site.archive, place.session))
    if place.session is not None and place.rest == ["scans"]:
        return scans(call, place.session)
    if not place.rest:
        return await objects.answer(call, place)
    if place.missing:
        raise Refused(404)
    if place.rest[0] in ("resources", "files"):
        return await files.answer(call, place)
    return _below(call, place)


def _below(call: Call, place: Place) -> Response:
    archive = call.site.archive
    match place.level, place.rest:
        case "projects", ["subjects"]:
            return subjects(call, archive.subjects_of(place.project.id))
        case "projects", ["experiments"]:
            return sessions(call, archive.sessions_of(place.project.id))
        case "subjects", ["experiments"] if place.subject is not None:
            return sessions(call, archive.sessions_of(place.project.id, place.subject.id))
        case "experiments", ["assessors"] | ["reconstructions"]:
            return call.listing("Assessors", [], ("ID", "label", "xsiType", "URI"))
        case "experiments", ["scans", "ALL" | _, "files" | "resources"] if place.session:
            return files.many_scans(call, place)
        case "experiments", ["projects"]:
            return projects.of_session(call, place.project)
    raise Refused(404)


def subjects(call: Call, found: list[Subject]) -> Response:
    """A listing of subjects."""
    rows = [
        {
            **subject.demographics,
            **subject.fields,
            "ID": subject.id,
            "project": subject.project,
            "label": subject.label,
            "insert_date": subject.started,
            "insert_user": "ingester",
            "xsiType": "xnat:subjectData",
            "URI": f"/data/subjects/{subject.id}",
        }
        for subject in found
    ]
    return call.listing("Subjects", rows, _SUBJECTS, _MORE_SUBJECTS)


def sessions(call: Call, found: list[Session]) -> Response:
    """A listing of sessions."""
    archive = call.site.archive
    kind = call.query.get("xsiType", "")
    wanted = "" if kind in _BASES else kind
    project = call.query.get("project", "")
    rows = [
        {
            **session.fields,
            "ID": session.id,
            "project": session.project,
            "date": session.fields.get("date", ""),
            "xsiType": session.xsi_type,
            "label": session.label,
            "insert_date": session.started,
            "UID": session.uid,
            "subject_ID": session.subject,
            "subject_label": archive.subjects[session.subject].label,
            "subject_project": session.project,
            "URI": f"/data/experiments/{session.id}",
        }
        for session in found
        if wanted in ("", session.xsi_type) and project in ("", session.project)
    ]
    return call.listing("Matching experiments", rows, _SESSIONS, _MORE_SESSIONS)


def scans(call: Call, session: Session) -> Response:
    """A listing of scans."""
    rows = [
        {
            **scan.fields,
            "xnat_imagescandata_id": str(number),
            "ID": scan.id,
            "xsiType": scan.xsi_type,
            "UID": scan.uid,
            "modality": scan.modality,
            "URI": f"/data/experiments/{session.id}/scans/{scan.id}",
        }
        for number, scan in enumerate(_in_order(session), 1)
    ]
    return call.listing("Scans", rows, _SCANS, _MORE_SCANS)


def _in_order(session: Session) -> list[Scan]:
    return list(session.scans.values())


def _visible_subjects(call: Call) -> list[Subject]:
    found = call.site.archive
    return [s for s in found.subjects.values() if call.may_read(found.projects[s.project])]


def _visible_sessions(call: Call) -> list[Session]:
    found = call.site.archive
    return [s for s in found.sessions.values() if call.may_read(found.projects[s.project])]

"""Subjects, sessions and scans as items: read, create, change, delete."""

from __future__ import annotations

from starlette.responses import Response

from adapters.sandbox.xnat import fields, modalities
from adapters.sandbox.xnat.answers import Refused, text
from adapters.sandbox.xnat.call import Call
from adapters.sandbox.xnat.dicom import cleaned
from adapters.sandbox.xnat.model import Archive, Holder, Resource, Scan, Session, Subject
from adapters.sandbox.xnat.places import Place
from adapters.sandbox.xnat.tables import Item

_SCAN_TYPES = frozenset(f"xnat:{prefix}ScanData" for prefix in modalities.SCAN_PREFIXES)
_SESSION_TYPES = frozenset(f"xnat:{prefix}SessionData" for prefix in modalities.SESSION_PREFIXES)


async def answer(call: Call, place: Place) -> Response:
    """One request for a subject, session or scan itself."""
    if call.method == "PUT":
        call.require(call.may_edit(place.project))
        if place.level == "subjects":
            return _put_subject(call, place)
        if place.level == "experiments":
            return _put_session(call, place)
        return _put_scan(call, place)
    if call.method == "DELETE":
        call.require(call.may_delete(place.project))
        _delete(call.site.archive, place)
        return text("")
    if call.method not in ("GET", "HEAD"):
        raise Refused(405)
    archive = call.site.archive
    if place.scan is not None:
        assert place.session is not None, "scans are below sessions"
        return call.item(scan_item(place.scan, place.session))
    if place.session is not None:
        return call.item(session_item(archive, place.session))
    assert place.subject is not None, "nothing else was named"
    return call.item(subject_item(archive, place.subject))


def _put_subject(call: Call, place: Place) -> Response:
    archive, status = call.site.archive, 200
    subject = place.subject
    given = fields.given(call.query)
    if subject is None:
        label = given.pop("label", "") or place.missing
        subject = archive.add_subject(place.project.id, cleaned(label))
        status = 201
    for name, value in given.items():
        if name.startswith("demographics/"):
            subject.demographics[name.partition("/")[2]] = value
        elif name == "label":
            subject.label = cleaned(value)
        elif name not in ("ID", "project"):
            subject.fields[name] = value
    return text(subject.id, status)


def _put_session(call: Call, place: Place) -> Response:
    archive, status = call.site.archive, 200
    session = place.session
    given = fields.given(call.query)
    if session is None:
        xsi_type = call.query.get("xsiType", "")
        if xsi_type not in _SESSION_TYPES:
            raise Refused(400, f"'{xsi_type}' is no type of an imaging session")
        label = cleaned(given.pop("label", "") or place.missing)
        taken = archive.session(label, place.project.id)
        if taken is not None:
            raise Refused(409, "Session already exists for another subject")
        if place.subject is None:
            raise Refused(400, "A subject is needed")
        session = archive.add_session(place.subject, label, xsi_type)
        session.fields["modality"] = modalities.session_modality(xsi_type)
        status = 201
    if call.flag("pullDataFromHeaders"):
        _pull(session)
    for name, value in given.items():
        if name == "label":
            session.label = cleaned(value)
        elif name == "UID":
            session.uid = value
        elif name not in ("ID", "project", "subject_ID"):
            session.fields[name.removeprefix("demographics/")] = value
    return text(session.id, status)


def _pull(session: Session) -> None:
    """Fields from the headers of the archived objects: the series' descriptions."""
    for scan in session.scans.values():
        scan.fields.setdefault("type", scan.fields.get("series_description", ""))


def _put_scan(call: Call, place: Place) -> Response:
    session, scan = place.session, place.scan
    assert session is not None, "scans are below sessions"
    xsi_type = call.query.get("xsiType", "")
    if scan is None or xsi_type:
        if xsi_type not in _SCAN_TYPES:
            raise Refused(400, f"'{xsi_type}' is no type of a scan")
        if scan is not None and scan.xsi_type != xsi_type:
            raise Refused(409, "The scan exists with another type")
    if scan is None:
        scan = Scan(place.missing, xsi_type)
        session.scans[scan.id] = scan
    for name, value in fields.given(call.query).items():
        if name == "UID":
            scan.uid = value
        elif name != "ID":
            scan.fields[name.removeprefix("demographics/")] = value
    return text("")


def _delete(archive: Archive, place: Place) -> None:
    if place.scan is not None and place.session is not None:
        for resource in list(place.scan.resources.values()):
            archive.drop_resource(place.scan, resource)
        del place.session.scans[place.scan.id]
    elif place.session is not None:
        archive.drop_session(place.session)
    elif place.subject is not None:
        archive.drop_subject(place.subject)


def _file_items(holder: Holder, place: str) -> list[Item]:
    return [_resource_item(resource, place) for resource in holder.resources.values()]


def _resource_item(resource: Resource, base: str) -> Item:
    shown = {
        "xnat_abstractresource_id": str(resource.number),
        "label": resource.label,
        "URI": f"{base}/resources/{resource.number}/{resource.label}_catalog.xml",
        "file_count": str(len(resource.files)),
        "file_size": str(resource.size),
        "format": resource.format,
        "content": resource.content,
    }
    return Item("xnat:resourceCatalog", shown)


def _custom_items(holder: Holder) -> list[Item]:
    return [
        Item("xnat:fields", {"name": name.partition(":")[2], "field": value})
        for name, value in holder.fields.items()
        if name.startswith("custom:")
    ]


def _plain(holder: Holder) -> dict[str, str]:
    return {n: v for n, v in holder.fields.items() if not n.startswith("custom:")}


def subject_item(archive: Archive, subject: Subject) -> Item:
    """A subject with its demographics and sessions."""
    shown = {
        "ID": subject.id,
        "label": subject.label,
        "project": subject.project,
        **_plain(subject),
    }
    below = archive.sessions_of(subject.project, subject.id)
    children = {
        "experiments/experiment": [session_item(archive, session) for session in below],
        "resources/resource": _file_items(subject, f"/data/subjects/{subject.id}"),
        "fields/field": _custom_items(subject),
    }
    if subject.demographics:
        children["demographics"] = [Item("xnat:demographicData", subject.demographics)]
    return Item("xnat:subjectData", shown, children, subject.started)


def session_item(archive: Archive, session: Session) -> Item:
    """A session with its scans and resources."""
    shown = {
        "ID": session.id,
        "label": session.label,
        "project": session.project,
        "subject_ID": session.subject,
        "UID": session.uid,
        **_plain(session),
    }
    children = {
        "scans/scan": [scan_item(scan, session) for scan in session.scans.values()],
        "resources/resource": _file_items(session, f"/data/experiments/{session.id}"),
        "fields/field": _custom_items(session),
    }
    return Item(session.xsi_type, shown, children, session.started)


def scan_item(scan: Scan, session: Session) -> Item:
    """A scan with its resources."""
    shown = {
        "ID": scan.id,
        "image_session_ID": session.id,
        "UID": scan.uid,
        "modality": scan.modality,
        **_plain(scan),
    }
    base = f"/data/experiments/{session.id}/scans/{scan.id}"
    return Item(scan.xsi_type, shown, {"file": _file_items(scan, base)})

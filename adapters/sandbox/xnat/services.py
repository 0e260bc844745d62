"""`/data/services/...`: archive, validate-archive, prearchive queues, refresh, DICOM headers."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from starlette.responses import Response

from adapters.sandbox.front import apply
from adapters.sandbox.xnat import answers, bodies, places, tables, uploads
from adapters.sandbox.xnat.answers import Refused
from adapters.sandbox.xnat.archiver import Conflict, Orders
from adapters.sandbox.xnat.call import Call
from adapters.sandbox.xnat.model import md5
from adapters.sandbox.xnat.prearchive import PrearchiveRow, build
from adapters.sandbox.xnat.prearchive_routes import is_locked

_TRANSIENT = {
    "duplicate-archive": "duplicate archive attempt",
    "in-use": "destination session in use",
}


async def answer(call: Call) -> Response:
    """Dispatch below `/data/services`, and the progress listener at `/data/status`."""
    match list(call.words):
        case ["status", listener]:
            return _progress(call, listener)
        case ["services", "archive"]:
            return await _archive(call)
        case ["services", "validate-archive"]:
            return await _validate(call)
        case ["services", "prearchive", operation]:
            return await _prearchive(call, operation)
        case ["services", "refresh", "catalog"]:
            return await _refresh(call)
        case ["services", "dicomdump"]:
            return _dump(call)
    raise Refused(404)


async def _fields(call: Call) -> tuple[dict[str, str], list[str]]:
    """Query and form together; every `src` or `resource` of them in order."""
    pairs = [*call.request.query_params.multi_items(), *await bodies.form(call.request)]
    return dict(pairs), [value for name, value in pairs if name in ("src", "resource")]


def _find(call: Call, source: str) -> PrearchiveRow:
    words = [word for word in source.split("/") if word]
    if words[:1] == ["data"]:
        words = words[1:]
    if len(words) != 5 or words[:2] != ["prearchive", "projects"]:
        raise Refused(400, "src uri is invalid")
    row = call.site.prearchive.find(*words[2:])
    if row is None:
        raise Refused(404)
    project = call.site.archive.projects.get(row.project or "")
    call.require(project is None or call.may_edit(project))
    return row


def _orders(call: Call, fields: Mapping[str, str]) -> Orders:
    words = [word for word in fields.get("dest", "").split("/") if word]
    named = dict(zip(words[1::2], words[2::2], strict=False)) if words[:1] == ["archive"] else {}
    project = fields.get("project") or named.get("projects", "")
    if project:
        target = call.site.archive.projects.get(project)
        call.require(target is not None and call.may_edit(target))
    return Orders(
        fields.get("overwrite", ""),
        fields.get("overwrite_files", "").lower() == "true",
        project,
        fields.get("subject") or named.get("subjects", ""),
        fields.get("session") or named.get("experiments", ""),
    )


async def _archive(call: Call) -> Response:
    if call.method not in ("POST", "PUT"):
        raise Refused(405)
    fields, sources = await _fields(call)
    if not sources:
        raise Refused(400, "src uri is invalid")
    overwrite = fields.get("overwrite", "")
    if overwrite and overwrite not in ("none", "append", "delete"):
        raise Refused(400, f"Unsupported overwrite value '{overwrite}'")
    rows = [_find(call, source) for source in sources]
    orders = _orders(call, fields)
    drawn = call.draw(
        "conflict", "gateway-timeout", "slow-archive", "archive-status", "cut-answer", *_TRANSIENT
    )
    for kind, reason in _TRANSIENT.items():
        if kind in drawn:
            raise Refused(400, reason)
    if "archive-status" in drawn:
        refusal = await apply({"status": drawn["archive-status"]})
        assert refusal is not None, "the fault has a status"
        return refusal
    for row in rows:
        if is_locked(row):
            raise Refused(403, "Operation already in progress on this prearchive entry.")
        if row.project is None and not orders.project:
            raise Refused(400, "Unable to identify destination project")
        if row.status == "RECEIVING":
            build(row)
        if "conflict" in drawn:
            row.status = "CONFLICT"
            row.log.append("conflict made by the sandbox")
            raise Refused(int(drawn["conflict"].number(409)), "FAILED: conflict")
    if "gateway-timeout" in drawn:
        for row in rows:
            call.site.archive_later(row, orders, drawn["gateway-timeout"].number(2000) / 1000)
        page = "<html>\r\n<head><title>504 Gateway Time-out</title></head>\r\n</html>\r\n"
        return Response(page, 504, media_type="text/html")
    if "slow-archive" in drawn:
        for row in rows:
            row.status = "ARCHIVING"
        await asyncio.sleep(drawn["slow-archive"].number() / 1000)
        for row in rows:
            row.status = "READY"
    uris = [_archive_one(call, row, orders) for row in rows]
    if "cut-answer" in drawn:
        call.request.scope["sandbox.cut"]()
    redirects = fields.get("auto-archive") == "true" or fields.get("redirect") == "true"
    if len(rows) == 1 and redirects:
        response = answers.addresses(uris, 303)
        response.headers["location"] = uris[0]
        return response
    return answers.addresses(uris)


def _archive_one(call: Call, row: PrearchiveRow, orders: Orders) -> str:
    try:
        session = call.site.archiver.archive(row, orders)
    except Conflict as conflict:
        raise Refused(500, f"FAILED: {conflict}") from conflict
    return uploads.archived_uri(call, session.id)


async def _validate(call: Call) -> Response:
    fields, sources = await _fields(call)
    if not sources:
        raise Refused(400, "src uri is invalid")
    orders = _orders(call, fields)
    rows = [
        {"code": str(code), "type": kind, "message": message}
        for source in sources
        for code, kind, message in call.site.archiver.check(_find(call, source), orders)
    ]
    return call.listing("Validation", rows, ("code", "type", "message"))


async def _prearchive(call: Call, operation: str) -> Response:
    fields, sources = await _fields(call)
    if operation not in ("rebuild", "delete", "move") or call.method != "POST":
        raise Refused(404)
    for row in [_find(call, source) for source in sources]:
        if is_locked(row):
            raise Refused(403, "Operation already in progress on this prearchive entry.")
        if operation == "rebuild":
            build(row)
        elif operation == "delete":
            call.site.prearchive.drop(row)
        else:
            target = call.site.archive.projects.get(fields.get("newProject", ""))
            if target is None:
                raise Refused(404)
            call.require(call.may_edit(target))
            row.project, row.auto_archive = target.id, target.prearchive_code
    return answers.text("")


async def _refresh(call: Call) -> Response:
    if call.method != "POST":
        raise Refused(405)
    fields, sources = await _fields(call)
    for source in sources:
        words = [word for word in source.split("/") if word and word not in ("data", "archive")]
        place = places.walk(call, words)
        if place.rest[:1] and place.rest[0] not in ("resources", "files"):
            raise Refused(404)
        call.require(call.may_edit(place.project))
        options = fields.get("options", "").split(",")
        lost = place.holder.lost_files if "append" in options else []
        for resource, file in lost:
            resource.files[file.name] = file
        lost.clear()
        for resource in place.holder.resources.values():
            for file in resource.files.values():
                file.md5 = md5(file.path)
    return answers.text("")


def _dump(call: Call) -> Response:
    """The header of the first file of a session or scan, element by element."""
    from pydicom import dcmread
    from pydicom.datadict import tag_for_keyword

    words = [word for word in call.query.get("src", "").split("/") if word]
    words = words[1:] if words[:1] == ["data"] else words
    place = places.walk(call, words[1:] if words[:1] == ["archive"] else words)
    file = next(iter(places.dicom_files(place)), None)
    if file is None:
        raise Refused(404)
    wanted = call.request.query_params.getlist("field")
    tags = [int(name, 16) if _is_hex(name) else tag_for_keyword(name) for name in wanted]
    known = [tag for tag in tags if tag is not None]
    if len(known) < len(wanted):
        raise Refused(400, "Unknown DICOM field")
    dataset = dcmread(file.path, stop_before_pixels=True, specific_tags=known or None)
    rows = [
        {
            "tag1": f"({element.tag.group:04X},{element.tag.element:04X})",
            "tag2": "",
            "vr": element.VR,
            "value": str(element.value),
            "desc": element.name,
        }
        for element in dataset
        if not known or int(element.tag) in known
    ]
    return call.listing("DICOM Header", rows, ("tag1", "tag2", "vr", "value", "desc"))


def _is_hex(name: str) -> bool:
    return len(name) == 8 and all(c in "0123456789abcdefABCDEF" for c in name)


def _progress(call: Call, listener: str) -> Response:
    messages = call.site.progress.get(listener)
    if messages is None:
        raise Refused(404)
    shown = [
        {"status": status, "msg": message, "terminal": number == len(messages)}
        for number, (status, message) in enumerate(messages, 1)
    ]
    return tables.json_answer({"msgs": [shown]})

"""`/xapi/...` and the search routes that clients read the data model from."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

from starlette.responses import Response

from adapters.sandbox.xnat import schemas, tables, uploads
from adapters.sandbox.xnat.answers import Refused, text
from adapters.sandbox.xnat.archiver import Conflict, Orders
from adapters.sandbox.xnat.call import Call

_ELEMENT_COLUMNS = ("ELEMENT_NAME", "SINGULAR", "PLURAL", "SECURED", "COUNT")
_FIELD_COLUMNS = ("FIELD_ID", "HEADER", "SUMMARY", "TYPE", "REQUIRES_VALUE", "DESC", "SRC")


async def answer(call: Call) -> Response:
    """Dispatch below `/xapi`."""
    match list(call.words):
        case ["users", "username"]:
            return text(call.login or "guest")
        case ["siteConfig", "buildInfo"]:
            return tables.json_answer(_build_info(call))
        case ["siteConfig", "buildInfo", name] if name in _build_info(call):
            return text(_build_info(call)[name])
        case ["schemas"]:
            return tables.json_answer(["xdat", "xnat"])
        case ["schemas", "xdat"] | ["schemas", "xdat", "xdat"]:
            return Response(schemas.xdat(), media_type="application/xml")
        case ["schemas", "xnat"] | ["schemas", "xnat", "xnat"]:
            return Response(schemas.xnat(), media_type="application/xml")
        case ["access", "projects"]:
            return _access(call)
        case ["direct-archive", project, tag, label] if call.method == "POST":
            return await _direct(call, project, tag, label)
    return tables.json_answer({"status": 404, "error": "Not Found"}, 404)


def _build_info(call: Call) -> Mapping[str, str]:
    return {
        "version": call.site.options.version,
        "buildNumber": "0",
        "buildDate": "Mon Jan 01 00:00:00 UTC 2024",
        "isNonStandard": "false",
        "commit": "sandbox",
    }


def _access(call: Call) -> Response:
    rows = []
    for project in call.site.archive.projects.values():
        role = call.role(project)
        if role is not None or call.may_read(project):
            shown = f"{role.title()}s" if role else "Public"
            name = project.fields.get("name", "")
            rows.append({"ID": project.id, "name": name, "secondaryId": name, "role": shown})
    return tables.json_answer(rows)


async def _direct(call: Call, project: str, tag: str, label: str) -> Response:
    """Finish a session that was written straight into the archive."""
    call.require(call.may_edit(call.project(project)))
    rows = call.site.prearchive.of_project(project)
    row = next((r for r in rows if r.is_direct and (r.tag, r.label) == (tag, label)), None)
    if row is None:
        return tables.json_answer({"status": 404, "error": "Not Found"}, 404)
    await asyncio.sleep(0)
    try:
        session = call.site.archiver.archive(row, Orders(row.overwrite, row.overwrite_files))
    except Conflict as conflict:
        row.is_direct = False
        raise Refused(409, str(conflict)) from conflict
    return text(uploads.archived_uri(call, session.id))


def search(call: Call) -> Response:
    """`/data/search/elements[/TYPE]`: the types, and the fields of one."""
    routes: dict[int, Callable[[], Response]] = {
        2: lambda: _elements(call),
        3: lambda: _fields(call, call.words[2]),
    }
    if len(call.words) not in routes or call.words[1] != "elements":
        raise Refused(404)
    return routes[len(call.words)]()


def _elements(call: Call) -> Response:
    rows = [
        {"ELEMENT_NAME": name, "SINGULAR": name, "PLURAL": name, "SECURED": "true", "COUNT": "0"}
        for name in schemas.elements()
    ]
    return call.listing("elements", rows, _ELEMENT_COLUMNS)


def _fields(call: Call, element: str) -> Response:
    names = schemas.fields_of(element)
    if names is None:
        raise Refused(404)
    rows = [
        {"FIELD_ID": name.upper(), "HEADER": name, "TYPE": "string", "SRC": "0"} for name in names
    ]
    return call.listing("fields", rows, _FIELD_COLUMNS)

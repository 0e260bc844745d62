"""Projects: listing, creation, accessibility, arrival rules, users."""

from __future__ import annotations

import re

from starlette.responses import Response

from adapters.sandbox.xnat import fields
from adapters.sandbox.xnat.answers import Refused, text
from adapters.sandbox.xnat.call import Call
from adapters.sandbox.xnat.model import ROLES, Project
from adapters.sandbox.xnat.project_items import project_item, texts_of

SETTINGS = ("accessibility", "prearchive_code", "quarantine_code", "current_arc", "users")
LEVELS = ("private", "protected", "public")
_COLUMNS = ("ID", "secondary_ID", "name", "description", "pi_firstname", "pi_lastname", "URI")
_MINE = ("id", "name", "description", "secondary_id", "pi", "project_access", "quarantine_status")
_FILTERS = ("accessible", "users", "owner", "member", "collaborator", "prearc_code", "permissions")
_ID = re.compile(r"[A-Za-z0-9_-]+")


def listing(call: Call) -> Response:
    """All projects whose title the caller may see, or by a filter those that are the caller's."""
    if call.method != "GET":
        raise Refused(405)
    everything = list(call.site.archive.projects.values())
    if any(name in call.query for name in _FILTERS):
        return _mine(call, [project for project in everything if _passes(call, project)])
    seen = [p for p in everything if call.may_read(p) or p.accessibility == "protected"]
    rows = [_cells(project) for project in seen]
    return call.listing("Projects", rows, _COLUMNS, ("xsiType", "keywords", "insert_date"))


def _cells(project: Project) -> dict[str, str]:
    return {
        **project.fields,
        "pi_firstname": project.fields.get("PI/firstname", ""),
        "pi_lastname": project.fields.get("PI/lastname", ""),
        "ID": project.id,
        "xsiType": "xnat:projectData",
        "insert_date": project.started,
        "URI": f"/data/projects/{project.id}",
    }


def _passes(call: Call, project: Project) -> bool:
    role = call.role(project)
    query = call.query
    if query.get("accessible") == "true" and not call.may_read(project):
        return False
    if query.get("users") == "true" and role is None:
        return False
    if query.get("permissions") == "edit" and role not in ("owner", "member"):
        return False
    if "prearc_code" in query:
        return role is not None and query["prearc_code"] == str(project.prearchive_code)
    return all(query.get(name) != "true" or role == name for name in ROLES)


def _mine(call: Call, found: list[Project]) -> Response:
    rows = []
    role_column = "user_role_1"
    for project in found:
        role = call.role(project)
        rows.append(
            {
                "id": project.id,
                "name": project.fields.get("name", ""),
                "description": project.fields.get("description", ""),
                "secondary_id": project.fields.get("secondary_ID", ""),
                "project_access": project.accessibility,
                "quarantine_status": "active",
                role_column: f"{role.title()}s" if role else "",
                "URI": f"/data/projects/{project.id}",
            }
        )
    return call.listing("Projects", rows, (*_MINE, role_column, "URI"))


def of_session(call: Call, project: Project) -> Response:
    """The projects that a session is in: its own, since nothing is shared here."""
    return call.listing("Projects", [_cells(project)], _COLUMNS, ("xsiType",))


async def answer(call: Call) -> Response:
    """One project, or one of its settings."""
    key, rest = call.words[1], list(call.words[2:])
    if not rest and call.method == "PUT":
        return await _put(call, key)
    if not rest and call.method == "POST":
        raise Refused(405)
    if not rest:
        return _project(call, key)
    project = call.project(key)
    match rest:
        case ["accessibility", *level]:
            return _accessibility(call, project, level)
        case ["prearchive_code" | "quarantine_code", *code]:
            return _code(call, project, rest[0], code)
        case ["current_arc"]:
            return text("arc001")
        case ["users"]:
            return _users(call, project)
        case ["users", group, login]:
            return _set_user(call, project, group, login)
    raise Refused(404)


def _project(call: Call, key: str) -> Response:
    project = call.site.archive.projects.get(key)
    if project is None or not (call.may_read(project) or project.accessibility == "protected"):
        raise Refused(404, f"Unable to identify project '{key}'")
    if call.method == "DELETE":
        call.require(call.may_delete(project))
        call.site.archive.drop_project(project)
        return text("")
    return call.item(project_item(project))


async def _put(call: Call, key: str) -> Response:
    archive = call.site.archive
    given = fields.given(call.query)
    project = archive.projects.get(key)
    if project is not None:
        call.project(key)
        call.require(call.may_delete(project))
    else:
        account = call.site.accounts.get(call.login or "")
        call.require(account is not None and account.may_create)
        if key in archive.deleted_projects:
            raise Refused(403, "Project ID has been used before")
        if not _ID.fullmatch(key):
            raise Refused(417, "Invalid characters in project ID")
    level = given.pop("accessibility", "")
    if level and level not in LEVELS:
        raise Refused(400)
    _refuse_taken(call, key, given)
    if project is None:
        assert call.login is not None, "guests have no account"
        project = archive.add_project(key, call.login)
    project.fields.update(texts_of(given, is_escaped=call.site.options.escapes_texts))
    project.accessibility = level or project.accessibility
    if "lose-setting-answer" in call.draw("lose-setting-answer"):
        call.request.scope["sandbox.cut"]()
    return text(key)


def _refuse_taken(call: Call, key: str, given: dict[str, str]) -> None:
    """No title or running title may be another project's, nor its ID, whatever the case."""
    for project in call.site.archive.projects.values():
        if project.id == key:
            continue
        names = (project.id, project.fields.get("name", ""), project.fields.get("secondary_ID", ""))
        taken = {name.strip().lower() for name in names} - {""}
        for name in ("name", "secondary_ID"):
            if given.get(name, "").strip().lower() in taken:
                raise Refused(409, f"A project with this {name} exists already")


def _accessibility(call: Call, project: Project, level: list[str]) -> Response:
    if call.method not in ("PUT", "POST"):
        return text(project.accessibility)
    wanted = level[0] if level else ""
    if wanted not in LEVELS:
        raise Refused(400)
    drawn = call.draw("refuse-accessibility", "silent-setting", "lose-setting-answer")
    is_allowed = wanted == "private" or call.site.options.allows_public
    is_refused = not is_allowed or "refuse-accessibility" in drawn
    call.require(call.may_delete(project) and not is_refused)
    if "silent-setting" not in drawn:
        project.accessibility = wanted
    if "lose-setting-answer" in drawn:
        call.request.scope["sandbox.cut"]()
    return text(wanted)


def _code(call: Call, project: Project, name: str, code: list[str]) -> Response:
    if not (call.method == "PUT" and code):
        return text(getattr(project, name))
    call.require(call.may_delete(project))
    wanted = {"true": "1", "false": "0"}.get(code[0], code[0])
    if not re.fullmatch(r"-?\d{1,9}", wanted):
        raise Refused(400)
    is_forbidden = name == "prearchive_code" and not call.site.options.allows_auto_archive
    call.require(not (is_forbidden and int(wanted) != 0))
    setattr(project, name, int(wanted))
    return text(wanted)


def _users(call: Call, project: Project) -> Response:
    call.require(call.site.options.tells_users or call.may_delete(project))
    rows = []
    for login, role in project.users.items():
        account = call.site.accounts.get(login)
        rows.append(
            {
                "GROUP_ID": f"{project.id}_{role}",
                "displayname": f"{role.title()}s",
                "login": login,
                "firstname": account.first_name if account else "",
                "lastname": account.last_name if account else "",
                "email": f"{login}@hospital.example",
            }
        )
    columns = ("GROUP_ID", "displayname", "login", "firstname", "lastname", "email")
    return call.listing("Users", rows, columns)


def _set_user(call: Call, project: Project, group: str, login: str) -> Response:
    call.require(call.may_delete(project))
    role = group.removeprefix(f"{project.id}_").lower().removesuffix("s")
    if role not in ROLES or call.site.accounts.get(login) is None:
        raise Refused(404)
    if call.method == "DELETE":
        project.users.pop(login, None)
    else:
        project.users[login] = role
    return _users(call, project)

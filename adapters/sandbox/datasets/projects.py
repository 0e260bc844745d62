"""What the dataset-service does with projects and subprojects."""

from __future__ import annotations

from typing import Any, Final

from adapters.sandbox.datasets import checks, rights, views, words
from adapters.sandbox.datasets.answers import Refused, not_found, unauthorized, unexpected
from adapters.sandbox.datasets.model import Json, Project, Subproject
from adapters.sandbox.datasets.rights import User
from adapters.sandbox.datasets.service import Service

_PURPOSES = ("datasetCreation", "userManagement", "datasetSearchFilter", "projectList")
_ADDRESS_MOST, _NAME_MOST = 256, 160
_SUB_NAME_MOST, _SUB_TEXT_MOST, _SUB_ID_MOST = 50, 80, 40
_CONFIG: Final[Json] = {
    "defaultContactInfo": "",
    "defaultLicense": {"title": "", "url": ""},
    "zenodoAccessToken": "",
    "zenodoAuthor": "",
    "zenodoCommunity": "",
    "zenodoGrant": "",
}


class Projects:
    """All of these raise Refused."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._known = service.shelf.projects

    def listed(self, user: User | None, purpose: str) -> object:
        if purpose not in _PURPOSES:
            listed = ", ".join(_PURPOSES)
            text = words.UNKNOWN_VALUE.format(value=purpose, name="purpose", known=listed)
            raise Refused(400, text)
        if purpose == "projectList":
            known = self._known.values()
            shown = [{"code": p.code, "name": p.name, "logoUrl": p.logo_url} for p in known]
            may_make = user is not None and user.may_make_projects
            return {"list": shown, "allowedActionsForTheUser": ["create"] if may_make else []}
        if purpose == "datasetSearchFilter":
            found = [d for d in self._service.datasets() if rights.may_find(user, d)]
            return sorted({d.project for d in found if not d.is_creating})
        if user is None:
            raise unauthorized()
        if user.is_superadmin:
            return sorted(self._known)
        if purpose == "datasetCreation" and not user.may_create:
            return []
        return [code for code in user.projects if code in self._known]

    def shown(self, code: str, user: User | None) -> Json:
        return views.project(self._get(code), user)

    def put(self, code: str, user: User | None, body: Json) -> None:
        checks.code(code, "projectCode")
        for name in ("name", "shortDescription", "projectConfig"):
            if name not in body:
                raise Refused(400, words.REQUIRED.format(name=name))
        name = checks.text(body["name"], "name", 3, _NAME_MOST)
        description = checks.text(body["shortDescription"], "shortDescription")
        url = checks.text(body.get("externalUrl", ""), "externalUrl", 0, _ADDRESS_MOST)
        if user is None or not user.may_make_projects:
            raise unauthorized()
        if code in self._known:
            # The file says create or update; the identity service has the group already.
            raise unexpected()
        project = Project(code, name, description, url, config=dict(body["projectConfig"]))
        self._service.shelf.keep_project(project)

    def config(self, code: str, user: User | None) -> Json:
        project = self._administered(code, user)
        return _CONFIG | project.config

    def put_config(self, code: str, user: User | None, body: Json) -> None:
        project = self._administered(code, user)
        project.config = dict(body)
        self._service.shelf.keep_project(project)

    def subprojects(self, code: str, user: User | None) -> Json:
        if user is None:
            raise unauthorized()
        shown = [
            {
                "code": sub.code,
                "name": sub.name,
                "description": sub.description,
                "externalId": sub.external_id,
            }
            for sub in self._get(code).subprojects
        ]
        allowed = ["create", "edit"] if user.may_make_projects else []
        return {"list": shown, "allowedActionsForTheUser": allowed}

    def put_subproject(self, code: str, sub_code: str, user: User | None, body: Json) -> None:
        if user is None or not user.may_make_projects:
            raise unauthorized()
        project = self._get(code)
        checks.code(sub_code, "subprojectCode")

        def text(name: str, default: str | None, most: int) -> str:
            value: Any = body.get(name, default)
            if value is None:
                raise Refused(400, words.REQUIRED.format(name=name))
            return checks.text(value, name, 0, most)

        made = Subproject(
            sub_code,
            text("name", None, _SUB_NAME_MOST),
            text("description", None, _SUB_TEXT_MOST),
            text("externalId", "", _SUB_ID_MOST),
        )
        others = [sub for sub in project.subprojects if sub.code != sub_code]
        project.subprojects = [*others, made]
        self._service.shelf.keep_project(project)

    def _get(self, code: str) -> Project:
        project = self._known.get(code)
        if project is None:
            raise not_found()
        return project

    def _administered(self, code: str, user: User | None) -> Project:
        if user is None or not user.administers(code):
            raise unauthorized()
        return self._get(code)

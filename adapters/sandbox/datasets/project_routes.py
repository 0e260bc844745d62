"""The calls below `/projects`, and those that tell about the service itself. All raise Refused."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from starlette.responses import Response

from adapters.sandbox.datasets import answers, words
from adapters.sandbox.datasets.call import Call, Route
from adapters.sandbox.datasets.projects import Projects

_LICENSES: Final = [{"title": "CC BY 4.0", "url": "https://creativecommons.org/licenses/by/4.0/"}]
_EVERYBODYS: Final = ("datasets", "projects", "licenses")
_STAFFS: Final = ("users", "sites", "datasetAccess")


class ProjectRoutes:
    def __init__(self, projects: Projects) -> None:
        self._projects = projects

    def routes(self) -> Sequence[Route]:
        one = "/projects/(?P<code>[^/]+)"
        return [
            ("GET", "/", self._hello),
            ("GET", "/version", self._version),
            ("GET", "/health", self._hello),
            ("GET", "/index", self._index),
            ("GET", "/licenses", self._licenses),
            ("GET", "/projects", self._list),
            ("GET", one, self._get),
            ("PUT", one, self._put),
            ("GET", f"{one}/config", self._config),
            ("PUT", f"{one}/config", self._put_config),
            ("GET", f"{one}/subprojects", self._subprojects),
            ("PUT", f"{one}/subprojects/(?P<sub>[^/]+)", self._put_subproject),
        ]

    async def _hello(self, call: Call) -> Response:
        return answers.text(words.HELLO)

    async def _version(self, call: Call) -> Response:
        return answers.text(words.VERSION)

    async def _index(self, call: Call) -> Response:
        is_staff = call.user is not None and "admin_users" in call.user.roles
        return answers.document([*_EVERYBODYS, *(_STAFFS if is_staff else ())])

    async def _licenses(self, call: Call) -> Response:
        return answers.document(_LICENSES)

    async def _list(self, call: Call) -> Response:
        purpose = call.query.get("purpose", "projectList")
        return answers.document(self._projects.listed(call.user, purpose))

    async def _get(self, call: Call) -> Response:
        return answers.document(self._projects.shown(call.at["code"], call.user))

    async def _put(self, call: Call) -> Response:
        self._projects.put(call.at["code"], call.user, await call.json())
        return answers.put()

    async def _config(self, call: Call) -> Response:
        return answers.document(self._projects.config(call.at["code"], call.user))

    async def _put_config(self, call: Call) -> Response:
        self._projects.put_config(call.at["code"], call.user, await call.json())
        return answers.put()

    async def _subprojects(self, call: Call) -> Response:
        return answers.document(self._projects.subprojects(call.at["code"], call.user))

    async def _put_subproject(self, call: Call) -> Response:
        body = await call.json()
        self._projects.put_subproject(call.at["code"], call.at["sub"], call.user, body)
        return answers.put()

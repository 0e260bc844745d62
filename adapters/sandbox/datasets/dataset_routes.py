"""The calls below `/datasets`. All raise Refused."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from starlette.responses import Response

from adapters.sandbox.datasets import answers, creation, listing, rights, views, words
from adapters.sandbox.datasets.answers import Refused, unauthorized, unexpected
from adapters.sandbox.datasets.call import UNCHECKED, Call, Route
from adapters.sandbox.datasets.model import Dataset, Json
from adapters.sandbox.datasets.service import Service

SEARCH: Final = "/datasets/eucaimSearch"
SCHEME: Final = "Secret "
"""In the Authorization of a search, in the place of `Bearer`."""


class DatasetRoutes:
    """`root` is the path under which the service's pages for people are."""

    def __init__(self, service: Service, root: str) -> None:
        self._service = service
        self._root = root

    def routes(self) -> Sequence[Route]:
        one = "/datasets/(?P<id>[^/]+)"
        return [
            ("GET", "/datasets", self._list),
            ("POST", "/datasets", self._create),
            ("POST", SEARCH, self._search),
            ("GET", "/upgradableDatasets", self._upgradable),
            ("GET", one, self._details),
            ("PATCH", one, self._patch),
            ("DELETE", one, self._delete),
            ("GET", f"{one}/studies", self._studies),
            ("GET", f"{one}/creationStatus", self._status),
            ("GET", f"{one}/acl", self._acl),
            ("GET", f"{one}/accessHistory", self._history),
            ("POST", f"{one}/checkIntegrity", self._check),
            ("POST", f"{one}/restartCreation", self._restart),
        ]

    async def _list(self, call: Call) -> Response:
        with_creating = self._service.options.lists_creating
        known, tags = self._service.datasets(), call.query.getlist("tag")
        try:
            found = listing.datasets(
                known, call.user, call.query, tags, with_creating=with_creating
            )
        except ValueError as error:
            raise Refused(500, words.INTERNAL) from error
        return answers.document(found)

    async def _create(self, call: Call) -> Response:
        if call.user is None or not call.user.may_create:
            raise unauthorized()
        content_type = call.request.headers.get("content-type")
        try:
            order = creation.read(await call.request.body(), content_type)
        except UNCHECKED as error:
            raise unexpected() from error
        dataset = self._service.create(call.user, order)
        host = f"{call.request.url.scheme}://{call.request.url.netloc}"
        url = f"{host}{self._root}/datasets/{dataset.id}/details"
        return answers.document({"apiUrl": f"/api/datasets/{dataset.id}", "url": url}, 201)

    async def _search(self, call: Call) -> Response:
        """Without conditions: all that is published. Conditions are not modelled."""
        secret = f"{SCHEME}{self._service.options.search_secret}"
        if call.request.headers.get("authorization") != secret:
            raise unauthorized()
        body = await call.json()
        try:
            has_conditions = bool(body["ast"]["children"])
        except UNCHECKED as error:
            raise Refused(500, words.INTERNAL) from error
        if has_conditions:
            raise unexpected()
        found = [d for d in self._service.datasets() if d.public and not d.invalidated]
        return answers.document({"collections": [views.collection(d) for d in found]})

    async def _upgradable(self, call: Call) -> Response:
        if call.user is None or not call.user.may_create:
            raise unauthorized()
        project = call.query.get("project")
        return answers.document(listing.upgradable(self._service.datasets(), call.user, project))

    async def _details(self, call: Call) -> Response:
        return answers.document(views.details(self._readable(call), call.user))

    async def _patch(self, call: Call) -> Response:
        if call.user is None:
            raise unauthorized()
        body = await call.json()
        if "property" not in body or "value" not in body:
            raise Refused(500, words.INTERNAL)
        dataset = self._service.dataset(call.at["id"])
        try:
            self._service.change(call.user, dataset, body["property"], body["value"])
        except UNCHECKED as error:
            raise unexpected() from error
        return answers.nothing()

    async def _delete(self, call: Call) -> Response:
        self._service.remove(call.user, self._service.dataset(call.at["id"]))
        return answers.nothing()

    async def _studies(self, call: Call) -> Response:
        studies = views.studies(self._readable(call))
        try:
            shown, numbers = listing.page(studies, call.query)
        except ValueError as error:
            raise Refused(500, words.INTERNAL) from error
        return answers.document({**numbers, "list": shown})

    async def _status(self, call: Call) -> Response:
        dataset = self._readable(call)
        status, message = self._service.status(dataset)
        answer: Json = {"datasetId": dataset.id, "status": status, "lastMessage": message}
        return answers.document(answer)

    async def _acl(self, call: Call) -> Response:
        dataset = self._service.dataset(call.at["id"])
        if "manageACL" not in rights.actions(call.user, dataset):
            raise unauthorized()
        return answers.document([])

    async def _history(self, call: Call) -> Response:
        if call.user is None or "admin_datasetAccess" not in call.user.roles:
            raise unauthorized()
        self._service.dataset(call.at["id"])
        _, numbers = listing.page([], {})
        return answers.document({**numbers, "list": []})

    async def _check(self, call: Call) -> Response:
        self._service.check_integrity(self._of_staff(call))
        return answers.document({"success": True, "msg": words.INTEGRITY_OK})

    async def _restart(self, call: Call) -> Response:
        self._service.restart(self._of_staff(call))
        return answers.nothing()

    def _readable(self, call: Call) -> Dataset:
        dataset = self._service.dataset(call.at["id"])
        if not rights.may_read(call.user, dataset):
            raise unauthorized()
        return dataset

    def _of_staff(self, call: Call) -> Dataset:
        if call.user is None or not call.user.is_superadmin:
            raise unauthorized()
        return self._service.dataset(call.at["id"])

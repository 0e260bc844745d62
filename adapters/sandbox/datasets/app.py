"""The HTTP face of the dataset-service, its ingress included."""

from __future__ import annotations

import asyncio
import re
from typing import Final

from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, Response
from starlette.types import Receive, Scope, Send

from adapters.sandbox import answers as front
from adapters.sandbox import pages
from adapters.sandbox.datasets import rights, words
from adapters.sandbox.datasets.answers import Refused, unauthorized
from adapters.sandbox.datasets.call import Call, Table
from adapters.sandbox.datasets.dataset_routes import SEARCH, DatasetRoutes
from adapters.sandbox.datasets.model import Dataset
from adapters.sandbox.datasets.project_routes import ProjectRoutes
from adapters.sandbox.datasets.projects import Projects
from adapters.sandbox.datasets.rights import User
from adapters.sandbox.datasets.service import Service
from adapters.sandbox.faults import Faults
from adapters.sandbox.front import apply
from adapters.sandbox.issuer import Issuer
from adapters.sandbox.tokens import BadToken

_SERVICE_BYTES: Final = 120 * 1024 * 1024
_SCHEME_LETTERS: Final = len("Bearer ")
_CHANGING: Final = frozenset({"POST", "PATCH", "DELETE"})


class _TooLarge(Exception):
    """More than the ingress lets through."""


class DatasetService:
    """An ASGI application below `path`: the API in `api_path`, a page for people beside it."""

    path: Final = "/dataset-service"
    api_path: Final = f"{path}/api"

    def __init__(self, service: Service, issuer: Issuer, faults: Faults) -> None:
        self._service = service
        self._issuer = issuer
        self._faults = faults
        of_projects = ProjectRoutes(Projects(service)).routes()
        self._table = Table([*of_projects, *DatasetRoutes(service, self.path).routes()])

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        response = await self._answer(Request(scope, receive))
        await response(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        path = request.scope["path"].removeprefix(self.path)
        if not re.match("/api(/|$)", path):
            return self._page(path)
        refusal = await apply(self._faults.draw("datasets", ("latency", "status")))
        if refusal is not None:
            return refusal
        limit = self._service.options.ingress_bytes
        try:
            await _take_body(request, _SERVICE_BYTES if limit is None else limit)
        except _TooLarge:
            return front.front_error(413, "Request Entity Too Large", {"connection": "close"})
        except ClientDisconnect:
            return Response(status_code=400)
        try:
            response = await self._call(request, path.removeprefix("/api"))
        except Refused as refused:
            return refused.answer()
        await self._lose(request)
        return response

    async def _call(self, request: Request, path: str) -> Response:
        method = "GET" if request.method == "HEAD" else request.method
        found = self._table.find(method, path)
        if found is None:
            if method == "GET":
                raise Refused(404, words.NO_SUCH_PATH.format(path=f"/api{path}"))
            raise Refused(405, words.WRONG_METHOD)
        handler, at = found
        user = None if path == SEARCH else self._user(request)
        if user is not None and self._faults.draw("datasets", ("unauthorized",)):
            raise unauthorized()
        return await handler(Call(request, user, at))

    async def _lose(self, request: Request) -> None:
        """What was asked for is done; now the answer may come late, or never."""
        if request.method not in _CHANGING:
            return
        drawn = self._faults.draw("datasets", ("lose-answer", "late-answer"))
        if "late-answer" in drawn:
            await asyncio.sleep(drawn["late-answer"].number() / 1000)
        if "lose-answer" in drawn:
            request.scope["sandbox.cut"]()

    def _user(self, request: Request) -> User | None:
        """Who asks. Even where anybody may ask a bad token is refused."""
        header = request.headers.get("authorization")
        if header is None:
            return None
        drawn = self._faults.draw("issuer", ("expire", "expire-session"))
        if drawn:
            self._issuer.expire(sessions="expire-session" in drawn)
        try:
            # The scheme is cut off unseen, whatever it is.
            claims = self._issuer.claims(header[_SCHEME_LETTERS:], rights.AUDIENCE)
        except BadToken as error:
            text = words.INVALID_ACCESS.format(why=error)
            raise Refused(401, text, has_status=False) from error
        return User.of_claims(claims)

    def _page(self, path: str) -> Response:
        """A dataset for people: its name, and how far it is."""
        found = re.fullmatch("/datasets/([^/]+)/details", path)
        try:
            dataset = self._service.dataset(found[1] if found else "")
        except Refused:
            return front.front_error(404, "Not Found")
        status, message = self._service.status(dataset)
        words_of_it = f"Project {dataset.project}: {_state(dataset)}. Creation {status}: {message}"
        return HTMLResponse(pages.message(dataset.name, words_of_it))


def _state(dataset: Dataset) -> str:
    if dataset.invalidated:
        return "invalidated"
    return "draft" if dataset.draft else "published" if dataset.public else "released"


async def _take_body(request: Request, most: int) -> None:
    """Read the body, which `request.body()` then has, or refuse it by its announced length."""
    announced = request.headers.get("content-length", "0")
    if int(announced) > most:
        raise _TooLarge
    pieces, size = [], 0
    async for piece in request.stream():
        size += len(piece)
        if size > most:
            raise _TooLarge
        pieces.append(piece)
    # Where Starlette itself keeps a body that was read: the handlers come after the stream.
    request._body = b"".join(pieces)

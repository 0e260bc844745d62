"""The DICOMweb root of the stand-in: sign-in, faults, and who answers what."""

from __future__ import annotations

import time
from collections.abc import Mapping

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from adapters.sandbox import answers, qido, wado
from adapters.sandbox.doors import Door
from adapters.sandbox.faults import CATALOGUE, SPOILT, Fault, Faults
from adapters.sandbox.front import apply
from adapters.sandbox.store import Store
from adapters.sandbox.stow import Stow

_OWN = {name: tuple(CATALOGUE[name].keys() - SPOILT) for name in ("stow", "qido", "wado")}


class DicomWeb:
    """STOW-RS, QIDO-RS and WADO-RS below `path`; an ASGI application."""

    path = "/dicom-web"

    def __init__(self, store: Store, door: Door, faults: Faults) -> None:
        self._store = store
        self._door = door
        self._faults = faults
        self._stow = Stow(store)
        study, series = "/studies/{study}", "/studies/{study}/series/{series}"
        instance = f"{series}/instances/{{sop}}"
        searches = ["/studies", "/series", "/instances", f"{study}/series", f"{study}/instances"]
        searches.append(f"{series}/instances")
        self._app = Starlette(
            routes=[
                *(Route(path, self._search) for path in searches),
                *(Route(path, self._retrieve) for path in (study, series, instance)),
                *(Route(f"{p}/metadata", self._metadata) for p in (study, series, instance)),
            ]
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        path = scope["path"].removeprefix(scope.get("root_path", ""))
        service = service_of(scope["method"], path)
        if not self._door.lets_in(request.headers.get("authorization", "")):
            refusal = answers.front_error(401, "Authorization Required")
            await refusal(scope, receive, send)
            return
        drawn = self._faults.draw(service, _OWN[service])
        response = await apply(drawn)
        if response is not None:
            await response(scope, receive, send)
            return
        if "reset-before-body" in drawn:
            scope["sandbox.cut"]()
        root = f"{request.url.scheme}://{request.url.netloc}{self.path}"
        inner = {**scope, "sandbox.faults": drawn, "sandbox.root": root}
        if service == "stow":
            words = path.strip("/").split("/")
            study = words[1] if len(words) > 1 else None
            await self._stow.answer(inner, receive, send, study)
        else:
            await self._app(inner, receive, send)

    async def _search(self, request: Request) -> Response:
        drawn: Mapping[str, Fault] = request.scope["sandbox.faults"]
        if "not-supported" in drawn:
            return answers.front_error(501, "Not Implemented")
        level = qido.LEVELS[request.url.path.rsplit("/", 1)[-1]]
        parts = request.path_params
        pairs = request.query_params.multi_items()
        try:
            query = qido.Query.parse(level, parts.get("study"), parts.get("series"), pairs)
        except qido.BadQuery as error:
            return answers.orthanc_error(400, "GET", request.url.path, f"Unknown: {error}")
        delay = drawn["delay-listing"].number() if "delay-listing" in drawn else 0.0
        before = time.monotonic() - delay
        found = qido.search(self._store, query, request.scope["sandbox.root"], before)
        cap = int(drawn["cap"].number()) if "cap" in drawn else None
        items, is_capped = qido.page(query, found, cap)
        more = '299 sandbox "There are additional results that can be requested"'
        headers = {"warning": more} if is_capped else {}
        return answers.datasets(items, request.headers.get("accept", "*/*"), headers)

    async def _retrieve(self, request: Request) -> Response:
        found = wado.locate(self._store, *_uids(request))
        return (
            wado.retrieve(request, found) if found else wado.not_found(request, *_uids(request)[1:])
        )

    async def _metadata(self, request: Request) -> Response:
        found = wado.locate(self._store, *_uids(request))
        if not found:
            return wado.not_found(request, *_uids(request)[1:])
        return wado.metadata(found, request.scope["sandbox.root"])


def service_of(method: str, path: str) -> str:
    """The service of the catalogue that a request to a DICOMweb root belongs to."""
    words = path.strip("/").split("/")
    if method == "POST" and words[0] == "studies" and len(words) <= 2:
        return "stow"
    return "qido" if words[-1] in ("studies", "series", "instances") else "wado"


def _uids(request: Request) -> tuple[str, str | None, str | None]:
    parts = request.path_params
    return parts["study"], parts.get("series"), parts.get("sop")

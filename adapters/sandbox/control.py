"""How a test steers a stand-in that runs in another process: faults and store, over loopback."""

from __future__ import annotations

import ipaddress

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from adapters.sandbox.datasets.steering import Steering
from adapters.sandbox.eforms import Eforms
from adapters.sandbox.faults import Faults
from adapters.sandbox.issuer import Issuer
from adapters.sandbox.store import Store
from adapters.sandbox.xnat.site import Site
from transfer.errors import UsageError


class Control:
    """`GET|POST|DELETE /faults`, `GET /stored`, `GET /eforms`, `PUT /device-clients`, below
    `/xnat` `GET stored`, `POST options`, and what steers the dataset-service.

    Takes no credential, and answers loopback only.
    """

    path = "/_sandbox"

    def __init__(
        self,
        faults: Faults,
        store: Store,
        xnat: Site,
        issuer: Issuer,
        eforms: Eforms,
        datasets: Steering,
    ) -> None:
        self._faults = faults
        self._store = store
        self._xnat = xnat
        self._issuer = issuer
        self._eforms = eforms
        self._app = Starlette(
            routes=[
                Route("/faults", self._list, methods=["GET"]),
                Route("/faults", self._add, methods=["POST"]),
                Route("/faults", self._clear, methods=["DELETE"]),
                Route("/stored", self._stored),
                Route("/eforms", self._list_eforms),
                Route("/device-clients", self._device_clients, methods=["PUT"]),
                Route("/xnat/stored", self._xnat_stored),
                Route("/xnat/options", self._xnat_options, methods=["POST"]),
                *datasets.routes(),
            ]
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not ipaddress.ip_address(scope["client"][0]).is_loopback:
            await Response(status_code=403)(scope, receive, send)
            return
        await self._app(scope, receive, send)

    async def _list(self, request: Request) -> Response:
        return JSONResponse(self._faults.describe())

    async def _add(self, request: Request) -> Response:
        """Arm the faults in the body, one spec a line; none of them if one cannot be read."""
        specs = (await request.body()).decode().split()
        try:
            self._faults.armed.extend(Faults.from_specs(specs).armed)
        except UsageError as error:
            return JSONResponse({"error": error.what, "remedy": error.remedy}, 400)
        return JSONResponse(self._faults.describe(), 201)

    async def _clear(self, request: Request) -> Response:
        self._faults.clear()
        return Response(status_code=204)

    async def _stored(self, request: Request) -> Response:
        return JSONResponse(
            {
                uid: {"sha256": held.sha256, "path": str(held.path), "received": held.received}
                for uid, held in self._store.stored().items()
            }
        )

    async def _list_eforms(self, request: Request) -> Response:
        """Each eForm that the node holds, and how often it came in since the start."""
        return JSONResponse(self._eforms.describe())

    async def _device_clients(self, request: Request) -> Response:
        """Let the OIDC clients in the body, one a line, sign in by a code in the browser."""
        self._issuer.devices.clients = set((await request.body()).decode().split())
        return Response(status_code=204)

    async def _xnat_stored(self, request: Request) -> Response:
        """What the XNAT site holds, by SOP Instance UID: archived, and in the prearchive."""
        received = self._xnat.importer.received
        places = {
            "archived": self._xnat.archived_objects(),
            "prearchive": self._xnat.waiting_objects(),
        }
        return JSONResponse(
            {
                place: {
                    uid: {"md5": held.md5, "path": str(held.path), "received": received.get(uid, 1)}
                    for uid, held in objects.items()
                }
                for place, objects in places.items()
            }
        )

    async def _xnat_options(self, request: Request) -> Response:
        """Change the XNAT site by a JSON object of options; none of them if one is wrong."""
        try:
            self._xnat.set_up(await request.json())
        except UsageError as error:
            return JSONResponse({"error": error.what, "remedy": error.remedy}, 400)
        return Response(status_code=204)

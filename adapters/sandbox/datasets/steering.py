"""How a test or the demo steers the dataset-service from another process, without credentials."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from adapters.sandbox.datasets.answers import Refused
from adapters.sandbox.datasets.model import Dataset, Json
from adapters.sandbox.datasets.qpinsights import QpInsights
from adapters.sandbox.datasets.rights import User
from adapters.sandbox.datasets.service import Service
from adapters.sandbox.issuer import Issuer
from adapters.sandbox.realm import STAFF, Account
from transfer.errors import UsageError


class Steering:
    """Publishing, exporting, the clock and what accounts may do; `routes` for the control."""

    def __init__(self, service: Service, qpinsights: QpInsights, issuer: Issuer) -> None:
        self._service = service
        self._qpinsights = qpinsights
        self._issuer = issuer

    def routes(self) -> Sequence[Route]:
        return [
            Route("/datasets", self._list, methods=["GET"]),
            Route("/datasets/clock", self._clock, methods=["POST"]),
            Route("/datasets/export", self._export, methods=["POST"]),
            Route("/datasets/{id}/publish", self._publish, methods=["POST"]),
            Route("/accounts/{username}", self._account, methods=["PUT"]),
        ]

    def publish(self, dataset_id: str) -> None:
        """Do what the node's staff does once it has validated a released dataset.

        Raises:
            Refused: it is not released, or cannot be published.
        """
        staff = User.of_account(STAFF)
        self._service.change(staff, self._service.dataset(dataset_id), "public", True)

    def give_groups(self, username: str, groups: Sequence[str]) -> None:
        """What an account may do from its next token on. Raises UsageError for an unknown one."""
        account = self._issuer.account(username)
        if account is None:
            raise UsageError(f"There is no account {username!r}.", "Name one of the realm.")
        self._issuer.enrol(Account(username, account.password, groups, account.is_set_up))

    async def _list(self, request: Request) -> Response:
        return JSONResponse([self._described(dataset) for dataset in self._service.datasets()])

    async def _clock(self, request: Request) -> Response:
        """`{"advance_s": N}`: put the service's clock forward."""
        body = await request.json()
        self._service.clock.advance(float(body["advance_s"]))
        return Response(status_code=204)

    async def _export(self, request: Request) -> Response:
        """Export in somebody's name: `username`, `destination`, the dataset's texts, `subjects`."""
        body: dict[str, Any] = await request.json()
        username = body.get("username", "ingester")
        host = f"{request.url.scheme}://{request.url.netloc}"
        try:
            account = self._issuer.account(username)
            if account is None:
                raise UsageError(f"There is no account {username!r}.", "Name one of the realm.")
            destination = body.get("destination") or self._qpinsights.destinations()[0]
            subjects = body.get("subjects")
            dataset = self._qpinsights.export(
                account, destination, body, subjects=subjects, host=host
            )
        except Refused as refused:
            return refused.answer()
        except UsageError as error:
            return JSONResponse({"error": error.what, "remedy": error.remedy}, 400)
        return JSONResponse({"id": dataset.id}, 201)

    async def _publish(self, request: Request) -> Response:
        try:
            self.publish(request.path_params["id"])
        except Refused as refused:
            return refused.answer()
        return Response(status_code=204)

    async def _account(self, request: Request) -> Response:
        """`{"groups": […]}`: what the account is given from now on."""
        body = await request.json()
        try:
            self.give_groups(request.path_params["username"], tuple(body["groups"]))
        except UsageError as error:
            return JSONResponse({"error": error.what, "remedy": error.remedy}, 404)
        return Response(status_code=204)

    def _described(self, dataset: Dataset) -> Json:
        status, message = self._service.status(dataset)
        return {
            "id": dataset.id,
            "name": dataset.name,
            "project": dataset.project,
            "status": status,
            "lastMessage": message,
            "draft": dataset.draft,
            "public": dataset.public,
            "invalidated": dataset.invalidated,
            "studiesAsked": len(dataset.asked["studies"]),
            "studiesCount": len(dataset.studies),
            "subjectsCount": len(dataset.subjects),
        }

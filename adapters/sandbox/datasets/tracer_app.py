"""The tracer's HTTP face: `GET …/traces?datasetId=`, for those who may edit the dataset."""

from __future__ import annotations

from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from adapters.sandbox.datasets import answers, rights
from adapters.sandbox.datasets.answers import Refused, not_found, unauthorized
from adapters.sandbox.datasets.rights import User
from adapters.sandbox.datasets.service import Service
from adapters.sandbox.issuer import Issuer
from adapters.sandbox.tokens import BadToken


class TracerApp:
    path: Final = "/tracer-service/tracer/api/v1"

    def __init__(self, service: Service, issuer: Issuer) -> None:
        self._service = service
        self._issuer = issuer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            response = self._answer(Request(scope))
        except Refused as refused:
            response = refused.answer()
        await response(scope, receive, send)

    def _answer(self, request: Request) -> Response:
        if request.method != "GET" or request.scope["path"] != f"{self.path}/traces":
            raise not_found()
        header = request.headers.get("authorization", "")
        try:
            user = User.of_claims(self._issuer.check(header, rights.AUDIENCE))
        except BadToken as error:
            raise unauthorized() from error
        dataset_id = request.query_params.get("datasetId", "")
        if not rights.owns(user, self._service.dataset(dataset_id)):
            raise unauthorized()
        traces = list(self._service.tracer.traces(dataset_id))
        return answers.document({"traces": [{"traces": traces}]})

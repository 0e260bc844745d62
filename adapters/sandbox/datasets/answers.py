"""The forms of the service's answers: JSON, plain text, or no body at all."""

from __future__ import annotations

import json
from typing import Any

from starlette.responses import Response

from adapters.sandbox.datasets import words


class Refused(Exception):
    """An answer that says no. A fault of the token comes without `status_code`."""

    def __init__(self, status: int, text: str, *, has_status: bool = True) -> None:
        super().__init__(text)
        self.status = status
        self.text = text
        self._has_status = has_status

    def answer(self) -> Response:
        body: dict[str, Any] = {"error": self.text}
        if self._has_status:
            body["status_code"] = self.status
        return document(body, self.status)


def unauthorized() -> Refused:
    """Not signed in, or not allowed: the service makes no difference (upv-node.md 2.5)."""
    return Refused(401, words.UNAUTHORIZED)


def not_found() -> Refused:
    return Refused(404, words.NOT_FOUND)


def unexpected() -> Refused:
    return Refused(500, words.UNEXPECTED)


def document(body: object, status: int = 200) -> Response:
    return Response(json.dumps(body), status, media_type="application/json")


def text(body: str) -> Response:
    # As a header: Starlette would put a charset behind a text type.
    return Response(body.encode(), headers={"content-type": "text/plain"})


def put() -> Response:
    """What every PUT answers: nothing, said to be HTML."""
    return Response(b"", 201, {"content-type": "text/html; charset=UTF-8"})


def nothing() -> Response:
    return Response(status_code=204)

"""One call of the API: who asks, what the path names, and the table that finds its handler."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import Response

from adapters.sandbox.datasets import creation
from adapters.sandbox.datasets.model import Json
from adapters.sandbox.datasets.rights import User


@dataclass(frozen=True, slots=True)
class Call:
    """`at` holds the parts of the path that the route names; `user` is None for nobody."""

    request: Request
    user: User | None
    at: Mapping[str, str]

    @property
    def query(self) -> QueryParams:
        return self.request.query_params

    async def json(self) -> Json:
        """The object in the body. Raises Refused."""
        return creation.parse_json(await self.request.body())


Handler = Callable[[Call], Awaitable[Response]]
Route = tuple[str, str, Handler]
"""Method, pattern of the path below `/api` with a named group for each part, handler."""

UNCHECKED: Final = (KeyError, TypeError, AttributeError, ValueError)
"""What a request that nobody checked ends in, within the service."""


class Table:
    """Finds handlers; the first route that fits is taken."""

    def __init__(self, routes: Sequence[Route]) -> None:
        self._routes = [(method, re.compile(path), handler) for method, path, handler in routes]

    def find(self, method: str, path: str) -> tuple[Handler, Mapping[str, Any]] | None:
        for known, pattern, handler in self._routes:
            found = pattern.fullmatch(path)
            if found is not None and known == method:
                return handler, found.groupdict()
        return None

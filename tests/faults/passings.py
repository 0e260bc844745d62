"""Where a process may die: before and after every write of the ledger, every file that is put in
its place, and every request.

Nothing of the program names these points: the one way in which the ledger is written, the calls
that put files in their places, and the two libraries by which requests go are watched from outside,
so that whatever is new is a point at once. A point is called after the function that writes, or
after the method and the shape of the address; `transfer.checkpoint` adds its own names.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, Final
from urllib.parse import urlsplit

from transfer import checkpoint
from transfer.ledger.connection import Ledger

Observe = Callable[[str], None]

_NAMES: Final = re.compile(
    r"(?<=/)(?:[0-9]+(?:\.[0-9]+)+|[0-9]{8}_[0-9]+|[A-Z][A-Z0-9]*_?-?[0-9A-Za-z_-]*[0-9]+"
    r"[0-9A-Za-z_.-]*|[0-9A-Za-z-]*[0-9][0-9A-Za-z_.-]*)(?=/|$)"
)
"""Segments of an address that name one thing among many: UIDs, times, pseudonyms, numbers."""


def watch(observe: Observe) -> None:
    """Have `observe` called at each passing of a point, in whichever thread it is."""
    checkpoint.observer = observe
    _watch_writes(observe)
    _watch_files(observe)
    _watch_requests(observe)


def _watch_writes(observe: Observe) -> None:
    transaction = Ledger.transaction

    @contextmanager
    def watched(self: Ledger, *, durable: bool = True) -> Iterator[Ledger]:
        # This frame, contextlib's, then whoever opened the transaction.
        name = _name(sys._getframe(2))
        with transaction(self, durable=durable) as ledger:
            yield ledger
            observe(f"before commit of {name}")
        observe(f"after commit of {name}")

    setattr(Ledger, "transaction", watched)  # noqa: B010 - a method is replaced


def _watch_files(observe: Observe) -> None:
    def watched(call: Callable[..., None]) -> Callable[..., None]:
        def put(*what: Any, **how: Any) -> None:
            site: FrameType | None = sys._getframe(1)
            while site is not None and site.f_globals["__name__"] == "pathlib":
                site = site.f_back
            assert site is not None, "somebody calls"
            name = _name(site)
            observe(f"before file of {name}")
            call(*what, **how)
            observe(f"after file of {name}")

        return put

    for word in ("replace", "rename", "link"):
        setattr(os, word, watched(getattr(os, word)))


def _name(site: FrameType) -> str:
    return f"{site.f_globals['__name__'].rpartition('.')[2]}.{site.f_code.co_name}"


def _watch_requests(observe: Observe) -> None:
    import httpx
    from requests.adapters import HTTPAdapter

    send, send_here = httpx.AsyncClient.send, HTTPAdapter.send

    async def watched(self: httpx.AsyncClient, request: httpx.Request, **how: Any) -> Any:
        name = shape(request.method, str(request.url))
        observe(f"before {name}")
        answer = await send(self, request, **how)
        observe(f"after {name}")
        return answer

    def watched_here(self: HTTPAdapter, request: Any, *what: Any, **how: Any) -> Any:
        name = shape(request.method, request.url)
        observe(f"before {name}")
        answer = send_here(self, request, *what, **how)
        observe(f"after {name}")
        return answer

    setattr(httpx.AsyncClient, "send", watched)  # noqa: B010 - the same
    setattr(HTTPAdapter, "send", watched_here)  # noqa: B010 - the same


def shape(method: str, address: str) -> str:
    """A request without what tells it from the next of its kind."""
    return f"{method} {_NAMES.sub('*', urlsplit(address).path)}"

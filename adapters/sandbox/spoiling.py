"""Answers as they come from a gateway, a portal or a web server that is broken.

The service behind carries the request out, unless the fault says otherwise; what it answers is
then spoilt on its way. Every service takes these faults, and so may any other that speaks HTTP.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from adapters.sandbox.faults import SPOILT, Fault, Faults
from adapters.sandbox.front import apply
from adapters.sandbox.lies import LIES

_PORTAL: Final = (
    "<!DOCTYPE html>\n<html><head><title>Welcome</title></head>\n"
    '<body><form action="/accept"><p>Accept the terms of use to go on.</p></form></body></html>\n'
)
_ENDLESS_PIECE: Final = b" " * 65536
_ELSEWHERE: Final = "https://elsewhere.invalid/"
_STATUSES: Final = ("latency", "status")


@dataclass(slots=True)
class Answer:
    """An answer that was caught before it left."""

    status: int = 200
    headers: list[tuple[bytes, bytes]] | None = None
    body: bytes = b""

    def head(self, *more: bytes) -> bytes:
        """Status line and headers, with `more` lines in the place of what tells the length."""
        framing = (b"content-length", b"transfer-encoding", b"connection")
        kept = [n + b": " + v for n, v in self.headers or [] if n.lower() not in framing]
        line = f"HTTP/1.1 {self.status} {HTTPStatus(self.status).phrase}".encode()
        return b"\r\n".join([line, *kept, *more, b"connection: close"]) + b"\r\n\r\n"


class Spoiler:
    """Stands before a service. `service` names what a request belongs to, by the catalogue, and
    `others` whose `status` and `latency` are made here too, since nobody else makes them."""

    def __init__(
        self, app: ASGIApp, faults: Faults, service: Callable[[Scope], tuple[str, ...]]
    ) -> None:
        self._app = app
        self._faults = faults
        self._service = service

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        for number, service in enumerate(self._service(scope)):
            kinds = SPOILT if number == 0 else SPOILT | set(_STATUSES)
            drawn = self._faults.draw(service, tuple(kinds))
            refusal = await apply(drawn) if number else None
            if refusal is not None:
                await refusal(scope, receive, send)
                return
            spoils = [fault for kind, fault in drawn.items() if kind in SPOILT]
            if spoils:
                await self._spoil(spoils[0], scope, receive, send)
                return
        await self._app(scope, receive, send)

    async def _spoil(self, fault: Fault, scope: Scope, receive: Receive, send: Send) -> None:
        instead = _INSTEAD.get(fault.kind)
        if instead is not None:
            await instead(scope)(scope, receive, send)
            return
        if fault.options.get("unserved"):
            answer = await _swallowed(receive)
        else:
            answer = await self._answer(scope, receive)
        if fault.kind in LIES:
            body = LIES[fault.kind](answer.body)
            await _whole(answer, body)(scope, receive, send)
        elif fault.kind == "refuse-after":
            refusal = await apply({"status": fault})
            assert refusal is not None, "the fault has a status"
            await refusal(scope, receive, send)
        elif fault.kind == "empty":
            await Response(status_code=answer.status)(scope, receive, send)
        elif fault.kind == "wrong-type":
            answer.headers = [(b"content-type", b"image/png")]
            await _whole(answer, answer.body)(scope, receive, send)
        else:
            await _RAW[fault.kind](scope, answer, fault)

    async def _answer(self, scope: Scope, receive: Receive) -> Answer:
        """What the service answers; it is told that it was sent."""
        caught = Answer()
        body = bytearray()

        async def catch(message: Message) -> None:
            if message["type"] == "http.response.start":
                caught.status = message["status"]
                caught.headers = [(bytes(n), bytes(v)) for n, v in message["headers"]]
            else:
                body.extend(message.get("body", b""))

        await self._app(scope, receive, catch)
        caught.body = bytes(body)
        return caught


async def _swallowed(receive: Receive) -> Answer:
    """The request is read to its end and forgotten."""
    while (message := await receive()).get("more_body"):
        pass
    del message
    return Answer(200, [(b"content-type", b"application/json")], b"{}")


def _whole(answer: Answer, body: bytes) -> Response:
    made = Response(body, answer.status)
    kept = [(n, v) for n, v in answer.headers or [] if n.lower() != b"content-length"]
    made.raw_headers = [*kept, (b"content-length", b"%d" % len(body))]
    return made


async def _silent(scope: Scope, answer: Answer, fault: Fault) -> None:
    scope["sandbox.cut"](reset=False)


async def _half(scope: Scope, answer: Answer, fault: Fault) -> None:
    await scope["sandbox.raw"](answer.head(_length(answer)))
    await scope["sandbox.raw"](answer.body[: len(answer.body) // 2])
    scope["sandbox.cut"](reset=False)


async def _short(scope: Scope, answer: Answer, fault: Fault) -> None:
    half = b"content-length: %d" % (len(answer.body) // 2)
    await scope["sandbox.raw"](answer.head(half) + answer.body)


async def _long(scope: Scope, answer: Answer, fault: Fault) -> None:
    more = b"content-length: %d" % (len(answer.body) + 1000)
    await scope["sandbox.raw"](answer.head(more) + answer.body)
    await scope["sandbox.gone"]()


async def _mute(scope: Scope, answer: Answer, fault: Fault) -> None:
    await scope["sandbox.gone"]()


async def _endless(scope: Scope, answer: Answer, fault: Fault) -> None:
    await scope["sandbox.raw"](answer.head(b"transfer-encoding: chunked"))
    while True:
        await scope["sandbox.raw"](b"%x\r\n%b\r\n" % (len(_ENDLESS_PIECE), _ENDLESS_PIECE))


async def _drip(scope: Scope, answer: Answer, fault: Fault) -> None:
    whole = answer.head(_length(answer)) + answer.body
    for at in range(len(whole)):
        await scope["sandbox.raw"](whole[at : at + 1])
        await asyncio.sleep(fault.number() / 1000)


async def _bad_chunks(scope: Scope, answer: Answer, fault: Fault) -> None:
    await scope["sandbox.raw"](answer.head(b"transfer-encoding: chunked"))
    await scope["sandbox.raw"](b"zz\r\n" + answer.body + b"\r\n0\r\n\r\n")


async def _two_lengths(scope: Scope, answer: Answer, fault: Fault) -> None:
    half = b"content-length: %d" % (len(answer.body) // 2)
    await scope["sandbox.raw"](answer.head(half, _length(answer)) + answer.body)


async def _garbage(scope: Scope, answer: Answer, fault: Fault) -> None:
    await scope["sandbox.raw"](bytes(range(256)) * 4)


def _length(answer: Answer) -> bytes:
    return b"content-length: %d" % len(answer.body)


def _here(scope: Scope) -> Response:
    path = scope["raw_path"].decode("ascii")
    query = scope["query_string"].decode("ascii")
    return RedirectResponse(path + (f"?{query}" if query else ""), 307)


_INSTEAD: Final[Mapping[str, Callable[[Scope], Response]]] = {
    "portal": lambda scope: HTMLResponse(_PORTAL),
    "redirect-here": _here,
    "redirect-away": lambda scope: RedirectResponse(_ELSEWHERE, 302),
}
_RAW: Final[Mapping[str, Callable[[Scope, Answer, Fault], Awaitable[None]]]] = {
    "silent": _silent,
    "mute": _mute,
    "half": _half,
    "short-length": _short,
    "long-length": _long,
    "endless": _endless,
    "drip": _drip,
    "bad-chunks": _bad_chunks,
    "two-lengths": _two_lengths,
    "garbage": _garbage,
}

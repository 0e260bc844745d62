"""What the server says over a connection that is trusted: status, page or data, clock, distance."""

from __future__ import annotations

import asyncio
import datetime as dt
import html
import re
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from urllib.parse import urljoin, urlsplit

import httpx

from adapters.probe.target import HOST, NETWORK, SUPPORT, YOU, Stopped, Target, place, shown, stop
from adapters.tls import explain
from transfer.errors import NodeError
from transfer.node import CheckResult

_MOST_BYTES = 64 * 1024
_BUSY = frozenset({408, 425, 429})
_PORTAL = 511
_ROUNDS = 5
_LONGEST_ANSWER_S = 30.0
_LONGEST_ROUNDS_S = 5.0
_SLOW_MS = 1000.0
# Without an end the rest of the page: looking for it from each beginning would take minutes.
_TITLE = re.compile(r"<title[^<>]*>(.*?)(?:</title|\Z)", re.IGNORECASE | re.DOTALL)
_CLOCK_WARN_S = 60.0
_CLOCK_FAIL_S = 300.0


@dataclass(slots=True)
class Answer:
    """One answer, its body cut at 64 KiB. `asked_s` and `answered_s` are this machine's clock."""

    status: int
    headers: httpx.Headers
    body: bytes = field(repr=False)
    asked_s: float
    answered_s: float

    @property
    def is_page(self) -> bool:
        kind = self.headers.get("content-type", "").lower()
        start = self.body.lstrip()[:15].lower()
        return "html" in kind or start.startswith((b"<!doctype html", b"<html"))

    @property
    def in_words(self) -> str:
        try:
            return f"HTTP {self.status} {HTTPStatus(self.status).phrase}"
        except ValueError:
            return f"HTTP {self.status}"


class Asking:
    """Asks one target, without a credential."""

    def __init__(
        self, client: httpx.AsyncClient, target: Target, clock: Callable[[], float]
    ) -> None:
        self._client = client
        self._target = target
        self._clock = clock
        self._location = ""
        # Before the policy's own hook, which refuses without saying where it would have led.
        hooks = client.event_hooks
        client.event_hooks = {**hooks, "response": [self._note, *hooks["response"]]}

    async def _note(self, response: httpx.Response) -> None:
        self._location = response.headers.get("Location", "")

    @property
    def _tried(self) -> str:
        return f"Asked for {shown(self._target.url.split('?')[0], 200)} without signing in."

    async def ask(self) -> Answer:
        """Raises:
        Stopped: with the check answer, redirect, client-certificate or tls.
        """
        try:
            async with asyncio.timeout(_LONGEST_ANSWER_S):
                return await self._exchange()
        except (httpx.HTTPError, httpx.InvalidURL, NodeError, OSError) as problem:
            raise self._broken(problem) from problem

    async def _exchange(self) -> Answer:
        asked_s = self._clock()
        async with self._client.stream("GET", self._target.url) as response:
            answered_s = self._clock()
            body = b""
            async for piece in response.aiter_raw():
                body += piece
                if len(body) >= _MOST_BYTES:
                    break
            return Answer(response.status_code, response.headers, body, asked_s, answered_s)

    async def first(self) -> tuple[Answer, CheckResult]:
        """The first answer, and whether it is one of the service that is expected there.

        Raises:
            Stopped: as `ask`, or the answer makes all further questions meaningless.
        """
        answer = await self.ask()
        target, said = self._target, answer.in_words
        if answer.status == _PORTAL or (answer.status == 200 and answer.is_page):
            title = title_of(answer.body)
            page = f' ("{title}")' if title else ""
            raise stop(
                "answer",
                f"The {target.which} answers with a web page{page} where data are expected: a "
                "sign-in page or a notice stands before it, or the address is another one's.",
                f"Check the address in config.toml, and open https://{target.place}/ in a browser "
                "on this network to see what it wants.",
                NETWORK if answer.status == _PORTAL else YOU,
                tried=self._tried,
                answer=f"{said}, a page{page}",
            )
        if answer.status >= 500:
            raise stop(
                "answer",
                f"The {target.which} is there but out of order ({said}).",
                "Try again later; if it stays so, tell the node's support the time and number.",
                SUPPORT,
                tried=self._tried,
                answer=said,
            )
        if answer.status in _BUSY:
            return answer, CheckResult(
                "answer",
                "warn",
                f"The {target.which} is busy ({said}).",
                "Nothing to do: uploads wait and try again. If it stays so for hours, tell the "
                "node's support.",
                tried=self._tried,
                answer=said,
                whom=SUPPORT,
            )
        return answer, CheckResult(
            "answer",
            "ok",
            f"The {target.which} answers.",
            tried=self._tried,
            answer=said,
        )

    def clock(self, answer: Answer) -> CheckResult | None:
        """How far this machine's clock is off, by the Date of an answer (RFC 9110 6.6.1, to the
        second); None where it has none.

        Raises:
            Stopped: so far off that tokens and certificates would be judged wrongly.
        """
        theirs_s = _date_s(answer.headers)
        if theirs_s is None:
            return None
        # The header names the second that had begun when the answer was made.
        ahead_s = theirs_s + 0.5 - (answer.asked_s + answer.answered_s) / 2
        off_s = max(0.0, abs(ahead_s) - (answer.answered_s - answer.asked_s) / 2 - 0.5)
        side = "behind" if ahead_s > 0 else "ahead of"
        told = f"Date: {shown(answer.headers['Date'], 40)}"
        target = self._target
        message = f"This machine's clock is {_span(off_s)} {side} that of the {target.which}"
        remedy = (
            "Set this machine's clock by NTP (timedatectl set-ntp true). If it is right, tell the "
            "node's support."
        )
        if off_s > _CLOCK_FAIL_S:
            raise stop(
                "clock",
                f"{message}: signing in and certificates cannot be relied upon.",
                remedy,
                HOST,
                tried=self._tried,
                answer=told,
            )
        if off_s > _CLOCK_WARN_S:
            return CheckResult(
                "clock", "warn", f"{message}.", remedy, tried=self._tried, answer=told, whom=HOST
            )
        return CheckResult(
            "clock",
            "ok",
            f"This machine's clock agrees with that of the {target.which}.",
            tried=self._tried,
            answer=told,
        )

    async def round_trip(self) -> CheckResult:
        """How long a small question takes over a connection that is open.

        Raises:
            Stopped: as `ask`.
        """
        took_ms: list[float] = []
        began = time.monotonic()
        while len(took_ms) < _ROUNDS and time.monotonic() - began < _LONGEST_ROUNDS_S:
            started = time.monotonic()
            await self.ask()
            took_ms.append((time.monotonic() - started) * 1000)
        middle = statistics.median(took_ms)
        tried = f"{self._tried[:-1]}, {len(took_ms)} times."
        answer = f"{min(took_ms):.0f} to {max(took_ms):.0f} ms, median {middle:.0f} ms"
        message = f"A small question to the {self._target.which} takes {middle:.0f} ms"
        if middle > _SLOW_MS:
            return CheckResult(
                "round-trip",
                "warn",
                f"{message}: uploads will be slow.",
                "If it stays so, ask your network's administrator and the node's support.",
                tried=tried,
                answer=answer,
                whom=NETWORK,
            )
        return CheckResult("round-trip", "ok", f"{message}.", tried=tried, answer=answer)

    def _broken(self, problem: BaseException) -> Stopped:
        target = self._target
        refused = explain(problem)
        if refused is not None and refused.finding == "foreign-redirect":
            other = redirected_to(target.url, self._location)
            return stop(
                "redirect",
                f"{target.host} redirects to {other}; sign-in and data are not sent there.",
                "Check the address in config.toml; if it is right, ask the node's support for the "
                "address to use.",
                YOU,
                tried=self._tried,
                answer=f"a redirect to {other}",
            )
        if refused is not None:
            is_ours = refused.finding == "client-certificate"
            return stop(
                "client-certificate" if is_ours else "tls",
                refused.what,
                refused.remedy,
                SUPPORT,
                tried=self._tried,
                answer=refused.finding,
            )
        if isinstance(problem, httpx.TimeoutException | TimeoutError):
            what, said = "does not answer in time", "no answer in time"
        else:
            what, said = "breaks the connection before its answer is whole", "no whole answer"
        return stop(
            "answer",
            f"The {target.which} takes the connection but {what}.",
            "Try again later; if it stays so, tell the node's support the time.",
            SUPPORT,
            tried=self._tried,
            answer=said,
        )


def redirected_to(asked: str, location: str) -> str:
    """Where a redirect leads, without its path or query, which may hold what is nobody's."""
    try:
        parts = urlsplit(urljoin(asked, location))
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return "an address that cannot be read"
    named = shown(place(host, port) if port else host) or "no host at all"
    return f"plain http at {named}" if parts.scheme.lower() == "http" else named


def _date_s(headers: httpx.Headers) -> float | None:
    """Seconds since 1970 by Date, and by Age where a cache kept the answer; None without."""
    try:
        date = parsedate_to_datetime(headers["Date"])
        age = headers.get("Age", "0").strip()
    except (KeyError, ValueError, TypeError, IndexError, OverflowError):
        return None
    if date.tzinfo is None:
        date = date.replace(tzinfo=dt.UTC)
    return date.timestamp() + (float(age) if age.isdecimal() and len(age) < 10 else 0.0)


def _span(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} seconds"
    if seconds < 7200:
        return f"{seconds / 60:.0f} minutes"
    return f"{seconds / 3600:.0f} hours" if seconds < 172_800 else f"{seconds / 86_400:.0f} days"


def title_of(body: bytes) -> str:
    """What a page calls itself; empty where it says nothing."""
    found = _TITLE.search(body.decode("utf-8", "replace"))
    return shown(html.unescape(found[1]), 60) if found else ""

"""Requests made as the account: signed in before, and once again when the session turns out gone.

XNAT says "signed out" in four ways: 401; a redirect to the sign-in page; 200 with that page; and,
where guests may browse, 403 or 404 for what a guest must not see. The last is told apart by the
user's name.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from typing import Any
from urllib.parse import urlencode

import httpx

from adapters.statuses import refuse_status
from adapters.xnat.session import Session
from adapters.xnat.wire import Answer, Query, address, cookie, digested, exchange, unreadable
from transfer.errors import NEVER, NodeFault, NotAllowed, SignInExpired

_FORM = {"Content-Type": "application/x-www-form-urlencoded"}
Body = Callable[[], Generator[bytes, None, None]]
Row = Mapping[str, str]


class Calls:
    """What the other parts of the adapter talk to the node with."""

    def __init__(self, client: httpx.AsyncClient, url: str, session: Session, node: str) -> None:
        self._client = client
        self._url = url
        self.session = session
        self.node = node

    async def ask(
        self,
        method: str,
        path: str,
        *,
        query: Query | None = None,
        form: Query | None = None,
        headers: Mapping[str, str] | None = None,
        body: Body | None = None,
        on_restart: Callable[[], None] = lambda: None,
        read_timeout_s: float | None = None,
    ) -> Answer:
        """The node's answer to us, whatever its status. `on_restart` is called before the one
        repetition with a new session; `body` then has to give its bytes anew.

        Raises:
            SignInExpired, SignInRefused: we cannot be signed in.
            TlsRefused, Unreachable, NodeFault: no whole answer came.
        """
        for is_last in (False, True):
            used = await self.session.id()
            content: bytes | Generator[bytes, None, None] | None = None
            sent = {**(headers or {}), **cookie(used)}
            if body is not None:
                content = body()
            elif form is not None:
                content = urlencode(form).encode()
                sent |= _FORM
            answer = await exchange(
                self._client,
                method,
                address(self._url, path, query),
                headers=sent,
                content=content,
                read_timeout_s=read_timeout_s,
                node=self.node,
            )
            self.session.listen(answer)
            if not await self._is_signed_out(answer, used):
                return answer
            if is_last:
                break
            await self.session.renew(used)
            on_restart()
        raise self._signed_out()

    async def _is_signed_out(self, answer: Answer, used: str) -> bool:
        if answer.status == 401:
            return True
        if 300 <= answer.status < 400:
            return "login" in answer.headers.get("Location", "").lower()
        if answer.is_good:
            return answer.is_page
        if answer.status in (403, 404):
            return not await self.session.is_ours(used)
        return False

    async def md5(self, path: str) -> str:
        """The MD5 (hex) of a file on the node, read to its end and not kept. Raises as `ask`,
        and where there is no such file."""
        for is_last in (False, True):
            used = await self.session.id()
            url = address(self._url, path)
            answer = await digested(self._client, url, headers=cookie(used), node=self.node)
            self.session.listen(answer)
            if not await self._is_signed_out(answer, used):
                return self.good(answer).text
            if not is_last:
                await self.session.renew(used)
        raise self._signed_out()

    def _signed_out(self) -> SignInExpired:
        return SignInExpired(
            "The node signs us out again at once.",
            "Look whether another program uses the same account on this node, then run login.",
            node=self.node,
        )

    async def get(self, path: str, query: Query | None = None) -> Answer:
        return await self.ask("GET", path, query=query)

    async def document(self, path: str, query: Query | None = None) -> Any | None:
        """The JSON document at a path; None where there is none (404)."""
        answer = await self.get(path, {"format": "json", **(query or {})})
        if answer.status == 404:
            return None
        return self.good(answer).json(self.node)

    async def table(self, path: str, query: Query | None = None) -> list[Row] | None:
        """All rows of a listing, every cell a text; None where there is no such listing (404).

        Raises:
            NodeFault: it is no listing, or one that was cut.
        """
        found = await self.document(path, query)
        if found is None:
            return None
        result = found.get("ResultSet") if isinstance(found, dict) else None
        rows = result.get("Result") if isinstance(result, dict) else None
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise unreadable(self.node)
        total = result.get("totalRecords") if isinstance(result, dict) else None
        if str(total).isdecimal() and int(str(total)) > len(rows):
            raise NodeFault(
                f"The node lists only {len(rows)} of {total} entries.",
                "Ask the node's administrator to switch paging of listings off for this account.",
                node=self.node,
                retry=NEVER,
            )
        return [{k: "" if v is None else str(v) for k, v in row.items()} for row in rows]

    def good(self, answer: Answer) -> Answer:
        """The answer, if its status says that all is well.

        Raises:
            NodeError: it does not.
        """
        if answer.is_good:
            return answer
        if answer.status == 403:
            raise NotAllowed(
                "The account is signed in but may not do this on the node.",
                "Ask the owner of the project to make you a member of it.",
                node=self.node,
            )
        raise refuse_status(
            answer.status, node=self.node, retry_after=answer.headers.get("Retry-After")
        )

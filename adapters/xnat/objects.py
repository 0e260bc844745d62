"""XNAT's objects through xnatpy: projects, and what this account may do in them.

xnatpy blocks, so it runs in threads of our own, over a requests session under our TLS policy that
carries the session id shared with the bulk requests. Its own connect() can do neither: a
`BaseXNATSession` is made here as connect() would make it. No model is built: listings do not
need one, and on a real server it takes a hundred requests.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import requests

from adapters.sessions import GuardedSession, Way, requests_session
from adapters.statuses import refuse_status
from adapters.translate import MAPPED, translate
from adapters.xnat.rehearsing import Rehearsals
from adapters.xnat.session import Session
from adapters.xnat.wire import unreadable
from adapters.xnat.xnatpy import SharedSession, session_over
from transfer.errors import (
    NEVER,
    NodeError,
    NodeFault,
    SignInExpired,
    Unreachable,
)

if TYPE_CHECKING:
    from xnat.session import BaseXNATSession

T = TypeVar("T")
_THREADS = 4

_MAY_SEND = ("owner", "member", "administrator")
_IN_WORDS = {
    "owner": "owner: may send and publish",
    "member": "member: may send, not publish",
    "administrator": "administrator: may send and publish",
    "collaborator": "collaborator: may only read",
    "": "no role: may only see it",
}


@dataclass(frozen=True, slots=True)
class ProjectAccess:
    """One project as this account sees it. `role` is a word of ours, empty for none."""

    id: str
    title: str
    role: str

    @property
    def may_send(self) -> bool:
        return self.role in _MAY_SEND

    @property
    def may_publish(self) -> bool:
        return self.role in ("owner", "administrator")

    @property
    def role_in_words(self) -> str:
        return _IN_WORDS[self.role]


class Objects:
    """Asks one node by xnatpy."""

    def __init__(self, url: str, way: Way, session: Session) -> None:
        self._url = url
        self._way = way
        self._session = session
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix=f"xnat-{way.node}")
        self._making = threading.Lock()
        self._wishes = threading.local()
        self._rehearsals = Rehearsals(url, way)
        self._http: GuardedSession | None = None
        self._made: BaseXNATSession | None = None

    async def projects(self) -> Sequence[ProjectAccess]:
        """Every project that this account has to do with, by ID. XNAT gives them all at once; the
        session bounds how much is read into memory."""
        listed = await self.ask(lambda xnat: _rows(xnat, "/data/projects", {"accessible": "true"}))
        roles = await self.ask(_roles)
        found = [
            ProjectAccess(identifier, _cell(row, "name") or identifier, role)
            for row in listed
            if (identifier := _cell(row, "id"))
            for role in [role_of(roles.get(identifier, _listed_role(row)))]
        ]
        return sorted(found, key=lambda project: project.id)

    async def ask(self, call: Callable[[BaseXNATSession], T]) -> T:
        """Ask in a thread, signed in; once more, from its beginning, when the session turns out
        gone. Whatever xnatpy raises leaves as an error of ours."""
        used = await self._session.id()
        try:
            answer = await self._in_thread(call)
            if await self._session.is_ours(used):
                return answer
        except SignInExpired:
            pass
        except NodeError:
            if await self._session.is_ours(used):
                raise
        await self._session.renew(used)
        return await self._in_thread(call)

    async def _in_thread(self, call: Callable[[BaseXNATSession], T]) -> T:
        def guarded() -> T:
            self._wishes.retry_after = None
            return at_the_border(
                lambda: call(self._connection()), self._way.node, self._wished_delay
            )

        return await asyncio.get_running_loop().run_in_executor(self._threads, guarded)

    def _connection(self) -> BaseXNATSession:
        with self._making:
            if self._made is None:
                self._made = self._connect()
            return self._made

    def _connect(self) -> BaseXNATSession:
        self._http = requests_session(self._url, self._way)
        self._http.auth = SharedSession(self._session.current)
        self._http.hooks["response"].append(self._prepare)
        return session_over(
            self._http,
            self._url,
            self._way,
            username=self._session.username,
            session_id=self._session.current(),
        )

    def _prepare(self, response: requests.Response, **_: object) -> None:
        # xnatpy reads each answer as text, and requests would guess for minutes at a long one.
        response.encoding = response.encoding or "utf-8"
        # xnatpy's exceptions carry no headers.
        self._wishes.retry_after = response.headers.get("Retry-After")

    def _wished_delay(self) -> str | None:
        wish: str | None = getattr(self._wishes, "retry_after", None)
        return wish

    async def rehearse(
        self, call: Callable[[BaseXNATSession], None], folder: Path, stem: str
    ) -> None:
        """Write each request that would change something on the node into `folder`, and send
        none."""

        def guarded() -> None:
            at_the_border(lambda: self._rehearsals.run(call, folder, stem), self._way.node)

        await asyncio.get_running_loop().run_in_executor(self._threads, guarded)

    async def close(self) -> None:
        """Let the threads go; one that waits for the node ends with its time-out. The session on
        the node is not touched: others share it."""
        made, self._made = self._made, None
        # Both join a sleeping thread of xnatpy's; ours may all wait for the node.
        if made is not None:
            await asyncio.to_thread(made.disconnect)
        await asyncio.to_thread(self._rehearsals.close)
        self._threads.shutdown(wait=False, cancel_futures=True)


def at_the_border(
    call: Callable[[], T], node: str, retry_after: Callable[[], str | None] = lambda: None
) -> T:
    """Run a call of xnatpy; whatever it raises leaves as an error of ours. `retry_after` gives
    the header of that name of the last answer.

    `XNATMappingException` derives from BaseException: uncaught it would pass every handler.
    """
    from xnat import exceptions

    try:
        return call()
    except exceptions.XNATResponseError as problem:
        if problem.status_code == 200:
            # The sign-in page, which comes with 200.
            raise SignInExpired(
                "The node does not accept the sign-in any more.",
                "Sign in again with the login command, then go on.",
                node=node,
            ) from problem
        raise refuse_status(problem.status_code, node=node, retry_after=retry_after()) from problem
    except (exceptions.XNATError, exceptions.XNATMappingException) as problem:
        raise translate_xnat(problem, node) from problem
    except tuple(MAPPED) as problem:
        raise translate(problem, node) or unreadable(node) from problem
    except (ValueError, TypeError, KeyError) as problem:
        raise unreadable(node) from problem


def translate_xnat(problem: BaseException, node: str) -> NodeError:
    """The operator's error for an exception class of xnatpy."""
    from xnat import exceptions

    inner = problem if isinstance(problem, requests.RequestException) else problem.__context__
    if inner is not None:
        translated = translate(inner, node)
        if translated is not None:
            return translated
    if isinstance(problem, exceptions.XNATAuthError):
        return SignInExpired(
            "The node does not accept the sign-in any more.",
            "Sign in again with the login command, then go on.",
            node=node,
        )
    if isinstance(problem, exceptions.XNATConnectionError | exceptions.XNATIOError):
        return Unreachable(
            "The connection to the node broke before its answer was whole.",
            "Try again; if it stays so, the doctor command tells more about the way to the node.",
            node=node,
        )
    if isinstance(
        problem,
        exceptions.XNATNotConnectedError
        | exceptions.XNATObjectDestroyedError
        | exceptions.XNATObjectAlreadyExistsError,
    ):
        return NodeFault(
            "This program made a mistake in talking to the node.",
            "Report it with the log; the transfer's state is safe, and running again may help.",
            node=node,
            retry=NEVER,
        )
    return unreadable(node)


def _rows(
    xnat: BaseXNATSession, path: str, query: Mapping[str, str]
) -> Sequence[Mapping[str, Any]]:
    result = xnat.get_json(path, query=dict(query))["ResultSet"]
    rows, total = result["Result"], str(result.get("totalRecords"))
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise TypeError("no listing")
    if total.isdecimal() and int(total) > len(rows):
        raise TypeError("a listing that was cut")
    return rows


def rows_or_none(
    xnat: BaseXNATSession, path: str, query: Mapping[str, str]
) -> Sequence[Mapping[str, Any]] | None:
    """All rows of a listing; None where there is no such listing (404)."""
    from xnat import exceptions

    try:
        return _rows(xnat, path, query)
    except exceptions.XNATResponseError as refused:
        if refused.status_code == 404:
            return None
        raise


def _roles(xnat: BaseXNATSession) -> Mapping[str, str]:
    """Project IDs and roles by /xapi/access/projects; empty where the server has no such route."""
    from xnat import exceptions

    try:
        rows = xnat.get_json("/xapi/access/projects")
    except exceptions.XNATResponseError as refused:
        if refused.status_code in (403, 404, 405):
            return {}
        raise
    if not isinstance(rows, list):
        raise TypeError("no listing")
    return {
        str(row.get("ID") or row.get("id")): str(row.get("role") or "")
        for row in rows
        if isinstance(row, dict)
    }


def role_of(text: str) -> str:
    """A role however the server spells it: Owners, P_owner, Member."""
    word = text.strip().lower()
    for role in ("owner", "member", "collaborator"):
        if role in word:
            return role
    return "administrator" if "admin" in word else ""


def _listed_role(row: Mapping[str, Any]) -> str:
    return next((str(v) for k, v in row.items() if k.lower().startswith("user_role") and v), "")


def _cell(row: Mapping[str, Any], name: str) -> str:
    found = next((v for k, v in row.items() if k.lower() == name), None)
    return "" if found is None else str(found)

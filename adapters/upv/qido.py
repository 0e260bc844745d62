"""QIDO-RS and WADO-RS: what the node lists of a Series, and a look at single instances.

dicomweb-client asks, one page a call, in threads of our own: it blocks, and the default executor
has other work. Its retries are off (the runner is the layer that repeats) and its log is quiet,
since it would name UIDs and addresses.
"""

from __future__ import annotations

import asyncio
import functools
import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import quote

import requests

from adapters.sessions import GuardedSession, Way, requests_session
from adapters.statuses import refuse_status
from adapters.translate import MAPPED, translate
from adapters.upv.auth import Credential
from transfer.errors import NodeError, NodeFault, NotSupported, SignInExpired
from transfer.node import HeldInstance
from transfer.values import SeriesRef, SOPInstanceUID

if TYPE_CHECKING:
    from dicomweb_client import DICOMwebClient

_SOP_INSTANCE_UID = "00080018"
PAGE = 500
MOST_INSTANCES = 2_000_000
"""A hundred times the largest Series we know of: who lists more of one lists without an end."""
_THREADS = 4
_LONGEST_WAIT_S = 120.0
T = TypeVar("T")


class Qido:
    """Lists instances of one node."""

    def __init__(self, dicomweb_url: str, way: Way, credential: Credential) -> None:
        self._url = dicomweb_url
        self._way = way
        self._credential = credential
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix=f"qido-{way.node}")
        self._making = threading.Lock()
        self._session: GuardedSession | None = None
        self._made: DICOMwebClient | None = None
        # The longest page seen is the least that the server is willing to give: a shorter one is
        # the last one.
        self._fullest_page = 0

    async def holdings(self, series: SeriesRef) -> Mapping[SOPInstanceUID, HeldInstance]:
        """As `Node.holdings`."""
        found: dict[SOPInstanceUID, HeldInstance] = {}
        offset = 0
        while True:
            page = await self._page(series, offset)
            before = len(found)
            for uid in page:
                found[uid] = HeldInstance(uid)
            if not page or (offset == 0 and len(page) < self._fullest_page):
                return found
            if len(found) == before:
                # The same again: a server that ignores `offset`. It said everything at once,
                # unless it stopped exactly where we asked it to.
                if len(page) == PAGE:
                    raise NotSupported(
                        "The node lists only the first instances of a Series and no more.",
                        "Set can_list = false for this node in config.toml, and have a person "
                        "compare the counts.",
                        node=self._way.node,
                    )
                return found
            if len(found) > MOST_INSTANCES:
                raise NotSupported(
                    "The node lists more instances of one Series than a Series can have.",
                    "Set can_list = false for this node in config.toml, have a person compare the "
                    "counts, and tell the node's support.",
                    node=self._way.node,
                )
            self._fullest_page = max(self._fullest_page, len(page))
            if len(page) < self._fullest_page:
                return found
            offset += len(page)

    async def _page(self, series: SeriesRef, offset: int) -> Sequence[SOPInstanceUID]:
        call = functools.partial(self._search, series, offset)
        authorization = await self._credential.header()
        try:
            return await self._in_thread(call)
        except SignInExpired:
            await self._credential.renew(authorization)
        return await self._in_thread(call)

    async def _in_thread(self, call: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, call)

    def _search(self, series: SeriesRef, offset: int) -> Sequence[SOPInstanceUID]:
        try:
            rows = self._client().search_for_instances(
                study_instance_uid=quote(series.study_uid, safe=""),
                series_instance_uid=quote(series.series_uid, safe=""),
                fields=[_SOP_INSTANCE_UID],
                limit=PAGE,
                offset=offset,
            )
        except requests.exceptions.HTTPError as problem:
            return self._refused(problem)
        except tuple(MAPPED) as problem:
            raise translate(problem, self._way.node) or self._fault() from problem
        except (ValueError, TypeError, KeyError) as problem:
            raise self._fault() from problem
        if not isinstance(rows, list):
            raise self._fault()
        return [self._uid(row) for row in rows]

    def _refused(self, problem: requests.exceptions.HTTPError) -> Sequence[SOPInstanceUID]:
        response = problem.response
        if response is None:
            raise self._fault() from problem
        status = response.status_code
        if status == 404:
            # A Series that the node does not know yet.
            return []
        if status in (400, 405, 406, 415, 501):
            raise NotSupported(
                f"The node does not list instances (HTTP {status}).",
                "Set can_list = false for this node in config.toml, and have a person compare "
                "the counts.",
                node=self._way.node,
            ) from problem
        raise refuse_status(
            status, node=self._way.node, retry_after=response.headers.get("Retry-After")
        ) from problem

    def _uid(self, row: object) -> SOPInstanceUID:
        try:
            value = row[_SOP_INSTANCE_UID]["Value"][0]  # type: ignore[index]
        except (KeyError, IndexError, TypeError) as problem:
            raise self._fault() from problem
        if not isinstance(value, str):
            raise self._fault()
        return SOPInstanceUID(value.strip(" \0"))

    def _fault(self) -> NodeError:
        return NodeFault(
            "The node's list of instances cannot be read.",
            "Try again later; if it stays so, tell the node's support the time.",
            node=self._way.node,
        )

    def _client(self) -> Any:
        with self._making:
            if self._made is None:
                from dicomweb_client import DICOMwebClient

                logging.getLogger("dicomweb_client").setLevel(logging.CRITICAL)
                self._session = requests_session(self._url, self._way, self._credential.current)
                client = DICOMwebClient(
                    self._url,
                    session=self._session,
                    permissive_uid=True,
                    timeout=(
                        self._way.connect_timeout_s,
                        min(self._way.read_timeout_s, _LONGEST_WAIT_S),
                    ),
                )
                client.set_http_retry_params(retry=False)
                self._made = client
            return self._made

    def close(self) -> None:
        """Let the threads go; one that waits for the node ends with its time-out."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        if self._session is not None:
            self._session.close()

"""requests under the policy, for the libraries that are built on it."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3.util.retry import Retry as Urllib3Retry

from adapters.tls import client_context, demand_https, refusal
from adapters.translate import cut_off
from adapters.tunnelling import AskingPool, CutOff, NotOpened
from adapters.way import (
    ASKS_CERTIFICATE,
    MOST_REDIRECTS,
    Way,
    demand_same_origin,
    may_be_page,
    proxy_context,
)
from transfer.errors import NEVER, NodeFault, TlsRefused

Authorization = Callable[[], str | None]
"""Gives the current value of the Authorization header; asked once for each request."""


class _GuardedAdapter(HTTPAdapter):
    """urllib3's pools with our context; `verify`, `cert` and `proxies` of the caller do not count.

    requests would otherwise add certifi's authorities to the context, or switch the check off.
    """

    def __init__(self, way: Way, context: ssl.SSLContext) -> None:
        self._way = way
        self._context = context
        super().__init__(
            pool_maxsize=way.max_connections,
            max_retries=Urllib3Retry(0, read=False, redirect=0),
        )

    def init_poolmanager(
        self, connections: int, maxsize: int, block: bool = False, **pool_kwargs: Any
    ) -> None:
        pool_kwargs["ssl_context"] = self._context
        super().init_poolmanager(connections, maxsize, block, **pool_kwargs)
        self.poolmanager.pool_classes_by_scheme = {"https": AskingPool}

    def proxy_manager_for(self, proxy: str, **proxy_kwargs: Any) -> Any:
        is_new = proxy not in self.proxy_manager
        if is_new and self._way.proxies.proxy is not None:
            proxy_kwargs["ssl_context"] = self._context
            proxy_kwargs["proxy_ssl_context"] = proxy_context(self._way.proxies.proxy, self._way)
        manager = super().proxy_manager_for(proxy, **proxy_kwargs)
        if is_new:
            manager.pool_classes_by_scheme = {"https": AskingPool}
        return manager

    def proxy_headers(self, proxy: str) -> dict[str, str]:
        chosen = self._way.proxies.proxy
        authorization = chosen.authorization if chosen else None
        return {"Proxy-Authorization": authorization} if authorization else {}

    def build_connection_pool_key_attributes(
        self, request: requests.PreparedRequest, verify: Any, cert: Any = None
    ) -> Any:
        host, _ = super().build_connection_pool_key_attributes(request, True, None)
        return host, {"cert_reqs": "CERT_REQUIRED", "ssl_context": self._context}

    def cert_verify(self, conn: Any, url: Any, verify: Any, cert: Any) -> None:
        conn.cert_reqs = "CERT_REQUIRED"

    def send(
        self,
        request: requests.PreparedRequest,
        stream: bool = False,
        timeout: Any = None,
        verify: Any = True,
        cert: Any = None,
        proxies: Mapping[str, str] | None = None,
    ) -> requests.Response:
        if timeout is None:
            timeout = (self._way.connect_timeout_s, self._way.read_timeout_s)
        parts = urlsplit(request.url or "")
        tunnel = self._way.tunnel(parts.hostname or "", parts.port or 443)
        try:
            return super().send(
                request,
                stream=stream,
                timeout=timeout,
                verify=True,
                cert=None,
                proxies={"https": tunnel.proxy.url} if tunnel else {},
            )
        except CutOff as problem:
            raise cut_off(self._way.node) from problem
        except NotOpened as problem:
            assert tunnel is not None, "only a proxy is asked"
            refused = problem.refusal(tunnel)
            raise self._way.proxy_login.noted(refused, tunnel) from problem
        except requests.exceptions.ProxyError as problem:
            # urllib3 says so of nothing but the connection to the proxy itself.
            assert tunnel is not None, "only with a proxy"
            raise tunnel.not_connected(problem) from problem


class _RefusingAdapter(HTTPAdapter):
    """Stands where requests would speak plain http."""

    def __init__(self, node: str) -> None:
        self._node = node
        super().__init__()

    def send(self, *_: Any, **__: Any) -> requests.Response:
        raise refusal("plain-http", self._node)


class _CurrentAuthorization(requests.auth.AuthBase):
    def __init__(self, authorization: Authorization) -> None:
        self._authorization = authorization

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        value = self._authorization()
        if value is not None:
            request.headers["Authorization"] = value
        return request


class _Bounded:
    """A urllib3 response that stops when it has given more than it should."""

    def __init__(self, raw: Any, limit_bytes: int, node: str) -> None:
        self._raw = raw
        self._limit_bytes = limit_bytes
        self._node = node

    def __getattr__(self, name: str) -> Any:
        return getattr(self._raw, name)

    def stream(self, *arguments: Any, **named: Any) -> Iterator[bytes]:
        given = 0
        for piece in self._raw.stream(*arguments, **named):
            given += len(piece)
            if given > self._limit_bytes:
                self._raw.close()
                raise NodeFault(
                    "The node's answer is larger than this program can take into memory.",
                    "Tell the node's support the time; nothing of the transfer is lost.",
                    node=self._node,
                    retry=NEVER,
                )
            yield piece


class GuardedSession(requests.Session):
    """A session for one origin: requests to any other, asked for or redirected, are refused."""

    def __init__(self, base_url: str, way: Way, authorization: Authorization | None) -> None:
        super().__init__()
        demand_https(base_url, way.node)
        self._base_url = base_url
        self._node = way.node
        self._max_answer_bytes = way.max_answer_bytes
        self._longest_answer_s = way.longest_answer_s
        self.trust_env = False
        self.max_redirects = MOST_REDIRECTS
        self.headers["User-Agent"] = "eucaim-transfer"
        self.headers["Accept-Encoding"] = "identity"
        if authorization is not None:
            self.auth = _CurrentAuthorization(authorization)
        context = client_context(way.ca_file, way.client_certificate)
        self.mount("https://", _GuardedAdapter(way, context))
        self.mount("http://", _RefusingAdapter(way.node))

    def prepare_request(self, request: requests.Request) -> requests.PreparedRequest:
        # Before the credential is put in, which happens in the preparation.
        demand_https(str(request.url), self._node)
        demand_same_origin(self._base_url, str(request.url), self._node)
        return super().prepare_request(request)

    def send(self, request: requests.PreparedRequest, **named: Any) -> requests.Response:
        is_streamed = named.pop("stream", False)
        response = super().send(request, stream=True, **named)
        if may_be_page(response.status_code, response.headers) and (
            ASKS_CERTIFICATE in response.content
        ):
            raise refusal("client-certificate", self._node)
        if not is_streamed or not response.ok:
            response.raw = _Bounded(response.raw, self._max_answer_bytes, self._node)
        if not is_streamed:
            # Reading it all is what requests does itself for an answer that is not streamed. A
            # time-out is one of each piece, and trailers without end have pieces for ever.
            over = threading.Timer(self._longest_answer_s, response.raw.shutdown)
            over.daemon = True
            over.start()
            try:
                _ = response.content
            finally:
                over.cancel()
        return response

    def get_redirect_target(self, resp: requests.Response) -> str | None:
        target = super().get_redirect_target(resp)
        if target is None:
            return None
        try:
            demand_same_origin(str(resp.request.url), target, self._node)
        except TlsRefused:
            resp.close()
            raise
        return target if resp.request.method in ("GET", "HEAD") else None


def requests_session(
    base_url: str, way: Way, authorization: Authorization | None = None
) -> GuardedSession:
    """A requests session under the policy, for one node's origin.

    Raises:
        TlsRefused: `base_url` is not https (finding plain-http).
    """
    return GuardedSession(base_url, way, authorization)

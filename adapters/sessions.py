"""The two HTTP stacks under one policy: httpx for bulk bytes, requests for the libraries.

Both speak HTTP/1.1 only (httpx over HTTP/2 hangs when a server answers before the body is
through), look at no environment variable by themselves, never retry, and follow a redirect only
for a GET within the same origin.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import httpx
import requests
from requests.adapters import HTTPAdapter
from urllib3.util.retry import Retry as Urllib3Retry

from adapters.proxies import DIRECT, Proxy, ProxyRules
from adapters.tls import ClientCertificate, client_context, demand_https, origin, refusal
from adapters.translate import cut_off
from adapters.tunnel import LoginMemory, Tunnel
from adapters.tunnelling import AskingPool, CutOff, NotOpened, Watch
from transfer.errors import NEVER, NodeFault, TlsRefused

Authorization = Callable[[], str | None]
"""Gives the current value of the Authorization header; asked once for each request."""

# Many front ends drop a connection that was idle for 60 to 75 s; ours must go first.
_KEEP_ALIVE_S = 45.0
_MOST_REDIRECTS = 5


# nginx lets a handshake without our certificate pass, and says so in a page of its own with 400:
# "No required SSL certificate was sent", "The SSL certificate error".
_ASKS_CERTIFICATE = b"SSL certificate"
_LARGEST_PAGE_BYTES = 4096


def _may_be_page(status: int, headers: Mapping[str, str]) -> bool:
    length = headers.get("Content-Length", "")
    return status == 400 and length.isdecimal() and int(length) <= _LARGEST_PAGE_BYTES


@dataclass(frozen=True, slots=True)
class Way:
    """How a node is reached: trust, our certificate, proxy rules, time-outs in seconds.

    `max_answer_bytes` bounds what a requests session reads into memory; streamed answers are the
    caller's to bound. `proxy_login` is shared by all connections of the node.
    """

    node: str = ""
    ca_file: Path | None = None
    client_certificate: ClientCertificate | None = None
    proxies: ProxyRules = DIRECT
    connect_timeout_s: float = 15.0
    read_timeout_s: float = 300.0
    write_timeout_s: float = 120.0
    max_connections: int = 16
    max_answer_bytes: int = 64 * 1024 * 1024
    proxy_login: LoginMemory = field(default_factory=LoginMemory, compare=False, repr=False)

    def tunnel(self, host: str, port: int) -> Tunnel | None:
        """The proxy on the way to a host; None where it is reached directly.

        Raises:
            ProxyRefused: the proxy has refused our login before.
        """
        decision = self.proxies.decide(host, port)
        if decision.proxy is None:
            return None
        self.proxy_login.demand_unrefused()
        return Tunnel(
            decision.proxy, decision.because.setting, host, port, self.node, self.proxies.heading
        )


class _GuardedTransport(httpx.AsyncBaseTransport):
    """Refuses what is not https before connecting, and picks the proxy by our own rules."""

    def __init__(self, way: Way, context: ssl.SSLContext) -> None:
        self._way = way
        self._context = context
        self._by_proxy: dict[Proxy | None, httpx.AsyncHTTPTransport] = {}

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        demand_https(str(request.url), self._way.node)
        tunnel = self._way.tunnel(request.url.host, request.url.port or 443)
        proxy = tunnel.proxy if tunnel else None
        if proxy not in self._by_proxy:
            self._by_proxy[proxy] = self._transport(proxy)
        transport = self._by_proxy[proxy]
        if tunnel is None:
            return await self._looked_at(await transport.handle_async_request(request))
        watch = Watch(request.extensions, self._way.connect_timeout_s)
        request.extensions = watch.extensions
        try:
            return await self._looked_at(await transport.handle_async_request(request))
        except httpx.TransportError as problem:
            refused = watch.refusal(tunnel, problem)
            if refused is None:
                raise
            raise self._way.proxy_login.noted(refused, tunnel) from problem

    async def _looked_at(self, response: httpx.Response) -> httpx.Response:
        """The same answer, unless it is a server's page about our certificate."""
        if not _may_be_page(response.status_code, response.headers):
            return response
        content = b"".join([piece async for piece in response.aiter_raw()])
        await response.aclose()
        if _ASKS_CERTIFICATE in content:
            raise refusal("client-certificate", self._way.node)
        return httpx.Response(
            response.status_code,
            headers=response.headers,
            stream=httpx.ByteStream(content),
            extensions=response.extensions,
        )

    def _transport(self, proxy: Proxy | None) -> httpx.AsyncHTTPTransport:
        outward = None
        if proxy is not None:
            authorization = proxy.authorization
            outward = httpx.Proxy(
                proxy.url,
                headers={"Proxy-Authorization": authorization} if authorization else None,
                ssl_context=_context_for(proxy, self._way),
            )
        return httpx.AsyncHTTPTransport(
            verify=self._context,
            trust_env=False,
            http1=True,
            http2=False,
            proxy=outward,
            retries=0,
            limits=httpx.Limits(
                max_connections=self._way.max_connections,
                max_keepalive_connections=self._way.max_connections,
                keepalive_expiry=_KEEP_ALIVE_S,
            ),
        )

    async def aclose(self) -> None:
        for transport in self._by_proxy.values():
            await transport.aclose()


def _context_for(proxy: Proxy, way: Way) -> ssl.SSLContext | None:
    """For TLS to the proxy itself: the same trust, but our certificate is for the node alone."""
    return client_context(way.ca_file) if proxy.scheme == "https" else None


def httpx_client(way: Way) -> httpx.AsyncClient:
    """An asyncio client under the policy. Redirects are not followed unless a GET asks for it
    (`follow_redirects=True`); one to another origin raises.

    Raises (from its requests):
        TlsRefused: plain-http before connecting; foreign-redirect after such an answer.
    """

    async def look_at_redirect(response: httpx.Response) -> None:
        if not response.has_redirect_location:
            return
        request = response.request
        _demand_same_origin(str(request.url), response.headers["Location"], way.node)
        if request.method not in ("GET", "HEAD"):
            # Hiding the address keeps httpx from turning it into a GET, or sending a body twice.
            del response.headers["Location"]

    return httpx.AsyncClient(
        transport=_GuardedTransport(way, client_context(way.ca_file, way.client_certificate)),
        trust_env=False,
        follow_redirects=False,
        max_redirects=_MOST_REDIRECTS,
        event_hooks={"response": [look_at_redirect]},
        timeout=httpx.Timeout(
            connect=way.connect_timeout_s,
            read=way.read_timeout_s,
            write=way.write_timeout_s,
            pool=way.connect_timeout_s,
        ),
        headers={"User-Agent": "eucaim-transfer", "Accept-Encoding": "identity"},
    )


def _demand_same_origin(asked: str, target: str, node: str) -> None:
    """`target` may be relative to `asked`; what cannot be read counts as foreign."""
    try:
        is_same = origin(asked) == origin(urljoin(asked, target))
    except ValueError:
        is_same = False
    if not is_same:
        raise refusal("foreign-redirect", node)


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
            proxy_kwargs["proxy_ssl_context"] = _context_for(self._way.proxies.proxy, self._way)
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
        self.trust_env = False
        self.max_redirects = _MOST_REDIRECTS
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
        _demand_same_origin(self._base_url, str(request.url), self._node)
        return super().prepare_request(request)

    def send(self, request: requests.PreparedRequest, **named: Any) -> requests.Response:
        is_streamed = named.pop("stream", False)
        response = super().send(request, stream=True, **named)
        if _may_be_page(response.status_code, response.headers) and (
            _ASKS_CERTIFICATE in response.content
        ):
            raise refusal("client-certificate", self._node)
        if not is_streamed:
            response.raw = _Bounded(response.raw, self._max_answer_bytes, self._node)
            # Reading it all is what requests does itself for an answer that is not streamed.
            _ = response.content
        return response

    def get_redirect_target(self, resp: requests.Response) -> str | None:
        target = super().get_redirect_target(resp)
        if target is None:
            return None
        try:
            _demand_same_origin(str(resp.request.url), target, self._node)
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

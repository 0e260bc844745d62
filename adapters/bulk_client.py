"""httpx under the policy: asyncio, streamed, for bulk bytes and whatever else has no library."""

from __future__ import annotations

import ssl

import httpx

from adapters.bulk_transport import ThreadTransport
from adapters.proxies import Proxy
from adapters.tls import client_context, demand_https, refusal
from adapters.tunnelling import Watch
from adapters.unpacking import unpacked
from adapters.way import (
    ASKS_CERTIFICATE,
    MOST_REDIRECTS,
    Way,
    demand_same_origin,
    may_be_page,
    proxy_context,
)
from transfer.errors import NodeFault

# Many front ends drop a connection that was idle for 60 to 75 s; ours must go first.
_KEEP_ALIVE_S = 45.0


class _GuardedTransport(httpx.AsyncBaseTransport):
    """Refuses what is not https before connecting, and picks the proxy by our own rules."""

    def __init__(self, way: Way, context: ssl.SSLContext) -> None:
        self._way = way
        self._context = context
        self._by_proxy: dict[Proxy | None, ThreadTransport] = {}

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
        try:
            response = unpacked(response, self._way.node)
        except NodeFault:
            await response.aclose()
            raise
        if not may_be_page(response.status_code, response.headers):
            return response
        content = b"".join([piece async for piece in response.aiter_raw()])
        await response.aclose()
        if ASKS_CERTIFICATE in content:
            raise refusal("client-certificate", self._way.node)
        return httpx.Response(
            response.status_code,
            headers=response.headers,
            stream=httpx.ByteStream(content),
            extensions=response.extensions,
        )

    def _transport(self, proxy: Proxy | None) -> ThreadTransport:
        outward = None
        if proxy is not None:
            authorization = proxy.authorization
            outward = httpx.Proxy(
                proxy.url,
                headers={"Proxy-Authorization": authorization} if authorization else None,
                ssl_context=proxy_context(proxy, self._way),
            )
        limits = httpx.Limits(
            max_connections=self._way.max_connections,
            max_keepalive_connections=self._way.max_connections,
            keepalive_expiry=_KEEP_ALIVE_S,
        )
        return ThreadTransport(self._context, limits, outward)

    async def aclose(self) -> None:
        for transport in self._by_proxy.values():
            await transport.aclose()


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
        demand_same_origin(str(request.url), response.headers["Location"], way.node)
        if request.method not in ("GET", "HEAD"):
            # Hiding the address keeps httpx from turning it into a GET, or sending a body twice.
            del response.headers["Location"]

    return httpx.AsyncClient(
        transport=_GuardedTransport(way, client_context(way.ca_file, way.client_certificate)),
        trust_env=False,
        follow_redirects=False,
        max_redirects=MOST_REDIRECTS,
        event_hooks={"response": [look_at_redirect]},
        timeout=httpx.Timeout(
            connect=way.connect_timeout_s,
            read=way.read_timeout_s,
            write=way.write_timeout_s,
            pool=way.connect_timeout_s,
        ),
        headers={"User-Agent": "eucaim-transfer", "Accept-Encoding": "identity"},
    )

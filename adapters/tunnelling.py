"""CONNECT (RFC 9110 9.3.6) by both HTTP libraries, with what the proxy answers kept.

httpx and urllib3 report a refused CONNECT as a text with the status in it. Here httpcore is watched
by its own trace extension, and urllib3's connection asks with the standard library's parser, so
that both tell status, Proxy-Authenticate and the stage at which it ended.
"""

from __future__ import annotations

import http.client
import ssl
from collections.abc import Mapping, MutableMapping, Sequence
from typing import Any

import httpx
from urllib3 import HTTPSConnectionPool
from urllib3.connection import HTTPSConnection

from adapters.dripping import PacedResponse
from adapters.tunnel import Tunnel
from transfer.errors import ProxyRefused

_CHALLENGE = "proxy-authenticate"


class Watch:
    """Follows one httpx request through a proxy: an httpcore trace, as `extensions` carries it.

    While the proxy is asked, its answer is awaited no longer than a connection would be.
    """

    def __init__(self, extensions: Mapping[str, Any], connect_timeout_s: float) -> None:
        self._timeouts: MutableMapping[str, Any] = dict(extensions.get("timeout", {}))
        self._read_timeout_s = self._timeouts.get("read")
        self._connect_timeout_s = connect_timeout_s
        self._is_connecting = False
        self._is_asking = False
        self._status = 0
        self._challenges: Sequence[str] = ()
        self.extensions = {**extensions, "timeout": self._timeouts, "trace": self._trace}

    def _trace(self, event: str, info: Mapping[str, Any]) -> None:
        if event == "connection.connect_tcp.started":
            self._is_connecting = True
            self._timeouts["read"] = self._connect_timeout_s
        elif not self._is_connecting:
            return
        elif event == "http11.send_request_headers.started":
            self._is_asking = True
        elif event == "http11.receive_response_headers.complete":
            _, self._status, _, headers = info["return_value"][:4]
            self._challenges = [
                value.decode("latin-1")
                for name, value in headers
                if name.lower() == _CHALLENGE.encode()
            ]
        elif event == "proxy.start_tls.started":
            self._is_connecting = False
            self._timeouts["read"] = self._read_timeout_s

    def refusal(self, tunnel: Tunnel, problem: httpx.TransportError) -> ProxyRefused | None:
        """The proxy's part in a failure; None when the way was open already."""
        if not self._is_connecting:
            return None
        if not self._is_asking:
            return tunnel.not_connected(problem)
        if isinstance(problem, httpx.TimeoutException):
            return tunnel.too_late()
        if self._status:
            return tunnel.answered(self._status, self._challenges)
        return tunnel.broke()


class NotOpened(Exception):
    """A proxy did not answer CONNECT with 2xx. The cause, where there is one, came instead."""

    def __init__(self, status: int = 0, challenges: Sequence[str] = ()) -> None:
        super().__init__(f"status {status}")
        self.status = status
        self.challenges = challenges

    def refusal(self, tunnel: Tunnel) -> ProxyRefused:
        if isinstance(self.__cause__, TimeoutError):
            return tunnel.too_late()
        return tunnel.answered(self.status, self.challenges) if self.status else tunnel.broke()


class CutOff(Exception):
    """The other side hung up in the middle of the TLS handshake, without a word of TLS. urllib3
    raises the same for a connection that breaks later, when something may have arrived."""


class _AskingConnection(HTTPSConnection):
    """urllib3's connection with a CONNECT of its own; on Python 3.11 the standard library's is
    HTTP/1.0 without Host, and throws the headers of a refusal away. Answers have to keep pace."""

    response_class = PacedResponse

    def connect(self) -> None:
        try:
            super().connect()
        except (ssl.SSLEOFError, ConnectionResetError, BrokenPipeError) as problem:
            if self.proxy_is_tunneling and not self.has_connected_to_proxy:
                raise
            raise CutOff from problem

    # Of http.client, set by set_tunnel, which urllib3 calls.
    _tunnel_host: str
    _tunnel_port: int
    _tunnel_headers: Mapping[str, str]

    def _tunnel(self) -> None:
        host = self._tunnel_host.strip("[]")
        place = f"[{host}]:{self._tunnel_port}" if ":" in host else f"{host}:{self._tunnel_port}"
        headers = {"Host": place, **self._tunnel_headers}
        lines = [f"CONNECT {place} HTTP/1.1", *(f"{k}: {v}" for k, v in headers.items()), "", ""]
        assert self.sock is not None, "connect() has made it"
        try:
            self.sock.sendall("\r\n".join(lines).encode("latin-1"))
            answer = PacedResponse(self.sock, method="CONNECT")
            try:
                answer.begin()
            finally:
                answer.close()
        except (OSError, http.client.HTTPException) as problem:
            raise NotOpened from problem
        if not 200 <= answer.status < 300:
            raise NotOpened(answer.status, answer.headers.get_all(_CHALLENGE, []))


class AskingPool(HTTPSConnectionPool):
    """A pool of connections that tell how they did not come about."""

    ConnectionCls = _AskingConnection

"""How a node is reached, and what both HTTP stacks hold to on the way there."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urljoin

from adapters.proxies import DIRECT, Proxy, ProxyRules
from adapters.tls import ClientCertificate, client_context, origin, refusal
from adapters.tunnel import LoginMemory, Tunnel

MOST_REDIRECTS = 5
# nginx lets a handshake without our certificate pass, and says so in a page of its own with 400:
# "No required SSL certificate was sent", "The SSL certificate error".
ASKS_CERTIFICATE = b"SSL certificate"
_LARGEST_PAGE_BYTES = 4096


def may_be_page(status: int, headers: Mapping[str, str]) -> bool:
    """Whether an answer is short enough, and of the status, to be such a page."""
    length = headers.get("Content-Length", "")
    return status == 400 and length.isdecimal() and int(length) <= _LARGEST_PAGE_BYTES


@dataclass(frozen=True, slots=True)
class Way:
    """How a node is reached: trust, our certificate, proxy rules, time-outs in seconds.

    `max_answer_bytes` and `longest_answer_s` bound what a requests session reads into memory;
    streamed answers are the caller's to bound. `proxy_login` is shared by all connections of the
    node.
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
    longest_answer_s: float = 900.0
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


def proxy_context(proxy: Proxy, way: Way) -> ssl.SSLContext | None:
    """For TLS to the proxy itself: the same trust, but our certificate is for the node alone."""
    return client_context(way.ca_file) if proxy.scheme == "https" else None


def demand_same_origin(asked: str, target: str, node: str) -> None:
    """`target` may be relative to `asked`; what cannot be read counts as foreign."""
    try:
        is_same = origin(asked) == origin(urljoin(asked, target))
    except ValueError:
        is_same = False
    if not is_same:
        raise refusal("foreign-redirect", node)

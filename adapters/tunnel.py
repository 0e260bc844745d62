"""The way through one proxy to one host, and what the operator is told when it does not open.

Both HTTP libraries drop the headers of a proxy's refusal, which alone say what kind of login it
wants (Proxy-Authenticate, RFC 9110 11.7.1). `adapters.tunnelling` keeps them, and this module puts
them into words. Nothing of a proxy's answer is shown but its status and the names of schemes that
are known.
"""

from __future__ import annotations

import socket
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from urllib.request import parse_http_list

from adapters.proxies import Proxy
from adapters.tls import causes, explain
from transfer.errors import NEVER, ProxyRefused

_SCHEMES = {
    "basic": "Basic",
    "digest": "Digest",
    "ntlm": "NTLM",
    "negotiate": "Negotiate (Kerberos)",
    "kerberos": "Kerberos",
    "bearer": "Bearer",
}


def schemes_of(challenges: Iterable[str]) -> Sequence[str]:
    """The kinds of login that Proxy-Authenticate headers name, each once, in their order.

    A kind that this program has never heard of is not repeated but called `another kind`.
    """
    found: dict[str, None] = {}
    for header in challenges:
        # Parameters of a challenge stand between commas as well: name=value, without a space.
        for part in parse_http_list(header):
            word = part.split(" ", 1)[0]
            if "=" not in word and word:
                found[_SCHEMES.get(word.lower(), "another kind")] = None
    return tuple(found)


@dataclass(frozen=True, slots=True)
class Tunnel:
    """Through `proxy`, which `setting` names, to `host` and `port`. Makes errors, raises none.

    `heading` is the table of config.toml in which a login for the proxy can be set.
    """

    proxy: Proxy
    setting: str
    host: str
    port: int
    node: str = ""
    heading: str = ""

    @property
    def _proxy_place(self) -> str:
        return _place(self.proxy.host, self.proxy.port)

    @property
    def _node_place(self) -> str:
        return _place(self.host, self.port)

    def answered(self, status: int, challenges: Iterable[str] = ()) -> ProxyRefused:
        """It answered CONNECT with anything but 2xx."""
        if status == 407:
            return self._wants_login(schemes_of(challenges))
        if status == 429 or status >= 500:
            return self._no_way(f"HTTP {status}")
        if 300 <= status < 500:
            return ProxyRefused(
                "proxy-forbids",
                f"The proxy {self._proxy_place} does not let this machine through to "
                f"{self._node_place} (HTTP {status}); nothing was sent.",
                "Ask the network's administrator to allow CONNECT from this machine to "
                f"{self._node_place}, without inspection where possible.",
                node=self.node,
                retry=NEVER,
            )
        return self._makes_no_sense()

    def not_connected(self, problem: BaseException) -> ProxyRefused:
        """No connection to the proxy itself: TCP, its name, or its TLS."""
        tls = explain(problem)
        if tls is not None:
            return self._not_trusted(tls.finding)
        why = "cannot be reached"
        if any(isinstance(c, socket.gaierror) for c in causes(problem)):
            why = "has a name that cannot be looked up"
        return ProxyRefused(
            "proxy-unreachable",
            f"The proxy {self._proxy_place} {why}; the node was not asked.",
            f"Check the address in {self.setting}, and ask the network's administrator whether "
            "the proxy is up and open to this machine.",
            node=self.node,
        )

    def too_late(self) -> ProxyRefused:
        """It took the connection, and no answer to CONNECT came in time."""
        return self._no_way("no answer in time")

    def broke(self) -> ProxyRefused:
        """It took the connection, but its answer to CONNECT broke off or cannot be read."""
        return self._makes_no_sense()

    def _no_way(self, why: str) -> ProxyRefused:
        return ProxyRefused(
            "proxy-no-way",
            f"The proxy {self._proxy_place} could not open the way to {self._node_place} ({why}).",
            "Try again later. If it stays so, the node may be down, or "
            "the proxy cannot reach it: ask the network's administrator whether the proxy can "
            f"look up and reach {self._node_place}.",
            node=self.node,
        )

    def _makes_no_sense(self) -> ProxyRefused:
        return ProxyRefused(
            "proxy-answer",
            f"The proxy {self._proxy_place} gave no answer that can be used; the node was not "
            "asked.",
            f"Check that {self.setting} names a proxy for web traffic and its right port; if it "
            "does, ask the network's administrator.",
            node=self.node,
        )

    def _not_trusted(self, finding: str) -> ProxyRefused:
        if finding == "plain-http":
            what = f"The proxy {self._proxy_place} does not speak TLS itself; nothing was sent."
            remedy = f"Write its address in {self.setting} with http:// instead of https://."
        elif finding == "unknown-ca":
            what = (
                f"The certificate of the proxy {self._proxy_place} is signed by an authority that "
                "this machine does not trust; nothing was sent."
            )
            remedy = (
                "Get the authority's certificate from the network's administrator and name it as "
                "ca_file in config.toml."
            )
        else:
            what = (
                f"The proxy {self._proxy_place} cannot be trusted ({finding}): a proxy with an "
                "https address needs TLS 1.3 and a certificate for its name. Nothing was sent."
            )
            remedy = "Tell the network's administrator, or use the proxy's http:// address."
        return ProxyRefused("proxy-tls", what, remedy, node=self.node, retry=NEVER)

    def _wants_login(self, schemes: Sequence[str]) -> ProxyRefused:
        asks = " or ".join(schemes) or "a kind that it does not name"
        if schemes and "Basic" not in schemes:
            return ProxyRefused(
                "proxy-scheme",
                f"The proxy {self._proxy_place} asks for a login that this program cannot give: "
                f"{asks}. Nothing was sent.",
                "Run a local relay that can, such as cntlm or px, and name it as proxy of this "
                "node (http://127.0.0.1:3128); or ask the network's administrator to let this "
                f"machine through to {self._node_place} without a login.",
                node=self.node,
                retry=NEVER,
            )
        name, password = self._where_login_is_set
        if self.proxy.authorization is not None:
            return ProxyRefused(
                "proxy-login",
                f"The proxy {self._proxy_place} does not accept the login ({asks}); nothing was "
                "sent.",
                f"Check the name ({name}) and the password ({password}); it is not tried again by "
                "itself, since accounts get locked by that.",
                node=self.node,
                retry=NEVER,
            )
        if self.proxy.username:
            lacks, remedy = "its password is not known", f"Give the password: {password}."
        else:
            lacks, remedy = (
                "none is set up",
                f"Set the name ({name}) and the password ({password}).",
            )
        return ProxyRefused(
            "proxy-login",
            f"The proxy {self._proxy_place} asks for a login ({asks}), and {lacks}; nothing was "
            "sent.",
            remedy,
            node=self.node,
            retry=NEVER,
        )

    @property
    def _where_login_is_set(self) -> tuple[str, str]:
        name = f"proxy_username of {self.heading} in config.toml"
        if self.heading.startswith("[nodes."):
            command = f"eucaim-transfer login {self.node} --proxy-password"
            return name, f"{command}, or the secret proxy.password"
        return name if self.heading else f"in {self.setting}", "the secret proxy.password"


class LoginMemory:
    """A login that the proxy refused is not shown to it again by this process: accounts get locked
    by that, and the account behind a proxy is mostly a person's own."""

    def __init__(self) -> None:
        self._refused: ProxyRefused | None = None

    def demand_unrefused(self) -> None:
        """Called before the proxy is asked.

        Raises:
            ProxyRefused: it refused our login before.
        """
        if self._refused is not None:
            raise self._refused

    def noted(self, refused: ProxyRefused, tunnel: Tunnel) -> ProxyRefused:
        """The same refusal, remembered if it was about a login that we gave."""
        if refused.finding == "proxy-login" and tunnel.proxy.authorization is not None:
            self._refused = refused
        return refused


def _place(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"

"""The way out: which proxy leads to which host, and why, resolved once for every connection.

httpx and requests read NO_PROXY differently (address ranges, ports, leading dots), so neither is
allowed to look: both run with `trust_env` off and are told the answer. A node's own settings go
before the environment.
"""

from __future__ import annotations

import base64
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import unquote, urlsplit

from adapters.exemptions import Exemption, comparable, read_exemption
from adapters.inherited import as_given
from transfer.errors import UsageError

_DEFAULT_PORTS = {"http": 80, "https": 443}
_VARIABLES = ("https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY")
_EXEMPTING = ("no_proxy", "NO_PROXY")
NO_PROXY_AT_ALL = "none"


@dataclass(frozen=True, slots=True)
class ProxyOptions:
    """What a node's table in config.toml says; what is empty leaves it to the environment.

    `proxy` is an address or `none`. A node that names its own proxy goes by its own `no_proxy`
    alone; otherwise its entries stand beside those of NO_PROXY. `heading` is the table's own, as
    people are told where to look.
    """

    proxy: str = ""
    no_proxy: tuple[str, ...] = ()
    username: str = ""
    heading: str = field(default="", compare=False)


BY_ENVIRONMENT = ProxyOptions()


@dataclass(frozen=True, slots=True)
class Proxy:
    """One proxy; name and password never show in its repr. A password of None is not known, an
    empty one is meant (`http://token:@proxy`)."""

    url: str
    username: str = field(default="", repr=False)
    password: str | None = field(default=None, repr=False)

    @property
    def host(self) -> str:
        """Its name or address, an IPv6 one without brackets."""
        return urlsplit(self.url).hostname or ""

    @property
    def port(self) -> int:
        return urlsplit(self.url).port or _DEFAULT_PORTS[self.scheme]

    @property
    def scheme(self) -> str:
        """`http`, or `https`: then the way to the proxy is TLS as well."""
        return urlsplit(self.url).scheme

    @property
    def authorization(self) -> str | None:
        """The value of Proxy-Authorization, in UTF-8 (RFC 7617); None unless name and password
        are known: a guess would count as a failed login."""
        if not self.username or self.password is None:
            return None
        pair = base64.b64encode(f"{self.username}:{self.password}".encode()).decode()
        return f"Basic {pair}"


@dataclass(frozen=True, slots=True)
class Because:
    """Why a host is reached as it is: which setting said so, and for an exemption which entry."""

    kind: Literal["unset", "named", "exempt", "off"] = "unset"
    setting: str = ""
    entry: str = ""

    def __str__(self) -> str:
        if self.kind == "named":
            return f"{self.setting} names it"
        if self.kind == "exempt":
            return f"{self.setting} exempts the host by its entry {self.entry}"
        if self.kind == "off":
            return f'{self.setting} is "{NO_PROXY_AT_ALL}"'
        return "neither HTTPS_PROXY, ALL_PROXY nor config.toml names one"


@dataclass(frozen=True, slots=True)
class Decision:
    """How one host is reached: through `proxy`, or directly where that is None."""

    proxy: Proxy | None
    because: Because

    def __str__(self) -> str:
        if self.proxy is None:
            return f"directly: {self.because}"
        return f"through the proxy {self.proxy.url}: {self.because}"


@dataclass(frozen=True, slots=True)
class ProxyRules:
    """Which proxy, if any, a host is reached through. `because` is why there is one at all, and
    `heading` the table of config.toml that could say otherwise."""

    proxy: Proxy | None = None
    exemptions: tuple[Exemption, ...] = ()
    because: Because = Because()
    heading: str = field(default="", compare=False)

    def decide(self, host: str, port: int) -> Decision:
        """The way to a host, and the reason for it."""
        if self.proxy is None:
            return Decision(None, self.because)
        name = comparable(host)
        for exemption in self.exemptions:
            if exemption.covers(name, port):
                return Decision(None, Because("exempt", exemption.setting, exemption.entry))
        return Decision(self.proxy, self.because)


DIRECT = ProxyRules()


def rules_from(
    environ: Mapping[str, str],
    password: str | None = None,
    options: ProxyOptions | None = None,
    node: str = "",
) -> ProxyRules:
    """The rules for one node, or with no node those of the environment alone.

    Of the environment HTTPS_PROXY, ALL_PROXY and NO_PROXY count, lower case before upper case as
    with curl. `password` (see `proxy_password`) goes with a name that has none in the address.

    Raises:
        UsageError: the proxy's address cannot be used.
    """
    if environ is os.environ:
        # The program has taken the passwords out of it.
        environ = as_given()
    own = options or BY_ENVIRONMENT
    table = own.heading or (f"[nodes.{node}]" if node else "config.toml")
    if own.proxy == NO_PROXY_AT_ALL:
        return ProxyRules(because=Because("off", f"proxy of {table}"))
    exemptions = [read_exemption(entry, f"no_proxy of {table}") for entry in own.no_proxy]
    setting, named = (f"proxy of {table}", own.proxy) if own.proxy else _first(environ, _VARIABLES)
    if not named:
        return DIRECT
    if not own.proxy:
        listing, listed = _first(environ, _EXEMPTING)
        exemptions += [read_exemption(entry, listing) for entry in listed.replace(",", " ").split()]
    proxy = _proxy(setting, named, own.username, password)
    return ProxyRules(proxy, tuple(exemptions), Because("named", setting), table)


def proxy_password(secret: Callable[[str], str | None], node: str = "") -> str | None:
    """The password for a node's proxy: its own (`<node>.proxy.password`), else `proxy.password`."""
    own = secret(f"{node}.proxy.password") if node else None
    return own or secret("proxy.password")


def _first(environ: Mapping[str, str], names: tuple[str, ...]) -> tuple[str, str]:
    """The first of these variables that says anything, and what it says."""
    return next(
        ((name, environ[name].strip()) for name in names if environ.get(name, "").strip()), ("", "")
    )


def _proxy(setting: str, named: str, username: str, password: str | None) -> Proxy:
    refused = UsageError(
        f"The proxy address in {setting} cannot be used.",
        "Write it as http://proxy.example:3128; SOCKS proxies are not supported.",
    )
    try:
        parts = urlsplit(named if "://" in named else f"http://{named}")
        port = parts.port
    except ValueError as cause:
        raise refused from cause
    # It is shown to people, and goes into a request line.
    is_clean = named.isprintable() and " " not in named
    if not is_clean or parts.scheme.lower() not in _DEFAULT_PORTS or not parts.hostname:
        raise refused
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    own_name = unquote(parts.username or "")
    own_password = None if parts.password is None else unquote(parts.password)
    if username and username != own_name:
        own_password = None
    return Proxy(
        url=f"{parts.scheme.lower()}://{host}" + (f":{port}" if port else ""),
        username=username or own_name,
        password=password if own_password is None else own_password,
    )

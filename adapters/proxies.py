"""The way out: which proxy leads to which host, resolved once and for both HTTP libraries.

httpx and requests read NO_PROXY differently (address ranges, ports, leading dots), so neither is
allowed to look: both run with `trust_env` off and are told the answer.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import quote, unquote, urlsplit

from transfer.errors import UsageError

_IPNetwork = ipaddress.IPv4Network | ipaddress.IPv6Network
_IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address


@dataclass(frozen=True, slots=True)
class Exemption:
    """One entry of NO_PROXY: a name with everything below it, or an address range."""

    suffix: str = ""
    network: _IPNetwork | None = None
    port: int | None = None

    def covers(self, host: str, port: int) -> bool:
        if self.port is not None and self.port != port:
            return False
        address = _address(host)
        if self.network is not None:
            return address is not None and address in self.network
        if self.suffix == "*":
            return True
        return address is None and (host == self.suffix or host.endswith("." + self.suffix))


@dataclass(frozen=True, slots=True)
class Proxy:
    """One proxy; name and password never show in its repr."""

    url: str
    username: str = field(default="", repr=False)
    password: str = field(default="", repr=False)

    @property
    def url_with_credentials(self) -> str:
        """The form that requests and urllib3 want; not for logs."""
        if not self.username:
            return self.url
        scheme, rest = self.url.split("://", 1)
        secret = f":{quote(self.password, safe='')}" if self.password else ""
        return f"{scheme}://{quote(self.username, safe='')}{secret}@{rest}"


@dataclass(frozen=True, slots=True)
class ProxyRules:
    """Which proxy, if any, a host is reached through."""

    proxy: Proxy | None = None
    exemptions: tuple[Exemption, ...] = ()

    def proxy_for(self, host: str, port: int) -> Proxy | None:
        name = host.lower().rstrip(".").strip("[]")
        if self.proxy is None or any(e.covers(name, port) for e in self.exemptions):
            return None
        return self.proxy


DIRECT = ProxyRules()


def rules_from(environ: Mapping[str, str], password: str | None = None) -> ProxyRules:
    """Read HTTPS_PROXY, ALL_PROXY and NO_PROXY, lower case before upper case as curl does.

    `password` (the secret `proxy.password`) goes with the name in the proxy's URL.

    Raises:
        UsageError: the proxy's URL cannot be used.
    """
    named = _first(environ, "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY")
    if not named:
        return DIRECT
    listed = _first(environ, "no_proxy", "NO_PROXY")
    entries = [entry for entry in listed.replace(",", " ").split() if entry]
    return ProxyRules(_proxy(named, password), tuple(_exemption(entry) for entry in entries))


def _first(environ: Mapping[str, str], *names: str) -> str:
    return next((environ[name].strip() for name in names if environ.get(name, "").strip()), "")


def _proxy(named: str, password: str | None) -> Proxy:
    refused = UsageError(
        "The proxy address in HTTPS_PROXY or ALL_PROXY cannot be used.",
        "Write it as http://proxy.example:3128; SOCKS proxies are not supported.",
    )
    try:
        parts = urlsplit(named if "://" in named else f"http://{named}")
        port = parts.port
    except ValueError as cause:
        raise refused from cause
    if parts.scheme.lower() not in ("http", "https") or not parts.hostname:
        raise refused
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return Proxy(
        url=f"{parts.scheme.lower()}://{host}" + (f":{port}" if port else ""),
        username=unquote(parts.username or ""),
        password=unquote(parts.password or "") or password or "",
    )


def _address(text: str) -> _IPAddress | None:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None


def _exemption(entry: str) -> Exemption:
    entry = entry.lower()
    try:
        return Exemption(network=ipaddress.ip_network(entry.strip("[]"), strict=False))
    except ValueError:
        pass
    host, colon, digits = entry.rpartition(":")
    port = int(digits) if colon and digits.isdecimal() else None
    if port is None:
        host = entry
    address = _address(host.strip("[]"))
    if address is not None:
        return Exemption(network=ipaddress.ip_network(address), port=port)
    return Exemption(suffix="*" if host == "*" else host.removeprefix("*").strip("."), port=port)

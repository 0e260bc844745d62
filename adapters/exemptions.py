"""Who is reached without a proxy: one entry of NO_PROXY, and what it covers.

Read as curl reads it: a name covers itself and everything below it, with or without a leading dot,
never a part of a label; an address range (CIDR) covers the addresses in it; `*` covers all. A name
is never looked up to see whether its address lies in a range: the answer could differ from one
moment to the next, and behind a proxy there is often no DNS for it. Beyond curl, an entry may end
in a port, and `*.example` is read as `.example`.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass

_IPNetwork = ipaddress.IPv4Network | ipaddress.IPv6Network
_IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
_NAME = re.compile(r"[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*\Z")


@dataclass(frozen=True, slots=True)
class Exemption:
    """One entry, as written in `setting`: a name with everything below it, or an address range.

    An entry that cannot be read covers nothing.
    """

    entry: str
    setting: str
    suffix: str = ""
    network: _IPNetwork | None = None
    port: int | None = None

    @property
    def is_readable(self) -> bool:
        return self.network is not None or self.suffix == "*" or bool(_NAME.match(self.suffix))

    def covers(self, host: str, port: int) -> bool:
        """Whether it covers a host whose name was made comparable (`comparable`)."""
        if not self.is_readable or (self.port is not None and self.port != port):
            return False
        address = _address(host)
        if self.network is not None:
            return address is not None and address in self.network
        if self.suffix == "*":
            return True
        return address is None and (host == self.suffix or host.endswith("." + self.suffix))


def read_exemption(entry: str, setting: str) -> Exemption:
    """An entry as somebody wrote it. Never raises; see `Exemption.is_readable`."""
    text = entry.strip().lower()
    network = _network(text)
    if network is not None:
        return Exemption(entry, setting, network=network)
    host, colon, digits = text.rpartition(":")
    port = int(digits) if colon and digits.isascii() and digits.isdecimal() else None
    if port is None:
        host = text
    network = _network(host)
    if network is not None:
        return Exemption(entry, setting, network=network, port=port)
    name = comparable(host.removeprefix("*").lstrip("."))
    # `*.*` is no way to say everybody.
    suffix = "*" if host == "*" else ("" if name == "*" else name)
    return Exemption(entry, setting, suffix=suffix, port=port)


def comparable(host: str) -> str:
    """A host in the one form in which both HTTP libraries' spellings are equal: lower case, no
    final dot, no brackets, names of other alphabets as they travel in DNS (RFC 5891)."""
    name = host.strip("[]").rstrip(".").lower()
    if name.isascii():
        return name
    import idna

    try:
        return idna.encode(name, uts46=True).decode("ascii")
    except idna.IDNAError:
        return name


def _network(text: str) -> _IPNetwork | None:
    if text.startswith("["):
        inside, _, after = text[1:].partition("]")
        text = inside + after if after == "" or after.startswith("/") else text
    try:
        # Host bits may be set: people write the address of one of their machines with the mask.
        return ipaddress.ip_network(text, strict=False)
    except ValueError:
        return None


def _address(text: str) -> _IPAddress | None:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    mapped = getattr(address, "ipv4_mapped", None)
    return mapped or address

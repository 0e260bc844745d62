"""What the options of any kind of node have in common: checks of single values, and words."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit

from adapters.exemptions import read_exemption

HTTPS_ADDRESS = "an address that begins with https:// and has no name, password or query in it"

PROXY_ADDRESS = (
    'an address like "http://proxy.example:3128", without name or password in it, or "none"'
)
NO_PROXY_LIST = 'a list of names, addresses and ranges like [".hospital.example", "10.0.0.0/8"]'


def is_text(value: object) -> bool:
    return isinstance(value, str) and value != "" and value.isprintable()


def is_https_address(value: object) -> bool:
    # http is let through here, so that it is refused as a TLS finding and not as a spelling.
    if not isinstance(value, str) or not value.isprintable():
        return False
    try:
        parts = urlsplit(value)
        # An impossible port number is found out only when it is asked for.
        has_host = bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        return False
    if parts.username or parts.password or parts.query or parts.fragment:
        return False
    return parts.scheme.lower() in ("https", "http") and has_host


def is_number(least: float, most: float) -> Callable[[object], bool]:
    """A check for a number from `least` to `most`."""

    def accepts(value: object) -> bool:
        return (
            isinstance(value, int | float)
            and not isinstance(value, bool)
            and least <= value <= most
        )

    return accepts


def is_whole(least: int, most: int) -> Callable[[object], bool]:
    """A check for a whole number from `least` to `most`."""

    def accepts(value: object) -> bool:
        return isinstance(value, int) and not isinstance(value, bool) and least <= value <= most

    return accepts


def is_proxy_address(value: object) -> bool:
    """An address, or `none`. SOCKS is let through here, so that its refusal can say why."""
    if value == "none":
        return True
    if not isinstance(value, str) or not value.isprintable() or " " in value:
        return False
    try:
        parts = urlsplit(value)
        has_host = bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        return False
    is_bare = not (parts.username or parts.password or parts.query or parts.fragment)
    return has_host and is_bare and parts.path in ("", "/")


def is_no_proxy(value: object) -> bool:
    """A list of what NO_PROXY may hold, one entry each."""
    return isinstance(value, list) and all(
        is_text(entry) and " " not in entry and read_exemption(entry, "").is_readable
        for entry in value
    )

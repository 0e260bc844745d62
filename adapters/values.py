"""What the options of any kind of node have in common: checks of single values, and words."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit

HTTPS_ADDRESS = "an address that begins with https:// and has no name, password or query in it"


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

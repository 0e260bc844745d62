"""What an HTTP status means for the operator, wherever it came from."""

from __future__ import annotations

import datetime as dt
from email.utils import parsedate_to_datetime

from transfer.errors import (
    NEVER,
    BodyTooLarge,
    NodeBusy,
    NodeError,
    NodeFault,
    NotAllowed,
    NotSupported,
    Retry,
    SignInExpired,
)

BUSY = frozenset({408, 425, 429, 502, 503, 504})
_LONGEST_WAIT_S = 3600.0


def retry_after_s(header: str | None, now: dt.datetime) -> float | None:
    """Seconds to wait by a Retry-After header (seconds or an HTTP date, RFC 9110 10.2.3).

    None when there is none or it cannot be read; never negative, at most an hour.
    """
    if header is None or not header.strip():
        return None
    text = header.strip()
    if text.isdecimal() and text.isascii():
        seconds = float(text)
    else:
        try:
            until = parsedate_to_datetime(text)
        except (ValueError, TypeError, IndexError):
            return None
        if until.tzinfo is None:
            until = until.replace(tzinfo=dt.UTC)
        seconds = (until - now).total_seconds()
    return min(max(seconds, 0.0), _LONGEST_WAIT_S)


def refuse_status(
    status: int, *, node: str, retry_after: str | None = None, now: dt.datetime | None = None
) -> NodeError:
    """The error for an answer whose status alone says that the request failed."""
    if status in BUSY:
        wait = retry_after_s(retry_after, now or dt.datetime.now(dt.UTC))
        return NodeBusy(
            f"The node is busy or not ready (HTTP {status}).",
            "Try again later. If it stays so for hours, tell the node's administrator.",
            node=node,
            retry=None if wait is None else Retry.after(wait),
        )
    if status == 401:
        return SignInExpired(
            "The node does not accept the sign-in any more.",
            "Sign in again with the login command, then go on.",
            node=node,
        )
    if status == 403:
        return NotAllowed(
            "The account is signed in but may not do this on the node.",
            "Ask the node's support for the role Data ingester and for the right to this project.",
            node=node,
        )
    if status == 413:
        return BodyTooLarge(
            "The request is larger than the node takes at once.",
            "It is sent again in smaller requests; if a single instance is too large, ask the "
            "node's administrator to raise the limit.",
            node=node,
        )
    if status in (404, 405, 406, 410, 415, 501):
        return NotSupported(
            f"The node does not offer this call at the configured address (HTTP {status}).",
            "Check the node's addresses in config.toml; if they are right, ask the node's support.",
            node=node,
        )
    return NodeFault(
        f"The node answered with HTTP {status}, which it should not.",
        "Try again later; if it stays so, tell the node's support the time and this number.",
        node=node,
        retry=None if status >= 500 else NEVER,
    )

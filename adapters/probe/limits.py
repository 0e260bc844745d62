"""How large a request the server's front takes, asked without sending one.

A request that announces its length and `Expect: 100-continue` (RFC 9110 10.1.1) is answered from
its head: 413 where it is too large, 100 where the body may come. Then we hang up: no body, no
credential, nothing stored. A front that asks for a sign-in first, or answers nothing, does not
tell; that is no failure.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import h11
import httpx

from adapters.probe.line import Line
from adapters.probe.target import SUPPORT, Stopped, Target
from transfer.node import CheckResult

OpenSecure = Callable[[], Awaitable[Line]]
_SMALLEST_BYTES = 64 * 1024
_LARGE_BYTES = 1 << 30
_WAIT_S = 5.0
_TOO_LARGE = 413
_CONTINUE = 100


async def size_limit(open_secure: OpenSecure, target: Target) -> CheckResult:
    """Whether the front takes the requests that uploads will make."""
    wanted = target.upload_bytes
    tried = f"Announced a request of {_size(wanted)} (Expect: 100-continue) and sent none of it."
    status = await _announce(open_secure, target, wanted)
    if status == _TOO_LARGE:
        return await _too_large(open_secure, target, tried)
    if status == _CONTINUE:
        large = await _announce(open_secure, target, _LARGE_BYTES)
        beyond = f", but none of {_size(_LARGE_BYTES)}" if large == _TOO_LARGE else ""
        return CheckResult(
            "limits",
            "ok",
            f"The {target.which} takes requests of {_size(wanted)}{beyond}.",
            tried=tried,
            answer=f"HTTP {status}",
        )
    said = "no answer" if status is None else f"HTTP {status}"
    return CheckResult(
        "limits",
        "ok",
        f"Not told how large a request the {target.which} takes: requests are made smaller by "
        "themselves when it refuses one.",
        tried=tried,
        answer=said,
    )


async def _too_large(open_secure: OpenSecure, target: Target, tried: str) -> CheckResult:
    taken = target.upload_bytes // 2
    while taken >= _SMALLEST_BYTES and await _announce(open_secure, target, taken) == _TOO_LARGE:
        taken //= 2
    fits = taken >= _SMALLEST_BYTES
    remedy = (
        "Ask the node's support to raise the limit of its front (client_max_body_size, or "
        "proxy-body-size): a single larger instance cannot be sent."
    )
    if fits:
        remedy += f" Until then set max_batch_bytes = {taken} in config.toml."
    return CheckResult(
        "limits",
        "warn",
        f"The {target.which} refuses requests of {_size(target.upload_bytes)}"
        + (f" and takes {_size(taken)}." if fits else f", and even of {_size(_SMALLEST_BYTES)}."),
        remedy,
        tried=tried,
        answer=f"HTTP {_TOO_LARGE}",
        whom=SUPPORT,
    )


async def _announce(open_secure: OpenSecure, target: Target, size_bytes: int) -> int | None:
    """The status by which a request of that size is met; None without an answer."""
    url = httpx.URL(target.upload_url)
    headers = [
        ("Host", url.netloc.decode("ascii")),
        ("User-Agent", "eucaim-transfer"),
        ("Content-Type", target.upload_type),
        ("Content-Length", str(size_bytes)),
        ("Expect", "100-continue"),
        ("Connection", "close"),
    ]
    try:
        async with await open_secure() as line:
            head = await line.ask("POST", url.raw_path.decode("ascii"), headers, _WAIT_S)
    except (OSError, Stopped, h11.ProtocolError):
        return None
    return head.status if head else None


def rate_not_measured(target: Target) -> CheckResult:
    """Why there is no figure for the upload rate."""
    return CheckResult(
        "upload-rate",
        "ok",
        f"Not measured how fast an upload runs: the {target.which} has no place for throw-away "
        "data. The first minute of the upload shows it.",
        tried="Nothing: it would need a place for throw-away data.",
        answer="not measured",
    )


def _size(size_bytes: int) -> str:
    for unit, name in ((1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")):
        if size_bytes >= unit:
            return f"{size_bytes / unit:.0f} {name}"
    return f"{size_bytes} bytes"

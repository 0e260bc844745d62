"""The first lines of any doctor: is somebody there, over which TLS, with which certificate?"""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Mapping
from typing import Any

import httpx

from adapters.statuses import BUSY, refuse_status
from adapters.translate import translate
from transfer.errors import NodeError, NodeFault, SignInExpired, TlsRefused, TransferError
from transfer.node import CheckResult

_SOON_DAYS = 14


async def connection_results(
    client: httpx.AsyncClient, which: str, url: str, *, node: str, now_s: float
) -> AsyncIterator[CheckResult]:
    """Reached without any credential, so that none is lost on a connection that is refused.

    Raises:
        TlsRefused, Unreachable: nobody is there, or nobody to be trusted.
    """
    async with Asked(client, url, None, node) as response:
        facts = _tls_facts(response)
        status = response.status_code
    yield CheckResult("reachable", "ok", f"The {which} answers.")
    if status in BUSY:
        busy = refuse_status(status, node=node)
        yield CheckResult("reachable", "warn", busy.what, busy.remedy, busy.exit_code)
    if facts is None:
        return
    version, ends = facts
    yield CheckResult("tls-version", "ok", f"The {which} speaks {version}.")
    if ends is not None:
        days = int((ends - now_s) // 86_400)
        if days < _SOON_DAYS:
            yield CheckResult(
                "certificate",
                "warn",
                f"The certificate of the {which} expires in {days} days.",
                "Tell the node's administrator before it does.",
            )
        else:
            yield CheckResult(
                "certificate", "ok", f"The certificate of the {which} is good for {days} days."
            )


class Asked:
    """A GET whose body is not read, with the library's exceptions translated."""

    def __init__(
        self, client: httpx.AsyncClient, url: str, authorization: str | None, node: str
    ) -> None:
        headers = {"Accept": "application/dicom+json, application/json;q=0.9, */*;q=0.1"}
        if authorization is not None:
            headers["Authorization"] = authorization
        self._stream = client.stream("GET", url, headers=headers, follow_redirects=True)
        self._node = node

    async def __aenter__(self) -> httpx.Response:
        try:
            return await self._stream.__aenter__()
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as problem:
            translated = translate(problem, self._node)
            if translated is None:
                raise
            raise translated from problem

    async def __aexit__(self, *_: object) -> None:
        await self._stream.__aexit__(None, None, None)


def _tls_facts(response: httpx.Response) -> tuple[str, float | None] | None:
    """Version and end of the certificate (seconds since 1970) of the connection in use."""
    stream = response.extensions.get("network_stream")
    secure: Any = stream.get_extra_info("ssl_object") if stream is not None else None
    if secure is None:
        return None
    certificate: Mapping[str, Any] = secure.getpeercert() or {}
    ends = certificate.get("notAfter")
    return secure.version() or "", ssl.cert_time_to_seconds(ends) if ends else None


def failure(refused: TransferError) -> CheckResult:
    """The line of the doctor for an error."""
    check = "node"
    if isinstance(refused, TlsRefused):
        check = {
            "tls-version": "tls-version",
            "plain-http": "tls-version",
            "foreign-redirect": "reachable",
        }.get(refused.finding, "certificate")
    elif refused.exit_code == SignInExpired.exit_code:
        check = "sign-in"
    elif isinstance(refused, NodeFault):
        check = "answers"
    elif isinstance(refused, NodeError):
        check = "reachable"
    return CheckResult(check, "fail", refused.what, refused.remedy, refused.exit_code)

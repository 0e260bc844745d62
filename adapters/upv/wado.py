"""WADO-RS: one instance back, in the bytes that the node stores. For spot checks."""

from __future__ import annotations

import re
from urllib.parse import quote

import httpx

from adapters.statuses import refuse_status
from adapters.translate import translate
from transfer.errors import NodeFault
from transfer.values import SeriesRef, SOPInstanceUID

# Without transfer-syntax=* a server may transcode (PS3.18 8.7.3.5.2).
_ACCEPT = 'multipart/related; type="application/dicom"; transfer-syntax=*'
_BOUNDARY = re.compile(r'boundary="?([^";]+)"?', re.IGNORECASE)


async def retrieve_instance(
    client: httpx.AsyncClient,
    dicomweb_url: str,
    series: SeriesRef,
    uid: SOPInstanceUID,
    *,
    authorization: str | None,
    node: str,
    limit_bytes: int,
) -> bytes:
    """The Part 10 bytes of one instance as the node gives them.

    Raises:
        NodeFault: more than `limit_bytes`, or no multipart answer.
        NodeError: as for any request; an instance that is not there is NotSupported (404).
    """
    path = "/".join(
        f"{word}/{quote(value, safe='')}"
        for word, value in (
            ("studies", series.study_uid),
            ("series", series.series_uid),
            ("instances", uid),
        )
    )
    headers = {"Accept": _ACCEPT}
    if authorization is not None:
        headers["Authorization"] = authorization
    collected = bytearray()
    try:
        async with client.stream(
            "GET", f"{dicomweb_url}/{path}", headers=headers, follow_redirects=True
        ) as response:
            if response.status_code != 200:
                raise refuse_status(
                    response.status_code,
                    node=node,
                    retry_after=response.headers.get("Retry-After"),
                )
            async for piece in response.aiter_bytes():
                collected += piece
                if len(collected) > limit_bytes:
                    raise _unreadable(node)
    except (httpx.HTTPError, httpx.InvalidURL, OSError) as problem:
        raise translate(problem, node) or _unreadable(node) from problem
    return _only_part(bytes(collected), response.headers.get("Content-Type", ""), node)


def _only_part(content: bytes, content_type: str, node: str) -> bytes:
    if content_type.lower().startswith("application/dicom"):
        return content
    found = _BOUNDARY.search(content_type)
    if not content_type.lower().startswith("multipart/related") or found is None:
        raise _unreadable(node)
    marker = b"--" + found[1].encode("ascii", "replace")
    start = content.find(marker)
    header_end = content.find(b"\r\n\r\n", start)
    # From the end: the bytes of the instance may hold anything, a marker of this form included.
    end = content.rfind(b"\r\n" + marker + b"--")
    if start < 0 or header_end < 0 or end < header_end:
        raise _unreadable(node)
    return content[header_end + 4 : end]


def _unreadable(node: str) -> NodeFault:
    return NodeFault(
        "The node did not give the instance back as DICOMweb says.",
        "Tell the node's support the time; nothing of the transfer is lost.",
        node=node,
    )

"""Answers that come packed although we ask for them as they are: unpacked a stretch at a time.

httpx unpacks each piece whole, once for each name in Content-Encoding: a packed answer of some
hundred kilobytes fills all memory before whoever bounds it has seen a byte.
"""

from __future__ import annotations

import zlib
from collections.abc import AsyncIterator
from typing import Final

import httpx

from transfer.errors import NEVER, NodeFault

_AS_IT_IS: Final = ("", "identity")
_GZIP: Final = ("gzip", "x-gzip")
_STRETCH_BYTES: Final = 256 * 1024


def unpacked(response: httpx.Response, node: str) -> httpx.Response:
    """The same answer, with its body as it was before it was packed.

    Raises:
        NodeFault: it is packed in a way that we never asked for and cannot bound.
    """
    packing = response.headers.get("Content-Encoding", "").strip().lower()
    if packing in _AS_IT_IS:
        return response
    if packing not in _GZIP:
        raise NodeFault(
            "The node packs its answers in a way that this program did not ask for.",
            "Ask the node's administrator, or the proxy's, to send answers as they are "
            "(Accept-Encoding: identity).",
            node=node,
            retry=NEVER,
        )
    stream = response.stream
    assert isinstance(stream, httpx.AsyncByteStream), "from an asyncio transport"
    headers = [
        (name, value)
        for name, value in response.headers.raw
        if name.lower() not in (b"content-encoding", b"content-length")
    ]
    return httpx.Response(
        response.status_code,
        headers=headers,
        stream=_Unpacked(stream),
        extensions=response.extensions,
    )


class _Unpacked(httpx.AsyncByteStream):
    def __init__(self, packed: httpx.AsyncByteStream) -> None:
        self._packed = packed

    async def __aiter__(self) -> AsyncIterator[bytes]:
        unpacking = zlib.decompressobj(16 + zlib.MAX_WBITS)
        is_begun = False
        try:
            async for piece in self._packed:
                is_begun = is_begun or bool(piece)
                while piece and not unpacking.eof:
                    stretch = unpacking.decompress(piece, _STRETCH_BYTES)
                    piece = unpacking.unconsumed_tail
                    if stretch:
                        yield stretch
            while (
                is_begun
                and not unpacking.eof
                and (stretch := unpacking.decompress(unpacking.unconsumed_tail, _STRETCH_BYTES))
            ):
                yield stretch
        except zlib.error as problem:
            raise httpx.DecodingError("the packed answer is damaged") from problem
        if is_begun and not unpacking.eof:
            raise httpx.DecodingError("the packed answer is cut")

    async def aclose(self) -> None:
        await self._packed.aclose()

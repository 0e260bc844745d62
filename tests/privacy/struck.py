"""The real command line, in which a request fails with an exception that tells all it holds.

    python -P struck.py METHOD WORDS…

The first request by METHOD raises an exception that no part of the program expects, with the
request's headers and body in its text, as a careless library would. Run as a script.
"""

from __future__ import annotations

import sys
from collections.abc import AsyncIterable
from typing import Any


def main() -> int:
    """Run the words that follow the method."""
    method = sys.argv.pop(1)
    import httpx

    send = httpx.AsyncClient.send

    async def fail(self: httpx.AsyncClient, request: httpx.Request, **named: Any) -> httpx.Response:
        if request.method != method:
            return await send(self, request, **named)
        is_streamed = isinstance(request.stream, AsyncIterable) and not hasattr(request, "_content")
        body = b"streamed" if is_streamed else request.content
        raise LookupError(f"{request.url} {dict(request.headers)} {body!r}")

    httpx.AsyncClient.send = fail  # type: ignore[method-assign]
    from tui.__main__ import main as command_line

    return command_line()


if __name__ == "__main__":
    sys.exit(main())

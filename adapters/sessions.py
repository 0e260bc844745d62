"""The two HTTP stacks under one policy: httpx for bulk bytes, requests for the libraries.

Both speak HTTP/1.1 only (httpx over HTTP/2 hangs when a server answers before the body is
through), look at no environment variable by themselves, never retry, and follow a redirect only
for a GET within the same origin.
"""

from __future__ import annotations

from adapters.bulk_client import httpx_client
from adapters.library_session import Authorization, GuardedSession, requests_session
from adapters.way import Way

__all__ = ["Authorization", "GuardedSession", "Way", "httpx_client", "requests_session"]

"""The wall clock, for records only: nothing decides by it."""

from __future__ import annotations

from datetime import UTC, datetime


def utc_now() -> str:
    """Now, as RFC 3339 in UTC with milliseconds."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")

"""Text from files, folders, ledgers and nodes, made harmless before it reaches a terminal."""

from __future__ import annotations

import os
import unicodedata

FORBIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_MARK = "\N{REPLACEMENT CHARACTER}"


def plain(text: str | bytes | os.PathLike[str], limit: int = 2000) -> str:
    """One line of printable characters, at most `limit` of them.

    Control characters (C0, C1, DEL), escape sequences' ESC, bidirectional and invisible
    formatting characters, lone surrogates and unassigned code points each become U+FFFD: what
    was there stays visible, and nothing of it can move the cursor or turn the reading order.
    """
    raw = text if isinstance(text, str | bytes) else os.fspath(text)
    if isinstance(raw, bytes):
        raw = raw.decode("utf-8", "replace")
    if raw.isascii() and raw.isprintable() and len(raw) <= limit:
        return raw
    shown = raw if len(raw) <= limit else raw[: limit - 1] + "…"
    return "".join(_MARK if unicodedata.category(c) in FORBIDDEN else c for c in shown)


def shorten_path(path: str, width: int) -> str:
    """A path cut in its middle: its end says more than its start."""
    if len(path) <= width or width < 8:
        return path
    head = max(3, width // 4)
    return f"{path[:head]}…{path[len(path) - (width - head - 1) :]}"

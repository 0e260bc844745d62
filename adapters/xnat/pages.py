"""What XNAT says in its error pages, as plain text with the identifiers covered.

Routes under /data answer with Restlet's page: HTML that is not well-formed, the reason in `<h3>`.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable

# Each ends with the text at the latest, and no tag holds the beginning of another: the node decides
# what stands here, and not how long we read it.
_H3 = re.compile(r"<h3[^<>]*>(.*?)(?:</h3>|\Z)", re.IGNORECASE | re.DOTALL)
_TAG = re.compile(r"<[^<>]*>")
_UNSEEN = re.compile(r"<(style|script|title)\b.*?(?:</\1>|\Z)", re.IGNORECASE | re.DOTALL)
_UID = re.compile(r"\b\d+(?:\.\d+){4,}\b")
_LONGEST_PAGE = 64 * 1024
_LONGEST = 240
_SHORTEST_COVERED = 3


def plain(text: str) -> str:
    """The words of a page or text, without markup, on one line."""
    text = text[:_LONGEST_PAGE]
    found = _H3.search(text)
    words = found[1] if found else _UNSEEN.sub(" ", text)
    words = html.unescape(_TAG.sub(" ", words))
    return " ".join("".join(c if c.isprintable() else " " for c in words).split())


def said(text: str, covered: Iterable[str] = ()) -> str:
    """What the node says, fit for a log: UIDs and the `covered` texts replaced, cut to a line."""
    words = plain(text)
    for secret in sorted({c for c in covered if len(c) >= _SHORTEST_COVERED}, key=len)[::-1]:
        words = re.sub(re.escape(secret), "(…)", words, flags=re.IGNORECASE)
    words = _UID.sub("(UID)", words)
    return words if len(words) <= _LONGEST else words[: _LONGEST - 1] + "…"

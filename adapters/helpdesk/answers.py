"""What Zammad says about tickets, read with care: any of it may be missing, or be something else.

Field names: docs.zammad.org, API, Tickets and Articles. All texts are untrusted.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from transfer.tickets import DeskAnswer, DeskTicket

_CLOSED: Final = frozenset({"closed", "merged", "removed"})
_LONGEST_ANSWER: Final = 8000
_LONGEST_WORD: Final = 200
# Elements after which a reader expects a new line.
_BLOCKS: Final = frozenset(
    {"address", "blockquote", "br", "dd", "div", "dt", "h1", "h2", "h3", "h4", "hr", "li", "ol"}
    | {"p", "pre", "section", "table", "tr", "ul"}
)
_UNSEEN: Final = frozenset({"head", "script", "style", "title"})
_TAG: Final = re.compile(r"<(?P<ends>/?)(?P<name>[A-Za-z][A-Za-z0-9]*|[!?])[^<>]*>")
# Python's own reading of a number stops with an error at 4300 digits.
_LONG_REFERENCE: Final = re.compile(r"&#[xX]?[0-9a-fA-F]{8,};?")
_FORBIDDEN: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn"})
_LARGEST_KEY: Final = 2**63 - 1
_GROUP: Final = re.compile(r"\bgroup", re.IGNORECASE)


def ticket_of(found: object, address: str) -> DeskTicket | None:
    """A ticket, asked for with `expand=true`; None for what is none."""
    if not isinstance(found, dict) or not _is_key(found.get("id")):
        return None
    state = _word(found.get("state"))
    return DeskTicket(
        id=found["id"],
        number=_word(found.get("number")) or str(found["id"]),
        url=f"{address}/#ticket/zoom/{found['id']}",
        title=_word(found.get("title")),
        group=_word(found.get("group")),
        state=state,
        is_closed=state.casefold() in _CLOSED or bool(found.get("close_at")),
        created_at_utc=_word(found.get("created_at")),
    )


def _is_key(value: object) -> bool:
    """Whether it is a number that a database gives, and ours can keep."""
    return isinstance(value, int) and not isinstance(value, bool) and 0 < value <= _LARGEST_KEY


def tickets_of(found: object, address: str) -> Sequence[DeskTicket]:
    """A list of tickets, what is none left out."""
    entries = found if isinstance(found, list) else []
    return [ticket for entry in entries if (ticket := ticket_of(entry, address)) is not None]


def answers_of(found: object, customer: object) -> Sequence[DeskAnswer]:
    """What the staff wrote, oldest first: not the customer's own articles, not what is internal,
    not what the system sends by itself. `customer` is the ticket's customer_id."""
    return tuple(
        DeskAnswer(_word(entry.get("created_at")), text)
        for entry in _entries(found)
        if _is_staff(entry, customer)
        and not entry.get("internal")
        and (text := text_of(entry).strip()[:_LONGEST_ANSWER])
    )


def reply_of(found: object, customer: object) -> str:
    """When the customer wrote after the staff's last word; empty where the last word is theirs,
    or nobody of them has written yet."""
    replied = ""
    has_answered = False
    for entry in _entries(found):
        if entry.get("internal"):
            continue
        if _is_staff(entry, customer):
            has_answered, replied = True, ""
        elif has_answered and entry.get("sender") == "Customer":
            replied = _word(entry.get("created_at"))
    return replied


def bodies_of(found: object) -> Iterable[str]:
    """The texts of all articles."""
    return (text_of(entry) for entry in _entries(found))


def _entries(found: object) -> Sequence[Mapping[str, Any]]:
    return [e for e in found if isinstance(e, dict)] if isinstance(found, list) else []


def _is_staff(entry: Mapping[str, Any], customer: object) -> bool:
    sender = entry.get("sender")
    if isinstance(sender, str):
        return sender == "Agent"
    return entry.get("created_by_id") not in (None, customer, 1)


def text_of(entry: Mapping[str, Any]) -> str:
    """An article as plain text."""
    body = entry.get("body")
    if not isinstance(body, str):
        return ""
    if "html" not in str(entry.get("content_type", "text/html")):
        return _harmless(body.replace("\r\n", "\n"))
    lines = _text_of_page(body).splitlines()
    return _harmless("\n".join(" ".join(line.split()) for line in lines))


def _text_of_page(page: str) -> str:
    """The text of an HTML page. Nothing of it is loaded, followed or run.

    Not html.parser: it takes minutes for 100 kB that were written to make it (a tag that never
    ends, 20,000 times), and cannot be interrupted. This reads each character once.
    """
    first, *others = page.split("<!--")
    page = first + "".join(other.partition("-->")[2] for other in others)
    parts: list[str] = []
    unseen, end = 0, 0
    for tag in _TAG.finditer(page):
        if not unseen:
            parts.append(page[end : tag.start()])
        end = tag.end()
        name = tag["name"].lower()
        if name in _UNSEEN:
            unseen = max(0, unseen - 1) if tag["ends"] else unseen + 1
        if name in _BLOCKS and not unseen:
            parts.append("\n")
    if not unseen:
        parts.append(page[end:])
    return html.unescape(_LONG_REFERENCE.sub("\N{REPLACEMENT CHARACTER}", "".join(parts)))


def _harmless(text: str) -> str:
    """What can be stored and shown: of control characters and lone surrogates only line ends."""
    return "".join(
        c
        if c in "\n\t" or unicodedata.category(c) not in _FORBIDDEN
        else "\N{REPLACEMENT CHARACTER}"
        for c in text
    )


def complaint_of(found: object) -> str:
    """Zammad's own words on why it refused; empty where it gave none."""
    if not isinstance(found, dict):
        return ""
    return _word(found.get("error_human")) or _word(found.get("error"))


def is_about_group(complaint: str) -> bool:
    """Whether it refused the group: an unknown name, or one that this account may not choose."""
    return bool(_GROUP.search(complaint))


def _word(value: object) -> str:
    """A short text of one line, safe in a message."""
    text = value if isinstance(value, str) else ""
    return "".join(c if c.isprintable() else "?" for c in text)[:_LONGEST_WORD]

"""What Zammad says about tickets, read with care: any of it may be missing, or be something else.

Field names: docs.zammad.org, API, Tickets and Articles. All texts are untrusted.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from html.parser import HTMLParser
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
_GROUP: Final = re.compile(r"\bgroup", re.IGNORECASE)


def ticket_of(found: object, address: str) -> DeskTicket | None:
    """A ticket, asked for with `expand=true`; None for what is none."""
    if not isinstance(found, dict) or not isinstance(found.get("id"), int):
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
        return body
    reader = _Text()
    reader.feed(body)
    reader.close()
    lines = ("".join(reader.parts)).splitlines()
    return "\n".join(" ".join(line.split()) for line in lines)


class _Text(HTMLParser):
    """The text of an HTML page. Nothing of it is loaded, followed or run."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._unseen = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._unseen += tag in _UNSEEN
        if tag in _BLOCKS:
            self.parts.append("\n")

    def handle_endtag(self, tag: str) -> None:
        self._unseen -= tag in _UNSEEN and self._unseen > 0
        if tag in _BLOCKS and tag != "br":
            self.parts.append("\n")

    def handle_data(self, data: str) -> None:
        if not self._unseen:
            self.parts.append(data)


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

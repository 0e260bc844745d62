"""Answers that are well formed and untrue: what a node says that it stored, or that it lists."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any, Final

_SOP_INSTANCE = "00080018"
_REFERENCED_SOP_INSTANCE = "00081155"
_FAILED, _REFERENCED = "00081198", "00081199"
_FAILURE_REASON = "00081197"
_PROCESSING_FAILURE = 272
_STRANGER = "1.2.826.0.1.3680043.8.498.999"
_ENTRY = re.compile(rb"<cat:entry [^>]*?(?:/>|>.*?</cat:entry>)", re.DOTALL)
_ENTRY_UID = re.compile(rb'UID="[^"]*"')


def _names_others(body: bytes) -> bytes:
    document = json.loads(body)
    for item in _items(document, _REFERENCED):
        item[_REFERENCED_SOP_INSTANCE]["Value"] = [_STRANGER]
    return _text(document)


def _names_none(body: bytes) -> bytes:
    document = json.loads(body)
    for tag in (_REFERENCED, _FAILED):
        document.pop(tag, None)
    return _text(document)


def _refuses_stored(body: bytes) -> bytes:
    document = json.loads(body)
    stored, failed = _items(document, _REFERENCED), _items(document, _FAILED)
    first, rest = stored[:1], stored[1:]
    for item in first:
        item[_FAILURE_REASON] = {"vr": "US", "Value": [_PROCESSING_FAILURE]}
    document[_REFERENCED] = {"vr": "SQ", "Value": rest}
    document[_FAILED] = {"vr": "SQ", "Value": [*failed, *first]}
    return _text(document)


def _names_in_both(body: bytes) -> bytes:
    document = json.loads(body)
    document[_FAILED] = {"vr": "SQ", "Value": _items(document, _REFERENCED)}
    return _text(document)


def _lists_twice(body: bytes) -> bytes:
    if _ENTRY.search(body):
        return _ENTRY.sub(lambda found: found[0] * 2, body)
    rows = json.loads(body)
    return _text([row for row in rows for _ in range(2)]) if isinstance(rows, list) else body


def _lists_others(body: bytes) -> bytes:
    if first := _ENTRY.search(body):
        uid = f'UID="{_STRANGER}"'.encode()
        return body.replace(first[0], _ENTRY_UID.sub(uid, first[0]) + first[0], 1)
    rows = json.loads(body)
    if not isinstance(rows, list):
        return body
    return _text([{_SOP_INSTANCE: {"vr": "UI", "Value": [_STRANGER]}}, *rows])


def _lists_less(body: bytes) -> bytes:
    if first := _ENTRY.search(body):
        return body.replace(first[0], b"", 1)
    rows = json.loads(body)
    return _text(rows[1:]) if isinstance(rows, list) else body


def _items(document: Any, tag: str) -> list[Any]:
    found: list[Any] = document.get(tag, {}).get("Value", [])
    return found


def _text(document: Any) -> bytes:
    return json.dumps(document).encode()


LIES: Final[Mapping[str, Callable[[bytes], bytes]]] = {
    "names-others": _names_others,
    "names-none": _names_none,
    "names-in-both": _names_in_both,
    "refuses-stored": _refuses_stored,
    "lists-twice": _lists_twice,
    "lists-others": _lists_others,
    "lists-less": _lists_less,
}
"""By the kind of the fault. The first four change an answer to STOW-RS, the others a listing: of
QIDO-RS, or a catalogue of XNAT."""

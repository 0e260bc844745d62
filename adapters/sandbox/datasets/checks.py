"""Checks of single values, in the service's words. `name` is what the value is called there."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final

from adapters.sandbox.datasets import words
from adapters.sandbox.datasets.answers import Refused

TYPES: Final = ("original", "annotated", "processed", "personal-data")
METHODS: Final = (
    "patient-based",
    "cohort",
    "only-image",
    "longitudinal",
    "case-control",
    "disease-specific",
)
NAME_LEAST, NAME_MOST, VERSION_MOST, CONTACT_MOST, REASON_MOST = 3, 256, 16, 256, 128
_CODE: Final = re.compile(r"[A-Za-z0-9-]+")
_CODE_LEAST, _CODE_MOST = 2, 20


def text(value: Any, name: str, least: int = 0, most: int | None = None) -> str:
    """Raises Refused, as all of these do."""
    if not isinstance(value, str):
        raise Refused(400, words.NOT_STRING.format(name=name))
    if len(value) < least:
        raise Refused(400, words.TOO_SHORT.format(name=name, least=least))
    if most is not None and len(value) > most:
        raise Refused(400, words.TOO_LONG.format(name=name, most=most))
    return value


def texts(value: Any, name: str) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise Refused(400, words.NOT_STRINGS.format(name=name))
    return list(value)


def items(value: Any, name: str, known: Sequence[str]) -> list[str]:
    """An array out of a closed list."""
    for item in texts(value, name):
        if item not in known:
            listed = ", ".join(known)
            raise Refused(400, words.UNKNOWN_ITEM.format(item=item, name=name, known=listed))
    return list(value)


def code(value: Any, name: str) -> str:
    """The code of a project or subproject."""
    given = text(value, name, _CODE_LEAST, _CODE_MOST)
    if not _CODE.fullmatch(given):
        raise Refused(400, words.BAD_CHARACTERS.format(name=name))
    return given


def boolean(value: Any) -> bool:
    if not isinstance(value, bool):
        raise Refused(400, words.NOT_BOOLEAN)
    return value


def licence(value: Any) -> dict[str, str]:
    """Title and address; too long ones are a fault of the service's database."""
    if not isinstance(value, dict):
        raise Refused(400, words.NOT_OBJECT.format(name="license"))
    title, url = value["title"], value["url"]
    if not (isinstance(title, str) and isinstance(url, str)) or len(title) > 128 or len(url) > 256:
        raise Refused(500, words.UNEXPECTED)
    return {"title": title, "url": url}

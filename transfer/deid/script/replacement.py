"""Java's replacement texts: `$1`, `${name}`, and a backslash before what is meant as it is."""

from __future__ import annotations

import re
from typing import Final

_DIGITS: Final = tuple("0123456789")


class BadReplacement(ValueError):
    """Java fails at this replacement text as soon as something matches."""


def java_replacement(text: str, pattern: re.Pattern[str]) -> list[str | int]:
    """The replacement text as pieces: literal text, and groups by number.

    Raises:
        BadReplacement
    """
    pieces: list[str | int] = []
    at = 0
    while at < len(text):
        character = text[at]
        at += 1
        if character == "\\":
            if at == len(text):
                raise BadReplacement
            pieces.append(text[at])
            at += 1
        elif character != "$":
            pieces.append(character)
        elif text[at : at + 1] == "{":
            end = text.find("}", at)
            number = pattern.groupindex.get(text[at + 1 : end]) if end > 0 else None
            if number is None:
                raise BadReplacement
            pieces.append(number)
            at = end + 1
        else:
            if text[at : at + 1] not in _DIGITS:
                raise BadReplacement
            group = int(text[at])
            at += 1
            if group > pattern.groups:
                raise BadReplacement
            # As many digits as there are groups for.
            while text[at : at + 1] in _DIGITS:
                longer = group * 10 + int(text[at])
                if longer > pattern.groups:
                    break
                group = longer
                at += 1
            pieces.append(group)
    return pieces

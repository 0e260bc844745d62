"""Counts in the sentences of findings."""

from __future__ import annotations

import re
from typing import Final

_COUNTED: Final = re.compile(r"\{n\} (?!series\b)([a-z]+)s\b")


def with_count(message: str, n: int) -> str:
    """A message with its `{n}`: of `{n} images` one is `1 image`."""
    if n == 1:
        message = _COUNTED.sub(r"{n} \1", message)
    return message.replace("{n}", f"{n:,}")

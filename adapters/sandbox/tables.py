"""A table of config.toml, written."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Final

_BARE: Final = re.compile(r"[A-Za-z0-9_-]+")


def table_text(name: str, values: Mapping[str, object]) -> str:
    """The table of that name; its values are texts, numbers, booleans, and lists or tables of
    them."""
    lines = [f"{_key(key)} = {_value(value)}" for key, value in values.items()]
    return "\n".join([f"[{name}]", *lines, ""])


def _key(key: str) -> str:
    return key if _BARE.fullmatch(key) else _value(key)


def _value(value: object) -> str:
    if isinstance(value, Mapping):
        inner = ", ".join(f"{_key(key)} = {_value(each)}" for key, each in value.items())
        return f"{{{inner}}}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(_value(each) for each in value)}]"
    # The texts, numbers and booleans of JSON are TOML too; but for one character.
    return json.dumps(value).replace("\x7f", "\\u007f")

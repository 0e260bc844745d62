"""The engine's remedies, told in the app.

They name command lines, since that is what there is for whoever has no screen. Here the transfer's
own name stands in them, and before a line that a key of the page does as well, that key.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

_LINE: Final = re.compile(r"eucaim-transfer (?P<command>[a-z-]+) NAME(?P<option> --[a-z-]+)?")


def by_key(remedy: str, transfer: str, keys: Mapping[str, str]) -> str:
    """A remedy as it reads on a page.

    `keys` are the page's own, by what they do: a command with its first option, such as
    `dataset --guide`, or the bare command.
    """

    def told(found: re.Match[str]) -> str:
        key = keys.get(found["command"] + (found["option"] or ""))
        return f"key {key}, or {found[0]}" if key else found[0]

    return _LINE.sub(told, remedy).replace("NAME", transfer)

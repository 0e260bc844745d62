"""Elements as a signature names them, and their text in the header at hand."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final, TypeAlias

from transfer.deid.model import Header

Path: TypeAlias = tuple[int, ...]
"""Tags from the root: sequences, and at last the element meant."""

_HEX: Final = re.compile(r"\[\s*([0-9A-Fa-f]{4})\s*,?\s*([0-9A-Fa-f]{4})\s*\]")


def path_of(name: str) -> Path | None:
    from pydicom.datadict import tag_for_keyword
    parts = []
    for part in name.split("::"):
        m = _HEX.fullmatch(part.strip())
        t = int(m[1] + m[2], 16) if m else tag_for_keyword(part.strip())
        if t is None:
            return None
        parts.append(t)
    return tuple(parts)


def text_reader(header: Header) -> Callable[[Path], str]:
    def read(path):
        ds = header.dataset
        for tag in path[:-1]:
            e = ds.get(tag)
            if e is None or not isinstance(e.value, list) or not e.value:
                return ""
            ds = e.value[0]
        e = ds.get(path[-1])
        if e is None or not isinstance(e.value, bytes):
            return ""
        if e.vr == "US":
            return str(int.from_bytes(e.value, "little"))
        return e.value.decode("latin-1").strip(" \0")
    return read

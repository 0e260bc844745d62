"""Whether an XML document declares a type, and with it entities, which unfold without end or name
files: asked of the parser itself, since the bytes differ with each encoding that a document names.
"""

from __future__ import annotations

import xml.parsers.expat  # with a handler for DOCTYPE, before any entity could be used
from typing import IO, Final

_PIECE: Final = 64 * 1024


class _Known(Exception):
    """What was asked for is known."""


def declares_type(document: IO[bytes]) -> bool:
    """Whether it has a DOCTYPE. Read no further than its first element; what is no XML has none."""
    is_declared = False

    def declared(*_: object) -> None:
        nonlocal is_declared
        is_declared = True
        raise _Known

    def began(*_: object) -> None:
        raise _Known

    parser = xml.parsers.expat.ParserCreate()
    parser.StartDoctypeDeclHandler = declared
    parser.StartElementHandler = began
    try:
        while piece := document.read(_PIECE):
            parser.Parse(piece, False)
    except (_Known, xml.parsers.expat.ExpatError, ValueError, LookupError):
        return is_declared
    return is_declared

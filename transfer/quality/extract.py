"""From a header to its traits: what rules read of it, as one small document."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from transfer.quality.attributes import Traits
from transfer.quality.judging import write_traits
from transfer.quality.rules import READ
from transfer.scan.text import decoded

# The transfer syntax stands in the file meta information and is given with the facts.
WANTED: Final = frozenset(a.tag for a in READ if a.tag > 0x0002FFFF)
"""Tags of the top-level elements that rules read."""

_READ: Final = tuple(sorted((a for a in READ if a.tag > 0x0002FFFF), key=lambda a: a.tag))


def traits_document(
    raw: Callable[[int], bytes], charset: bytes, facts: Mapping[int, str] = MappingProxyType({})
) -> str:
    """The document of a header. `raw` gives the bytes of a top-level value, empty where there is
    none; `facts` are those about the header as a whole, by their tags."""
    values = dict(facts)
    for attribute in _READ:
        if value := raw(attribute.tag):
            values[attribute.tag] = decoded(value, charset)[: attribute.keep]
    return write_traits(Traits(values))

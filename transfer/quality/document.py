"""Traits as the ledger keeps them: equal ones are one document."""

from __future__ import annotations

import json
from types import MappingProxyType

from transfer.quality.attributes import NO_TRAITS, Traits


def read_traits(document: str) -> Traits:
    """Traits from their document."""
    if not document:
        return NO_TRAITS
    values = {int(tag): text for tag, text in json.loads(document).items()}
    return Traits(MappingProxyType(values))


def write_traits(traits: Traits) -> str:
    """The document of traits: equal traits give equal documents."""
    values = {str(tag): text for tag, text in sorted(traits.values.items()) if text}
    return json.dumps(values, ensure_ascii=False, separators=(",", ":"))

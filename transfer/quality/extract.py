"""From a header to its traits: what rules read of it, as one small document.

The scan meets a header as raw bytes on the way through a file, what leaves is a header in memory:
both become the same document by the same functions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from transfer.quality.attributes import (
    DEIDENTIFICATION_CODES,
    ILL_FORMED_UIDS,
    OVERLAY_GROUPS,
    PIXELS_BLANKED,
    PRIVATE_GROUPS,
    READ,
    REFERENCES,
    TRANSFER_SYNTAX,
    Traits,
)
from transfer.quality.document import write_traits
from transfer.quality.segments import IS_WANTED as SEGMENTS_WANTED
from transfer.quality.segments import SEGMENTATION_CLASSES, segment_facts
from transfer.quality.terms import is_uid
from transfer.scan.elements import VALUE_LIMIT_BYTES
from transfer.scan.text import UID_LIMIT, decoded

if TYPE_CHECKING:
    from transfer.deid.model import DataSet, Header

_READ: Final = tuple(sorted((a for a in READ if a.tag > 0x0002FFFF), key=lambda a: a.tag))
TAGS: Final = tuple(a.tag for a in _READ)
WANTED: Final = frozenset(TAGS)
"""Tags of the top-level elements that rules read."""

_CHARSET: Final = 0x00080005
_SOP_CLASS: Final = 0x00080016
_CODES: Final = 0x00120064
_KEPT: Final = 512


def traits_document(
    raw: Callable[[int], bytes], charset: bytes, facts: Mapping[int, str] = MappingProxyType({})
) -> str:
    """The document of a header. `raw` gives the bytes of a top-level value, empty where there is
    none; `facts` are those about the header as a whole, by their tags."""
    return _document(tuple(map(raw, TAGS)), charset, tuple(facts.items()))


# The slices of a series say the same in the same bytes.
@lru_cache(_KEPT)
def _document(values: tuple[bytes, ...], charset: bytes, facts: tuple[tuple[int, str], ...]) -> str:
    known = dict(facts)
    for attribute, value in zip(_READ, values, strict=True):
        if value:
            known[attribute.tag] = decoded(value, charset)[: attribute.keep]
    return write_traits(Traits(known))


def header_facts(
    transfer_syntax_uid: str, groups: Iterable[int], *, has_codes: bool
) -> dict[int, str]:
    """What is said about a header as a whole, as far as a rule reads it. `groups` are those met
    anywhere in it, sequences included; `has_codes`: De-identification Method Code Sequence
    (0012,0064) has items."""
    facts = {}
    if TRANSFER_SYNTAX in READ:
        facts[TRANSFER_SYNTAX.tag] = transfer_syntax_uid[:UID_LIMIT]
    if groups:
        for attribute, is_meant in ((PRIVATE_GROUPS, _is_private), (OVERLAY_GROUPS, _is_overlay)):
            if attribute in READ and (named := sorted(filter(is_meant, set(groups)))):
                facts[attribute.tag] = ",".join(f"{g:04X}" for g in named)[: attribute.keep]
    if has_codes and DEIDENTIFICATION_CODES in READ:
        facts[DEIDENTIFICATION_CODES.tag] = "YES"
    return facts


def document_of_header(header: Header) -> str:
    """The document of a header in memory: what the scan would say of the file it was read from."""
    return _document_with(header, _facts_of(header))


def document_of_leaving(header: Header, uids: Mapping[str, str], *, is_blanked: bool) -> str:
    """The document of a header that leaves. `uids` are its own ones, by a word for each.

    New UIDs and IDs stand in the ledger nowhere in the clear: those of other series are left out.
    """
    facts = _facts_of(header)
    facts.pop(REFERENCES.tag, None)
    if ill_formed := [word for word, uid in uids.items() if uid and not is_uid(uid)]:
        facts[ILL_FORMED_UIDS.tag] = ",".join(ill_formed)
    if is_blanked:
        facts[PIXELS_BLANKED.tag] = "YES"
    return _document_with(header, facts)


def _document_with(header: Header, facts: Mapping[int, str]) -> str:
    dataset = header.dataset
    return traits_document(lambda tag: _raw(dataset, tag), _raw(dataset, _CHARSET), facts)


def _facts_of(header: Header) -> dict[int, str]:
    dataset = header.dataset
    codes = dataset.get(_CODES)
    facts = header_facts(
        header.transfer_syntax_uid,
        _groups(dataset),
        has_codes=codes is not None and isinstance(codes.value, list) and bool(codes.value),
    )
    if SEGMENTS_WANTED and _raw(dataset, _SOP_CLASS).strip(b" \0") in SEGMENTATION_CLASSES:
        facts |= segment_facts(dataset)
    return facts


def _raw(dataset: DataSet, tag: int) -> bytes:
    element = dataset.get(tag)
    if element is None or not isinstance(element.value, bytes):
        return b""
    return element.value[:VALUE_LIMIT_BYTES]


def _groups(dataset: DataSet) -> set[int]:
    found: set[int] = set()
    pending = [dataset]
    while pending:
        level = pending.pop()
        found.update({tag >> 16 for tag in level})
        for element in level.values():
            if isinstance(element.value, list):
                pending += element.value
    return found


def _is_private(group: int) -> bool:
    return bool(group & 1)


def _is_overlay(group: int) -> bool:
    """Overlays (60xx) and curves, which the standard no longer has (50xx)."""
    return group & 0xFF00 in (0x5000, 0x6000)

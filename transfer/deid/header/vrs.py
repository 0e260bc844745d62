"""The VR of an element that does not tell it: implicit VR, PS3.5 section 7.1.3 and annex A.1."""

from __future__ import annotations

from functools import cache, lru_cache
from typing import Final

from transfer import dictionary

PIXEL_REPRESENTATION: Final = 0x00280103
# What one of several VRs becomes. The bytes are the same in little endian, the only order in which
# implicit VR exists; signedness is settled by `sign_tags`.
_ALTERNATIVES: Final = {
    "OB or OW": "OW",
    "US or OW": "OW",
    "US or SS": "US",
    "US or SS or OW": "OW",
}


@cache
def public_vrs() -> dict[int, str]:
    """The VR of every public element but those of repeating groups."""
    return {
        tag: _ALTERNATIVES.get(entry[0], entry[0])
        for tag, entry in dictionary.elements().items()
        if entry[0] != "NONE"
    }


@cache
def sign_tags() -> frozenset[int]:
    """The elements that are SS instead of US where Pixel Representation (0028,0103) is 1."""
    return frozenset(tag for tag, entry in dictionary.elements().items() if entry[0] == "US or SS")


@lru_cache(4096)
def vr_of(tag: int) -> str:
    """The VR in implicit VR: LO for private creators, UN for other private and unknown elements."""
    if tag & 0x10000:
        return "LO" if 0x10 <= tag & 0xFFFF <= 0xFF else "UN"
    known = public_vrs().get(tag)
    if known is not None:
        return known
    for (mask, group), entry in dictionary.repeating().items():
        if tag & mask == group:
            return _ALTERNATIVES.get(entry[0], entry[0])
    return "UN"

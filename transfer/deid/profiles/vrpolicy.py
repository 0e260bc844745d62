"""The VR an element is treated as, which is not always the one that its file claims."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from transfer.deid.header.vrs import vr_of

BYTE_TEXT: Final = frozenset(("AE", "AS", "CS", "DA", "DS", "DT", "IS", "TM", "UI", "UR"))
TEXT: Final = BYTE_TEXT | frozenset(("LO", "LT", "PN", "SH", "ST", "UC", "UT"))
NUMBER_BYTES: Final = {
    "US": 2, "SS": 2, "UL": 4, "SL": 4, "FL": 4, "AT": 4, "FD": 8, "SV": 8, "UV": 8,
}  # fmt: skip
BULK: Final = frozenset(("OB", "OW", "OF", "OD", "OL", "OV"))
LONG_LENGTH: Final = BULK | frozenset(("SV", "UC", "UN", "UR", "UT", "UV", "SQ"))
"""VRs whose length has four bytes in explicit VR; the others take 65534 bytes at most."""

# Where a file claims one of these for what the dictionary calls other text, the claim is believed:
# it is the stricter of the two.
_STRICTER: Final = frozenset(("DA", "DT", "PN", "UI", "LT", "ST", "UT"))


@lru_cache(maxsize=8192)
def treated_as(tag: int, vr: str) -> str | None:
    """The VR whose rules hold for a public element, or None where claim and dictionary contradict
    each other so that its value could be anything."""
    known = vr_of(tag)
    if known in ("UN", vr) or vr == "UN":
        return known if known != "UN" else None
    if known == "SQ" or vr == "SQ":
        return None
    if known in TEXT and vr in TEXT:
        return vr if vr in _STRICTER else known
    if known in NUMBER_BYTES and vr in NUMBER_BYTES:
        return vr
    if known in BULK and vr in BULK | {"US", "SS"}:
        return vr if vr in BULK else known
    if known in ("US", "SS") and vr == "OW":
        return vr  # look-up tables change between the two from one edition to the next
    return None

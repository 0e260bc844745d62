"""EUCAIM's formulas, by which images, tables and earlier deliveries of one key agree.

Source: Lethe 0.9.16, observed (EUCAIM script and command line); MD5 is its choice, not ours.
"""

from __future__ import annotations

import hashlib
from functools import lru_cache
from typing import Final

UID_ROOT: Final = "1.3.6.1.4.1.58108.2023"
PSEUDONYM_PREFIX: Final = "EUCAIM-"
NAME_SUFFIX: Final = "^Anonymous"
UID_LIMIT: Final = 64
_BLANKS: Final = "".join(map(chr, range(0x21)))  # what Java's trim takes away
_UID_TAIL: Final = " \0"


def digits(text: str) -> str:
    """The MD5 of the text in UTF-8, as one unsigned big-endian number in decimal."""
    # A lone surrogate, which only a broken character set makes, is hashed as Java writes it: "?".
    digest = hashlib.md5(text.encode("utf-8", "replace"), usedforsecurity=False).digest()
    return str(int.from_bytes(digest, "big"))


def trimmed(patient_id: str) -> str:
    """The Patient ID without the blanks and control characters around it, which do not count."""
    return patient_id.strip(_BLANKS)


def pseudonym(key: str, patient_id: str) -> str:
    """The Patient ID that leaves. Blanks around the original do not count.

    An empty Patient ID has a pseudonym too, the same for every patient without one.
    """
    return PSEUDONYM_PREFIX + digits(f"[{key}]{trimmed(patient_id)}")


@lru_cache(maxsize=8192)
def new_uid(uid: str, pseudonym: str) -> str:
    """The UID that leaves, from the original one and the *new* Patient ID.

    Blanks and NULs behind the original do not count, those before it do.
    """
    return f"{UID_ROOT}.{digits(uid.rstrip(_UID_TAIL) + pseudonym)}"[:UID_LIMIT]


def hash_16(text: str) -> str:
    """Sixteen digits for a number that has to stay the same but must not be read."""
    return digits(text)[:16]


def site_value(site_id: str) -> str:
    """What stands for the data holder: the SHA-256 of the SITE ID, in hex."""
    return hashlib.sha256(site_id.encode()).hexdigest()

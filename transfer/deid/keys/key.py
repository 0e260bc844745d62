"""The key of a cohort: its form, its check digit, and how one is made.

The form is the one that Lethe 0.9.16 takes: 32 hexadecimal digits of a version-7 UUID, and one
Luhn check digit in base 16.
"""

from __future__ import annotations

import hashlib
import re
import secrets
import time
from collections.abc import Callable

from transfer.errors import UsageError

LENGTH = 33
# Written out: `int(c, 16)` and `isalnum` also take digits of other scripts.
_HEX = re.compile(r"[0-9A-Fa-f]*")
_CURE = "Copy it again from where it was kept, all 33 characters; nothing was changed here."
_FINGERPRINT_CONTEXT = b"eucaim-transfer key fingerprint 1\0"


def check_digit(payload: str) -> str:
    """The Luhn check digit in base 16 of hexadecimal text: lower case, one character.

    Source: the Luhn mod N scheme as RFC 6920 section 7 uses it (N = 16); the last digit of the
    payload is doubled. It sees every wrong digit, and every swap of two neighbours but `0f`.
    """
    total = 0
    for place, digit in enumerate(reversed(payload)):
        value = int(digit, 16) * (1 if place % 2 else 2)
        total += value // 16 + value % 16
    return f"{-total % 16:x}"


def check_key(text: str) -> str:
    """The key itself, without blanks around it and otherwise as given.

    Upper case stays upper case: the pseudonyms are digests of the key's text, so that the same
    digits in another case are another key. The UUID's version is not looked at; Lethe does not.

    Raises:
        UsageError: it has another length, other characters, or the wrong check digit.
    """
    key = text.strip(" \t\r\n")
    if not key:
        raise UsageError("No key was given.", _CURE)
    if not _HEX.fullmatch(key):
        raise UsageError(
            "The key holds characters that are no hexadecimal digits (0-9, a-f).", _CURE
        )
    if len(key) != LENGTH:
        raise UsageError(f"The key has {len(key)} characters; a key has {LENGTH}.", _CURE)
    if check_digit(key[:-1]) != key[-1].lower():
        raise UsageError("The key's check digit is wrong: at least one character is.", _CURE)
    return key


def has_upper_case(key: str) -> bool:
    """Whether the key is written with capitals, which Lethe's own keys never are."""
    return key != key.lower()


def new_key(
    clock: Callable[[], float] = time.time, chance: Callable[[int], bytes] = secrets.token_bytes
) -> str:
    """A fresh key: the time in milliseconds, 74 random bits, and the check digit.

    `clock` gives seconds since 1970, `chance` that many random bytes. Source of the layout:
    RFC 9562 section 5.7 (UUID version 7).
    """
    milliseconds = int(clock() * 1000) & (1 << 48) - 1
    random = int.from_bytes(chance(10), "big")
    value = milliseconds << 80
    value |= 7 << 76 | (random >> 62 & 0xFFF) << 64
    value |= 0b10 << 62 | random & (1 << 62) - 1
    payload = f"{value:032x}"
    return payload + check_digit(payload)


def fingerprint(key: str) -> str:
    """16 hexadecimal digits by which a key is known without being shown."""
    return hashlib.sha256(_FINGERPRINT_CONTEXT + key.encode("ascii")).hexdigest()[:16]

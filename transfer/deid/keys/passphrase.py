"""A small text locked with a passphrase: how protected keys and crosswalks lie on disk.

The form, for whoever has to read it with other means:

    {"kdf": "scrypt n=32768 r=8 p=1", "salt": B64, "nonce": B64, "box": B64}

`box` is AES-256-GCM (tag at its end) under the 32 bytes that scrypt (RFC 7914) makes of the
passphrase (NFC, UTF-8) and `salt`; the associated data are the purpose in UTF-8.
"""

from __future__ import annotations

import base64
import binascii
import secrets
import unicodedata
from collections.abc import Callable, Mapping
from typing import Final

from transfer.errors import UsageError

SHORTEST: Final = 12
# One set of costs and no other is taken from a file: a foreign one could ask for any memory.
_KDF: Final = "scrypt n=32768 r=8 p=1"
_N, _R, _P = 1 << 15, 8, 1


class WrongPassphrase(UsageError):
    """The passphrase does not open the box, or the box was changed."""

    def __init__(self) -> None:
        super().__init__(
            "The passphrase does not open it.",
            "Check the passphrase (capitals, keyboard layout). If it is right, the file was"
            " changed or damaged: restore it from a backup.",
        )


def refuse_weak(passphrase: str) -> None:
    """Refuse a new passphrase that could be guessed in no time.

    Raises:
        UsageError: it is too short.
    """
    if len(passphrase) < SHORTEST:
        raise UsageError(
            f"The passphrase is too short: it has less than {SHORTEST} characters.",
            "Take four or more words that do not belong together.",
        )


def lock(
    content: bytes,
    passphrase: str,
    purpose: str,
    chance: Callable[[int], bytes] = secrets.token_bytes,
) -> dict[str, str]:
    """The content in a box that only the passphrase opens, and only for the same purpose.

    Raises:
        UsageError: the passphrase is too short.
    """
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    refuse_weak(passphrase)
    salt, nonce = chance(16), chance(12)
    box = AESGCM(_stretch(passphrase, salt)).encrypt(nonce, content, purpose.encode())
    named = {"salt": salt, "nonce": nonce, "box": box}
    return {"kdf": _KDF} | {name: base64.b64encode(v).decode() for name, v in named.items()}


def unlock(box: Mapping[str, object], passphrase: str, purpose: str) -> bytes:
    """The content of a box.

    Raises:
        WrongPassphrase: the passphrase or the purpose is another, or the box was changed.
        UsageError: it is no such box.
    """
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    if box.get("kdf") != _KDF:
        raise _no_box()
    salt, nonce, content = (_bytes(box.get(name)) for name in ("salt", "nonce", "box"))
    if len(salt) != 16 or len(nonce) != 12 or len(content) < 16:
        raise _no_box()
    try:
        return AESGCM(_stretch(passphrase, salt)).decrypt(nonce, content, purpose.encode())
    except InvalidTag:
        raise WrongPassphrase from None


def _stretch(passphrase: str, salt: bytes) -> bytes:
    from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

    # Terminals differ in how they send an accented letter: as one character, or as two.
    typed = unicodedata.normalize("NFC", passphrase).encode("utf-8", "surrogatepass")
    return Scrypt(salt, 32, _N, _R, _P).derive(typed)


def _bytes(value: object) -> bytes:
    if not isinstance(value, str):
        raise _no_box()
    try:
        return base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        raise _no_box() from None


def _no_box() -> UsageError:
    return UsageError(
        "The file is locked in a form that this version does not know, or it is damaged.",
        "Use the version of eucaim-transfer that wrote it, or restore it from a backup.",
    )

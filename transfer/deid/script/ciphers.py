"""`@encrypt` and `@decrypt`: Blowfish with a key made from a text (reference, section 4.6)."""

from __future__ import annotations

import base64
import re
from typing import TYPE_CHECKING, Final

from transfer.deid.script.functions import Argument, Constant, Render
from transfer.deid.script.scene import Scene
from transfer.deid.text.java import trim

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers import Cipher, modes

_KEY_CHARACTERS: Final = 22
_KEY_FILL: Final = "tszyihnnphlyeaglle"
_NO_BASE_64: Final = re.compile(r"[^a-zA-Z0-9+/]")
_BLOCK_BYTES: Final = 8


def encrypted(text: str, key: str) -> str:
    """A text in base 64, encrypted."""
    data = text.encode()
    fill = _BLOCK_BYTES - len(data) % _BLOCK_BYTES
    data += bytes((fill,)) * fill
    encryptor = _cipher(key).encryptor()
    return base64.b64encode(encryptor.update(data) + encryptor.finalize()).decode("ascii")


def decrypted(text: str, key: str) -> str:
    """What `encrypted` was given.

    Raises:
        ValueError: it was not given that, or not that key.
    """
    data = _decoded(text)
    if not data:
        return ""
    if len(data) % _BLOCK_BYTES:
        raise ValueError("no whole blocks")
    decryptor = _cipher(key).decryptor()
    plain = decryptor.update(data) + decryptor.finalize()
    fill = plain[-1]
    if not 1 <= fill <= _BLOCK_BYTES or plain[-fill:] != bytes((fill,)) * fill:
        raise ValueError("wrong key")
    return plain[:-fill].decode("utf-8", "replace")


def _decoded(text: str) -> bytes:
    """Base 64 as CTP takes it: what does not belong there is passed over, four characters that are
    not complete give zeros, and a character beyond ASCII spoils everything."""
    if not text.isascii():
        return b""
    characters = _NO_BASE_64.sub("", text.rstrip("="))
    whole = len(characters) // 4 * 4
    fill = text.count("=", len(text.rstrip("=")))
    if fill and (len(characters) + fill) // 4 > len(characters) // 4:
        return base64.b64decode(characters + "=" * (-len(characters) % 4))
    return base64.b64decode(characters[:whole]) + bytes(len(characters) - whole)


def encrypt(argument: Argument) -> Render:
    if len(argument) < 2:
        return Constant(argument.put_back)
    read = argument.text(0)
    key = argument.param(1) or ""
    return lambda scene, this: encrypted(read(scene, this), key)


def decrypt(argument: Argument) -> Render:
    put_back = argument.put_back
    if len(argument) < 2:
        return Constant(put_back)
    read = argument.text(0)
    key = argument.param(1) or ""

    def render(scene: Scene, this: int) -> str:
        try:
            return decrypted(read(scene, this), key)
        except ValueError:
            return put_back

    return render


def _cipher(key: str) -> Cipher[modes.ECB]:
    import warnings

    from cryptography.hazmat.decrepit.ciphers.algorithms import Blowfish
    from cryptography.hazmat.primitives.ciphers import Cipher, modes

    characters = _NO_BASE_64.sub("", trim(key))
    while len(characters) < _KEY_CHARACTERS:
        characters += _KEY_FILL
    secret = base64.b64decode(characters[:_KEY_CHARACTERS] + "==")
    with warnings.catch_warnings():
        # Neither the cipher nor its mode is our choice; what is written with them must be readable.
        warnings.simplefilter("ignore")
        return Cipher(Blowfish(secret), modes.ECB())  # noqa: S305

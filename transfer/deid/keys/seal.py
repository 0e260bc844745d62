"""The seal over pseudonyms at rest: with the ledger alone nobody can go from patient to pseudonym.

A sealed text is the output of AES-SIV (RFC 5297) under a key derived from the cohort's key. It is
deterministic, so that equal texts in one column stay equal and can be indexed, counted and
compared without being opened.
"""

from __future__ import annotations

from typing import Final

from transfer.errors import UsageError

_DERIVED_FOR: Final = b"eucaim-transfer ledger seal 1"

# One context for each kind of text: what is sealed as one cannot be passed off as another.
PATIENT_ID: Final = "patient id"
STUDY_UID: Final = "study uid"
SERIES_UID: Final = "series uid"
SOP_INSTANCE_UID: Final = "sop instance uid"


class SealedWithAnotherKey(UsageError):
    """The text was sealed with another key, for another column, or was changed since."""

    def __init__(self) -> None:
        super().__init__(
            "The pseudonyms kept with this transfer were sealed with another key than the"
            " cohort's present one, or were changed since.",
            "See which key the cohort has: eucaim-transfer key show NAME; bring the right one"
            " back with key import NAME, or restore the transfer's folder from a backup.",
        )


class Seal:
    """Closes and opens the sealed texts of one cohort. Safe between threads; not to be pickled:
    a worker makes its own from the key."""

    __slots__ = ("_cipher", "_refusal")

    def __init__(self, key: str) -> None:
        from cryptography.exceptions import InvalidTag
        from cryptography.hazmat.primitives.ciphers.aead import AESSIV
        from cryptography.hazmat.primitives.hashes import SHA256
        from cryptography.hazmat.primitives.kdf.hkdf import HKDF

        derived = HKDF(SHA256(), 64, None, _DERIVED_FOR).derive(key.encode("ascii"))
        self._cipher = AESSIV(derived)
        # Looked up once: millions of texts are opened.
        self._refusal = InvalidTag

    def __repr__(self) -> str:
        return "Seal()"

    def close(self, text: str, context: str) -> bytes:
        """The sealed form: 16 bytes longer than the text in UTF-8, the same at each call."""
        return self._cipher.encrypt(text.encode("utf-8", "surrogatepass"), [context.encode()])

    def open(self, sealed: bytes, context: str) -> str:
        """The text again.

        Raises:
            SealedWithAnotherKey: it was not sealed with this key and for this context.
        """
        try:
            text = self._cipher.decrypt(sealed, [context.encode()])
        except self._refusal:
            raise SealedWithAnotherKey from None
        return text.decode("utf-8", "surrogatepass")

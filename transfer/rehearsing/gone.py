"""What went, thing by thing, in a form that two ledgers can be compared by.

A thing is known by a keyed digest of its original identity: row numbers of two scans need not be
the same, and the record of a rehearsal is no second list of original identifiers.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

from transfer.ledger.connection import Ledger

What = Literal["instance", "volume", "clinical"]
WHATS: Final[tuple[What, ...]] = ("instance", "volume", "clinical")
_MARK_BYTES: Final = 16
SALT_BYTES: Final = 32

_QUERIES: Final[dict[What, str]] = {
    "instance": (
        "SELECT 'I' || i.id, i.sop_instance_uid, i.sha256, i.size_bytes, e.modality"
        " FROM instance i JOIN series e ON e.id = i.series_id"
        " WHERE i.state IN ('sent', 'verified') AND i.sha256 IS NOT NULL"
    ),
    "volume": (
        "SELECT 'F' || v.file_id, f.path, v.sha256, v.size_bytes, 'NIfTI'"
        " FROM volume v JOIN source_file f ON f.id = v.file_id"
        " WHERE (v.sent_at_utc IS NOT NULL OR v.handed_over_at_utc IS NOT NULL)"
        " AND v.sha256 IS NOT NULL"
    ),
    "clinical": (
        "SELECT iif(c.kind = 'subject', 'P' || c.patient_id, 'file'),"
        " c.kind || char(10) || ifnull(p.original_id, c.name), c.sha256, c.size_bytes,"
        " c.kind FROM clinical_item c LEFT JOIN patient p ON p.id = c.patient_id"
        " WHERE c.is_going = 1 AND c.sha256 <> '' AND c.state <> 'failed'"
    ),
}


@dataclass(frozen=True, slots=True)
class Gone:
    """One thing that went, or was made to be handed over. `key` is its row key in the ledger."""

    key: str
    mark: bytes
    sha256: bytes
    size_bytes: int
    kind: str


def new_salt() -> bytes:
    """The key of one rehearsal's marks."""
    return os.urandom(SALT_BYTES)


def gone(ledger: Ledger, what: What, salt: bytes) -> Iterator[Gone]:
    """All of one kind, one after the other."""
    for key, identity, sha256, size_bytes, kind in ledger.each(_QUERIES[what]):
        yield Gone(key, _mark(identity, salt), bytes.fromhex(sha256), size_bytes, kind)


def _mark(identity: str | bytes, salt: bytes) -> bytes:
    text = identity if isinstance(identity, bytes) else identity.encode("utf-8", "surrogatepass")
    return hashlib.blake2b(text, digest_size=_MARK_BYTES, key=salt).digest()

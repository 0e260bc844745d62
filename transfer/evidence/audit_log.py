"""The audit log as a file: one JSON object a line, each with the hash of the line before.

`previous` is the SHA-256 of the bytes of the line before, without its line feed; of the first line
it is 64 zeros. Nothing can be changed, taken out or put in without changing all that follows, so
that the last hash stands for the whole.
"""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Final, NamedTuple

from transfer.ledger.audit import audit_lines
from transfer.ledger.connection import Ledger
from transfer.workspace import private_opener

NONE_BEFORE: Final = "0" * 64


class Head(NamedTuple):
    """How long a log is, and the hash of its last line."""

    lines: int
    sha256: str


def write_audit_log(ledger: Ledger, path: Path) -> Head:
    """Write the lines that the ledger has made; the log of a later report begins with them."""
    n, before = 0, NONE_BEFORE
    with open(path, "xb", opener=private_opener) as file:
        for n, said in enumerate(audit_lines(ledger), 1):
            line = json.dumps({"n": n, "previous": before, **said}).encode("ascii")
            before = hashlib.sha256(line).hexdigest()
            file.write(line + b"\n")
        file.flush()
        os.fsync(file.fileno())
    return Head(n, before)


def first_break(path: Path) -> int | None:
    """The number of the first line that does not follow from the one before; None where all do."""
    before = NONE_BEFORE
    n = 0
    with path.open("rb") as file:
        for n, line in enumerate(file, 1):
            bare = line.removesuffix(b"\n")
            try:
                said = json.loads(bare)
                follows = said["previous"] == before and said["n"] == n
            except (ValueError, KeyError, TypeError, RecursionError):
                follows = False
            if not follows or bare == line:
                return n
            before = hashlib.sha256(bare).hexdigest()
    return None

"""The manifest of a report: the SHA-256 of every file, and the digest of the whole.

`manifest.sha256` has the form that `sha256sum --check` reads: digest, two blanks, name, a line
feed; sorted by name. The digest of the folder is the SHA-256 of that file: it stands outside the
folder (ticket, screen), since whoever changes a file could make the manifest anew.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from transfer.errors import UsageError

MANIFEST: Final = "manifest.sha256"
LARGEST_BYTES: Final = 1 << 24
PAGE: Final = "index.html"
REPORT: Final = "report.json"
AUDIT: Final = "audit.jsonl"
_LINE: Final = re.compile(r"([0-9a-f]{64})  ([a-z0-9][a-z0-9.-]*(?:/[a-z0-9][a-z0-9.-]*)?)")
_DIGEST: Final = re.compile(r"[0-9a-f]{64}")
_CHUNK: Final = 1 << 20


def manifest_text(digests: Mapping[str, str]) -> bytes:
    """The manifest of files by name."""
    return "".join(f"{digests[name]}  {name}\n" for name in sorted(digests)).encode("ascii")


def read_manifest(content: bytes) -> dict[str, str] | None:
    """Digests by name; None where it is no manifest of ours. Names that could lead out of the
    folder, or that stand there twice, make it none."""
    try:
        lines = content.decode("ascii").split("\n")
    except UnicodeDecodeError:
        return None
    found: dict[str, str] = {}
    for line in lines[:-1]:
        match = _LINE.fullmatch(line)
        if match is None or match[2] in found or match[2] == MANIFEST:
            return None
        found[match[2]] = match[1]
    return found if found and not lines[-1] else None


def digest_of_folder(manifest: bytes) -> str:
    """The digest of the whole report."""
    return hashlib.sha256(manifest).hexdigest()


def digest_of_file(path: Path) -> str:
    """SHA-256 of a file, streamed. Links are not followed.

    Raises:
        OSError: it cannot be read, or is a link.
    """
    digest = hashlib.sha256()
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with open(descriptor, "rb", buffering=0) as file:
        while piece := file.read(_CHUNK):
            digest.update(piece)
    return digest.hexdigest()


def check_digest(text: str) -> str:
    """A digest as a person hands it over: capitals and blanks do not matter.

    Raises:
        UsageError: it is none.
    """
    found = "".join(text.split()).lower()
    if not _DIGEST.fullmatch(found):
        raise UsageError(
            "That is no digest: it has 64 characters, 0 to 9 and a to f.",
            "Copy it from the ticket, or from the screen on which the report was made.",
        )
    return found


def digest_sentence(transfer: str, digest: str) -> str:
    """What a ticket says, so that the folder can be proved with a digest that stands elsewhere."""
    return (
        f"Report of the transfer {transfer}: SHA-256 {digest}. To check a copy of it, offline:"
        f" eucaim-transfer report --verify DIR --digest {digest}"
    )

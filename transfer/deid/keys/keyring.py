"""The folder of keys: one file for each, named by the key's fingerprint.

Without a passphrase a key lies there in plain text, in a file and a folder that only this account
can enter; with one it is locked (see `passphrase`). Nothing is ever deleted here: an old key
still opens what was sealed with it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal

from transfer.deid.keys import passphrase as boxes
from transfer.deid.keys.key import check_key, fingerprint
from transfer.errors import UsageError
from transfer.private import read_private, refuse_shared_folder, replace_private
from transfer.workspace import Home

Origin = Literal["made", "imported"]
FORM: Final = "eucaim-transfer key 1"
LARGEST_BYTES: Final = 1 << 16


@dataclass(frozen=True, slots=True)
class KeyFacts:
    """What may be said of a key. `origin`: made here, or imported."""

    fingerprint: str
    made_at_utc: str
    origin: Origin
    is_protected: bool


@dataclass(frozen=True, slots=True)
class CohortKey:
    """A key that was opened. Its text shows in no repr."""

    text: str = field(repr=False)
    facts: KeyFacts

    @property
    def fingerprint(self) -> str:
        return self.facts.fingerprint


class PassphraseNeeded(UsageError):
    """The key is locked and nobody gave the passphrase."""

    def __init__(self) -> None:
        super().__init__(
            "The cohort's key is protected by a passphrase, and none was given.",
            "Keep it for this account with: eucaim-transfer key protect NAME --remember; or as"
            " systemd credential key.passphrase; or write it into a file and name that (see key"
            " --help).",
        )


class KeyMissing(UsageError):
    """The key's file is gone."""

    def __init__(self) -> None:
        super().__init__(
            "The file of this cohort's key is gone; no other key is taken in its place.",
            "Restore the folder keys/ of the home from a backup, or bring the key back with:"
            " eucaim-transfer key import NAME --file FILE",
        )


def keys_folder(home: Home) -> Path:
    """Where all keys of this home lie."""
    return home.root / "keys"


def key_path(home: Home, mark: str) -> Path:
    """Where the key of this fingerprint lies, or would lie."""
    return keys_folder(home) / f"{mark}.key"


def look_up(home: Home, mark: str) -> KeyFacts:
    """What is known of a key without opening it.

    Raises:
        KeyMissing: its file is gone.
        UsageError: others could read it (DID-13), or it is damaged.
    """
    return read_facts(load_document(home, mark))


def load_document(home: Home, mark: str) -> dict[str, object]:
    """The content of the file of the key of this fingerprint.

    Raises:
        KeyMissing: its file is gone.
        UsageError: others could read it (DID-13), or it is damaged.
    """
    path = key_path(home, mark)
    try:
        refuse_shared_folder(path.parent, "key")
        content = read_private(path, "key file", LARGEST_BYTES)
    except FileNotFoundError:
        raise KeyMissing from None
    document = parse_document(content)
    if read_facts(document).fingerprint != mark:
        raise _damaged()
    return document


def open_key(home: Home, mark: str, passphrase: str | None) -> CohortKey:
    """The key of this fingerprint.

    Raises:
        KeyMissing: its file is gone.
        PassphraseNeeded, WrongPassphrase: it is protected.
        UsageError: others could read it (DID-13), or it is damaged.
    """
    return open_document(load_document(home, mark), passphrase)


def keep_key(home: Home, key: CohortKey, passphrase: str | None) -> CohortKey:
    """Write a key's file, locked if there is a passphrase; returns the key as it lies there now.

    Raises:
        UsageError: the home cannot be written to, or the passphrase is too short.
    """
    document = make_document(key, passphrase)
    keep_document(home, document)
    return CohortKey(key.text, read_facts(document))


def keep_document(home: Home, document: dict[str, object]) -> None:
    """Write a key's file as it comes from another keyring, locked or not."""
    content = json.dumps(document, indent=1).encode() + b"\n"
    replace_private(key_path(home, read_facts(document).fingerprint), content)


def make_document(key: CohortKey, passphrase: str | None) -> dict[str, object]:
    """The content of a key's file."""
    facts = key.facts
    document: dict[str, object] = {
        "form": FORM,
        "fingerprint": facts.fingerprint,
        "made_at_utc": facts.made_at_utc,
        "origin": facts.origin,
    }
    if passphrase is None:
        return document | {"key": key.text}
    locked = boxes.lock(key.text.encode("ascii"), passphrase, _purpose(facts.fingerprint))
    return document | {"locked": locked}


def export_form(home: Home, mark: str, opened: CohortKey | None = None) -> bytes:
    """A key as it leaves: bare, as Lethe takes it, or locked as it is kept.

    With `opened` it is bare even if it is kept locked.
    """
    document = load_document(home, mark)
    if opened is None and read_facts(document).is_protected:
        return json.dumps(document, indent=1).encode() + b"\n"
    key = opened or open_document(document, None)
    return key.text.encode("ascii") + b"\n"


def parse_document(content: bytes) -> dict[str, object]:
    """The content of a key's file, taken apart.

    Raises:
        UsageError: it is none, or damaged.
    """
    try:
        document = json.loads(content)
    except (ValueError, RecursionError):
        # Without the cause: it would carry the file's text.
        raise _damaged() from None
    if not isinstance(document, dict) or document.get("form") != FORM:
        raise _damaged()
    read_facts(document)
    return document


def read_facts(document: dict[str, object]) -> KeyFacts:
    """What a key's file says of the key without opening it."""
    mark, made, origin = (document.get(n) for n in ("fingerprint", "made_at_utc", "origin"))
    if not (isinstance(mark, str) and len(mark) == 16 and set(mark) <= set("0123456789abcdef")):
        raise _damaged()
    if not isinstance(made, str) or ("key" in document) is ("locked" in document):
        raise _damaged()
    return KeyFacts(mark, made, "made" if origin == "made" else "imported", "locked" in document)


def open_document(document: dict[str, object], passphrase: str | None) -> CohortKey:
    """The key in a key's file.

    Raises:
        PassphraseNeeded, WrongPassphrase: it is locked.
        UsageError: it is damaged.
    """
    facts = read_facts(document)
    content: object = document.get("key")
    if facts.is_protected:
        if passphrase is None:
            raise PassphraseNeeded
        box = document["locked"]
        if not isinstance(box, dict):
            raise _damaged()
        content = boxes.unlock(box, passphrase, _purpose(facts.fingerprint)).decode("ascii")
    try:
        key = check_key(content) if isinstance(content, str) else ""
    except UsageError:
        key = ""
    if not key or fingerprint(key) != facts.fingerprint:
        raise _damaged()
    return CohortKey(key, facts)


def _purpose(mark: str) -> str:
    return f"{FORM} {mark}"


def _damaged() -> UsageError:
    return UsageError(
        "The key file is damaged, or none of this program's.",
        "Restore the folder keys/ of the home from a backup, or import the key again from where"
        " it was exported to: eucaim-transfer key import NAME --file FILE",
    )

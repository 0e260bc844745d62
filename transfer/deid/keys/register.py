"""The register of cohorts, `keys/cohorts.json`: which of them has which key, by fingerprint.

It never names a key that does not lie in the folder yet, and it is never begun anew while keys
lie there: either would give patients who were sent already a second identity (DID-11).
"""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, Final

from transfer.deid.keys.keyring import keys_folder
from transfer.errors import UsageError
from transfer.private import locked, read_private, refuse_shared_folder, replace_private
from transfer.workspace import Home, make_private_folder

_FORM: Final = "eucaim-transfer cohorts 1"
_LARGEST_BYTES: Final = 1 << 24
_FINGERPRINT = re.compile(r"[0-9a-f]{16}")


@dataclass(frozen=True, slots=True)
class Cohort:
    """Whose pseudonyms belong together. `site_id` is empty where the method needs none."""

    node: str
    destination: str
    site_id: str


@dataclass(frozen=True, slots=True)
class Change:
    """A key that a cohort had before, and who answers for the change."""

    fingerprint: str
    person: str
    reason: str
    until_utc: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the register."""

    cohort: Cohort
    fingerprint: str
    since_utc: str
    earlier: tuple[Change, ...] = field(default=())


def find_entry(home: Home, cohort: Cohort) -> Entry | None:
    """What the register says of a cohort.

    Raises:
        UsageError: the register is missing, damaged, or open to others.
    """
    return next((e for e in read_entries(home) if e.cohort == cohort), None)


@contextlib.contextmanager
def register(home: Home) -> Iterator[Path]:
    """The register's path, for one process at a time; it exists from here on."""
    home.prepare()
    folder = keys_folder(home)
    if folder.exists():
        refuse_shared_folder(folder, "key")
    make_private_folder(folder)
    with locked(folder / "lock"):
        path = _path(home)
        if not path.exists():
            read_entries(home)
            write_entries(path, [])
        yield path


def _path(home: Home) -> Path:
    return keys_folder(home) / "cohorts.json"


def read_entries(home: Home) -> list[Entry]:
    """All lines of the register.

    Raises:
        UsageError: it is missing although there are keys, damaged, or open to others (DID-13).
    """
    folder = keys_folder(home)
    if not folder.is_dir():
        return []
    refuse_shared_folder(folder, "key")
    try:
        content = read_private(_path(home), "register of keys", _LARGEST_BYTES)
    except FileNotFoundError:
        if any(folder.glob("*.key")):
            raise UsageError(
                "The register that says which cohort has which key is gone.",
                "Restore keys/cohorts.json in the home from a backup. Without it a second key"
                " would be made for cohorts that have one.",
            ) from None
        return []
    try:
        return [_entry(row) for row in json.loads(content)["cohorts"]]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise UsageError(
            "The register that says which cohort has which key is damaged.",
            "Restore keys/cohorts.json in the home from a backup.",
        ) from None


def _entry(row: dict[str, Any]) -> Entry:
    cohort = Cohort(*(_text(row[name]) for name in ("node", "destination", "site_id")))
    earlier = tuple(Change(*(_text(one[f.name]) for f in fields(Change))) for one in row["earlier"])
    mark = _text(row["fingerprint"])
    if not _FINGERPRINT.fullmatch(mark):
        raise ValueError("not a fingerprint")
    return Entry(cohort, mark, _text(row["since_utc"]), earlier)


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("text expected")
    return value


def write_entries(path: Path, entries: list[Entry]) -> None:
    """Put a register in place of the present one, while `register` holds it."""
    rows = [
        {
            **asdict(entry.cohort),
            "fingerprint": entry.fingerprint,
            "since_utc": entry.since_utc,
            "earlier": [asdict(change) for change in entry.earlier],
        }
        for entry in entries
    ]
    content = json.dumps({"form": _FORM, "cohorts": rows}, indent=1, ensure_ascii=False)
    replace_private(path, content.encode() + b"\n")

"""Legal records for tests: whole, and with one part taken away."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

from transfer.ledger.connection import Ledger
from transfer.ledger.legal import add_entries
from transfer.legal.entries import Declaration, LegalEntry, State
from transfer.legal.record_file import FORMAT
from transfer.workspace import Workspace

NOW: Final = datetime(2026, 11, 27, 12, 0, tzinfo=UTC)
DIGESTS: Final[Mapping[str, str]] = {
    "clearance": "1f" * 32,
    "dta-institution": "2e" * 32,
    "dta-eucaim": "3d" * 32,
}
PERSONS: Final[Mapping[str, str]] = {
    "clearance": "Clara Juris",
    "dta-institution": "Ines Legal",
    "dta-eucaim": "Luis Science",
}


def declared(what: Declaration, **changed: object) -> LegalEntry:
    """A whole entry on a declaration, but for what is changed."""
    values: dict[str, object] = {
        "person": PERSONS[what],
        "day": "2026-03-12",
        "sha256": DIGESTS[what],
        "ticket": "HLP 4711",
        "entered_by": "Ada Lovelace",
    }
    return LegalEntry(what, State.THERE, **(values | changed))  # type: ignore[arg-type]


def whole() -> list[LegalEntry]:
    """All three."""
    return [declared(what) for what in Declaration]


def as_entries(*entries: LegalEntry) -> dict[str, LegalEntry]:
    """What the ledger would give back of them."""
    return {entry.what: entry for entry in entries}


def clear(workspace: Workspace) -> None:
    """Record a whole legal record."""
    with Ledger.open(workspace.ledger) as ledger:
        add_entries(ledger, whole())


def as_toml(tables: Mapping[str, Mapping[str, str]], **top: str) -> str:
    """A record file of values that are TOML already."""
    lines = [f'format = "{FORMAT}"', *(f"{key} = {value}" for key, value in top.items())]
    for name, table in tables.items():
        lines += [f"[{name}]", *(f"{key} = {value}" for key, value in table.items())]
    return "\n".join([*lines, ""])


def whole_tables() -> dict[str, dict[str, str]]:
    """The tables of a whole record, as TOML values."""
    return {
        name: {
            "person": f'"{PERSONS[name]}"',
            "date": "2026-03-12",
            "sha256": f'"{digest}"',
            "ticket": '"HLP 4711"',
        }
        for name, digest in DIGESTS.items()
    }


def whole_toml() -> str:
    """The file of a whole record."""
    return as_toml(whole_tables(), entered_by='"Ada Lovelace"')

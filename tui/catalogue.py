"""All that the screens ask of the catalogue's entry. Everything here blocks: call in threads."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from transfer.catalogue.entry import Entry, read_entry, set_least
from transfer.catalogue.fields import BY_KEY, check, fill_in, form, read_file, said_texts
from transfer.catalogue.standing import name_identifier, take_seen
from transfer.catalogue.writing import WrittenFile, write_entry
from transfer.errors import StepBlocked, UsageError
from transfer.ledger.connection import Ledger
from transfer.private import create_private
from transfer.workspace import Home, Workspace
from tui.speaking import Hears

_COUNTED: Final = ("CAT-01", "CAT-02")
_LISTS: Final = ("choices", "words")


def values_of(key: str, text: str) -> tuple[str, ...]:
    """What was typed for a field; a list has semicolons between its values."""
    parts = text.split(";") if BY_KEY[key].kind in _LISTS else [text]
    return tuple(part.strip() for part in parts if part.strip())


def refuse_value(key: str, text: str) -> None:
    """Raises UsageError where a field does not take what was typed."""
    faults = check({key: values_of(key, text)})
    if faults:
        told = faults[0].removeprefix(f"{key}: ")
        raise UsageError(f"{told[:1].upper()}{told[1:]}", "Type it anew, or press Esc.")


class Catalogue(Hears):
    """The entries of all transfers of a home. `person`: who compared one last."""

    def __init__(self, home: Home) -> None:
        super().__init__()
        self._home = home

    def look(self, name: str) -> Entry:
        """The entry as it stands; what was verified is counted for it, and its texts are searched
        for patient data."""
        with Ledger.open(self._ledger(name), read_only=True) as ledger:
            return read_entry(ledger)

    def fill_in(self, name: str, key: str, text: str) -> None:
        """Keep what was typed for a field; an empty text takes it out. Raises: UsageError."""
        with Ledger.open(self._ledger(name)) as ledger:
            fill_in(ledger, {key: values_of(key, text)})

    def take_file(self, name: str, file: Path) -> None:
        """Take a filled-in form over. Raises: UsageError, with every fault that it has."""
        said = read_file(file)
        with Ledger.open(self._ledger(name)) as ledger:
            fill_in(ledger, said)

    def write_form(self, name: str, file: Path) -> None:
        """Write the form with what stands in it into a new file. Raises: UsageError."""
        with Ledger.open(self._ledger(name), read_only=True) as ledger:
            texts, _ = said_texts(ledger)
        create_private(_path(file), form(texts).encode())

    def set_least(self, name: str, least: int) -> None:
        """Keep the data holder's limit for small counts. Raises: UsageError."""
        with Ledger.open(self._ledger(name)) as ledger:
            set_least(ledger, least)

    def name_identifier(self, name: str, identifier: str) -> None:
        """Take a person's word on the identifier. Raises: UsageError, StepBlocked."""
        with Ledger.open(self._ledger(name)) as ledger:
            name_identifier(ledger, identifier)

    def write(self, name: str, files: Sequence[Path]) -> list[WrittenFile]:
        """Write the entry into each file, by its suffix. Raises: StepBlocked, UsageError."""
        with Ledger.open(self._ledger(name)) as ledger:
            entry = read_entry(ledger)
            return [write_entry(ledger, entry, _path(file)) for file in files]

    def take_seen(self, name: str, address: str, person: str) -> None:
        """Record that a person looked the entry up and compared it (CAT-04).

        Raises:
            StepBlocked: there is nothing yet to compare with, or it is another's entry.
            UsageError: no address, or no person.
        """
        with Ledger.open(self._ledger(name)) as ledger:
            entry = read_entry(ledger, searches=False)
            blocks = [remark for remark in entry.blocks if remark.rule in _COUNTED]
            if blocks:
                # Compared with counts that are not those of the node it would prove nothing.
                raise StepBlocked(
                    "There is nothing yet that the entry could be compared with: "
                    + " ".join(block.text for block in blocks),
                    next(block.remedy for block in blocks if block.remedy),
                )
            take_seen(ledger, address, person)
        self.person = person

    def _ledger(self, name: str) -> Path:
        return Workspace(self._home.transfers / name).ledger


def _path(file: Path) -> Path:
    return Path(os.path.expanduser(file))

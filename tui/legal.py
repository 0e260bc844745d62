"""All that the screens ask of the legal record. Everything here blocks: call in threads."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from transfer.errors import UsageError
from transfer.ledger.connection import Ledger
from transfer.ledger.order import read_order
from transfer.legal.digest import digest_document
from transfer.legal.entries import Declaration, LegalEntry
from transfer.legal.proving import Proof, prove
from transfer.legal.record_file import Record, read_record, record_of
from transfer.legal.recording import fill_with_sandbox, take_record, withdraw_entry
from transfer.legal.standing import LegalStanding, read_legal
from transfer.legal.template import template
from transfer.private import create_private
from transfer.workspace import Home, Workspace
from tui.speaking import Hears


@dataclass(frozen=True, slots=True)
class Taken:
    """What was recorded, and what said too little to be."""

    changed: Sequence[LegalEntry]
    left_out: Sequence[str] = ()


def is_sandbox_node(home: Home, node: str) -> bool:
    """By the configuration of now; a node that is there no more is none."""
    from adapters.loopback import is_sandbox
    from tui.nodes import choose_node

    try:
        return is_sandbox(choose_node(home, node).profile)
    except UsageError:
        return False


class Legal(Hears):
    """The legal records of all transfers of a home. `person`: who entered something last."""

    def __init__(self, home: Home) -> None:
        super().__init__()
        self._home = home

    def look(self, name: str) -> LegalStanding:
        """How the record stands now."""
        with Ledger.open(self._workspace(name).ledger, read_only=True) as ledger:
            return read_legal(ledger, is_sandbox_node=self._is_sandbox(ledger))

    def record(self, name: str, what: str, said: Mapping[str, str], person: str) -> Taken:
        """Record one thing as a form says it, with the keys of a record's file.

        Raises:
            UsageError: something in it cannot be, or the document cannot be digested.
        """
        table = {key: text for key, text in said.items() if text.strip()}
        if "document" in table:
            table["document"] = os.path.expanduser(table["document"].strip())
        is_declared = what in list(Declaration)
        document = {what: table} if is_declared else {"papers": {what: table}}
        now = datetime.now(UTC)
        taken = self._take(name, record_of({**document, "entered_by": person}, Path.home(), now))
        self.person = person.strip()
        return taken

    def record_file(self, name: str, file: Path, person: str) -> Taken:
        """Take a filled-in form over; `person` stands in for a file that names nobody.

        Raises:
            UsageError: it is none, or says what cannot be.
        """
        taken = self._take(name, read_record(file, datetime.now(UTC), person))
        self.person = person.strip() or self.person
        return taken

    def record_sandbox(self, name: str) -> Taken:
        """The made-up record, of what nothing was said of yet.

        Raises:
            UsageError: the node is no stand-in.
        """
        with Ledger.open(self._workspace(name).ledger) as ledger:
            is_sandbox = self._is_sandbox(ledger)
            return Taken(fill_with_sandbox(ledger, datetime.now(UTC), is_sandbox_node=is_sandbox))

    def withdraw(self, name: str, what: str, person: str, reason: str) -> Taken:
        """Take an entry back by a person's word.

        Raises:
            UsageError: nothing is recorded of it, or who or why is missing.
        """
        with Ledger.open(self._workspace(name).ledger) as ledger:
            entry = withdraw_entry(ledger, what, person, reason)
        self.person = person.strip()
        return Taken([entry])

    def prove(self, name: str, document: Path) -> Proof:
        """Of which entries it is the document.

        Raises:
            NoDocument: it cannot be read.
        """
        with Ledger.open(self._workspace(name).ledger, read_only=True) as ledger:
            return prove(ledger, document)

    def digest(self, document: Path) -> str:
        """A document's SHA-256.

        Raises:
            NoDocument: it cannot be read.
        """
        return digest_document(Path(os.path.expanduser(document)))

    def write_form(self, file: Path) -> None:
        """Write the empty form into a new file.

        Raises:
            UsageError: the file is there, or cannot be written.
        """
        create_private(Path(os.path.expanduser(file)), template().encode())

    def _take(self, name: str, record: Record) -> Taken:
        with Ledger.open(self._workspace(name).ledger) as ledger:
            is_sandbox = self._is_sandbox(ledger)
            changed = take_record(ledger, record, is_sandbox_node=is_sandbox)
        return Taken(changed, record.left_out)

    def _is_sandbox(self, ledger: Ledger) -> bool:
        return is_sandbox_node(self._home, read_order(ledger).node)

    def _workspace(self, name: str) -> Workspace:
        return Workspace(self._home.transfers / name)

"""What the `key` commands work with: a transfer, its cohort, and who opens the cohort's key."""

from __future__ import annotations

import argparse
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from transfer.errors import UsageError
from transfer.ledger.connection import Ledger
from transfer.ledger.order import Word, read_order, record_word
from transfer.workspace import Home, Workspace
from tui.cli.hidden import ask_passphrase, new_passphrase, read_passphrase_file

if TYPE_CHECKING:
    from adapters.secrets import SecretStore
    from transfer.deid.keys.cohort import Explanation
    from transfer.deid.keys.keyring import CohortKey, KeyFacts
    from transfer.deid.keys.register import Cohort, Entry

PASSPHRASE: Final = "key.passphrase"  # noqa: S105  (the name of the secret, not the secret)


@dataclass(frozen=True, slots=True)
class Desk:
    """One transfer and its cohort."""

    home: Home
    workspace: Workspace
    cohort: Cohort
    secrets: SecretStore

    @classmethod
    def of(cls, name: str) -> Desk:
        """The desk for the transfer of that name."""
        from adapters.secrets import SecretStore
        from transfer.deid.keys.cohort import cohort_of

        home = Home.find()
        workspace = home.workspace(name)
        with Ledger.open(workspace.ledger, read_only=True) as ledger:
            cohort = cohort_of(read_order(ledger))
        return cls(home, workspace, cohort, SecretStore(home.root))

    def entry(self) -> Entry:
        """What the register says of the cohort.

        Raises:
            NoKeyYet: nothing.
        """
        from transfer.deid.keys.cohort import NoKeyYet
        from transfer.deid.keys.register import find_entry

        found = find_entry(self.home, self.cohort)
        if found is None:
            raise NoKeyYet
        return found

    def present_passphrase(
        self, document: dict[str, object], secret_file: Path | None = None
    ) -> str | None:
        """The passphrase that opens a key's file: the file's, else the stored one, else the one
        that is typed; None for a key without.

        Raises:
            PassphraseNeeded, WrongPassphrase: there is none, or not the right one.
        """
        from transfer.deid.keys.keyring import PassphraseNeeded, open_document, read_facts
        from transfer.deid.keys.passphrase import WrongPassphrase

        if not read_facts(document).is_protected:
            return None
        if secret_file is not None:
            given: str | None = read_passphrase_file(secret_file)
        else:
            given = self.secrets.get(PASSPHRASE)
        try:
            open_document(document, given)
        except (PassphraseNeeded, WrongPassphrase):
            typed = None if secret_file else ask_passphrase("the key")
            if typed is None:
                raise
            open_document(document, typed)
            return typed
        return given

    def key(self, secret_file: Path | None = None) -> CohortKey:
        """The cohort's key, opened."""
        from transfer.deid.keys.keyring import load_document, open_document

        document = load_document(self.home, self.entry().fingerprint)
        return open_document(document, self.present_passphrase(document, secret_file))

    def wanted_passphrase(self, *, is_asked: bool, secret_file: Path | None) -> str | None:
        """What a key that comes in is locked with: the one asked for, else the stored one."""
        if is_asked or secret_file is not None:
            return new_passphrase("the key", secret_file)
        return self.secrets.get(PASSPHRASE)

    def record(self, text: str) -> None:
        """A line in the transfer's history."""
        with Ledger.open(self.workspace.ledger) as ledger, ledger.transaction():
            ledger.record_event("key", text)

    def record_word(self, subject: str, value: str, explained: Explanation) -> None:
        """Keep what a person answers for."""
        with Ledger.open(self.workspace.ledger) as ledger:
            record_word(ledger, Word(subject, value, explained.person, explained.reason))

    def describe(self, facts: KeyFacts) -> dict[str, Any]:
        """What every answer says of a key."""
        from transfer.deid.keys.keyring import key_path

        return {
            "transfer": self.workspace.name,
            "cohort": asdict(self.cohort),
            "fingerprint": facts.fingerprint,
            "origin": facts.origin,
            "made_at_utc": facts.made_at_utc,
            "is_protected": facts.is_protected,
            "place": str(key_path(self.home, facts.fingerprint)),
        }


def explanation(options: argparse.Namespace, *, is_needed: bool = False) -> Explanation | None:
    """Who answers for what is done, and why.

    Raises:
        UsageError: half of it is missing, or all of it although it is needed.
    """
    from transfer.deid.keys.cohort import Explanation

    person, reason = ((word or "").strip() for word in (options.by, options.reason))
    if person and reason:
        return Explanation(person, reason)
    if person or reason or is_needed:
        raise UsageError(
            "This needs a person who answers for it, and a reason.",
            "Add --by PERSON --reason TEXT; both are kept with the transfer.",
        )
    return None

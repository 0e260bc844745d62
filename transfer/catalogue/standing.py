"""How far the catalogue's entry is, from the ledger alone: cheap, and asked often."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote, unquote, urlsplit

from transfer.errors import StepBlocked, UsageError
from transfer.ledger.catalogue import (
    Seen,
    catalogue_identifier,
    last_seen,
    record_identifier,
    record_seen,
    verified_instances,
)
from transfer.ledger.connection import Ledger
from transfer.ledger.publication import Bound, bound_dataset
from transfer.ledger.telling import Piece, told_in
from transfer.legal import texts

ADDRESS: Final = "https://catalogue.eucaim.cancerimage.eu/#/collection/"
"""Where entries stand, by their identifier (eucaim-requirements.md 14)."""
_IDENTIFIER: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/-]{0,127}")
_LONGEST_ADDRESS: Final = 500


@dataclass(frozen=True, slots=True)
class CatalogueState:
    """The entry as far as it is known here.

    `identifier` is empty where nothing tells it yet. `other` is an identifier that was handed out
    or seen and is not that of the dataset. `has_changed`: since it was seen, other images were
    verified.
    """

    identifier: str = ""
    other: str = ""
    seen: Seen | None = None
    has_changed: bool = False

    @property
    def is_seen(self) -> bool:
        """The entry of this very dataset was looked up and compared (CAT-04)."""
        return self.seen is not None and self.seen.identifier == self.identifier != ""

    @property
    def address(self) -> str:
        """Where the entry is to be found; empty where its identifier is not known."""
        return f"{ADDRESS}{quote(self.identifier, safe=':')}" if self.identifier else ""

    def document(self) -> dict[str, Any]:
        """For `status --json`."""
        seen = self.seen if self.is_seen else None
        return {
            "identifier": self.identifier or None,
            "is_seen": self.is_seen,
            "address": seen.address if seen else self.address or None,
            "seen_by": seen.person if seen else None,
            "seen_at": seen.seen_at_utc if seen else None,
        }


def read_catalogue(ledger: Ledger) -> CatalogueState:
    """How far the entry is."""
    bound, named, seen = bound_dataset(ledger), catalogue_identifier(ledger), last_seen(ledger)
    known = seen.identifier if seen else named
    identifier = given_identifier(bound) or named
    other = known if known != identifier else ""
    has_changed = seen is not None and seen.instances != verified_instances(ledger)
    return CatalogueState(identifier, other, seen, has_changed)


def given_identifier(bound: Bound | None) -> str:
    """The identifier that the node gave the dataset; empty where there is none, or where the
    dataset is a project, whose name is none of the federated search."""
    return bound.id if bound is not None and bound.origin != "destination" else ""


def name_identifier(ledger: Ledger, identifier: str) -> None:
    """Take a person's word on the identifier, where the node does not tell it.

    Raises:
        UsageError: it cannot be one.
        StepBlocked: the dataset has another (CAT-01), the entry stands under another already, or it
            is a patient's.
    """
    text = identifier.strip()
    if not _IDENTIFIER.fullmatch(text):
        raise UsageError(
            "That is no identifier of a dataset: 1 to 128 letters, digits, and . _ : / -.",
            "Name it as the federated search knows the dataset; the node's administrators know.",
        )
    given, seen = given_identifier(bound_dataset(ledger)), last_seen(ledger)
    if given and text != given:
        raise StepBlocked(
            "CAT-01: the federated search knows the dataset by the id that the node gave it:"
            f" {given}. Under another identifier its entry would lead nowhere.",
            "Leave --identifier out.",
        )
    if seen is not None and seen.identifier != text:
        raise StepBlocked(
            f"CAT-01: the entry stands in the catalogue as {seen.identifier} already; an identifier"
            " cannot be changed later.",
            "If that entry is wrong write to the group catalogue:"
            " eucaim-transfer ticket NAME --case catalogue",
        )
    if told_in(ledger, [Piece("The identifier", text)]):
        raise StepBlocked(
            "The identifier would tell of a patient of this transfer; it was not kept.",
            "Name the dataset's own, as the federated search knows it.",
        )
    record_identifier(ledger, text)


def take_seen(ledger: Ledger, address: str, person: str) -> CatalogueState:
    """Record that a person looked the entry up and compared it (CAT-04).

    Raises:
        UsageError: no person, or no address of an entry.
        StepBlocked: it is not known which entry is meant, or the address is another entry's.
    """
    try:
        who = texts.person(person)
    except ValueError as error:
        raise UsageError(f"The person {error}.", "Add --by PERSON.") from error
    if not who:
        raise UsageError("Who looked the entry up?", "Add --by PERSON.")
    state = read_catalogue(ledger)
    if not state.identifier:
        raise StepBlocked(
            "It is not known yet under which identifier the catalogue knows the dataset.",
            "First there has to be a dataset (eucaim-transfer dataset NAME); where the node gives"
            " it no id of its own: eucaim-transfer catalogue NAME --identifier ID",
        )
    text = _address(address)
    if not _names(text, state.identifier):
        raise StepBlocked(
            "CAT-01: that is not the address of this dataset's entry; nothing was recorded.",
            f"The entry has to stand at {state.address} . If it stands under another identifier"
            " write to the group catalogue: eucaim-transfer ticket NAME --case catalogue",
        )
    record_identifier(ledger, state.identifier)
    record_seen(ledger, state.identifier, text, who)
    return read_catalogue(ledger)


def _address(address: str) -> str:
    try:
        text = texts.one_line(address, _LONGEST_ADDRESS)
        parts = urlsplit(text)
    except ValueError as error:
        raise UsageError("That is no web address.", _LOOK_UP) from error
    if parts.scheme != "https" or not parts.hostname or parts.username or " " in text:
        raise UsageError("That is no web address that begins with https://.", _LOOK_UP)
    return text


_LOOK_UP: Final = "Open the entry in your own browser and copy its address from there."


def _names(address: str, identifier: str) -> bool:
    """Whether the last parts of the address are the identifier."""
    said = unquote(address).rstrip("/").casefold()
    wanted = identifier.casefold()
    return said.endswith((f"/{wanted}", f"={wanted}"))

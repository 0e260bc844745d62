"""What a person says and does around the demo's sending: ticket, doctor, catalogue."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from transfer.catalogue.entry import read_entry
from transfer.catalogue.fields import fill_in, said_texts
from transfer.catalogue.standing import name_identifier, take_seen
from transfer.ledger.connection import Ledger
from transfer.ledger.order import read_order
from transfer.ledger.tickets import record_not_needed
from transfer.workspace import Home, Workspace
from tui.doctoring import aim_at, examine, judge, record

if TYPE_CHECKING:
    from tui.doctoring import Finding

PERSON: Final = "Sandbox operator"
_PROJECT: Final = "The stand-in has its project already."
_ENTRY: Final[Mapping[str, tuple[str, ...]]] = {
    "title": ("Synthetic CT and MR cohort",),
    "description": ("Images of nobody, made by a program to show the whole way.",),
    "publisher": ("Sandbox hospital",),
    "contact": ("Sandbox office",),
    "access": ("RESTRICTED",),
    "licence": ("Creative Commons Attribution 4.0",),
    "legal-basis": ("None is needed: nobody is in them.",),
}


def settle_before(home: Home, workspace: Workspace) -> None:
    """Steps 6 and 7: no ticket is needed, and the doctor has a look.

    Raises:
        TransferError: they cannot be recorded.
    """
    with Ledger.open(workspace.ledger) as ledger:
        record_not_needed(ledger, PERSON, _PROJECT)
    aim = aim_at(home, workspace.name)

    async def look() -> list[Finding]:
        return [finding async for finding in examine(home, aim)]

    record(home, aim, judge(asyncio.run(look())))


def describe_in_catalogue(workspace: Workspace, *, over_others: bool = True) -> None:
    """Fill in what a person says of the dataset for the catalogue; unless it goes `over_others`,
    only where nothing stands."""
    with Ledger.open(workspace.ledger) as ledger:
        known = {} if over_others else said_texts(ledger)[0]
        fill_in(ledger, {key: texts for key, texts in _ENTRY.items() if not known.get(key)})


def look_up_in_catalogue(workspace: Workspace) -> None:
    """Record that the entry was looked up, as a person does once the catalogue's team has
    confirmed it. Nothing of the demo is in the catalogue: nobody is asked.

    Raises:
        StepBlocked: the entry cannot be as it should.
    """
    with Ledger.open(workspace.ledger) as ledger:
        entry = read_entry(ledger)
        if not entry.state.identifier:
            name_identifier(ledger, read_order(ledger).destination)
            entry = read_entry(ledger)
        take_seen(ledger, entry.checked().state.address, PERSON)

"""What a new transfer will be, while the operator is still choosing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

from transfer.deid.methods import PROFILES
from transfer.ledger.order import Order, Word
from tui.source import NodeChoice

SCRIPT = "script"
"""The way of whoever brings a CTP script; all other ways bear the name that an order carries."""


@dataclass(frozen=True, slots=True)
class Draft:
    """Filled step by step; each step hands a fuller one to the next. `doubts`: what the script
    surely does not mean as CTP takes it."""

    node: NodeChoice
    source: Path = Path("/")
    destination: str = ""
    deid: str = "none"
    site_id: str = ""
    script: Path | None = None
    doubts: tuple[str, ...] = ()
    name: str = ""
    waiver: Word | None = None

    @property
    def uses_key(self) -> bool:
        """Whether the pseudonyms are made with the cohort's key."""
        return self.deid in PROFILES

    def order(self) -> Order:
        """The order that the engine takes."""
        return Order(
            name=self.name,
            node=self.node.name,
            source=self.source,
            destination=self.destination,
            site_id=self.site_id or None,
            deid=str(self.script) if self.deid == SCRIPT else self.deid,
        )


def suggest_name(node: str, today: date, taken: list[str]) -> str:
    """`node-date`, with a number behind it when that is taken."""
    plain_name = f"{node}-{today.isoformat()}"
    name, number = plain_name, 1
    while name in taken:
        number += 1
        name = f"{plain_name}-{number}"
    return name

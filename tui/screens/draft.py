"""What a new transfer will be, while the operator is still choosing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

from transfer.ledger.order import Order, Word
from tui.source import NodeChoice


@dataclass(frozen=True, slots=True)
class Draft:
    """Filled step by step; each step hands a fuller one to the next."""

    node: NodeChoice
    source: Path = Path("/")
    destination: str = ""
    name: str = ""
    waiver: Word | None = None

    def order(self) -> Order:
        """The order that the engine takes."""
        return Order(
            name=self.name,
            node=self.node.name,
            source=self.source,
            destination=self.destination,
            deid="none" if self.waiver else None,
        )


def suggest_name(node: str, today: date, taken: list[str]) -> str:
    """`node-date`, with a number behind it when that is taken."""
    plain_name = f"{node}-{today.isoformat()}"
    name, number = plain_name, 1
    while name in taken:
        number += 1
        name = f"{plain_name}-{number}"
    return name

"""What is happening right now: one row that the runner overwrites and every screen reads."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from transfer.ledger.connection import Ledger

HISTORY_STEP_S: Final = 2.0
"""Between two rates of the history."""


@dataclass(frozen=True, slots=True)
class Lane:
    """One running request. `study` is the row key of the (first) Study in it; sizes in bytes."""

    batch_id: int
    study: str
    instances: int
    bytes_sent: int
    bytes_total: int
    attempt: int
    state: str


@dataclass(frozen=True, slots=True)
class Progress:
    """A moment of a running phase.

    `done` and `total` count the phase's own things: files while scanning, instances otherwise;
    `total` is 0 while unknown. `bytes_in_flight` are bytes of requests without an answer yet.
    `rate_bps` is in bytes per second, `history` holds the latest, oldest first. `eta_s` is None
    until the total is known, and heeds the schedule of bandwidth.
    `requests_allowed` are worth it at a time, of at most `requests_most`; 0 where that is unknown.
    """

    phase: str = "idle"
    done: int = 0
    total: int = 0
    note: str = ""
    bytes_in_flight: int = 0
    rate_bps: float = 0.0
    eta_s: float | None = None
    retries: int = 0
    requests_allowed: int = 0
    requests_most: int = 0
    lanes: tuple[Lane, ...] = ()
    history: tuple[float, ...] = field(default=())


def write_progress(ledger: Ledger, progress: Progress) -> None:
    """Overwrite the moment."""
    with ledger.transaction(durable=False):
        ledger.write("UPDATE progress SET document = ?", json.dumps(asdict(progress)))


def read_progress(ledger: Ledger) -> Progress:
    """The last moment that a runner wrote; an idle one where none ever did."""
    row = ledger.row("SELECT document FROM progress")
    document: dict[str, Any] = json.loads(row[0]) if row else {}
    lanes = tuple(Lane(**lane) for lane in document.pop("lanes", ()))
    history = tuple(document.pop("history", ()))
    return Progress(**document, lanes=lanes, history=history)

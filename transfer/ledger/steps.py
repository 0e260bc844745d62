"""Steps: how far the journey is."""

from __future__ import annotations

from dataclasses import dataclass

from transfer.clock import utc_now
from transfer.ledger.connection import Ledger
from transfer.values import StepState


@dataclass(frozen=True, slots=True)
class StepRecord:
    """State of one step, and one short sentence on it."""

    id: str
    state: StepState
    detail: str = ""


def set_step(ledger: Ledger, step: str, state: StepState, detail: str = "") -> None:
    """Record the state of a step."""
    with ledger.transaction():
        ledger.write(
            "INSERT INTO step VALUES (?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET"
            " state = excluded.state, detail = excluded.detail,"
            " changed_at_utc = excluded.changed_at_utc",
            step,
            state.value,
            detail,
            utc_now(),
        )


def read_steps(ledger: Ledger) -> dict[str, StepRecord]:
    """Every step that has a record, by its id."""
    return {
        step: StepRecord(step, StepState(state), detail)
        for step, state, detail in ledger.rows("SELECT id, state, detail FROM step")
    }

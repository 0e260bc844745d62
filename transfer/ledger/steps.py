"""Steps: how far the journey is, who brought it there, and by what that is proved."""

from __future__ import annotations

from dataclasses import dataclass

from transfer.clock import utc_now
from transfer.ledger.connection import Ledger
from transfer.values import StepState


@dataclass(frozen=True, slots=True)
class StepRecord:
    """State of one step, and one short sentence on it.

    `person` is who did it or vouches for it, empty where the program did; `evidence` a short text
    that another person can follow up (a ticket's number, the account's name on the node).
    `since_utc` is when this state began, `changed_at_utc` when anything here last changed.
    """

    id: str
    state: StepState
    detail: str = ""
    person: str = ""
    evidence: str = ""
    since_utc: str = ""
    changed_at_utc: str = ""


def set_step(
    ledger: Ledger,
    step: str,
    state: StepState,
    detail: str = "",
    *,
    person: str = "",
    evidence: str = "",
    since_utc: str = "",
) -> None:
    """Record the state of a step. The time a state began is kept for as long as it holds, unless a
    person says when it began (`since_utc`); every change of state, person, evidence or beginning
    also stands in the step's history."""
    with ledger.transaction():
        before = read_step(ledger, step)
        now = utc_now()
        is_same_state = before is not None and before.state is state
        kept = before.since_utc if before is not None and is_same_state else now
        since = since_utc or kept
        ledger.write(
            "INSERT INTO step (id, state, detail, changed_at_utc, person, evidence, since_utc)"
            " VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET"
            " state = excluded.state, detail = excluded.detail,"
            " changed_at_utc = excluded.changed_at_utc, person = excluded.person,"
            " evidence = excluded.evidence, since_utc = excluded.since_utc",
            step,
            state.value,
            detail,
            now,
            person,
            evidence,
            since,
        )
        if (
            before is None
            or not is_same_state
            or (before.person, before.evidence, before.since_utc) != (person, evidence, since)
        ):
            ledger.write(
                "INSERT INTO step_history (step, state, detail, person, evidence, at_utc)"
                " VALUES (?, ?, ?, ?, ?, ?)",
                step,
                state.value,
                detail,
                person,
                evidence,
                now,
            )


_COLUMNS = "id, state, detail, person, evidence, since_utc, changed_at_utc"


def _record(row: tuple[str, str, str, str, str, str, str]) -> StepRecord:
    step, state, *rest = row
    return StepRecord(step, StepState(state), *rest)


def read_step(ledger: Ledger, step: str) -> StepRecord | None:
    """One step's record; None where nothing is recorded of it yet."""
    for row in ledger.rows(f"SELECT {_COLUMNS} FROM step WHERE id = ?", step):  # noqa: S608 - our own words
        return _record(row)
    return None


def read_steps(ledger: Ledger) -> dict[str, StepRecord]:
    """Every step that has a record, by its id."""
    return {
        row[0]: _record(row)
        for row in ledger.rows(f"SELECT {_COLUMNS} FROM step")  # noqa: S608 - our own words
    }


def read_history(ledger: Ledger, step: str) -> list[StepRecord]:
    """How a step came to where it is, oldest first."""
    return [
        StepRecord(step, StepState(state), detail, person, evidence, at, at)
        for state, detail, person, evidence, at in ledger.rows(
            "SELECT state, detail, person, evidence, at_utc FROM step_history"
            " WHERE step = ? ORDER BY id",
            step,
        )
    ]


def remember_place(ledger: Ledger, step: str) -> None:
    """Keep where the operator is, so that the journey opens there next time."""
    with ledger.transaction(durable=False):
        ledger.write(
            "INSERT INTO journey_place VALUES (1, ?) ON CONFLICT (only) DO UPDATE SET"
            " step = excluded.step",
            step,
        )


def last_place(ledger: Ledger) -> str:
    """The step where the operator was last; empty at the first time."""
    return next((step for (step,) in ledger.rows("SELECT step FROM journey_place")), "")

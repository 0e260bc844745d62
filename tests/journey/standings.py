"""A journey as it stands at a moment that the test decides."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from tests.tui.known import JOURNEY
from transfer.journey.standing import JourneyState, Standing
from transfer.journey.state import read_journey
from transfer.journey.steps import Journey
from transfer.ledger.connection import Ledger
from transfer.ledger.steps import set_step
from transfer.status import read_status
from transfer.values import StepState
from transfer.workspace import Home, Workspace

SENT = "2026-03-12T08:00:00.000Z"
SENT_AT = datetime(2026, 3, 12, 8, 0, tzinfo=UTC)


def journey_at(
    home: Home,
    workspace: Workspace,
    after: timedelta = timedelta(),
    journey: Journey = JOURNEY,
) -> JourneyState:
    """The journey so long after the ticket was sent."""
    return read_journey(home, read_status(workspace), journey, SENT_AT + after)


def step_at(
    home: Home, workspace: Workspace, step: str, after: timedelta = timedelta()
) -> Standing:
    """One step of it."""
    standing = journey_at(home, workspace, after).of(step)
    assert standing is not None, f"the journey has a step {step}"
    return standing


def put(
    workspace: Workspace,
    step: str,
    state: StepState,
    detail: str = "",
    *,
    person: str = "",
    evidence: str = "",
    since_utc: str = "",
) -> None:
    """Record a step, as whoever settles it does."""
    with Ledger.open(workspace.ledger) as ledger:
        set_step(ledger, step, state, detail, person=person, evidence=evidence, since_utc=since_utc)

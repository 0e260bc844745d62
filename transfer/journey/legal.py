"""What the legal record says of step 10: the gate is shut until it is whole (LEG-01 to LEG-04)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from transfer.journey.standing import LOCKED, Standing
from transfer.legal.entries import Entries
from transfer.legal.gaps import Gap, gaps_in
from transfer.sentences import count
from transfer.values import StepState

DATASET: Final = "dataset"
_NOT_WHOLE: Final = "The legal record of it is not whole."


def behind_the_gate(
    standing: Standing, entries: Entries, name: str, is_sandbox: Callable[[], bool]
) -> Standing:
    """The step with what the gate says of it; any other step as it is. `is_sandbox` is asked only
    where a sandbox record is all that there is."""
    if standing.step.id != DATASET:
        return standing
    gaps = gaps_in(entries)
    if gaps and any(entry.is_sandbox for entry in entries.values()) and is_sandbox():
        gaps = gaps_in(entries, is_sandbox_node=True)
    if not gaps:
        return standing
    if standing.is_done:
        return replace(standing, detail=f"{standing.detail} {_NOT_WHOLE}".strip())
    if standing.is_locked:
        # Clearance takes weeks: it is told while the earlier steps are still at work.
        return replace(standing, detail=f"{standing.detail} {_told(gaps)}")
    what = "See what is missing, and record it."
    command = f"eucaim-transfer legal {name}"
    if standing.state is not StepState.TODO:
        return replace(standing, is_gated=True)
    return replace(
        standing,
        state=StepState.BLOCKED,
        word=LOCKED,
        detail=_told(gaps),
        figure="legal record open",
        next=what,
        command=command,
        is_gated=True,
    )


def _told(gaps: tuple[Gap, ...]) -> str:
    more = len(gaps) - 1
    rest = f" {count(more, 'more thing')} {'is' if more == 1 else 'are'} missing." if more else ""
    return f"{gaps[0].message}{rest}"

"""A step of a transfer whose originals are removed: it stays as it was, and asks for nothing."""

from __future__ import annotations

from dataclasses import replace

from transfer.journey.standing import Standing
from transfer.values import StepState

ENDED = "ended"


def ended(standing: Standing) -> Standing:
    """How it stands from then on."""
    quiet = replace(
        standing,
        next="",
        command="",
        waited_h=0,
        ask_again="",
        comes_first="",
        waits_for_others=False,
        is_gated=False,
    )
    if standing.is_done:
        return quiet
    return replace(
        quiet,
        state=StepState.TODO,
        word=ENDED,
        detail="It was not done when the originals of this transfer were removed.",
        figure="",
    )

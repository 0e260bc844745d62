"""In which order the steps go, and what an open one means for those after it.

Source: rules ORD-01 and ORD-02 of EUCAIM's transfer rules. The images may go although the ticket
or the doctor is open: the project may exist already. That is told, not refused.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from transfer.journey.standing import LOCKED, Standing
from transfer.values import StepState

_FIRST_OF_CHAIN = 5
_IMAGES, _CLINICAL, _DATASET = 8, 9, 10
CLINICAL_FIRST = "Only after the images are verified on the node."
_TABLE_BEFORE = "The table can be named and checked before."
DATASET_FIRST = "Only after the images, and the clinical data or a word that there are none."


def in_order(standings: Sequence[Standing], *, went: bool, name: str) -> list[Standing]:
    """The steps, each with what comes before it. `went`: instances have gone to the node."""
    found: list[Standing] = []
    for standing in standings:
        earlier = [
            s for s in found if s.step.number >= _FIRST_OF_CHAIN and s.state is not StepState.DONE
        ]
        is_in_chain = standing.step.number >= _FIRST_OF_CHAIN
        if earlier and is_in_chain and standing.state is not StepState.DONE:
            standing = _after(standing, earlier)
        if went and standing.step.number == _IMAGES and earlier:
            standing = replace(
                standing,
                comes_first=f"Images went although step {earlier[0].step.number} is open:"
                f" {earlier[0].step.title}.",
            )
        if went and _FIRST_OF_CHAIN <= standing.step.number < _IMAGES:
            standing = _passed_over(standing, name)
        found.append(standing)
    return found


def _after(standing: Standing, earlier: Sequence[Standing]) -> Standing:
    first = earlier[0]
    standing = replace(
        standing, comes_first=f"Step {first.step.number} comes first: {first.step.title}."
    )
    # What was recorded of a step stands; only what nobody has begun is locked.
    if standing.state is not StepState.TODO:
        return standing
    open_numbers = {s.step.number for s in earlier}
    if standing.step.number == _CLINICAL and _IMAGES in open_numbers:
        return _locked(standing, f"{CLINICAL_FIRST} {_TABLE_BEFORE}", "sent after the images")
    if standing.step.number == _DATASET and open_numbers & {_IMAGES, _CLINICAL}:
        return _locked(standing, DATASET_FIRST, "after steps 8 and 9")
    return standing


def _locked(standing: Standing, why: str, short: str) -> Standing:
    return replace(
        standing,
        state=StepState.BLOCKED,
        word=LOCKED,
        detail=why,
        figure=short,
        next="",
        command="",
    )


def _passed_over(standing: Standing, name: str) -> Standing:
    """An open step although images went: what was there already has to be recorded."""
    if standing.state is not StepState.TODO:
        return standing
    went = "Images went although this step is open."
    told = replace(standing, detail=f"{standing.detail} {went}".strip(), figure="open, images went")
    if standing.step.engine != "ticket" or standing.detail:
        return told
    return replace(
        told,
        next="Was the project there already? Record that no ticket was needed.",
        command=f"eucaim-transfer ticket {name} --not-needed --by PERSON --reason TEXT",
    )

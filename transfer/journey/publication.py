"""The step of the dataset: by what the node told of it last, and by the catalogue's entry."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Final

from transfer.journey.standing import Standing
from transfer.journey.steps import JourneyStep
from transfer.journey.waiting import reminded
from transfer.ledger.publication import Bound
from transfer.publication.explaining import explain_failure
from transfer.publication.values import Stage
from transfer.sentences import count
from transfer.values import StepState

if TYPE_CHECKING:
    from transfer.publication.standing import PublicationState
    from transfer.status import Status

PUBLISH: Final = "publish"
_BY_HAND: Final = "dataset"
"""Under which name a person's word on it was kept before the program carried it out."""
ASK_AGAIN: Final = "ask in the ticket of the release, or the node's support"
_STATES: Final = {
    Stage.CREATING: (StepState.RUNNING, "running"),
    Stage.FAILED: (StepState.BLOCKED, "failed"),
    Stage.DRAFT: (StepState.TODO, "to do"),
    Stage.RELEASED: (StepState.WAITING, "waiting"),
    Stage.PUBLISHED: (StepState.WAITING, "waiting"),
    Stage.INVALIDATED: (StepState.BLOCKED, "blocked"),
}
_FIGURES: Final = {
    Stage.CREATING: "being made",
    Stage.FAILED: "not made",
    Stage.RELEASED: "waits for the platform",
    Stage.PUBLISHED: "waits for the catalogue",
    Stage.INVALIDATED: "not to be used",
}


def publication_standing(step: JourneyStep, status: Status, now: datetime) -> Standing:
    """How far it is. The gate and the order of the steps are not looked at here."""
    state = status.publication
    what, command = state.next_move(status.order.name)
    found = _unborn(step, status) if state.bound is None else _born(step, status, state.bound)
    if not found.is_done:
        found = replace(found, next=what, command=command)
    return reminded(found, now, ASK_AGAIN)


def _unborn(step: JourneyStep, status: Status) -> Standing:
    state = status.publication
    said = status.steps.get(PUBLISH) or status.steps.get(_BY_HAND)
    if said is not None and said.state in (StepState.DONE, StepState.WAITING):
        return Standing(
            step,
            said.state,
            said.state.value,
            said.detail,
            person=said.person,
            evidence=said.evidence,
            since_utc=said.since_utc,
            at_utc=said.changed_at_utc,
            waits_for_others=said.state is StepState.WAITING,
        )
    if state.creation is not None:
        return Standing(
            step,
            StepState.BLOCKED,
            "blocked",
            "The dataset was asked for, and nobody knows yet whether it was created.",
            "creation not answered",
            since_utc=state.creation.asked_at_utc,
            at_utc=state.creation.asked_at_utc,
            is_known_here=True,
        )
    found = Standing(step, detail="There is no dataset yet.", figure="no dataset yet")
    return _troubled(found, state, status.order.name)


def _born(step: JourneyStep, status: Status, bound: Bound) -> Standing:
    state = status.publication
    dataset = bound.dataset
    stands, word = _STATES[dataset.stage]
    found = Standing(
        step,
        stands,
        word,
        _detail(state, bound),
        _FIGURES.get(dataset.stage, _counted(bound)),
        evidence=next(iter(dataset.pids.values()), dataset.id),
        since_utc=bound.stage_since_utc,
        at_utc=bound.seen_at_utc,
        waits_for_others=dataset.stage is Stage.RELEASED,
        is_known_here=True,
    )
    if state.is_published and state.catalogued:
        return replace(found, state=StepState.DONE, word="done", figure="published, catalogued")
    if dataset.stage is Stage.DRAFT and state.is_in_the_way and state.difference is not None:
        return replace(
            found,
            state=StepState.BLOCKED,
            word="blocked",
            detail=state.difference.sentence,
            figure="counts differ",
        )
    return _troubled(found, state, status.order.name)


def _troubled(found: Standing, state: PublicationState, name: str) -> Standing:
    """What was tried last and did not come to its end stands in the way of the operator's own next
    move; where the node or the platform is at work it is only told."""
    trouble = state.trouble
    if trouble is None:
        return found
    if found.state is not StepState.TODO:
        if found.state is StepState.BLOCKED:
            return found
        return replace(found, detail=f"{found.detail} {trouble.what}")
    return replace(
        found,
        state=StepState.BLOCKED,
        word="blocked",
        detail=f"{trouble.what} {trouble.remedy.replace('NAME', name)}".strip(),
        figure="",
        since_utc=trouble.since_utc,
        at_utc=trouble.at_utc,
    )


def _counted(bound: Bound) -> str:
    dataset = bound.dataset
    if dataset.studies is None:
        return "draft"
    return f"draft, {count(dataset.studies, 'study', 'studies')}"


def _detail(state: PublicationState, bound: Bound) -> str:
    dataset = bound.dataset
    if dataset.stage is Stage.FAILED:
        return explain_failure(dataset.said).what
    if dataset.stage is Stage.RELEASED:
        return "Released; it waits for the platform to publish it."
    if dataset.stage is Stage.PUBLISHED:
        if state.catalogued:
            return "Published, and its entry in the catalogue was looked up."
        return "Published; its entry in EUCAIM's catalogue has not been looked up yet."
    if dataset.stage is Stage.INVALIDATED:
        return "The dataset is marked as not to be used."
    if dataset.stage is Stage.CREATING:
        return "The node is making the dataset."
    return "A draft that nobody else sees."

"""Steps that stand where somebody recorded them: the ticket, the doctor, and what is done by
hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from transfer.journey.standing import BY_HAND, Standing
from transfer.journey.steps import JourneyStep
from transfer.journey.waiting import reminded
from transfer.ledger.steps import StepRecord
from transfer.values import StepState

TICKET = "ticket"
DOCTOR = "doctor"
REPLY = "reply in the ticket"
NOT_BUILT = "Not carried out by this version yet."


def recorded_standing(
    step: JourneyStep, record: StepRecord | None, name: str, now: datetime
) -> Standing:
    """How far a step is by its record alone."""
    if record is None:
        found = Standing(step)
    else:
        found = Standing(
            step,
            record.state,
            record.state.value if record.state is not StepState.TODO else "to do",
            record.detail,
            person=record.person,
            evidence=record.evidence,
            since_utc=record.since_utc,
            at_utc=record.changed_at_utc,
        )
    if step.engine == TICKET:
        return reminded(_ticket(found, name), now, REPLY)
    return _doctor(found, name) if step.engine == DOCTOR else _by_hand(found, name, now)


def _ticket(found: Standing, name: str) -> Standing:
    if found.state is StepState.DONE:
        return replace(found, figure=found.evidence)
    ticket = f"eucaim-transfer ticket {name}"
    if found.state is StepState.WAITING:
        # A ticket that this program knows has its number there; else a person's word is all.
        is_known = found.evidence.startswith("ticket ")
        word = f"eucaim-transfer step {name} {found.step.id} --state done --by PERSON"
        return replace(
            found,
            waits_for_others=True,
            next="Record the answer when it comes.",
            command=f"{ticket} --answer TEXT --done --by PERSON" if is_known else word,
        )
    what = "Compose the ticket, and send it." if not found.detail else "Look at it, and go on."
    return replace(found, next=what, command=ticket)


def _doctor(found: Standing, name: str) -> Standing:
    if found.state is StepState.DONE:
        return found
    what = "Check this machine and the node."
    if found.state is StepState.BLOCKED:
        what = "Put right what was found, then check again."
    return replace(found, next=what, command=f"eucaim-transfer doctor {name}")


def _by_hand(found: Standing, name: str, now: datetime) -> Standing:
    if found.state is StepState.DONE:
        return found
    command = f"eucaim-transfer step {name} {found.step.id} --state done --by PERSON"
    if found.state is StepState.WAITING:
        waiting = replace(
            found, waits_for_others=True, next="Record it when it is done.", command=command
        )
        return reminded(waiting, now, "ask again")
    return replace(
        found,
        word=BY_HAND if found.state is StepState.TODO else found.word,
        detail=found.detail or NOT_BUILT,
        figure=found.detail or "not built yet",
        next="Do it as the text says, then record it.",
        command=command,
    )

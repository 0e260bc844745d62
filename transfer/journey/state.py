"""Putting a journey together: the node's steps, the transfer's ledger, the account, the time."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from transfer.accounts import Account, read_account
from transfer.journey.account import ASK_AGAIN, account_known_at, account_standing
from transfer.journey.clinical import CLINICAL, clinical_standing, wants_sign_in
from transfer.journey.ended import ended
from transfer.journey.images import (
    DEIDENTIFY,
    UPLOAD,
    deidentify_standing,
    images_standing,
)
from transfer.journey.legal import behind_the_gate
from transfer.journey.order import in_order
from transfer.journey.publication import PUBLISH, publication_standing
from transfer.journey.recorded import recorded_standing
from transfer.journey.standing import JourneyState, Standing
from transfer.journey.steps import Journey, JourneyStep
from transfer.journey.waiting import reminded, since
from transfer.values import StepState
from transfer.workspace import Home

if TYPE_CHECKING:
    from transfer.status import Status

LOGIN = "login"


def read_journey(
    home: Home, status: Status, journey: Journey, now: datetime | None = None
) -> JourneyState:
    """How far a transfer is on its node's journey. Reads the account's record: call in a thread
    where an event loop runs."""
    account = read_account(home, status.order.node)
    return journey_state(status, account, journey, now or datetime.now(UTC))


def journey_state(
    status: Status, account: Account, journey: Journey, now: datetime
) -> JourneyState:
    """The same, of what is known already."""
    n = status.census.instances
    standings = [_standing(step, status, account, now) for step in journey.steps]
    name = status.order.name
    if status.retention.is_begun:
        return JourneyState(journey.title, tuple(map(ended, standings)), is_over=True)
    ordered = in_order(standings, went=n.sent > 0, name=name)
    return JourneyState(
        journey.title,
        tuple(behind_the_gate(s, status.legal, name, journey.is_sandbox) for s in ordered),
    )


def _standing(step: JourneyStep, status: Status, account: Account, now: datetime) -> Standing:
    record = status.steps.get(step.engine or step.id)
    if step.engine == DEIDENTIFY:
        return deidentify_standing(step, status)
    if step.engine == UPLOAD:
        return images_standing(
            step, status, is_signed_in_since=_is_signed_in_since(status, account)
        )
    if step.engine == CLINICAL:
        return clinical_standing(
            step, status, is_signed_in_since=_is_signed_in_after(status, account, CLINICAL)
        )
    if step.engine == PUBLISH:
        return publication_standing(step, status, now)
    if step.engine == LOGIN:
        if step.settled and not account.at_utc and record is None:
            return Standing(step, StepState.DONE, "done", step.settled)
        standing = account_standing(step, record, account, wants_sign_in=_wants_sign_in(status))
        return reminded(standing, now, ASK_AGAIN)
    return recorded_standing(step, record, status.order.name, now)


def _wants_sign_in(status: Status) -> str:
    upload, clinical = status.steps.get(UPLOAD), status.steps.get(CLINICAL)
    if status.state == "waiting" and upload is not None:
        return upload.changed_at_utc
    is_waiting = clinical is not None and wants_sign_in(status, clinical)
    return clinical.changed_at_utc if clinical is not None and is_waiting else ""


def _is_signed_in_since(status: Status, account: Account) -> bool:
    wanted = since(_wants_sign_in(status)) if status.state == "waiting" else None
    is_signed_in = account.state is StepState.DONE
    return wanted is not None and is_signed_in and account_known_at(None, account) > wanted


def _is_signed_in_after(status: Status, account: Account, step: str) -> bool:
    record = status.steps.get(step)
    waits_since = since(record.changed_at_utc) if record else None
    is_signed_in = account.state is StepState.DONE
    return (
        waits_since is not None and is_signed_in and account_known_at(None, account) > waits_since
    )

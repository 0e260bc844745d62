"""The step of the clinical data: by its items, and by what persons said."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from transfer.clinical.standing import BY_HAND
from transfer.journey.standing import Standing
from transfer.journey.steps import JourneyStep
from transfer.ledger.steps import StepRecord
from transfer.sentences import count
from transfer.values import ExitCode, StepState

if TYPE_CHECKING:
    from transfer.status import Status

CLINICAL: Final = "clinical"
_ENDED: Final = "Stopped before everything was sent. Nothing is lost."
_CHANGED: Final = "The table, or what was said of it, has changed since it was sent."
_WORDS: Final = {
    StepState.TODO: "to do",
    StepState.RUNNING: "running",
    StepState.WAITING: "waiting",
    StepState.BLOCKED: "blocked",
    StepState.DONE: "done",
}


def clinical_standing(step: JourneyStep, status: Status, *, is_signed_in_since: bool) -> Standing:
    """How far the clinical data are. `is_signed_in_since`: somebody signed in after the last run
    had to end for want of it."""
    if status.is_at_clinical:
        what, command = _next_of_running(status)
        return Standing(
            step,
            StepState.RUNNING,
            status.state,
            "The clinical data are being checked and sent.",
            figure_of(status),
            next=what,
            command=command,
        )
    word = status.clinical.image_only
    if word is not None:
        return Standing(
            step,
            StepState.DONE,
            "done",
            f"Images alone, by a person's word: {word.reason}",
            "images alone",
            person=word.person,
            at_utc=word.said_at_utc,
            since_utc=word.said_at_utc,
        )
    record = clinical_record(status)
    if wants_sign_in(status, record) and is_signed_in_since:
        record = replace(
            record,
            state=StepState.TODO,
            detail="Somebody has signed in since; it can go on where it stopped.",
        )
    what, command = _next(status, record)
    return Standing(
        step,
        record.state,
        _WORDS[record.state],
        record.detail,
        figure_of(status),
        person=record.person,
        evidence=record.evidence,
        since_utc=record.since_utc,
        at_utc=record.changed_at_utc,
        next=what,
        command=command,
    )


def clinical_record(status: Status) -> StepRecord:
    """What the ledger holds of the step, unless that is true no more: the runner that was at it
    has ended, or what was sent is not what would go now."""
    record = status.steps.get(CLINICAL) or StepRecord(CLINICAL, StepState.TODO)
    is_settled = record.state is StepState.DONE or waits_for_hands(status, record)
    if is_settled and status.clinical.is_changed:
        return replace(record, state=StepState.TODO, detail=_CHANGED, person="", evidence="")
    if record.state is StepState.RUNNING:
        return replace(record, state=StepState.TODO, detail=_ENDED)
    return record


def figure_of(status: Status) -> str:
    """The few words of a row."""
    clinical = status.clinical
    n, noun = clinical.counted
    if not n.ready:
        return f"{count(clinical.rows, 'row')} read" if clinical.rows else ""
    nouns = noun if n.ready == 1 else f"{noun}s"
    if n.verified or not n.sent:
        return f"{n.verified:,} of {n.ready:,} {nouns} verified"
    return f"{n.sent:,} of {n.ready:,} {nouns} sent"


def waits_for_hands(status: Status, record: StepRecord) -> bool:
    """The checked files lie in the hand-over folder, and a person has to upload them."""
    is_by_hand = status.clinical.mode == BY_HAND and bool(record.evidence)
    return is_by_hand and record.state is StepState.WAITING


def wants_sign_in(status: Status, record: StepRecord) -> bool:
    """The last run ended because nobody was signed in."""
    is_waiting = record.state is StepState.WAITING
    return is_waiting and status.runner.exit_code == ExitCode.SIGN_IN


def _next_of_running(status: Status) -> tuple[str, str]:
    name = status.order.name
    if status.state in ("paused", "pausing"):
        return "It waits; let it go on.", f"eucaim-transfer resume {name}"
    return "Watch it; it goes on by itself.", f"eucaim-transfer status {name} --watch"


def _next(status: Status, record: StepRecord) -> tuple[str, str]:
    name, clinical = status.order.name, status.clinical
    clinical_command = f"eucaim-transfer clinical {name}"
    if record.state is StepState.DONE:
        return "", ""
    if not clinical.has_table:
        what = "Name the table; or record, with a reason, that there is none (--image-only)."
        return what, f"{clinical_command} FILE"
    if waits_for_hands(status, record):
        what = "Upload what lies in the hand-over folder, then record it."
        return what, f"{clinical_command} --handed-over --by PERSON"
    if wants_sign_in(status, record):
        return "Sign in, then send again.", f"eucaim-transfer login {status.order.node}"
    if record.state is StepState.WAITING:
        return "Send again once the node can be reached.", clinical_command
    if record.state is StepState.BLOCKED:
        if clinical.failed:
            return "See which did not arrive, and why; then send again.", clinical_command
        if clinical.differs or clinical.changed:
            what = "Write over what lies there, if that is what is meant."
            return what, f"{clinical_command} --overwrite"
        what = "See what stands in the way, and map, mend or answer it."
        return what, f"{clinical_command} --check"
    if clinical.subjects.sent or clinical.files.sent:
        return "Go on; what is there already is not sent again.", clinical_command
    return "Check the table, and send it.", clinical_command

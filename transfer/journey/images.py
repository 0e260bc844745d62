"""The two steps that the runner carries out: de-identification, and the images."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from transfer.journey.standing import AS_IS, Standing
from transfer.journey.steps import JourneyStep
from transfer.ledger.census import InstanceCounts
from transfer.ledger.steps import StepRecord
from transfer.values import StepState

if TYPE_CHECKING:
    from transfer.status import Status

UPLOAD = "upload"
DEIDENTIFY = "deidentify"
# A transfer's state in the words of the rows.
_WORDS = {"new": "to do", "ready": "to do", "interrupted": "stopped"}
_PHASES = {
    "login": "The node is asked to let us in; nothing is sent yet.",
    "scan": "The source folder is being read; nothing is sent yet.",
    "deidentify": "What goes is being de-identified; nothing is sent yet.",
    "plan": "Requests are being put together; nothing is sent yet.",
    "send": "The images are being sent.",
    "verify": "The node is asked which instances it holds.",
}


def upload_record(status: Status) -> StepRecord | None:
    """What the ledger holds of the upload, unless that is true no more: what kept the images back
    was answered for since, or what was done is not all any more that a person chose, or the runner
    that was at it has ended."""
    record = status.steps.get(UPLOAD)
    if record is not None and record.state is StepState.DONE and status.is_more_to_go:
        return replace(
            record, state=StepState.TODO, detail="More was chosen, which has not gone yet."
        )
    if (
        record is not None
        and record.state is StepState.BLOCKED
        and status.state == "ready"
        and not status.census.instances.failed
    ):
        return None
    if record is not None and record.state is StepState.RUNNING and not status.is_running:
        return replace(
            record,
            state=StepState.TODO,
            detail="Stopped before everything was sent. Nothing is lost.",
        )
    may_be_told = record is None or record.state in (StepState.TODO, StepState.BLOCKED)
    if status.state == "blocked" and may_be_told:
        return StepRecord(UPLOAD, StepState.BLOCKED, status.runner.message)
    return record


def arrived_told(counts: InstanceCounts) -> str:
    """`240 of 412 verified`; what was sent where nothing is verified yet."""
    if counts.sent and not counts.verified:
        return f"{counts.sent:,} of {counts.ready:,} sent"
    return f"{counts.verified:,} of {counts.ready:,} verified"


def images_standing(step: JourneyStep, status: Status, *, is_signed_in_since: bool) -> Standing:
    """How far the images are. `is_signed_in_since`: somebody signed in after the last run had to
    end for want of it."""
    record = upload_record(status) or StepRecord(UPLOAD, StepState.TODO)
    state, detail, word = record.state, record.detail, _WORDS.get(status.state, status.state)
    if status.is_running and not status.is_at_clinical:
        state, detail = StepState.RUNNING, _PHASES.get(status.progress.phase, detail)
    elif status.state == "waiting" and is_signed_in_since:
        state, word = StepState.TODO, "to do"
        detail = "Somebody has signed in since; the upload can go on where it stopped."
    elif state is StepState.DONE:
        word = "done"
    elif status.is_at_clinical:
        word = "to do"
    n = status.census.instances
    figure = arrived_told(n) if n.ready else "nothing read yet"
    if status.volumes.ready and not n.ready:
        figure = f"{status.volumes.verified:,} of {status.volumes.ready:,} NIfTI verified"
    what, command = _next(status, word)
    return Standing(
        step,
        state,
        word,
        detail,
        figure,
        person=record.person,
        evidence=record.evidence,
        since_utc=record.since_utc,
        at_utc=record.changed_at_utc,
        next=what,
        command=command,
    )


def _next(status: Status, word: str) -> tuple[str, str]:
    name, node = status.order.name, status.order.node
    upload = f"eucaim-transfer upload {name}"
    if status.is_running and not status.is_at_clinical:
        if word in ("paused", "pausing"):
            return "It waits; let it go on.", f"eucaim-transfer resume {name}"
        return "Watch it; it goes on by itself.", f"eucaim-transfer status {name} --watch"
    if word == "done":
        return "", ""
    if not status.census.files.seen:
        return "Read the folder; nothing is sent by that.", f"eucaim-transfer scan {name}"
    if word == "waiting":
        return "Sign in, then upload again.", f"eucaim-transfer login {node}"
    if word == "blocked" and status.in_the_way:
        what = "See what stands in the way, and answer, mend or leave it out."
        return what, f"eucaim-transfer check {name}"
    if word in ("blocked", "failed"):
        return status.runner.remedy.replace("NAME", name), ""
    if status.census.instances.sent:
        return "Go on; what arrived is not sent again.", upload
    if status.census.files.unread:
        return "Go on reading the folder.", f"eucaim-transfer scan {name}"
    return "Send the images.", upload


def deidentify_standing(step: JourneyStep, status: Status) -> Standing:
    """How far de-identification is. It happens on the way to the node, or before by `check`."""
    record = status.steps.get(DEIDENTIFY)
    is_as_is = status.order.deid in (None, "none")
    look = f"eucaim-transfer review {status.order.name}"
    if record is None:
        detail = (
            "The files go as they are." if is_as_is else f"By {status.order.deid}, not done yet."
        )
        next_ = "Step 8 does it before it sends; look at headers before and after."
        if is_as_is:
            next_ = "Nothing is changed; look at what the headers hold."
        return Standing(
            step,
            word=AS_IS if is_as_is else "to do",
            detail=detail,
            figure="nothing is changed" if is_as_is else f"by {status.order.deid}, in step 8",
            next=next_,
            command=look,
        )
    state, detail, next_ = record.state, record.detail, ""
    if state is StepState.RUNNING and not status.is_running:
        state, detail = StepState.TODO, "It was interrupted; the next run goes on with it."
    if state is StepState.BLOCKED:
        next_ = "Look at what does not leave, and why."
    words = {StepState.TODO: "to do", StepState.DONE: "done", StepState.BLOCKED: "blocked"}
    return Standing(
        step,
        state,
        words.get(state, state.value),
        detail,
        person=record.person,
        evidence=record.evidence,
        since_utc=record.since_utc,
        at_utc=record.changed_at_utc,
        next=next_,
        command=look if next_ else "",
    )

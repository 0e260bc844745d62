"""What a person records of a step because the program cannot know it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from transfer import accounts
from transfer.errors import StepBlocked, UsageError
from transfer.journey.standing import JourneyState, Standing
from transfer.journey.waiting import since
from transfer.ledger.connection import Ledger
from transfer.ledger.order import read_order
from transfer.ledger.steps import set_step
from transfer.sentences import listed
from transfer.values import StepState
from transfer.workspace import Home

LONGEST_EVIDENCE = 200
LONGEST_PERSON = 80
_SETTLED_HERE = {
    "upload": "eucaim-transfer upload NAME",
    "deidentify": "eucaim-transfer review NAME",
    "clinical": "eucaim-transfer clinical NAME",
}
_KNOWN_HERE = {"publish": "eucaim-transfer dataset NAME"}
"""Steps that are settled here once the program has begun them; a node whose step 10 it cannot reach
still has a person's word."""
_BY_HAND = (StepState.WAITING, StepState.DONE, StepState.TODO)
_ACCOUNT_STATES = (StepState.WAITING, StepState.TODO)
_BEFORE_THE_GATE = (StepState.WAITING, StepState.TODO)
_NOBODY = frozenset({"this program", "the program", "program", "eucaim-transfer"})
_WORDS = {
    StepState.WAITING: "Waiting for an answer",
    StepState.DONE: "Done",
    StepState.TODO: "To do again",
}


@dataclass(frozen=True, slots=True)
class Said:
    """What a person says of a step: how far it is, since when, and by what that can be proved."""

    state: StepState
    person: str
    evidence: str = ""
    since_utc: str = ""


def states_by_hand(standing: Standing) -> tuple[StepState, ...]:
    """The states that a person may record of a step; none where the program settles it itself."""
    engine = standing.step.engine
    if _command_of(standing) or standing.is_locked:
        return ()
    if standing.is_gated:
        return _BEFORE_THE_GATE
    return _ACCOUNT_STATES if engine == "login" else _BY_HAND


def record_by_hand(home: Home, ledger: Ledger, standing: Standing, said: Said) -> None:
    """Keep what a person says of a step: the account's in the home, any other in the ledger.

    Raises:
        UsageError: the program settles this step itself, or something is missing or too long.
        StepBlocked: another step comes first (ORD-01, ORD-02), or legal clearance (LEG-04).
    """
    _refuse_own(standing, said)
    person, evidence = said.person.strip(), said.evidence.strip()
    _refuse_incomplete(person, evidence)
    detail = f"{_WORDS[said.state]}, says {person}."
    if standing.step.engine == "login":
        node = read_order(ledger).node
        if said.state is StepState.TODO:
            accounts.taken_back(home, node, person)
        else:
            accounts.asked_for(
                home,
                node,
                person,
                f"Asked for by {person}.",
                evidence=evidence,
                since_utc=said.since_utc,
            )
        return
    set_step(
        ledger,
        standing.step.engine or standing.step.id,
        said.state,
        detail,
        person=person,
        evidence=evidence,
        since_utc=said.since_utc,
    )


def _command_of(standing: Standing) -> str:
    """What settles the step without a word; empty where a word does."""
    engine = standing.step.engine
    known = _KNOWN_HERE.get(engine, "") if standing.is_known_here else ""
    return _SETTLED_HERE.get(engine, known)


def _refuse_own(standing: Standing, said: Said) -> None:
    step = standing.step
    command = _command_of(standing)
    if command:
        raise UsageError(
            f"Step {step.number} is settled by this program itself, not by a word.",
            f"Let it do so: {command}",
        )
    if standing.is_locked:
        raise StepBlocked(
            f"Step {step.number} cannot be recorded yet. {standing.detail}",
            standing.comes_first or "Do the earlier steps first.",
        )
    if standing.is_gated and said.state is StepState.DONE:
        raise StepBlocked(
            f"Step {step.number} cannot be recorded as done. The legal record is not whole.",
            "See what is missing, and record it: eucaim-transfer legal NAME",
        )
    if said.state not in states_by_hand(standing):
        if step.engine == "login":
            raise UsageError(
                "Whether the account works is seen by signing in, not by a word.",
                "Sign in with: eucaim-transfer login NODE",
            )
        raise UsageError(
            "That is no state that can be recorded by hand.",
            f"Take one of: {', '.join(state.value for state in _BY_HAND)}.",
        )


def _refuse_incomplete(person: str, evidence: str) -> None:
    if not person:
        raise UsageError("A record needs the person who vouches for it.", "Give --by PERSON.")
    if not (person + evidence).isprintable():
        raise UsageError(
            "The name or the evidence holds a line end, a control character or one that is not"
            " seen.",
            "Type it anew, on one line.",
        )
    if person.casefold() in _NOBODY:
        raise UsageError(
            "A record is a person's word; what the program knows it records itself.",
            "Give the person's own name with --by.",
        )
    if len(person) > LONGEST_PERSON or len(evidence) > LONGEST_EVIDENCE:
        raise UsageError(
            "The name or the evidence is too long.",
            f"At most {LONGEST_PERSON} letters for the name, {LONGEST_EVIDENCE} for the evidence"
            " (a ticket's number, a page).",
        )


def since_when(text: str, now: datetime) -> str:
    """When a state began, out of `2026-03-12` or `2026-03-12T09:30`, both in UTC; empty out of
    nothing. Today is never later than now.

    Raises:
        UsageError: it is no such time, or lies in the future.
    """
    text = text.strip()
    if not text:
        return ""
    at = since(text)
    # East of Greenwich a day begins before it does in UTC.
    if at is None or at > now + timedelta(hours=14):
        raise UsageError(
            "That is no day in the past.", "Write it as 2026-03-12 or 2026-03-12T09:30 (UTC)."
        )
    at = min(at, now).astimezone(UTC)
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def step_named(journey: JourneyState, word: str) -> Standing:
    """The step of that id, number or engine.

    Raises:
        UsageError: the node's journey has none.
    """
    for standing in journey.standings:
        step = standing.step
        if word in (step.id, str(step.number)) or (step.engine and word == step.engine):
            return standing
    known = [f"{s.step.number} {s.step.id}" for s in journey.standings]
    raise UsageError(
        "This node's journey has no step of that name.", f"Known: {listed(known, 12)}."
    )

"""Asking what a person knows of a step and the program cannot: how far, since when, who, proof."""

from __future__ import annotations

from transfer.errors import UsageError
from transfer.journey.recording import (
    LONGEST_EVIDENCE,
    LONGEST_PERSON,
    Said,
    since_when,
    states_by_hand,
)
from transfer.journey.standing import Standing
from transfer.values import StepState
from tui.page import Page
from tui.screens.pick import Pick
from tui.screens.question import Ask

_CHOICES = {
    "login": {
        StepState.WAITING: "The account was asked for, and is not given yet",
        StepState.TODO: "It was not asked for after all",
    },
    "ticket": {
        StepState.WAITING: "The ticket is sent, and not answered yet",
        StepState.DONE: "It is answered: the project is there",
        StepState.TODO: "It was not sent after all",
    },
    "doctor": {
        StepState.WAITING: "Somebody else has been asked to put it right",
        StepState.DONE: "It works; I answer for what the checks say",
        StepState.TODO: "It is to be checked again",
    },
}
_BY_HAND = {
    StepState.WAITING: "It is under way elsewhere, and not done yet",
    StepState.DONE: "It is done",
    StepState.TODO: "It is to be done again",
}
_EVIDENCE = {
    "login": "What proves it? For example the number of the request.",
    "ticket": "The ticket's number.",
}
_OTHER_EVIDENCE = "What proves it? A number, a page, a letter. No patient data."


async def ask_record(page: Page, standing: Standing) -> Said | None:
    """What a person says of the step; None when they went back."""
    step, source = standing.step, page.owner.source
    texts = _CHOICES.get(step.engine, _BY_HAND)
    # The state that it has already comes last: it is rarely said twice.
    states = sorted(states_by_hand(standing), key=lambda state: state is standing.state)
    choices = [(state.value, texts[state]) for state in states]
    heading = f"Step {step.number}: {step.title}"
    word = await page.app.push_screen_wait(
        Pick(heading, ["How far is it? What is recorded stands with a name and the time."], choices)
    )
    if word is None:
        return None
    state, since_utc, evidence = StepState(word), "", ""
    if state is StepState.WAITING:
        given = await page.app.push_screen_wait(
            Ask(
                "Since when?",
                ["The day it was asked for, in UTC; after 48 hours you are reminded."],
                value=source.now().date().isoformat(),
                check=lambda text: since_when(text, source.now()),
            )
        )
        if given is None:
            return None
        since_utc = since_when(given, source.now())
    if state is not StepState.TODO:
        given = await page.app.push_screen_wait(
            Ask(
                "What proves it?",
                [_EVIDENCE.get(step.engine, _OTHER_EVIDENCE), "It may stay empty."],
                value=standing.evidence,
                check=lambda text: _refuse_long(text, LONGEST_EVIDENCE),
            )
        )
        if given is None:
            return None
        evidence = given.strip()
    person = await page.app.push_screen_wait(
        Ask(
            "Who says so?",
            ["First and last name of the person."],
            value=source.journeys.person,
            check=_refuse_no_name,
        )
    )
    if person is None:
        return None
    source.journeys.person = person.strip()
    return Said(state, person.strip(), evidence, since_utc)


def _refuse_no_name(text: str) -> None:
    if not text.strip():
        raise UsageError("A record needs a name.", "Type it, or press Esc.")
    _refuse_long(text, LONGEST_PERSON)


def _refuse_long(text: str, most: int) -> None:
    if len(text.strip()) > most:
        raise UsageError("That is too long.", f"At most {most} letters.")

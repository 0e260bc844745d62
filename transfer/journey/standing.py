"""How far each step of a journey is, and what to do next: the one value for all views."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from transfer.journey.steps import JourneyStep
from transfer.values import StepState


@dataclass(frozen=True, slots=True)
class Standing:
    """One step of one transfer as it stands.

    `word` is the state in one word for lists: a step that is blocked may be so by findings
    (blocked, failed) or only because another comes first (locked). `detail` is one sentence,
    `figure` a shorter one for a row, empty where `detail` does. `next` is what to do in words,
    `command` the line that does it; both are empty where nothing is to be done. `waited_h` is
    there, in whole hours, once others have been waited for too long, and `ask_again` says where.
    `comes_first` names the earliest step before this one that is open. `waits_for_others`: the next
    move is not the operator's. `is_gated`: the legal record is not whole, so that nobody's word
    makes it done (LEG-04). `is_known_here`: the program knows better than any word how far it is.
    """

    step: JourneyStep
    state: StepState = StepState.TODO
    word: str = "to do"
    detail: str = ""
    figure: str = ""
    person: str = ""
    evidence: str = ""
    since_utc: str = ""
    at_utc: str = ""
    next: str = ""
    command: str = ""
    waited_h: int = 0
    ask_again: str = ""
    comes_first: str = ""
    waits_for_others: bool = False
    is_gated: bool = False
    is_known_here: bool = False

    @property
    def is_done(self) -> bool:
        return self.state is StepState.DONE

    @property
    def reminder(self) -> str:
        """A sentence once others have been waited for too long."""
        return no_answer(self.waited_h, self.ask_again)

    @property
    def reminder_short(self) -> str:
        """The same in the few words of a row."""
        return f"no answer for {self.waited_h} h" if self.waited_h else ""

    @property
    def is_locked(self) -> bool:
        """Nothing is wrong: another step comes first, and this one is not allowed before it."""
        return self.word == LOCKED and not self.is_gated

    def document(self) -> dict[str, Any]:
        """The step as `status --json` prints it."""
        return {
            "id": self.step.id,
            "number": self.step.number,
            "title": self.step.title,
            "state": self.state.value,
            "detail": self.detail,
            "person": self.person,
            "at": self.at_utc or None,
            "since": self.since_utc or None,
            "evidence": self.evidence,
            "next": self.next,
            "command": self.command,
            "reminder": self.reminder,
            "comes_first": self.comes_first,
            "link": self.step.link,
        }


def no_answer(hours: int, ask_again: str) -> str:
    """The reminder of rule HLP-03 after whole hours of waiting; empty where there are none.
    `ask_again` says where."""
    return f"No answer for {hours} hours: {ask_again}." if hours else ""


LOCKED = "locked"
BY_HAND = "by hand"
AS_IS = "as is"


@dataclass(frozen=True, slots=True)
class JourneyState:
    """All steps of one transfer, in the handbook's order. `is_over`: its originals are removed, and
    nothing is to be done any more."""

    title: str
    standings: Sequence[Standing]
    is_over: bool = False

    def of(self, step: str) -> Standing | None:
        """The step of that id."""
        return next((s for s in self.standings if s.step.id == step), None)

    @property
    def to_do(self) -> Standing | None:
        """The step to do now; None once all is done.

        It is the one at work, else the earliest that is open and whose next move is the operator's:
        what waits for others does not hold up the look at later steps. De-identification happens on
        the way to the node, so that it counts only where something stops there.
        """
        if self.is_over:
            return None
        chain = [s for s in self.standings if s.step.number > _ON_THE_WAY or s.word == "blocked"]
        for standing in chain:
            if standing.state is StepState.RUNNING:
                return standing
        open_ones = [s for s in chain if not s.is_done]
        ours = [s for s in open_ones if not s.waits_for_others and not s.is_locked]
        return next(iter([*ours, *open_ones]), None)

    @property
    def reminders(self) -> list[Standing]:
        """Steps that have waited for somebody too long."""
        return [s for s in self.standings if s.reminder]


_ON_THE_WAY = 4

"""The data that a node's journey is drawn from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class JourneyStep:
    """One step of the EUCAIM handbook on this node, as text for the screen.

    `number` is the handbook's (4 to 10). `engine` names what settles the step and under which name
    the ledger records it (deidentify, login, ticket, doctor, upload, clinical, publish); it is
    empty when the program does not carry the step out yet, and `text` then says so. `links` are
    further addresses for a person's own browser, each with what is there. `settled` says why
    nothing is to be done for this step on this node; it is empty where something is.
    """

    id: str
    number: int
    title: str
    text: str
    link: str = ""
    engine: str = ""
    links: Sequence[tuple[str, str]] = ()
    settled: str = ""


@dataclass(frozen=True, slots=True)
class Stages:
    """The node's words, at most 12 letters each, for a Study on its way: while instances go,
    when all were acknowledged, and when the node has taken the Study over."""

    sending: str = "under way"
    sent: str = "sent"
    committed: str = "taken over"


def _never() -> bool:
    return False


@dataclass(frozen=True, slots=True)
class Journey:
    """The steps of a node, in order, and its words for a Study on its way. `is_sandbox` tells
    whether the node is a stand-in on this machine; it may read a file."""

    title: str
    steps: Sequence[JourneyStep]
    stages: Stages = Stages()
    is_sandbox: Callable[[], bool] = field(default=_never, compare=False)

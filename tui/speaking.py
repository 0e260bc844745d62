"""Whose word is recorded: whoever spoke last is proposed when the next word is asked for."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Speaker:
    """Whoever sits at the screens, as they said it last; empty until somebody did."""

    name: str = ""


class Hears:
    """A room in which named persons speak. All rooms of one session have the same `speaker`."""

    def __init__(self) -> None:
        self.speaker = Speaker()

    @property
    def person(self) -> str:
        """Whoever spoke last, here or in another room."""
        return self.speaker.name

    @person.setter
    def person(self, name: str) -> None:
        self.speaker.name = name

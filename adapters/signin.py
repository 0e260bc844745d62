"""What a sign-in asks of the person at the keyboard, and how it asks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

Way = Literal["any", "password", "browser", "paste"]
"""How a person wants to sign in: by a name and a password; with a browser elsewhere that confirms
a code (RFC 8628); or with a browser elsewhere whose last address is pasted back (RFC 7636)."""


@dataclass(frozen=True, slots=True)
class SignInPrompt:
    """Open `address` in any browser and confirm `code` before `expires_in_s` seconds are over.

    `purpose` says what the sign-in is for where there is more than one ("images", "datasets").
    `short_address` is the one without the code in it, for typing by hand.
    """

    address: str
    code: str
    expires_in_s: float
    short_address: str = ""
    purpose: str = ""

    def __str__(self) -> str:
        minutes = max(1, round(self.expires_in_s / 60))
        return (
            f"{_begin(self.purpose)} {self.address} in any browser and enter the code {self.code} "
            f"within {minutes} minutes."
        )


@dataclass(frozen=True, slots=True)
class PastePrompt:
    """Open `address` in any browser, sign in, and paste back the whole address that the browser
    then shows. The page may show an error; only its address counts. It serves for about
    `expires_in_s` seconds."""

    address: str
    expires_in_s: float
    purpose: str = ""

    def __str__(self) -> str:
        return (
            f"{_begin(self.purpose)} {self.address} in any browser and sign in. Then copy the "
            "whole address of the page that comes up, whatever it shows, and paste it here at "
            f"once: it is good for {round(self.expires_in_s)} seconds."
        )


def _begin(purpose: str) -> str:
    return f"To sign in for {purpose}, open" if purpose else "Open"


class Person(Protocol):
    """Whoever sits at the keyboard. A sign-in without one asks nothing of anybody."""

    @property
    def way(self) -> Way:
        """How they want to sign in; `any` leaves it to the node's settings."""
        ...

    def show(self, prompt: SignInPrompt) -> None:
        """Show what to do in the browser; returns at once."""
        ...

    def settled(self) -> None:
        """What was shown last is over: confirmed, refused or too late."""
        ...

    async def paste(self, prompt: PastePrompt) -> str:
        """Show where to sign in and wait for the address that comes back; empty when the person
        gives up."""
        ...

"""What a sign-in in the browser asks of the person at the keyboard."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SignInPrompt:
    """Open `address` in any browser and enter `code` before `expires_in_s` seconds are over."""

    address: str
    code: str
    expires_in_s: float

    def __str__(self) -> str:
        minutes = max(1, round(self.expires_in_s / 60))
        return (
            f"Open {self.address} in any browser and enter the code {self.code} "
            f"within {minutes} minutes."
        )


ShowPrompt = Callable[[SignInPrompt], None]

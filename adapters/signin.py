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


ShowPrompt = Callable[[SignInPrompt], None]

"""Which screen carries out which step of the journey, by what settles the step."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping

from tui.page import Page

# The images' own screens depend on what the runner does; the journey's screen chooses them.
STEP_SCREENS: Mapping[str, tuple[str, str]] = {
    "deidentify": ("review", "ReviewScreen"),
    "login": ("account", "AccountScreen"),
    "doctor": ("doctor", "DoctorScreen"),
    "ticket": ("ticket", "TicketScreen"),
    "clinical": ("clinical", "ClinicalScreen"),
}


def screen_of_step(engine: str, transfer: str) -> Page:
    """The screen for a step of a transfer."""
    module, name = STEP_SCREENS[engine]
    made: Callable[[str], Page] = getattr(importlib.import_module(f"tui.screens.{module}"), name)
    return made(transfer)


def ticket_screen(transfer: str, case: str) -> Page:
    """The ticket's screen at one case of the helpdesk, which its class takes as second argument."""
    module, name = STEP_SCREENS["ticket"]
    made: Callable[[str, str], Page] = getattr(
        importlib.import_module(f"tui.screens.{module}"), name
    )
    return made(transfer, case)

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
    "publish": ("dataset", "DatasetScreen"),
}
# What concerns the whole transfer and is no step of its own.
WHOLE_SCREENS: Mapping[str, tuple[str, str]] = {
    "legal": ("legal", "LegalScreen"),
    "evidence": ("evidence", "EvidenceScreen"),
    "recall": ("recall", "RecallScreen"),
    "purge": ("purge", "PurgeScreen"),
    "catalogue": ("catalogue", "CatalogueScreen"),
    "rehearsal": ("rehearsal", "RehearsalScreen"),
}


def screen_of_step(engine: str, transfer: str) -> Page:
    """The screen for a step of a transfer."""
    return _made(STEP_SCREENS[engine], transfer)


def screen_of_whole(word: str, transfer: str) -> Page:
    """A screen of `WHOLE_SCREENS`."""
    return _made(WHOLE_SCREENS[word], transfer)


def _made(screen: tuple[str, str], transfer: str) -> Page:
    module, name = screen
    made: Callable[[str], Page] = getattr(importlib.import_module(f"tui.screens.{module}"), name)
    return made(transfer)


def ticket_screen(transfer: str, case: str) -> Page:
    """The ticket's screen at one case of the helpdesk, which its class takes as second argument."""
    module, name = STEP_SCREENS["ticket"]
    made: Callable[[str, str], Page] = getattr(
        importlib.import_module(f"tui.screens.{module}"), name
    )
    return made(transfer, case)

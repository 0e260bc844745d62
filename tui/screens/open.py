"""Which screens show a transfer, by what it is doing."""

from __future__ import annotations

from transfer.journey.clinical import CLINICAL
from tui.page import Page
from tui.screens.clinical_upload import ClinicalUploadScreen
from tui.screens.journey import JourneyScreen
from tui.screens.scan import ScanScreen
from tui.screens.steps import STEP_SCREENS, screen_of_step
from tui.screens.upload import UploadScreen
from tui.source import Glance


def screen_for(glance: Glance) -> list[Page]:
    """The screens to put on each other: Escape on the last leads to the one before."""
    screens: list[Page] = [JourneyScreen(glance.name)]
    if glance.status and glance.status.is_at_clinical and CLINICAL in STEP_SCREENS:
        screens += [screen_of_step(CLINICAL, glance.name), ClinicalUploadScreen(glance.name)]
    elif glance.status and glance.status.is_running:
        scanning = glance.status.progress.phase == "scan"
        screens.append(ScanScreen(glance.name) if scanning else UploadScreen(glance.name))
    return screens

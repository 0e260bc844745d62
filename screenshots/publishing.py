"""Pictures of step 10, and of what comes after it: evidence, a withdrawal, the end of retention."""

from __future__ import annotations

import asyncio
import csv
from pathlib import Path
from typing import TYPE_CHECKING

from adapters.sandbox.hands import Hands
from transfer.ledger.connection import Ledger
from transfer.ledger.order import read_order
from transfer.status import read_status
from transfer.workspace import Home
from tui.screens.dataset_confirm import ConfirmScreen
from tui.screens.dataset_pick import PickScreen

if TYPE_CHECKING:
    from make import Studio

_JOB_S = 600.0
_NAME = "CT of the lung"


async def to_the_end(home: Home, base: Path, at: Studio, hands: Hands) -> None:
    """From the journey of a transfer whose steps 8 and 9 are done, and back to it."""
    await at.step(10)
    await at.press("enter")
    at.take("dataset")
    await at.press("l")
    at.take("legal-locked")
    await at.press("x", "right", "enter", "enter")
    at.take("legal")
    await at.press("escape", "g")
    at.take("dataset-guide")
    await at.press("escape")
    await export_and_pick_up(home, at, hands)
    await fill_in_metadata(at)
    await at.press("P")
    await at.until(lambda: isinstance(at.screen, ConfirmScreen))
    at.take("dataset-confirm")
    await at.press(*home.names()[0], "enter")
    await at.until(lambda: stage_of(home) == "released")
    at.take("dataset-released")
    await asyncio.to_thread(hands.publish_released)
    await at.press("k")
    await at.until(lambda: stage_of(home) == "published")
    at.take("dataset-published")
    await at.press("o")
    at.take("catalogue")
    await at.press("escape", "escape", "e")
    at.take("evidence-before")
    await at.press("w")
    await at.until(lambda: at.shows("SHA-256"))
    at.take("evidence")
    await at.press("escape", "w")
    at.take("recall-before")
    await at.press("p", *a_patient(base), "enter")
    await at.until(lambda: at.shows("EUCAIM-"))
    at.take("recall")
    await at.press("escape", "z")
    at.take("purge")
    await at.press("escape")


async def export_and_pick_up(home: Home, at: Studio, hands: Hands) -> None:
    """What a person does in QP-Insights, and the draft that comes of it."""
    with Ledger.open(home.workspace(home.names()[0]).ledger, read_only=True) as ledger:
        destination = read_order(ledger).destination
    texts = {"name": _NAME, "version": "1.0"}
    await asyncio.to_thread(hands.export_dataset, destination, texts)
    await asyncio.to_thread(hands.let_pass, _JOB_S)
    await at.press("p")
    await at.until(lambda: isinstance(at.screen, PickScreen))
    at.take("dataset-pick")
    await at.press("enter", *"Ada Ruiz", "enter")
    await at.until(lambda: stage_of(home) == "draft")
    at.take("dataset-draft")


async def fill_in_metadata(at: Studio) -> None:
    """What the node asks for, and nothing more."""
    await at.press("m", "n", "enter", *"CT of the lung, for screening.", "ctrl+s")
    at.take("dataset-metadata")
    await at.press("n", "enter", *"One hospital.", "ctrl+s", "n", "enter", *"Research.", "ctrl+s")
    await at.press("s")
    await at.until(lambda: at.shows("Saved on the node"))
    await at.press("escape")


def stage_of(home: Home) -> str:
    """How far the only transfer's dataset is."""
    stage = read_status(home.workspace(home.names()[0])).publication.stage
    return stage.value if stage else ""


def a_patient(base: Path) -> str:
    """A Patient ID of the cohort."""
    with (base / "ada" / "lung" / "clinical.csv").open(newline="", encoding="utf-8") as file:
        return next(csv.DictReader(file))["PatientID"]

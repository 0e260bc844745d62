"""Writing what comes of the clinical data into a folder: the outputs, or the error report."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from tui.page import Page
from tui.screens.pick import Pick
from tui.screens.question import Ask
from tui.typed import path_of, refuse_relative

_OUTPUTS, _ERRORS = "outputs", "errors"


async def ask_export(page: Page, transfer: str) -> Callable[[], list[str]] | None:
    """What is written, and where to; None when the operator went back. What is given back blocks,
    and gives the paths of what it wrote."""
    which = await page.app.push_screen_wait(
        Pick(
            "Write which files?",
            ["They are written on this machine; nothing is sent."],
            [
                (_OUTPUTS, "Tables as they leave, timepoints, studies, a draft for the CDM"),
                (_ERRORS, "The error report: each finding by row and column"),
            ],
        )
    )
    if which is None:
        return None
    text = await page.app.push_screen_wait(
        Ask(
            "Into which folder?",
            ["A new or an empty folder, by its whole path. Only this account can read the files."],
            value=str(Path.home() / f"{transfer}-{which}"),
            check=refuse_relative,
        )
    )
    if not text:
        return None
    files = page.owner.source.clinical_files
    write = files.write_outputs if which == _OUTPUTS else files.write_errors
    return partial(write, transfer, path_of(text))

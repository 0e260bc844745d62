"""New transfer, step 2: which folder."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

from textual.content import Content

from tui import figures
from tui.folders import Folder
from tui.screens.draft import Draft
from tui.screens.walk import FolderWalk
from tui.widgets.chrome import Now
from tui.widgets.ink import cell, line


class FolderScreen(FolderWalk):
    """Which folder holds the images."""

    PLACEHOLDER: ClassVar[str] = "/path/to/images"

    def __init__(self, draft: Draft) -> None:
        super().__init__()
        self._draft = draft

    def trail(self) -> tuple[list[str], str]:
        return ["eucaim-transfer", "New transfer", "Source folder"], "2 of 6"

    def draw_here(self, folder: Folder, width: int) -> list[Content]:
        what = (
            f"✗ {folder.trouble}"
            if folder.trouble
            else f"{figures.count(folder.files, 'file')}, "
            f"{figures.count(folder.total, 'folder')} directly in it"
        )
        style = "$bad" if folder.trouble else "$muted"
        return [line(cell("✓ Take this folder", 22, "bold"), (what, style))]

    def tell_here(self, folder: Folder) -> Now:
        return Now(
            "Take this folder with all that is below it?",
            "[Enter] takes it.   [↓] other folders.   [Tab] type or paste a path.",
        )

    def take_here(self, folder: Folder) -> None:
        from tui.screens.new_details import DetailsScreen

        self.app.push_screen(DetailsScreen(replace(self._draft, source=folder.path)))

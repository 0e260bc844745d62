"""New transfer, step 2: which folder."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container
from textual.content import Content
from textual.events import Paste
from textual.suggester import Suggester
from textual.widgets import Input

from tui import figures
from tui.folders import PAGE, Folder
from tui.page import Page
from tui.screens.draft import Draft
from tui.text import plain, shorten_path
from tui.widgets.chrome import Now
from tui.widgets.ink import cell, line
from tui.widgets.rows import Row, Rows

_HERE, _UP, _MORE, _LESS = "\x00here", "\x00up", "\x00more", "\x00less"


class PathSuggester(Suggester):
    """Completes a path by what is on the disk, without holding up the screen."""

    def __init__(self, page: Page, *, files: bool = False) -> None:
        super().__init__(use_cache=False, case_sensitive=True)
        self._page = page
        self._files = files

    async def get_suggestion(self, value: str) -> str | None:
        return (
            await self._page.owner.in_thread(
                partial(self._page.owner.source.complete, value, files=self._files)
            )
            or None
        )


class PathInput(Input):
    """A line for a path, in which tab completes as it does in a shell."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab", "complete", "Complete", show=False, id="folder.complete"),
    ]

    def action_complete(self) -> None:
        """Take the completion; where there is none, go back to the list."""
        before = self.value
        self.cursor_position = len(before)
        self.action_cursor_right()
        if self.value == before:
            self.screen.focus_next()


class FolderScreen(Page):
    """A walk through folders with the arrow keys, or a path typed or pasted."""

    CSS_PATH = "new.tcss"
    AUTO_FOCUS = "Rows"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left", "up", "Folder above", id="folder.up"),
        Binding("right", "into", "Open folder", id="folder.into"),
        Binding("tab", "app.focus_next", "Type a path", id="folder.type"),
        # Whoever types a path at once must not take the folder that is shown with Enter.
        Binding("slash", "type('/')", show=False, id="folder.slash"),
        Binding("tilde", "type('~')", show=False, id="folder.tilde"),
    ]

    def __init__(self, draft: Draft) -> None:
        super().__init__()
        self._draft = draft
        self._folder = Folder(Path())
        self._came_from = ""
        self._is_opening = False

    def body(self) -> ComposeResult:
        with Container(classes="field"):
            entry = PathInput(
                id="path", suggester=PathSuggester(self), placeholder="/path/to/images"
            )
            entry.cursor_blink = False
            yield entry
        yield Rows(id="folders", pick="Take it", empty=["Reading…"])

    def on_mount(self) -> None:
        self.crumbs.say(
            ["eucaim-transfer", "New transfer", "Source folder"], line(("2 of 6", "$muted"))
        )
        self._open(self.owner.source.start_folder())

    def _open(self, path: Path, offset: int = 0) -> None:
        self._is_opening = True
        self.now.say(Now("Reading the folder…", "[Esc] goes back."))
        self.read("folder", partial(self.owner.source.look_into, path, offset), self._take)

    def _take(self, folder: Folder) -> None:
        self._is_opening = False
        rows, entry = self.query_one(Rows), self.query_one("#path", Input)
        if folder.trouble and self._folder.path != folder.path:
            self.now.say(
                Now(
                    f"That folder cannot be opened: {folder.trouble}.",
                    "Choose another one.",
                    "$bad",
                )
            )
            return
        self._folder = folder
        shown = [Row(_HERE, partial(_draw_here, folder))]
        if folder.path.parent != folder.path:
            shown.append(Row(_UP, partial(_draw_up, folder.path.parent)))
        if folder.offset:
            shown.append(Row(_LESS, partial(_say, f"↑ the {PAGE} before these")))
        shown += [Row(name, partial(_draw_folder, name)) for name in folder.names]
        left = folder.total - folder.offset - len(folder.names)
        if left > 0:
            shown.append(Row(_MORE, partial(_say, f"↓ {left:,} more, {PAGE} at a time")))
        if folder.is_cut:
            shown.append(Row("\x00cut", partial(_say, "… and more: type the path above"), False))
        rows.show(shown)
        rows.action_edge(0)
        if self._came_from in folder.names:
            rows.go_to(self._came_from)
        self._came_from = ""
        entry.value = str(folder.path)
        rows.focus()
        self._tell()

    @on(Rows.Reached)
    def _tell(self) -> None:
        key = self.query_one(Rows).key
        folder = self._folder
        if key == _HERE and folder.trouble:
            self.now.say(Now(f"This folder cannot be taken: {folder.trouble}.", "", "$bad"))
        elif key == _HERE:
            self.now.say(
                Now(
                    "Take this folder with all that is below it?",
                    "[Enter] takes it.   [↓] other folders.   [Tab] type or paste a path.",
                )
            )
        elif key in (_UP, _MORE, _LESS):
            self.now.say(Now("Walk on.", "[Enter] does so.   [Tab] type or paste a path."))
        else:
            self.now.say(
                Now(
                    "Look into this folder?",
                    "[Enter] opens it; then take it, or walk on.   [Tab] type or paste a path.",
                )
            )

    @on(Rows.Picked)
    def _picked(self, event: Rows.Picked) -> None:
        # Until the folder that was asked for is there, the list still shows another one.
        if self._is_opening:
            return
        folder = self._folder
        if event.key == _HERE:
            if not folder.trouble:
                self._go_on(folder.path)
        elif event.key == _UP:
            self.action_up()
        elif event.key == _MORE:
            self._open(folder.path, folder.offset + PAGE)
        elif event.key == _LESS:
            self._open(folder.path, max(0, folder.offset - PAGE))
        else:
            self._open(folder.path / event.key)

    @on(Input.Submitted)
    def _typed(self, event: Input.Submitted) -> None:
        text = event.value.strip().strip("'\"")
        path = Path(os.path.abspath(os.path.expanduser(text or "/")))
        self._open(path)

    @on(Input.Blurred)
    def _left(self, event: Input.Blurred) -> None:
        # What was typed and not opened must not stand above the folder that Enter would take.
        event.input.value = str(self._folder.path)
        self._tell()

    @on(Input.Changed)
    def _typing(self) -> None:
        if self.query_one("#path", Input).has_focus:
            self.now.say(
                Now(
                    "Type or paste the path of the folder.",
                    "[Tab] completes it.   [Enter] opens it.   [Esc] goes back.",
                )
            )

    def action_type(self, text: str) -> None:
        """Begin a path on the line for it."""
        entry = self.query_one("#path", Input)
        entry.focus()
        entry.value = text
        entry.call_after_refresh(entry.action_end)

    def on_paste(self, event: Paste) -> None:
        """A path that is pasted while the list has the keys."""
        event.stop()
        self.action_type(event.text.partition("\n")[0].strip())

    def action_up(self) -> None:
        self._came_from = self._folder.path.name
        self._open(self._folder.path.parent)

    def action_into(self) -> None:
        key = self.query_one(Rows).key
        if key and not key.startswith("\x00"):
            self._open(self._folder.path / key)

    def _go_on(self, path: Path) -> None:
        from dataclasses import replace

        from tui.screens.new_details import DetailsScreen

        self.app.push_screen(DetailsScreen(replace(self._draft, source=path)))


def _draw_here(folder: Folder, width: int) -> list[Content]:
    what = (
        f"✗ {folder.trouble}"
        if folder.trouble
        else f"{figures.count(folder.files, 'file')}, "
        f"{figures.count(folder.total, 'folder')} directly in it"
    )
    return [
        line(cell("✓ Take this folder", 22, "bold"), (what, "$bad" if folder.trouble else "$muted"))
    ]


def _draw_up(parent: Path, width: int) -> list[Content]:
    return [line(("↑ ", "$muted"), (shorten_path(plain(parent), width - 2), "$muted"))]


def _draw_folder(name: str, width: int) -> list[Content]:
    return [cell(f"  {plain(name)}/", width)]


def _say(text: str, width: int) -> list[Content]:
    return [line((text, "$muted"))]

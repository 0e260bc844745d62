"""A walk through folders with the arrow keys, or a path typed or pasted."""

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

from tui.folders import PAGE, Folder
from tui.page import Page
from tui.text import plain, shorten_path
from tui.widgets.chrome import Now
from tui.widgets.ink import cell, line
from tui.widgets.rows import Row, Rows

HERE, _UP, _MORE, _LESS = "\x00here", "\x00up", "\x00more", "\x00less"


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


class FolderWalk(Page):
    """What all walks have; each says what is looked for, and what is done with it.

    Rows of a screen's own have keys that begin with NUL: no file or folder has.
    """

    CSS_PATH = "new.tcss"
    PLACEHOLDER: ClassVar[str] = "/path/to/folder"
    WITH_FILES: ClassVar[bool] = False
    TYPED: ClassVar[str] = "Type or paste the path of the folder."
    AUTO_FOCUS = "Rows"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left", "up", "Folder above", id="folder.up"),
        Binding("right", "into", "Open folder", id="folder.into"),
        Binding("tab", "app.focus_next", "Type a path", id="folder.type"),
        # Whoever types a path at once must not take the folder that is shown with Enter.
        Binding("slash", "type('/')", show=False, id="folder.slash"),
        Binding("tilde", "type('~')", show=False, id="folder.tilde"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self.folder = Folder(Path())
        self._came_from = ""
        self._is_opening = False

    def trail(self) -> tuple[list[str], str]:
        """Where this walk stands: the crumbs, and how far it is."""
        raise NotImplementedError

    def start(self) -> Path:
        """Where it begins."""
        return self.owner.source.start_folder()

    def look_for(self, path: Path, offset: int) -> Folder:
        """One look into a folder. Blocking."""
        return self.owner.source.look_into(path, offset)

    def draw_here(self, folder: Folder, width: int) -> list[Content]:
        """The row for the folder itself."""
        raise NotImplementedError

    def more_rows(self, folder: Folder) -> list[Row]:
        """Rows behind the subfolders."""
        return []

    def tell_here(self, folder: Folder) -> Now:
        """What now, on the row for the folder itself."""
        raise NotImplementedError

    def tell_more(self, key: str) -> Now:
        """What now, on one of `more_rows`."""
        raise NotImplementedError

    def take_here(self, folder: Folder) -> None:
        """Enter on the row for the folder itself."""
        raise NotImplementedError

    def take_more(self, key: str) -> None:
        """Enter on one of `more_rows`."""

    def take_typed(self, path: Path) -> bool:
        """Whether what was typed was taken; else it is opened as a folder."""
        return False

    def body(self) -> ComposeResult:
        with Container(classes="field"):
            entry = PathInput(
                id="path",
                suggester=PathSuggester(self, files=self.WITH_FILES),
                placeholder=self.PLACEHOLDER,
            )
            entry.cursor_blink = False
            yield entry
        yield Rows(id="folders", pick="Take it", empty=["Reading…"])

    def on_mount(self) -> None:
        crumbs, far = self.trail()
        self.crumbs.say(crumbs, line((far, "$muted")) if far else None)
        self.open_folder(self.start())

    def open_folder(self, path: Path, offset: int = 0) -> None:
        """Show another folder."""
        self._is_opening = True
        self.now.say(Now("Reading the folder…", "[Esc] goes back."))
        self.read("folder", partial(self.look_for, path, offset), self._take)

    def _take(self, folder: Folder) -> None:
        self._is_opening = False
        rows, entry = self.query_one(Rows), self.query_one("#path", Input)
        if folder.trouble and self.folder.path != folder.path:
            self.now.say(
                Now(
                    f"That folder cannot be opened: {folder.trouble}.",
                    "Choose another one.",
                    "$bad",
                )
            )
            return
        self.folder = folder
        shown = [Row(HERE, partial(self.draw_here, folder))]
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
        shown += self.more_rows(folder)
        rows.show(shown)
        rows.action_edge(0)
        if self._came_from in folder.names:
            rows.go_to(self._came_from)
        self._came_from = ""
        entry.value = str(folder.path)
        rows.focus()
        self.tell()

    @on(Rows.Reached)
    def tell(self) -> None:
        """Say what now, for the row at the cursor."""
        key = self.query_one(Rows).key
        folder = self.folder
        if key == HERE and folder.trouble:
            self.now.say(Now(f"This folder cannot be taken: {folder.trouble}.", "", "$bad"))
        elif key == HERE:
            self.now.say(self.tell_here(folder))
        elif key in (_UP, _MORE, _LESS):
            self.now.say(Now("Walk on.", "[Enter] does so.   [Tab] type or paste a path."))
        elif key and key.startswith("\x00"):
            self.now.say(self.tell_more(key))
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
        folder = self.folder
        if event.key == HERE:
            if not folder.trouble:
                self.take_here(folder)
        elif event.key == _UP:
            self.action_up()
        elif event.key == _MORE:
            self.open_folder(folder.path, folder.offset + PAGE)
        elif event.key == _LESS:
            self.open_folder(folder.path, max(0, folder.offset - PAGE))
        elif event.key.startswith("\x00"):
            self.take_more(event.key)
        else:
            self.open_folder(folder.path / event.key)

    @on(Input.Submitted)
    def _typed(self, event: Input.Submitted) -> None:
        text = event.value.strip().strip("'\"")
        path = Path(os.path.abspath(os.path.expanduser(text or "/")))
        if not self.take_typed(path):
            self.open_folder(path)

    @on(Input.Blurred)
    def _left(self, event: Input.Blurred) -> None:
        # What was typed and not opened must not stand above the folder that Enter would take.
        event.input.value = str(self.folder.path)
        self.tell()

    @on(Input.Changed)
    def _typing(self) -> None:
        if self.query_one("#path", Input).has_focus:
            self.now.say(
                Now(
                    self.TYPED,
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
        self._came_from = self.folder.path.name
        self.open_folder(self.folder.path.parent)

    def action_into(self) -> None:
        key = self.query_one(Rows).key
        if key and not key.startswith("\x00"):
            self.open_folder(self.folder.path / key)


def _draw_up(parent: Path, width: int) -> list[Content]:
    return [line(("↑ ", "$muted"), (shorten_path(plain(parent), width - 2), "$muted"))]


def _draw_folder(name: str, width: int) -> list[Content]:
    return [cell(f"  {plain(name)}/", width)]


def _say(text: str, width: int) -> list[Content]:
    return [line((text, "$muted"))]

"""A walk to one file, which is handed to whoever asked for it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import ClassVar

from textual.content import Content

from tui.folders import PAGE, Folder, look_into
from tui.screens.walk import FolderWalk
from tui.text import plain
from tui.widgets.chrome import Now
from tui.widgets.ink import cell, ink, line
from tui.widgets.rows import Row

_FILE, _REST = "\x00file ", "\x00rest"


class FileWalk(FolderWalk):
    """Which file. `suffixes`: those that are listed, every one where there are none."""

    PLACEHOLDER: ClassVar[str] = "/path/to/file"
    WITH_FILES: ClassVar[bool] = True
    TYPED: ClassVar[str] = "Type or paste the path of the file."

    def __init__(
        self,
        trail: Sequence[str],
        what: str,
        taken: Callable[[Path], None],
        suffixes: tuple[str, ...] = (),
    ) -> None:
        super().__init__()
        self._trail, self._what, self._taken = list(trail), what, taken
        self._suffixes = suffixes or ("",)

    def trail(self) -> tuple[list[str], str]:
        return self._trail, ""

    def look_for(self, path: Path, offset: int) -> Folder:
        return look_into(path, offset, suffixes=self._suffixes)

    def draw_here(self, folder: Folder, width: int) -> list[Content]:
        if folder.trouble:
            return [ink(f"✗ {folder.trouble}", "$bad")]
        n = len(folder.wanted)
        what = "such file" if n == 1 else "such files"
        return [ink(f"  {n or 'no'} {what} here", "$muted")]

    def tell_here(self, folder: Folder) -> Now:
        return Now(self._what, "[↓] files and folders.   [Tab] type or paste a path.")

    def take_here(self, folder: Folder) -> None:
        """A folder is no file."""

    def more_rows(self, folder: Folder) -> list[Row]:
        rows = [Row(_FILE + name, partial(_draw_file, name)) for name, _ in folder.wanted]
        if len(folder.wanted) == PAGE:
            rows.append(Row(_REST, _draw_rest, False))
        return rows

    def tell_more(self, key: str) -> Now:
        return Now(self._what, "[Enter] takes this file.   [Tab] type or paste a path.")

    def take_more(self, key: str) -> None:
        if key.startswith(_FILE):
            self._hand_over(self.folder.path / key.removeprefix(_FILE))

    def take_typed(self, path: Path) -> bool:
        # Whether there is such a file is asked of the disk, so in a thread; so is the folder.
        self.read("typed", path.is_file, partial(self._typed_is, path))
        return True

    def _typed_is(self, path: Path, is_file: bool) -> None:
        if is_file:
            self._hand_over(path)
        else:
            self.open_folder(path)

    def _hand_over(self, path: Path) -> None:
        self.dismiss()
        self._taken(path)


def _draw_file(name: str, width: int) -> list[Content]:
    return [line(cell(f"  {plain(name)}", width))]


def _draw_rest(width: int) -> list[Content]:
    return [ink("… and more: type the path above", "$muted")]

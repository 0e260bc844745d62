"""Step 9: which table goes with the images."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual.content import Content

from transfer.errors import TransferError
from tui import figures
from tui.folders import PAGE, Folder
from tui.screens.pick import Pick
from tui.screens.walk import FolderWalk
from tui.text import plain
from tui.widgets.chrome import Now
from tui.widgets.ink import cell, ink, line
from tui.widgets.rows import Row

if TYPE_CHECKING:
    from transfer.clinical.workbook_sheets import Sheet

_FILE, _REST = "\x00file ", "\x00rest"
_SIZE = 12


class ClinicalFileScreen(FolderWalk):
    """A walk to a CSV, XLSX or JSON table, or to a folder of tables; of a workbook the sheet."""

    CSS_PATH = "new.tcss"
    PLACEHOLDER: ClassVar[str] = "/path/to/clinical.csv"
    WITH_FILES: ClassVar[bool] = True
    TYPED: ClassVar[str] = "Type or paste the path of the table; of a workbook also FILE#SHEET."

    def __init__(self, transfer: str, start: Path) -> None:
        super().__init__()
        self._transfer = transfer
        self._start = start
        self._is_taking = False

    def trail(self) -> tuple[list[str], str]:
        return ["eucaim-transfer", plain(self._transfer), "Clinical data", "Which table"], ""

    def start(self) -> Path:
        return self._start

    def look_for(self, path: Path, offset: int) -> Folder:
        return self.owner.source.clinical.look_into(path, offset)

    # The folder itself --------------------------------------------------------------------

    def draw_here(self, folder: Folder, width: int) -> list[Content]:
        n = len(folder.wanted)
        if folder.trouble:
            what, style = f"✗ {folder.trouble}", "$bad"
        elif n:
            what, style = f"{figures.count(n, 'table')} directly in it, as one dataset", "$muted"
        else:
            what, style = "no table directly in it", "$muted"
        sign = "✓" if n else " "
        return [line(cell(f"{sign} Take all its tables", 24, "bold" if n else "$muted"),
                     (what, style))]  # fmt: skip

    def tell_here(self, folder: Folder) -> Now:
        if not folder.wanted:
            return Now(
                "This folder has no CSV, XLSX or JSON table directly in it.",
                "[↓] other folders.   [Tab] type or paste a path.   [Esc] goes back.",
            )
        return Now(
            "Take every table in this folder, as parts of one dataset?",
            "[Enter] takes them.   [↓] one table.   [Tab] type or paste a path.",
        )

    def take_here(self, folder: Folder) -> None:
        if folder.wanted:
            self._read_table(folder.path)

    # Its tables ---------------------------------------------------------------------------

    def more_rows(self, folder: Folder) -> list[Row]:
        rows = [Row(_FILE + name, partial(_draw_table, name, size)) for name, size in folder.wanted]
        if len(folder.wanted) == PAGE:
            rows.append(Row(_REST, _draw_rest, False))
        return rows

    def tell_more(self, key: str) -> Now:
        return Now("Take this table?", "[Enter] takes it.   [Tab] type or paste a path.")

    def take_more(self, key: str) -> None:
        if key.startswith(_FILE):
            self._choose(self.folder.path / key.removeprefix(_FILE))

    def take_typed(self, path: Path) -> bool:
        # Whether there is such a file is asked of the disk, so in a thread; so is the folder.
        self.read("typed", partial(_what_is, path), partial(self._typed_is, path))
        return True

    def _typed_is(self, path: Path, what: str) -> None:
        if what == "file":
            self._choose(path)
        elif what == "sheet":
            self._read_table(path)
        else:
            self.open_folder(path)

    def _choose(self, path: Path) -> None:
        self.now.say(Now("Looking into the file…", "[Esc] goes back."))
        self.read(
            "sheets",
            partial(self.owner.source.clinical.sheets, path),
            partial(self._choose_sheet, path),
        )

    def _choose_sheet(self, path: Path, sheets: list[Sheet]) -> None:
        if len(sheets) < 2:
            self._read_table(path)
            return

        def chosen(number: str | None) -> None:
            if number is not None:
                self._read_table(path.with_name(f"{path.name}#{sheets[int(number)].name}"))

        choices = [(str(n), _sheet_told(sheet)) for n, sheet in enumerate(sheets)]
        self.app.push_screen(
            Pick("Which sheet?", ["The workbook has several; one of them is taken."], choices),
            chosen,
        )

    # Taking -------------------------------------------------------------------------------

    def _read_table(self, path: Path) -> None:
        if self._is_taking:
            return
        self._is_taking = True
        self.now.say(Now("Reading the table, and checking it against the images…", "Please wait."))
        self.read(
            "take",
            partial(self.owner.source.clinical.take, self._transfer, path),
            self._taken,
        )

    def _taken(self, nothing: None) -> None:
        self.dismiss()

    def stumbled(self, kind: str, error: TransferError) -> None:
        self._is_taking = False
        super().stumbled(kind, error)
        self.tell()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if self._is_taking and action in ("back", "up", "into", "type"):
            return False
        return super().check_action(action, parameters)


def _what_is(path: Path) -> str:
    if path.is_file():
        return "file"
    name, mark, _ = path.name.partition("#")
    return "sheet" if mark and path.with_name(name).is_file() else "folder"


def _sheet_told(sheet: Sheet) -> str:
    begins = "   begins with PatientID" if sheet.begins_with_patients else ""
    return f"{plain(sheet.name, 60)}{begins}"


def _draw_table(name: str, size: int, width: int) -> list[Content]:
    return [
        line(
            cell(f"  {plain(name)}", max(8, width - _SIZE)),
            cell(figures.size(size), _SIZE, "$muted", align="right"),
        )
    ]


def _draw_rest(width: int) -> list[Content]:
    return [ink("… and more: type the path above", "$muted")]

"""Every screen, by every key that it offers, and all that it shows; and the raw line of a terminal.

The register is the program's own: whatever class of a screen its modules hold has to be come by, or
is told by name in the table.
"""

from __future__ import annotations

import importlib
import inspect
import json
import pkgutil
from typing import TYPE_CHECKING, Any, Final

from tests.privacy.bench import SITE
from tests.privacy.leaving import may_stay
from tests.program import REPOSITORY
from tests.tui.terminal import Terminal
from transfer.workspace import Home

if TYPE_CHECKING:
    from textual.screen import Screen

    from tests.privacy.bench import Bench

_PROGRAM: Final = "import sys; from tui.__main__ import main; sys.argv[1:] = []; sys.exit(main())"
_PRESSES: Final = 90
_PAGES: Final = (
    ("journey", "JourneyScreen"),
    ("review", "ReviewScreen"),
    ("account", "AccountScreen"),
    ("doctor", "DoctorScreen"),
    ("ticket", "TicketScreen"),
    ("clinical", "ClinicalScreen"),
    ("clinical_mapping", "MappingScreen"),
    ("clinical_reconcile", "ReconcileScreen"),
    ("clinical_table", "TableScreen"),
    ("clinical_upload", "ClinicalUploadScreen"),
    ("findings", "FindingsScreen"),
    ("selection", "SelectionScreen"),
    ("timepoints", "TimepointsScreen"),
    ("problems", "ProblemsScreen"),
    ("scan", "ScanScreen"),
    ("upload", "UploadScreen"),
    ("rehearsal", "RehearsalScreen"),
    ("dataset", "DatasetScreen"),
    ("dataset_metadata", "MetadataScreen"),
    ("dataset_create", "CreateScreen"),
    ("legal", "LegalScreen"),
    ("evidence", "EvidenceScreen"),
    ("recall", "RecallScreen"),
    ("catalogue", "CatalogueScreen"),
    ("purge", "PurgeScreen"),
)
_ANEW: Final = ("i", "right", "enter")
"""A second sign-in, to the question of how."""
_PATHS: Final = (
    ("account", "AccountScreen", (*_ANEW, "home", "enter", "escape", "escape")),
    ("account", "AccountScreen", (*_ANEW, "end", "enter", "=ingester", "=wrong", "escape")),
    *(("account", "AccountScreen", (*_ANEW, "home", *["down"] * n, "enter", "=https://x", "escape"))
      for n in range(1, 3)),
    ("account", "AccountScreen", ("v", "enter", "t")),
    ("account", "AccountScreen", ("enter", "escape", "end", "enter")),
    ("findings", "FindingsScreen", ("enter", "enter", "slash", "=1.2", "n", "p", "escape")),
    ("findings", "FindingsScreen", ("down", "enter", "enter", "p")),
    ("findings", "FindingsScreen", ("d",)),
    ("findings", "FindingsScreen", ("w", "=agreed", "=Dr Data")),
    ("selection", "SelectionScreen", ("right", "down", "f", "enter")),
    ("selection", "SelectionScreen", ("slash", "=CT", "r", "a", "enter")),
    ("selection", "SelectionScreen", ("enter", "down", "enter", "down", "enter")),
    ("clinical", "ClinicalScreen", ("o", "escape")),
    ("clinical", "ClinicalScreen", ("i", "right", "escape")),
    ("clinical_mapping", "MappingScreen", ("down", "down", "v", "enter", "escape")),
    ("clinical_mapping", "MappingScreen", ("v", "enter")),
    ("review", "ReviewScreen", ("right", "home", "enter", "right", "down", "escape")),
    ("review", "ReviewScreen", ("left", "home", "enter", "right", "down", "escape")),
    ("upload", "UploadScreen", ("u", "right", "escape", "l", "=5M")),
    ("dataset", "DatasetScreen", ("g", "o")),
    ("dataset", "DatasetScreen", ("P", "=to-upv")),
    ("dataset", "DatasetScreen", ("k", "P", "enter", "=to-xnat", "escape")),
    ("dataset", "DatasetScreen", ("p", "down", "up", "escape")),
    ("dataset", "DatasetScreen", ("p", "enter", "=Dr Data")),
    ("dataset", "DatasetScreen", ("c", "enter", "escape")),
    *(("dataset_metadata", "MetadataScreen", ("home", *["down"] * n, "enter", "escape"))
      for n in range(9)),
    ("evidence", "EvidenceScreen", ("v", "enter", "=" + "0" * 64)),
    ("legal", "LegalScreen", ("enter", "escape", "f", "enter", "escape")),
    ("recall", "RecallScreen", ("p", "=nobody", "t")),
    ("purge", "PurgeScreen", ("x", "down", "enter", "enter", "=Dr Data", "escape")),
)  # fmt: skip
_SHOWS_WHAT_STAYS: Final = ("ReviewScreen", "HeaderScreen")
_SHOWS_DAYS: Final = ("SelectionScreen", "TimepointsScreen", "FoundScreen")
"""A person tells studies apart by their dates, which the screens show for that."""
_SHOWS_FOLDERS: Final = ("FolderScreen", "FileWalk", "ClinicalFileScreen")
"""Where a person walks through the folders of the hospital to find one."""
_STUDY_DATE: Final = "(0008,0020) StudyDate"
_TABLE_DATE: Final = "table, date of"
"""On the screen a table's dates stand as they are, but for those of birth; printed they do not."""


def _new(images: str) -> list[tuple[str, ...]]:
    """Through the making of a transfer, to the question before the end."""
    folder = ("n", "enter", "tab", f"={images}", "enter")
    return [
        (*folder, "enter", "enter", "=S1", "enter", "enter"),
        (*folder, "enter", "down", "down", "enter", "escape"),
        (*folder, "enter", "end", "enter", "enter"),
        ("n", "down", "a", "escape"),
        ("d", "enter", "escape", "n", "enter"),
    ]


def register() -> dict[str, type[Screen[Any]]]:
    """Each screen of the program that can be shown: those that others are made from are not."""
    from textual.screen import Screen

    import tui.screens

    found: dict[str, type[Screen[Any]]] = {}
    for each in pkgutil.iter_modules(tui.screens.__path__):
        module = importlib.import_module(f"{tui.screens.__name__}.{each.name}")
        for name, one in inspect.getmembers(module, inspect.isclass):
            if issubclass(one, Screen) and one.__module__ == module.__name__:
                found[name] = one
    bases = {base.__name__ for one in found.values() for base in one.__mro__[1:]}
    return {name: one for name, one in found.items() if name not in bases}


def walk(at: Bench, transfers: tuple[str, ...], limit_s: float) -> None:
    """From the list of transfers and from each page of these transfers through whatever keys lead
    to, in a process that writes its logs as all others do."""
    folder = at.folder / "walk"
    folder.mkdir(exist_ok=True)
    pages = [("home", "HomeScreen", "")]
    pages += [(module, name, one) for one in transfers for module, name in _PAGES]
    images = str(at.cohort.images)
    paths = [
        [f"tui.screens.{m}", n, [one], list(keys)] for one in transfers for m, n, keys in _PATHS
    ]
    paths += [["tui.screens.home", "HomeScreen", [], list(keys)] for keys in _new(images)]
    words = ["Dr Data", "4711", "2026-11-02", "ingester", images, "S1", *transfers,
             "https://example.org/entry", str(at.folder / "out" / "seen.txt")]  # fmt: skip
    job = {
        "home": str(at.home),
        "folder": str(folder),
        "roots": [[f"tui.screens.{m}", n, [one] if one else []] for m, n, one in pages],
        "paths": paths,
        "words": words,
        "presses": _PRESSES,
        "limit_s": limit_s,
    }
    (folder / "job.json").write_text(json.dumps(job), "utf-8")
    before = at.program.environ
    at.program.environ = {
        **before,
        "TERM": "xterm-256color",
        "COLORTERM": "truecolor",
        "TEXTUAL_ANIMATIONS": "none",
        "PYTHONASYNCIODEBUG": "",
    }
    try:
        at.run(folder / "job.json", module="tests.privacy.walking", patience_s=limit_s + 240)
    finally:
        at.program.environ = before
        _search_walk(at, transfers)


def _search_walk(at: Bench, transfers: tuple[str, ...]) -> None:
    folder = at.folder / "walk"
    found = json.loads((folder / "walk.json").read_text("utf-8"))
    at.screens |= set(found.get("screens", ()))
    at.exempt += [f"{key}: a person asks for identifiers" for key in found.get("revealing", ())]
    at.exempt.append(f"{', '.join(_SHOWS_WHAT_STAYS)}: texts that stay are shown on purpose")
    at.exempt.append(f"{', '.join(_SHOWS_DAYS)}: dates of studies, by which a person chooses")
    at.exempt.append(f"{', '.join(_SHOWS_FOLDERS)}: names of folders, by which a person finds one")
    at.exempt.append("TableScreen: dates of a clinical table that are none of birth")
    with (folder / "records.jsonl").open(encoding="utf-8") as lines:
        for line in lines:
            record = json.loads(line)
            seen = {record["screen"], record["under"]}

            def may(value: str, seen: set[str] = seen) -> bool:
                if seen & set(_SHOWS_WHAT_STAYS):
                    return any(may_stay(at, one, value, is_cut=True) for one in transfers)
                place = at.search.place_of(value)
                if seen & set(_SHOWS_FOLDERS) and "folder name" in place:
                    return True
                if "TableScreen" in seen and place.startswith(_TABLE_DATE):
                    return True
                return _STUDY_DATE in place and bool(seen & set(_SHOWS_DAYS))

            at.keys_pressed += 1
            at.look(f"screen {record['screen']}", record["shown"].encode(), may)
            at.look(f"line of {record['screen']}", record["line"].encode(), may)
    for file in folder.iterdir():
        file.unlink()


def at_a_terminal(at: Bench, *keys: bytes, strike: str = "") -> bytes:
    """The real program at a terminal, its raw line searched; with a strike it ends by a crash."""
    strikes = {"PRIVACY_STRIKE": strike} if strike else {}
    environ = {**at.program.environ, "PYTHONPATH": f"{SITE}:{REPOSITORY}", **strikes}
    before = len(list((at.folder / "struck").iterdir()))
    with Terminal(Home.at(at.home), environ=environ, program=_PROGRAM) as terminal:
        terminal.read_until("Help" if not strike else "\x1b[", timeout_s=60)
        for key in keys:
            if terminal.process.poll() is None:
                terminal.type(key)
                terminal.read_for(1.5)
        if terminal.process.poll() is None:
            terminal.type(b"\x11")
        terminal.end(60)
    at.look(
        f"terminal {strike}",
        terminal.seen,
        lambda value: _STUDY_DATE in at.search.place_of(value),
    )
    if strike:
        hit = len(list((at.folder / "struck").iterdir())) - before
        at.struck += hit
        at.faults.append(f"screens: crash at {strike}{'' if hit else ', not come by'}")
    return terminal.seen

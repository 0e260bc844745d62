"""How this program starts itself again: as a runner, as a stand-in, as a process that may die.

Installed in an environment of its own that is Python with a module; unpacked from the offline
bundle it is the one executable, in which Python is inside.
"""

from __future__ import annotations

import importlib
import os
import sys
from pathlib import Path
from typing import Final

HELPER: Final = "--helper"
_HELPERS: Final = {
    "pixels": "transfer.deid.pixels.isolated",
    "preview": "transfer.preview.isolated",
}
_ROOT: Final = str(Path(__file__).resolve().parents[1])


def is_bundled() -> bool:
    """Whether this is the offline bundle, with an interpreter of its own inside."""
    return bool(getattr(sys, "frozen", False))


def look_not_into_the_working_folder() -> None:
    """From now on no process that is started imports what lies in the folder it is started in: the
    images' own, perhaps, which others can write to.

    `multiprocessing` hands its code over by `-c`, with which Python looks there first of all.
    """
    os.environ["PYTHONSAFEPATH"] = "1"


def this_program(*words: str) -> list[str]:
    """The command line that runs this program with these words."""
    if is_bundled():
        return [sys.executable, *words]
    return [sys.executable, "-P", "-m", "tui", *words]


def helper(name: str) -> list[str]:
    """The command line of a process that serves on its standard input, away from the rest.

    It looks neither at the environment nor at the working folder for what to import.
    """
    module = _HELPERS[name]
    if is_bundled():
        return [sys.executable, HELPER, name]
    start = f"import sys; sys.path.insert(0, {_ROOT!r}); from {module} import serve; serve()"
    return [sys.executable, "-I", "-c", start]


def serve_as_helper(name: str) -> None:
    """Be that process, in the bundle."""
    importlib.import_module(_HELPERS[name]).serve()

"""Where the rehearsals of a transfer lie: in its folder, and removed with it.

While one runs, `home/` is a whole home of this program: its configuration with the stand-in's
address, a copy of the ledger, and a way to the keys of the real home. Afterwards there is only
`record.sqlite`, and `kept/` where the copy was to be kept.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from transfer.errors import RunnerHeld, UsageError
from transfer.private import held_alone
from transfer.workspace import Home, Workspace, make_private_folder, sync_folder

FOLDER: Final = "rehearsal"
RECORD: Final = "record.sqlite"


@dataclass(frozen=True, slots=True)
class Place:
    """The rehearsals of one transfer. `copy` is the workspace in which one runs."""

    workspace: Workspace

    @property
    def folder(self) -> Path:
        return self.workspace.folder / FOLDER

    @property
    def home(self) -> Home:
        return Home.at(self.folder / "home")

    @property
    def copy(self) -> Workspace:
        return Workspace(self.home.transfers / self.workspace.name)

    @property
    def record(self) -> Path:
        """What the last whole rehearsal came to, for the comparison."""
        return self.folder / RECORD

    @property
    def kept(self) -> Path:
        """The folder of a copy that was to be kept: ledger, report, hand-over."""
        return self.folder / "kept"

    @property
    def lock(self) -> Path:
        return self.workspace.folder / "rehearsal.lock"

    def clear(self) -> None:
        """Remove what a rehearsal works in, its own or that of one that was killed.

        Raises:
            UsageError: it cannot be removed.
        """
        try:
            if self.home.root.exists():
                shutil.rmtree(self.home.root)
        except OSError as error:
            raise UsageError(
                f"What an earlier rehearsal left cannot be removed: {error.strerror}.",
                f"Give the folder {FOLDER}/ of the transfer to this account, then try again.",
            ) from error

    def make(self) -> None:
        """Make the folders of a rehearsal, their owner's alone."""
        for folder in (self.folder, self.home.root, self.home.transfers, self.copy.folder):
            make_private_folder(folder)

    def keep(self) -> None:
        """Keep the copy in place of the one that was kept before."""
        shutil.rmtree(self.kept, ignore_errors=True)
        os.rename(self.copy.folder, self.kept)
        sync_folder(self.folder)


@contextmanager
def held(place: Place) -> Iterator[int]:
    """While this lasts no other rehearsal of the transfer can run. The descriptor may be handed to
    processes that work for this one: the place is held until the last of them has ended.

    Raises:
        RunnerHeld: one runs.
    """
    busy = RunnerHeld(
        "A rehearsal of this transfer runs already.",
        "Let it end, or end it with Ctrl-C where it was started.",
    )
    with held_alone(place.lock, busy) as descriptor:
        yield descriptor

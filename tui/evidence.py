"""All that the screens ask of the evidence: writing a report, and proving a copy of one."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from transfer.evidence.folder import Written
from transfer.evidence.manifest import (
    LARGEST_BYTES,
    MANIFEST,
    check_digest,
    digest_of_folder,
    digest_sentence,
)
from transfer.evidence.verify import Verified, verify_report
from transfer.ledger.connection import Ledger
from transfer.ledger.reports import ReportWritten, newest_report
from transfer.workspace import Home, Workspace
from tui.choosing import names_of
from tui.cli.report import make_report, report_folder


class Stopped(Exception):
    """The screens end; what was written so far is taken away."""


@dataclass
class Writing:
    """One report that is being written, or was, since the screens were started."""

    folder: Path | None
    stage: str = ""
    done: int = 0
    total: int = 0
    began_s: float = 0.0
    written: Written | None = None
    failure: Exception | None = None
    is_over: bool = False

    @property
    def seconds(self) -> float:
        return time.monotonic() - self.began_s

    def shot(self) -> Writing:
        """How far it is at this moment."""
        return replace(self)


@dataclass(frozen=True, slots=True)
class Standing:
    """How the evidence stands. `newest` is what the ledger holds of the last report; `is_there`:
    in `folder` lies a report with just that digest; `is_older`: something happened since."""

    folder: Path
    newest: ReportWritten | None
    is_there: bool
    is_older: bool
    sentence: str


class Evidence:
    """The reports of all transfers of a home."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._writing: dict[str, Writing] = {}
        self._is_ending = threading.Event()

    def look(self, name: str) -> Standing:
        """How the evidence of a transfer stands."""
        workspace = self._workspace(name)
        writing = self._writing.get(name)
        asked = writing.folder if writing else None
        folder = asked or report_folder(workspace, None)
        with Ledger.open(workspace.ledger, read_only=True) as ledger:
            newest = newest_report(ledger)
            last = ledger.row("SELECT at_utc FROM audit ORDER BY id DESC LIMIT 1")
        return Standing(
            folder,
            newest,
            newest is not None and _digest_in(folder) == newest.digest,
            newest is not None and last is not None and str(last[0]) > newest.made_at_utc,
            digest_sentence(name, newest.digest) if newest else "",
        )

    def begin(self, name: str, folder: Path | None) -> None:
        """Write a report, in a thread that outlives the screen; see `writing`. Does not block.
        Without a folder it goes where it lies unless it is put elsewhere."""
        now = self._writing.get(name)
        if now is not None and not now.is_over:
            return
        workspace = self._workspace(name)
        self._writing[name] = writing = Writing(folder, began_s=time.monotonic())
        work = partial(self._write, workspace, writing)
        threading.Thread(target=work, name="report").start()

    def writing(self, name: str) -> Writing | None:
        """The report that is being written, or was written or refused last. Does not block."""
        return self._writing.get(name)

    def end(self) -> None:
        """The screens end: a report that is not whole yet is given up. Does not block."""
        self._is_ending.set()

    def verify(self, folder: Path, digest: str) -> Verified:
        """Compare a folder with a digest that a person kept elsewhere.

        Raises:
            UsageError: that is no digest, or the folder cannot be read.
        """
        return verify_report(folder, check_digest(digest))

    def _write(self, workspace: Workspace, writing: Writing) -> None:
        def watch(stage: str, done: int, total: int) -> None:
            if self._is_ending.is_set():
                raise Stopped
            writing.stage, writing.done, writing.total = stage, done, total

        try:
            # What was written right before originals were removed is never written over.
            folder = report_folder(workspace, writing.folder)
            writing.written = make_report(self._home, workspace, folder, self._open_names, watch)
        except Exception as error:  # noqa: BLE001 - raised again where the screen looks
            writing.failure = error
        finally:
            writing.is_over = True

    def _open_names(self, ledger: Ledger) -> bool:
        ledger.names = names_of(self._home, ledger)
        return ledger.names.has_seal

    def _workspace(self, name: str) -> Workspace:
        return Workspace(self._home.transfers / name)


def _digest_in(folder: Path) -> str:
    """The digest of the report as its folder lies there; empty where there is none."""
    try:
        with (folder / MANIFEST).open("rb") as file:
            return digest_of_folder(file.read(LARGEST_BYTES))
    except OSError:
        return ""

"""One XNAT site: its settings, what it holds, and its clock."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Literal

from adapters.sandbox.faults import Faults
from adapters.sandbox.xnat import state
from adapters.sandbox.xnat.accounts import INGESTER, MEMBER, READER, Accounts
from adapters.sandbox.xnat.archiver import Archiver, Conflict, Orders
from adapters.sandbox.xnat.bodies import Spool
from adapters.sandbox.xnat.importer import Importer
from adapters.sandbox.xnat.model import Archive, StoredFile
from adapters.sandbox.xnat.prearchive import Prearchive, PrearchiveRow, files_of
from transfer.errors import UsageError

PROJECT = "SANDBOX"


@dataclass(frozen=True, slots=True)
class SiteOptions:
    """How the site is set up; the defaults are XNAT's own.

    `line`: "1.10" stands for 1.8.10 and later, "1.8" for 1.8.9 and before. `sweep_s` and `idle_s`
    are the timer of the prearchive. `tells_users`: members too see who is in their project;
    `escapes_texts`: texts of a project are kept with `<`, `>`, `&` and quotes written out.
    `clock` gives seconds since 1970.
    """

    line: Literal["1.8", "1.10"] = "1.10"
    has_guests: bool = False
    session_timeout_s: float = 900.0
    sweep_s: float = 60.0
    idle_s: float = 300.0
    most_sessions: int = 1000
    allows_public: bool = True
    allows_auto_archive: bool = True
    has_checksums: bool = True
    tells_users: bool = True
    escapes_texts: bool = False
    default_handler: str = "DICOM-zip"
    clock: Callable[[], float] = time.time

    @property
    def is_new(self) -> bool:
        return self.line == "1.10"

    @property
    def version(self) -> str:
        return "1.10.0" if self.is_new else "1.8.9"


class Site:
    """Everything that the routes work on; one thread at a time."""

    def __init__(self, folder: Path, faults: Faults, options: SiteOptions) -> None:
        self.options = options
        self.faults = faults
        self.clock = options.clock
        self.accounts = Accounts(
            self.clock,
            timeout_s=options.session_timeout_s,
            most_sessions=options.most_sessions,
        )
        self.folder = folder
        self.spool = Spool(folder / "incoming")
        self.archive = Archive(folder / "archive", self.clock)
        self.prearchive = Prearchive(
            folder / "prearchive", self.clock, sweep_s=options.sweep_s, idle_s=options.idle_s
        )
        self.archiver = Archiver(self.archive, self.prearchive)
        self.importer = Importer(self.archive, self.prearchive, self.spool)
        self.progress: dict[str, list[tuple[str, str]]] = {}
        self._jobs: list[tuple[float, Callable[[], None]]] = []
        project = self.archive.add_project(PROJECT, INGESTER.login)
        project.fields["description"] = "Stand-in project"
        project.users.update({MEMBER.login: "member", READER.login: "collaborator"})
        state.load(self, self._state_file)

    @property
    def _state_file(self) -> Path:
        return self.folder / "state.json"

    def close(self) -> None:
        """Write down what is held, for a site that comes back in the same folder."""
        self.finish_jobs()
        state.save(self, self._state_file)

    def finish_jobs(self) -> None:
        """Do at once what was left to be done later."""
        jobs, self._jobs = self._jobs, []
        for _, work in jobs:
            work()

    def set_up(self, changes: Mapping[str, object]) -> None:
        """Change options of the running site; what is not named stays.

        Raises:
            UsageError: there is no such option, or its value is of another type.
        """
        known = {option.name for option in fields(SiteOptions)} - {"clock"}
        for name, value in changes.items():
            if name not in known:
                raise UsageError(
                    f"The XNAT site has no option {name!r}.",
                    "There are " + ", ".join(sorted(known)) + ".",
                )
            now = getattr(self.options, name)
            is_number = isinstance(now, float) and type(value) in (int, float)
            is_line = name != "line" or value in ("1.8", "1.10")
            if not (type(value) is type(now) or is_number) or not is_line:
                raise UsageError(
                    f"The option {name!r} of the XNAT site is not usable.",
                    f"Give it a value such as {now!r}.",
                )
        self.options = replace(self.options, **changes)  # type: ignore[arg-type]
        self.accounts.timeout_s = self.options.session_timeout_s
        self.accounts.most_sessions = self.options.most_sessions
        self.prearchive.set_timer(self.options.sweep_s, self.options.idle_s)

    def advance(self) -> None:
        """Let happen what the time until now has brought: timers, locks, work left behind."""
        now = self.clock()
        due = [job for job in self._jobs if job[0] <= now]
        self._jobs = [job for job in self._jobs if job[0] > now]
        for _, work in due:
            work()
        self.prearchive.advance()

    def archive_later(self, row: PrearchiveRow, orders: Orders, seconds: float) -> None:
        """Hold the row in ARCHIVING and finish it when `seconds` have passed."""
        row.status = "ARCHIVING"

        def finish() -> None:
            row.status = "READY"
            try:
                self.archiver.archive(row, orders)
            except Conflict:
                return

        self._jobs.append((self.clock() + seconds, finish))

    def archived_objects(self) -> dict[str, StoredFile]:
        """Every archived DICOM object by SOP Instance UID."""
        self.advance()
        return {file.sop_uid: file for _, _, file in self.archive.dicom_files()}

    def waiting_objects(self) -> dict[str, StoredFile]:
        """Every DICOM object in the prearchive by SOP Instance UID."""
        self.advance()
        return {f.sop_uid: f for row in self.prearchive.rows for f in files_of(row)}

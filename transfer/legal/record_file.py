"""A legal record as a file: TOML, untrusted and bounded. Its form is what `template` prints.

What the file says wrongly is refused as a whole, every fault named at once. What it leaves out is
no fault: it is taken as far as it goes, and the gate names what lacks.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from transfer.errors import UsageError
from transfer.foreign_toml import parse_toml
from transfer.legal import texts
from transfer.legal.digest import NoDocument, digest_document
from transfer.legal.entries import Declaration, LegalEntry, State
from transfer.legal.papers import BY_KEY

FORMAT: Final = "eucaim-transfer legal record 1"
LARGEST_BYTES: Final = 64 * 1024
_LONGEST_LINE: Final = 2_000
_LONGEST_PATH: Final = 1_000
_TABLES: Final = {
    "clearance": Declaration.CLEARANCE,
    "dta-institution": Declaration.INSTITUTION,
    "dta-eucaim": Declaration.EUCAIM,
}
_TOP: Final = {"format", "entered_by", "ticket", "sandbox", "papers", *_TABLES}
_OF_DECLARATION: Final = {"person", "date", "document", "sha256", "ticket"}
_OF_PAPER: Final = {"state", "reason", "date", "document", "sha256", "ticket"}
_STATES: Final = (State.THERE, State.NOT_APPLICABLE, State.MISSING)
_MOST_FAULTS: Final = 8


@dataclass(frozen=True, slots=True)
class Record:
    """What a file says. `left_out` names what was not complete enough to be kept at all."""

    entries: tuple[LegalEntry, ...]
    left_out: tuple[str, ...] = ()
    is_sandbox: bool = False


def read_record(path: Path, now: datetime, entered_by: str = "") -> Record:
    """Read a record and digest the documents that it names, relative to its own folder.

    Blocking, for as long as it takes to read the documents. `entered_by` stands in for a file that
    does not say who enters it.

    Raises:
        UsageError: the file cannot be read, is no record, or says what cannot be; a document
            cannot be digested.
    """
    return parse_record(_content(path), path.absolute().parent, now, entered_by)


def parse_record(content: bytes, folder: Path, now: datetime, entered_by: str = "") -> Record:
    """The same of a file's content."""
    try:
        text = content.decode("utf-8-sig")
        if any(len(line) > _LONGEST_LINE for line in text.split("\n")):
            raise ValueError
        document = parse_toml(text)
    except ValueError as error:
        raise UsageError(
            "The legal record cannot be read: it is not TOML in UTF-8.",
            "Fill in the form that this prints: eucaim-transfer legal --template",
        ) from error
    return _Reading(folder, now).record(document, entered_by)


def record_of(said: Mapping[str, Any], folder: Path, now: datetime) -> Record:
    """The same of what a form on a screen says, with the tables and keys of a file.

    Raises:
        UsageError: it says what cannot be; a document cannot be digested.
    """
    return _Reading(folder, now).record({**said, "format": FORMAT}, "")


def _content(path: Path) -> bytes:
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise _unreadable("it is no file")
        flags = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY
        with open(os.open(path, flags), "rb") as file:
            content = file.read(LARGEST_BYTES + 1)
    except OSError as error:
        raise _unreadable(error.strerror or "input/output error") from error
    except ValueError as error:
        raise _unreadable("its name cannot be one") from error
    if len(content) > LARGEST_BYTES:
        raise _unreadable(f"it is larger than {LARGEST_BYTES >> 10} KiB")
    return content


def _unreadable(why: str) -> UsageError:
    return UsageError(
        f"The legal record cannot be read: {why}.",
        "Name the file of the record, which this account can read.",
    )


@dataclass
class _Reading:
    """One pass over a file, which goes on after a fault so that all are named at once."""

    folder: Path
    now: datetime
    faults: list[str] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)

    def record(self, document: Mapping[str, Any], entered_by: str) -> Record:
        if document.get("format") != FORMAT:
            self.faults.append(f'format is not "{FORMAT}"')
        self._known("the file", document, _TOP)
        is_sandbox = document.get("sandbox", False)
        if not isinstance(is_sandbox, bool):
            self.faults.append("sandbox is neither true nor false")
        told = self._value("the file", document, "entered_by", texts.person)
        given = self._value("the command", {"--by": entered_by}, "--by", texts.person)
        if told and given and texts.folded(told) != texts.folded(given):
            self.faults.append("the file and --by name two persons who enter it")
        whole = {
            "entered_by": told or given,
            "ticket": self._value("the file", document, "ticket", texts.ticket),
        }
        entries = [self._declaration(name, document, whole) for name in _TABLES]
        entries += self._papers(document, whole)
        if self.faults:
            raise _refused(self.faults)
        found = [entry for entry in entries if entry is not None]
        marked = tuple(replace(entry, is_sandbox=is_sandbox) for entry in found)
        return Record(marked, tuple(self.left_out), is_sandbox)

    def _declaration(
        self, name: str, document: Mapping[str, Any], whole: Mapping[str, str]
    ) -> LegalEntry | None:
        at, table = f"[{name}]", self._table(f"[{name}]", document.get(name, {}))
        self._known(at, table, _OF_DECLARATION)
        person = self._value(at, table, "person", texts.person)
        day = self._value(at, table, "date", self._day)
        ticket = self._value(at, table, "ticket", texts.ticket)
        sha256, is_here = self._digest(at, table)
        # What the form holds before anybody filled it in is nothing said.
        if not (person or day or ticket or sha256):
            return None
        return LegalEntry(
            _TABLES[name],
            State.THERE,
            person=person,
            day=day,
            sha256=sha256,
            is_digested_here=is_here,
            ticket=ticket or whole["ticket"],
            entered_by=whole["entered_by"],
        )

    def _papers(
        self, document: Mapping[str, Any], whole: Mapping[str, str]
    ) -> list[LegalEntry | None]:
        table = self._table("[papers]", document.get("papers", {}))
        self._known("[papers]", table, BY_KEY)
        return [
            self._paper(key, self._table(f"[papers] {key}", table[key]), whole)
            for key in BY_KEY
            if key in table
        ]

    def _paper(
        self, key: str, table: Mapping[str, Any], whole: Mapping[str, str]
    ) -> LegalEntry | None:
        at = f"[papers] {key}"
        self._known(at, table, _OF_PAPER)
        reason = self._value(at, table, "reason", texts.reason)
        day = self._value(at, table, "date", self._day)
        ticket = self._value(at, table, "ticket", texts.ticket)
        sha256, is_here = self._digest(at, table)
        said = table.get("state", "")
        if said == "" and not (reason or day or ticket or sha256):
            return None
        if said not in [state.value for state in _STATES]:
            self.faults.append(f"{at}: state is none of {', '.join(_STATES)}")
            return None
        state = State(said)
        if state is State.NOT_APPLICABLE and not BY_KEY[key].may_not_apply:
            self.faults.append(f"{at}: this paper always applies")
        if state is State.NOT_APPLICABLE and not reason:
            self.left_out.append(f"{at}: why it does not apply is missing")
            return None
        if not whole["entered_by"]:
            self.left_out.append(f"{at}: who entered it is missing")
            return None
        if state is not State.THERE and sha256:
            self.faults.append(f"{at}: a paper with a document is there")
        return LegalEntry(
            key,
            state,
            day=day,
            sha256=sha256,
            is_digested_here=is_here,
            ticket=ticket,
            reason=reason,
            entered_by=whole["entered_by"],
        )

    def _digest(self, at: str, table: Mapping[str, Any]) -> tuple[str, bool]:
        """The digest of a document, and whether it was made here."""
        given = self._value(at, table, "sha256", texts.sha256)
        named = self._value(at, table, "document", lambda v: texts.one_line(v, _LONGEST_PATH))
        if not named:
            return given, False
        try:
            made = digest_document(self.folder / named)
        except NoDocument as error:
            self.faults.append(f"{at}: the document cannot be taken ({error.why})")
            return "", False
        if given and given != made:
            self.faults.append(f"{at}: sha256 is not that of the document")
        return made, True

    def _day(self, value: object) -> str:
        return texts.day(value, self.now)

    def _value(
        self, at: str, table: Mapping[str, Any], key: str, read: Callable[[object], str]
    ) -> str:
        try:
            return read(table.get(key, ""))
        except ValueError as error:
            self.faults.append(f"{at}: {key} {error}")
            return ""

    def _table(self, at: str, value: object) -> Mapping[str, Any]:
        if isinstance(value, dict):
            return value
        self.faults.append(f"{at} is not a table")
        return {}

    def _known(self, at: str, table: Mapping[str, Any], known: Collection[str]) -> None:
        if not set(table) <= set(known):
            self.faults.append(f"{at} says something besides {', '.join(sorted(known))}")


def _refused(faults: list[str]) -> UsageError:
    more = len(faults) - _MOST_FAULTS
    told = "; ".join(faults[:_MOST_FAULTS]) + (f"; and {more} more" if more > 0 else "")
    return UsageError(
        f"The legal record cannot be used: {told}.", "Correct it there; nothing was recorded."
    )

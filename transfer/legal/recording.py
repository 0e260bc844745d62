"""Taking a record over, taking an entry back, and the record of a sandbox."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Final

from transfer.errors import StepBlocked, UsageError
from transfer.ledger.connection import Ledger
from transfer.ledger.legal import add_entries, current_entries
from transfer.ledger.telling import Piece, told_in
from transfer.legal import texts
from transfer.legal.entries import TITLES, Declaration, LegalEntry, State
from transfer.legal.papers import PAPERS
from transfer.legal.record_file import Record

_SANDBOX_PERSONS: Final = {
    Declaration.CLEARANCE: "Sandbox legal team",
    Declaration.INSTITUTION: "Sandbox legal representative",
    Declaration.EUCAIM: "Sandbox Scientific Director",
}
_SANDBOX_ENTERED_BY: Final = "Sandbox operator"
_SANDBOX_TICKET: Final = "sandbox"


def take_record(ledger: Ledger, record: Record, *, is_sandbox_node: bool) -> list[LegalEntry]:
    """Keep what a record says, all at once; what was said of the same things before stays in the
    history. Returns what is new.

    Raises:
        UsageError: it is a sandbox's record, and the node is none.
        StepBlocked: a reason tells of a patient.
    """
    _refuse_elsewhere(record, is_sandbox_node)
    for entry in record.entries:
        _refuse_patients(ledger, entry.what, entry.reason)
    return add_entries(ledger, record.entries)


def fill_with_sandbox(ledger: Ledger, now: datetime, *, is_sandbox_node: bool) -> list[LegalEntry]:
    """Keep the made-up record of those things that nothing was ever said of; whatever a person
    said, a withdrawal too, stays as it is. Returns what is new.

    Raises:
        UsageError: the node is no sandbox.
    """
    record = sandbox_record(now)
    _refuse_elsewhere(record, is_sandbox_node)
    return add_entries(ledger, record.entries, only_unsaid=True)


def withdraw_entry(ledger: Ledger, what: str, person: str, reason: str) -> LegalEntry:
    """Take an entry back by a person's word; it stays in the history.

    Raises:
        UsageError: there is no such thing, nothing is recorded of it, or who or why is missing.
        StepBlocked: the reason tells of a patient.
    """
    if what not in TITLES:
        raise UsageError(
            "There is nothing of that name to withdraw.", f"Known: {', '.join(TITLES)}."
        )
    try:
        by, why = texts.person(person), texts.reason(reason)
    except ValueError as error:
        raise UsageError(f"The person or the reason {error}.", "Type it anew.") from None
    if not by or not why:
        raise UsageError(
            "Taking back a part of the legal record needs a person and a reason.",
            "Give --by PERSON --reason TEXT; both are kept.",
        )
    known = current_entries(ledger).get(what)
    if known is None or known.state in (State.MISSING, State.WITHDRAWN):
        raise UsageError(
            f"Nothing is recorded that could be withdrawn: {TITLES[what]}.",
            "See what is: eucaim-transfer legal NAME",
        )
    _refuse_patients(ledger, what, why)
    entry = LegalEntry(what, State.WITHDRAWN, reason=why, entered_by=by)
    return add_entries(ledger, [entry])[0]


def _refuse_elsewhere(record: Record, is_sandbox_node: bool) -> None:
    if record.is_sandbox and not is_sandbox_node:
        raise UsageError(
            "This is a sandbox record, and the node is no sandbox: nothing was recorded.",
            "Record what EUCAIM and your institution really declared and signed.",
        )


def _refuse_patients(ledger: Ledger, what: str, reason: str) -> None:
    # The history is never changed and outlives the originals: a purge could not take it out.
    if reason and told_in(ledger, [Piece(what, reason)]):
        raise StepBlocked(
            f"The reason tells of a patient, or may: {TITLES[what]}. Nothing was recorded.",
            "It is kept for good, and stands in the report. Say it without what belongs to a"
            " patient.",
        )


def sandbox_record(now: datetime) -> Record:
    """A whole record for stand-in nodes. It says of itself in every part that it is none."""
    day = now.date().isoformat()
    declared = [
        LegalEntry(
            what,
            State.THERE,
            person=person,
            day=day,
            sha256=hashlib.sha256(f"Sandbox, no document: {what}".encode()).hexdigest(),
            ticket=_SANDBOX_TICKET,
            entered_by=_SANDBOX_ENTERED_BY,
            is_sandbox=True,
        )
        for what, person in _SANDBOX_PERSONS.items()
    ]
    papers = [
        LegalEntry(
            paper.key,
            State.NOT_APPLICABLE if paper.may_not_apply else State.THERE,
            reason="Sandbox: synthetic data of nobody.",
            entered_by=_SANDBOX_ENTERED_BY,
            is_sandbox=True,
        )
        for paper in PAPERS
    ]
    return Record((*declared, *papers), is_sandbox=True)

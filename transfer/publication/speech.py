"""Texts that are about to leave for the node: none of them tells of a patient (as HLP-04)."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from transfer.errors import StepBlocked, UsageError
from transfer.ledger.connection import Ledger
from transfer.ledger.telling import Piece, told_in
from transfer.legal import texts
from transfer.sentences import listed


def refuse_patients(ledger: Ledger, said: Mapping[str, str]) -> None:
    """Look through texts, each by the place where it stands. Blocking, as long as there are
    patients.

    Raises:
        StepBlocked: one tells of a patient; the message names where and what kind, never what.
    """
    told = told_in(ledger, [Piece(where, text) for where, text in said.items()])
    if told:
        places = [f"{one.where} ({one.kind})" for one in told]
        raise StepBlocked(
            f"A text tells of a patient, or may: {listed(places, 8)}. Nothing was sent.",
            "Others would read it for ever. Say it without what belongs to a patient.",
        )


def refuse_patient_as_id(ledger: Ledger, id: str) -> None:
    """Let no Patient ID stand for a dataset's: it would be part of an address, and so come into the
    logs of whatever lies on the way.

    Raises:
        StepBlocked: as `refuse_patients`.
    """
    try:
        UUID(id)
    except ValueError:
        refuse_patients(ledger, {"id of the dataset": id})


def person_of(name: str) -> str:
    """The person who answers for something, in one form.

    Raises:
        UsageError: nobody is named, or not in a form that can be kept.
    """
    return _named("The person", name, "--by PERSON", is_person=True)


def reason_of(reason: str, most: int = texts.LONGEST_REASON) -> str:
    """A reason, in one form.

    Raises:
        UsageError: there is none, or not in a form that can be kept.
    """
    found = _named("The reason", reason, "--reason TEXT", is_person=False)
    if len(found) > most:
        raise UsageError(f"The reason is longer than {most} characters.", "Say it in fewer words.")
    return found


def _named(what: str, value: str, option: str, *, is_person: bool) -> str:
    try:
        found = texts.person(value) if is_person else texts.reason(value)
    except ValueError as error:
        raise UsageError(f"{what} {error}.", "Type it anew.") from None
    if not found:
        raise UsageError(f"{what} is missing; it is kept with what is done.", f"Give {option}.")
    return found

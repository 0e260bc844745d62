"""Looking up what went of one patient: what the command and the screens share. Blocking."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from transfer.errors import TransferError, UsageError
from transfer.ledger.connection import Ledger
from transfer.ledger.order import read_order
from transfer.ledger.retention import read_retention
from transfer.ledger.tickets import keep_fields
from transfer.recall.listing import write_list
from transfer.recall.sent import Called, Caller, Sent, by_its_ids, what_went
from transfer.recall.who import FoundBy, NobodyFound, find, has_sealed
from transfer.recall.withdrawal import subject_key, withdrawal_values
from transfer.sentences import count
from transfer.workspace import Home, Workspace
from tui.choosing import names_of

if TYPE_CHECKING:
    from transfer.values import StudyRef
    from tui.ticketing import Desk


@dataclass(frozen=True, slots=True)
class WithdrawalTicket:
    """The withdrawal's ticket as it stands; `why_not` says what keeps it from being composed."""

    case: str
    desk: Desk | None = None
    why_not: str = ""

    def document(self) -> dict[str, Any]:
        desk = self.desk
        is_ready = desk is not None and desk.is_ready
        return {
            "case": self.case,
            "title": desk.text.title if desk else None,
            "group": desk.text.group if desk else None,
            "reference": desk.text.reference if desk else None,
            "body": desk.text.body if desk and is_ready else None,
            "number": desk.ticket.number if desk and desk.ticket and desk.is_out else None,
            "why_not": self.why_not or None,
        }


@dataclass(frozen=True, slots=True)
class Recalled:
    """What went of the one who was asked for, and the ticket; None where nothing went. `lost` says
    why the node's own labels cannot be told."""

    sent: Sent
    ticket: WithdrawalTicket | None
    lost: str = ""


def recall(
    home: Home,
    workspace: Workspace,
    ledger: Ledger,
    name: str,
    meant: FoundBy | None,
    open_names: Callable[[Ledger], None],
) -> Recalled:
    """Look for the one who is named, compose the ticket, and record that it was asked. `open_names`
    has the ledger name things as they left.

    Raises:
        NobodyFound: nobody has that name, to the letter; that it was asked is recorded.
        UsageError: two are meant, or names cannot be opened.
    """
    _refuse_while_removed(ledger)
    open_names(ledger)
    called, lost = _caller(home, ledger)
    sent = _looked_up(ledger, name, meant, called)
    ticket = _compose(home, workspace, ledger, sent)
    _record(ledger, sent, ticket)
    return Recalled(sent, ticket, lost)


def _refuse_while_removed(ledger: Ledger) -> None:
    now = read_retention(ledger)
    if now.is_begun and not now.is_done:
        raise UsageError(
            "The originals of this transfer are being removed; half of the names are gone.",
            "Finish it first: eucaim-transfer purge NAME",
        )


def _caller(home: Home, ledger: Ledger) -> tuple[Caller, str]:
    """The node's own names, as far as the node is still configured."""
    from adapters.registry import called
    from tui.nodes import choose_node

    try:
        profile = choose_node(home, read_order(ledger).node).profile
    except UsageError as lost:
        return by_its_ids, lost.what

    def name(study: StudyRef) -> Called:
        return Called(*called(profile, study))

    return name, ""


def _looked_up(ledger: Ledger, name: str, meant: FoundBy | None, called: Caller) -> Sent:
    try:
        who = find(ledger, name, meant)
    except NobodyFound:
        with ledger.transaction():
            ledger.record_event(
                "recall", "Somebody asked for a patient who is not of this transfer."
            )
        raise
    return what_went(ledger, who, name, called)


def _compose(
    home: Home, workspace: Workspace, ledger: Ledger, sent: Sent
) -> WithdrawalTicket | None:
    """Fill in the ticket of this subject; None where nothing went."""
    if not sent.is_anything_out:
        return None
    from adapters.helpdesk.cases import withdrawal_of
    from adapters.helpdesk.compose import told_sentence
    from tui.ticketing import Ticketing

    case = withdrawal_of(subject_key(sent))
    values = withdrawal_values(sent)
    keep_fields(ledger, {f"{case.key}.{field}": text for field, text in values.items()})
    try:
        desk = Ticketing(home).look(workspace.name, case.key)
    except TransferError as error:
        return WithdrawalTicket(case.key, why_not=error.what)
    wrong = [fault.sentence for fault in desk.faults] + [told_sentence(told) for told in desk.told]
    return WithdrawalTicket(case.key, desk, " ".join(wrong))


def _record(ledger: Ledger, sent: Sent, ticket: WithdrawalTicket | None) -> None:
    n = sum(sent.fates.values())
    said = f"It was asked what went of {subject_key(sent)}: {count(n, 'instance')}."
    if ticket is not None:
        said += f" Ticket case {ticket.case}."
    with ledger.transaction():
        ledger.record_event("recall", said)


class Recalling:
    """Looking up for the screens. Nobody is asked for a passphrase."""

    def __init__(self, home: Home) -> None:
        self._home = home

    def recall(self, transfer: str, name: str, meant: FoundBy | None) -> Recalled:
        """What went of the one who is named. Raises as `recall`."""
        workspace = Workspace(self._home.transfers / transfer)
        with Ledger.open(workspace.ledger) as ledger:
            return recall(self._home, workspace, ledger, name, meant, self._open_names)

    def meanings(self, transfer: str, name: str) -> Sequence[FoundBy]:
        """What a name could mean: both where it is the Patient ID of one and the pseudonym of
        another."""
        found = []
        with Ledger.open(Workspace(self._home.transfers / transfer).ledger) as ledger:
            self._open_names(ledger)
            for meant in (FoundBy.PATIENT_ID, FoundBy.PSEUDONYM):
                with suppress(UsageError):
                    find(ledger, name, meant)
                    found.append(meant)
        return found

    def write_list(self, transfer: str, sent: Sent, file: Path) -> int:
        """Write everything that went, line by line; how many lines.

        Raises:
            UsageError: the file is there, or cannot be written.
        """
        with Ledger.open(Workspace(self._home.transfers / transfer).ledger) as ledger:
            self._open_names(ledger)
            return write_list(ledger, sent, file, identifiers=False)

    def _open_names(self, ledger: Ledger) -> None:
        if not has_sealed(ledger):
            return
        ledger.names = names_of(self._home, ledger)
        if not ledger.names.has_seal:
            raise UsageError(
                "The cohort's key cannot be opened here, so that nobody can be found.",
                "Ask with the command, which takes the passphrase: eucaim-transfer recall NAME -",
            )

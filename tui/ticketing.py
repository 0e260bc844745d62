"""All that the screen and the command of step 6 ask of the engine. Everything here blocks."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from transfer.accounts import read_account
from transfer.errors import StepBlocked, UsageError
from transfer.ledger.catalogue import is_catalogue_file
from transfer.ledger.connection import Ledger
from transfer.ledger.order import read_order
from transfer.ledger.steps import StepRecord, read_step
from transfer.ledger.telling import Piece, Told, told_in
from transfer.ledger.tickets import (
    STEP,
    Ticket,
    TicketState,
    all_tickets,
    keep_fields,
    kept_fields,
    newest_ticket,
    record_answer,
    record_handed_over,
    record_not_needed,
    record_sent,
    reference_of,
)
from transfer.proposals import proposed_fields
from transfer.tickets import TicketCase, TicketText
from transfer.workspace import Home, Workspace
from tui.speaking import Hears

if TYPE_CHECKING:
    from adapters.helpdesk.attachments import Enclosed
    from adapters.helpdesk.compose import Fault
    from adapters.helpdesk.options import DeskSettings
    from adapters.helpdesk.zammad import Helpdesk

_SENT: Final = (TicketState.SENDING, TicketState.OPEN, TicketState.ANSWERED)


@dataclass(frozen=True, slots=True)
class Desk:
    """One case of a transfer's tickets as it stands: what is filled in and what it becomes.

    `proposed` are the fields whose value is the program's and nobody's word yet. `text` is the
    text as far as it goes; it may go out once there are no `faults` and nothing is `told`. `report`
    is what the doctor last wrote about this transfer, where that belongs to the case.
    """

    transfer: str
    node: str
    cases: Sequence[TicketCase]
    case: TicketCase
    values: Mapping[str, str]
    proposed: frozenset[str]
    faults: Sequence[Fault]
    text: TicketText
    ticket: Ticket | None
    tickets: Sequence[Ticket]
    step: StepRecord | None
    url: str
    without_account: str
    has_token: bool
    report: Path | None = None
    told: Sequence[Told] = field(default=())

    @property
    def is_ready(self) -> bool:
        """The text may go out, as far as it was looked at."""
        return not self.faults and not self.told

    @property
    def is_out(self) -> bool:
        """The newest ticket of this case is at the helpdesk and not settled."""
        return self.ticket is not None and self.ticket.state in _SENT


class Ticketing(Hears):
    """The tickets of all transfers of a home."""

    def __init__(self, home: Home) -> None:
        super().__init__()
        self._home = home

    def look(self, name: str, case: str = "", *, searches: bool = True) -> Desk:
        """One case; without its key that of step 6. `searches` for patient data too, which takes
        its time in a large cohort.

        Raises:
            UsageError: the node or the helpdesk is not configured as it should be, or there is no
                such case.
        """
        from adapters.helpdesk.cases import withdrawals
        from adapters.helpdesk.compose import draft, faults_of, pieces_of
        from adapters.helpdesk.options import TOKEN
        from adapters.registry import ticket_cases
        from tui.nodes import choose_node

        settings = self.settings()
        with Ledger.open(self._workspace(name).ledger, read_only=True) as ledger:
            order = read_order(ledger)
            chosen = choose_node(self._home, order.node)
            kept, tickets = kept_fields(ledger), all_tickets(ledger)
            begun = withdrawals([*kept, *(ticket.case for ticket in tickets)])
            cases = [*ticket_cases(chosen.profile), *begun]
            found = _case(cases, case)
            username = read_account(self._home, order.node).username
            proposed = proposed_fields(ledger, _legal(found, "username", username))
            values = {one.key: kept.get(one.key, proposed.get(one.key, "")) for one in found.fields}
            return Desk(
                transfer=name,
                node=order.node,
                cases=cases,
                case=found,
                values=values,
                proposed=frozenset(k for k, text in values.items() if text and k not in kept),
                faults=faults_of(found, values),
                text=draft(found, values, reference_of(ledger, found.key)),
                ticket=newest_ticket(ledger, found.key),
                tickets=tickets,
                step=read_step(ledger, STEP),
                url=settings.url,
                without_account=settings.without_account,
                has_token=bool(chosen.secrets.get(TOKEN)),
                report=self._report(name, found),
                told=told_in(ledger, pieces_of(found, values)) if searches else (),
            )

    def search(self, desk: Desk) -> list[Told]:
        """What a case, as it is filled in, tells of patients of its transfer."""
        from adapters.helpdesk.compose import pieces_of

        with Ledger.open(self._workspace(desk.transfer).ledger, read_only=True) as ledger:
            return told_in(ledger, pieces_of(desk.case, desk.values))

    def settings(self) -> DeskSettings:
        """How the helpdesk is reached.

        Raises:
            UsageError: config.toml cannot be used.
        """
        from adapters.helpdesk.options import load_helpdesk

        return load_helpdesk(self._home.config_folder)

    def fill_in(self, name: str, case: str, values: Mapping[str, str]) -> None:
        """Keep what a person filled in; what is not of its legal form is kept too, and said.

        Raises:
            UsageError: the case has no such field.
        """
        fields = self.look(name, case, searches=False).case
        for key in values:
            if fields.field(key) is None:
                known = ", ".join(one.key for one in fields.fields)
                raise UsageError("The ticket has no such field.", f"Its fields are: {known}.")
        with Ledger.open(self._workspace(name).ledger) as ledger:
            keep_fields(ledger, {key: text.strip() for key, text in values.items()})

    def checked(self, desk: Desk) -> TicketText:
        """The text, ready to go.

        Raises:
            StepBlocked: it is not; every reason is named.
        """
        from adapters.helpdesk.compose import compose

        return compose(desk.case, desk.values, desk.text.reference, desk.told)

    def copied(self, name: str, case: str = "") -> str:
        """Record that a person took the text; the text.

        Raises:
            StepBlocked: it is not ready.
        """
        from adapters.helpdesk.compose import as_plain_text

        desk = self.look(name, case)
        text = self.checked(desk)
        with Ledger.open(self._workspace(name).ledger) as ledger:
            record_handed_over(ledger, desk.case, text, "copied")
        return as_plain_text(text)

    def save(self, name: str, case: str, path: Path) -> None:
        """Write the text into a new file.

        Raises:
            StepBlocked: it is not ready. UsageError: the file cannot be written.
        """
        from adapters.helpdesk.eml import write_ticket

        desk = self.look(name, case)
        text = self.checked(desk)
        write_ticket(path.expanduser(), text, self.settings().mail)
        with Ledger.open(self._workspace(name).ledger) as ledger:
            record_handed_over(ledger, desk.case, text, "saved")

    def send(
        self, name: str, case: str = "", attachments: Sequence[Path] = (), person: str = ""
    ) -> Ticket:
        """Open the ticket at the helpdesk, or find the one that is there; never a second one.

        Raises:
            StepBlocked: it is not ready, or at the helpdesk already.
            NodeError: the helpdesk did not take it, or its answer got lost.
        """
        from transfer.private import locked

        # Two who send at the same moment would both find nothing there, and open two.
        with locked(self._workspace(name).folder / "ticket.lock"):
            return self._send(name, case, attachments, person)

    def _send(self, name: str, case: str, attachments: Sequence[Path], person: str) -> Ticket:
        from adapters.helpdesk.attachments import enclose
        from tui.ticket_sending import bring

        desk = self.look(name, case)
        if desk.ticket and desk.ticket.state in (TicketState.OPEN, TicketState.ANSWERED):
            raise StepBlocked(
                f"Ticket {desk.ticket.number} is at the helpdesk already; nothing was sent.",
                "Reply in that ticket. Once it is settled another can be sent:"
                f" eucaim-transfer ticket NAME --case {desk.case.key} --done --by PERSON",
            )
        text = self.checked(desk)
        enclosed = enclose(attachments, desk.case.key)
        self._search([one.piece for one in enclosed if not self._is_ours(one, name)], name)
        with Ledger.open(self._workspace(name).ledger) as ledger:
            files = [one.attachment for one in enclosed]
            bringing = bring(self._helpdesk(), ledger, desk.case, text, files)
            sent = asyncio.run(bringing)
            return record_sent(
                ledger, text.reference, number=sent.number, how="sent", desk=sent, person=person
            )

    def _is_ours(self, enclosed: Enclosed, name: str) -> bool:
        """A file as it was written for the catalogue, field by field looked through before: there
        a contact may bear the surname of a patient."""
        sha256 = hashlib.sha256(enclosed.attachment.content).hexdigest()
        with Ledger.open(self._workspace(name).ledger, read_only=True) as ledger:
            return is_catalogue_file(ledger, sha256)

    def _search(self, pieces: Sequence[Piece], name: str) -> None:
        from adapters.helpdesk.compose import told_sentence

        with Ledger.open(self._workspace(name).ledger, read_only=True) as ledger:
            told = told_in(ledger, pieces)
        if told:
            raise StepBlocked(
                "The attachments would tell of a patient: " + " ".join(map(told_sentence, told)),
                "Send files in which all identifiers are pseudonyms.",
            )

    def refresh(self, name: str) -> Sequence[Ticket]:
        """Ask the helpdesk what became of the tickets; those that it knows, as they are now. Ones
        that a person brought there are found by the reference in their text, or their number.

        Raises:
            NodeError: it cannot be asked.
        """
        from tui.ticket_sending import follow

        with Ledger.open(self._workspace(name).ledger) as ledger:
            due = [t for t in all_tickets(ledger) if t.state is not TicketState.SETTLED]
            if not due:
                return []
            return asyncio.run(follow(self._helpdesk(), ledger, due))

    def record_number(
        self, name: str, case: str, number: str, person: str, sent_at_utc: str = ""
    ) -> Ticket:
        """Record that a person brought the ticket to the helpdesk, under which number, since when.

        Raises:
            UsageError: the number or the person is missing or not usable.
        """
        desk = self.look(name, case, searches=False)
        _require(person, "Who sent it?", "--by PERSON")
        if not number.strip().isalnum() or len(number.strip()) > 20:
            raise UsageError(
                "That is no ticket's number.", "Write the number that the helpdesk shows."
            )
        with Ledger.open(self._workspace(name).ledger) as ledger:
            ticket = record_handed_over(ledger, desk.case, desk.text, "copied")
            return record_sent(
                ledger,
                ticket.reference,
                number=number.strip(),
                how="sent" if ticket.how == "sent" else "by-hand",
                person=person.strip(),
                sent_at_utc=sent_at_utc,
            )

    def record_answer(
        self, name: str, case: str, answer: str, person: str, *, is_settled: bool
    ) -> Ticket:
        """Record what the helpdesk answered, by a person's word; or that all is there.

        Raises:
            UsageError: there is no such ticket yet, or nothing is said.
        """
        desk = self.look(name, case, searches=False)
        _require(person, "Who says so?", "--by PERSON")
        if desk.ticket is None or not desk.ticket.is_out:
            raise UsageError(
                "No ticket of this transfer is recorded as sent.",
                "Record it first: eucaim-transfer ticket NAME --number NUMBER --by PERSON",
            )
        with Ledger.open(self._workspace(name).ledger) as ledger:
            return record_answer(
                ledger,
                desk.ticket.reference,
                answer=answer.strip(),
                is_settled=is_settled,
                person=person.strip(),
            )

    def not_needed(self, name: str, person: str, reason: str) -> None:
        """Record a person's word that the project is there already.

        Raises:
            UsageError: the person or the reason is missing.
        """
        _require(person, "Who says so?", "--by PERSON")
        _require(reason, "Why is no ticket needed?", "--reason TEXT")
        with Ledger.open(self._workspace(name).ledger) as ledger:
            record_not_needed(ledger, person.strip(), reason.strip())

    def _report(self, name: str, case: TicketCase) -> Path | None:
        from tui.doctor.report import FILE

        file = self._workspace(name).folder / FILE
        return file if case.key == "tool" and file.is_file() else None

    def _helpdesk(self) -> Helpdesk:
        from adapters.helpdesk.zammad import Helpdesk
        from adapters.secrets import SecretStore

        return Helpdesk(self.settings(), SecretStore(self._home.root))

    def _workspace(self, name: str) -> Workspace:
        return self._home.workspace(name)


def _case(cases: Sequence[TicketCase], key: str) -> TicketCase:
    for case in cases:
        if case.key == key or (not key and case.step == STEP):
            return case
    if not key and cases:
        return cases[0]
    known = ", ".join(case.key for case in cases)
    raise UsageError("There is no such ticket for this node.", f"There are: {known}.")


def _legal(case: TicketCase, key: str, text: str) -> str:
    """The text where it is a legal value of the field: a name of another kind is not offered."""
    from adapters.helpdesk.compose import fault_of

    found = case.field(key)
    return "" if found is not None and fault_of(found, text) else text


def _require(text: str, question: str, option: str) -> None:
    if not text.strip():
        raise UsageError(question, f"Add {option}.")

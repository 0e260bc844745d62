"""What a person is asked on the ticket's screen: a field, a file's name, a number, an answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from transfer.errors import UsageError
from transfer.journey.recording import since_when
from transfer.tickets import TicketField
from tui.page import Page
from tui.screens.pick import Pick
from tui.screens.question import Ask, Question
from tui.text import plain
from tui.ticketing import Desk, Ticketing
from tui.typed import refuse_empty


@dataclass(frozen=True, slots=True)
class ByHand:
    """What a person says of a ticket that they sent themselves."""

    number: str
    sent_at_utc: str
    person: str


@dataclass(frozen=True, slots=True)
class Answered:
    """What a person says that the helpdesk answered."""

    text: str
    is_settled: bool
    person: str


async def ask_field(page: Page, field: TicketField, value: str) -> str | None:
    """A field's value; None when they went back. An empty one takes it out."""
    from adapters.helpdesk.compose import fault_of

    def check(text: str) -> None:
        fault = fault_of(field, text)
        if fault and text.strip():
            raise UsageError(fault, "")

    need = "Needed." if field.is_required else "It may stay empty."
    lines = [f"{field.hint[:1].upper()}{field.hint[1:]}." if field.hint else "", need]
    return await page.app.push_screen_wait(
        Ask(field.label, [text for text in lines if text], value=value, check=check)
    )


async def ask_report(page: Page, desk: Desk) -> Sequence[Path] | None:
    """The files to send along: the doctor's report where there is one and a person wants it; None
    when they went back."""
    if desk.report is None:
        return ()
    wants = await page.app.push_screen_wait(
        Pick(
            "Send the doctor's report along?",
            ["It names no patient, no account and no folder, and is searched once more."],
            [("yes", "With the report, as the doctor last wrote it"), ("no", "Without it")],
        )
    )
    if wants is None:
        return None
    return (desk.report,) if wants == "yes" else ()


async def ask_file(page: Page, desk: Desk) -> str | None:
    """Where to save the text; None when they went back."""

    def check(text: str) -> None:
        if not text.strip().lower().endswith((".txt", ".eml")):
            raise UsageError("The name must end in .txt or .eml.", "")

    name = f"ticket-{desk.transfer}-{desk.case.key}.txt"
    given = await page.app.push_screen_wait(
        Ask(
            "Save the text as",
            [".txt to copy from, .eml for a mail program. Only this account can read it."],
            value=str(page.owner.source.start_folder() / name),
            check=check,
        )
    )
    return given.strip() if given else None


async def ask_by_hand(page: Page, ticketing: Ticketing) -> ByHand | None:
    """Number, day and person of a ticket that was sent by hand."""
    number = await page.app.push_screen_wait(
        Ask("The ticket's number", ["As the helpdesk shows it."], check=_number)
    )
    if number is None:
        return None
    now = page.owner.source.now
    when = await page.app.push_screen_wait(
        Ask(
            "Sent on which day?",
            ["In UTC; after 48 hours without an answer you are reminded."],
            value=now().date().isoformat(),
            check=lambda text: since_when(text, now()),
        )
    )
    if when is None:
        return None
    person = await ask_person(page, ticketing, "Who sent it?")
    return ByHand(number.strip(), since_when(when, now()), person) if person else None


async def ask_answer(page: Page, ticketing: Ticketing, known: str) -> Answered | None:
    """What the helpdesk answered, and whether what was asked for is there."""
    text: str | None = known
    if not known:
        text = await page.app.push_screen_wait(
            Ask("What did the helpdesk answer?", ["In a line. It may stay empty."])
        )
    if text is None:
        return None
    is_settled = await page.app.push_screen_wait(
        Question(
            "Is what the ticket asks for there?",
            ["Then this step is done. Otherwise the ticket stays open."],
            no="Not yet",
            yes="It is there",
        )
    )
    if not is_settled and (known or not text.strip()):
        return None
    person = await ask_person(page, ticketing, "Who says so?")
    return Answered("" if known else text.strip(), is_settled, person) if person else None


async def ask_not_needed(page: Page, ticketing: Ticketing) -> tuple[str, str] | None:
    """Who says that no ticket is needed, and why."""
    reason = await page.app.push_screen_wait(
        Ask(
            "Why is no ticket needed?",
            ["For one that the project is there already. It is kept with name and date."],
            check=refuse_empty,
        )
    )
    person = await ask_person(page, ticketing, "Who says so?") if reason else None
    return (person, reason.strip()) if person and reason else None


async def ask_person(page: Page, ticketing: Ticketing, question: str) -> str | None:
    """The person's name, the last one suggested."""
    person = await page.app.push_screen_wait(
        Ask(
            question,
            ["First and last name of the person."],
            value=plain(ticketing.person),
            check=refuse_empty,
        )
    )
    if person:
        ticketing.person = person.strip()
    return person.strip() if person else None


def _number(text: str) -> None:
    if not text.strip().isalnum() or len(text.strip()) > 20:
        raise UsageError("That is no ticket's number.", "Digits, as the helpdesk shows them.")

"""Who says so, asked once a session, and why."""

from __future__ import annotations

from transfer.errors import UsageError
from tui.page import Page
from tui.screens.question import Ask


async def ask_person_once(page: Page, *, anew: bool = False) -> str | None:
    """The person who speaks: the one who was named last in this session, unless `anew`. None when
    the operator went back."""
    findings = page.owner.source.findings
    if findings.person and not anew:
        return findings.person
    changes = ": [w] names another one" if hasattr(page, "action_who") else " until you leave"
    person = await page.app.push_screen_wait(
        Ask(
            "Who says so?",
            [
                "First and last name of the person. It is kept with each word, and asked once"
                f"{changes}."
            ],
            value=findings.person,
            check=_something,
        )
    )
    if not person:
        return None
    findings.person = person.strip()
    return findings.person


async def ask_why(page: Page, title: str) -> tuple[str, str] | None:
    """The person and the reason; None when the operator went back."""
    reason = await page.app.push_screen_wait(
        Ask(title, ["It is kept with the transfer, with name and date."], check=_something)
    )
    person = await ask_person_once(page) if reason else None
    return (person, reason.strip()) if reason and person else None


def _something(text: str) -> None:
    if not text.strip() or not text.strip().isprintable():
        raise UsageError("That cannot be taken.", "Write it as asked for above, or press Esc.")

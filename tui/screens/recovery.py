"""A transfer whose ledger cannot be read: what is left of it, and the gentlest way back."""

from __future__ import annotations

from functools import partial

from transfer.recovering.look import Look
from tui.figures import moment
from tui.page import Page
from tui.recovering import aside_told, kept_told, regained_told
from tui.screens.pick import Note
from tui.screens.question import Question


async def recover(page: Page, name: str) -> bool:
    """Look at the ledger, and put it back from its copy where the operator says so; whether it
    was.

    Raises:
        TransferError: it cannot be looked at or put back; nothing was changed.
    """
    recovering = page.owner.source.recovering
    look = await page.owner.in_thread(partial(recovering.look, name))
    if look.is_sound or not look.backup_at_utc:
        await page.app.push_screen_wait(_note(name, look))
        return False
    asked = Question(
        f"Put the ledger of {name} back from its copy?",
        [
            look.flaw,
            "The source is untouched, and what was sent stays on the node. Nothing is sent before"
            " the ledger is back.",
            f"Its copy of {moment(look.backup_at_utc)} is whole; what happened since, the node"
            f" tells at the next upload. {kept_told(look)}",
            f"Another way, from source and node alone: eucaim-transfer recover {name} --rebuild",
        ],
        no="Leave it",
        yes="Put it back",
    )
    if not await page.app.push_screen_wait(asked):
        return False
    found = await page.owner.in_thread(partial(recovering.put_back, name))
    lines = [*regained_told(found), aside_told()]
    if found.is_chosen:
        lines.append(
            f"Nothing goes until a person has looked at what is to go (eucaim-transfer select"
            f" {name}) and said so: eucaim-transfer recover {name} --go-on --by PERSON --reason"
            " TEXT"
        )
    else:
        lines.append("Upload again: the node is asked first what it has.")
    await page.app.push_screen_wait(Note("The ledger is back, from its copy.", lines))
    return True


def _note(name: str, look: Look) -> Note:
    if look.is_sound:
        return Note(
            "Every page of the ledger is whole.",
            [f"What is wrong lies elsewhere: eucaim-transfer status {name} tells it."],
        )
    return Note(
        "There is no copy of this ledger that is whole.",
        [
            look.flaw,
            "The source is untouched, and what was sent stays on the node.",
            kept_told(look),
            "Have it made anew, from the source and the node, with: eucaim-transfer recover"
            f" {name} --rebuild",
        ],
    )

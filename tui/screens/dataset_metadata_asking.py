"""Asking for the values of one field, in the way that its kind wants."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from tui.page import Page
from tui.screens.choose import Choose
from tui.screens.dataset_entry import FieldEntry, LineEntry, SeveralEntry, TextEntry, Values
from tui.screens.dataset_limits import limits_told

if TYPE_CHECKING:
    from transfer.publication.values import Field

_NOTHING: Final = ""
_ENTRIES: Final[dict[str, type[FieldEntry]]] = {
    "line": LineEntry,
    "text": TextEntry,
    "words": TextEntry,
    "choices": SeveralEntry,
}


async def ask_values(page: Page, field: Field, values: Values) -> Values | None:
    """What a person fills in; None when they went back."""
    if field.kind != "choice":
        judge = partial(page.owner.source.datasets.faults_in, field)
        return await page.app.push_screen_wait(_ENTRIES[field.kind](field, values, judge))
    choices = [(value, value, "now" if value in values else "") for value in field.allowed]
    if not field.is_needed:
        choices.append((_NOTHING, "Nothing", "leave it empty"))
    lines = [text for text in (field.help, limits_told(field)) if text]
    word = await page.app.push_screen_wait(Choose(field.title, lines, choices))
    if word is None:
        return None
    return (word,) if word else ()

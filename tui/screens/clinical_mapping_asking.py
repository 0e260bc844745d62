"""What a person is asked while columns are mapped."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from transfer.clinical.attributes import ATTRIBUTES, Form
from transfer.clinical.columns import Role
from transfer.clinical.mapping import Unit
from transfer.clinical.values import Order
from transfer.errors import UsageError
from tui.page import Page
from tui.screens.choose import Choose
from tui.screens.clinical_mapping_drawing import heading_of
from tui.screens.pick import Pick
from tui.screens.question import Ask

if TYPE_CHECKING:
    from transfer.clinical.board import BoardColumn

_NONE: Final = "none"
_FORMS: Final = {
    Form.IDENTIFIER: "an identifier",
    Form.DATE: "a date",
    Form.YEARS: "years",
    Form.DAYS: "whole days",
    Form.NUMBER: "a number",
    Form.TERM: "a term",
    Form.TEXT: "text",
}


@dataclass(frozen=True, slots=True)
class Chosen:
    """What a person chose; `role` is None for no attribute at all."""

    role: Role | None
    told: str


async def ask_attribute(page: Page, column: BoardColumn, reveals: bool) -> Chosen | None:
    """Which attribute a column holds; None when the operator went back."""
    proposed = [
        (one.role.value, ATTRIBUTES[one.role].title, f"? {one.why}") for one in column.proposals
    ]
    shown = {word for word, _, _ in proposed}
    others = [
        (role.value, one.title, _beside(role)) for role, one in ATTRIBUTES.items()
        if role.value not in shown
    ]  # fmt: skip
    word = await page.app.push_screen_wait(
        Choose(
            f"What does {heading_of(column, reveals)} hold?",
            [],
            [*proposed, *others, (_NONE, "Nothing of these", "no attribute of EUCAIM")],
        )
    )
    if word is None:
        return None
    if word == _NONE:
        return Chosen(None, "no attribute of EUCAIM")
    role = Role(word)
    return Chosen(role, ATTRIBUTES[role].title)


def _beside(role: Role) -> str:
    attribute = ATTRIBUTES[role]
    rules = " ".join(filter(None, (attribute.positive, attribute.negative)))
    return f"{_FORMS[attribute.form]}  {rules}".rstrip()


async def ask_person(page: Page) -> str | None:
    """Whose word it is: asked once, then known for as long as the program runs."""
    findings = page.owner.source.findings
    if findings.person:
        return findings.person
    person = await page.app.push_screen_wait(
        Ask(
            "Who says so?",
            ["First and last name. It is kept with what you say of the table; asked once."],
            check=_some_text,
        )
    )
    if not person:
        return None
    findings.person = person.strip()
    return findings.person


async def ask_unit(page: Page, column: BoardColumn) -> Unit | None:
    """In what a column is counted."""
    likely = " It looks so." if column.doubt else ""
    units = [Unit.DAYS, Unit.WEEKS] if column.role is Role.RELATIVE_DAY else list(Unit)
    word = await page.app.push_screen_wait(
        Pick(
            "In what are these values counted?",
            [f"They are turned into {_goal(column)} as they leave; the table stays as it is."],
            [(unit.value, f"{unit}{likely if unit in column.doubt else ''}") for unit in units],
        )
    )
    return Unit(word) if word else None


def _goal(column: BoardColumn) -> str:
    return "days" if column.role is Role.RELATIVE_DAY else "years"


async def ask_order(page: Page, column: BoardColumn) -> Order | None:
    """What comes first in its dates."""
    word = await page.app.push_screen_wait(
        Pick(
            "Which comes first in these dates?",
            ["3/4/2024 can be both: the third of April, or the fourth of March."],
            [
                (Order.DAY.value, "The day: 3/4/2024 is the third of April"),
                (Order.MONTH.value, "The month: 3/4/2024 is the fourth of March"),
            ],
        )
    )
    return Order(word) if word else None


async def ask_path(page: Page, title: str, name: str) -> Path | None:
    """The whole path of a file."""
    text = await page.app.push_screen_wait(
        Ask(
            title,
            ["A TOML file, by its whole path."],
            value=str(_path_of("~") / name),
            check=_whole_path,
        )
    )
    return _path_of(text) if text else None


def _path_of(text: str) -> Path:
    return Path(os.path.expanduser(text.strip()))


def _some_text(text: str) -> None:
    if not text.strip():
        raise UsageError("This cannot stay empty.", "Write a name, or press Esc.")


def _whole_path(text: str) -> None:
    if not _path_of(text).is_absolute():
        raise UsageError("That is no whole path.", "Begin it with / or ~.")

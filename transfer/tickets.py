"""A helpdesk ticket as the program composes it, before and after it is sent.

Which cases there are, with which titles and groups, is the adapters' to say
(`adapters/helpdesk`, and each kind of node); here are the forms that all of them share.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TicketField:
    """One thing that the helpdesk needs to know. `fault` names in words what a filled-in value
    must be; `pattern` is the regular expression of the legal form, empty for any text.

    `question` is asked where a required one is missing. `names_staff`: people of the hospital, or
    the hospital itself, stand in it, so that a surname alone does not make it a patient's.
    """

    key: str
    label: str
    hint: str = ""
    is_required: bool = False
    pattern: str = ""
    fault: str = ""
    most_letters: int = 400
    question: str = ""
    names_staff: bool = False


@dataclass(frozen=True, slots=True)
class TicketCase:
    """One reason to write to the helpdesk.

    `title` and the groups are to the letter (eucaim-requirements.md 13.1; rule HLP-01). `step` is
    the id of the journey's step that it belongs to. `opening` is the text's first paragraph;
    `note` is said beside the text and does not stand in it.
    """

    key: str
    step: str
    what: str
    title: str
    group: str
    fallback_group: str
    fields: Sequence[TicketField]
    opening: str = ""
    note: str = ""

    def field(self, key: str) -> TicketField | None:
        """One of its fields."""
        return next((field for field in self.fields if field.key == key), None)


@dataclass(frozen=True, slots=True)
class TicketText:
    """A ticket ready to go: plain text that holds no patient data (rule HLP-04). `reference`
    stands in the body, and in no other ticket's."""

    case: str
    title: str
    group: str
    fallback_group: str
    body: str
    reference: str = ""


@dataclass(frozen=True, slots=True)
class DeskAnswer:
    """What somebody of the helpdesk wrote in a ticket: plain text, and untrusted."""

    at_utc: str
    text: str


@dataclass(frozen=True, slots=True)
class DeskTicket:
    """A ticket as the helpdesk knows it. `state` is its own word for how far it is; `group` is
    where it ended up, which may be the fallback. `answers` are the staff's, oldest first;
    `replied_at_utc` is when the customer wrote after the last of them, empty where that is not so.
    """

    id: int
    number: str
    url: str
    title: str
    group: str
    state: str
    is_closed: bool = False
    created_at_utc: str = ""
    answers: Sequence[DeskAnswer] = ()
    replied_at_utc: str = ""

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
    must be; `pattern` is the regular expression of the legal form, empty for any text."""

    key: str
    label: str
    hint: str = ""
    is_required: bool = False
    pattern: str = ""
    fault: str = ""
    most_letters: int = 400


@dataclass(frozen=True, slots=True)
class TicketCase:
    """One reason to write to the helpdesk.

    `title` and the groups are to the letter (eucaim-requirements.md 13.1; rule HLP-01). `step` is
    the id of the journey's step that it belongs to.
    """

    key: str
    step: str
    what: str
    title: str
    group: str
    fallback_group: str
    fields: Sequence[TicketField]
    opening: str = ""


@dataclass(frozen=True, slots=True)
class TicketText:
    """A ticket ready to go: plain text that holds no patient data (rule HLP-04)."""

    case: str
    title: str
    group: str
    fallback_group: str
    body: str

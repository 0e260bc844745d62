"""From what was filled in to the text of a ticket, or to what is still wrong with it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from transfer.errors import StepBlocked
from transfer.ledger.telling import Piece, Told
from transfer.tickets import TicketCase, TicketField, TicketText

# Requirements, section 0: what counts as empty.
_EMPTY: Final = frozenset({"", "na", "n/a", "null", "none", "unknown", "?", "-"})
# Control characters, and signs that are not seen or turn the order of reading.
_UNSEEN: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with one field, as a sentence that names it."""

    key: str
    sentence: str


def faults_of(case: TicketCase, values: Mapping[str, str]) -> list[Fault]:
    """Every field that is missing or not of its legal form (rule HLP-02), in their order."""
    found = []
    for field in case.fields:
        sentence = fault_of(field, values.get(field.key, ""))
        if sentence:
            found.append(Fault(field.key, sentence))
    return found


def fault_of(field: TicketField, value: str) -> str:
    """What is wrong with a value; empty where nothing is."""
    text = value.strip()
    if text.casefold() in _EMPTY:
        if not field.is_required:
            return ""
        question = "" if field.question == f"{field.label}?" else field.question
        return f"{field.label} is missing. {question}".strip()
    if any(unicodedata.category(c) in _UNSEEN for c in text):
        return f"{field.label} holds a control character or one that is not seen; type it anew."
    if len(text) > field.most_letters:
        return f"{field.label} may have {field.most_letters} characters; it has {len(text)}."
    if field.pattern and not re.fullmatch(field.pattern, text):
        return f"{field.label} {field.fault}."
    return ""


def pieces_of(case: TicketCase, values: Mapping[str, str]) -> list[Piece]:
    """What a person filled in, to be searched for patient data."""
    return [
        Piece(field.label, text, field.names_staff)
        for field in case.fields
        if (text := values.get(field.key, "").strip())
    ]


def told_sentence(told: Told) -> str:
    """What a field tells of a patient, without telling it again."""
    article = "an" if told.kind[0] in "aeio" else "a"
    return f"{told.where} holds {article} {told.kind} of this transfer."


def compose(
    case: TicketCase,
    values: Mapping[str, str],
    reference: str,
    told: Sequence[Told] = (),
) -> TicketText:
    """The text of a ticket. `told` is what `told_in` found in `pieces_of` the same values.

    Raises:
        StepBlocked: a field is missing, not of its legal form, or tells of a patient (HLP-02,
            HLP-04); every one of them is named.
    """
    faults = faults_of(case, values)
    if faults:
        keys = " ".join(f"--set {fault.key}=…" for fault in faults)
        raise StepBlocked(
            "The ticket is not complete: " + " ".join(fault.sentence for fault in faults),
            f"Fill in: eucaim-transfer ticket NAME --case {case.key} {keys}",
        )
    if told:
        raise StepBlocked(
            "The ticket would tell of a patient: " + " ".join(map(told_sentence, told)),
            "Write it without; use the keys that this program shows (P1, S2) or counts.",
        )
    return draft(case, values, reference)


def draft(case: TicketCase, values: Mapping[str, str], reference: str) -> TicketText:
    """The text as far as it is filled in, for looking at: not checked, not to be sent."""
    lines = [case.opening, ""] if case.opening else []
    for field in case.fields:
        text = values.get(field.key, "").strip()
        if text.casefold() not in _EMPTY:
            lines.append(f"{field.label}: {text}")
    lines += ["", f"Reference: {reference}", "Written with eucaim-transfer"]
    return TicketText(
        case=case.key,
        title=case.title,
        group=case.group,
        fallback_group=case.fallback_group,
        body="\n".join(lines) + "\n",
        reference=reference,
    )


def as_plain_text(text: TicketText) -> str:
    """Title, group and body, as a person copies them into the helpdesk's form."""
    other = f" (if it is not offered: {text.fallback_group})" if text.fallback_group else ""
    return f"Title: {text.title}\nGroup: {text.group}{other}\n\n{text.body}"

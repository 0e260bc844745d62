"""What is missing before anything may be published, each with its rule. Empty: it may be.

Source: rules LEG-01 to LEG-03 of EUCAIM's transfer rules, section 13.3. The entries are judged
anew each time: what stands in a ledger is not taken for right because it stands there.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from transfer.legal import texts
from transfer.legal.entries import TITLES, Declaration, Entries, LegalEntry, State
from transfer.legal.papers import PAPERS, Paper

_WHICH: Final = {
    Declaration.INSTITUTION: "of the institution's legal representative",
    Declaration.EUCAIM: "of EUCAIM's Scientific Director",
}
_DOER: Final = {
    Declaration.CLEARANCE: "who declared it",
    Declaration.INSTITUTION: "who signed it",
    Declaration.EUCAIM: "who signed it",
}
_ASK: Final = {
    Declaration.CLEARANCE: "Ask EUCAIM's legal team for it, then record it.",
    Declaration.INSTITUTION: "Have your legal representative sign the DTA, then record it.",
    Declaration.EUCAIM: "Ask EUCAIM for the DTA signed by its Scientific Director, then record it.",
}
_SANDBOX: Final = "What is recorded is a sandbox record, which counts on stand-in nodes alone."
_ONE_NAME: Final = "Both signatures bear one name: record who signed for EUCAIM."


@dataclass(frozen=True, slots=True)
class Gap:
    """One thing that is missing: the rule, the declaration, and both sentences for people."""

    rule: str
    what: Declaration
    message: str
    remedy: str


def gaps_in(
    entries: Entries, *, is_sandbox_node: bool = False, now: datetime | None = None
) -> tuple[Gap, ...]:
    """Every gap at once, in the order of the rules."""
    at = now or datetime.now(UTC)
    found = [_missing(what, entries.get(what), is_sandbox_node) for what in Declaration]
    gaps = [gap for gap in found if gap is not None]
    open_ones = {gap.what for gap in gaps}
    ours, theirs = (entries.get(what) for what in _WHICH)
    if ours and theirs and open_ones.isdisjoint(_WHICH) and _is_one_name(ours, theirs):
        gaps.append(_unsigned(Declaration.EUCAIM, _ONE_NAME))
    for what in Declaration:
        entry = entries.get(what)
        lacks = lacks_of(what, entry, at) if entry and what not in open_ones else []
        if lacks:
            gaps.append(
                Gap(
                    "LEG-03",
                    what,
                    f"Publishing is locked: the record of the {_named(what)} lacks {_and(lacks)}.",
                    "Record it again, with all of it.",
                )
            )
    return tuple(gaps)


def lacks_of(what: Declaration, entry: LegalEntry, now: datetime) -> list[str]:
    """What the record of a declaration lacks, or holds in a form that proves nothing (LEG-03)."""
    parts: tuple[tuple[str, Callable[[str], str], str], ...] = (
        (_DOER[what], texts.person, entry.person),
        ("its date", lambda day: texts.day(day, now), entry.day),
        ("the digest of the document", texts.sha256, entry.sha256),
        ("its ticket", texts.ticket, entry.ticket),
        ("who entered it", texts.person, entry.entered_by),
    )
    return [part for part, read, value in parts if not _is_there(read, value)]


def missing_papers(entries: Entries) -> list[Paper]:
    """Papers of the checklist that are neither there nor said not to apply. They lock nothing:
    whether the papers are in order is what the legal team's clearance says."""
    settled = (State.THERE, State.NOT_APPLICABLE)
    return [p for p in PAPERS if p.key not in entries or entries[p.key].state not in settled]


def _missing(what: Declaration, entry: LegalEntry | None, is_sandbox_node: bool) -> Gap | None:
    if entry is None or not entry.is_there:
        return _unsigned(what, _ASK[what])
    return _unsigned(what, _SANDBOX) if entry.is_sandbox and not is_sandbox_node else None


def _unsigned(what: Declaration, remedy: str) -> Gap:
    if what is Declaration.CLEARANCE:
        message = "Publishing is locked: legal clearance is not recorded."
        return Gap("LEG-01", what, message, remedy)
    message = f"Publishing is locked: DTA signature {_WHICH[what]} missing."
    return Gap("LEG-02", what, message, remedy)


def _is_there(read: Callable[[str], str], value: str) -> bool:
    try:
        return bool(read(value))
    except ValueError:
        return False


def _is_one_name(ours: LegalEntry, theirs: LegalEntry) -> bool:
    return bool(ours.person) and texts.folded(ours.person) == texts.folded(theirs.person)


def _named(what: Declaration) -> str:
    return "legal clearance" if what is Declaration.CLEARANCE else TITLES[what]


def _and(parts: list[str]) -> str:
    *head, last = parts
    return f"{', '.join(head)} and {last}" if head else last

"""A legal record in plain lines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from transfer.legal.entries import TITLES, Declaration, LegalEntry, State
from transfer.legal.gaps import lacks_of
from transfer.legal.papers import BY_KEY, PAPERS
from transfer.legal.standing import LegalStanding
from tui.cli.output import columns
from tui.figures import count

_WORDS = {
    State.THERE: "there",
    State.NOT_APPLICABLE: "does not apply",
    State.MISSING: "missing",
    State.WITHDRAWN: "withdrawn",
}


def made_up_told(standing: LegalStanding, filled: Sequence[LegalEntry]) -> Iterator[str]:
    """What the made-up record filled in, and what it left as a person recorded it."""
    if filled:
        yield f"Made up and filled in: {_named(filled)}."
    else:
        yield "Nothing was filled in: each thing has an entry."
    kept = [entry for entry in standing.entries.values() if not entry.is_sandbox]
    if kept:
        yield f"Left as a person recorded it: {_named(kept)}."


def _named(entries: Sequence[LegalEntry]) -> str:
    """The declarations by name, the papers counted."""
    papers = sum(entry.what in BY_KEY for entry in entries)
    said = [what.value for what in Declaration if any(entry.what == what for entry in entries)]
    return ", ".join([*said, count(papers, "paper")] if papers else said)


def standing_told(name: str, standing: LegalStanding) -> Iterator[str]:
    """What is recorded, what is missing, and what was said earlier."""
    gate = "the legal record is whole." if standing.is_whole else "publishing is locked."
    yield f"{name}: {gate}"
    if any(entry.is_sandbox for entry in standing.entries.values()):
        yield "SANDBOX: this record, or a part of it, is made up and counts on stand-ins alone."
    now = datetime.now(UTC)
    for what in Declaration:
        yield ""
        yield from _declaration(what, standing.of(what), now)
    missing = len(standing.missing_papers)
    yield ""
    yield f"Papers ({len(PAPERS) - missing} of {len(PAPERS)} settled; they lock nothing)"
    rows = [
        (f"  {paper.key}", _WORDS[standing.of(paper.key).state], paper.title) for paper in PAPERS
    ]
    for paper, row in zip(PAPERS, columns(rows), strict=True):
        yield row.rstrip()
        yield from _about_paper(standing.of(paper.key))
    superseded = len(standing.history) - len(standing.entries)
    if superseded > 0:
        yield ""
        yield f"Earlier entries, superseded: {superseded} (--json shows each)"


def _declaration(what: Declaration, entry: LegalEntry, now: datetime) -> Iterator[str]:
    lacks = lacks_of(what, entry, now) if entry.is_there else []
    word = "incomplete" if lacks else _WORDS[entry.state]
    yield f"{TITLES[what]} [{what}]: {word}"
    if entry.state is State.WITHDRAWN:
        yield f"  by {entry.entered_by}: {entry.reason}"
    if not entry.is_there:
        return
    yield from _facts(entry)
    if lacks:
        yield f"  lacks: {', '.join(lacks)}"


def _facts(entry: LegalEntry) -> Iterator[str]:
    said = [entry.person, entry.day, entry.ticket and f"ticket {entry.ticket}"]
    told = ", ".join(part for part in said if part)
    if told:
        yield f"  {told}"
    if entry.sha256:
        how = "read here" if entry.is_digested_here else "as given"
        yield f"  SHA-256 {entry.sha256}"
        yield f"  ({how})"
    if entry.entered_by:
        yield f"  entered by {entry.entered_by} on {entry.recorded_at_utc[:10]}"


def _about_paper(entry: LegalEntry) -> Iterator[str]:
    if entry.reason:
        yield f"    because: {entry.reason}"
    if entry.day or entry.ticket:
        said = [entry.day, entry.ticket and f"ticket {entry.ticket}"]
        yield f"    {', '.join(part for part in said if part)}"
    if entry.sha256:
        yield f"    SHA-256 {entry.sha256}"

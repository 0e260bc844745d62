"""How the legal record is drawn: the gate, a row for each thing, and all that is known of one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final

from textual.content import Content

from transfer.legal.entries import TITLES, Declaration, LegalEntry, State
from transfer.legal.gaps import lacks_of
from transfer.legal.papers import BY_KEY, PAPERS
from transfer.legal.standing import LegalStanding
from tui.figures import count
from tui.text import plain
from tui.widgets.chrome import Now
from tui.widgets.failure import wrapped
from tui.widgets.ink import cell, dotted, ink, line

_STATE, _DAY = 17, 11
_LOCKED: Final = "Publishing is locked: "
_WORDS: Final = {
    State.THERE: ("✓", "there", "$good"),
    State.NOT_APPLICABLE: ("·", "not applicable", "$muted"),
    State.MISSING: ("○", "missing", "$warn"),
    State.WITHDRAWN: ("✗", "withdrawn", "$warn"),
}
_INCOMPLETE: Final = ("✗", "incomplete", "$bad")
_SHORT: Final = {
    Declaration.INSTITUTION: "DTA signed by the legal representative",
    Declaration.EUCAIM: "DTA signed by EUCAIM's Scientific Director",
}
"""Where the whole title of one would be cut; it stands whole beside the list."""
_LONGEST: Final = max(len(TITLES[what]) for what in _SHORT)

MARKS: Final = [
    ("✓ there", "recorded, with all that proves it"),
    ("· not applicable", "a reason stands in place of the paper"),
    ("○ missing", "nothing is recorded"),
    ("✗ incomplete", "something of the record lacks; publishing stays locked"),
    ("✗ withdrawn", "a person took it back; it counts as missing"),
]


def draw_gate(standing: LegalStanding, width: int) -> list[Content]:
    """What is missing for the gate, in words; first whether anything is."""
    found: list[Content] = []
    if standing.is_whole:
        found.append(line(("✓ ", "$good"), ("The legal record is whole.", "bold $good")))
        found += wrapped(
            ink("What is published still asks for its name, typed to the letter.", "$muted"), width
        )
    else:
        found.append(line(("✗ ", "$bad"), ("Publishing is locked. What is missing:", "bold $bad")))
        for gap in standing.gaps:
            text = gap.message.removeprefix(_LOCKED)
            pieces = wrapped(ink(plain(f"{text[:1].upper()}{text[1:]}")), width - 4)
            found += [line("  · " if not n else "    ", piece) for n, piece in enumerate(pieces)]
    if any(entry.is_sandbox for entry in standing.entries.values()):
        found += wrapped(
            ink(
                "SANDBOX: a part of this record is made up; it counts on stand-ins alone.", "$warn"
            ),
            width,
        )
    return [*found, Content("")]


def draw_heading(text: str, width: int) -> list[Content]:
    """A row that parts the list."""
    return [line(cell(text, width, "$muted"))]


def papers_heading(standing: LegalStanding) -> str:
    """How far the checklist is."""
    settled = len(PAPERS) - len(standing.missing_papers)
    return f"Papers: {settled} of {len(PAPERS)} settled; they lock nothing"


def things_told(whats: Iterable[str]) -> str:
    """How many declarations and papers these are; nothing where there are none."""
    papers = [what in BY_KEY for what in whats]
    kinds = [(papers.count(False), "declaration"), (papers.count(True), "paper")]
    return ", ".join(count(number, kind) for number, kind in kinds if number)


def draw_entry(entry: LegalEntry, lacks: Sequence[str], width: int) -> list[Content]:
    """One row: how it stands, what it is, of which day."""
    glyph, word, style = _INCOMPLETE if lacks else _WORDS[entry.state]
    if entry.state is State.MISSING and entry.what in BY_KEY:
        # A missing paper locks nothing.
        style = "$muted"
    room = width - _STATE - _DAY
    title = TITLES[entry.what]
    if room < _LONGEST and entry.what in _SHORT:
        title = _SHORT[Declaration(entry.what)]
    return [
        line(
            cell(f"{glyph} {word}", _STATE, style),
            cell(title, room),
            cell(entry.day, _DAY, "$muted", align="right"),
        )
    ]


def draw_about(
    entry: LegalEntry, standing: LegalStanding, now: datetime, width: int
) -> list[Content]:
    """All that is known of one thing, and what was said of it before."""
    found = wrapped(ink(TITLES[entry.what], "bold"), width)
    said = [
        plain(entry.person),
        f"date {entry.day}" if entry.day else "",
        f"ticket {plain(entry.ticket)}" if entry.ticket else "",
    ]
    if any(said):
        found += wrapped(dotted(said), width)
    if entry.reason:
        found += wrapped(ink(f"Because: {plain(entry.reason)}"), width)
    if entry.sha256:
        found += wrapped(line(("SHA-256 ", "$muted"), entry.sha256), width)
        how = "of a document read here" if entry.is_digested_here else "as it was given"
        found += wrapped(ink(f"The digest is {how}.", "$muted"), width)
    if entry.entered_by:
        day = entry.recorded_at_utc[:10]
        made = ", made up for the sandbox" if entry.is_sandbox else ""
        by = f"Entered by {plain(entry.entered_by)} on {day}{made}."
        found += wrapped(ink(by, "$muted"), width)
    if lacks := lacks_now(entry, now):
        found += wrapped(ink(f"✗ It lacks: {', '.join(lacks)}.", "$bad"), width)
    for gap in standing.gaps:
        if gap.what == entry.what:
            found += wrapped(ink(plain(gap.remedy), "$warn"), width)
    if len(found) == 1:
        found += wrapped(ink("Nothing is recorded of it.", "$muted"), width)
    return [*found, *_earlier(entry, standing, width)]


def lacks_now(entry: LegalEntry, now: datetime) -> list[str]:
    """What the record of a declaration lacks; nothing of a paper."""
    if entry.what not in list(Declaration) or not entry.is_there:
        return []
    return lacks_of(Declaration(entry.what), entry, now)


def _earlier(entry: LegalEntry, standing: LegalStanding, width: int) -> list[Content]:
    """What was said before; it counts no more."""
    before = [one for one in standing.history if one.what == entry.what][:-1]
    if not before:
        return []
    found = [Content(""), ink("Said before, and counting no more:", "$muted")]
    for one in reversed(before):
        parts = [
            one.recorded_at_utc[:10],
            _WORDS[one.state][1],
            plain(one.person),
            plain(one.reason),
            f"SHA-256 {one.sha256[:16]}…" if one.sha256 else "",
            f"entered by {plain(one.entered_by)}",
        ]
        found += wrapped(dotted(parts), width)
    return found


def legal_now(standing: LegalStanding | None, entry: LegalEntry | None, *, withdraws: bool) -> Now:
    """What now, for the row at the cursor."""
    if standing is None or entry is None:
        return Now("Reading the legal record…", "[Esc] goes back.")
    takes_back = "   [w] takes it back." if withdraws else ""
    made_up = "   [x] made-up record." if standing.is_sandbox_node else ""
    if entry.what in BY_KEY:
        happening = "A paper of the checklist: recorded with the transfer, it locks nothing."
    elif entry.is_there:
        happening = "Recording it anew keeps what was said before in the history."
    else:
        happening = "Record it once it is declared and signed."
    press = f"[Enter] records it.   [f] from a file.{takes_back}{made_up}"
    return Now(happening, press)

"""How the doctor's findings are drawn: in a line, the chosen one below, and all of it alone."""

from __future__ import annotations

from collections.abc import Sequence

from textual.content import Content

from transfer.node import CheckResult
from tui import figures
from tui.doctoring import Finding, Part, Verdict, heading, judge, standing_of
from tui.text import plain
from tui.widgets.chrome import Now
from tui.widgets.failure import wrapped
from tui.widgets.ink import cell, ink, line

_STATES = {
    "ok": ("✓", "good", "$good"),
    "unknown": ("·", "unknown", "$muted"),
    "warn": ("!", "look", "$warn"),
    "fail": ("✗", "mend", "$bad"),
}
_MEANINGS = {
    "ok": "nothing to do",
    "unknown": "this host does not tell; nothing to do",
    "warn": "it works, but have a look",
    "fail": "the transfer cannot go until this is mended",
}
_STATE, _NAME, _WIDE = 10, 20, 100
_LABEL = 13
_BELOW_LINES = 5
_NODE_AS_WELL = "[n] looks at a node as well.   [Esc] goes back."


def legend() -> list[tuple[str, str]]:
    """Glyph and word of each state, and what it means."""
    return [(" ".join(_STATES[state][:2]), meaning) for state, meaning in _MEANINGS.items()]


def state_of(result: CheckResult) -> Content:
    """A check's state as glyph and word."""
    glyph, word, style = _STATES[standing_of(result)]
    return line((f"{glyph} {word}", style))


def standing(verdict: Verdict, *, is_running: bool) -> Content:
    """The state of the whole round, for the top line."""
    if is_running:
        return line(("● looking", "$key"))
    if not verdict.is_good:
        return line((f"✗ {verdict.fail} to mend", "$bad"))
    return line(("✓ ready", "$good"))


def looking_at(part: Part, node: str) -> str:
    """What is being looked at, within a sentence."""
    told = heading(part, plain(node))
    return told[0].lower() + told[1:]


def ready(node: str) -> str:
    """The sentence of a round in which nothing failed."""
    where = f"; {plain(node)} is ready" if node else ""
    return f"This machine can do the job{where}."


def draw_summary(
    findings: Sequence[Finding], node: str, is_running: bool, width: int
) -> list[Content]:
    """What the round came to, or how far it is."""
    verdict = judge(findings)
    told = [f"{verdict.ok} good"]
    if verdict.unknown:
        told.append(f"{verdict.unknown} unknown")
    if verdict.warn:
        told.append(f"{verdict.warn} to look at")
    counts = "  ·  ".join(told)
    if is_running:
        part = findings[-1].part if findings else Part.MACHINE
        said = line(("● ", "$key"), (f"Looking at {looking_at(part, node)}…", "bold"))
    elif not verdict.is_good:
        what = figures.count(verdict.fail, "thing")
        said = line(("✗ ", "$bad"), (f"{what} to mend before a transfer can go.", "bold"))
    else:
        said = line(("✓ ", "$good"), (ready(node), "bold"))
    room = width - len(counts) - 2
    if said.cell_length > room:
        return [cell(said, width)]
    return [line(cell(said, room), "  ", (counts, "$muted"))]


def draw_heading(part: Part, node: str, findings: Sequence[Finding], width: int) -> list[Content]:
    """The line above the checks on one thing."""
    good = sum(standing_of(finding.result) == "ok" for finding in findings)
    counts = f"{good} of {len(findings)} good"
    room = max(8, width - len(counts) - 2)
    return [line(cell(heading(part, plain(node)), room, "bold"), "  ", (counts, "$muted"))]


def draw_check(result: CheckResult, width: int) -> list[Content]:
    """One check: its state, its name where there is room, and what it says."""
    name = _NAME if width >= _WIDE else 0
    style = "$muted" if result.state == "ok" else ""
    return [
        line(
            cell(state_of(result), _STATE),
            cell(name_of(result), name, "$muted"),
            cell(plain(result.message), max(8, width - _STATE - name), style),
        )
    ]


def draw_asking(width: int) -> list[Content]:
    """The line of the check that is under way."""
    return [line(("● asking", "$key"))]


def name_of(result: CheckResult) -> str:
    """A check's short name as words."""
    return plain(result.check).replace("-", " ")


def draw_below(result: CheckResult | None, width: int) -> list[Content]:
    """The chosen check: what it says, and what to do about it, as far as there is room."""
    if result is None:
        return []
    style = "" if result.state == "ok" else "bold"
    found = wrapped(ink(plain(result.message), style), width)[:2]
    if result.state == "ok":
        if result.answer:
            found += wrapped(ink(plain(result.answer), "$muted"), width)[:2]
        return [Content(""), *found]
    remedy = plain(result.remedy)
    room = _BELOW_LINES - len(found) - (1 if result.whom else 0)
    told = wrapped(ink(remedy), width)
    if len(told) > room:
        told = [*told[: room - 1], line(told[room - 1], ("…", "$muted"))]
    found += told
    if result.whom:
        found.append(line(("Ask: ", "$muted"), (plain(result.whom), "$key")))
    return [Content(""), *found]


def draw_whole(result: CheckResult, width: int) -> list[Content]:
    """All there is of one check."""
    found = [
        line(state_of(result), "   ", (name_of(result), "$muted")),
        Content(""),
        *wrapped(ink(plain(result.message), "bold"), width),
    ]
    told = [
        ("What to do", result.remedy),
        ("Whom to ask", result.whom),
        ("What was tried", result.tried),
        ("What came back", result.answer),
    ]
    for label, text in told:
        if text:
            found += [
                Content(""),
                line((label, "$muted")),
                *wrapped(ink(plain(text)), width),
            ]
    return found


def wants_sign_in(verdict: Verdict) -> bool:
    """Whether the first thing to mend is that nobody is signed in."""
    return not verdict.is_good and verdict.first is not None and verdict.first.check == "sign-in"


def doctor_now(verdict: Verdict, is_running: bool, transfer: str, node: str) -> Now:
    """The "what now" of a round: the first cure."""
    if is_running:
        return Now("Nothing is sent and nothing is changed.", "[Esc] goes back and ends it.")
    first = verdict.first
    if first is None or verdict.is_good:
        look = "[Enter] shows one in full.   " if verdict.warn else ""
        onward = "[Esc] goes back to the journey." if transfer else _NODE_AS_WELL
        return Now(ready(node), f"{look}{onward}", "$good")
    if wants_sign_in(verdict):
        return Now(
            f"First: {plain(first.message)}",
            "[i] goes to the sign-in.   [Enter] shows all of it.   [r] looks again.",
        )
    return Now(
        f"First: {plain(first.remedy) or plain(first.message)}",
        "[Enter] shows all of it.   [r] looks again.   [w] writes a report for a ticket.",
    )

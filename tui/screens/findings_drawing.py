"""How findings are drawn: a rule in a line, a finding in a line, and the chosen one below."""

from __future__ import annotations

from collections.abc import Sequence

from textual.content import Content

from transfer.ledger.findings import Finding
from tui import figures
from tui.by_key import by_key
from tui.findings import About, Group
from tui.text import plain, shorten_path
from tui.widgets.failure import wrapped
from tui.widgets.ink import cell, ink, line

_SEVERITIES = {
    "block": ("✗", "stops", "$bad"),
    "ask": ("?", "asks", "$warn"),
    "warn": ("!", "warns", "$warn"),
    "info": ("·", "tells", "$muted"),
}
_STANDINGS = {
    "waived": ("✓", "waived"),
    "answered": ("✓", "answered"),
    "excluded": ("-", "left out"),
    "mended": ("~", "mended"),
}
_NOUNS = {
    "P": ("patient", None),
    "S": ("study", "studies"),
    "E": ("series", "series"),
    "I": ("instance", None),
    "F": ("file", None),
    "R": ("row", None),
}
_STATE, _RULE, _FINDINGS, _THINGS = 11, 8, 14, 16
_KEY, _N = 10, 18
_REMEDY_LINES = 3
_LABEL = 12


def state_of(severity: str, standing: str) -> Content:
    """What a finding does, or how it was set aside: glyph and word."""
    if standing != "open":
        glyph, word = _STANDINGS.get(standing, ("·", standing))
        return line((f"{glyph} {word}", "$muted"))
    glyph, word, style = _SEVERITIES.get(severity, ("·", severity, "$muted"))
    return line((f"{glyph} {word}", style))


def legend() -> list[tuple[str, str]]:
    """Glyph and word of each state, and what it means."""
    meanings = {
        "block": "nothing is sent while it stands",
        "ask": "a person answers once; until then nothing is sent",
        "warn": "worth a look; it stops nothing",
        "info": "good to know",
    }
    found = [(" ".join(_SEVERITIES[word][:2]), text) for word, text in meanings.items()]
    aside = {
        "answered": "a named person answered",
        "waived": "a named person answers for it, with a reason",
        "excluded": "what it is about does not go",
        "mended": "what leaves no longer has the fault",
    }
    return found + [(" ".join(_STANDINGS[word]), text) for word, text in aside.items()]


def summary(groups: Sequence[Group]) -> Content:
    """What stands in the way, in one line."""
    stops = sum(g.is_open and g.of.severity == "block" for g in groups)
    asks = sum(g.is_open and g.of.severity == "ask" for g in groups)
    warns = sum(g.is_open and g.of.severity == "warn" for g in groups)
    parts = []
    if stops:
        parts.append(f"{figures.count(stops, 'rule')} {'stops' if stops == 1 else 'stop'}"
                     " the upload")  # fmt: skip
    if asks:
        parts.append(f"{figures.count(asks, 'question')} {'is' if asks == 1 else 'are'} open")
    if parts:
        return ink("; ".join(parts) + ".", "bold $bad" if stops else "bold $warn")
    if warns:
        told = f"Nothing stands in the way; {figures.count(warns, 'rule')} would have you look."
        return line(("✓ ", "$good"), (told, "bold"))
    return line(("✓ ", "$good"), ("Nothing stands in the way.", "bold"))


def noun_of(key: str, n: int) -> str:
    """`1 series`, `12 patients`: what keys like this one name."""
    one, many = _NOUNS.get(key[:1], ("finding", None)) if key[1:].isdecimal() else ("finding", None)
    return figures.count(n, one, many)


def draw_group(group: Group, width: int) -> list[Content]:
    """One rule: what it does, what it is, and how much of it there is."""
    of, first = group.of, group.first
    style = "" if group.is_open else "$muted"
    things = ""
    if of.things != of.findings:
        things = noun_of(first.example, of.things) if first.example else f"{of.things:,} in all"
    title = max(8, width - _STATE - _RULE - _FINDINGS - _THINGS)
    return [
        line(
            cell(state_of(of.severity, of.standing), _STATE),
            cell(cell(plain(of.rule), _RULE - 1, style), _RULE),
            cell(cell(plain(group.title), title - 2, style), title),
            cell(noun_of(first.key, of.findings), _FINDINGS, style, align="right"),
            cell(things, _THINGS, "$muted", align="right"),
        )
    ]


def draw_aside(width: int) -> list[Content]:
    """The line between what stands and what was set aside."""
    return [cell("Set aside", width, "$muted")]


def about_group(group: Group | None, transfer: str, width: int) -> list[Content]:
    """The chosen rule: what it found, for one, and what to do."""
    if group is None:
        return []
    return _told(group.first, transfer, width, more=group.of.findings - 1)


def draw_finding(finding: Finding, width: int) -> list[Content]:
    """One finding: what it is about, how much of it, and what it says."""
    things = noun_of(finding.example, finding.n) if finding.example else ""
    if finding.example and finding.example[:1] == finding.key[:1]:
        things = ""
    return [
        line(
            cell(plain(finding.key), _KEY),
            cell(things, _N, "$muted"),
            cell(plain(finding.message), max(8, width - _KEY - _N)),
        )
    ]


def about_finding(
    finding: Finding | None,
    about: About | None,
    transfer: str,
    shows_originals: bool,
    width: int,
) -> list[Content]:
    """The chosen finding: all of its words, what a person said, and what the hospital calls it."""
    if finding is None:
        return []
    found = _told(finding, transfer, width)
    if about is None:
        return found
    if about.said:
        found.append(line(cell(plain(about.said), width, "$key")))
    if shows_originals:
        for name, text in about.originals:
            room = max(8, width - _LABEL)
            shown = shorten_path(plain(text), room) if name == "File" else plain(text)
            found.append(line(cell(name, _LABEL, "$muted"), cell(shown, room)))
    return found


_ELSEWHERE = {"clinical": "o of step 9", "timepoints": "t of the journey"}
"""Keys of other pages that do what a remedy's command does."""


def _told(finding: Finding, transfer: str, width: int, *, more: int = 0) -> list[Content]:
    rest = f" And {noun_of(finding.key, more)} more." if more > 0 else ""
    message = line((plain(finding.message), "bold"), (rest, "$muted"))
    found = [Content(""), *wrapped(message, width)[:2]]
    if finding.remedy:
        remedy = plain(by_key(finding.remedy, transfer, _ELSEWHERE))
        found += wrapped(ink(remedy), width)[:_REMEDY_LINES]
    return found

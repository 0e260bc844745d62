"""How the selection draws a patient, a Study or a Series: a line of the tree, and the whole of it
below."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from textual.content import Content

from transfer.ledger.branches import Branch
from transfer.ledger.choice import Amount, Choice
from transfer.ledger.sieve import Sieve
from tui import figures
from tui.screens.findings_drawing import state_of
from tui.screens.review_drawing import MASK
from tui.text import plain
from tui.widgets.ink import cell, dotted, ink, line

WIDE: Final = 104
_WHAT, _WHEN, _COUNT, _SIZE, _FOUND = 10, 11, 7, 9, 6
_WIDE_WHAT, _WIDE_PART, _WIDE_WHEN = 13, 14, 25
_KINDS: Final = {"P": "Patient", "S": "Study", "E": "Series"}


def draw_choice(choice: Choice | None, width: int) -> list[Content]:
    """What goes and what stays, one under the other."""
    if choice is None:
        return [line(("Reading…", "$muted")), Content("")]
    return [
        _amount("✓ goes", "$good", choice.goes, width),
        _amount("· stays", "$muted", choice.stays, width),
    ]


def _amount(word: str, style: str, amount: Amount, width: int) -> Content:
    room = max(11, min(18, (width - 9) // 5))
    names = (
        figures.count(amount.patients, "patient"),
        figures.count(amount.studies, "study", "studies"),
        figures.count(amount.series, "series", "series"),
        figures.count(amount.instances, "instance"),
    )
    widths = (room, room, room, room + 4)
    tone = "" if amount.instances else "$muted"
    return line(
        cell(word, 9, style),
        *(cell(name, size, tone) for name, size in zip(names, widths, strict=True)),
        cell(figures.size(amount.bytes), max(9, width - 9 - sum(widths)), tone),
    )


def draw_heading(tabs: Content, width: int) -> list[Content]:
    """The views at the left, the names of the columns of figures at the right."""
    right = line(
        cell("inst.", _COUNT, "$muted", align="right"),
        cell("size", _SIZE, "$muted", align="right"),
        cell("found", _FOUND, "$muted", align="right"),
    )
    return [line(cell(tabs, width - right.cell_length), right)]


def lead_width(branches: Iterable[Branch]) -> int:
    """Cells for the keys of these, as the tree shows them."""
    return max((2 * _depth(branch) + 7 + len(branch.key) for branch in branches), default=0)


def _depth(branch: Branch) -> int:
    return 2 if branch.place.series else 1 if branch.place.study else 0


def draw_branch(
    branch: Branch, lead: int, is_open: bool, wanted: bool | None, reveals: bool, width: int
) -> list[Content]:
    """One line of the tree. `lead` is the width of its keys; `wanted` is what was asked for and
    is not done yet."""
    if width >= WIDE:
        what, part, when = _WIDE_WHAT, _WIDE_PART, _WIDE_WHEN
    else:
        what, part, when = _WHAT, 0, _WHEN
    name = width - lead - what - part - when - _COUNT - _SIZE - _FOUND
    parts = ", ".join(plain(text) for text in branch.body_parts)
    is_series = bool(branch.place.series)
    return [
        line(
            cell(_lead(branch, is_open, wanted), lead),
            cell(cell(name_of(branch, reveals), name - 1), name),
            cell(cell(_list(branch.modalities), what - 1), what),
            cell(cell(parts, part - 1, "$muted"), part),
            cell(cell(parts if is_series and not part else _when(branch, part), when - 1), when),
            cell(_count(branch), _COUNT, align="right"),
            cell(
                figures.size(branch.bytes_chosen) if branch.is_counted else "", _SIZE, align="right"
            ),
            cell(_found(branch), _FOUND, align="right"),
        )
    ]


def _lead(branch: Branch, is_open: bool, wanted: bool | None) -> Content:
    fold = "  " if branch.place.series else "▾ " if is_open else "▸ "
    return line(("  " * _depth(branch) + fold, "$muted"), _box(branch, wanted), " ", branch.key)


def _box(branch: Branch, wanted: bool | None) -> Content:
    if wanted is not None:
        return ink("[x]" if wanted else "[ ]", "$warn")
    if not branch.is_counted:
        return ink("[…]", "$muted")
    if branch.chosen and branch.excluded:
        return ink("[-]", "$key")
    return ink("[x]", "$good") if branch.chosen else ink("[ ]", "$muted")


def name_of(branch: Branch, reveals: bool) -> Content:
    """What it is called: a pseudonym, or what the files say of it."""
    if branch.place.study:
        text = plain(branch.name)
        return ink(text) if text else ink("no description", "$muted")
    if reveals:
        return ink(plain(branch.original_id)) if branch.has_id else ink("no Patient ID", "$muted")
    if not branch.has_id:
        return ink("no Patient ID", "$muted")
    return ink(plain(branch.name)) if branch.name else ink(MASK, "$muted")


def _when(branch: Branch, is_wide: int) -> Content:
    first, last = _date(branch.first_date), _date(branch.last_date)
    if branch.place.series:
        return Content("")
    if first == last or not last:
        return ink(first, "$muted")
    if is_wide:
        return ink(f"{first} to {last}", "$muted")
    years = dict.fromkeys((first[:4], last[:4]))
    return ink("-".join(years), "$muted")


def _date(text: str) -> str:
    shown = plain(text, 10)
    if len(shown) == 8 and shown.isdecimal():
        return f"{shown[:4]}-{shown[4:6]}-{shown[6:]}"
    return shown


def _list(words: Sequence[str]) -> str:
    return ",".join(plain(word, 40) for word in words)


def _count(branch: Branch) -> Content:
    if not branch.is_counted:
        return ink("…", "$muted")
    return ink(f"{branch.chosen:,}", "" if branch.chosen else "$muted")


def _found(branch: Branch) -> Content:
    if not branch.findings:
        return Content("")
    glyph = state_of(branch.worst, "open")[:1]
    return line(glyph, f" {branch.findings:,}")


def draw_whole(branch: Branch | None, reveals: bool, width: int) -> list[Content]:
    """The chosen one in full: its name, what it is, what of it goes."""
    if branch is None:
        return []
    kind = _KINDS[branch.key[0]]
    below = []
    if not branch.place.study:
        below.append(figures.count(branch.studies, "study", "studies"))
    if not branch.place.series:
        below.append(figures.count(branch.series, "series", "series"))
    if not branch.is_counted:
        below = ["counting what lies below"]
    facts = dotted(
        [
            (f"{kind} {branch.key}", "$muted"),
            *((text, "$muted") for text in below),
            (_list(branch.modalities), "$muted"),
            (", ".join(plain(text) for text in branch.body_parts), "$muted"),
            ("" if branch.place.series else _whole_when(branch), "$muted"),
        ]
    )
    lines = [Content(""), cell(name_of(branch, reveals).stylize("bold"), width)]
    if width >= WIDE:
        return [*lines, facts, _going(branch, "")]
    return [*lines, _going(branch, f"{kind} {branch.key}")]


def _going(branch: Branch, title: str) -> Content:
    if not branch.is_counted:
        return dotted([(title, "$muted"), ("counting what lies below…", "$muted")])
    total = branch.chosen + branch.excluded
    if total == 1:
        goes = "its one instance goes" if branch.chosen else "its one instance stays"
    elif not branch.excluded:
        goes = f"all {total:,} instances go"
    elif not branch.chosen:
        goes = f"all {total:,} instances stay"
    else:
        goes = f"{branch.chosen:,} of {total:,} instances go"
    found = Content("")
    if branch.findings:
        n = figures.count(branch.findings, "finding")
        found = line((f"{n}: ", "$muted"), state_of(branch.worst, "open"))
    size = figures.size(branch.bytes_chosen) if branch.chosen else ""
    return dotted([(title, "$muted"), goes, size, found])


def _whole_when(branch: Branch) -> str:
    first, last = _date(branch.first_date), _date(branch.last_date)
    return first if first == last or not last else f"{first} to {last}"


def sieve_words(sieve: Sieve, view: str) -> str:
    """What is shown of the tree, as a sentence without its full stop; empty where all is."""
    parts = []
    if sieve.words:
        parts.append('"' + " ".join(plain(word, 40) for word in sieve.words) + '"')
    if sieve.modalities:
        parts.append(_list(sieve.modalities))
    if view:
        parts.append(view)
    return ", ".join(parts)

"""How the review draws a Series, a text that stays and what is stopped."""

from __future__ import annotations

from textual.content import Content

from transfer.review.sample import SeriesRow
from transfer.review.stopped import StoppedGroup, word_of
from transfer.review.texts import StayingText
from tui import figures
from tui.screens.review_drawing import MASK
from tui.text import plain
from tui.widgets.failure import wrapped
from tui.widgets.ink import cell, ink, line


def question(group: StoppedGroup) -> tuple[str, list[str]]:
    if group.places:
        listed = ", ".join(group.places[:4]) + (" …" if len(group.places) > 4 else "")
        return (
            f"Why may what stands in {listed} leave?",
            [
                f"Patient {group.patient_key}: the last look found an original identifier there.",
                "Look at the header first. The answer is kept, with the name.",
            ],
        )
    return (
        "Why may the skipped instances be left out?",
        [
            "All that the method skips is left out of this transfer.",
            "The answer is kept in the ledger and in the report, with the name.",
        ],
    )


def draw_series(entry: SeriesRow, width: int) -> list[Content]:
    """One Series: its keys, what it is, and whether all of it leaves."""
    if 0 < entry.left_out == entry.instances:
        state = line(("○ left out", "$muted"))
    elif entry.stopped:
        state = line((f"✗ {entry.stopped:,} stopped", "$bad"))
    elif entry.failed:
        state = line((f"✗ {entry.failed:,} held or refused", "$bad"))
    elif entry.is_open:
        state = line(("○ not prepared yet", "$muted"))
    else:
        state = line(("✓ can leave", "$good"))
    return [
        line(
            cell(entry.key, 9),
            cell(entry.study_key, 8, "$muted"),
            cell(entry.patient_key, 8, "$muted"),
            cell(plain(entry.modality), 6),
            cell(figures.count(entry.instances, "instance"), 20),
            cell(state, max(0, width - 51)),
        )
    ]


def draw_stopped(group: StoppedGroup, width: int) -> list[Content]:
    return [
        line(
            cell(group.series_key, 8),
            cell(group.patient_key, 7, "$muted"),
            cell(line((f"✗ {word_of(group.cause)}", "$bad")), 14),
            cell(f"{group.instances:,}", 7, align="right"),
            "  ",
            cell(plain(group.reason), max(0, width - 38)),
        )
    ]


def draw_text(entry: StayingText, shows_originals: bool, width: int) -> list[Content]:
    text = MASK if entry.is_original and not shows_originals else plain(entry.text)
    return [
        line(
            cell(plain(entry.keyword), 24, "$muted"),
            cell(figures.count(entry.series, "series", "series"), 11, "$muted"),
            cell(text, max(0, width - 35)),
        )
    ]


def about(
    transfer: str,
    group: StoppedGroup | None,
    text: StayingText | None,
    shows_originals: bool,
    width: int,
) -> list[Content]:
    """The chosen one in full, with the command by which a person answers for it."""
    if text is not None:
        value = MASK if text.is_original and not shows_originals else plain(text.text)
        where = f"{text.keyword} ({text.tag >> 16:04X},{text.tag & 0xFFFF:04X}), first {text.first}"
        return [Content(""), line((where, "$muted")), *wrapped(ink(value, "bold"), width)]
    if group is None:
        return []
    found = [Content(""), *wrapped(ink(plain(group.reason), "bold"), width)]
    if len(group.places) > 1:
        found += wrapped(ink("Found in " + ", ".join(group.places), "$muted"), width)[:2]
    if group.remedy:
        found += wrapped(ink(plain(group.remedy.replace("NAME", transfer))), width)
    return found


def say(text: str, width: int) -> list[Content]:
    return [line((text, "$muted"))]

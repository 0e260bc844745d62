"""`review`: what de-identification does to a transfer, one slice of each series."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

from transfer.errors import UsageError
from transfer.review.contrast import Difference, contrast
from transfer.review.glass import Glass
from transfer.review.lines import Change, Line, Value
from transfer.review.look import Sight
from transfer.review.sample import SeriesRow
from transfer.review.stopped import StoppedGroup, word_of
from transfer.review.texts import StayingText, TextTally
from transfer.values import ExitCode
from transfer.workspace import Home
from tui import figures
from tui.cli.output import answering, columns, print_json, say
from tui.reviewing import Reviews

MASK = "*****"
_AT_MOST = 10_000
_CELL = 64


def review_command(options: argparse.Namespace) -> int:
    """Look at a transfer, or at one Series of it. Nothing is sent."""
    home = Home.find()
    name = home.workspace(options.name).name
    if not options.series and (options.all or options.against):
        raise UsageError(
            "--all and --against belong to one series.", "Add --series E1, or another one's key."
        )
    reviews = Reviews(home)
    glass = reviews.open_glass(name)
    if options.series:
        _one(reviews, name, glass, options)
    else:
        _whole(reviews, name, glass, options)
    return ExitCode.DONE


def _whole(reviews: Reviews, name: str, glass: Glass, options: argparse.Namespace) -> None:
    page = reviews.page(name, _AT_MOST, 0, 0)
    texts = _texts(reviews, name, glass)
    reveals = options.identifiers
    with answering():
        if options.json:
            print_json(
                {
                    "transfer": name,
                    "method": _method(glass),
                    "series": [_series_document(row) for row in page.series],
                    "texts": [_text_document(text, reveals) for text in texts],
                    "stopped": [_stopped_document(group) for group in page.stopped],
                }
            )
            return
        say(f"{name}: {glass.label}. One slice of each series was looked at; nothing was sent.")
        for row in columns(_series_cells(row) for row in page.series):
            say(row.rstrip())
        say("")
        say(f"{figures.count(len(texts), 'text')} that stay, each once:")
        for row in columns(_text_cells(text, reveals) for text in texts):
            say(row.rstrip())
        if page.stopped:
            say("")
            say(f"{figures.count(page.stopped_total, 'instance')} that do not leave:")
            for row in columns(_stopped_cells(group) for group in page.stopped):
                say(row.rstrip())
            say(f"See what can be done with: eucaim-transfer check {name}")
        if page.series:
            say("")
            say(f"Next: eucaim-transfer review {name} --series {page.series[0].key}")


def _one(reviews: Reviews, name: str, glass: Glass, options: argparse.Namespace) -> None:
    sights = reviews.look_at(name, glass, options.series, "")
    mine = sights[0]
    others = {sight.method: sight for sight in sights[1:]}
    if options.against and options.against not in others:
        known = ", ".join(others) or "none"
        raise UsageError(
            "This transfer cannot be compared with that profile.", f"It can with: {known}."
        )
    reveals = options.identifiers
    with answering():
        if options.json:
            print_json(_sight_document(name, glass, mine, others, reveals))
            return
        say(f"{mine.sample.series_key}, instance {mine.sample.key}: {glass.label}")
        if mine.cause:
            say(f"It does not leave: {mine.reason}")
        if options.against:
            found = contrast(mine.comparison, others[options.against].comparison)
            for row in columns(
                [("element", "", glass.own, options.against)]
                + [_difference_cells(difference, reveals) for difference in found]
            ):
                say(row.rstrip())
            return
        lines = [
            line
            for line in mine.comparison.lines
            if options.all or line.hit or line.change is not Change.KEPT
        ]
        if lines:
            heads = ("what", "element", "", "before", "after", "rule")
            for row in columns([heads, *(_line_cells(line, reveals) for line in lines)]):
                say(row.rstrip())


def _texts(reviews: Reviews, name: str, glass: Glass) -> list[StayingText]:
    tally, after = TextTally(), -1
    read = reviews.read_texts(name, glass, tally, 0)
    while read != after:
        after = read
        read = reviews.read_texts(name, glass, tally, after)
    return tally.texts()


# Documents ------------------------------------------------------------------------------------


def _method(glass: Glass) -> dict[str, str]:
    label = glass.methods[glass.own].label
    return {"name": label.name, "version": label.version, "sha256": label.sha256}


def _series_document(row: SeriesRow) -> dict[str, Any]:
    return {
        "key": row.key,
        "study": row.study_key,
        "patient": row.patient_key,
        "modality": row.modality,
        "instances": row.instances,
        "stopped": row.stopped,
        "failed": row.failed,
        "prepared": not row.is_open,
        "left_out": row.left_out,
    }


def _text_document(text: StayingText, reveals: bool) -> dict[str, Any]:
    return {
        "element": f"{text.tag >> 16:04X},{text.tag & 0xFFFF:04X}",
        "keyword": text.keyword,
        "text": MASK if text.is_original and not reveals else text.text,
        "series": text.series,
        "first": text.first,
    }


def _stopped_document(group: StoppedGroup) -> dict[str, Any]:
    return {
        "series": group.series_key,
        "patient": group.patient_key,
        "cause": group.cause,
        "reason": group.reason,
        "instances": group.instances,
        "places": list(group.places),
        "remedy": group.remedy,
    }


def _sight_document(
    name: str, glass: Glass, mine: Sight, others: dict[str, Sight], reveals: bool
) -> dict[str, Any]:
    return {
        "transfer": name,
        "method": _method(glass),
        "series": mine.sample.series_key,
        "instance": mine.sample.key,
        "leaves": not mine.cause,
        "cause": mine.cause,
        "reason": mine.reason,
        "elements": [_line_document(line, reveals) for line in mine.comparison.lines],
        "is_cut": mine.comparison.is_cut,
        "differences": {
            method: [
                _difference_document(found, reveals)
                for found in contrast(mine.comparison, other.comparison)
            ]
            for method, other in others.items()
        },
    }


def _line_document(line: Line, reveals: bool) -> dict[str, Any]:
    return {
        "element": line.where,
        "keyword": line.keyword,
        "vr": line.vr,
        "change": line.change.value,
        "before": _value(line.before, reveals),
        "after": _value(line.after, reveals),
        "rule": line.rule,
        **({"found": line.hit} if line.hit else {}),
    }


def _difference_document(found: Difference, reveals: bool) -> dict[str, Any]:
    mine, other = found.values
    return {
        "element": found.line.where,
        "keyword": found.line.keyword,
        "mine": _value(mine, reveals),
        "other": _value(other, reveals),
    }


def _value(value: Value | None, reveals: bool) -> str | None:
    """None for an element that is not there; what may not be shown is masked."""
    if value is None:
        return None
    return MASK if value.is_original and value.text and not reveals else value.text


# Lines ----------------------------------------------------------------------------------------


def _series_cells(row: SeriesRow) -> tuple[str, ...]:
    state = "not prepared yet" if row.is_open else "can leave"
    if 0 < row.left_out == row.instances:
        state = "left out"
    elif row.stopped or row.failed:
        state = f"{row.stopped + row.failed:,} stopped, held or refused"
    what = figures.count(row.instances, "instance")
    return (row.key, row.study_key, row.patient_key, row.modality, what, state)


def _text_cells(text: StayingText, reveals: bool) -> tuple[str, ...]:
    value = MASK if text.is_original and not reveals else text.text
    return (text.keyword, figures.count(text.series, "series", "series"), value)


def _stopped_cells(group: StoppedGroup) -> tuple[str, ...]:
    return (
        group.series_key,
        group.patient_key,
        word_of(group.cause),
        f"{group.instances:,}",
        group.reason,
    )


def _line_cells(line: Line, reveals: bool) -> tuple[str, ...]:
    before, after = (_value(value, reveals) or "" for value in (line.before, line.after))
    what = "found" if line.hit else line.change.value
    return (what, line.where, line.keyword, before[:_CELL], after[:_CELL], line.rule)


def _difference_cells(found: Difference, reveals: bool) -> tuple[str, ...]:
    mine, other = ("absent" if value is None else value for value in _both(found.values, reveals))
    return (found.line.where, found.line.keyword, mine[:_CELL], other[:_CELL])


def _both(values: Sequence[Value | None], reveals: bool) -> list[str | None]:
    return [_value(value, reveals) for value in values]

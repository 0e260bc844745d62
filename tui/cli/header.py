"""`header`: one header as it lies in the source, element by element."""

from __future__ import annotations

import argparse
import itertools
from typing import Any, Final

from transfer.review.outline import Kind, Outline, Place
from transfer.values import ExitCode
from transfer.workspace import Home
from tui import figures
from tui.cli.output import answering, columns, print_json, say
from tui.cli.review import MASK
from tui.looking import Looks, SeenHeader
from tui.text import plain

_AT_MOST: Final = 10_000
_NAME, _VALUE = 40, 100


def header_command(options: argparse.Namespace) -> int:
    """Print a header, or what of it holds a text. Original values are masked unless asked for."""
    home = Home.find()
    name = home.workspace(options.name).name
    seen = Looks(home).header(name, options.key)
    places, is_cut = _chosen(seen.outline, options.find)
    with answering():
        if options.json:
            elements = [
                _document(seen.outline, place, options.identifiers)
                for place in places
                if place.kind is Kind.ELEMENT
            ]
            print_json(
                {
                    "transfer": name,
                    "instance": seen.key,
                    "series": seen.series_key,
                    "elements": elements,
                    "is_cut": is_cut,
                }
            )
            return ExitCode.DONE
        _print(name, seen, places, is_cut, options)
    return ExitCode.DONE


def _chosen(outline: Outline, text: str | None) -> tuple[list[Place], bool]:
    if not text:
        return outline.walk(_AT_MOST)
    hits = set(outline.find(text, _AT_MOST))
    places = (place for place in outline.walk_all() if place.path in hits)
    return list(itertools.islice(places, _AT_MOST)), len(hits) >= _AT_MOST


def _print(
    name: str, seen: SeenHeader, places: list[Place], is_cut: bool, options: argparse.Namespace
) -> None:
    what = figures.count(seen.outline.count, "element")
    say(f"{name}: header of {seen.key}, series {seen.series_key}, {what} at the root.")
    for row in columns(_cells(seen.outline, place, options.identifiers) for place in places):
        say(row.rstrip())
    if options.find and not places:
        say("No element holds that text.")
    if is_cut:
        say(f"There is more; the first {_AT_MOST:,} are shown. --find TEXT looks through all.")
    if not options.identifiers:
        say(f"What may say who somebody is stands as {MASK}; --identifiers shows it.")


def _cells(outline: Outline, place: Place, reveals: bool) -> tuple[str, ...]:
    entry = outline.tell(place)
    indent = "  " * place.depth
    if place.kind is Kind.ITEM:
        return (f"{indent}item {place.path[-1]}", "", "", entry.value)
    tag = place.path[-1]
    value = MASK if entry.is_masked and not reveals else plain(entry.value)
    name = plain(entry.name or (f"Private, {entry.creator}" if entry.creator else "Private"))
    return (
        f"{indent}{tag >> 16:04X},{tag & 0xFFFF:04X}",
        plain(entry.vr),
        name[:_NAME],
        value if len(value) <= _VALUE else value[: _VALUE - 1] + "…",
    )


def _document(outline: Outline, place: Place, reveals: bool) -> dict[str, Any]:
    entry = outline.tell(place)
    is_hidden = entry.is_masked and not reveals
    return {
        "element": entry.where,
        "vr": entry.vr,
        "name": entry.name,
        "value": MASK if is_hidden else entry.value,
        "is_masked": is_hidden,
        **({"creator": entry.creator} if entry.creator else {}),
        **({"items": place.within} if place.element and entry.vr == "SQ" else {}),
    }

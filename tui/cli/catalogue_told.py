"""A catalogue's entry in plain lines."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from transfer.catalogue.dcat import value_of
from transfer.catalogue.entry import FACETS, Entry
from transfer.catalogue.fields import FIELDS
from transfer.catalogue.figures import Facet, in_order
from tui.cli.output import columns
from tui.figures import count, moment, size

_SHOWN: Final = 8
_LONGEST: Final = 60


def entry_told(entry: Entry) -> Iterator[str]:
    """What the entry says; groups below the limit are marked."""
    state = entry.state
    yield f"{entry.transfer}: {'ready' if not entry.blocks else 'not ready'}."
    yield f"Identifier  {state.identifier or 'not known yet'}"
    if state.address:
        yield f"Address     {state.address}"
    if state.is_seen and state.seen is not None:
        yield f"Seen        {moment(state.seen.seen_at_utc)}, by {state.seen.person}"
        if state.has_changed:
            yield "            Since then other images were verified: write the files anew, and ask"
            yield "            for the entry to be put right."
    yield ""
    yield from _fields(entry)
    yield ""
    yield from _figures(entry)


def _fields(entry: Entry) -> Iterator[str]:
    rows = [
        (f"  {field.key}", _shortened("; ".join(values)), _source(entry, field.key))
        for field in FIELDS
        if (values := entry.texts.get(field.key, ()))
    ]
    if not rows:
        yield "No field is filled in yet; their form: eucaim-transfer catalogue --template"
        return
    yield "Filled in"
    yield from (line.rstrip() for line in columns(rows))
    empty = [field.key for field in FIELDS if not entry.texts.get(field.key)]
    if empty:
        yield f"Empty: {', '.join(empty)}"


def _source(entry: Entry, key: str) -> str:
    return "from step 10" if key in entry.proposed else ""


def _shortened(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST else f"{line[: _LONGEST - 1]}…"


def _figures(entry: Entry) -> Iterator[str]:
    figures = entry.figures
    yield "Verified on the node"
    yield (
        f"  {count(figures.subjects, 'subject')}, {count(figures.studies, 'study', 'studies')},"
        f" {figures.series:,} series, {count(figures.images, 'image')}, {size(figures.size_bytes)}"
    )
    if figures.ages:
        yield f"  Age {figures.ages[0]} to {figures.ages[1]}, by Patient's Age as it left"
    if figures.years:
        yield f"  Acquired {figures.years[0]} to {figures.years[1]}{_moved(entry)}"
    for facet, title in FACETS.items():
        if facet is not Facet.YEAR or len(figures.of(facet)) > 1:
            yield from _groups(entry, facet, title)


def _moved(entry: Entry) -> str:
    n = entry.figures.moved_studies
    return f"; in {count(n, 'study', 'studies')} dates were moved before they left" if n else ""


def _groups(entry: Entry, facet: Facet, title: str) -> Iterator[str]:
    groups = entry.figures.of(facet)
    told = {group.value for group in entry.told(facet).groups}
    if not groups:
        return
    yield f"  {title}"
    rows = [
        (
            f"    {_shortened(value_of(facet, group.value))}",
            count(group.subjects, "subject"),
            count(group.studies, "study", "studies"),
            "" if group.value in told else "not told in the files",
        )
        for group in in_order(facet, groups[:_SHOWN])
    ]
    yield from (line.rstrip() for line in columns(rows))
    if len(groups) > _SHOWN:
        yield f"    and {len(groups) - _SHOWN} more (--json has all)"

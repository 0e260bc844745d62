"""The entry as a workbook: for the data holder, for whoever counts, and by terms of DCAT-AP."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from transfer.catalogue.dcat import json_ld, value_of
from transfer.catalogue.entry import FACETS, Entry
from transfer.catalogue.fields import FIELDS
from transfer.catalogue.figures import Facet
from transfer.catalogue.small import told_ages, told_years
from transfer.quality.export import harmless
from transfer.workbooks import new_workbook, save_timeless, text_cell

if TYPE_CHECKING:
    from openpyxl.workbook import Workbook

_HOLDER: Final = "Dataset"
_COUNTS: Final = "Counts"
_TERMS: Final = "DCAT-AP terms"
_NOTE: Final = (
    "The columns are this program's own: the sheet of the catalogue's team may name some of them"
    " otherwise, and ask for more."
)
_NODE: Final = "counted: verified on the node"
_PERSON: Final = "data holder"
_STEP_10: Final = "data holder, at step 10"
_MOST_VALUES: Final = 50
_WIDTHS: Final = (30, 70, 34, 12, 12, 12)

Row = Sequence[str | int | None]


def workbook(entry: Entry) -> bytes:
    """The workbook's content; the same entry gives the same bytes."""
    book = new_workbook("Metadata for the catalogue of EUCAIM", _NOTE)
    _sheet(book, _HOLDER, _holder_rows(entry))
    _sheet(book, _COUNTS, _count_rows(entry))
    _sheet(book, _TERMS, _term_rows(entry))
    target = io.BytesIO()
    save_timeless(book, target)
    return target.getvalue()


def _sheet(book: Workbook, title: str, rows: Iterator[Row]) -> None:
    sheet = book.create_sheet(title)
    for number, width in enumerate(_WIDTHS):
        sheet.column_dimensions["ABCDEF"[number]].width = width
    sheet.freeze_panes = "A2"
    for row in rows:
        sheet.append(
            [c if isinstance(c, int) else text_cell(sheet, str(harmless(c or ""))) for c in row]
        )


def _holder_rows(entry: Entry) -> Iterator[Row]:
    yield "Property", "Value", "From"
    yield "Identifier", entry.state.identifier, "the node, or the data holder"
    for field in FIELDS:
        values = entry.texts.get(field.key, ())
        source = _STEP_10 if field.key in entry.proposed else _PERSON
        yield field.title, "; ".join(_lined(value) for value in values), source if values else ""
    figures = entry.figures
    yield "Number of subjects", entry.subjects, _NODE
    yield "Number of studies", entry.studies, _NODE
    yield "Number of series", figures.series, _NODE
    yield "Number of images", figures.images, _NODE
    yield "Size in bytes", figures.size_bytes, _NODE
    if ages := told_ages(figures, entry.least):
        yield "Age range in years", f"{ages[0]} to {ages[1]}", f"{_NODE}; Patient's Age as it left"
    if years := told_years(figures, entry.least):
        moved = "; dates were moved before they left" if figures.moved_studies else ""
        yield "Image creation years", f"{years[0]} to {years[1]}", f"{_NODE}{moved}"
    for facet in (
        Facet.MODALITY,
        Facet.BODY_PART,
        Facet.MANUFACTURER,
        Facet.SEX,
        Facet.FORMAT,
    ):
        yield _values_row(entry, facet)


def _values_row(entry: Entry, facet: Facet) -> Row:
    part = entry.told(facet)
    values = [value_of(facet, group.value) for group in part.groups]
    shown = values[:_MOST_VALUES]
    left = len(values) - len(shown) + part.withheld
    told = "; ".join(shown) + (f"; {left} more not told" if left else "")
    return FACETS[facet], told.removeprefix("; "), _NODE


def _lined(text: str) -> str:
    return " ".join(text.split())


def _count_rows(entry: Entry) -> Iterator[Row]:
    yield "Of", "Value", "Note", "Subjects", "Studies", "Series", "Images"
    for facet, title in FACETS.items():
        part = entry.told(facet)
        for group in part.groups:
            counts = (group.subjects, group.studies, group.series, group.images)
            yield title, value_of(facet, group.value), None, *counts
        if part.withheld:
            note = f"fewer than {entry.least} subjects, or what would give those away"
            yield title, f"{part.withheld} not told", note


def _term_rows(entry: Entry) -> Iterator[Row]:
    yield "Term", "Value"
    document = json_ld(entry)
    del document["@context"]
    for term, value in document.items():
        yield from _flat(term, value)


def _flat(term: str, value: Any) -> Iterator[Row]:
    if isinstance(value, list):
        for one in value:
            yield from _flat(term, one)
    elif isinstance(value, Mapping):
        if "@value" in value:
            number = str(value["@value"])
            yield term, int(number) if number.isdecimal() else number
            return
        for inner, one in value.items():
            if inner == "@id" and len(value) == 1:
                yield term, str(one)
            elif inner != "@type":
                yield from _flat(f"{term} / {inner}", one)
    else:
        yield term, _lined(str(value))

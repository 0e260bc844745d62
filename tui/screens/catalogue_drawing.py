"""How the catalogue's entry is drawn: what stands in its way, its fields, and its counts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from textual.content import Content

from transfer.catalogue.dcat import value_of
from transfer.catalogue.entry import FACETS, Entry
from transfer.catalogue.figures import Facet, Group, in_order
from transfer.publication.values import Field
from tui import figures
from tui.text import plain
from tui.widgets.chrome import Now
from tui.widgets.failure import wrapped
from tui.widgets.ink import cell, dotted, ink, line
from tui.widgets.labelled import labelled

_LABEL, _MARK, _NAME, _VALUE = 12, 2, 26, 44
_MOST_REMARKS: Final = 4
_SHOWN: Final = 12

MARKS: Final = [
    ("✓", "filled in"),
    ("○", "needed and still missing"),
    ("✗", "it stands in the way of the entry"),
    ("·", "may stay empty"),
    ("! too small", "the files leave the group out (CAT-03)"),
    ("! not told", "left out too: it would give a small group away"),
]


def draw_about(entry: Entry | None, width: int) -> list[Content]:
    """What stands in the way, in words; then the identifier and where the entry is seen."""
    if entry is None:
        return []
    found: list[Content] = []
    blocks = entry.blocks
    if blocks:
        found.append(line(("✗ ", "$bad"), ("The entry is not ready:", "bold $bad")))
        for remark in blocks[:_MOST_REMARKS]:
            pieces = wrapped(ink(plain(remark.text)), width - 4)
            found += [line("  · " if not n else "    ", one) for n, one in enumerate(pieces)]
        if len(blocks) > _MOST_REMARKS:
            found.append(ink(f"    and {len(blocks) - _MOST_REMARKS} more", "$muted"))
    state = entry.state
    found += labelled(
        "Identifier", ink(plain(state.identifier or "not known yet"), "bold"), width, _LABEL
    )
    if state.is_seen and state.seen is not None:
        seen = f"{figures.moment(state.seen.seen_at_utc)}, by {plain(state.seen.person)}"
        found += labelled("Seen", ink(f"✓ {seen}", "$good"), width, _LABEL)
        if state.has_changed:
            text = "Since then other images were verified: write the files anew."
            found += wrapped(ink(f"! {text}", "$warn"), width)
    elif state.address:
        found += labelled("Address", ink(plain(state.address)), width, _LABEL)
    counts = entry.figures
    told: list[str | Content | tuple[str, str]] = [
        (figures.count(counts.subjects, "subject"), "bold"),
        figures.count(counts.studies, "study", "studies"),
        figures.count(counts.images, "image"),
        figures.size(counts.size_bytes),
    ]
    found += labelled("Verified", dotted(told), width, _LABEL)
    if (entry.subjects, entry.studies) != (counts.subjects, counts.studies):
        subjects = figures.count(entry.subjects, "subject")
        studies = figures.count(entry.studies, "study", "studies")
        text = f"{subjects}, {studies}: what the node counts. All else is of what was verified."
        found += labelled("It tells", ink(text, "$warn"), width, _LABEL)
    return [*found, Content("")]


def draw_field(entry: Entry, field: Field, width: int) -> list[Content]:
    """One field: whether it may go, what it is, what stands in it."""
    values = entry.texts.get(field.key, ())
    is_wrong = any(remark.key == field.key for remark in entry.blocks)
    room = width - _MARK - _NAME
    mark, style = ("·", "$faint")
    shown = ink("may stay empty", "$muted")
    if values:
        mark, style = ("✗", "$bad") if is_wrong else ("✓", "$good")
        note = "  (from step 10)" if field.key in entry.proposed else ""
        shown = line(plain("; ".join(values)), (note, "$muted"))
    elif field.is_needed or is_wrong:
        mark, style = ("○", "$warn")
        shown = ink("missing", "$warn")
    return [line(cell(mark, _MARK, style), cell(field.title, _NAME), cell(shown, room))]


def groups_of(entry: Entry) -> Iterator[tuple[Facet, Group, bool, bool]]:
    """Every group that is shown; whether the files tell it, and whether it is small itself."""
    for facet in FACETS:
        told = {group.value for group in entry.told(facet).groups}
        for group in in_order(facet, list(entry.figures.of(facet))[:_SHOWN]):
            yield facet, group, group.value in told, group.subjects < entry.least


def draw_group(
    facet: Facet, group: Group, is_told: bool, is_small: bool, width: int
) -> list[Content]:
    """One group of subjects; a small one is marked, and one that would give it away."""
    counted = figures.count(group.subjects, "subject")
    state = "" if is_told else "too small" if is_small else "not told"
    room = max(12, min(_VALUE, width - _MARK - _NAME - 26))
    return [
        line(
            cell("" if is_told else "!", _MARK, "$warn"),
            cell(FACETS[facet], _NAME, "$muted"),
            cell(plain(value_of(facet, group.value)), room),
            cell(counted, 16, "" if is_told else "$warn"),
            cell(state, 10, "$warn"),
        )
    ]


def draw_heading(text: str, width: int) -> list[Content]:
    """A row that parts the list."""
    return [cell(ink(text, "$muted"), width)]


def counts_heading(entry: Entry) -> str:
    """What limit counts."""
    limit = entry.least
    if limit <= 1:
        return "Counted from what was verified; all of it is told"
    usual = " (usual)" if entry.is_usual_least else ""
    return f"Counted; fewer than {limit} subjects{usual} are not told: key n sets it"


def about_field(field: Field) -> list[str]:
    """What is asked for, in lines."""
    lines = [field.help] if field.help else []
    if field.allowed:
        lines.append(f"One of: {', '.join(field.allowed)}.")
    if field.kind in ("choices", "words"):
        lines.append("Several have semicolons between them.")
    if field.most is not None:
        lines.append(f"At most {field.most:,} characters.")
    return [*lines, "Needed." if field.is_needed else "It may stay empty."]


def catalogue_now(entry: Entry | None, field: Field | None) -> Now:
    """What now, for the row at the cursor."""
    if entry is None:
        return Now("Counting what was verified on the node…", "[Esc] goes back.")
    keys = "[w] writes the files.   [t] the ticket.   [v] it was seen there."
    if entry.state.is_seen:
        return Now("The entry was looked up and compared.", keys)
    if entry.blocks:
        at = next((b for b in entry.blocks if field is not None and b.key == field.key), None)
        remark = at or entry.blocks[0]
        press = "[Enter] fills in the field.   [i] the identifier.   [f] from a file."
        return Now(plain(remark.text), press)
    # The ticket takes the digest over by itself, from a report that is there by then.
    said = "The entry is ready. Before the ticket, write the report: e of the journey."
    return Now(said, keys)

"""How the page on images and table side by side draws what it knows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from textual.content import Content

from transfer.clinical.reconciling import Entry, Part, Totals
from transfer.ledger.links import SAME
from tui import figures
from tui.clinical_reconciling import Counted
from tui.text import plain
from tui.widgets.chrome import Now
from tui.widgets.failure import wrapped
from tui.widgets.ink import POINTER, bar, cell, dotted, ink, line

PARTS: Final = (Part.IMAGES, Part.ROWS, Part.PAIRS)
_TITLES: Final = {
    Part.IMAGES: "Images without row",
    Part.ROWS: "Rows without images",
    Part.PAIRS: "IDs that look alike",
}
_SETTLED: Final = {
    Part.IMAGES: "left out",
    Part.ROWS: "kept back",
    Part.PAIRS: "answered",
}
_NOTHING: Final = {
    Part.IMAGES: "Every patient whose images go has a row.",
    Part.ROWS: "Every row has images, or stays here.",
    Part.PAIRS: "No two IDs look alike that are not equal.",
}
_NOTHING_SETTLED: Final = {
    Part.IMAGES: "No patient without row was left out.",
    Part.ROWS: "Nobody keeps rows back.",
    Part.PAIRS: "Nobody has answered for a pair.",
}
_MARK, _KEY, _WHERE, _MANY, _FORM = 3, 10, 13, 12, 20
_BAR: Final = 20


def summary(counted: Counted | None, width: int) -> list[Content]:
    """How many patients of the images have rows, and how much stands open."""
    if counted is None:
        return [ink("Comparing images and table…", "$muted")]
    totals = counted.totals
    part = figures.share(totals.linked, totals.patients)
    long = max(0, min(2 * _BAR, width - 56))
    have = line(
        (f"{totals.linked:,}", "bold"),
        (f" of {figures.count(totals.patients, 'patient')} who go have rows", ""),
    )
    rest = line("  ", bar(part, long, "$good" if totals.is_clean else "$key"))
    return [line(have, rest if long >= 8 else "")]


def state_of(counted: Counted | None) -> Content | None:
    """How much stands open, for the top line."""
    if counted is None or not counted.has_table:
        return None
    n = sum(counted.totals.open_of(part) for part in PARTS)
    if not n:
        return line(("✓ all fit together", "$good"))
    return line((f"✗ {n:,} open", "bold $bad"))


def tabs(counted: Counted | None, chosen: Part, width: int) -> list[Content]:
    """The three lists with their figures; the chosen one has the pointer."""
    each = width // len(PARTS)
    titles, below = [], []
    for number, part in enumerate(PARTS, 1):
        is_chosen = part is chosen
        title = line(
            (f"{POINTER} " if is_chosen else "  ", "$key"),
            (f"{number}", "bold $key"),
            " ",
            (_TITLES[part], "bold" if is_chosen else "$muted"),
        )
        titles.append(cell(title, each))
        below.append(cell(_figures(counted.totals if counted else None, part), each))
    return [line(*titles), line(*below)]


def _figures(totals: Totals | None, part: Part) -> Content:
    if totals is None:
        return ink("")
    n, settled = totals.open_of(part), totals.settled_of(part)
    mark = "?" if part is Part.PAIRS else "✗"
    style = "bold $warn" if part is Part.PAIRS else "bold $bad"
    is_open = line((f"{mark} {n:,} open", style)) if n else line(("✓ none", "$good"))
    said = (f", {settled:,} {_SETTLED[part]}", "$muted") if settled else ""
    return line("    ", is_open, said)


def heading(part: Part, *, settled: bool, reveals: bool, width: int) -> list[Content]:
    """What the columns of the list are."""
    identifier = "Patient ID" if reveals else "form of its ID"
    names = {
        Part.IMAGES: [("", _MARK), ("patient", _KEY), ("studies", _WHERE), (identifier, 0)],
        Part.ROWS: [
            ("", _MARK), ("key", _KEY), ("in its file", _WHERE), ("of that ID", _MANY),
            (identifier, 0),
        ],
        Part.PAIRS: [
            ("", _MARK), ("row", _KEY), ("patient", _KEY), ("they differ only in", 0),
        ],
    }[part]  # fmt: skip
    if settled and part is not Part.IMAGES:
        names[-1] = ("what was said", 0)
    room = width - sum(wide for _, wide in names)
    return [line(*(cell(name, wide or room, "$muted") for name, wide in names))]


def draw_entry(part: Part, entry: Entry, *, reveals: bool, width: int) -> list[Content]:
    """One of a list."""
    return [
        {Part.IMAGES: _draw_images, Part.ROWS: _draw_row, Part.PAIRS: _draw_pair}[part](
            entry, reveals, width
        )
    ]


def _draw_images(entry: Entry, reveals: bool, width: int) -> Content:
    room = width - _MARK - _KEY - _WHERE - _FORM
    text = plain(entry.patient_text) if reveals else entry.patient_form
    return line(
        _mark(entry),
        cell(entry.key, _KEY, "bold"),
        cell(figures.count(entry.studies, "study", "studies"), _WHERE, "$muted"),
        cell(text, room),
        cell("on the node already" if entry.sent else "", _FORM, "$warn"),
    )


def _draw_row(entry: Entry, reveals: bool, width: int) -> Content:
    room = width - _MARK - _KEY - _WHERE - _MANY
    text = plain(entry.row_text) if reveals else entry.row_form
    if entry.said.word and not reveals:
        text = _said(entry)
    return line(
        _mark(entry),
        cell(entry.key, _KEY, "bold"),
        cell(f"row {entry.number:,}", _WHERE, "$muted"),
        cell(figures.count(entry.rows, "row"), _MANY, "$muted"),
        cell(text, room),
    )


def _draw_pair(entry: Entry, reveals: bool, width: int) -> Content:
    room = width - _MARK - 2 * _KEY
    text = differ(entry)
    if entry.said.word:
        text = _said(entry)
    if reveals:
        text = f"{plain(entry.row_text)}  ~  {plain(entry.patient_text)}"
    if entry.patients > 1:
        text = f"looks like {entry.patients:,} patients"
    return line(
        _mark(entry, "?" if entry.patients == 1 else "✗"),
        cell(entry.key, _KEY, "bold"),
        cell(f"P{entry.patient}", _KEY, "bold"),
        cell(text, room),
    )


def _mark(entry: Entry, mark: str = "✗") -> Content:
    if entry.said.word or (entry.patient and not entry.row and not entry.studies):
        return cell("✓", _MARK, "$good")
    return cell(mark, _MARK, "$warn" if mark == "?" else "$bad")


def differ(entry: Entry) -> str:
    """In what the IDs of a pair differ, as a list in words."""
    *rest, last = entry.likenesses or ("spelling",)
    return f"{', '.join(rest)} and {last}" if rest else last


def _said(entry: Entry) -> str:
    said = entry.said
    word = {SAME: "the same patient", "different": "two patients"}.get(said.word, said.word)
    by = f", says {plain(said.person)}" if said.person else ""
    why = f": {plain(said.reason)}" if said.reason else ""
    return f"{word}{by}{why}"


def about(part: Part, entry: Entry | None, *, reveals: bool, width: int) -> list[Content]:
    """The one at the cursor in full, and what it means."""
    if entry is None:
        return []
    if part is Part.PAIRS:
        texts = _about_pair(entry)
    elif part is Part.ROWS:
        texts = _about_row(entry)
    else:
        texts = _about_images(entry)
    found = [ink("")]
    for text, style in texts:
        found += wrapped(ink(text, style), width)
    if reveals:
        found += _originals(entry, width)
    return found[:5]


def _about_pair(entry: Entry) -> list[tuple[str, str]]:
    where = f"Row {entry.number:,} of the table"
    if entry.said.word:
        return [(f"{where} and patient P{entry.patient}: {_said(entry)}.", "")]
    if entry.patients > 1:
        return [
            (f"The PatientID of row {entry.number:,} looks like {entry.patients:,} patients'.", ""),
            ("Nobody can say which: write it in the table as it is in the images.", "$muted"),
        ]
    many = figures.count(entry.rows, "row")
    studies = figures.count(entry.studies, "study", "studies")
    return [
        (f"{where} ({many}) and patient P{entry.patient} ({studies}) differ only in"
         f" {differ(entry)}.", ""),
        ("The table itself stays as it is: a person says whether they are one patient.", "$muted"),
    ]  # fmt: skip


def _about_row(entry: Entry) -> list[tuple[str, str]]:
    if entry.said.word:
        return [
            (f"Row {entry.number:,}: {_said(entry)}.", ""),
            (f"Of that ID: {figures.count(entry.rows, 'row')}, which nobody sends.", "$muted"),
        ]
    many = f"Row {entry.number:,} of its file"
    if entry.rows > 1:
        many += f" and {entry.rows - 1:,} more of its PatientID"
    return [
        (f"{many}: there is no image of that PatientID.", ""),
        ("Keep it back, correct it in the table, or add the images and scan again.", "$muted"),
    ]  # fmt: skip


def _about_images(entry: Entry) -> list[tuple[str, str]]:
    studies = figures.count(entry.studies, "study", "studies")
    if entry.sent:
        return [
            (f"P{entry.patient} has {studies} and no row. Images of it are on the node.", ""),
            ("What has gone cannot be left out any more: add the row to the table.", "$muted"),
        ]
    return [
        (f"P{entry.patient} has {studies} and no row in the table.", ""),
        ("Leave the patient out, or add the row to the table with the ID of the images.", "$muted"),
    ]


def _originals(entry: Entry, width: int) -> list[Content]:
    parts: list[Content | str | tuple[str, str]] = []
    if entry.row:
        parts.append(line(("table ", "$muted"), plain(entry.row_text)))
    if entry.patient:
        parts.append(line(("images ", "$muted"), plain(entry.patient_text)))
    return [cell(dotted(parts), width)]


def nothing(part: Part, *, settled: bool) -> Sequence[str]:
    """What an empty list says."""
    return [(_NOTHING_SETTLED if settled else _NOTHING)[part]]


def what_now(counted: Counted, part: Part, entry: Entry | None, *, settled: bool) -> Now:
    """What is asked of the operator, and the keys for it."""
    totals, back = counted.totals, "[Esc] goes back."
    if not counted.has_table:
        return Now("There is no table that could be compared.", back)
    if counted.is_held:
        return Now("A runner is at work: this can be changed once it has ended.", back)
    if settled:
        take = "[u] takes it back.   [U] all of them.   " if entry else ""
        return Now("This is what persons have said.", f"{take}[v] shows what is open.")
    if totals.is_clean:
        return Now("Images and table fit together.", f"[v] what was said.   {back}")
    if entry is None and totals.open_of(part):
        return Now("The list is shown a page at a time.", f"[Enter] turns the page.   {back}")
    if entry is None:
        other = next(n for n, one in enumerate(PARTS, 1) if totals.open_of(one))
        return Now("Nothing of this stands open.", f"[{other}] shows what does.   {back}")
    if part is Part.PAIRS and entry.patients > 1:
        return Now("Only the table can say which patient it is.", f"[i] original IDs.   {back}")
    if part is Part.PAIRS:
        return Now(
            "Is it the same patient?", "[s] same.   [d] different.   [S] [D] all that differ so."
        )
    if part is Part.ROWS:
        return Now("These rows have no images.", "[k] keeps it back.   [K] all of them.   [i] IDs.")
    if entry.sent:
        return Now("The images have gone; the row is missing.", f"[i] original ID.   {back}")
    return Now("These images have no row.", "[x] leaves it out.   [X] all of them.   [i] IDs.")

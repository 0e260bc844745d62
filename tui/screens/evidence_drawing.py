"""How the evidence is drawn: the digest large enough to be read aloud, and what differs."""

from __future__ import annotations

from typing import Final

from textual.content import Content

from transfer.evidence.verify import Difference
from tui import figures
from tui.evidence import Standing, Writing
from tui.text import plain
from tui.widgets.chrome import Now
from tui.widgets.failure import wrapped
from tui.widgets.ink import cell, dotted, ink, line, share_and_bar
from tui.widgets.labelled import labelled

_LABEL, _BAR = 11, 40
_GROUP, _GROUPS = 4, 4
_STAGES: Final = {
    "": "Looking at the transfer…",
    "receipts": "Writing a receipt for each instance…",
    "audit": "Writing the audit log…",
    "looking": "Looking for original identifiers in every file…",
    "digests": "Digesting every file…",
}
_WHAT: Final = {
    "changed": ("✗ changed", "$bad"),
    "missing": ("✗ missing", "$bad"),
    "added": ("✗ added", "$bad"),
    "no file": ("✗ no file", "$bad"),
}


def digest_lines(digest: str) -> list[Content]:
    """A SHA-256 in numbered lines of four groups of four, as one reads it to somebody."""
    groups = [digest[n : n + _GROUP] for n in range(0, len(digest), _GROUP)]
    rows = [groups[n : n + _GROUPS] for n in range(0, len(groups), _GROUPS)]
    return [
        line((f"    {n}    ", "$muted"), ("   ".join(row), "bold")) for n, row in enumerate(rows, 1)
    ]


def draw_facts(standing: Standing | None, width: int) -> list[Content]:
    """Where the report lies, since when, and whether it still tells all."""
    if standing is None:
        return []
    found = labelled("Folder", ink(plain(standing.folder)), width, _LABEL)
    if standing.newest is None:
        return [*found, *labelled("Written", ink("not yet", "$muted"), width, _LABEL)]
    when = figures.moment(standing.newest.made_at_utc)
    told: list[str | tuple[str, str]] = [when]
    if not standing.is_there:
        told.append(("not in this folder any more, or changed there", "$warn"))
    found += labelled("Written", dotted(told), width, _LABEL)
    if standing.is_older:
        text = "Something happened in the transfer since; a report of now would say so."
        found += labelled("", ink(text, "$warn"), width, _LABEL)
    return found


def draw_progress(writing: Writing, seconds: float, width: int) -> list[Content]:
    """How far a report is that is being written."""
    found = [Content(""), ink(_STAGES[writing.stage], "bold")]
    if writing.total:
        what = "instances" if writing.stage == "receipts" else "files"
        part = figures.share(writing.done, writing.total)
        bar = share_and_bar(part, min(_BAR, width))
        found.append(line(bar, (f"   {writing.done:,} of {writing.total:,} {what}", "$muted")))
    found.append(ink(f"For {figures.span(seconds)} now.", "$muted"))
    return found


def draw_digest(standing: Standing | None, width: int) -> list[Content]:
    """The digest of the newest report, and the sentence for the ticket."""
    if standing is None or standing.newest is None:
        text = (
            "The report is one folder for the data protection officer: counts, findings, answers,"
            " people, a receipt for each instance, the legal record and the audit log. It holds no"
            " original identifier; a copy of it is proved offline by its digest."
        )
        return [Content(""), *wrapped(ink(text), width)]
    found = [Content(""), ink("Its digest (SHA-256), to be read aloud:", "$muted"), Content("")]
    found += [*digest_lines(standing.newest.digest), Content("")]
    found.append(ink("This sentence belongs into the ticket:", "$muted"))
    return found + wrapped(ink(plain(standing.sentence)), width)


def evidence_now(standing: Standing | None, writing: Writing | None) -> Now:
    """What now."""
    if writing is not None and not writing.is_over:
        return Now(
            "The report is being written.",
            "[Esc] goes back, and it goes on.   [ctrl+q] ends it; nothing is left of it.",
        )
    if standing is None:
        return Now("Looking at the evidence…", "[Esc] goes back.")
    if standing.newest is None:
        return Now(
            "No report of this transfer was written yet.",
            "[w] writes it.   [o] into another folder.   [v] proves a copy.",
        )
    if standing.is_older or not standing.is_there:
        return Now("The report is not of now.", "[w] writes it anew.   [v] proves a copy.")
    return Now(
        "Keep the digest outside the folder: only so it proves anything.",
        "[c] copies the sentence.   [t] the tickets.   [v] proves a copy.",
    )


def draw_verdict(is_whole: bool, files: int, digest: str, own: str, width: int) -> list[Content]:
    """Whether a copy is the report of a digest."""
    if is_whole:
        told = f"Whole: {figures.count(files, 'file')} and the manifest are those of the digest."
        found = [line(("✓ ", "$good"), (told, "bold $good"))]
        return [*found, Content(""), *digest_lines(digest)]
    found = [line(("✗ ", "$bad"), ("This is not the report of that digest.", "bold $bad"))]
    if own != digest:
        found += wrapped(ink(f"Asked for: {digest}", "$muted"), width)
        found += wrapped(ink(f"It is now: {own or 'no report at all'}", "$muted"), width)
    return [*found, Content("")]


def draw_difference(difference: Difference, width: int) -> list[Content]:
    """One file that is not as it was."""
    word, style = _WHAT[difference.what]
    return [line(cell(word, 11, style), cell(plain(difference.name), max(8, width - 11)))]

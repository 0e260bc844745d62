"""How step 10 is drawn: its stages, the dataset, its counts beside the ledger's, the gate."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from textual.content import Content

from transfer.publication.comparing import Difference
from transfer.publication.standing import Look
from transfer.publication.values import PublicationWay, Stage
from tui import figures
from tui.datasets import DatasetView
from tui.text import plain
from tui.widgets.failure import wrapped
from tui.widgets.ink import cell, dotted, ink, line
from tui.widgets.link import linked

_LABEL: Final = 11
_NAME, _NUMBER, _GAP = 11, 14, 3
_BORN: Final = (
    ("born", (Stage.CREATING, Stage.FAILED)),
    ("draft", (Stage.DRAFT,)),
    ("released", (Stage.RELEASED,)),
    ("published", (Stage.PUBLISHED,)),
)
_SHORTEST: Final = 3
Mark = tuple[str, str, str]
"""Name, glyph and style of a stage."""


def draw_stages(view: DatasetView, now: datetime, width: int) -> list[Content]:
    """Every stage in a line, what is behind with ✓, where it is with ●; below it since when."""
    stages = stages_of(view.look)
    names = sum(2 + len(name) for name, _, _ in stages)
    dashes = min(16, max(_SHORTEST, (width - names) // max(1, len(stages) - 1) - 2))
    parts: list[Content | str | tuple[str, str]] = []
    for n, (name, glyph, style) in enumerate(stages):
        if n:
            parts.append((f" {'─' * dashes} ", "$faint"))
        here = glyph in ("●", "✗") or (glyph == "✓" and n == len(stages) - 1)
        parts += [(f"{glyph} ", style), (name, f"bold {style}" if here else style)]
    about = wrapped(ink(_since(view.look, now), "$muted"), width)
    return [line(*parts), *_cut(about, 3), Content("")]


def stages_of(look: Look) -> list[Mark]:
    """Each stage that this node knows."""
    stage = look.dataset.stage if look.dataset else None
    if not look.way.is_born_elsewhere:
        return _levels(look.way, look.dataset.visibility if look.dataset else "", stage)
    if stage is Stage.INVALIDATED:
        return [(name, "·", "$faint") for name, _ in _BORN] + [("invalid", "✗", "$bad")]
    at = next((n for n, (_, stages) in enumerate(_BORN) if stage in stages), -1)
    found = []
    for n, (name, _) in enumerate(_BORN):
        glyph, style = ("○", "$muted")
        if n < at or stage is Stage.PUBLISHED:
            glyph, style = "✓", "$good"
        elif n == at:
            glyph, style = ("✗", "$bad") if stage is Stage.FAILED else ("●", "$key")
        found.append((name, glyph, style))
    return found


def _levels(way: PublicationWay, visibility: str, stage: Stage | None) -> list[Mark]:
    """A project is private, or it has one of the levels that the node offers."""
    offered = [one.key for one in way.visibilities]
    at = visibility if stage is Stage.PUBLISHED else ""
    found = [("private", "✓" if at else "●" if stage else "○", "$good" if at else "$key")]
    if not at:
        return [*found, (" or ".join(offered), "○", "$muted")]
    return [*found, (plain(at, 24), "✓", "$good")]


def _since(look: Look, now: datetime) -> str:
    if look.dataset is None:
        return "No dataset of this transfer is known here yet."
    words = {
        Stage.CREATING: "The node is making it.",
        Stage.FAILED: "The node could not make it.",
        Stage.DRAFT: "Nobody else sees it.",
        Stage.RELEASED: look.way.waits_for or "The node's people look at it.",
        Stage.PUBLISHED: "Others see it.",
        Stage.INVALIDATED: "It is marked as not to be used.",
    }
    text = plain(words[look.dataset.stage], 300)
    if look.dataset.stage is Stage.DRAFT and not look.way.is_born_elsewhere:
        text = "Its members see it, and nobody else."
    since = figures.since(look.stage_since_utc, now) if look.stage_since_utc else ""
    return f"{since[:1].upper()}{since[1:]}. {text}" if since else text


def draw_facts(view: DatasetView, width: int) -> list[Content]:
    """What the dataset is, what it holds, and what stands in its way."""
    look, found = view.look, list[Content]()
    dataset = look.dataset
    if dataset is not None:
        version = f"version {plain(dataset.version, 32)}" if dataset.version else ""
        size = figures.size(dataset.size_bytes) if dataset.size_bytes else ""
        found += _facts(
            "Dataset", dotted([(plain(dataset.name, 256), "bold"), version, size]), width
        )
        found += _facts("Id", ink(plain(dataset.id, 80)), width)
        if dataset.said and dataset.stage in (Stage.CREATING, Stage.FAILED):
            found += _facts("Node says", ink(plain(dataset.said, 300)), width)
        if dataset.reason and dataset.stage is Stage.INVALIDATED:
            found += _facts("Reason", ink(plain(dataset.reason, 300)), width)
        for name, value in sorted(dataset.pids.items()):
            address = plain(value, 300)
            found += _facts(plain(name.upper(), 9), linked(address, value, "bold $key"), width)
        if dataset.link:
            found += _facts("Page", linked(dataset.link, dataset.link), width)
        if look.seen_at_utc:
            found += _facts("As of", ink(figures.moment(look.seen_at_utc)), width)
    if look.creation is not None:
        text = "One was asked for, and the answer got lost: nobody knows whether it is there."
        found += _facts("Asked", ink(text, "$warn"), width)
    if found:
        found.append(Content(""))
    found += [*draw_counts(look, width), Content("")]
    found += _facts("Gate", gate(view), width)
    if _is_filled_in(look):
        found += _facts("Metadata", metadata(look), width)
    if dataset is not None and dataset.stage is Stage.PUBLISHED:
        told = line(("✓ ", "$good"), "its entry was looked up") if view.is_catalogued else line(
            ("○ ", "$warn"), "its entry was not looked up yet"
        )  # fmt: skip
        found += _facts("Catalogue", told, width)
    return found


def draw_counts(look: Look, width: int) -> list[Content]:
    """The node's counts beside the ledger's, and the verdict."""
    cohort, found = look.cohort, look.difference
    dataset = look.dataset
    heading = line(
        cell("", _NAME), cell("verified here", _NUMBER, "$muted", "right"),
        cell("in the dataset", _NUMBER + _GAP, "$muted", "right"),
    )  # fmt: skip
    lines = [heading]
    asked = found.asked_studies is not None if found else False
    rows = (
        ("Studies", cohort.studies, dataset.studies if dataset else None,
         found.asked_studies if found and asked else None),
        ("Subjects", cohort.patients, dataset.subjects if dataset else None,
         found.asked_subjects if found and asked else None),
    )  # fmt: skip
    for name, ours, theirs, wanted in rows:
        lines.append(
            line(
                cell(name, _NAME),
                cell(f"{ours:,}", _NUMBER, "bold", "right"),
                cell("?" if theirs is None else f"{theirs:,}", _NUMBER + _GAP, "bold", "right"),
                " " * _GAP,
                _verdict(ours, theirs, wanted) if dataset else Content(""),
            )
        )
    if found is not None:
        lines += _named(found, width)
    if look.accepted is not None:
        text = f"by {plain(look.accepted.person, 80)}: {plain(look.accepted.reason, 300)}"
        lines += _facts("Accepted", ink(text), width)
    return lines


def _verdict(ours: int, theirs: int | None, wanted: int | None) -> Content:
    if theirs is None:
        return line(("… the node does not say", "$muted"))
    asked = f", {wanted:,} asked for" if wanted is not None and wanted != ours else ""
    if theirs < ours or (wanted is not None and theirs < wanted):
        return line((f"✗ {max(ours, wanted or 0) - theirs:,} fewer{asked}", "bold $bad"))
    if theirs > ours:
        return line((f"! {theirs - ours:,} more{asked}", "$warn"))
    return line((f"✓ the same{asked}", "$good"))


def _named(found: Difference, width: int) -> list[Content]:
    lines: list[Content] = []
    if found.missing_count:
        rest = found.missing_count - len(found.missing)
        names = ", ".join(plain(name, 64) for name in found.missing)
        more = f" and {rest:,} more" if rest else ""
        lines += _cut(_facts("Not in it", ink(f"{names}{more}", "$bad"), width), 3)
    if found.foreign_count:
        many = figures.count(found.foreign_count, "subject")
        lines += _facts(
            "Not ours", ink(f"{many} in it that this transfer did not send", "$bad"), width
        )
    return lines


def gate(view: DatasetView) -> Content:
    """Whether the legal record lets anything be published."""
    gaps = view.legal.gaps
    if not gaps:
        return line(("✓ ", "$good"), "open: clearance and both signatures are recorded")
    missing = "; ".join(plain(_short(gap.message)) for gap in gaps)
    return line(("✗ ", "$bad"), ("locked: ", "bold $bad"), missing)


def _short(message: str) -> str:
    text = message.removeprefix("Publishing is locked: ").rstrip(".")
    return text


def metadata(look: Look) -> Content:
    """What is still to be filled in, or that nothing is."""
    blocks = [fault for fault in look.faults if fault.severity == "block"]
    warns = [fault for fault in look.faults if fault.severity == "warn"]
    if blocks:
        told = line(("✗ ", "$bad"), plain(blocks[0].text, 200))
        return line(told, f" (and {len(blocks) - 1} more)") if len(blocks) > 1 else told
    if warns:
        told = line(("! ", "$warn"), plain(warns[0].text, 200))
        return line(told, f" (and {len(warns) - 1} more)") if len(warns) > 1 else told
    return line(("✓ ", "$good"), "nothing is missing")


def _is_filled_in(look: Look) -> bool:
    """Whether it matters what is missing, and the node was asked for it: the ledger does not keep
    metadata."""
    is_open = look.dataset is not None and look.dataset.stage in (Stage.CREATING, Stage.DRAFT)
    return is_open and bool(look.faults or (look.dataset and look.dataset.fields))


def _facts(name: str, content: Content, width: int) -> list[Content]:
    pieces = wrapped(content, max(20, width - _LABEL))
    return [
        line(cell("" if n else name, _LABEL, "$muted"), piece) for n, piece in enumerate(pieces)
    ]


def _cut(lines: Sequence[Content], most: int) -> list[Content]:
    if len(lines) <= most:
        return list(lines)
    return [*lines[: most - 1], line(lines[most - 1].rstrip(), "…")]

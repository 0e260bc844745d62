"""A look at step 10 as a command tells it: in plain lines, as JSON, and on the way."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any, Final

from transfer.ledger.publication import Accepted, Trouble
from transfer.publication.comparing import Difference
from transfer.publication.standing import Look
from transfer.publication.values import Field, GuideLine, Stage
from tui import figures
from tui.cli.output import answering, print_json, say, tell

_WIDTH: Final = 79
_INDENT: Final = " " * 15
_STAGES: Final = {
    Stage.CREATING: "being made by the node",
    Stage.FAILED: "the node could not make it",
    Stage.DRAFT: "a draft",
    Stage.RELEASED: "released, not yet published",
    Stage.PUBLISHED: "published",
    Stage.INVALIDATED: "marked as not to be used",
}
_ORIGINS: Final = {
    "picked-up": "made in the node's own pages",
    "created": "made from an index",
    "destination": "the project itself",
}


class Telling:
    """Tells of each look on stderr what the one before did not say."""

    def __init__(self) -> None:
        self._last = ""

    def __call__(self, look: Look) -> None:
        line = stage_told(look)
        if line == self._last:
            return
        tell(line)
        self._last = line
        if look.dataset is not None and look.dataset.stage is Stage.DRAFT:
            for fault in look.faults:
                if fault.severity == "warn":
                    tell(f"warning: {fault.text}")


def print_look(name: str, look: Look, *, as_json: bool) -> None:
    """The answer of a command."""
    with answering():
        if as_json:
            print_json(dataset_document(name, look))
            return
        for line in dataset_lines(name, look):
            say(line)


def stage_told(look: Look) -> str:
    """How far the dataset is, in one line."""
    dataset = look.dataset
    if dataset is None:
        return "no dataset yet" if look.creation is None else "asked for; its fate is unknown"
    word = _STAGES[dataset.stage]
    if dataset.stage is Stage.DRAFT and not look.way.is_born_elsewhere:
        word = "private"
    if dataset.visibility and dataset.stage is Stage.PUBLISHED:
        word = f"{word}, {dataset.visibility}"
    return f"{word}: {dataset.said}" if dataset.said else word


def dataset_lines(name: str, look: Look) -> Iterator[str]:
    """Where the dataset stands, what speaks against publishing it, and what is next."""
    yield f"{name}: {stage_told(look)}"
    for lack in look.way.lacking:
        yield from _below("LACKS", lack)
    if look.dataset is not None:
        yield from _dataset(look)
    if look.difference is not None:
        yield from _below("counts", look.difference.sentence)
        yield from _missing(look)
    for fault in look.faults:
        yield from _below("LACKS" if fault.severity == "block" else "note", fault.text)
    if look.trouble is not None:
        remedy = look.trouble.remedy.replace("NAME", name)
        yield from _below("TROUBLE", f"{look.trouble.what} {remedy}")
    if look.next:
        yield look.next
    if look.command:
        yield f"  {look.command}"


def _dataset(look: Look) -> Iterator[str]:
    dataset = look.dataset
    assert dataset is not None, "whoever calls has looked"
    version = f", version {dataset.version}" if dataset.version else ""
    yield f"  dataset      {dataset.name}{version}"
    origin = f" ({_ORIGINS[look.origin]})" if look.origin else ""
    yield f"  id           {dataset.id}{origin}"
    if look.stage_since_utc:
        seen = f"; seen {figures.moment(look.seen_at_utc)}" if look.seen_at_utc else ""
        yield f"  since        {figures.moment(look.stage_since_utc)}{seen}"
    if dataset.previous_id:
        yield f"  follows      {dataset.previous_id}"
    if dataset.reason:
        yield f"  because      {dataset.reason}"
    for kind, pid in dataset.pids.items():
        yield f"  {kind:<11}  {pid}"
    if dataset.link:
        yield f"  page         {dataset.link}"
    if dataset.stage is Stage.RELEASED and look.way.waits_for:
        yield from _below("waits", look.way.waits_for)
    head = "metadata"
    for field in dataset.fields:
        if field.value:
            fixed = "" if field.is_editable else " (not to be changed)"
            yield from _below(head, f"{field.title}: {'; '.join(field.value)}{fixed}")
            head = ""


def _missing(look: Look) -> Iterator[str]:
    difference = look.difference
    assert difference is not None, "whoever calls has looked"
    if difference.missing:
        more = (difference.missing_count or 0) - len(difference.missing)
        rest = f" and {more:,} more" if more > 0 else ""
        yield from _below("", f"not in it: {', '.join(difference.missing)}{rest}")
    if look.accepted is not None:
        yield from _below("", f"accepted by {look.accepted.person}: {look.accepted.reason}")


def _below(head: str, text: str) -> Iterator[str]:
    """Sentences beside their heading, no line longer than a terminal."""
    width = _WIDTH - len(_INDENT)
    # A command or an address stays in one piece, to be copied.
    for line in textwrap.wrap(text, width, break_on_hyphens=False, break_long_words=False):
        yield f"  {head:<11}  {line}"
        head = ""


def guide_lines(lines: Sequence[GuideLine]) -> Iterator[str]:
    """The guide, numbered; each value on a line of its own, to be copied."""
    for number, line in enumerate(lines, 1):
        yield f"{number}. {line.text}"
        if line.value:
            yield f"     {line.value}"
        if line.link:
            yield f"     {line.link}"


def guide_document(name: str, lines: Sequence[GuideLine]) -> dict[str, Any]:
    """The guide as JSON."""
    return {"transfer": name, "guide": [asdict(line) for line in lines]}


def dataset_document(name: str, look: Look) -> dict[str, Any]:
    """The document of `publish` and `dataset`."""
    dataset, difference, accepted = look.dataset, look.difference, look.accepted
    trouble, creation = look.trouble, look.creation
    asked = {"name": creation.name, "asked_at": creation.asked_at_utc} if creation else None
    return {
        "transfer": name,
        "stage": dataset.stage.value if dataset else None,
        "dataset": dataset.id if dataset else None,
        "origin": look.origin,
        "name": dataset.name if dataset else "",
        "version": dataset.version if dataset else "",
        "visibility": dataset.visibility if dataset else "",
        "said": dataset.said if dataset else "",
        "reason": dataset.reason if dataset else "",
        "since": look.stage_since_utc or None,
        "seen_at": look.seen_at_utc or None,
        "studies": dataset.studies if dataset else None,
        "subjects": dataset.subjects if dataset else None,
        "size_bytes": dataset.size_bytes if dataset else None,
        "pids": dict(dataset.pids) if dataset else {},
        "link": dataset.link if dataset else "",
        "previous": dataset.previous_id if dataset else "",
        "may": sorted(dataset.may) if dataset else [],
        "fields": [_field(field) for field in dataset.fields] if dataset else [],
        "verified": {
            "patients": look.cohort.patients,
            "studies": look.cohort.studies,
            "series": look.cohort.series,
        },
        "difference": _difference(difference) if difference else None,
        "accepted": _accepted(accepted) if accepted else None,
        "faults": [asdict(fault) for fault in look.faults],
        "creation": asked,
        "trouble": _trouble(trouble) if trouble else None,
        "waits_for": look.way.waits_for,
        "visibilities": [asdict(level) for level in look.way.visibilities],
        "lacking": list(look.way.lacking),
        "next": look.next,
        "command": look.command,
    }


def _trouble(trouble: Trouble) -> dict[str, Any]:
    return {
        "what": trouble.what,
        "remedy": trouble.remedy,
        "exit_code": trouble.exit_code,
        "since": trouble.since_utc,
        "at": trouble.at_utc,
    }


def _accepted(word: Accepted) -> dict[str, Any]:
    return {"person": word.person, "reason": word.reason, "at": word.at_utc}


def _difference(difference: Difference) -> dict[str, Any]:
    # The figures are there one by one; in one text they are the key of a person's word.
    return {key: said for key, said in difference.document().items() if key != "figures"}


def _field(field: Field) -> dict[str, Any]:
    return {
        "key": field.key,
        "title": field.title,
        "value": list(field.value),
        "least": field.least,
        "most": field.most,
        "allowed": list(field.allowed),
        "is_needed": field.is_needed,
        "is_editable": field.is_editable,
    }

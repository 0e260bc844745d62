"""How a withdrawal is drawn: who was meant, what went of them and where it lies."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from textual.content import Content

from transfer.recall.listing import may_name
from transfer.recall.sent import Sent
from transfer.recall.who import FoundBy
from transfer.recall.withdrawal import went_told
from tui import figures
from tui.recalling import Recalled
from tui.text import plain
from tui.widgets.chrome import Now
from tui.widgets.failure import wrapped
from tui.widgets.ink import cell, ink, line
from tui.widgets.labelled import labelled

_LABEL: Final = 10
_KEY, _WHAT = 10, 44
_HOW: Final = {
    FoundBy.PATIENT_ID: "found by the Patient ID",
    FoundBy.PSEUDONYM: "found by the pseudonym",
    FoundBy.TABLE_ID: "found by the Patient ID of the clinical table",
}
_STAYS: Final = {
    "ready": "not sent",
    "excluded": "left out",
    "kept-back": "kept back",
    "not-sent": "not sent",
    "nothing-went": "of which nothing went",
}
_ABOUT: Final = (
    "A patient takes their consent back: this page finds what went of them, by the Patient ID or"
    " the pseudonym, to the letter. Nobody else's is ever listed; what only looks alike is named"
    " and not taken.",
    "What is typed is not shown and not kept. That somebody asked is recorded, by row key. Nothing"
    " is removed from here: the ticket asks the node's staff for it.",
)


@dataclass(frozen=True, slots=True)
class Thing:
    """One row of the list. `about` is all that is known of it, in lines."""

    key: str
    what: str
    state: str
    about: Sequence[str] = ()
    is_inner: bool = False


def things_of(sent: Sent, *, reveals: bool) -> Iterator[Thing]:
    """Everything that went, and the rows that it came of."""
    names = may_name(sent, identifiers=reveals)
    for study in sent.studies:
        session = study.called.session if names else ""
        fates = ", ".join(f"{n:,} {fate}" for fate, n in sorted(study.fates.items(), reverse=True))
        about = [f"Study Instance UID {study.ref.study_uid}" if study.ref.study_uid else ""]
        about.append(f"On the node: session {session}" if session else "")
        when = [
            f"sent {figures.moment(study.first_sent_utc)}" if study.first_sent_utc else "",
            f"seen there {figures.moment(study.last_verified_utc)}"
            if study.last_verified_utc
            else "",
        ]
        told = ", ".join(text for text in when if text)
        about.append(f"{told[:1].upper()}{told[1:]}")
        told = f"Study, {figures.count(len(study.series), 'Series', 'Series')}"
        yield Thing(f"S{study.row}", told, fates, about)
        for series in study.series:
            number = figures.count(series.instances, "instance")
            uid = [f"Series Instance UID {series.uid}"] if series.uid else []
            yield Thing(f"E{series.row}", f"Series, {number}", "", uid, is_inner=True)
    for volume in sent.volumes:
        about = [f"SHA-256 {volume.volume.sha256}"] if volume.volume.sha256 else []
        yield Thing(f"F{volume.volume.file}", "NIfTI volume", volume.state, about)
    for item in sent.items:
        yield Thing(f"P{item.patient}", "Clinical data of the subject", item.state)
    for file in sent.files:
        about = ["It holds the lines of all subjects: it has to be replaced, not removed."]
        yield Thing(file.name, f"Clinical file {file.name}", file.state, about)
    for row in sent.rows:
        state = "kept back" if row.is_kept_back else ""
        yield Thing(f"R{row.row}", "Row of a clinical table", state)


def draw_thing(thing: Thing, width: int) -> list[Content]:
    """One row: its key, what it is, how far it went."""
    inner = "  " if thing.is_inner else ""
    what = min(_WHAT, max(20, width - _KEY - 20))
    return [
        line(
            cell(plain(f"{inner}{thing.key}"), _KEY, "$muted"),
            cell(plain(f"{inner}{thing.what}"), what),
            cell(thing.state, width - _KEY - what, "$muted"),
        )
    ]


def draw_one(thing: Thing | None, width: int) -> list[Content]:
    """What is known of the row at the cursor."""
    if thing is None:
        return []
    return [piece for text in thing.about if text for piece in wrapped(ink(plain(text)), width)]


def draw_who(found: Recalled | None, reveals: bool, width: int) -> list[Content]:
    """Who was meant, what went in all, and what has to be known beside it."""
    if found is None:
        pieces = [wrapped(ink(text), width) for text in _ABOUT]
        return [*pieces[0], Content(""), *pieces[1]]
    sent = found.sent
    who = ", ".join(sent.who.keys) or "Nobody of the images"
    lines = wrapped(line((who, "bold"), f", {_HOW[sent.who.found_by]}."), width)
    if sent.subjects and may_name(sent, identifiers=reveals):
        lines += labelled("Subject", ink(plain(", ".join(sent.subjects)), "bold"), width, _LABEL)
    elif sent.is_anything_out:
        lines += labelled(
            "Subject", ink("as in the files, which went as they are", "$muted"), width, _LABEL
        )
    if not sent.is_anything_out:
        lines += labelled(
            "Went", ink("nothing: there is nothing to withdraw from the node"), width, _LABEL
        )
    else:
        lines += labelled("Went", ink(plain(went_told(sent)), "bold"), width, _LABEL)
        lines += labelled(
            "To", ink(plain(f"{sent.order.node} {sent.order.destination}")), width, _LABEL
        )
    if sent.dataset is not None:
        of = sent.dataset
        pids = [f"{name} {pid}" for name, pid in of.pids.items() if pid]
        told = ", ".join(text for text in (of.name, of.id, of.stage, *pids) if text)
        lines += labelled("Dataset", ink(plain(told)), width, _LABEL)
    stays = "; ".join(
        f"{kind}: " + ", ".join(f"{n:,} {_STAYS.get(why, why)}" for why, n in counted.items())
        for kind, counted in sent.stays.items()
    )
    if stays:
        lines += labelled("Stayed", ink(stays, "$muted"), width, _LABEL)
    return [*lines, *_warnings(found, width), Content("")]


def _warnings(found: Recalled, width: int) -> list[Content]:
    sent, lines = found.sent, list[Content]()
    if sent.sharing:
        text = (
            f"! Under the same name went also {', '.join(sent.sharing)}, who is somebody else: have"
            " the Studies below removed, not the subject."
        )
        lines += wrapped(ink(text, "$warn"), width)
    if sent.who.alike:
        told = ", ".join(
            f"{one.key} (but for {', '.join(one.differs_in)})" for one in sent.who.alike[:3]
        )
        more = sent.who.alike_in_all - len(sent.who.alike[:3])
        rest = f" and {more:,} more" if more > 0 else ""
        lines += wrapped(ink(f"! Looks alike, and is not taken: {told}{rest}.", "$warn"), width)
    if found.lost:
        text = f"! The node's own labels cannot be told: {plain(found.lost)}"
        lines += wrapped(ink(text, "$warn"), width)
    if found.ticket is not None and found.ticket.why_not:
        text = f"! The ticket cannot go as it is: {plain(found.ticket.why_not)}"
        lines += wrapped(ink(text, "$warn"), width)
    return lines


def recall_now(found: Recalled | None) -> Now:
    """What now."""
    if found is None:
        return Now("Nobody was looked up yet.", "[p] asks for the Patient ID or the pseudonym.")
    another = "[p] another patient."
    if found.ticket is None:
        return Now("Nothing went: no ticket is needed.", another)
    if found.ticket.desk is not None and found.ticket.desk.is_out:
        return Now(
            "The ticket of this withdrawal is at the helpdesk.", f"[t] shows it.   {another}"
        )
    return Now(
        "The withdrawal's ticket is composed; nothing was sent.",
        f"[t] opens it.   [s] saves the list of everything.   {another}",
    )

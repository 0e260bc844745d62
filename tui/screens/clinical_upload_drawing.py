"""How the upload of clinical data draws what would go, what has gone and what was refused."""

from __future__ import annotations

from typing import Final

from textual.content import Content

from transfer.clinical.leaving import ClinicalWay
from transfer.clinical.outgoing.going import WhyRow
from transfer.journey.clinical import clinical_record, waits_for_hands, wants_sign_in
from transfer.journey.standing import Standing
from transfer.status import Status
from transfer.values import StepState
from tui import figures, words
from tui.clinical_sending import Plan, Refused
from tui.text import plain
from tui.widgets.chrome import Now
from tui.widgets.failure import Trouble, wrapped
from tui.widgets.ink import cell, dotted, ink, line, share_and_bar

_LABEL: Final = 10
_STATE, _KEY, _ROW = 10, 22, 12
_NOT_ALL: Final = 0.99
_WHY: Final = {
    WhyRow.UNLINKED: "without images",
    WhyRow.KEPT_BACK: "kept back by a person",
    WhyRow.NOT_GOING: "of patients whose images do not go",
    WhyRow.WIDTH: "not as wide as the heading",
}
_STAYS: Final = "What is on the node stays there; nothing was written over."


def facts(status: Status, plan: Plan | None, width: int, *, is_brief: bool) -> list[Content]:
    """What goes where, in which form, and what stays here; `is_brief`: only where."""
    order = status.order
    where = dotted([(plain(order.node), "bold"), plain(order.destination or "its only project")])
    found = [_fact("To", where, width)]
    if is_brief:
        return found
    if plan is None:
        return [*found, _fact("Goes", ink("Looking at what would go…", "$muted"), width)]
    if plan.way is not None:
        found += _facts("As", ink(_form(plan.way)), width)
    names = "under their pseudonyms" if plan.is_pseudonymised else "as the images name them"
    goes = dotted(
        [
            (figures.count(plan.subjects, "subject"), "bold"),
            figures.count(plan.rows, "row"),
            figures.count(len(plan.files), "table"),
            (names, "$muted"),
        ]
    )
    found += _facts("Goes", goes, width)
    stays = [f"{figures.count(n, 'row')} {_WHY[why]}" for why, n in plan.stays]
    if plan.columns_staying:
        stays.append(f"{figures.count(plan.columns_staying, 'column')}")
    return found + _facts("Stays", ink("; ".join(stays) or "nothing"), width)


def handover(plan: Plan, width: int) -> list[Content]:
    """Where the checked tables lie, and where they are uploaded by hand."""
    by_hand = plan.way.by_hand if plan.way else ""
    return [
        Content(""),
        *_facts("Folder", ink(plain(plan.folder), "bold"), width),
        *_facts("Then", ink(plain(by_hand)), width),
    ]


def _form(way: ClinicalWay) -> str:
    if way.by_hand:
        return "checked tables in a folder, which a person uploads"
    each = "a document for each subject" if way.by_subject else ""
    whole = "whole tables" if way.by_file else ""
    form = " and ".join(text for text in (each, whole) if text) or "nothing: it takes none"
    return f"{form}; {'each is read back and compared' if way.reads_back else 'none is read back'}"


def _facts(name: str, content: Content, width: int) -> list[Content]:
    pieces = wrapped(content, width - _LABEL)
    return [_fact("" if n else name, piece, width) for n, piece in enumerate(pieces)]


def _fact(name: str, content: Content, width: int) -> Content:
    return line(cell(name, _LABEL, "$muted"), cell(content, width - _LABEL))


def overall(status: Status, standing: Standing | None, width: int) -> list[Content]:
    """How much of it is on the node; nothing before anything was made."""
    clinical, progress = status.clinical, status.progress
    n, files = clinical.subjects, clinical.files
    ready, verified, sent = (
        n.ready + files.ready,
        n.verified + files.verified,
        n.sent + files.sent,
    )
    if not ready:
        return []
    is_done = standing is not None and standing.is_done
    part = figures.share(max(verified, sent), ready)
    if status.is_at_clinical and progress.total:
        part = figures.share(progress.done, progress.total)
    if not is_done:
        # Sent is not arrived: the bar is full when the step is done.
        part = min(part, _NOT_ALL)
    parts: list[Content | str | tuple[str, str]] = []
    for one, noun in ((n, "subject"), (files, "file")):
        if one.ready:
            nouns = noun if one.ready == 1 else f"{noun}s"
            parts.append(line(f"{one.sent:,}", (f" of {one.ready:,} {nouns} sent", "$muted")))
    parts.append(line(f"{verified:,}", (" read back", "$muted")))
    if clinical.failed:
        parts.append((f"✗ {clinical.failed:,} refused", "bold $bad"))
    if clinical.differs:
        parts.append((f"≠ {clinical.differs:,} other there", "bold $warn"))
    return [share_and_bar(part, width, "$good" if is_done else "$key"), dotted(parts)]


def refused_heading(n: int, width: int) -> list[Content]:
    """What the columns of the list are; nothing where nothing was refused."""
    if not n:
        return []
    room = width - _STATE - _KEY - _ROW
    return [
        line(
            cell("", _STATE), cell("subject or file", _KEY, "$muted"), cell("row", _ROW, "$muted"),
            cell("why", room, "$muted"),
        )
    ]  # fmt: skip


def draw_refused(one: Refused, width: int) -> list[Content]:
    """An item that is not on the node."""
    item = one.item
    mark = (
        cell("≠ other", _STATE, "$warn")
        if item.state == "differs"
        else cell("✗ refused", _STATE, "$bad")
    )
    row = f"row {one.number:,}" if one.number else ""
    return [
        line(
            mark,
            cell(plain(item.key), _KEY - 1, "bold"),
            " ",
            cell(row, _ROW, "$muted"),
            cell(plain(item.reason), width - _STATE - _KEY - _ROW),
        )
    ]


def about_refused(one: Refused | None, width: int) -> list[Content]:
    """The reason in full."""
    if one is None:
        return []
    item = one.item
    row = f" ({item.row_key}, row {one.number:,} of its file)" if one.number else ""
    tries = f" Tried {figures.count(item.attempts, 'time')}." if item.attempts else ""
    reason = plain(item.reason).rstrip(".")
    text = ink(f"{plain(item.key)}{row}: {reason}.{tries}")
    return [Content(""), *wrapped(text, width)][:4]


def trouble_of(status: Status, plan: Plan | None) -> Trouble | None:
    """What keeps the clinical data from going on, if anything does."""
    if plan is not None and plan.trouble is not None:
        return Trouble(plan.trouble.what, "Nothing was sent.", plan.trouble.remedy)
    for objection in plan.way.objections if plan and plan.way else ():
        if objection.severity == "block":
            return Trouble(objection.message, "Nothing was sent.", objection.remedy)
    record, clinical = clinical_record(status), status.clinical
    if record.state is StepState.WAITING and not waits_for_hands(status, record):
        signs_in = wants_sign_in(status, record)
        press = "[u] signs in and goes on." if signs_in else "[u] tries again."
        return Trouble(record.detail, "What has arrived stays; nothing is sent twice.", "", press)
    if record.state is not StepState.BLOCKED:
        return None
    if clinical.failed:
        press = "[u] sends those again; each is listed below with its reason."
        return Trouble(record.detail, "All others are on the node, and stay there.", "", press)
    if clinical.differs or clinical.changed:
        return Trouble(record.detail, _STAYS, "", "[o] writes over what lies there; it asks first.")
    return Trouble(
        record.detail, "Nothing of it was sent.", "", "[f] shows the findings; then [u] again."
    )


def upload_now(
    status: Status, plan: Plan | None, standing: Standing | None, survives: bool | None
) -> Now:
    """What is asked of the operator, and the keys for it."""
    back = "[Esc] goes back."
    if status.is_at_clinical:
        now = words.upload_now(status, survives)
        progress = status.progress
        if status.state == "running" and progress.total:
            many = f"{progress.done:,} of {progress.total:,} are there."
            return Now(f"Sending the clinical data: {many}", now.press)
        if status.state == "running":
            return Now("Checking the table once more before anything leaves.", now.press)
        return now
    if status.is_running:
        return Now("A runner is at the images; the clinical data come after them.", back)
    if status.clinical.image_only is not None:
        return Now("This dataset is of images alone, by a person's word.", back)
    if not status.clinical.has_table:
        return Now("There is no table to send.", back)
    record = clinical_record(status)
    if waits_for_hands(status, record):
        return Now(
            "Upload these tables by hand, then record it here.",
            "[h] records that a person uploaded them.   [u] makes them anew.",
        )
    if standing is not None and standing.is_done:
        return Now("The clinical data are on the node.", back)
    if standing is not None and standing.is_locked:
        return Now(standing.next or "Only after the images are verified on the node.", back)
    if plan is None:
        return Now("Looking at what would go…", back)
    if status.clinical.differs or status.clinical.changed:
        return Now(
            "The node has other data of some of them.",
            f"[o] writes over them; it asks first.   {back}",
        )
    if plan.way is not None and plan.way.by_hand:
        return Now("Nothing leaves by itself.", "[Enter] checks everything and writes the tables.")
    if status.clinical.failed:
        return Now("Nothing is being sent.", "[u] sends those again that were refused.")
    if status.clinical.subjects.sent or status.clinical.files.sent:
        return Now("Nothing is being sent.", "[u] goes on; what is there is not sent again.")
    subjects = figures.count(plan.subjects, "subject")
    return Now("Nothing has been sent yet.", f"[Enter] sends the data of {subjects}.")

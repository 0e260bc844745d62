"""What must hold before the first byte leaves, and what is said once the last one has."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Iterator, Sequence

from transfer.errors import StepBlocked, TransferError
from transfer.ledger.census import take_census
from transfer.ledger.commits import study_plans
from transfer.ledger.connection import Ledger
from transfer.ledger.files import count_unreadable
from transfer.ledger.findings import (
    Finding,
    clear_finding,
    clear_level,
    record_finding,
)
from transfer.ledger.order import last_word, read_order
from transfer.ledger.steps import set_step
from transfer.ledger.volumes import count_volumes
from transfer.ledger.waivers import is_waived
from transfer.node import Node, Objection, StudyPlan
from transfer.orders import DEID_WAIVER
from transfer.quality.in_the_way import images_in_the_way, in_the_way_told
from transfer.runner.ledger_thread import LedgerThread
from transfer.runner.patience import Stopped, standing_by
from transfer.runner.settings import Settings
from transfer.runner.stop import Stop
from transfer.scan.phase import Interrupted
from transfer.sentences import count
from transfer.values import ExitCode, StepState

COUNTED = "counted-on-node"
OBJECTION = "study"
RULE = "DID-02"
_REFUSED_THERE = (
    "See which and why with: eucaim-transfer status NAME --json. Then upload again: only those go."
)
_STOPPED_HERE = (
    "Some were stopped here. See why, and who can answer for it, with: eucaim-transfer check NAME."
    " Then upload again: only what did not arrive goes."
)


class PartlyDone(TransferError):
    """Some instances failed; they are named in the ledger."""

    exit_code = ExitCode.PARTIAL


def refuse_identified(ledger: Ledger, *, required: bool) -> None:
    """Refuse instances that are not known to be de-identified where the node asks for such: neither
    made so by a profile that stands for it, nor marked as such where they leave.

    Source: DID-02 of EUCAIM's transfer rules; PS3.3 C.12.1.1, (0012,0062).

    Raises:
        StepBlocked: such files are in the transfer and no named person has answered for it.
    """
    with ledger.transaction():
        # A rule of headers has the same number, and findings of its own.
        ledger.write("DELETE FROM finding WHERE rule = ? AND key = 'all'", RULE)
    if not required or is_waived(ledger, RULE) or last_word(ledger, DEID_WAIVER) is not None:
        return
    count = ledger.number(
        "SELECT count(*) FROM instance WHERE deidentified = 0 AND state = 'ready'"
    )
    if not count:
        return
    what = f"{count} instances do not say that they are de-identified, as this node requires."
    remedy = (
        "De-identify them: eucaim-transfer new … --deid eucaim. If they are, and only the mark"
        " (0012,0062) is missing, a named person can answer for it: eucaim-transfer check NAME"
        f" --waive {RULE} --by PERSON --reason TEXT"
    )
    record_finding(ledger, Finding(RULE, "block", "dataset", "all", what, remedy))
    set_step(ledger, "deidentify", StepState.BLOCKED, what)
    raise StepBlocked(what, remedy)


def refuse_findings(ledger: Ledger, *, passing_over: Collection[str] = ()) -> None:
    """Refuse to send images while findings of the registry's rules stand open that stop them, those
    of some rules aside.

    Raises:
        StepBlocked: such findings stand; it names the rules, worst first.
    """
    standing = images_in_the_way(ledger, passing_over=passing_over)
    if standing:
        raise StepBlocked(*in_the_way_told(standing))


async def hear_objections(ledger: LedgerThread, node: Node, settings: Settings, stop: Stop) -> None:
    """`refuse_objections`; hours of scanning lie behind, and a line that breaks now is waited for,
    as in sending.

    Raises:
        StepBlocked: as there.
        Interrupted: the run is to end.
    """
    try:
        await standing_by(ledger, settings, stop, "plan", lambda: refuse_objections(ledger, node))
    except Stopped:
        raise Interrupted from None


async def refuse_objections(ledger: LedgerThread, node: Node) -> None:
    """Ask the node what it would stumble over, and stop where it would.

    Raises:
        StepBlocked: it would; every objection is a finding.
    """
    destination = (await ledger(read_order)).destination

    async def plans() -> AsyncIterator[StudyPlan]:
        pages = await ledger(study_plans)
        while page := await ledger(_next_page, pages):
            for plan in page:
                yield plan

    objections = await node.objections(plans(), destination)
    await ledger(_record_objections, objections)
    blocking = [o for o in objections if o.severity == "block"]
    if blocking:
        more = f" and {len(blocking) - 1} more" if len(blocking) > 1 else ""
        raise StepBlocked(
            f"{blocking[0].message} (study {blocking[0].key}{more})", blocking[0].remedy
        )


def _next_page(_: Ledger, pages: Iterator[list[StudyPlan]]) -> list[StudyPlan]:
    return next(pages, [])


def _record_objections(ledger: Ledger, objections: Sequence[Objection]) -> None:
    clear_level(ledger, OBJECTION)
    for o in objections:
        record_finding(ledger, Finding(o.rule, o.severity, OBJECTION, o.key, o.message, o.remedy))


def _were_stopped_here(ledger: Ledger) -> bool:
    query = "SELECT EXISTS (SELECT 1 FROM instance WHERE state = 'failed' AND cause <> '')"
    return bool(ledger.number(query))


_SEE_VOLUMES = (
    "See which and why with: eucaim-transfer status NAME --json. Then upload again: only those go."
)


def _of_volumes(ledger: Ledger) -> str:
    """A sentence on the NIfTI volumes, once all images have arrived; empty without any.

    Raises:
        PartlyDone: volumes did not arrive.
    """
    v = count_volumes(ledger)
    if v.failed:
        raise PartlyDone(
            f"The images are on the node, but {v.failed} of {v.ready} NIfTI volumes did not"
            " arrive.",
            _SEE_VOLUMES,
        )
    if v.verified + v.handed_over < v.ready:
        waiting = v.ready - v.verified - v.handed_over
        raise PartlyDone(
            f"The images are on the node, but {waiting} of {v.ready} NIfTI volumes have not gone"
            " yet.",
            "Send them with: eucaim-transfer upload NAME",
        )
    told = ""
    if v.verified:
        are = "is" if v.verified == 1 else "are"
        told += (
            f" {count(v.verified, 'NIfTI volume')} {are} there too, read back with equal digests."
        )
    if v.handed_over:
        lie, they_go = ("lies", "it goes") if v.handed_over == 1 else ("lie", "they go")
        told += (
            f" {count(v.handed_over, 'NIfTI volume')} {lie} in the hand-over folder of this"
            f" transfer; its README says how {they_go} on."
        )
    if v.left_out:
        are = "is" if v.left_out == 1 else "are"
        told += f" {count(v.left_out, 'NIfTI image')} {are} left out, each with its reason."
    return told


def conclude(ledger: Ledger, *, can_list: bool) -> None:
    """Say how the images step ended, by the ledger's counts.

    Raises:
        PartlyDone: instances or volumes failed.
        StepBlocked: the node lists nothing, so that a person has to count.
    """
    n = take_census(ledger).instances
    if n.failed:
        raise PartlyDone(
            f"{n.failed} of {n.ready} instances did not arrive; the other {n.verified} are on the"
            " node, listed by it.",
            _STOPPED_HERE if _were_stopped_here(ledger) else _REFUSED_THERE,
        )
    unreadable = count_unreadable(ledger)
    if n.verified == n.ready and unreadable:
        raise PartlyDone(
            f"All {n.verified} instances that could be read are on the node, but {unreadable} files"
            " or folders of the source could not be read.",
            "See which with: eucaim-transfer scan NAME --identifiers. Give access to them, or leave"
            " them out by the keys that stand there: eucaim-transfer select NAME --exclude F1; then"
            " upload again.",
        )
    if n.verified == n.ready:
        of_volumes = _of_volumes(ledger)
        clear_finding(ledger, "UNVERIFIABLE")
        set_step(
            ledger,
            "upload",
            StepState.DONE,
            f"All {n.verified} SOP Instances are on the node, each one listed by it.{of_volumes}",
        )
        return
    if can_list or n.sent < n.ready:
        raise PartlyDone(
            f"{n.verified} of {n.ready} instances are on the node, listed by it; the others have"
            " not gone yet.",
            "Send them with: eucaim-transfer upload NAME",
        )
    word = last_word(ledger, COUNTED)
    if word is not None and word.value == str(n.sent):
        of_volumes = _of_volumes(ledger)
        clear_finding(ledger, "UNVERIFIABLE")
        set_step(
            ledger,
            "upload",
            StepState.DONE,
            f"All {n.sent} SOP Instances were acknowledged; {word.person} counted them there."
            f"{of_volumes}",
        )
        return
    what = f"{n.sent} instances were acknowledged, but the node does not list what it holds."
    remedy = (
        "Count them in the node's own pages, then record it:"
        " eucaim-transfer verify NAME --counted N --by PERSON"
    )
    record_finding(ledger, Finding("UNVERIFIABLE", "ask", "dataset", "all", what, remedy))
    raise StepBlocked(what, remedy)

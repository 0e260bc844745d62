"""What must hold before clinical data leave, and what is said once they have gone."""

from __future__ import annotations

from typing import Final

from transfer.clinical.leaving import ClinicalWay
from transfer.clinical.standing import image_only_word
from transfer.errors import StepBlocked
from transfer.journey.order import CLINICAL_FIRST
from transfer.ledger.census import take_census
from transfer.ledger.clinical import clinical_files, has_readable_table
from transfer.ledger.clinical_items import (
    count_changed,
    count_gone,
    count_items,
    forget_overwrite,
    items_in_trouble,
    keep_basis,
    may_overwrite,
)
from transfer.ledger.connection import Ledger
from transfer.ledger.findings import Finding, clear_finding, record_finding
from transfer.ledger.order import read_order
from transfer.ledger.steps import read_step, set_step
from transfer.quality.clinical_rules import clinical_in_the_way
from transfer.quality.in_the_way import CLINICAL_IN_THE_WAY, in_the_way_told
from transfer.runner.gate import PartlyDone
from transfer.sentences import count
from transfer.values import StepState

CLINICAL: Final = "clinical"
LAST_LOOK: Final = "LAST-LOOK"
"""Findings of the engine's own, by row: what the last look at outgoing cells saw."""

_NAMED: Final = 3
_SEND: Final = "eucaim-transfer clinical NAME"


def images_are_verified(ledger: Ledger) -> bool:
    """Whether all that goes of the images is on the node, as the step of the images says."""
    upload, n = read_step(ledger, "upload"), take_census(ledger).instances
    return upload is not None and upload.state is StepState.DONE and n.sent == n.ready


def refuse_too_early(ledger: Ledger) -> None:
    """Source: ORD-02 of EUCAIM's transfer rules.

    Raises:
        StepBlocked: the images are not on the node yet, and something would be sent.
    """
    if image_only_word(ledger, read_order(ledger)) is None and not images_are_verified(ledger):
        forget_overwrite(ledger)
        raise StepBlocked(CLINICAL_FIRST, "Send the images first: eucaim-transfer upload NAME")


def refuse_unread_source(ledger: Ledger) -> None:
    """Raises:
    StepBlocked: nobody knows yet which patients there are.
    """
    if not take_census(ledger).instances.found:
        raise StepBlocked(
            "The images have not been read yet, so that the table cannot be compared with them.",
            "Read them first: eucaim-transfer scan NAME",
        )


def refuse_missing_table(ledger: Ledger) -> None:
    """Raises:
    StepBlocked: there is no table that could be sent.
    """
    if read_order(ledger).clinical is None:
        raise StepBlocked(
            "There is no clinical table, and nobody has said that the dataset is of images alone.",
            "Name it: eucaim-transfer clinical NAME FILE; or record the word: eucaim-transfer"
            " clinical NAME --image-only --by PERSON --reason TEXT",
        )


def refuse_clinical_findings(ledger: Ledger) -> None:
    """Refuse while findings of the table's rules stand open that block or ask.

    Raises:
        StepBlocked: such findings stand; it names the rules, worst first.
    """
    standing = clinical_in_the_way(ledger)
    if standing:
        what, _ = in_the_way_told(standing, CLINICAL_IN_THE_WAY)
        raise StepBlocked(what, f"See each one, and what to do about it, with: {_SEND} --check")
    if not has_readable_table(ledger):
        unread = any(file.problem for file in clinical_files(ledger))
        why = "cannot be read" if unread else "does not begin with PatientID"
        raise StepBlocked(
            f"The clinical table {why}, so that nothing of it can be sent.",
            "See what is wrong with it, with: eucaim-transfer check NAME",
        )


def refuse_way(way: ClinicalWay) -> None:
    """Raises:
    StepBlocked: the node, or its configuration, lacks something.
    """
    blocking = [o for o in way.objections if o.severity == "block"]
    if blocking:
        raise StepBlocked(blocking[0].message, blocking[0].remedy)
    if not (way.by_subject or way.by_file or way.by_hand):
        raise StepBlocked(
            "This node takes no clinical data.", "Ask its administrator where they go."
        )


def refuse_last_look(ledger: Ledger, problems: tuple[Finding, ...]) -> None:
    """Keep what the last look at every outgoing cell saw, each as a finding.

    Raises:
        StepBlocked: it saw something.
    """
    clear_finding(ledger, LAST_LOOK)
    for found in problems:
        message = f"{found.message} ({found.rule})"
        record_finding(
            ledger,
            Finding(LAST_LOOK, "block", "table", found.key, message, found.remedy, found.n),
        )
    if problems:
        first = problems[0]
        more = f" And {len(problems) - 1:,} more." if len(problems) > 1 else ""
        raise StepBlocked(f"{first.message} ({first.rule}, {first.key}){more}", first.remedy)


def refuse_other_data(ledger: Ledger) -> None:
    """Ask before data of an earlier run are written over.

    Raises:
        StepBlocked: such data lie there, and nobody has said that they may be.
    """
    subjects, files = count_changed(ledger, "subject"), count_changed(ledger, "file")
    if (subjects or files) and not may_overwrite(ledger):
        raise StepBlocked(
            f"{_are(subjects, files)} on the node with other data, of an earlier run. Nothing was"
            " sent.",
            f"If they are to be written over: {_SEND} --overwrite",
        )


def _are(subjects: int, files: int) -> str:
    counted = ((subjects, "subject"), (files, "file"))
    told = " and ".join(count(n, noun) for n, noun in counted if n)
    return f"{told} {'is' if subjects + files == 1 else 'are'}"


def refuse_nothing_to_send(ledger: Ledger) -> None:
    """Raises:
    StepBlocked: no row leaves.
    """
    if not count_items(ledger, "subject").ready and not count_items(ledger, "file").ready:
        raise StepBlocked(
            "No row of the table belongs to a patient whose images went, so that nothing leaves.",
            "See which PatientIDs fit, and why others do not, with: eucaim-transfer check NAME",
        )


def conclude_clinical(ledger: Ledger, *, reads_back: bool) -> None:
    """Say how the step ended, by its items.

    Raises:
        PartlyDone: some were not taken; the first are named by key and row.
        StepBlocked: all others are there, and of some the node has other data.
    """
    subjects, files = count_items(ledger, "subject"), count_items(ledger, "file")
    n, noun = (subjects, "subject") if subjects.ready else (files, "file")
    failed, differs = subjects.failed + files.failed, subjects.differs + files.differs
    forget_overwrite(ledger)
    if failed:
        # What nobody may write over is told with it: the next run asks about it.
        other = f" Of {differs:,} the node has other data." if differs else ""
        raise PartlyDone(
            f"{failed:,} of {subjects.ready + files.ready:,} did not arrive:"
            f" {_named(ledger, failed)}.{other} The rest is on the node.",
            "See each one with its reason: eucaim-transfer status NAME. Then send again: only those"
            " go.",
        )
    if differs:
        raise StepBlocked(
            f"{_are(subjects.differs, files.differs)} on the node with other data; they were not"
            " written over. All others are there.",
            "Another host's transfer may have sent them. If they are to be written over all the"
            f" same: {_SEND} --overwrite",
        )
    missing = subjects.ready + files.ready - subjects.sent - files.sent
    if missing:
        raise PartlyDone(
            f"{missing:,} of {subjects.ready + files.ready:,} have not gone yet.",
            f"Send them with: {_SEND}",
        )
    keep_basis(ledger)
    how = "each read back and the same" if reads_back else "as it acknowledged; it gives none back"
    gone = count_gone(ledger)
    left = (
        f" {count(gone, 'item')} of an earlier run {'lies' if gone == 1 else 'lie'} there that"
        f" {'does' if gone == 1 else 'do'} not go any more; ask the node to delete"
        f" {'it' if gone == 1 else 'them'}."
        if gone
        else ""
    )
    whole = f" and {count(files.ready, 'file')}" if subjects.ready and files.ready else ""
    set_step(
        ledger,
        CLINICAL,
        StepState.DONE,
        f"The clinical data of {count(n.ready, noun)}{whole} are on the node, {how}.{left}",
    )


def _named(ledger: Ledger, failed: int) -> str:
    items = items_in_trouble(ledger, _NAMED, state="failed")
    named = ", ".join(f"{i.key} ({i.row_key})" if i.row_key else i.key for i in items)
    more = failed - len(items)
    return f"{named} and {more:,} more" if more > 0 else named

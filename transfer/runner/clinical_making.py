"""Clinical items as they leave now: made, proved, and recorded by their digests."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Final

from transfer.clinical.leaving import ClinicalDocument, ClinicalSubject
from transfer.errors import ClinicalRefused
from transfer.ledger.clinical_items import Made, begin_making, finish_making, record_made
from transfer.ledger.connection import Ledger
from transfer.runner.clinical_files import TableOnDisk
from transfer.runner.ledger_thread import LedgerThread
from transfer.runner.patience import Stopped
from transfer.runner.stop import Stop

if TYPE_CHECKING:
    from transfer.clinical.outgoing.table import Outgoing
    from transfer.node import Node

_PAGE: Final = 100


@dataclass(frozen=True, slots=True)
class Leaving:
    """One subject as it leaves, with its patient's row and the first row that is about it."""

    patient: int
    first_row: int
    subject: ClinicalSubject


def leaving_pages(out: Outgoing) -> Iterator[list[Leaving]]:
    """All subjects, by patient, a page at a time; in the thread of the ledger that `out` reads."""
    subjects = (Leaving(patient, int(key[1:]), subject) for patient, key, subject in out.subjects())
    while page := list(islice(subjects, _PAGE)):
        yield page


def next_page(_: Ledger, pages: Iterator[list[Leaving]]) -> list[Leaving]:
    """The next of these pages, for whoever asks from another thread; empty after the last."""
    return next(pages, [])


async def make_items(
    ledger: LedgerThread,
    reader: LedgerThread,
    out: Outgoing,
    node: Node,
    stop: Stop,
    tables: Sequence[TableOnDisk],
    *,
    by_subject: bool,
) -> None:
    """Make every item and record it by its digest, without its content. May be repeated.

    Raises:
        Stopped: the run is to end.
        StepBlocked: a subject is not what it should be (REL-03, REL-04, DID-12).
    """
    await ledger(begin_making)
    await ledger(record_made, [Made("file", None, t.name, t.sha256, t.size_bytes) for t in tables])
    if by_subject:
        pages = await reader(lambda _: leaving_pages(out))
        while page := await reader(next_page, pages):
            if stop():
                raise Stopped
            await reader(_prove, out, page)
            await ledger(record_made, await asyncio.to_thread(_made, node, page))
    await ledger(finish_making)


def _prove(_: Ledger, out: Outgoing, page: list[Leaving]) -> None:
    from transfer.clinical.outgoing.proof import prove_subject

    for one in page:
        prove_subject(out, one.patient, one.subject)


def _made(node: Node, page: list[Leaving]) -> list[Made]:
    return [_one(node, leaving) for leaving in page]


def _one(node: Node, leaving: Leaving) -> Made:
    try:
        document = node.clinical_document(leaving.subject)
    except ClinicalRefused as refused:
        reason = f"{refused.what} {refused.remedy}"
        return Made("subject", leaving.patient, "", "", 0, leaving.first_row, reason)
    return Made(
        "subject",
        leaving.patient,
        "",
        sha256_of(document),
        len(document.content),
        leaving.first_row,
    )


def sha256_of(document: ClinicalDocument) -> str:
    """The digest by which a document is known."""
    return hashlib.sha256(document.content).hexdigest()

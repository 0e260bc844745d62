"""Whether anything of a transfer is still to be done for which originals are needed."""

from __future__ import annotations

import datetime as dt

from transfer.errors import StepBlocked
from transfer.ledger.connection import Ledger
from transfer.ledger.retention import read_retention
from transfer.sentences import count
from transfer.status import Status

_OPEN_STAGES = ("creating", "draft", "released")


def unfinished(ledger: Ledger, status: Status, today: dt.date) -> list[str]:
    """What is not done yet, a sentence each; empty where originals are needed no more."""
    found = []
    n, v, clinical = status.census.instances, status.volumes, status.clinical
    if n.verified < n.ready:
        left = count(n.ready - n.verified, "instance")
        found.append(f"{left} of {n.ready:,} that go were not verified on the node.")
    if n.ready + v.ready == 0:
        found.append("Nothing of this transfer has gone to the node.")
    if v.verified + v.handed_over < v.ready:
        found.append(f"Of {count(v.ready, 'NIfTI volume')} not all were verified.")
    for counts, what in ((clinical.subjects, "subject"), (clinical.files, "clinical file")):
        if counts.verified < counts.ready:
            found.append(f"Of {count(counts.ready, what)} of clinical data not all were read back.")
    stage = ledger.row("SELECT stage FROM publication")
    if stage is not None and stage[0] in _OPEN_STAGES:
        found.append("The dataset is not published yet (step 10).")
    due = read_retention(ledger).due_day
    if due and today.isoformat() < due:
        found.append(f"Originals are to be kept until {due}.")
    return found


def refuse_unfinished(found: list[str]) -> None:
    """Raises StepBlocked where something is not done."""
    if found:
        raise StepBlocked(
            "Originals are still needed: " + " ".join(found),
            "Finish that first, or say that it stays as it is: purge NAME --even-unfinished",
        )

"""Clinical data for a node whose way of taking them is not public: checked tables in a folder, and
a person's word that they were uploaded."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from transfer.clinical.standing import BY_HAND, read_clinical_state
from transfer.errors import StepBlocked, UsageError
from transfer.ledger.clinical_items import Item, file_items, keep_basis, record_sent
from transfer.ledger.connection import Ledger
from transfer.ledger.order import Word, last_word, read_order, record_word
from transfer.ledger.steps import read_step, set_step
from transfer.ledger.volumes import HANDOVER
from transfer.runner.clinical_files import FOLDER, TableOnDisk, digest_of_file
from transfer.runner.clinical_gate import CLINICAL
from transfer.runner.handover import MANIFEST, put_text
from transfer.sentences import count
from transfer.values import StepState

HANDED_OVER: Final = "clinical-handed-over"
"""The subject of the word; its value is a digest of what was uploaded."""

_SHOWN: Final = 16
_README: Final = """\
Clinical data of this transfer
==============================

What lies here: the clinical data as they leave, under the same pseudonyms as the images, with their
dates as they leave. manifest.json lists the files with their rows, sizes and SHA-256 digests. All
of it was checked against the images, and read again after it was written.

What to do:
1. {way}
2. Upload the files as they are: do not open them in a spreadsheet and save them, that changes
   dates and numbers.
3. When the node has them, record it: eucaim-transfer clinical {name} --handed-over --by PERSON
4. Then delete this folder.

Running "eucaim-transfer clinical {name}" again makes the files anew from the table and its mapping.
"""


def handover_folder(transfer: Path) -> Path:
    """Where they lie, below the folder of a transfer."""
    return transfer / HANDOVER / FOLDER


def hand_over(folder: Path, tables: Sequence[TableOnDisk], name: str, by_hand: str) -> None:
    """Write what goes with the tables, which lie there already, and take away what an earlier
    hand-over left.

    Raises:
        UsageError: the folder cannot be written.
    """
    listed = [
        {"name": t.name, "rows": t.rows, "size_bytes": t.size_bytes, "sha256": t.sha256}
        for t in tables
    ]
    try:
        for path in folder.glob("*.csv"):
            if path.name not in {t.name for t in tables}:
                path.unlink()
        put_text(folder / MANIFEST, json.dumps({"files": listed}, indent=1) + "\n")
        put_text(folder / "README.txt", _README.format(way=by_hand, name=name))
    except OSError as error:
        raise UsageError(
            "The hand-over folder of the transfer cannot be written:"
            f" {error.strerror or 'it is not known why'}.",
            "Free some space on the disk that holds it, or see to its permissions, then send"
            " again.",
        ) from error


def conclude_handover(ledger: Ledger, tables: Sequence[TableOnDisk]) -> None:
    """Say that a person's move is next; or, where these very files were uploaded by somebody's
    word, that it is done."""
    keep_basis(ledger)
    items, word = file_items(ledger), last_word(ledger, HANDED_OVER)
    if word is not None and word.value == _digest_of(items):
        _settle(ledger, items, word.person)
        return
    set_step(
        ledger,
        CLINICAL,
        StepState.WAITING,
        f"{count(len(tables), 'checked table')} {'lies' if len(tables) == 1 else 'lie'} in the"
        " hand-over folder of this transfer; its README says how to upload.",
        evidence=_evidence(items),
    )


def record_handed_over(ledger: Ledger, person: str) -> None:
    """Keep a person's word that the files which lie in the folder were uploaded.

    Raises:
        StepBlocked: nothing was made for a hand-over, or what lies there is something else.
        UsageError: nobody is named.
    """
    person = person.strip()
    if not person or not person.isprintable():
        raise UsageError("A record needs the person who vouches for it.", "Give --by PERSON.")
    state, record = read_clinical_state(ledger, read_order(ledger)), read_step(ledger, CLINICAL)
    is_waiting = record is not None and record.state is StepState.WAITING and record.evidence
    if state.mode != BY_HAND or not is_waiting:
        raise StepBlocked(
            "No clinical table lies in the hand-over folder and waits for an upload.",
            "Make it with: eucaim-transfer clinical NAME",
        )
    folder, items = handover_folder(ledger.folder), file_items(ledger)
    if state.is_changed or not all(digest_of_file(folder / i.name) == i.sha256 for i in items):
        raise StepBlocked(
            "What lies in the hand-over folder is not what was made: the table has changed since,"
            " or somebody changed the files.",
            "Make them anew with: eucaim-transfer clinical NAME; then upload those.",
        )
    record_word(ledger, Word(HANDED_OVER, _digest_of(items), person, "uploaded by hand"))
    _settle(ledger, items, person)


def _settle(ledger: Ledger, items: Sequence[Item], person: str) -> None:
    for item in items:
        record_sent(ledger, item.row)
    were = "was" if len(items) == 1 else "were"
    set_step(
        ledger,
        CLINICAL,
        StepState.DONE,
        f"{count(len(items), 'table')} {were} uploaded by hand, says {person}.",
        person=person,
        evidence=_evidence(items),
    )


def _digest_of(items: Sequence[Item]) -> str:
    digest = hashlib.sha256()
    for item in items:
        digest.update(f"{item.name}\0{item.sha256}\n".encode())
    return digest.hexdigest()


def _evidence(items: Sequence[Item]) -> str:
    return f"SHA-256 {items[0].sha256[:_SHOWN]}…" if items else ""

"""The removal of a transfer's originals, from the evidence to the last free byte of the ledger.

Each stage may be killed anywhere and is repeated by the next call: what is done already is found
done. Nothing is removed before the evidence is written and its digest is kept.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from transfer import checkpoint
from transfer.deid.keys.seal import PATIENT_ID, SealedWithAnotherKey
from transfer.errors import RunnerHeld, StepBlocked, UsageError
from transfer.ledger.audit import seal_audit
from transfer.ledger.connection import Ledger
from transfer.ledger.holder import kept_from_runners
from transfer.ledger.kept_words import begin_anew
from transfer.ledger.recalled import all_patients
from transfer.ledger.retention import (
    NamesFate,
    Retention,
    begin_removal,
    finish_removal,
    keep_key_fate,
    keep_names_fate,
    read_retention,
)
from transfer.private import held_alone
from transfer.retention.folder import remove_copies
from transfer.retention.keys import Keys, remove_key
from transfer.retention.names import sealed_names, went_under_originals
from transfer.retention.rows import remove_rows
from transfer.retention.speech import telling_records, veil_texts
from transfer.retention.tables import unknown_columns
from transfer.sentences import size
from transfer.workspace import Home, Workspace

_ROOM: Final = 2
"""How often the ledger must fit on the disk once more while it is written anew."""


@dataclass(frozen=True, slots=True)
class Hands:
    """What a removal needs of others. `write_evidence` writes the report and gives its digest;
    `open_names` opens the cohort's key for the ledger, or says why it cannot; `forget_passphrase`
    is called when no key is left. `told` takes a line of progress."""

    write_evidence: Callable[[], str]
    open_names: Callable[[Ledger], None]
    forget_passphrase: Callable[[], None]
    told: Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Purged:
    """What was removed and what stays. `telling` names records that are never changed and may tell
    of a patient by what a person typed. `was_done`: nothing was left to do."""

    retention: Retention
    needed_by: tuple[str, ...] = ()
    copies: int = 0
    telling: tuple[str, ...] = ()
    was_done: bool = False


def purge(
    home: Home,
    workspace: Workspace,
    ledger: Ledger,
    hands: Hands,
    *,
    keeps_names: bool = True,
) -> Purged:
    """Remove the originals, or go on where that was interrupted.

    Raises:
        RunnerHeld: a runner, or somebody at step 10, has the transfer.
        StepBlocked: the evidence cannot be written, a program reads the ledger, or the disk is too
            full.
        UsageError: the key cannot be opened, or the ledger is of a later version.
    """
    now = read_retention(ledger)
    if now.is_done:
        return Purged(now, was_done=True)
    _refuse_unknown(ledger)
    with _alone(workspace, ledger):
        telling: tuple[str, ...] = ()
        if not now.is_begun:
            telling = _begin(workspace, ledger, hands, keeps_names=keeps_names)
        elif not keeps_names:
            keep_names_fate(ledger, "removed")
        return _carry_on(home, workspace, ledger, hands, telling)


def _begin(
    workspace: Workspace, ledger: Ledger, hands: Hands, *, keeps_names: bool
) -> tuple[str, ...]:
    """All that can be refused, then the evidence, then the word that it has begun."""
    _refuse_small_disk(workspace)
    fate: NamesFate = "kept" if keeps_names and not went_under_originals(ledger) else "removed"
    if fate == "kept" and sealed_names(ledger):
        _open(ledger, hands)
    telling = tuple(telling_records(ledger))
    hands.told("Writing the evidence.")
    digest = hands.write_evidence()
    checkpoint.passed("purge-evidence")
    keep_names_fate(ledger, fate)
    begin_removal(ledger, digest)
    checkpoint.passed("purge-begun")
    return telling


def _carry_on(
    home: Home, workspace: Workspace, ledger: Ledger, hands: Hands, telling: tuple[str, ...]
) -> Purged:
    keeps_names = read_retention(ledger).names == "kept"
    if keeps_names and sealed_names(ledger):
        _open(ledger, hands)
    seal_audit(ledger)
    ledger.erase_deleted()
    hands.told("Removing originals from the ledger.")
    # Once rows are removed the ledger knows nobody any more, and all texts were looked at before.
    if not ledger.number("SELECT EXISTS (SELECT 1 FROM removal)"):
        veil_texts(ledger)
        # So are the words beside the ledger, which stay: legal entries are kept twice.
        begin_anew(ledger)
        checkpoint.passed("purge-veiled")
    remove_rows(ledger, keeps_names=keeps_names)
    checkpoint.passed("purge-rows")
    hands.told("Removing copies and the key.")
    copies = remove_copies(workspace)
    checkpoint.passed("purge-files")
    keys = _end_key(home, workspace, ledger, hands)
    hands.told("Writing the ledger anew, without what was deleted.")
    _compact(ledger)
    checkpoint.passed("purge-compacted")
    finish_removal(ledger)
    seal_audit(ledger)
    return Purged(read_retention(ledger), keys.needed_by, copies, telling)


def _end_key(home: Home, workspace: Workspace, ledger: Ledger, hands: Hands) -> Keys:
    keys = remove_key(home, workspace.name, ledger)
    checkpoint.passed("purge-key")
    # A removal that was killed finds none the second time, and knows of the first.
    if not (keys.fate == "none" and read_retention(ledger).key_fate):
        keep_key_fate(ledger, keys.fate)
    if keys.fate == "removed":
        hands.forget_passphrase()
    return keys


def _open(ledger: Ledger, hands: Hands) -> None:
    """With the key, and every pseudonym tried: later would be too late."""
    hands.open_names(ledger)
    try:
        for _, _, sealed in all_patients(ledger):
            if isinstance(sealed, bytes):
                ledger.names.seal.open(sealed, PATIENT_ID)
    except SealedWithAnotherKey as error:
        raise UsageError(
            error.what,
            f"{error.remedy} Without that key the names on the node can only be given up: purge"
            " NAME --without-names",
        ) from error


def _compact(ledger: Ledger) -> None:
    if not ledger.compact():
        raise StepBlocked(
            "The ledger is being read by another program, so that its log could not be emptied:"
            " originals may stand there still.",
            "Close this program's screens and whatever else reads the transfer (a backup?), then:"
            " eucaim-transfer purge NAME",
        )


def _refuse_unknown(ledger: Ledger) -> None:
    unknown = unknown_columns(ledger)
    if unknown:
        raise UsageError(
            "The ledger holds what this version cannot tell originals from:"
            f" {', '.join(unknown[:5])}. Nothing was removed.",
            "Tell the makers, with the version that eucaim-transfer --version prints.",
        )


def _refuse_small_disk(workspace: Workspace) -> None:
    needed = _ROOM * workspace.ledger.stat().st_size
    if workspace.free_bytes() < needed:
        raise StepBlocked(
            f"The disk of the home has too little space to write the ledger anew: {size(needed)}"
            " are needed.",
            "Free some space there. Nothing was removed.",
        )


@contextmanager
def _alone(workspace: Workspace, ledger: Ledger) -> Iterator[None]:
    busy = RunnerHeld(
        "Another process works on this transfer at this moment.",
        "Let it end, or end it; then try again. Nothing was removed.",
    )
    with (
        held_alone(workspace.folder / "purge.lock", busy),
        held_alone(workspace.folder / "publication.lock", busy),
        held_alone(workspace.folder / "rehearsal.lock", busy),
        kept_from_runners(workspace.lock, ledger, removes=True),
    ):
        yield

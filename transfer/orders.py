"""Making a transfer: the order is checked, then a folder and a ledger hold it."""

from __future__ import annotations

import os
import shutil

from transfer import checkpoint
from transfer.errors import UsageError
from transfer.ledger.connection import Ledger
from transfer.ledger.order import Order, Word, record_word, write_order
from transfer.workspace import Home, Workspace

DEID_WAIVER = "deid-none"


def make_transfer(home: Home, order: Order, waiver: Word | None = None) -> Workspace:
    """Make the folder and the ledger of a new transfer; all of it or nothing.

    `waiver` is the word of a person who sends files as they are although the node asks for
    de-identified ones.

    Raises:
        UsageError: the source cannot be read, or the name is taken or unusable.
    """
    source = order.source
    if not source.is_dir():
        raise UsageError(
            "The source folder does not exist or is not a folder.",
            "Give the folder that holds the images with --source.",
        )
    if not os.access(source, os.R_OK | os.X_OK):
        raise UsageError(
            "The source folder cannot be read by this account.",
            "Ask for read access to it, or run as the account that has it.",
        )
    if _holds(source, home):
        raise UsageError(
            "The source folder contains the folder of this program's own state.",
            "Choose a source that holds images only.",
        )
    workspace = home.new_workspace(order.name)
    # A transfer exists once its ledger has its name; what a killed `new` left does not count.
    draft = workspace.folder / "draft.sqlite"
    for leftover in workspace.folder.glob(f"{draft.name}*"):
        leftover.unlink()
    try:
        with Ledger.create(draft) as ledger:
            checkpoint.passed("making")
            write_order(ledger, order)
            if waiver is not None:
                record_word(ledger, waiver)
        draft.rename(workspace.ledger)
    except BaseException:
        shutil.rmtree(workspace.folder, ignore_errors=True)
        raise
    return workspace


def _holds(source: os.PathLike[str], home: Home) -> bool:
    inside = os.path.realpath(home.root)
    outer = os.path.realpath(source)
    return os.path.commonpath([inside, outer]) == outer

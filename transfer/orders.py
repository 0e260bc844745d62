"""Making a transfer: the order is checked, then a folder and a ledger hold it."""

from __future__ import annotations

import os
import shutil
from dataclasses import replace
from pathlib import Path

from transfer import checkpoint
from transfer.deid.keys.cohort import require_site_id
from transfer.deid.methods import PROFILES, build_method, build_pixel_rules
from transfer.errors import UsageError
from transfer.ledger.backup import keep_backup
from transfer.ledger.connection import Ledger
from transfer.ledger.order import Order, Word, record_word, write_order
from transfer.method_files import (
    SCRIPT,
    MethodFiles,
    de_identifies,
    keep_method_files,
    read_method_file,
)
from transfer.workspace import Home, Workspace, sync_folder

DEID_WAIVER = "deid-none"


def make_transfer(
    home: Home, order: Order, waiver: Word | None = None, files: MethodFiles | None = None
) -> Workspace:
    """Make the folder and the ledger of a new transfer; all of it or nothing.

    `order.deid` names a profile, or the file of a script, which is copied with the other `files`
    of the method. `waiver` is the word of a person who answers for what does not say itself that
    it is de-identified, although the node asks for that.

    Raises:
        UsageError: the source cannot be read, the name is taken or unusable, the method lacks
            something or says something that cannot be honoured.
    """
    order, files = _with_method(order, files or MethodFiles())
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
            keep_method_files(workspace.folder, ledger, files)
            if waiver is not None:
                record_word(ledger, waiver)
        draft.rename(workspace.ledger)
        sync_folder(workspace.folder)
        with Ledger.open(workspace.ledger) as ledger:
            keep_backup(ledger)
    except BaseException:
        shutil.rmtree(workspace.folder, ignore_errors=True)
        raise
    return workspace


def _with_method(order: Order, files: MethodFiles) -> tuple[Order, MethodFiles]:
    """The order and the files of its method, both in the form in which they are kept."""
    if not de_identifies(order):
        return order, files
    assert order.deid is not None, "`de_identifies` says so"
    if order.deid in PROFILES:
        require_site_id(order)
    elif files.script is None:
        files = replace(files, script=read_method_file(Path(order.deid)))
    if files.script is not None:
        order = replace(order, deid=SCRIPT)
        # What a script cannot do is said now, and not in the night.
        build_method(files.spec(order))
    build_pixel_rules(files.spec(order))
    return order, files


def _holds(source: os.PathLike[str], home: Home) -> bool:
    inside = os.path.realpath(home.root)
    outer = os.path.realpath(source)
    return os.path.commonpath([inside, outer]) == outer

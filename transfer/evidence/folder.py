"""Writing a report: beside its place, proved free of identifiers, then put there as a whole."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final, Protocol

from transfer.clinical.outputs.place import refuse_among_sources
from transfer.errors import LedgerDamaged, UsageError
from transfer.evidence.audit_log import write_audit_log
from transfer.evidence.content import FORM, Look, document, gather, reference_of, words
from transfer.evidence.look import refuse_identifiers
from transfer.evidence.manifest import (
    AUDIT,
    LARGEST_BYTES,
    MANIFEST,
    PAGE,
    REPORT,
    digest_of_file,
    digest_of_folder,
    manifest_text,
)
from transfer.evidence.page import page
from transfer.evidence.parts import write_parts
from transfer.evidence.receipts import CLINICAL, FINDINGS, INSTANCES, VOLUMES, Receipts
from transfer.evidence.speech import Speech
from transfer.evidence.verify import verify_report
from transfer.ledger.audit import seal_audit
from transfer.ledger.connection import Ledger, way_out
from transfer.ledger.order import read_order
from transfer.ledger.reports import record_report
from transfer.private import sync_folder
from transfer.quality.export import harmless
from transfer.workspace import make_folder, private_opener

LISTS: Final = "receipts"
_EACH: Final = 1000
_WORDS: Final = ("said_at_utc", "subject", "value", "person", "reason")


class Watch(Protocol):
    """Told how far it is: the stage (receipts, audit, looking, digests), and how much of it is
    done, of how much (0: not known). What it raises ends the writing, and nothing is left behind.
    """

    def __call__(self, stage: str, done: int, total: int) -> None: ...


def unwatched(stage: str, done: int, total: int) -> None:
    """Nobody looks on."""


@dataclass(frozen=True, slots=True)
class Written:
    """A report that was written. `digest` is that of the folder, to be kept elsewhere."""

    folder: Path
    digest: str
    files: int
    instances: int


def write_report(
    path: Path,
    folder: Path,
    look: Look,
    open_names: Callable[[Ledger], bool],
    watch: Watch = unwatched,
) -> Written:
    """Write the report of the ledger at `path` into a folder of its own. `open_names` has a ledger
    name things as they left; False where it cannot. What is read is of one moment, whatever a
    runner does meanwhile.

    Raises:
        UsageError: the folder lies in the source, holds something else, or cannot be written.
        StepBlocked: an original identifier would stand in it; nothing was handed out.
        LedgerDamaged: counts do not add up, or the ledger cannot be read.
    """
    folder = folder.expanduser().absolute()
    with Ledger.open(path) as writing:
        refuse_among_sources(writing, folder)
        reference = reference_of(read_order(writing))
        refuse_foreign(folder, reference)
        seal_audit(writing)
    make_folder(folder.parent)
    try:
        draft = Path(tempfile.mkdtemp(dir=folder.parent, prefix=".eucaim-transfer-report-"))
    except OSError as error:
        raise _unwritable(error) from error
    try:
        with Ledger.open(path, read_only=True) as ledger:
            written = _write(ledger, draft, look, open_names, watch)
        _put(draft, folder, reference)
    except OSError as error:
        raise _unwritable(error) from error
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    with Ledger.open(path) as writing:
        record_report(writing, written[0], look.made_at_utc)
    return Written(folder, *written)


def refuse_foreign(folder: Path, reference: str) -> None:
    """Raises UsageError where something else than an earlier report of this transfer is there."""
    if folder.is_symlink():
        raise _foreign()
    try:
        if not os.listdir(folder):
            return
    except FileNotFoundError:
        return
    except OSError as error:
        raise _foreign() from error
    report, manifest = folder / REPORT, folder / MANIFEST
    try:
        if any(path.is_symlink() or not path.is_file() for path in (report, manifest)):
            raise _foreign()
        with report.open("rb") as file:
            said = json.loads(file.read(LARGEST_BYTES))
        with manifest.open("rb") as file:
            content = file.read(LARGEST_BYTES)
        is_ours = said["form"] == FORM and said["transfer"]["reference"] == reference
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise _foreign() from error
    if not is_ours or not verify_report(folder, digest_of_folder(content)).is_whole:
        raise _foreign()


def _write(
    ledger: Ledger,
    draft: Path,
    look: Look,
    open_names: Callable[[Ledger], bool],
    watch: Watch,
) -> tuple[str, int, int]:
    has_names = open_names(ledger)
    look = Look(look.made_at_utc, look.journey, has_names)
    # A runner goes on meanwhile; all that is read below is of the moment of the first question.
    ledger.write("BEGIN")
    speech = gather(ledger, look)
    said = document(ledger, look, speech)
    receipts = Receipts(ledger, speech, has_names)
    (draft / LISTS).mkdir(mode=0o700)
    total = said["counts"]["instances"]["total"]
    files = _lists(ledger, draft, speech, receipts, partial(watch, "receipts", total=total))
    _refuse_wrong_sum(ledger, said, receipts)
    watch("audit", 0, 0)
    head = write_audit_log(ledger, draft / AUDIT)
    said["audit"] = {"lines": head.lines, "sha256": head.sha256}
    said["files"] = files
    _put_text(draft / REPORT, [json.dumps(said, ensure_ascii=False, indent=1), "\n"])
    _put_text(draft / PAGE, page(said, files))
    names = [PAGE, REPORT, AUDIT, *(name for part in files.values() for name in part)]
    refuse_identifiers(ledger, draft, names, partial(watch, "looking", total=len(names)))
    ledger.write("COMMIT")
    watch("digests", 0, len(names))
    manifest = manifest_text({name: digest_of_file(draft / name) for name in names})
    _put_text(draft / MANIFEST, [manifest.decode("ascii")])
    sync_folder(draft / LISTS)
    sync_folder(draft)
    return digest_of_folder(manifest), len(names), total


def _lists(
    ledger: Ledger, draft: Path, speech: Speech, receipts: Receipts, watch: Callable[[int], None]
) -> dict[str, list[str]]:
    lists: tuple[tuple[str, tuple[str, ...], Iterable[tuple[object, ...]]], ...] = (
        ("instances", INSTANCES, _watched(receipts.instances(), watch)),
        ("volumes", VOLUMES, receipts.volumes()),
        ("clinical", CLINICAL, receipts.clinical()),
        ("findings", FINDINGS, receipts.findings()),
        ("words", _WORDS, _words(ledger, speech)),
    )
    return {
        kind: [f"{LISTS}/{name}" for name in write_parts(draft / LISTS, kind, heading, rows)]
        for kind, heading, rows in lists
    }


def _watched(
    rows: Iterable[tuple[object, ...]], watch: Callable[[int], None]
) -> Iterable[tuple[object, ...]]:
    for n, row in enumerate(rows):
        if n % _EACH == 0:
            watch(n)
        yield row


def _words(ledger: Ledger, speech: Speech) -> Iterable[tuple[object, ...]]:
    for at, subject, value, person, reason in words(ledger):
        told = (speech.typed(subject), speech.typed(value), speech.person(person))
        yield at, *(harmless(text) for text in (*told, speech.typed(reason)))


def _refuse_wrong_sum(ledger: Ledger, said: dict[str, Any], receipts: Receipts) -> None:
    counted = {
        state: n["instances"] for state, n in said["counts"]["instances"]["by_state"].items()
    }
    if counted != dict(receipts.states):
        raise LedgerDamaged(
            "The counts of the ledger do not add up to its instances; no report was written.",
            way_out(ledger.path),
        )


def _put_text(path: Path, pieces: Iterable[str]) -> None:
    with open(
        path, "x", encoding="utf-8", errors="replace", newline="", opener=private_opener
    ) as f:
        for piece in pieces:
            f.write(piece)
        f.flush()
        os.fsync(f.fileno())


def _put(draft: Path, folder: Path, reference: str) -> None:
    """In the place of an empty folder or an earlier report, which is taken away afterwards only."""
    refuse_foreign(folder, reference)
    aside = draft.with_name(f"{draft.name}-before")
    is_there = folder.exists()
    if is_there:
        os.rename(folder, aside)
    try:
        os.rename(draft, folder)
    except OSError:
        if is_there:
            with contextlib.suppress(OSError):
                os.rename(aside, folder)
        raise
    sync_folder(folder.parent)
    if is_there:
        shutil.rmtree(aside, ignore_errors=True)


def _foreign() -> UsageError:
    return UsageError(
        "The folder for the report holds something else than an unchanged report of this transfer;"
        " nothing was written.",
        "Name a new folder with --out DIR, or an empty one.",
    )


def _unwritable(error: OSError) -> UsageError:
    return UsageError(
        f"The report cannot be written: {error.strerror or 'input/output error'}.",
        "Name a folder that you may write to with --out DIR, on a disk with space left.",
    )

"""An index of studies, and the data of its subjects, as a person hands them in to be sent.

Only subjects of this transfer leave, under the names that the node knows them by. What is looked at
is a copy: the very bytes that go.
"""

from __future__ import annotations

import csv
import hashlib
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from transfer.clinical.json_stream import as_text, records_of
from transfer.clinical.rows import TableProblem
from transfer.deid.look.tokens import tokens_of
from transfer.errors import StepBlocked, UsageError
from transfer.evidence.identifiers import everybody, phrases, stands_in
from transfer.ledger.connection import Ledger
from transfer.ledger.order import read_order
from transfer.method_files import de_identifies
from transfer.publication.subjects import Subjects
from transfer.publication.values import NewDataset
from transfer.sentences import count
from transfer.workspace import Workspace, make_private_folder, private_opener, sync_folder

LARGEST_BYTES: Final = 120 * 1024 * 1024
"""What the dataset-service takes at most (upv-node.md 2.2)."""
_FOLDER: Final = "publication"
_CODEC: Final = "utf-8-sig"
_PIECE: Final = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Index:
    """What an index says, and the copy that goes."""

    wanted: NewDataset
    sha256: str
    studies: int
    subjects: int


def take_index(workspace: Workspace, ledger: Ledger, wanted: NewDataset) -> Index:
    """Copy the files and look through them. Blocking; holds one study at a time.

    Raises:
        UsageError: a file cannot be read, or is no index.
        StepBlocked: it names subjects who are not of this transfer, or tells of a patient.
    """
    folder = workspace.folder / _FOLDER
    make_private_folder(folder)
    suffix = wanted.clinical.suffix.casefold() if wanted.clinical else ""
    if suffix not in ("", ".json", ".csv"):
        raise UsageError(
            "The file of clinical data is neither JSON nor CSV; the node takes no other.",
            "Save it as one of them, or leave it out.",
        )
    index = _copied(wanted.index, folder / "index.json", "index of studies")
    clinical = None
    if wanted.clinical is not None:
        clinical = _copied(wanted.clinical, folder / f"clinical{suffix}", "file of clinical data")
    copy = replace(wanted, index=index, clinical=clinical)
    studies, subjects = _counted(ledger, copy)
    _refuse_identifiers(ledger, copy)
    return Index(copy, _sha256(index), studies, subjects)


def forget_index(workspace: Workspace) -> None:
    """Remove the copies."""
    shutil.rmtree(workspace.folder / _FOLDER, ignore_errors=True)


def _copied(source: Path, target: Path, what: str) -> Path:
    try:
        with open(os.open(source, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK), "rb") as file:
            target.unlink(missing_ok=True)
            size_bytes = 0
            with open(target, "xb", opener=private_opener) as copy:
                while piece := file.read(_PIECE):
                    size_bytes += len(piece)
                    if size_bytes > LARGEST_BYTES:
                        raise UsageError(
                            f"The {what} is larger than {LARGEST_BYTES >> 20} MiB; the node takes"
                            " no more at once.",
                            "Make several datasets of it.",
                        )
                    copy.write(piece)
                copy.flush()
                os.fsync(copy.fileno())
        sync_folder(target.parent)
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or "its name cannot be one"
        raise UsageError(
            f"The {what} cannot be read: {why}.", "Name a file that this account can read."
        ) from error
    return target


def _counted(ledger: Ledger, wanted: NewDataset) -> tuple[int, int]:
    subjects = Subjects(ledger)
    studies, strangers = 0, 0
    seen: set[int] = set()
    for study in _records(wanted.index, "index of studies"):
        studies += 1
        row = subjects.row_of(as_text(study.get("subjectName", "")))
        strangers += not row
        seen.add(row)
    if not studies:
        raise UsageError("The index of studies is empty.", "Name the index of the dataset.")
    for name in _clinical_names(wanted.clinical):
        row = subjects.row_of(name)
        strangers += not row
    if strangers:
        raise StepBlocked(
            f"{count(strangers, 'entry', 'entries')} of the files name subjects who are none of"
            " this transfer's, or name them otherwise than the node knows them. Nothing was sent.",
            "Subjects go under the names that their images have on the node. Take an index of these"
            " cases only.",
        )
    return studies, len(seen)


def _clinical_names(path: Path | None) -> Iterator[str]:
    if path is None:
        return
    if path.suffix == ".json":
        for record in _records(path, "file of clinical data"):
            yield as_text(record.get("subjectName", ""))
        return
    with path.open(encoding=_CODEC, errors="replace", newline="") as file:
        rows = csv.reader(file)
        next(rows, None)
        yield from (row[0] for row in rows if row)


def _records(path: Path, what: str) -> Iterator[dict[str, Any]]:
    try:
        with path.open(encoding=_CODEC, errors="replace") as file:
            if not file.read(4096).lstrip().startswith("["):
                raise TableProblem("unreadable-json")
        yield from records_of(path, _CODEC)
    except TableProblem as problem:
        raise UsageError(
            f"The {what} is no JSON array of objects, or a part of it is too long.",
            "Take the file as QP-Insights or the dataset-service wrote it.",
        ) from problem


def _strings(wanted: NewDataset) -> Iterator[str]:
    for path in (wanted.index, wanted.clinical):
        if path is None:
            continue
        if path.suffix == ".csv":
            with path.open(encoding=_CODEC, errors="replace", newline="") as file:
                for row in csv.reader(file):
                    yield from row
        else:
            for record in records_of(path, _CODEC):
                yield from _inside(record)


def _inside(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield str(key)
            yield from _inside(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _inside(inner)
    elif value is not None:
        yield as_text(value)


def _refuse_identifiers(ledger: Ledger, wanted: NewDataset) -> None:
    """What cannot be taken for a count or a word of ours: numbers of patients, whole names, birth
    dates. Where files went as they are, the source's own names are the node's."""
    if not de_identifies(read_order(ledger)):
        return
    words = {token for text in _strings(wanted) for token in tokens_of(text)}
    near = {
        phrase: known.kind
        for known in everybody(ledger)
        for phrase in phrases(known)
        if words.issuperset(phrase)
    }
    if not near:
        return
    found = _kinds(wanted, near)
    if found:
        raise StepBlocked(
            f"The files tell of patients: {', '.join(sorted(found))} of the originals in"
            f" {count(sum(found.values()), 'place')}. Nothing was sent.",
            "Take these out of the files; only pseudonyms leave.",
        )


def _kinds(wanted: NewDataset, near: dict[tuple[str, ...], str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for text in _strings(wanted):
        tokens = tokens_of(text)
        for phrase, kind in near.items():
            if stands_in(phrase, tokens):
                found[kind] = found.get(kind, 0) + 1
    return found


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()

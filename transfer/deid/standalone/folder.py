"""`deid IN OUT`: a folder de-identified for review, without a node.

Every file of the input ends in one way: written, taken along as a table, skipped by the script,
quarantined, stopped by the last look, or left out since it is no instance. Nothing is overwritten,
and nothing stands in the output before all of it does.

The layout is Lethe's, `PatientID/StudyInstanceUID/SeriesInstanceUID/00001.dcm`, with two
differences: instances are numbered by Instance Number and not by chance, and one without that
number is written too (last in its series), where Lethe drops it.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import os
import re
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Final

from transfer.deid.look.identifiers import Fact, Identifiers
from transfer.deid.look.judge import Place, judge
from transfer.deid.look.phrases import index_of
from transfer.deid.methods import MethodSpec, build_method, build_pixel_rules, label_of
from transfer.deid.model import Method, Moment, NumberNeeded
from transfer.deid.standalone.pseudonyms import LethePseudonyms, MethodPseudonyms, RecipePseudonyms
from transfer.deid.standalone.report import FolderReport, report_of
from transfer.deid.standalone.rows import Fate, FileRow, Rows
from transfer.deid.standalone.tables import (
    Problem,
    Pseudonyms,
    TableFinding,
    TableKind,
    TableLook,
    TableResult,
    hash_table,
    table_kind,
)
from transfer.deid.standalone.work import (
    DiskTrouble,
    Draft,
    Drafted,
    Ended,
    Input,
    Numbers,
    NumberWanted,
    Seen,
    Setup,
    lookers,
    writers,
)
from transfer.errors import TransferError, UsageError
from transfer.scan.walk import walk
from transfer.workspace import make_folders, private_opener

_WORK: Final = ".unfinished-"
_PLAIN_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
_NAME: Final = Place(0, "LO")
PATIENT_STOPPED: Final = (
    "An identifier was found in another instance of the same patient; nothing of the patient is"
    " written."
)


@dataclass(frozen=True, slots=True)
class FolderOrder:
    """What is to be done. `is_flat`: folders and names stay as they are in the source. `released`
    are elements that a person answers for, which the last look passes over."""

    source: Path
    target: Path
    spec: MethodSpec
    clock: dt.datetime
    is_flat: bool = False
    released: frozenset[int] = frozenset()
    processes: int = field(default_factory=lambda: max(1, min(os.cpu_count() or 1, 8)))


OnProgress = Callable[[str, int, int], None]
"""Told what is being done, how many files are done, and how many there are."""


def deidentify_folder(
    order: FolderOrder, on_progress: OnProgress = lambda *_: None
) -> FolderReport:
    """Do it. Until the last step the output is empty but for one hidden folder.

    Raises:
        UsageError: a folder or the method cannot be used.
        TransferError: the disk does not take the output.
    """
    check_folders(order.source, order.target)
    method = build_method(order.spec)
    build_pixel_rules(order.spec)
    with Rows() as rows, _work_folder(order.target) as work:
        run = _Run(order, method, rows, work, on_progress)
        run.look()
        run.draft()
        run.stop()
        run.tables()
        run.publish()
        return report_of(rows, run.results, label_of(order.spec, method))


def check_folders(source: Path, target: Path) -> None:
    """Refuse what could lose or mix up files.

    Raises:
        UsageError: the input is no folder or holds nothing, or the output is not empty, or lies
            in the input.
    """
    if not source.is_dir() or not os.access(source, os.R_OK | os.X_OK):
        raise UsageError(
            "The input is no folder that this account can read.",
            "Give the folder that holds the images first, and the one to write to second.",
        )
    if not any(files for _, _, files in os.walk(source)):
        raise UsageError(
            "The input folder holds no file.",
            "Name the folder that holds the images; if that is a share, see that it is mounted.",
        )
    inner, outer = os.path.realpath(target), os.path.realpath(source)
    if os.path.commonpath([inner, outer]) == outer:
        raise UsageError(
            "The output folder lies in the input folder.",
            "Name a folder outside of it: what is de-identified must not mix with originals.",
        )
    try:
        is_used = os.path.lexists(target) and any(target.iterdir())
    except OSError as error:
        raise UsageError(
            f"The output is no folder that can be looked into: {error.strerror}.",
            "Name an empty folder, or one that does not exist yet.",
        ) from error
    if is_used:
        raise UsageError(
            "The output folder is not empty; nothing is overwritten.",
            "Name an empty folder, or one that does not exist yet.",
        )


@contextmanager
def _work_folder(target: Path) -> Iterator[Path]:
    """A hidden folder in the output for what is not finished; it is gone afterwards."""
    is_new = not target.exists()
    try:
        make_folders(target)
        target.chmod(0o700)
        work = Path(tempfile.mkdtemp(prefix=_WORK, dir=target))
    except OSError as error:
        raise UsageError(
            f"The output folder cannot be made: {error.strerror}.",
            "Name a folder on a local disk that you may write to.",
        ) from error
    try:
        yield work
    except OSError as error:
        raise _disk_trouble(error.strerror or "it does not answer") from error
    finally:
        shutil.rmtree(work, ignore_errors=True)
        if is_new and not any(target.iterdir()):
            target.rmdir()


def _disk_trouble(why: str) -> TransferError:
    return TransferError(
        f"The output cannot be written: {why}.",
        "Make room on its disk, or name a folder on another one, then start over.",
    )


@dataclass(slots=True)
class _Run:
    order: FolderOrder
    method: Method
    rows: Rows
    work: Path
    on_progress: OnProgress
    numbers: Numbers = field(default_factory=dict)
    last_number: Counter[str] = field(default_factory=Counter)
    results: list[tuple[int, TableKind, TableResult]] = field(default_factory=list)
    total: int = 0

    @property
    def source(self) -> bytes:
        return os.fsencode(self.order.source)

    # Looking ----------------------------------------------------------------------------

    def look(self) -> None:
        """What every file is, and whose."""
        entries = walk(self.source)
        self.total = self.rows.fill((e.path, e.size_bytes, e.mtime_ns, e.refusal) for e in entries)
        from transfer.scan.reasons import explain

        for row, code in self.rows.refused():
            self.rows.end(row, Fate.LEFT_OUT, code, explain(code))
        with lookers(self._processes()) as pool:
            done = 0
            for answers in pool.answers(self._inputs()):
                for answer in answers:
                    self._take(answer)
                done += len(answers)
                self.on_progress("looked at", done, self.total)

    def _inputs(self) -> Iterator[Input]:
        for file in self.rows.open_files():
            if self._table_kind(file) is None:
                yield self._input(file)

    def _input(self, file: FileRow) -> Input:
        return Input(file.row, os.path.join(self.source, file.path), file.scanned)

    def _table_kind(self, file: FileRow) -> TableKind | None:
        """Only tables in the top folder are tables of the cohort."""
        return None if b"/" in file.path else table_kind(os.fsdecode(file.path))

    def _processes(self) -> int:
        return max(1, min(self.order.processes, self.total))

    # Drafts -----------------------------------------------------------------------------

    def draft(self) -> None:
        """Write what leaves of each instance into the work folder.

        Numbers that a script asks for are given in rounds, in the order of the rows: so the same
        input gets the same numbers, however fast which process is.
        """
        setup = Setup(self.order.spec, self.order.clock, self.work, self.order.released)
        with writers(self._processes(), setup) as pool:
            done = 0
            is_over = False
            while not is_over:
                is_over = True
                wanted: dict[tuple[str, str], None] = {}
                for answers in pool.answers(self._drafts()):
                    for answer in answers:
                        if isinstance(answer, NumberWanted):
                            wanted[answer.key_type, answer.text] = None
                        else:
                            self._take(answer)
                            done += 1
                    self.on_progress("de-identified", done, self.total)
                for key_type, text in wanted:
                    is_over = False
                    self._give_number(key_type, text)
                    pool.tell((key_type, text, self.numbers[key_type, text]))

    def _give_number(self, key_type: str, text: str) -> None:
        if (key_type, text) not in self.numbers:
            self.last_number[key_type] += 1
            self.numbers[key_type, text] = self.last_number[key_type]

    def _drafts(self) -> Iterator[Draft]:
        patient, facts = 0, tuple[Fact, ...]()
        for file in self.rows.open_files():
            if not file.patient:
                continue
            if file.patient != patient:
                patient, facts = file.patient, tuple(self.rows.identifiers(file.patient).facts)
            names: tuple[str, ...] = ()
            if self.order.is_flat:
                names = tuple(os.fsdecode(file.path).split("/"))
            yield Draft(self._input(file), facts, self._draft_path(file.row), names)

    def _draft_path(self, row: int) -> bytes:
        # No folder holds more names than a file system is quick with.
        folder = os.path.join(os.fsencode(self.work), b"%d" % (row // 10_000))
        os.makedirs(folder, mode=0o700, exist_ok=True)
        return os.path.join(folder, b"%d" % row)

    def _take(self, answer: Seen | Ended | Drafted | DiskTrouble) -> None:
        rows = self.rows
        match answer:
            case Seen(row, mark, facts, number, sop):
                rows.learn(row, mark, facts, number, sop)
            case Drafted(row, names, size_bytes, is_marked):
                rows.write(row, names, size_bytes, is_marked=is_marked)
            case Ended(row, Fate.STOPPED, _, message, places):
                rows.stop(row, places, message)
            case Ended(row, fate, reason, message, _):
                rows.end(row, fate, reason, message)
            case DiskTrouble(_, why):
                raise _disk_trouble(why)

    def stop(self) -> None:
        """A hit stops the patient: what was written of the same one is not kept."""
        for row in self.rows.stop_patients(PATIENT_STOPPED):
            os.unlink(self._draft_path(row))

    # Tables -----------------------------------------------------------------------------

    def tables(self) -> None:
        """The tables of the top folder, in step with the images."""
        everybody = self.rows.identifiers_of_all()
        look = TableLook(self.rows.identifiers_by_mark, everybody)
        for file in self.rows.open_files():
            kind = self._table_kind(file)
            assert kind is not None, "all others have their fate"
            draft = self._draft_path(file.row)
            try:
                source = open(os.path.join(self.source, file.path), "rb")  # noqa: SIM115
            except OSError:
                self.rows.end(file.row, Fate.QUARANTINED, "unreadable-file", _UNREADABLE_TABLE)
                continue
            with source, open(draft, "wb", opener=private_opener) as target:
                result = self._table(source, target, kind, file, look)
            self.results.append((file.row, kind, result))
            if result.is_good:
                self._publish(draft, file.path)
                self.rows.end(file.row, Fate.TABLE)
            else:
                self.rows.end(file.row, Fate.QUARANTINED, "table-refused", _REFUSED_TABLE)

    def _table(
        self, source: BinaryIO, target: BinaryIO, kind: TableKind, file: FileRow, look: TableLook
    ) -> TableResult:
        if _is_telling(os.fsdecode(file.path), look.all_):
            return TableResult(0, (TableFinding(Problem.NAME, 0, 0, ()),))
        return hash_table(source, target, kind, self._pseudonyms(), look)

    def _pseudonyms(self) -> Pseudonyms:
        spec = self.order.spec
        if not spec.is_profile:
            return MethodPseudonyms(self.method, Moment(self.order.clock, self._number))
        return LethePseudonyms(spec.key) if spec.name == "lethe" else RecipePseudonyms(spec.key)

    def _number(self, key_type: str, text: str) -> int:
        if (key_type, text) not in self.numbers:
            raise NumberNeeded(key_type, text)
        return self.numbers[key_type, text]

    # Publishing -------------------------------------------------------------------------

    def publish(self) -> None:
        """Give the drafts their places."""
        for row, place in self._places():
            self._publish(self._draft_path(row), place)

    def _places(self) -> Iterator[tuple[int, bytes]]:
        series: tuple[str, str, str] | None = None
        number = 0
        for row, path, *names in self.rows.written():
            if self.order.is_flat:
                yield row, path
                continue
            patient, study, uid = names
            number = number + 1 if series == (patient, study, uid) else 1
            series = (patient, study, uid)
            parts = [safe_name(part) for part in series]
            yield row, os.fsencode(os.path.join(*parts, f"{number:05}.dcm"))

    def _publish(self, draft: bytes, place: bytes) -> None:
        final = os.path.join(os.fsencode(self.order.target), place)
        if not os.path.isdir(os.path.dirname(final)):
            make_folders(Path(os.fsdecode(os.path.dirname(final))))
        if os.path.lexists(final):
            raise UsageError(
                "Something was put into the output folder while it was being filled.",
                "Let nothing else write there, and start over with an empty folder.",
            )
        os.rename(draft, final)


_UNREADABLE_TABLE: Final = "The table cannot be read. Check its permissions, then start over."
_REFUSED_TABLE: Final = "The table is not written; its findings say why."


def _is_telling(name: str, everybody: Identifiers) -> bool:
    return any(True for _ in judge(_NAME, [name], index_of(everybody.facts)))


def safe_name(text: str) -> str:
    """A folder's name for an identifier that a script made: the same where it can be one, else
    told apart by a digest."""
    if _PLAIN_NAME.fullmatch(text):
        return text
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]
    cleaned = re.sub(r"[^A-Za-z0-9._-]", "_", text)[:64].lstrip("._-")
    return f"{cleaned}-{digest}" if cleaned else digest

"""Every instance is de-identified once before anything is planned: then all is known of what
leaves, its names, its exact length and its digest, and what may not leave is found in time."""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace

from transfer import checkpoint
from transfer.deid.rewrite import Outgoing, Stopped
from transfer.ledger.batches import PatientFacts
from transfer.ledger.connection import Ledger
from transfer.ledger.deid_run import give_number
from transfer.ledger.facts import (
    Fact,
    Ungathered,
    count_ungathered,
    facts_of,
    record_facts,
    ungathered,
)
from transfer.ledger.mends import mends_of
from transfer.ledger.order import read_order
from transfer.ledger.prepared import (
    Halted,
    Made,
    Unprepared,
    count_unprepared,
    record_prepared,
    unprepared,
)
from transfer.ledger.progress import Progress, write_progress
from transfer.ledger.steps import set_step
from transfer.mending import Mend
from transfer.prepare.findings import conclude
from transfer.prepare.method import OpenMethod, Releases, read_releases
from transfer.prepare.rewriter import Answer, NumberWanted, Question, Task, Told, rewriters
from transfer.scan.phase import Interrupted
from transfer.values import SeriesInstanceUID, SeriesRef, StepState, StudyInstanceUID
from transfer.workers import Pool

STEP = "deidentify"
_PAGE = 500
_TELL_EVERY_S = 0.4


def prepare(
    ledger: Ledger, method: OpenMethod, *, processes: int, should_stop: Callable[[], bool]
) -> None:
    """De-identify what has no current result. Blocking; may be interrupted anywhere and repeated.

    Raises:
        Interrupted: `should_stop` said so.
        StepBlocked: nothing at all may leave.
    """
    total = count_unprepared(ledger, method.run)
    if total:
        set_step(ledger, STEP, StepState.RUNNING, f"By {method.title}.")
        with _Rewriting(ledger, method, processes, should_stop) as rewriting:
            # All of a patient's files first: what one tells is searched for in the others.
            rewriting.ask_all()
            rewriting.all(count_unprepared(ledger, method.run))
    conclude(ledger, method)


class _Rewriting:
    """The processes at work, and their answers on the way into the ledger."""

    def __init__(
        self,
        ledger: Ledger,
        method: OpenMethod,
        processes: int,
        should_stop: Callable[[], bool],
    ) -> None:
        self._ledger = ledger
        self._method = method
        self._processes = processes
        self._should_stop = should_stop
        self._releases: Releases = read_releases(ledger)
        self._source = os.fsencode(read_order(ledger).source)
        self._given: deque[Unprepared] = deque()
        self._asked: deque[Ungathered] = deque()
        self._alone: Pool[Task | Question, Answer] | None = None
        self._told: set[NumberWanted] = set()
        self._stack = ExitStack()
        self._pool: Pool[Task | Question, Answer]
        self._whose: PatientFacts | None = None
        self._mended: tuple[int, tuple[Mend, ...]] | None = None

    def __enter__(self) -> _Rewriting:
        self._pool = self._stack.enter_context(rewriters(self._processes, self._method.setup))
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def ask_all(self) -> None:
        """Have every file tell whose it is, page by page."""
        total = count_ungathered(self._ledger, self._method.run)
        done = 0
        page: list[tuple[Ungathered, Sequence[Fact]]] = []
        for answers in self._pool.answers(self._questions()):
            self._stop_if_wished()
            for answer in answers:
                facts = answer.facts if isinstance(answer, Told) else ()
                page.append((self._asked.popleft(), facts))
            if len(page) >= _PAGE or (page and done + len(page) == total):
                done += len(page)
                record_facts(self._ledger, page)
                checkpoint.passed("asked")
                page = []
                write_progress(
                    self._ledger, Progress(STEP, done, total, "Reading whose the images are")
                )
        if page:
            record_facts(self._ledger, page)

    def _questions(self) -> Iterator[Question]:
        for one in ungathered(self._ledger, self._method.run):
            self._asked.append(one)
            path = os.path.join(self._source, one.path)
            yield Question(path, (one.file_bytes, one.mtime_ns))

    def all(self, total: int) -> None:
        """Rewrite everything, page by page."""
        done, began = 0, time.monotonic()
        page: list[Made | Halted] = []
        paged = began
        for answers in self._pool.answers(self._tasks()):
            self._stop_if_wished()
            for answer in answers:
                page.append(self._result(self._given.popleft(), answer))
            now = time.monotonic()
            if not page or (len(page) < _PAGE and now - paged < _TELL_EVERY_S):
                continue
            done += len(page)
            self._record(page)
            page, paged = [], now
            left_s = max(total - done, 0) * (now - began) / done
            write_progress(
                self._ledger,
                Progress(STEP, done, total, "De-identifying", eta_s=left_s),
            )
        if page:
            self._record(page)

    def _record(self, page: list[Made | Halted]) -> None:
        record_prepared(self._ledger, self._method.run, page)
        checkpoint.passed("deidentified")

    def _tasks(self) -> Iterator[Task]:
        for one in unprepared(self._ledger, self._method.run):
            self._given.append(one)
            yield self._task(one)

    def _task(self, one: Unprepared) -> Task:
        return Task(
            os.path.join(self._source, one.path),
            (one.file_bytes, one.mtime_ns),
            self._known(one.patient),
            self._releases.get(one.patient.row, frozenset()),
            mends=self._mends_of(one.series_row),
        )

    def _mends_of(self, series: int) -> tuple[Mend, ...]:
        if self._mended is None or self._mended[0] != series:
            self._mended = series, mends_of(self._ledger, series)
        return self._mended[1]

    def _known(self, whose: PatientFacts) -> PatientFacts:
        """With all that the patient's files told. Series by Series it is mostly the same one."""
        if not whose.original_id:
            return whose  # Of nobody in particular: what one file tells is not true of the others.
        if self._whose is None or self._whose.row != whose.row:
            self._whose = replace(whose, others=facts_of(self._ledger, whose.row))
        return self._whose

    def _result(self, of: Unprepared, answer: Answer) -> Made | Halted:
        while isinstance(answer, NumberWanted):
            answer = self._with_number(of, answer)
        if isinstance(answer, Stopped):
            places = tuple(dict.fromkeys(hit.where for hit in answer.hits))
            return Halted(of, answer.cause.value, answer.reason, places)
        assert isinstance(answer, Outgoing), "a task is not answered as a question is"
        return self._made(of, answer)

    def _made(self, of: Unprepared, out: Outgoing) -> Made:
        named = out.identity
        return Made(
            of,
            SeriesRef(
                StudyInstanceUID(named.study_uid),
                SeriesInstanceUID(named.series_uid),
                named.patient_id,
            ),
            named.sop_instance_uid,
            named.sop_class_uid,
            named.transfer_syntax_uid,
            out.size_bytes,
            out.head_sha256,
            out.is_marked or self._method.stands_for_itself,
            out.traits,
            out.mends,
        )

    def _with_number(self, of: Unprepared, wanted: NumberWanted) -> Answer:
        """Answers come in the order of the plan, so that numbers are given in it too; what was
        asked meanwhile without the number asks again."""
        if self._alone is None:
            self._alone = self._stack.enter_context(rewriters(1, self._method.setup))
        if wanted not in self._told:
            self._told.add(wanted)
            number = give_number(self._ledger, wanted.key_type, wanted.text)
            for pool in (self._pool, self._alone):
                pool.tell((wanted.key_type, wanted.text, number))
        for answers in self._alone.answers([self._task(of)]):
            self._stop_if_wished()
            for answer in answers:
                return answer
        raise AssertionError("every item is answered")

    def _stop_if_wished(self) -> None:
        if self._should_stop():
            raise Interrupted

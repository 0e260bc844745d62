"""Where files go as they are, those of mended Series are made ready like what is de-identified:
then their exact length and digest are known before anything is planned."""

from __future__ import annotations

import datetime as dt
import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from transfer import checkpoint
from transfer.deid.methods import MethodSpec
from transfer.deid.rewrite import Outgoing, Stopped
from transfer.ledger.batches import PatientFacts
from transfer.ledger.connection import Ledger
from transfer.ledger.mends import (
    Mended,
    Unmended,
    count_unmended,
    has_mends,
    record_mended,
    unmended,
)
from transfer.ledger.order import read_order
from transfer.ledger.progress import Progress, write_progress
from transfer.prepare.rewriter import Setup, Task, rewriters
from transfer.scan.phase import Interrupted

_PAGE: Final = 500
_ANY_TIME: Final = dt.datetime(2000, 1, 1)  # noqa: DTZ001 - no mend reads the clock
_NOBODY: Final = PatientFacts(0, "", "")


def setup_of_mends() -> Setup:
    """For processes that mend and do nothing else."""
    return Setup(MethodSpec("none"), _ANY_TIME, {}, mends_alone=True)


def prepare_mended(ledger: Ledger, *, processes: int, should_stop: Callable[[], bool]) -> None:
    """Make ready what a person had mended and nothing de-identifies. Blocking; may be interrupted
    anywhere and repeated.

    Raises:
        Interrupted: `should_stop` said so.
    """
    total = count_unmended(ledger) if has_mends(ledger) else 0
    if not total:
        return
    source = os.fsencode(read_order(ledger).source)
    given: deque[Unmended] = deque()

    def tasks() -> Iterator[Task]:
        for one in unmended(ledger):
            given.append(one)
            scanned = (one.file_bytes, one.mtime_ns)
            yield Task(
                os.path.join(source, one.path),
                scanned,
                _NOBODY,
                mends=one.mends,
                has_part10=one.has_part10,
            )

    done = 0
    page: list[tuple[Unmended, Outgoing | Stopped]] = []
    with rewriters(processes, setup_of_mends()) as pool:
        for answers in pool.answers(tasks()):
            if should_stop():
                raise Interrupted
            for answer in answers:
                assert isinstance(answer, Outgoing | Stopped), "nothing else is answered to a task"
                page.append((given.popleft(), answer))
            if len(page) >= _PAGE:
                done += len(page)
                _record(ledger, page)
                page = []
                write_progress(ledger, Progress("mend", done, total, "Mending"))
    _record(ledger, page)


def _record(ledger: Ledger, page: Sequence[tuple[Unmended, Outgoing | Stopped]]) -> None:
    made, refused = [], []
    for of, answer in page:
        if isinstance(answer, Stopped):
            refused.append((of, answer.cause.value, answer.reason))
        else:
            size, head = answer.size_bytes, answer.head_sha256
            made.append(Mended(of, size, head, answer.traits, answer.mends))
    record_mended(ledger, made, refused)
    checkpoint.passed("mended")

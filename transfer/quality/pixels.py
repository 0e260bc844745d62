"""The same picture under two UIDs (rule UNQ-05): a look at all pixel data, for whoever asks for it.

Every image tells a sample first: form, length, and a few pieces of its pixel data. Only those with
a sample in common are read to the end. Pixel data are compared as they are stored: pictures that
were compressed in different ways are not found to be the same.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterator
from typing import Final

from transfer.ledger.connection import Ledger
from transfer.ledger.findings import Finding, replace_findings
from transfer.ledger.order import read_order
from transfer.ledger.progress import Progress, write_progress
from transfer.quality.pixel_digests import Question, digesters
from transfer.quality.rule import Severity
from transfer.quality.rules import BY_ID
from transfer.quality.rules.unique import EQUAL_PIXELS
from transfer.quality.wording import with_count
from transfer.scan.phase import Interrupted
from transfer.workers import Pool

PHASE: Final = "pixels"

_PAGE: Final = 1000


def look_for_equal_pixels(
    ledger: Ledger, processes: int, should_stop: Callable[[], bool] = lambda: False
) -> int:
    """Compare the pixel data of all images that go, and replace the findings of UNQ-05; how many
    images have a twin. Blocking: reads every header, and the candidates as a whole.

    Interrupted, it leaves the findings of the look before.

    Raises:
        Interrupted: `should_stop` said so.
        UsageError: no process can be started.
    """
    with digesters(processes) as pool:
        look = _Look(ledger, pool, should_stop)
        try:
            look.sample_all()
            look.read_candidates()
            found = list(look.found())
        finally:
            look.forget()
            write_progress(ledger, Progress())
    replace_findings(ledger, [EQUAL_PIXELS], found)
    return sum(finding.n for finding in found)


class _Look:
    """What was seen so far lies in a temporary table: memory does not grow with the cohort."""

    def __init__(
        self,
        ledger: Ledger,
        pool: Pool[Question, bytes | None],
        should_stop: Callable[[], bool],
    ) -> None:
        self._ledger = ledger
        self._pool = pool
        self._should_stop = should_stop
        self._source = os.fsencode(read_order(ledger).source)
        self._asked: deque[int] = deque()
        self.forget()
        with ledger.transaction():
            ledger.write(
                "CREATE TEMP TABLE seen_pixels (instance INTEGER PRIMARY KEY, sample BLOB NOT NULL,"
                " whole BLOB)"
            )

    def forget(self) -> None:
        with self._ledger.transaction():
            self._ledger.write("DROP TABLE IF EXISTS temp.seen_pixels")

    def sample_all(self) -> None:
        total = self._ledger.number("SELECT count(*) FROM instance WHERE state <> 'excluded'")
        self._ask(
            self._files(
                "SELECT i.id, f.path, i.file_bytes, i.file_mtime_ns FROM instance i"
                " JOIN source_file f ON f.id = i.file_id"
                " WHERE i.state <> 'excluded' AND f.verdict = 'instance' AND i.id > ?"
                " ORDER BY i.id LIMIT ?",
                is_whole=False,
            ),
            "INSERT INTO seen_pixels (sample, instance) VALUES (?, ?)",
            total,
            "Looking at pictures",
        )

    def read_candidates(self) -> None:
        with self._ledger.transaction():
            self._ledger.write("CREATE INDEX temp.seen_samples ON seen_pixels (sample)")
            self._ledger.write(
                "DELETE FROM seen_pixels WHERE sample IN"
                " (SELECT sample FROM seen_pixels GROUP BY sample HAVING count(*) = 1)"
            )
        total = self._ledger.number("SELECT count(*) FROM seen_pixels")
        self._ask(
            self._files(
                "SELECT i.id, f.path, i.file_bytes, i.file_mtime_ns FROM seen_pixels c"
                " JOIN instance i ON i.id = c.instance JOIN source_file f ON f.id = i.file_id"
                " WHERE c.instance > ? ORDER BY c.instance LIMIT ?",
                is_whole=True,
            ),
            "UPDATE seen_pixels SET whole = ? WHERE instance = ?",
            total,
            "Comparing pictures that look the same",
        )

    def _files(self, query: str, *, is_whole: bool) -> Iterator[Question]:
        last = 0
        while page := self._ledger.rows(query, last, _PAGE):
            for row, path, size_bytes, mtime_ns in page:
                self._asked.append(int(row))
                yield Question(os.path.join(self._source, path), (size_bytes, mtime_ns), is_whole)
            last = int(page[-1][0])

    def _ask(self, questions: Iterator[Question], record: str, total: int, note: str) -> None:
        done = 0
        page: list[tuple[object, ...]] = []
        for answers in self._pool.answers(questions):
            if self._should_stop():
                raise Interrupted
            for answer in answers:
                row = self._asked.popleft()
                done += 1
                if answer is not None:
                    page.append((answer, row))
            if len(page) >= _PAGE:
                self._record(record, page, done, total, note)
                page = []
        self._record(record, page, done, total, note)

    def _record(
        self, query: str, page: list[tuple[object, ...]], done: int, total: int, note: str
    ) -> None:
        with self._ledger.transaction(durable=False):
            self._ledger.write_many(query, page)
        write_progress(self._ledger, Progress(PHASE, done, total, note))

    def found(self) -> Iterator[Finding]:
        """A finding for each Series with images whose twin comes before them."""
        rule = BY_ID[EQUAL_PIXELS]
        for series, n, example, others, of in self._ledger.rows(
            "SELECT i.series_id, count(*), min(i.id), count(DISTINCT o.series_id), min(o.series_id)"
            " FROM seen_pixels c JOIN (SELECT whole, min(instance) AS first FROM seen_pixels"
            " WHERE whole IS NOT NULL GROUP BY whole) w ON w.whole = c.whole"
            " JOIN instance i ON i.id = c.instance JOIN instance o ON o.id = w.first"
            " WHERE c.instance > w.first GROUP BY i.series_id ORDER BY i.series_id"
        ):
            where = "the same series" if of == series else f"series E{of}"
            more = f" and {others - 1} more series" if others > 1 else ""
            yield Finding(
                EQUAL_PIXELS,
                Severity.WARN.value,
                "series",
                f"E{series}",
                f"The same picture, under other UIDs, is in images of {where}{more}:"
                f" {with_count('{n} images', int(n))}.",
                rule.remedy,
                int(n),
                f"I{example}",
            )

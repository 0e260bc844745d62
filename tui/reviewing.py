"""All that the review asks of the engine. Everything here blocks: call in threads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from transfer.ledger.connection import Ledger
from transfer.ledger.holder import is_held, read_runner
from transfer.workspace import Home, Workspace

if TYPE_CHECKING:
    from transfer.review.glass import Glass
    from transfer.review.look import Sight
    from transfer.review.sample import SeriesRow
    from transfer.review.stopped import StoppedGroup
    from transfer.review.texts import TextTally

_AT_A_TIME_S = 0.4


@dataclass(frozen=True, slots=True)
class ReviewPage:
    """One look at what leaves and what does not; `stopped_total` counts instances.

    `runner_epoch` grows with each runner; `is_running`: one is at work.
    """

    series: list[SeriesRow]
    series_total: int
    stopped: list[StoppedGroup]
    stopped_groups: int
    stopped_total: int
    runner_epoch: int
    is_running: bool


class Reviews:
    """The reviews of all transfers of a home."""

    def __init__(self, home: Home) -> None:
        self._home = home

    def open_glass(self, name: str) -> Glass:
        """The method of a transfer, with the cohort's key in it; a new cohort gets its key.

        Raises:
            UsageError: the key cannot be opened, or the method cannot be built.
        """
        from transfer.review.glass import make_glass
        from tui.method import method_of

        workspace = self._workspace(name)
        with Ledger.open(workspace.ledger) as ledger:
            return make_glass(ledger, method_of(self._home, workspace, ledger))

    def page(self, name: str, limit: int, series_at: int, stopped_at: int) -> ReviewPage:
        """A page of Series and a page of what does not leave, with how many there are."""
        from transfer.review.sample import count_series, list_series
        from transfer.review.stopped import count_groups, count_stopped, list_stopped

        workspace = self._workspace(name)
        # Asked before the ledger is: what a runner wrote as it ended is then seen here.
        is_running = is_held(workspace.lock)
        with Ledger.open(workspace.ledger, read_only=True) as ledger:
            return ReviewPage(
                list_series(ledger, limit=limit, offset=series_at),
                count_series(ledger),
                list_stopped(ledger, limit=limit, offset=stopped_at),
                count_groups(ledger),
                count_stopped(ledger),
                read_runner(ledger).epoch,
                is_running,
            )

    def look_at(self, name: str, glass: Glass, series: str, cause: str) -> list[Sight]:
        """The sampled slice of a Series under the transfer's own method and under each other."""
        from transfer.review.look import look_at
        from transfer.review.sample import sample_of, series_row

        with Ledger.open(self._workspace(name).ledger, read_only=True) as ledger:
            sample = sample_of(ledger, series_row(series), cause)
        return look_at(sample, glass)

    def next_series(self, name: str, series: str) -> str:
        """The key of the Series after this one; of the first after the last."""
        from transfer.review.sample import next_series, series_row

        with Ledger.open(self._workspace(name).ledger, read_only=True) as ledger:
            return next_series(ledger, series_row(series))

    def read_texts(self, name: str, glass: Glass, tally: TextTally, after: int) -> int:
        """Take in the texts of the next few Series after a row; the last row that was read."""
        from transfer.review.texts import read_on

        with Ledger.open(self._workspace(name).ledger, read_only=True) as ledger:
            return read_on(ledger, glass, tally, after, seconds=_AT_A_TIME_S)

    def answer(self, name: str, group: StoppedGroup, person: str, reason: str) -> None:
        """Record that a person leaves out what is skipped, or releases what the last look found.

        It takes effect when everything is checked again.
        """
        from transfer.ledger.waivers import ALL, release, waive
        from transfer.prepare.findings import SKIP_RULE
        from transfer.prepare.method import IDENTIFIER_RULE

        with Ledger.open(self._workspace(name).ledger) as ledger:
            if not group.places:
                waive(ledger, SKIP_RULE, ALL, person, reason)
            for place in group.places:
                release(ledger, IDENTIFIER_RULE, group.patient_row, place, person, reason)

    def _workspace(self, name: str) -> Workspace:
        return Workspace(self._home.transfers / name)

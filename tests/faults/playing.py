"""Scenarios in processes side by side, each with servers of its own."""

from __future__ import annotations

import multiprocessing
import tempfile
import time
import traceback
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.faults.judge import Verdict
from tests.faults.scenario import Scenario, perform, scenarios
from tests.faults.servers import Servers

_BEFORE_NEW_SERVERS: Final = 60
"""Scenarios to one set of servers: what these keep in memory grows by each."""


@dataclass(frozen=True)
class Played:
    """One scenario: what the judge found, or why there is nothing to judge."""

    family: str
    name: str
    took_s: float
    verdict: Verdict | None = None
    lacks: str = ""
    broke: str = ""

    @property
    def is_good(self) -> bool:
        return self.verdict is not None and self.verdict.is_good


def _play(numbered: Sequence[int]) -> list[Played]:
    """In a process of its own: these scenarios one after the other."""
    every = scenarios()
    played = []
    with tempfile.TemporaryDirectory(prefix="faults-") as folder, Servers(Path(folder)) as servers:
        for number in numbered:
            played.append(_played(every[number], Path(folder) / f"scenario-{number}", servers))
    return played


def _played(scenario: Scenario, folder: Path, servers: Servers) -> Played:
    began = time.monotonic()
    verdict, lacks, broke = None, scenario.lacks(), ""
    if not lacks:
        try:
            verdict = perform(scenario, folder, servers)
        except Exception:  # noqa: BLE001 - told in the table
            broke = traceback.format_exc()
    took_s = time.monotonic() - began
    return Played(str(scenario.family), scenario.name, took_s, verdict, lacks, broke)


def play_all(chosen: Sequence[int], lanes: int) -> Iterator[Played]:
    """The scenarios of these numbers, `lanes` at a time, each as soon as it is judged."""
    # Neighbours need the same servers: a share is a stretch, none so long that a lane waits.
    share = max(1, min(_BEFORE_NEW_SERVERS, len(chosen) // (lanes * 4)))
    shares = [chosen[at : at + share] for at in range(0, len(chosen), share)]
    spawn = multiprocessing.get_context("spawn")
    with spawn.Pool(lanes, maxtasksperchild=1) as pool:
        for played in pool.imap_unordered(_play, shares):
            yield from played

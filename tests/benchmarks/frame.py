"""What every benchmark shares: contenders measured in interleaved rounds, and rows made of them.

A subject is a module in this folder that has `measure`; its file name is what the command takes:

    OPTIONS = {"slices": Option(1000, quick=100, help="slices to send")}    # may be left out

    def measure(bench: Bench) -> list[Row]:
        runs = bench.interleave({
            "ours": lambda: child("tests.benchmarks.mine", "ours"),
            "dicomweb-client": lambda: child("tests.benchmarks.mine", "peer"),
            "ssl": lambda: child("tests.benchmarks.mine", "limit"),
        })
        kinds = {"ours": "ours", "dicomweb-client": "peer", "ssl": "limit"}
        return compare(
            "upload", "MB/s", picked(runs, lambda f: size_mb / f["seconds"]), kinds,
            (Target(3, "dicomweb-client"), Target(0.45, "ssl")),
        )

`python -m tests.benchmarks mine` finds it: nothing has to be entered anywhere. The option above is
`--mine-slices N` there and `bench["slices"]` here, which is the smaller number under `--quick`
(where there is one round). Importing a subject must be cheap: import what is slow where it is used.

`child` (from `tests.benchmarks.process`) runs `python -m MODULE WORDS…`, whose last line on stdout
is a JSON object of figures, and adds the CPU and memory of it and all that it started; `measured`
does the same for any program. `bench.folder` is the subject's own and empty, or with `--keep DIR`
what the last run left there.
"""

from __future__ import annotations

import json
import statistics
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Literal

Figures = dict[str, float]
"""What one measurement gave, by name; the unit is in the name (`cpu_s`, `peak_mb`)."""
Runs = dict[str, list[Figures]]
"""By contender, one entry a round."""
Kind = Literal["ours", "peer", "limit"]


@dataclass(frozen=True)
class Option:
    """A number that decides how much is measured."""

    default: int
    quick: int
    help: str


@dataclass(frozen=True)
class Target:
    """What is asked of a row of ours: `bound` times the row `against`, or `bound` by itself."""

    bound: float
    against: str = ""
    is_floor: bool = True
    of: str = "ours"

    def __str__(self) -> str:
        sign = "≥" if self.is_floor else "≤"
        return f"{sign} {self.bound:g}" + (f" times {self.against}" if self.against else "")

    def is_met_by(self, value: float) -> bool:
        """Whether this value, or ratio, is good enough."""
        return value >= self.bound if self.is_floor else value <= self.bound


@dataclass(frozen=True)
class Row:
    """One line of the table. Ratios are medians of the ratios within each round; `judged` has each
    target with what was reached and whether that is enough."""

    subject: str
    what: str
    kind: Kind
    unit: str
    median: float
    low: float
    high: float
    to_peer: float | None = None
    to_limit: float | None = None
    judged: tuple[tuple[str, float, bool], ...] = ()


@dataclass(frozen=True)
class Bench:
    """What a subject is given."""

    folder: Path
    rounds: int = 3
    is_quick: bool = False
    sizes: Mapping[str, int] = field(default_factory=dict)

    def __getitem__(self, option: str) -> int:
        return self.sizes[option]

    def interleave(
        self,
        contenders: Mapping[str, Callable[[], Figures]],
        between: Callable[[], object] = lambda: None,
    ) -> Runs:
        """Each contender once a round, in turns; `between` is called after each, unmeasured."""
        runs: Runs = {name: [] for name in contenders}
        for _ in range(self.rounds):
            for name, contender in contenders.items():
                runs[name].append(contender())
                between()
        return runs


def picked(runs: Runs, value: Callable[[Figures], float]) -> dict[str, list[float]]:
    """One value out of each measurement."""
    return {name: [value(figures) for figures in figures_] for name, figures_ in runs.items()}


def compare(
    subject: str,
    unit: str,
    values: Mapping[str, Sequence[float]],
    kinds: Mapping[str, Kind],
    targets: Iterable[Target] = (),
) -> list[Row]:
    """Rows of one subject. The first peer and the first limit are what the others are held to;
    the values of contenders are in the same order of rounds."""
    peer, limit = (
        next((n for n in values if kinds[n] == kind), None) for kind in ("peer", "limit")
    )
    targets = list(targets)
    rows = []
    for name, own in values.items():
        judged = []
        for target in (t for t in targets if t.of == name):
            reached = _ratio(own, values[target.against] if target.against else [1.0] * len(own))
            is_met = reached is not None and target.is_met_by(reached)
            judged.append((str(target), reached or 0.0, is_met))
        rows.append(
            Row(
                subject=subject,
                what=name,
                kind=kinds[name],
                unit=unit,
                median=statistics.median(own),
                low=min(own),
                high=max(own),
                to_peer=_ratio(own, values[peer]) if peer not in (None, name) else None,
                to_limit=_ratio(own, values[limit]) if limit not in (None, name) else None,
                judged=tuple(judged),
            )
        )
    return rows


def _ratio(own: Sequence[float], others: Sequence[float]) -> float | None:
    """None where nothing was measured that could be held to."""
    if not all(others):
        return None
    return statistics.median(a / b for a, b in zip(own, others, strict=True))


_HEADINGS = (
    "subject",
    "what",
    "kind",
    "unit",
    "median",
    "from",
    "to",
    "times peer",
    "times limit",
    "asked",
)


def as_markdown(rows: Iterable[Row]) -> str:
    """The table. In `asked`, what was reached follows what was asked for."""
    lines = ["| " + " | ".join(_HEADINGS) + " |", "|" + "---|" * len(_HEADINGS)]
    for row in rows:
        asked = "; ".join(
            f"{target}: {_short(reached)} {'met' if is_met else 'MISSED'}"
            for target, reached, is_met in row.judged
        )
        figures = (row.median, row.low, row.high, row.to_peer, row.to_limit)
        cells = (row.subject, row.what, row.kind, row.unit, *map(_short, figures), asked)
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def as_json(rows: Iterable[Row]) -> str:
    """The same for programs, unrounded."""
    return json.dumps([asdict(row) for row in rows], indent=1, ensure_ascii=False) + "\n"


def _short(value: float | None) -> str:
    """Three digits that count; whole numbers from 100 on."""
    if value is None:
        return ""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"

"""The fault bench: every scenario, or some, and one table of what became of the data.

`python -m tests.faults [WORD…] [--short] [--lanes N] [--out DIR] [--list]` plays the scenarios
whose names hold every WORD, in as many processes as there are lanes, each with servers of its own.
`--out` writes table.md and table.json. The exit code is 0 where nothing was lost, doubled, wrongly
reported or left lying, and nothing could not be played.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Final

from tests.faults.playing import Played, play_all
from tests.faults.scenario import scenarios

_LANES: Final = 2


def as_markdown(played: Iterable[Played], took_s: float) -> str:
    """One line a family, one for all, then whatever went wrong."""
    every = list(played)
    head = (
        "| family | scenarios | instances | lost | changed | doubled | wrongly reported |"
        " came in again | left lying | longest recovery, s | not played | broke |"
    )
    lines = [head, "|" + "---|" * 12]
    families = sorted({one.family for one in every})
    for family in [*families, "all"]:
        some = [one for one in every if family in (one.family, "all")]
        verdicts = [one.verdict for one in some if one.verdict is not None]
        figures = [
            len(verdicts),
            *(
                sum(getattr(verdict, what) for verdict in verdicts)
                for what in ("sent", "lost", "changed", "doubled", "wrong", "again")
            ),
            sum(len(verdict.left) for verdict in verdicts),
            f"{max((verdict.recovery_s for verdict in verdicts), default=0):.1f}",
            sum(1 for one in some if one.lacks),
            sum(1 for one in some if one.broke),
        ]
        lines.append(f"| {family} | " + " | ".join(map(str, figures)) + " |")
    lines.append(f"\n{took_s / 60:.1f} minutes.")
    for one in every:
        if one.lacks:
            lines.append(f"- not played: {one.name}: {one.lacks}")
        elif not one.is_good:
            lines.append(f"- WRONG: {one.name}: {one.verdict or one.broke.splitlines()[-1]}")
    return "\n".join(lines)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.faults")
    parser.add_argument("words", nargs="*", metavar="WORD", help="only names with all of these")
    parser.add_argument("--short", action="store_true", help="those that the tests play")
    parser.add_argument("--lanes", type=int, default=_LANES, help=f"at a time ({_LANES})")
    parser.add_argument("--out", type=Path, help="where table.md and table.json go")
    parser.add_argument("--list", action="store_true", help="name the scenarios and end")
    return parser


def main(words: Sequence[str] | None = None) -> int:
    """Play, print, write; the exit code."""
    options = _parser().parse_args(words)
    chosen = [
        number
        for number, one in enumerate(scenarios())
        if all(word in one.name for word in options.words) and (one.is_short or not options.short)
    ]
    if options.list:
        every = scenarios()
        print("\n".join(every[number].name for number in chosen))
        return 0
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    began, played = time.monotonic(), []
    for one in play_all(chosen, options.lanes):
        played.append(one)
        state = "ok" if one.is_good else one.lacks or "WRONG"
        print(f"{len(played)}/{len(chosen)} {one.name}: {state}, {one.took_s:.1f} s", flush=True)
        if one.broke:
            print(one.broke, file=sys.stderr, flush=True)
    table = as_markdown(played, time.monotonic() - began)
    print(f"\n{table}")
    if options.out is not None:
        options.out.mkdir(parents=True, exist_ok=True)
        (options.out / "table.md").write_text(table + "\n", "utf-8")
        (options.out / "table.json").write_text(
            json.dumps([asdict(one) for one in played], indent=1) + "\n", "utf-8"
        )
    return 0 if played and all(one.is_good for one in played) else 1


if __name__ == "__main__":
    sys.exit(main())

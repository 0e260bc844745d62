"""The privacy bench: `python -m tests.privacy [--out DIR] [--short] [--no-strace] [--part P]`.

A cohort with a mark in every place that can hold text goes to both stand-ins, by every command and
through every screen, with all logs open, with crashes and with a node that repeats names. All that
leaves, all that is written outside the ledger and all that is shown is searched for each mark. The
exit code is 0 where none was found. Swap, and text that is burned into pixels, are not looked at.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, Final

from adapters.sandbox.server import NODE, XNAT_NODE
from tests.privacy import breaking, journeys
from tests.privacy.bench import Bench, bench
from tests.privacy.capture import is_supported
from tests.privacy.echo import EchoingRecorder
from tests.privacy.leaving import may_leave
from tests.privacy.screens import at_a_terminal, walk
from tests.privacy.table import figures, markdown, together

PARTS: Final = ("ways", "faults", "screens")
"""Benches that need nothing of each other, and go side by side."""


def run(folder: Path, part: str, *, is_short: bool, listens: bool) -> Bench:
    """One part; what was found stands in the bench's `hits`."""
    stages = {"ways": _ways, "faults": _faults, "screens": _screens}[part]
    with bench(folder, is_short=is_short, listens=listens) as at:
        for stage in (*stages(at), _named("what lies around", at.look_at_files)):
            began = time.monotonic()
            try:
                stage()
            except Exception as error:  # noqa: BLE001 - told, and the bench has failed
                EchoingRecorder.left = 0
                told = f"{stage.__doc__}: {type(error).__name__}: {str(error)[:1500]}"
                at.broke.append(told)
                print(f"BROKE {told}", flush=True)
            took = f"{time.monotonic() - began:.0f} s, {len(at.hits)} hits"
            print(f"{stage.__doc__ or stage.__name__} {took}", flush=True)
        return at


_BOTH: Final = (("to-upv", NODE), ("to-xnat", XNAT_NODE))


def _ways(at: Bench) -> Iterator[Callable[[], None]]:
    """The whole way to both nodes, by all commands and screens."""
    for name, node in _BOTH:
        yield _named(
            f"{node}: before anything goes", partial(journeys.prepare, at, name, node, "eucaim")
        )
        yield _named(f"{node}: images", partial(journeys.send, at, name, node))
        yield _named(f"{node}: clinical data", partial(journeys.clinical, at, name))
        yield _named(f"{node}: step 10 and evidence", partial(journeys.finish, at, name, node))
        yield _named(f"{node}: publication", partial(breaking.publication, at, name))
        yield _named(f"{node}: what it received", partial(_received, at, name))
    yield _named("commands without a transfer", partial(journeys.alone, at))
    for name, node in _BOTH:
        yield _named(f"{node}: the end of retention", partial(journeys.end, at, name, node))


def _screens(at: Bench) -> Iterator[Callable[[], None]]:
    """Two transfers in a state in which there is much to show, screen by screen."""
    for name, node in _BOTH:
        yield _named(f"{node}: to the screens", partial(journeys.to_screens, at, name, node))
    yield _named("every screen", partial(_walk, at))
    yield _named("a terminal", partial(_terminal, at))


def _faults(at: Bench) -> Iterator[Callable[[], None]]:
    """All that goes wrong, and the other methods."""
    for _, node in _BOTH:
        yield _named(f"{node}: crashes", partial(breaking.crash, at, node))
    yield _named("a full disk", partial(breaking.full_disk, at, NODE))
    yield _named("what they received", partial(_received, at, "struck-upv"))
    yield _named("a damaged ledger", partial(breaking.damage, at, "struck-upv"))
    for deid in ("lethe", "none"):
        for _, node in _BOTH:
            yield _named(f"{node}: --deid {deid}", partial(_otherwise, at, deid, node))


def _named(name: str, call: Callable[[], None]) -> Callable[[], None]:
    def stage() -> None:
        call()

    stage.__doc__ = name
    return stage


def _received(at: Bench, name: str) -> None:
    count = at.look_at_requests(lambda content, value: may_leave(at, content, value, name))
    assert count > 20, f"the stand-ins received {count} requests"


def _walk(at: Bench) -> None:
    transfers = ("to-upv", "to-xnat")
    walk(at, transfers, 60 if at.is_short else 480)


def _otherwise(at: Bench, deid: str, node: str) -> None:
    """Another method. Without one the images leave as they are, which is exempt, and no more."""
    name = f"as-{deid}-{'upv' if node == NODE else 'xnat'}"
    config = at.home / "config.toml"
    before = config.read_text()
    if deid == "none":
        config.write_text(before.replace('"required"', '"as-is"'))
        at.exempt.append(f"images in requests to {node} with --deid none: they go as they are")
        at.exempt.append(
            f"addresses at {node}, file names and receipts with --deid none: UIDs, Patient ID,"
            " Series Number; and the volumes that are handed over, as they go"
        )
    journeys.otherwise(at, name, node, deid)
    at.look_at_requests(lambda content, value: may_leave(at, content, value, name))
    config.write_text(before)


def _terminal(at: Bench) -> None:
    keys = (b"\r", b"c", b"\r", b"\r", b"\x1b", b"\x1b", b"\x1b", b"s", b"\x1b[C", b"\x1b", b"t")
    assert b"to-upv" in at_a_terminal(at, *keys)
    for strike, way in (
        ("tui.source:Source.glance", keys),
        ("tui.screens.selection_drawing:draw_choice", (b"\r", b"s", b"\x1b[C")),
        ("tui.screens.journey_drawing:draw_step", keys),
    ):
        at_a_terminal(at, *way, strike=strike)


def main(words: list[str] | None = None) -> int:
    """Run, tell, and write; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.privacy")
    parser.add_argument("--out", type=Path, help="where table.md and table.json go")
    parser.add_argument("--short", action="store_true", help="without the heaviest images")
    parser.add_argument("--no-strace", action="store_true", help="do not listen to the kernel")
    parser.add_argument("--part", choices=PARTS, help="one of them alone")
    options = parser.parse_args(words)
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="privacy-") as name:
        folder = Path(name)
        if options.part:
            listens = not options.no_strace and is_supported()
            at = run(folder, options.part, is_short=options.short, listens=listens)
            told = figures(at)
        else:
            told = _side_by_side(folder, options)
    told["minutes"] = round((time.monotonic() - began) / 60, 1)
    told["commands_not_run"] = sorted(journeys.all_commands() - set(told["commands_run"]))
    if options.out is not None:
        options.out.mkdir(parents=True, exist_ok=True)
        text = json.dumps(told, indent=1, ensure_ascii=False)
        (options.out / "table.json").write_text(text + "\n", "utf-8")
        (options.out / "table.md").write_text(markdown(told), "utf-8")
    if options.part is None:
        print(markdown(told))
    return 1 if told["hits"] or told["broke"] else 0


def _side_by_side(folder: Path, options: argparse.Namespace) -> dict[str, Any]:
    """Both parts at once, each in a process of its own; their figures together."""
    also = ["--short"] * options.short + ["--no-strace"] * options.no_strace
    command = [sys.executable, "-m", "tests.privacy", *also]
    parts = [
        subprocess.Popen([*command, "--part", part, "--out", str(folder / part)]) for part in PARTS
    ]
    for process in parts:
        process.wait()
    return together([json.loads((folder / part / "table.json").read_text()) for part in PARTS])


if __name__ == "__main__":
    sys.exit(main())

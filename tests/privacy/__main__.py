"""The privacy bench: `python -m tests.privacy [--out DIR] [--short] [--no-strace]`.

A cohort with a mark in every place that can hold text goes to both stand-ins, by every command and
through every screen, with all logs open, with crashes and with a node that repeats names. All that
leaves, all that is written outside the ledger and all that is shown is searched for each mark. The
exit code is 0 where none was found. Swap, and text that is burned into pixels, are not looked at.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Final

from adapters.sandbox.server import NODE, XNAT_NODE
from tests.privacy import journeys
from tests.privacy.bench import Bench, bench
from tests.privacy.capture import is_supported
from tests.privacy.leaving import may_leave, texts_for_review
from tests.privacy.screens import at_a_terminal, register, walk

_PRESSES: Final = 700


def run(folder: Path, *, is_short: bool, listens: bool) -> Bench:
    """Everything; what was found stands in the bench's `hits`."""
    with bench(folder, is_short=is_short, listens=listens) as at:
        for stage in _stages(at):
            began = time.monotonic()
            print(f"{stage.__doc__ or stage.__name__}", end=" ", flush=True)
            try:
                stage()
            except Exception as error:  # noqa: BLE001 - told, and the bench has failed
                at.broke.append(f"{stage.__doc__}: {type(error).__name__}: {str(error)[:1500]}")
            print(f"{time.monotonic() - began:.0f} s, {len(at.hits)} hits", flush=True)
        return at


def _stages(at: Bench) -> Iterator[Callable[[], None]]:
    both = (("to-upv", NODE), ("to-xnat", XNAT_NODE))
    for name, node in both:
        yield _named(
            f"{node}: before anything goes", partial(journeys.prepare, at, name, node, "eucaim")
        )
        yield _named(f"{node}: images", partial(journeys.send, at, name, node))
        yield _named(f"{node}: clinical data", partial(journeys.clinical, at, name))
        yield _named(f"{node}: step 10 and evidence", partial(journeys.finish, at, name))
        yield _named(f"{node}: what it received", partial(_received, at, name))
    yield _named("crashes", partial(journeys.crash, at, NODE))
    yield _named("every screen", partial(walk, at, _PRESSES))
    yield _named("a terminal", partial(_terminal, at))
    for deid in ("lethe", "none"):
        yield _named(f"--deid {deid}", partial(_otherwise, at, deid))
    yield _named("commands without a transfer", partial(journeys.alone, at))
    for name, node in both:
        yield _named(f"{node}: the end of retention", partial(journeys.end, at, name, node))
    yield _named("what lies around", at.look_at_files)


def _named(name: str, call: Callable[[], None]) -> Callable[[], None]:
    def stage() -> None:
        call()

    stage.__doc__ = name
    return stage


def _received(at: Bench, name: str) -> None:
    shown = texts_for_review(at, name)
    count = at.look_at_requests(lambda content, value: may_leave(at, content, value, shown))
    assert count > 20, f"the stand-ins received {count} requests"


def _otherwise(at: Bench, deid: str) -> None:
    """What does not de-identify to the letter: data that leave are exempt, everything else not."""
    name = f"as-{deid}"
    config = at.home / "config.toml"
    before = config.read_text()
    if deid == "none":
        config.write_text(before.replace('"required"', '"as-is"'))
    journeys.prepare(at, name, NODE, deid)
    journeys.send(at, name, NODE)
    at.exempt.append(f"requests of a transfer with --deid {deid}: they carry data as they are")
    at.look_at_requests(lambda _, __: True)
    config.write_text(before)


def _terminal(at: Bench) -> None:
    keys = (b"\r", b"c", b"\r", b"\r", b"\x1b", b"\x1b", b"\x1b", b"s", b"\x1b[C", b"\x1b", b"t")
    assert b"to-upv" in at_a_terminal(at, *keys)
    for strike in ("tui.source:Source.glance", "tui.screens.selection_drawing:draw_choice"):
        at_a_terminal(at, *keys, strike=strike)


def figures(at: Bench, took_s: float) -> dict[str, object]:
    """What the closing note tells."""
    known = register()
    return {
        "planted": len(at.cohort.marks.where),
        "bytes_searched": at.search.bytes_searched,
        "by_place": {place: size for place, size in sorted(at.places.items())},
        "commands": at.ran,
        "different_commands": len(at.commands),
        "commands_not_run": sorted(journeys.all_commands() - at.commands),
        "screens": len(at.screens & known.keys()),
        "screens_not_come_by": sorted(known.keys() - at.screens),
        "crashes": at.struck,
        "refusals_that_repeat_names": at.echoed,
        "kernel_listened_to": at.listens,
        "exempt": sorted(set(at.exempt)),
        "hits": [hit._asdict() for hit in at.hits],
        "broke": at.broke,
        "minutes": round(took_s / 60, 1),
    }


def main(words: list[str] | None = None) -> int:
    """Run, tell, and write; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.privacy")
    parser.add_argument("--out", type=Path, help="where privacy.json goes")
    parser.add_argument("--short", action="store_true", help="without the heaviest images")
    parser.add_argument("--no-strace", action="store_true", help="do not listen to the kernel")
    options = parser.parse_args(words)
    listens = not options.no_strace and is_supported()
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="privacy-") as folder:
        at = run(Path(folder), is_short=options.short, listens=listens)
        told = figures(at, time.monotonic() - began)
    print(json.dumps({**told, "hits": len(at.hits)}, indent=1, ensure_ascii=False))
    for hit in at.hits[:50]:
        print(f"HIT {hit.value} ({hit.planted}) in {hit.found}", file=sys.stderr)
    if options.out is not None:
        options.out.mkdir(parents=True, exist_ok=True)
        text = json.dumps(told, indent=1, ensure_ascii=False)
        (options.out / "privacy.json").write_text(text + "\n", "utf-8")
    return 1 if at.hits or at.broke or told["commands_not_run"] else 0


if __name__ == "__main__":
    sys.exit(main())

"""The screens on a terminal: first paint, key to paint, bytes on the line, memory."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Final

from tests.benchmarks.answering import answering
from tests.benchmarks.frame import Bench, Figures, Kind, Option, Row, Target, compare, picked
from tests.benchmarks.painting import TWO_WIDGETS, Watched
from tests.benchmarks.tree import write_tree
from tests.faults.processes import await_until
from tests.tui.ledgers import make_done, make_home
from transfer.ledger.holder import is_held
from transfer.status import read_status
from transfer.workspace import HOME_VARIABLE, Home

OPTIONS: Final = {
    "instances": Option(10_000_000, quick=10_000, help="instances in the large ledger"),
    "slices": Option(
        6000, quick=3000, help="slices of half a megabyte that are uploaded meanwhile"
    ),
    "keys": Option(12, quick=2, help="keys pressed meanwhile"),
}
_LARGE: Final = "bench"
_PEER: Final = "two-widget app"
_REST_S: Final = 3.0
_SETTLED_S: Final = 1.5
_KINDS: Final[dict[str, Kind]] = {_PEER: "peer"}
# The pages of a transfer that have a key of their own.
_TOUR: Final = (*b"cstelgwz",)


def measure(bench: Bench) -> list[Row]:
    """All rows. What is large is made first, in processes of its own."""
    # What is measured writes its byte code, as an installed program has it.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    empty = make_home(bench.folder / "empty")
    one = make_home(bench.folder / "one")
    if not one.names():
        make_done(one)
    large = _large_home(bench.folder, bench["instances"])
    return [
        *_first_paint(bench, empty, one, large),
        *_at_rest(bench, one, large),
        *_under_load(bench),
    ]


def _first_paint(bench: Bench, empty: Home, one: Home, large: Home) -> list[Row]:
    name = f"{bench['instances']:,} instances"
    contenders = {
        _PEER: partial(_paint, empty, "and a text", TWO_WIDGETS),
        "no transfer": partial(_paint, empty, "No transfer yet."),
        "1 transfer": partial(_paint, one, " verified"),
        name: partial(_paint, large, " verified"),
        f"{name}, frame": partial(_paint, large, "New transfer"),
    }
    for contender in contenders.values():
        contender()
    runs = bench.interleave(contenders)
    kinds = {each: _KINDS.get(each, "ours") for each in runs}
    # The first paint is the frame; what the ledger says stands in it a little later.
    asked = [Target(1.8, _PEER, False, each) for each in ("no transfer", f"{name}, frame")]
    return compare("first paint", "ms", picked(runs, lambda f: f["ms"]), kinds, asked)


def _paint(home: Home, text: str, program: str = "") -> Figures:
    """From the start of the process until a text is on the terminal."""
    began = time.perf_counter()
    with _watched(home, program=program) as terminal:
        return {"ms": 1e3 * (terminal.wait_for(text) - began)}


def _watched(home: Home, *words: str, program: str = "") -> Watched:
    return Watched(home, *words, program=program) if program else Watched(home, *words)


def _at_rest(bench: Bench, one: Home, large: Home) -> list[Row]:
    """What goes over the line while nothing moves, and the memory after a look at every page."""
    runs = bench.interleave(
        {"at rest": partial(_rest, one), "after every page": partial(_tour, large)}
    )
    silent = {"at rest": [each["bytes/s"] for each in runs["at rest"]]}
    memory = {"after every page": [each["mb"] for each in runs["after every page"]]}
    kinds: dict[str, Kind] = {"at rest": "ours", "after every page": "ours"}
    return [
        *compare("line", "bytes/s", silent, kinds, [Target(0, "", False, "at rest")]),
        *compare("screens' memory", "MB", memory, kinds, [Target(120, "", False, *memory)]),
    ]


def _rest(home: Home) -> Figures:
    with _watched(home) as terminal:
        terminal.wait_for(" verified")
        terminal.read_for(_SETTLED_S)
        return {"bytes/s": len(terminal.read_for(_REST_S)) / _REST_S}


def _tour(home: Home) -> Figures:
    with _watched(home) as terminal:
        terminal.wait_for(" verified")
        terminal.type(b"\r")
        terminal.read_for(_SETTLED_S)
        for key in _TOUR:
            terminal.type(bytes([key]))
            terminal.read_for(_SETTLED_S)
            terminal.type(b"\x1b")
            terminal.read_for(0.5)
        for _ in range(8):
            terminal.type(b"\x1b[A")
        for _ in range(8):
            # A step opens its page, and Escape comes back; a step without one has none.
            terminal.type(b"\r")
            terminal.read_for(_SETTLED_S)
            terminal.type(b"\x1b")
            terminal.read_for(0.5)
            terminal.type(b"\x1b[B")
        assert terminal.process.poll() is None, "the screens are still there"
        return {"mb": terminal.memory_mb()}


def _under_load(bench: Bench) -> list[Row]:
    """While a runner de-identifies and sends as fast as it can, both cores being busy."""
    source = bench.folder / f"slices-{bench['slices']}"
    if not source.exists():
        write_tree(source, 0, bench["slices"])
    ours, peer, longest, rates = [], [], [], []
    with answering(bench.folder / "node") as (url, ca_file):
        for _ in range(bench.rounds):
            with uploading(bench.folder / "home", source, url, ca_file) as home:
                found, rate = _pressed(home, bench["keys"])
                ours.append(_median(found["ours"]))
                peer.append(_median(found[_PEER]))
                longest.append(max(found["ours"]))
                rates.append(rate)
    kinds: dict[str, Kind] = {"median": "ours", "longest": "ours", _PEER: "peer"}
    return [
        *compare("key to paint, uploading", "ms",
                 {"median": ours, "longest": longest, _PEER: peer}, kinds),
        *compare("line", "bytes/s", {"uploading": rates}, {"uploading": "ours"},
                 [Target(5000, "", False, "uploading")]),
    ]  # fmt: skip


def _median(values: Sequence[float]) -> float:
    return sorted(values)[len(values) // 2]


def _pressed(home: Home, keys: int) -> tuple[dict[str, list[float]], float]:
    """Milliseconds from each key to what it brings, in turns with the peer's; bytes a second while
    nobody presses one."""
    found: dict[str, list[float]] = {"ours": [], _PEER: []}
    peer = _watched(home, program=TWO_WIDGETS)
    with _watched(home, "load") as ours, peer:
        peer.wait_for("and a text")
        ours.wait_for("running request")
        ours.read_for(_SETTLED_S)
        rate = len(ours.read_for(_REST_S)) / _REST_S
        for number in range(keys):
            found["ours"].append(ours.paint_after(b"?", "Keys on this screen"))
            ours.read_for(0.2)
            found["ours"].append(ours.paint_after(b"?", "Leave"))
            ours.read_for(0.2)
            key = "abcdefghij"[number % 10]
            found[_PEER].append(peer.paint_after(key.encode(), f"{key} came"))
    return found, rate


@contextmanager
def uploading(folder: Path, source: Path, url: str, ca_file: Path) -> Iterator[Home]:
    """A home whose transfer `load` is being sent, until the block is left."""
    shutil.rmtree(folder, ignore_errors=True)
    home = Home.at(folder)
    home.prepare()
    (folder / "config.toml").write_text(
        f'[nodes.bench]\nkind = "upv"\nauth = "none"\ndicomweb_url = "{url}"\n'
        f'ca_file = "{ca_file}"\n'
    )
    program = [sys.executable, "-m", "tui"]
    env = {**os.environ, HOME_VARIABLE: os.fspath(folder)}
    # Files as they are would be gone before the keys are pressed.
    new = ["new", "load", "--node", "bench", "--source", os.fspath(source)]
    new += ["--site-id", "BENCH", "--deid", "eucaim"]
    subprocess.run([*program, *new], env=env, check=True, capture_output=True)
    subprocess.run([*program, "scan", "load"], env=env, check=True, capture_output=True)
    # In a session of its own, as the screens start it.
    detach = [*program, "upload", "load", "--detach", "--json"]
    answer = subprocess.run(detach, env=env, check=True, capture_output=True)
    runner = json.loads(answer.stdout)["runner"]["pid"]
    workspace = home.workspace("load")
    try:
        while not _is_sending(home):
            assert is_held(workspace.lock), "it came to its requests"
            time.sleep(0.1)
        yield home
        assert is_held(workspace.lock), "it went on for as long as keys were pressed: more slices"
    finally:
        with suppress(ProcessLookupError):
            os.kill(runner, signal.SIGTERM)
        await_until(lambda: not is_held(workspace.lock), "the runner ended")


def _is_sending(home: Home) -> bool:
    status = read_status(home.workspace("load"))
    return status.is_running and status.progress.phase == "send"


def _large_home(folder: Path, instances: int) -> Home:
    """A home with one transfer in the middle of its upload; one that is there is taken."""
    home = Home.at(folder / f"home-{instances}")
    if _LARGE not in home.names():
        words = ["tests.benchmarks.synthetic", os.fspath(home.root), _LARGE]
        subprocess.run(
            [sys.executable, "-m", *words, "--instances", str(instances)],
            check=True,
            stdout=subprocess.DEVNULL,
        )
    return home

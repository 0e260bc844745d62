"""The screens over OpenSSH, on a line with a delay: first paint, key to paint, bytes on the line.

Two network namespaces with a round trip between them; sshd and the screens on one side, `ssh` in a
terminal on the other. What a key takes is told without that round trip, and bytes are what the line
itself carried, SSH's and TCP's own included. A runner de-identifies and sends meanwhile, on the
same two cores.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
from pathlib import Path
from shlex import join
from typing import Final

from tests.benchmarks.answering import answering
from tests.benchmarks.cable import FAR_IP, Line, line, missing
from tests.benchmarks.frame import Bench, Kind, Option, Row, Target, compare
from tests.benchmarks.painting import TWO_WIDGETS, Watched
from tests.benchmarks.screen import uploading
from tests.benchmarks.tree import write_tree
from tests.ssh.server import Sshd, lacks, program, running_sshd
from tests.tui.ledgers import make_done, make_home
from transfer.workspace import Home

OPTIONS: Final = {
    "delay-ms": Option(150, quick=150, help="milliseconds of the round trip"),
    "slices": Option(6000, quick=3000, help="slices of half a megabyte that are uploaded"),
    "keys": Option(12, quick=2, help="keys pressed"),
}
_RATE_MBIT: Final = 10
_PEER: Final = "two-widget app"
_READY: Final = "the line stands"
_SETTLED_S: Final = 2.0
_REST_S: Final = 5.0
_BETWEEN_S: Final = 0.3
_KEYS: Final = (
    ("cursor", b"\x1b[B", "S2 "),
    ("cursor", b"\x1b[A", "S1 "),
    ("page opens", b"?", "Keys on this screen"),
    ("page closes", b"?", "Leave"),
)
"""What each key does, and a text that it paints."""
_PEERS: Final = f"env LANG=C.UTF-8 {join([sys.executable, '-P', '-c', TWO_WIDGETS])}"


def measure(bench: Bench) -> list[Row]:
    """All rows.

    Raises:
        RuntimeError: no line can be laid here.
    """
    if lack := missing() or lacks():
        raise RuntimeError(lack)
    done = make_home(bench.folder / "done")
    if not done.names():
        make_done(done)
    source = bench.folder / f"slices-{bench['slices']}"
    if not source.exists():
        write_tree(source, 0, bench["slices"])
    with (
        line(_RATE_MBIT, bench["delay-ms"]) as laid,
        running_sshd(bench.folder / "sshd", FAR_IP, laid.at_near(), laid.at_far()) as sshd,
    ):
        return [
            *_idle(bench, laid, sshd, done),
            *_busy(bench, laid, sshd, source),
        ]


def _idle(bench: Bench, laid: Line, sshd: Sshd, home: Home) -> list[Row]:
    """First paint, from the moment when the other end began, and silence."""
    paints: dict[str, list[float]] = {"frame": [], _PEER: []}
    rates = []
    for number in range(bench.rounds + 1):
        with _seen(sshd, program(home)) as ours:
            paint_ms = ours.paint_after(b"", _READY), ours.paint_after(b"", "New transfer")
            ours.wait_for(" verified")
            ours.read_for(_SETTLED_S)
            before = _carried(laid)
            ours.read_for(_REST_S)
            rate = (_carried(laid) - before) / _REST_S
        with _seen(sshd, _PEERS) as peer:
            peer.wait_for(_READY)
            peer_ms = peer.paint_after(b"", "and a text")
        # The first round writes byte code and fills the machine's caches.
        if number:
            paints["frame"].append(paint_ms[1])
            paints[_PEER].append(peer_ms)
            rates.append(rate)
    return [
        *compare("first paint over SSH", "ms", paints, {"frame": "ours", _PEER: "peer"},
                 [Target(1.8, _PEER, False, "frame")]),
        *compare("line over SSH", "bytes/s", {"at rest": rates}, {"at rest": "ours"},
                 [Target(0, "", False, "at rest")]),
    ]  # fmt: skip


def _busy(bench: Bench, laid: Line, sshd: Sshd, source: Path) -> list[Row]:
    """Key to paint, and bytes, while a runner does all it can."""
    late_ms = float(bench["delay-ms"])
    keys: dict[str, list[float]] = {}
    rates = []
    with answering(bench.folder / "node") as (url, ca_file):
        for _ in range(bench.rounds):
            with uploading(bench.folder / "home", source, url, ca_file) as home:
                times, rate = _pressed(bench, laid, sshd, home)
            peer = times.pop(_PEER)
            ours = [each for found in times.values() for each in found]
            told = {"median": statistics.median(ours), "longest": max(ours)}
            told |= {kind: statistics.median(found) for kind, found in times.items()}
            for what, ms in {**told, _PEER: statistics.median(peer)}.items():
                keys.setdefault(what, []).append(ms - late_ms)
            rates.append(rate)
    kinds: dict[str, Kind] = {each: "peer" if each == _PEER else "ours" for each in keys}
    return [
        *compare("key to paint over SSH, uploading", "ms", keys, kinds,
                 [Target(30, "", False, "median"), Target(100, "", False, "longest")]),
        *compare("line over SSH", "bytes/s", {"uploading": rates}, {"uploading": "ours"},
                 [Target(5000, "", False, "uploading")]),
    ]  # fmt: skip


def _pressed(
    bench: Bench, laid: Line, sshd: Sshd, home: Home
) -> tuple[dict[str, list[float]], float]:
    """Milliseconds from each key to what it brings, by what the key does, the peer's too; bytes a
    second while none is pressed."""
    times: dict[str, list[float]] = {kind: [] for kind, _, _ in _KEYS}
    times[_PEER] = []
    with _seen(sshd, program(home)) as app, _seen(sshd, _PEERS) as other:
        app.wait_for("load")
        app.type(b"\r")
        app.wait_for("running request")
        other.wait_for("and a text")
        app.read_for(_SETTLED_S)
        before = _carried(laid)
        app.read_for(_REST_S)
        rate = (_carried(laid) - before) / _REST_S
        for number in range(bench["keys"]):
            for kind, key, text in _KEYS:
                times[kind].append(app.paint_after(key, text))
                app.read_for(_BETWEEN_S)
            letter = "abcdefghij"[number % 10]
            times[_PEER].append(other.paint_after(letter.encode(), f"{letter} came"))
    return times, rate


def _seen(sshd: Sshd, remote: str) -> Watched:
    """`ssh` in a terminal, and a program at its other end."""
    return Watched(None, command=sshd.client(f"echo {_READY}; exec {remote}"))


def _carried(laid: Line) -> int:
    """Bytes of IP that came to the client until now."""
    show = laid.at_near("ip", "-json", "-statistics", "link", "show", "line")
    ran = subprocess.run(show, check=True, capture_output=True)
    return int(json.loads(ran.stdout)[0]["stats64"]["rx"]["bytes"])

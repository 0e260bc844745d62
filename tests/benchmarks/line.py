"""The whole `upload` with de-identification over a line of given rate and delay.

What is measured is payload: bytes of instances by the time from the first request to the moment the
last instance was listed, as the ledger has it. The limit is what one TCP connection gets through
the same line once it is under way; what stands between it and the rate are headers. `curl` is one
POST of one large file over TLS 1.3.
"""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from functools import partial
from pathlib import Path

from tests.benchmarks.cable import FAR_IP, Line, line, missing
from tests.benchmarks.frame import Bench, Figures, Kind, Option, Row, Target, compare, picked
from tests.benchmarks.process import measured
from tests.benchmarks.tree import write_tree

OPTIONS = {
    "slow-slices": Option(700, quick=30, help="slices over 100 Mbit/s and 40 ms"),
    "fast-slices": Option(4000, quick=150, help="slices over 1 Gbit/s and 10 ms"),
    "seconds": Option(10, quick=2, help="seconds that curl and TCP take"),
}
_LINES = (("slow", 100, 40.0, 0.95), ("fast", 1000, 10.0, 0.9))
_MOST_OF_ORTHANC_MBIT = 100
"""Beyond that two cores do not carry it, the client and both ends of the line."""
_PROGRAM = (sys.executable, "-m", "tui")
_STREAM = """
import socket, sys, time
address, port, seconds = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
piece = bytes(262144)
with socket.create_connection((address, port)) as line:
    began = time.monotonic()
    while time.monotonic() - began < seconds:
        line.sendall(piece)
    line.shutdown(socket.SHUT_WR)
    print(float(line.recv(99)))
"""


@contextmanager
def _standing(laid: Line, kind: str, folder: Path) -> Iterator[dict[str, str]]:
    """A server of that kind at the far end."""
    words = laid.at_far(sys.executable, "-m", "tests.benchmarks.far", kind, str(folder))
    with subprocess.Popen(words, stdin=-1, stdout=-1, text=True) as process:
        assert process.stdout is not None, "it was piped"
        yield json.loads(process.stdout.readline())
        process.communicate()


def _tcp(laid: Line, seconds: int, folder: Path) -> Figures:
    with _standing(laid, "tcp", folder) as at:
        words = (sys.executable, "-c", _STREAM, FAR_IP, str(at["port"]), str(seconds))
        _, out = measured(laid.at_near(*words))
    return {"bytes_per_s": float(out)}


def _curl(laid: Line, seconds: int, folder: Path) -> Figures:
    size_bytes = laid.rate_bps // 8 * seconds
    large = folder / "large"
    with large.open("wb") as file:
        file.truncate(size_bytes)
    with _standing(laid, "sink", folder / "sink") as at:
        words = ["curl", "-sS", "--fail", "--cacert", at["ca_file"], "-H", "Expect:", "-o", "-"]
        post = ["-X", "POST", "-T", str(large), "-w", "\n%{time_total}", f"{at['url']}/studies"]
        _, out = measured(laid.at_near(*words, *post))
    large.unlink()
    return {"bytes_per_s": size_bytes / float(out.splitlines()[-1])}


def _upload(laid: Line, folder: Path, source: Path, kind: str) -> Figures:
    """Everything in a home of its own that is not there yet: `upload` scans and makes ready too."""
    home = folder / f"home-{kind}-{len(list(folder.iterdir()))}"
    home.mkdir()
    with _standing(laid, kind, home / "far") as at:
        (home / "config.toml").write_text(
            f'[nodes.bench]\nkind = "upv"\nauth = "none"\ndicomweb_url = "{at["url"]}"\n'
            f'ca_file = "{at["ca_file"]}"\nlisting_delay_s = 1.0\n'
        )
        environment = {**os.environ, "EUCAIM_TRANSFER_HOME": str(home)}
        new = ["new", "bench", "--node", "bench", "--source", str(source)]
        new += ["--deid", "eucaim", "--site-id", "BENCH"]
        measured([*_PROGRAM, *new], env=environment)
        figures, _ = measured(laid.at_near(*_PROGRAM, "upload", "bench"), env=environment)
    (ledger,) = home.rglob("ledger.sqlite")
    return {**figures, **_told(ledger)}


def _told(ledger: Path) -> Figures:
    with closing(sqlite3.connect(ledger)) as db:
        began, ended, requests = db.execute(
            "SELECT min(started_at_utc), max(ended_at_utc), count(*) FROM attempt"
        ).fetchone()
        sent, size_bytes, verified = db.execute(
            "SELECT count(*), sum(size_bytes), max(verified_at_utc) FROM instance"
            " WHERE state IN ('sent', 'verified')"
        ).fetchone()
    sending_s = _seconds(began, ended)
    return {
        "instances": sent,
        "requests": requests,
        "sending_s": sending_s,
        "bytes_per_s": size_bytes / max(sending_s, _seconds(began, verified or ended)),
    }


def _seconds(began: str, ended: str) -> float:
    span = datetime.fromisoformat(ended) - datetime.fromisoformat(began)
    return span.total_seconds()


def measure(bench: Bench) -> list[Row]:
    """A row for each line and contender.

    Raises:
        RuntimeError: no line can be laid here.
    """
    if reason := missing():
        raise RuntimeError(reason)
    rows = []
    for name, rate_mbit, round_trip_ms, share in _LINES:
        slices = bench[f"{name}-slices"]
        source = bench.folder / f"{name}-source"
        if not source.exists():
            write_tree(source, 0, slices)
        with line(rate_mbit, round_trip_ms) as laid:
            folder = bench.folder / name
            folder.mkdir(exist_ok=True)
            upload = partial(_upload, laid, folder, source)
            ours = {"upload and verify": partial(upload, "answering")}
            if rate_mbit <= _MOST_OF_ORTHANC_MBIT:
                ours["the same, Orthanc"] = partial(upload, "orthanc")
            seconds = bench["seconds"]
            limits = {
                "curl": partial(_curl, laid, seconds, folder),
                "TCP": partial(_tcp, laid, seconds, folder),
            }
            runs = bench.interleave(ours | limits)
        kinds: dict[str, Kind] = dict.fromkeys(ours, "ours")
        kinds |= {"curl": "peer", "TCP": "limit"}
        values = picked(runs, lambda figures: figures["bytes_per_s"] / 1e6)
        aims = [Target(share, "TCP", of=name) for name in ours]
        subject = f"line of {rate_mbit} Mbit/s, {round_trip_ms:g} ms"
        rows += compare(subject, "MB/s", values, kinds, aims)
    return rows

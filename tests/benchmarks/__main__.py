"""Upload throughput, beside what a user would pick instead and beside the limit, in one run.

`python -m tests.benchmarks [--rounds N] [--patients N]` prints a Markdown table, then JSON. Rounds
are interleaved; the figures are medians, with the smallest and the largest behind them.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from adapters.sandbox.synth import write_cohort
from tests.real.front import front
from tests.real.orthanc import OrthancServer, orthanc_behind_tls
from transfer.scan.inspect import inspect_file

_LIMIT_S = 600
_SINK = """default_type application/dicom+json;
      return 200 '{"00081199":{"vr":"SQ","Value":[]}}';"""

Measurement = dict[str, float]


def _client(name: str, url: str, ca_file: Path, listing: Path) -> Measurement:
    done = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks.client", name, url, str(ca_file), str(listing)],
        capture_output=True,
        text=True,
        timeout=_LIMIT_S,
        check=True,
    )
    figures: Measurement = json.loads(done.stdout)
    return figures


def _whole_program(server: OrthancServer, source: Path, folder: Path) -> Measurement:
    """`upload` as an operator runs it: scan, send, verify, with its start-up."""
    with tempfile.TemporaryDirectory(dir=folder) as home:
        Path(home, "config.toml").write_text(
            f'[nodes.bench]\nkind = "upv"\nauth = "none"\ndicomweb_url = "{server.dicomweb_url}"\n'
            f'ca_file = "{server.ca_file}"\nlisting_delay_s = 1.0\n'
        )
        environment = {**os.environ, "EUCAIM_TRANSFER_HOME": home}
        program = [sys.executable, "-m", "tui"]
        new = ["new", "bench", "--node", "bench", "--source", str(source)]
        quiet = {"capture_output": True, "timeout": _LIMIT_S, "check": True, "env": environment}
        subprocess.run([*program, *new], **quiet)  # type: ignore[call-overload]
        began, before = time.perf_counter(), os.times()
        subprocess.run([*program, "upload", "bench"], **quiet)  # type: ignore[call-overload]
        after = os.times()
    cpu = after.children_user + after.children_system
    cpu -= before.children_user + before.children_system
    return {"seconds": time.perf_counter() - began, "cpu_s": cpu}


def _row(target: str, name: str, runs: Sequence[Measurement], size_bytes: int) -> dict[str, object]:
    rates = sorted(size_bytes / 1e6 / run["seconds"] for run in runs)
    return {
        "into": target,
        "client": name,
        "MB/s": round(statistics.median(rates), 1),
        "from": round(rates[0], 1),
        "to": round(rates[-1], 1),
        "cpu s/GB": round(statistics.median(r["cpu_s"] / (size_bytes / 1e9) for r in runs), 2),
    }


def _into_sink(folder: Path, listing: Path, rounds: int) -> dict[str, list[Measurement]]:
    runs: dict[str, list[Measurement]] = {"ours": [], "dicomweb-client": [], "ssl": []}
    with front(folder / "sink", location=_SINK) as sink:
        for _ in range(rounds):
            for name, done in runs.items():
                done.append(_client(name, f"{sink.url}/dicom-web", sink.ca_file, listing))
    return runs


def _into_orthanc(
    folder: Path, source: Path, listing: Path, rounds: int
) -> dict[str, list[Measurement]]:
    runs: dict[str, list[Measurement]] = {"whole program": [], "ours": [], "dicomweb-client": []}
    with orthanc_behind_tls(folder / "orthanc") as server:
        for _ in range(rounds):
            runs["whole program"].append(_whole_program(server, source, folder))
            server.wipe()
            for name in ("ours", "dicomweb-client"):
                runs[name].append(_client(name, server.dicomweb_url, server.ca_file, listing))
                server.wipe()
    return runs


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--patients", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="eucaim-bench-") as temporary:
        folder = Path(temporary)
        write_cohort(folder / "cohort", patients=options.patients, seed=1)
        files = [
            f
            for f in sorted((folder / "cohort").rglob("*"))
            if f.is_file() and inspect_file(os.fspath(f)).header is not None
        ]
        size_bytes = sum(f.stat().st_size for f in files)
        listing = folder / "files.txt"
        listing.write_text("\n".join(map(str, files)))
        tables = {
            "sink": _into_sink(folder, listing, options.rounds),
            "Orthanc": _into_orthanc(folder, folder / "cohort", listing, options.rounds),
        }
    rows = [
        _row(target, name, runs, size_bytes)
        for target, clients in tables.items()
        for name, runs in clients.items()
    ]
    print(f"{len(files)} instances, {size_bytes / 1e6:.0f} MB, {options.rounds} rounds, medians\n")
    print("| " + " | ".join(rows[0]) + " |\n|" + "---|" * len(rows[0]))
    for row in rows:
        print("| " + " | ".join(str(value) for value in row.values()) + " |")
    print("\n" + json.dumps({"instances": len(files), "bytes": size_bytes, "rows": rows}))


if __name__ == "__main__":
    main()

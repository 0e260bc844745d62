"""Verifying a whole cohort against Orthanc, beside a loop over its Series with dicomweb-client."""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Final

from tests.benchmarks.client import Clock
from tests.benchmarks.frame import Bench, Figures, Kind, Option, Row, compare, picked
from tests.benchmarks.material import AS_IS, Cohort, cohort
from tests.benchmarks.process import child, measured

OPTIONS: Final = {"patients": Option(10, quick=2, help="patients, 125 small instances each")}
_PAGE: Final = 200
_KINDS: Final[dict[str, Kind]] = {
    "ours": "ours",
    "dicomweb-client": "peer",
    "one request for all": "limit",
}


def measure(bench: Bench) -> list[Row]:
    """Instances a second. Ours is `verify` as a command without its start-up, which is measured
    beside it: it asks, compares and records; the loop of the peer only asks. The limit is one
    listing of everything, which no node has to give."""
    from tests.program import Program
    from tests.real.orthanc import orthanc_behind_tls

    data = cohort(bench.folder, bench["patients"], "small")
    with (
        orthanc_behind_tls(bench.folder / "orthanc") as server,
        tempfile.TemporaryDirectory(prefix="eucaim-bench-") as home,
    ):
        program = Program(Path(home))
        node = {"kind": "upv", "auth": "none", "dicomweb_url": server.dicomweb_url}
        program.configure({"bench": {**node, "ca_file": str(server.ca_file)}})
        program.good("new", "bench", "--node", "bench", "--source", data.source, *AS_IS)
        program.good("upload", "bench")

        def ours() -> Figures:
            # `verify` looks for everything again that was verified already.
            began, _ = measured(_command("status", "bench"), env=program.environment())
            figures, _ = measured(_command("verify", "bench"), env=program.environment())
            return {name: figures[name] - began[name] for name in ("seconds", "cpu_s")}

        words = (server.dicomweb_url, server.ca_file, data.listing)
        runs = bench.interleave(
            {
                "ours": ours,
                "dicomweb-client": partial(child, __name__, "peer", *words),
                "one request for all": partial(child, __name__, "limit", *words),
            }
        )
        found = program.status("bench")["instances"]
        assert found["verified"] == len(data.files), f"not all of it was verified: {found}"
    return _rows(data, runs)


def _rows(data: Cohort, runs: dict[str, list[Figures]]) -> list[Row]:
    count = len(data.files)
    rate = picked(runs, lambda f: count / f["seconds"])
    cpu = picked(runs, lambda f: f["cpu_s"] / count * 1000)
    return [
        *compare("verify with Orthanc", "instances/s", rate, _KINDS),
        *compare("verify with Orthanc", "client's CPU ms/instance", cpu, _KINDS),
    ]


def _command(*words: str) -> list[str]:
    return [sys.executable, "-m", "tui", *words]


def _peer(url: str, ca_file: Path, files: Sequence[Path], *, at_once: bool) -> Figures:
    from dicomweb_client.api import DICOMwebClient

    from adapters.sessions import Way, requests_session
    from transfer.scan.inspect import inspect_file

    headers = [inspect_file(os.fspath(file)).header for file in files]
    series = {(h.study_uid, h.series_uid) for h in headers if h is not None}
    way = Way(node="bench", ca_file=ca_file)
    client = DICOMwebClient(url, session=requests_session(url, way))
    with Clock() as clock:
        if at_once:
            found = len(client.search_for_instances(limit=len(files) + 1))
        else:
            found = sum(_count(client, *uids) for uids in series)
    assert found == len(files), f"{found} of {len(files)} instances were listed"
    return clock.figures


def _count(client: object, study: str, series: str) -> int:
    """Instances of one Series, page by page."""
    count = 0
    while True:
        page = client.search_for_instances(study, series, limit=_PAGE, offset=count)  # type: ignore[attr-defined]
        count += len(page)
        if len(page) < _PAGE:
            return count


if __name__ == "__main__":
    _way, _url, _ca_file, _listing = sys.argv[1:]
    _files = [Path(line) for line in Path(_listing).read_text().splitlines()]
    print(json.dumps(_peer(_url, Path(_ca_file), _files, at_once=_way == "limit")))

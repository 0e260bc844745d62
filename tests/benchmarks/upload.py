"""Sending instances as they are into a TLS 1.3 sink that keeps nothing, both nodes' ways."""

from __future__ import annotations

import tarfile
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Final

from tests.benchmarks.curl import post
from tests.benchmarks.frame import Bench, Figures, Kind, Option, Row, Runs, Target, compare, picked
from tests.benchmarks.material import Cohort, cohort, stow_body
from tests.benchmarks.process import child

OPTIONS: Final = {"patients": Option(10, quick=1, help="patients, 52 MB each")}

# lingering_time: how long nginx goes on reading a body that it has answered already.
_UPV_SINK: Final = """lingering_time 600s;
      default_type application/dicom+json;
      return 200 '{"00081199":{"vr":"SQ","Value":[]}}';"""
_XNAT_SINK: Final = """lingering_time 600s;
      default_type text/plain;
      if ($uri = /data/services/import) {
        return 200 "/data/prearchive/projects/BENCH/20260101_000000000/S\\r\\n";
      }
      if ($uri = /data/services/tokens/issue) { return 404; }
      if ($uri = /data/auth) { return 200 "User 'ingester' is logged in"; }
      if ($uri = /xapi/siteConfig/buildInfo) { return 200 '{"version": "1.8.3"}'; }
      if ($uri ~ ^/xapi/users/) { return 200 'ingester'; }
      return 200 "0123456789ABCDEF0123456789ABCDEF";"""
_KINDS: Final[dict[str, Kind]] = {
    "ours": "ours",
    "dicomweb-client": "peer",
    "ssl": "limit",
    "curl": "limit",
}


def measure(bench: Bench) -> list[Row]:
    """MB/s and the client's CPU seconds for a GB, UPV's way and XNAT's way."""
    from tests.real.front import front

    data = cohort(bench.folder, bench["patients"])
    rows: list[Row] = []
    with front(bench.folder / "upv", location=_UPV_SINK) as sink:
        url = f"{sink.url}/dicom-web"
        body, content_type = stow_body(bench.folder / "all.multipart", data.files)
        names = ("ours", "dicomweb-client", "ssl")
        runs = bench.interleave(
            {name: partial(_client, name, "upv", url, sink.ca_file, data) for name in names}
            | {"curl": lambda: post(f"{url}/studies", sink.ca_file, content_type, [body])}
        )
        rows += rates("upload, UPV", data, runs, _KINDS, True)
        body.unlink()
    with front(bench.folder / "xnat", location=_XNAT_SINK) as sink:
        body = _tar(bench.folder / "all.tar", data.files)
        url = f"{sink.url}/data/services/import?import-handler=DICOM-zip"
        runs = bench.interleave(
            {name: partial(_client, name, "xnat", sink.url, sink.ca_file, data)
             for name in ("ours", "ssl")}
            | {"curl": lambda: post(url, sink.ca_file, "application/x-tar", [body])}
        )  # fmt: skip
        rows += rates("upload, XNAT", data, runs, _KINDS, False)
        body.unlink()
    return rows


def rates(
    subject: str, data: Cohort, runs: Runs, kinds: dict[str, Kind], has_peer: bool
) -> list[Row]:
    """Both tables of an upload into a sink, with what is asked of them."""
    speed = picked(runs, lambda f: data.mb / f["seconds"])
    cpu = picked(runs, lambda f: f["cpu_s"] / data.gb)
    asked = [Target(0.45, "ssl")] + ([Target(3, "dicomweb-client")] if has_peer else [])
    return [
        *compare(subject, "MB/s", speed, kinds, asked),
        *compare(subject, "CPU s/GB", cpu, kinds, [Target(2.5, "ssl", is_floor=False)]),
    ]


def _client(name: str, kind: str, url: str, ca_file: Path, data: Cohort) -> Figures:
    return child("tests.benchmarks.client", name, kind, url, ca_file, data.listing)


def _tar(target: Path, files: Sequence[Path]) -> Path:
    with tarfile.open(target, "w") as tar:
        for number, file in enumerate(files, start=1):
            tar.add(file, f"{number:06}.dcm")
    return target

"""A real web server that limits the size of a request: nginx before Orthanc."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conformance.made import fresh_series, made, many
from tests.engine.bench import write_source
from tests.program import Program
from tests.real.orthanc import missing_software, orthanc_behind_tls

pytestmark = [
    pytest.mark.orthanc,
    pytest.mark.skipif(bool(missing_software()), reason=missing_software()),
]

LIMIT_BYTES = 5_000


def test_what_fits_arrives_in_smaller_requests_and_what_never_fits_fails_in_words(
    tmp_path: Path,
) -> None:
    series = fresh_series()
    small, large = many(series, 12), made(series, side=256)
    assert small[0].size_bytes < LIMIT_BYTES < large.size_bytes
    source = write_source(tmp_path / "source", [*small, large])
    at = tmp_path / "orthanc"
    at.mkdir()
    with orthanc_behind_tls(at, max_body_bytes=LIMIT_BYTES) as server:
        program = Program(tmp_path / "home")
        table = {
            "kind": "upv",
            "dicomweb_url": server.dicomweb_url,
            "ca_file": str(server.ca_file),
        }
        program.configure({"orthanc": table})
        program.good("new", "t", "--node", "orthanc", "--source", source)
        ran = program.run("upload", "t", "--json")
        assert ran.code == 4, str(ran)
        counts = ran.document["instances"]
        assert (counts["sent"], counts["verified"], counts["failed"]) == (12, 12, 1)
        assert [f["reason"][:41] for f in ran.document["failed"]] == [
            "This one instance is larger than the node"
        ]
        assert sorted(server.sop_instance_uids()) == sorted(i.sop_instance_uid for i in small)

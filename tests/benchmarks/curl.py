"""curl, which needs no Python: files that were made beforehand, POSTed under TLS 1.3."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tests.benchmarks.frame import Figures
from tests.benchmarks.process import Failed, measured


def post(
    url: str, ca_file: Path, content_type: str, bodies: Sequence[Path], *, lanes: int = 1
) -> Figures:
    """One request for each file, one after another over one connection, or in parallel `lanes`.

    Raises:
        Failed: an answer was not 200, or came before all of a body had gone.
    """
    requests = "\nnext\n".join(
        f'url = "{url}"\nrequest = "POST"\nupload-file = "{body}"\noutput = "/dev/null"\n'
        f'header = "Content-Type: {content_type}"\nheader = "Expect:"\n'
        f'header = "Accept: application/dicom+json"\n'
        f'write-out = "%{{http_code}} %{{size_upload}}\\n"\n'
        f'cacert = "{ca_file}"\ntlsv1.3\nnoproxy = "*"'
        for body in bodies
    )
    in_parallel = ["--parallel", "--parallel-max", str(lanes)] if lanes > 1 else []
    figures, out = measured(["curl", "-sS", *in_parallel, "-K", "-"], typed=requests)
    if sorted(out.splitlines()) != sorted(f"200 {body.stat().st_size}" for body in bodies):
        raise Failed(f"curl was answered {sorted(set(out.splitlines()))}")
    return figures

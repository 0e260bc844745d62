"""mitmproxy as the inspecting proxy of a hospital: it ends TLS, reads, and begins TLS anew.

Its own dependencies are pinned so closely that it lives in an environment of its own:
$EUCAIM_MITMDUMP, or `mitmdump` on PATH.
"""

from __future__ import annotations

import os
import re
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from tests.real.front import end, free_port, start

_START_S = 120.0
Version = Literal["TLS1_2", "TLS1_3"]


@dataclass(frozen=True)
class Mitm:
    """A running mitmdump. `ca_file` is its own authority, `log` what it read."""

    url: str
    ca_file: Path
    log: Path

    def read(self) -> list[str]:
        """Method and address of each request that it read in clear."""
        text = self.log.read_text(errors="replace")
        return [f"{m} {a}" for m, a in re.findall(r": (GET|POST|PUT|DELETE) (https://\S+)", text)]


def mitmdump() -> str | None:
    return os.environ.get("EUCAIM_MITMDUMP") or shutil.which("mitmdump")


def missing_software() -> str:
    """What is not installed, as a reason to skip; empty when all is there."""
    if mitmdump() is None:
        return (
            "no mitmdump: python3 -m venv mitm && mitm/bin/pip install mitmproxy, then set "
            "EUCAIM_MITMDUMP=mitm/bin/mitmdump"
        )
    return ""


@contextmanager
def mitm(
    folder: Path, node_ca: Path, *, most: Version = "TLS1_3", upstream_most: Version = "TLS1_3"
) -> Iterator[Mitm]:
    """An inspecting proxy that trusts `node_ca`, on a free port until the block is left; it speaks
    up to `most` with us and up to `upstream_most` with the node."""
    folder.mkdir(parents=True, exist_ok=True)
    port = free_port()
    settings = {
        "confdir": folder,
        "ssl_verify_upstream_trusted_ca": node_ca,
        "tls_version_client_max": most,
        "tls_version_server_max": upstream_most,
    }
    arguments = [str(mitmdump()), "--listen-host", "127.0.0.1", "--listen-port", str(port)]
    for name, value in settings.items():
        arguments += ["--set", f"{name}={value}"]
    log = folder / "mitm.log"
    process = start([*arguments, "--set", "flow_detail=1", "--set", "termlog_verbosity=info"], log)
    try:
        deadline = time.monotonic() + _START_S
        while b"listening at" not in log.read_bytes():
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"mitmdump did not start: {log.read_text()[-2000:]}")
            time.sleep(0.05)
        yield Mitm(f"http://127.0.0.1:{port}", folder / "mitmproxy-ca-cert.pem", log)
    finally:
        end(process)

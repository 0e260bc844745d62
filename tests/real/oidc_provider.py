"""node-oidc-provider, a certified OpenID provider, with the clients and lifetimes of the realm.

It comes from npm and is installed by `npm install --prefix tests/real/oidc --no-package-lock`.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from tests.certificates import Authority
from tests.real.front import end
from tests.real.running import trusting_client

_FOLDER = Path(__file__).parent / "oidc"
INSTALL = "npm install --prefix tests/real/oidc --no-package-lock"


@dataclass(frozen=True)
class Provider:
    """A running provider. `redirect_url` is where its clients' browsers may come back to, below
    which each client has its own."""

    issuer_url: str
    ca_file: Path

    def wish(self, **wishes: object) -> Any:
        """Change what it was started with; answers what it counted."""
        with httpx.Client(verify=trusting_client(self.ca_file), trust_env=False) as http:
            return http.post(f"{self.issuer_url}/_test", json=wishes).raise_for_status().json()


def missing_software() -> str:
    """What is absent, as the reason of a skip; empty when all is there."""
    if shutil.which("node") is None:
        return "Node.js is not installed (Debian: nodejs; 20 or later)"
    if not (_FOLDER / "node_modules" / "oidc-provider").is_dir():
        return f"npm's oidc-provider is not installed: {INSTALL}"
    return ""


@contextmanager
def oidc_provider(folder: Path, **wishes: object) -> Iterator[Provider]:
    """The provider on a free loopback port, TLS 1.3, until the block is left; `wishes` as at the
    head of its index.mjs."""
    authority = Authority(folder / "ca")
    issued = authority.issue()
    files = {"certificate": str(issued.certificate), "key": str(issued.key)}
    guard = shutil.which("setpriv")
    prefix = [guard, "--pdeathsig", "KILL", "--"] if guard else []
    with (folder / "provider.log").open("wb") as log:
        process = subprocess.Popen(
            [*prefix, str(shutil.which("node")), str(_FOLDER / "index.mjs")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
        )
    try:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps({**files, **wishes}).encode())
        process.stdin.close()
        line = process.stdout.readline()
        if not line:
            raise RuntimeError((folder / "provider.log").read_text()[-2000:])
        yield Provider(json.loads(line)["issuer"], authority.ca_file)
    finally:
        end(process)
        if process.stdout is not None:
            process.stdout.close()

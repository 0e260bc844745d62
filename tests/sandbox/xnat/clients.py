"""The real clients, unmodified, each in an environment of its own with the sandbox's authority."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest

from adapters.sandbox.server import Sandbox

# pyxnat 1.6.4 imports the last two without declaring them.
REQUIREMENTS: dict[str, Sequence[str]] = {
    "xnatpy": ("xnat==0.8.1",),
    "pyxnat": ("pyxnat==1.6.4", "nibabel", "pandas"),
    "xnatctl": ("xnatctl==0.6.0",),
}


def installed(name: str, cache: Path) -> Path:
    """The folder with the programs of a client's environment, made where there is none yet.

    A mark is left when it is whole, so that one broken off is made anew. Test processes wait for
    the one that makes it.
    """
    wanted = "-".join(REQUIREMENTS[name]).replace("==", "-")
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    folder = cache / f"{wanted}-{version}"
    mark = folder / "whole"
    with open(cache / f"{folder.name}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not mark.exists():
            _install(name, folder)
            mark.touch()
    return folder / "bin"


def _install(name: str, folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    pip = [str(folder / "bin" / "pip"), "install", "--quiet", *REQUIREMENTS[name]]
    done = subprocess.run(pip, capture_output=True, text=True, check=False)
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        pytest.skip(f"{name} cannot be installed here: {last}")


@dataclass(frozen=True, slots=True)
class RealClient:
    """One client's programs, pointed at one node."""

    programs: Path
    node: Sandbox
    folder: Path

    def script(self, code: str) -> Any:
        """Run Python code in the client's environment; what it gave to `tell`, from JSON.

        The code finds `url`, `folder` and the client's sign-in in `user` and `password`.
        """
        head = (
            "import json, os\nfrom pathlib import Path\n"
            f"url, folder = {self.node.xnat_url!r}, Path({str(self.folder)!r})\n"
            "user = password = 'ingester'\n"
            "def tell(**found):\n"
            "    (folder / 'told.json').write_text(json.dumps(found, default=str))\n"
        )
        done = self._run([str(self.programs / "python"), "-c", head + code])
        assert done.returncode == 0, done.stderr
        return json.loads((self.folder / "told.json").read_text("utf-8"))

    def command(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run the client's command."""
        profile = {
            "XNAT_URL": self.node.xnat_url,
            "XNAT_USER": "ingester",
            "XNAT_PASS": "ingester",
        }
        return self._run([str(self.programs / "xnatctl"), *words], profile)

    def json(self, *words: str) -> Any:
        """The JSON that a command prints."""
        done = self.command(*words, "--output", "json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def _run(
        self, words: Sequence[str], more: Mapping[str, str] = MappingProxyType({})
    ) -> subprocess.CompletedProcess[str]:
        authority = str(self.node.ca_file)
        kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
        environment = {
            **kept,
            "HOME": str(self.folder),
            "REQUESTS_CA_BUNDLE": authority,
            "SSL_CERT_FILE": authority,
            **more,
        }
        return subprocess.run(
            words,
            env=environment,
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

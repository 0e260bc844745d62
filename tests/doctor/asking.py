"""Asking the real program for its findings, and hosts made of a few files."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.program import REPOSITORY, Program
from transfer.machine.host import Host
from transfer.node import CheckResult


def make_host(
    root: Path, files: Mapping[str, str], environ: Mapping[str, str] | None = None
) -> Host:
    """A host whose files are these alone."""
    for place, text in files.items():
        file = root / place.lstrip("/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return Host(root, environ or {})


def doctor(
    home: Path,
    *words: str,
    environ: Mapping[str, str] | None = None,
    through: Sequence[str] = (),
) -> tuple[int, dict[str, Any]]:
    """Exit code and document of `doctor --json`; `through` is a command that starts it."""
    program = Program(home, environ or {})
    done = subprocess.run(
        [*through, sys.executable, "-P", "-m", "tui", "doctor", *words, "--json"],
        cwd=REPOSITORY,
        env=program.environment() | {"PYTHONPATH": str(REPOSITORY)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stdout, done.stderr
    document: dict[str, Any] = json.loads(done.stdout)
    return done.returncode, document


def not_ok(document: Mapping[str, Any], state: str = "fail") -> list[str]:
    """The checks in that state, in order."""
    return [check["check"] for check in document["checks"] if check["state"] == state]


def found(document: Mapping[str, Any], name: str) -> CheckResult:
    """The one finding of that name."""
    (one,) = [check for check in document["checks"] if check["check"] == name]
    return CheckResult(**{key: value for key, value in one.items() if key != "part"})

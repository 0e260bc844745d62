"""The program as scripts use it: a process of its own, its two streams and its exit code."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest import mock

from tests.ready import start

REPOSITORY = Path(__file__).parents[1]
_PATIENCE_S = 120.0
# What the shell of whoever runs the tests must not decide.
_FOREIGN = (
    "PROXY",
    "EUCAIM_",
    "DBUS_",
    "CREDENTIALS_DIRECTORY",
    "SSL_CERT",
    "REQUESTS_CA",
    # Each command would compile the whole program anew.
    "PYTHONDONTWRITEBYTECODE",
)


# A command says how far it is when it takes long: on a busy machine each does.
_PROGRESS = ("scan: ", "de-identify: ", "running: ", "pausing: ", "paused: ", "stopping: ")


def complaint_in(err: str) -> list[str]:
    """The lines on a command's stderr that are not progress."""
    return [line for line in err.splitlines() if not line.startswith(_PROGRESS)]


@dataclass(frozen=True)
class Ran:
    """One finished command."""

    words: Sequence[str]
    code: int
    out: str
    err: str
    seconds: float

    @property
    def document(self) -> Any:
        """The one JSON document that stands on stdout, and nothing beside it."""
        return json.loads(self.out)

    @property
    def complaint(self) -> list[str]:
        """The lines of stderr that are not progress."""
        return complaint_in(self.err)

    def __str__(self) -> str:
        return f"{' '.join(self.words)} -> {self.code}\n{self.out[-3000:]}\n{self.err[-3000:]}"


@dataclass
class Program:
    """`eucaim-transfer` with one home. `environ` is added to a bare environment."""

    home: Path
    environ: Mapping[str, str] = field(default_factory=dict)

    def environment(self) -> dict[str, str]:
        """What a command of this program runs with."""
        kept = {
            name: value
            for name, value in os.environ.items()
            if not any(part in name.upper() for part in _FOREIGN)
        }
        return {**kept, "EUCAIM_TRANSFER_HOME": str(self.home), **self.environ}

    def run(self, *words: object, typed: str = "", patience_s: float = _PATIENCE_S) -> Ran:
        """Run one command to its end; `typed` stands on its standard input.

        Raises:
            subprocess.TimeoutExpired: it did not end in time (it is killed).
        """
        arguments = [str(word) for word in words]
        began = time.monotonic()
        environment = self.environment() | {"PYTHONPATH": str(REPOSITORY)}
        command = [sys.executable, "-P", "-m", "tui", *arguments]
        with start(
            command, environment, cwd=REPOSITORY, has_input=True, in_session=False
        ) as process:
            try:
                out, err = process.communicate(typed, timeout=patience_s)
            except BaseException:
                process.kill()
                raise
        return Ran(arguments, process.returncode, out, err, time.monotonic() - began)

    @contextmanager
    def started(self, *words: object) -> Iterator[subprocess.Popen[str]]:
        """One command while it runs, with nothing on its standard input; killed at the end."""
        with subprocess.Popen(
            [sys.executable, "-P", "-m", "tui", *(str(word) for word in words)],
            cwd=REPOSITORY,
            env=self.environment() | {"PYTHONPATH": str(REPOSITORY)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            try:
                yield process
            finally:
                process.kill()

    def good(self, *words: object, typed: str = "") -> Ran:
        """Run one command that has to succeed."""
        ran = self.run(*words, typed=typed)
        assert ran.code == 0, str(ran)
        return ran

    def here(self, *words: object, good: bool = True) -> Ran:
        """Run one command in this process, for what is asked often and starts no other: a process
        of its own takes a third of a second, most of it importing. It has to succeed if `good`."""
        from tui.cli.commands import run_command

        arguments = [str(word) for word in words]
        began = time.monotonic()
        out, err = io.StringIO(), io.StringIO()
        environ = mock.patch.dict(os.environ, self.environment(), clear=True)
        with environ, redirect_stdout(out), redirect_stderr(err):
            code = run_command(arguments)
        ran = Ran(arguments, code, out.getvalue(), err.getvalue(), time.monotonic() - began)
        assert code == 0 or not good, str(ran)
        return ran

    def status(self, name: str, *words: str) -> Any:
        """The `status --json` document of a transfer."""
        return self.here("status", name, "--json", *words).document

    def configure(self, tables: Mapping[str, Mapping[str, object]]) -> None:
        """Write `config.toml` with these nodes; strings, numbers, booleans and lists of them."""
        lines = []
        for name, table in tables.items():
            lines += [f"[nodes.{name}]", *(f"{k} = {json.dumps(v)}" for k, v in table.items()), ""]
        self.home.mkdir(mode=0o700, parents=True, exist_ok=True)
        (self.home / "config.toml").write_text("\n".join(lines), "utf-8")

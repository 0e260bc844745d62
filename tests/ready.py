"""Processes of the program that need not import it first: forked from one that has.

The tests start thousands of commands, and half of what the processor does for each would be the
start of Python and the reading of the same modules. So a command is forked off a process that did
both and nothing else: it has one thread, no file open and the signals of a new interpreter. What is
forked is a process like any other: an environment and standard streams of its own, its own worker
processes, and an end like that of `python -P -m …`.

Run as a script it is that process; standard input is the socket by which it is asked.
"""

from __future__ import annotations

import atexit
import ctypes
import gc
import io
import json
import os
import pkgutil
import runpy
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import closing, suppress
from functools import cache
from pathlib import Path
from typing import Any, Final

_REPOSITORY: Final = Path(__file__).resolve().parents[1]
_MOST_BYTES: Final = 128 * 1024
_STREAMS: Final = 3
_POLL_S: Final = 0.002
_PACKAGES: Final = ("transfer", "adapters", "tui.cli")
# Servers are other processes.
_APART: Final = ("adapters.sandbox",)
_OF_A_START: Final = (
    *("LD_", "PYTHON", "FAKETIME", "LANG", "LC_", "TZ", "OPENSSL", "MALLOC", "GLIBC"),
)
"""Variables with these beginnings mean something while a process starts. Those that name
authorities (SSL_CERT_FILE) are looked up when a connection is made."""
_PR_SET_PDEATHSIG: Final = 1

_asking = threading.Lock()


@cache
def _stock() -> socket.socket:
    """The process that is forked from, until this one ends."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with closing(theirs):
        # What is forked has its buffers, which are those of an output that is no terminal.
        stock = subprocess.Popen(
            guarded([sys.executable, "-P", str(Path(__file__).absolute())]),
            stdin=theirs.fileno(),
            stdout=subprocess.DEVNULL,
            cwd=_REPOSITORY,
            env=os.environ | {"PYTHONPATH": str(_REPOSITORY)},
        )
    atexit.register(stock.wait)
    atexit.register(stock.kill)
    atexit.register(ours.close)
    assert ours.recv(_MOST_BYTES) == b"ready"
    return ours


def start(
    command: Sequence[str],
    environment: Mapping[str, str],
    *,
    cwd: Path | None = None,
    has_input: bool = False,
    in_session: bool = True,
) -> subprocess.Popen[str]:
    """A command with pipes for what it says: forked where it is Python with nothing about it that
    its start would heed. What looks for it by its command line or environment in /proc starts it
    otherwise: there it has those of what it was forked from."""
    is_plain = list(command[:2]) == [sys.executable, "-P"] and not any(
        word.startswith(_OF_A_START) and not _is_as_here(word, environment.get(word))
        for word in {*environment, *os.environ}
    )
    kind = _Forked if is_plain else subprocess.Popen
    return kind(
        list(command) if is_plain else guarded(list(command)),
        stdin=subprocess.PIPE if has_input else subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=cwd,
        env=environment,
        start_new_session=in_session,
    )


def guarded(arguments: list[str]) -> list[str]:
    """The same command, killed by the kernel should the test process itself be killed."""
    guard = shutil.which("setpriv")
    return [guard, "--pdeathsig", "KILL", "--", *arguments] if guard else arguments


def _is_as_here(word: str, value: str | None) -> bool:
    if word == "PYTHONPATH":
        return value in (None, str(_REPOSITORY))
    if word == "PYTHONDONTWRITEBYTECODE":
        return True
    return value == os.environ.get(word)


def _umask() -> int:
    given = os.umask(0o077)
    os.umask(given)
    return given


class _Forked(subprocess.Popen[str]):
    """Only how it begins and how its end is heard of are other than in a `Popen`."""

    def _execute_child(self, args: list[str], *rest: Any) -> None:
        # subprocess.py: executable, preexec_fn, close_fds, pass_fds, cwd, env, startupinfo,
        # creationflags, shell, the ends of the pipes, restore_signals, gid, gids, uid, umask,
        # start_new_session.
        cwd, environment, ends, in_session = rest[4], rest[5], rest[9:15], rest[20]
        how = {
            "words": args[2:],
            "environment": dict(environment),
            "cwd": str(cwd or os.getcwd()),
            "umask": _umask(),
            "in_session": in_session,
        }
        self._from = _stock()
        with _asking:
            streams = ends[0], ends[3], ends[5]
            socket.send_fds(self._from, [json.dumps(how).encode()], streams)
            self.pid = int(self._from.recv(_MOST_BYTES))
        self._child_created = True
        self._close_pipe_fds(*ends)  # type: ignore[attr-defined]

    def _try_wait(self, wait_flags: int) -> tuple[int, int]:
        while True:
            with _asking:
                self._from.send(str(self.pid).encode())
                status = json.loads(self._from.recv(_MOST_BYTES))
            if status is not None:
                return self.pid, status
            if wait_flags & os.WNOHANG:
                return 0, 0
            time.sleep(_POLL_S)

    def _internal_poll(self, *_: Any, **__: Any) -> int | None:
        if self.returncode is None:
            pid, status = self._try_wait(os.WNOHANG)
            if pid:
                self._handle_exitstatus(status)  # type: ignore[attr-defined]
        return self.returncode


def _serve(asked: socket.socket) -> list[str]:
    """Fork at each command, tell how a process ended at each number; returns in what was forked,
    with its command."""
    asked.send(b"ready")
    while True:
        what, streams, _, _ = socket.recv_fds(asked, _MOST_BYTES, _STREAMS)
        if not what:
            os._exit(0)
        order = json.loads(what)
        if isinstance(order, int):
            pid, status = os.waitpid(order, os.WNOHANG)
            asked.send(json.dumps(status if pid else None).encode())
            continue
        pid = os.fork()
        if not pid:
            asked.close()
            _become(streams, order)
            return list(order["words"])
        for stream in streams:
            os.close(stream)
        asked.send(str(pid).encode())


def _become(streams: Sequence[int], how: Mapping[str, Any]) -> None:
    if how["in_session"]:
        os.setsid()
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
    os.closerange(_STREAMS, max(streams) + 1)
    for name, number in (("stdout", 1), ("stderr", 2)):
        # What was there knows of another file whether one can seek in it.
        old = getattr(sys, name)
        buffer = open(number, "wb", closefd=False)  # noqa: SIM115 - it stays open to the end
        new = io.TextIOWrapper(
            buffer,
            encoding=old.encoding,
            errors=old.errors,
            line_buffering=old.line_buffering,
            write_through=old.write_through,
        )
        setattr(sys, name, new)
        setattr(sys, f"__{name}__", new)
    os.chdir(how["cwd"])
    os.umask(how["umask"])
    os.environ.clear()
    os.environ.update(how["environment"])


def _import_all() -> None:
    for package in _PACKAGES:
        module = __import__(package, fromlist=["*"])
        for each in pkgutil.walk_packages(module.__path__, f"{package}."):
            if not each.name.startswith(_APART) and not each.name.endswith("__main__"):
                __import__(each.name)


def _main() -> None:
    asked = socket.socket(fileno=os.dup(0))
    _import_all()
    # What is there now stays: a look for garbage in what is forked would copy all of it.
    gc.collect()
    gc.freeze()
    words = _serve(asked)
    is_module = words[0] == "-m"
    sys.argv = words[1:] if is_module else words
    try:
        if is_module:
            runpy.run_module(words[1], run_name="__main__", alter_sys=True)
        else:
            runpy.run_path(words[0], run_name="__main__")
    except SystemExit as end:
        _end(end.code)
    _end(None)


def _end(code: object) -> None:
    """As the interpreter ends, but for taking down what was imported: that would copy all of it."""
    if code is not None and not isinstance(code, int):
        print(code, file=sys.stderr)
        code = 1
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):
            stream.flush()
    os._exit(code or 0)


if __name__ == "__main__":
    _main()

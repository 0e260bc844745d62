"""Every byte that a run of the program puts anywhere, and every name that it gives.

The kernel tells (by strace): what was written, by which process of ours, to which file or socket;
which files, folders and links were made; with which arguments and which environment a process was
started. Pipes between our own processes are their memory and no place; what comes out of the first
one's is printed, and searched as such.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_CALLS: Final = (
    "write,writev,pwrite64,pwritev,pwritev2,sendto,sendmsg,sendmmsg,execve,open,openat,creat,"
    "mkdir,mkdirat,rename,renameat,renameat2,link,linkat,symlink,symlinkat,memfd_create,mknod,"
    "mknodat,setxattr,fsetxattr,lsetxattr"
)
_CALL: Final = re.compile(r"^(?:\d+ +)?(\w+)\((.*)$")
_TEXT: Final = re.compile(r'"((?:\\x[0-9a-f]{2})*)"')
_FIRST: Final = re.compile(r"^\d+<([^>]*)>")
_WRITES: Final = ("write", "writev", "pwrite64", "pwritev", "pwritev2")
_SENDS: Final = ("sendto", "sendmsg", "sendmmsg")
# Pipes, sockets between our own, and files that no folder ever holds are memory of ours.
_MEMORY: Final = ("pipe:", "socket:", "UNIX", "anon_inode", "/memfd:")
_MAKES: Final = ("O_CREAT", "O_TMPFILE")
HOLDS_ORIGINALS: Final = re.compile(
    r"/ledger(?:\.backup|\.damaged|\.recovered)?\.(?:sqlite|part)[^/]*$"
)
"""What holds originals on purpose, and is its owner's alone."""


@dataclass(frozen=True)
class Put:
    """Bytes, and what they were put in: `write PATH`, `send SOCKET`, `name CALL`, `start`."""

    place: str
    content: bytes


def lacks_strace() -> str:
    """What is missing to listen to the kernel, if anything is."""
    return "" if shutil.which("strace") else "strace is not installed: apt-get install strace"


def listened(words: Sequence[str], log: Path) -> list[str]:
    """The command that runs another one and writes down what it does."""
    options = ["-f", "-q", "-q", "-xx", "-yy", "-v", "-s", "8388608", "--seccomp-bpf"]
    return [
        "strace",
        *options,
        "-e",
        f"trace={_CALLS}",
        "-e",
        "signal=none",
        "-o",
        str(log),
        *words,
    ]


def puts_of(log: Path) -> Iterator[Put]:
    """All that a log tells; the first start is what the bench itself typed, and is left out."""
    starts = 0
    with log.open(encoding="latin-1") as lines:
        for line in lines:
            found = _CALL.match(line)
            if found is None:
                continue
            call, rest = found.groups()
            if call == "execve":
                starts += 1
                if starts > 1:
                    yield Put("start", _texts(rest))
            elif call in _WRITES:
                target = _target(rest)
                if target and not target.startswith(_MEMORY):
                    if not HOLDS_ORIGINALS.search(target):
                        yield Put(f"write {target}", _texts(rest))
                elif target.startswith("UNIX") and "->" not in target and '"' in target:
                    yield Put(f"send {target}", _texts(rest))
            elif call in _SENDS:
                target = _target(rest)
                if not target.startswith("UNIX-STREAM:[") or "sun_path" in rest:
                    yield Put(f"send {target}", _texts(rest))
            elif call not in ("open", "openat") or any(flag in rest for flag in _MAKES):
                yield Put(f"name {call}", _texts(rest))


def _target(rest: str) -> str:
    found = _FIRST.match(rest)
    return _plain(found[1]).decode("utf-8", "replace") if found else ""


def _texts(rest: str) -> bytes:
    """All strings of a call: pieces of one write belong together."""
    return b"".join(_plain(found) for found in _TEXT.findall(rest))


def _plain(text: str) -> bytes:
    return bytes.fromhex(text.replace("\\x", "")) if text.startswith("\\x") else text.encode()


def files_of(*folders: Path) -> Iterator[Put]:
    """What lies in folders at the end, names and contents."""
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            where = str(path.relative_to(folder))
            yield Put(f"name {where}", where.encode())
            if path.is_file() and not HOLDS_ORIGINALS.search(str(path)):
                yield Put(f"file {where}", path.read_bytes())


def is_supported() -> bool:
    """Whether this kernel lets us listen at all: in some containers it does not."""
    if lacks_strace():
        return False
    ran = subprocess.run(
        ["strace", "-f", "-o", "/dev/null", "true"], check=False, capture_output=True
    )
    return ran.returncode == 0

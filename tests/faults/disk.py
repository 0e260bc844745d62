"""A disk whose power is cut: what of the writes below one folder it would still have.

`unsynced.c` writes down what the program's processes tell the disk; here it is told again, up to
the cut, to a model of it. The model is POSIX's word and no more (fsync(2)): the content of a file
lasts once that file was synced, a name once its folder was, and nothing else does. Real file
systems keep more, each something else. A rename is one step, and the names of a folder come to the
disk in their order: every file system with a journal holds that.
"""

from __future__ import annotations

import atexit
import copy
import itertools
import os
import random
import shutil
import stat
import struct
import subprocess
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Final

_SOURCE: Final = Path(__file__).with_name("unsynced.c")
_HEAD: Final = struct.Struct("<QQQ")
_ENTRY: Final = struct.Struct("<BIQqII")
_PIECE_BYTES: Final = 512
"""A sector: smaller pieces of a write are on the disk whole or not at all."""


class Kept(StrEnum):
    """What of the un-synced is on the disk after the cut."""

    NOTHING = "nothing un-synced is kept"
    SOME = "some of it is kept, in torn pieces"
    WRITES = "contents are kept, names are not"
    NAMES = "names are kept, contents are not"


def lacks_compiler() -> str:
    """What this machine lacks for a power cut."""
    return "" if shutil.which("gcc") else "no gcc to compile the shim"


@cache
def _shim() -> Path:
    """Compiled once in each process, and taken away at its end."""
    folder = Path(tempfile.mkdtemp(prefix="unsynced-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    library = folder / "unsynced.so"
    subprocess.run(
        ["gcc", "-O1", "-shared", "-fPIC", "-o", str(library), str(_SOURCE)],
        check=True,
        timeout=120,
    )
    return library


@dataclass
class _File:
    """`kept` is what lasts; `told` are writes (offset, bytes) and sizes (offset, None) since."""

    mode: int
    kept: bytearray = field(default_factory=bytearray)
    told: list[tuple[int, bytes | None]] = field(default_factory=list)


@dataclass
class _Folder:
    mode: int
    kept: dict[str, _Node] = field(default_factory=dict)
    now: dict[str, _Node] = field(default_factory=dict)


_Node = _File | _Folder


@dataclass
class _Naming:
    """One step that changes names: each folder with the name and what it stands for then."""

    changes: list[tuple[_Folder, str, _Node | None]]


@dataclass(frozen=True)
class Told:
    """One thing that the disk was told; `kind` as in `unsynced.c`."""

    kind: str
    mode: int
    inode: int
    offset: int
    first: bytes
    second: bytes


class Disk:
    """The folder `root` from now on, under processes that have `environment`.

    Everything that lies there now has been there for long. `fails_at` is the number of the sync,
    counted over all processes, that power does not live to see.
    """

    def __init__(self, root: Path, scratch: Path, *, fails_at: int = 0) -> None:
        self.root = root.resolve()
        self.log = scratch / "told"
        """Grows by each thing that the disk is told; see `told_at`."""
        self.log.write_bytes(_HEAD.pack(0, fails_at, 0))
        self._folder, self._inodes = _taken(self.root)
        self.environment: Mapping[str, str] = {
            "LD_PRELOAD": str(_shim()),
            "UNSYNCED_ROOT": str(self.root),
            "UNSYNCED_LOG": str(self.log),
        }

    @property
    def syncs(self) -> int:
        """How many syncs were asked for."""
        syncs: int = _HEAD.unpack(self.log.read_bytes()[: _HEAD.size])[0]
        return syncs

    @property
    def has_failed(self) -> bool:
        """Whether the sync came at which power fails."""
        return bool(_HEAD.unpack(self.log.read_bytes()[: _HEAD.size])[2])

    def told(self) -> list[Told]:
        """All that the disk was told, in order."""
        return list(_read(self.log.read_bytes()[_HEAD.size :]))

    def told_at(self, log_bytes: int) -> int:
        """How many things it had been told when the log was so long."""
        return len(list(_read(self.log.read_bytes()[_HEAD.size : log_bytes])))

    def moments(self, uptos: Iterable[int]) -> Iterator[Moment]:
        """The disk when it had been told so many things, which grow; each is to be used before the
        next one is asked for."""
        told = iter(self.told())
        root, inodes = copy.deepcopy((self._folder, self._inodes))
        replay, number = _Replay(os.fsencode(self.root), root, inodes), 0
        for upto in uptos:
            for one in itertools.islice(told, upto - number):
                replay.take(one)
            number = upto
            yield Moment(root, replay.namings)

    def moment(self) -> Moment:
        """The disk now that it has been told everything."""
        return next(self.moments([len(self.told())]))

    def cut(self, kept: Kept, seed: int = 0) -> None:
        """Put the folder into a state in which the disk may be; no process uses it any more."""
        self.moment().write(self.root, kept, seed)


@dataclass(frozen=True)
class Moment:
    """The disk at one moment: what lasts, and the names that are not synced, in their order."""

    _root: _Folder
    _namings: list[_Naming]

    def now(self) -> dict[str, bytes | None]:
        """Files (and, as None, folders) as processes see them. By that the shim is judged."""
        return dict(_walk(self._root, "", is_now=True))

    def lasting(self) -> dict[str, bytes | None]:
        """What there would be of them after a cut at this moment, were nothing else kept."""
        return dict(_walk(self._root, ""))

    def write(self, target: Path, kept: Kept, seed: int = 0) -> None:
        """Write a state in which the disk may be after a cut at this moment."""
        root, namings = copy.deepcopy((self._root, self._namings))
        dice = random.Random(seed)  # noqa: S311 - dice, not secrets
        survivors = {
            Kept.NOTHING: 0,
            Kept.WRITES: 0,
            Kept.NAMES: len(namings),
            Kept.SOME: dice.randint(0, len(namings)),
        }[kept]
        for naming in namings[:survivors]:
            _settle(naming)
        shutil.rmtree(target, ignore_errors=True)
        target.mkdir(mode=0o700, exist_ok=True)
        _write(root, target, kept, dice)


def _read(log: bytes) -> Iterator[Told]:
    at = 0
    while at + _ENTRY.size <= len(log):
        kind, mode, inode, offset, first, second = _ENTRY.unpack_from(log, at)
        at += _ENTRY.size
        if at + first + second > len(log):
            return
        middle, end = at + first, at + first + second
        yield Told(chr(kind), mode, inode, offset, log[at:middle], log[middle:end])
        at = end


class _Replay:
    """The model while it is told."""

    def __init__(self, prefix: bytes, root: _Folder, inodes: dict[int, _Node]) -> None:
        self._prefix, self._root, self._inodes = prefix, root, inodes
        self.namings: list[_Naming] = []

    def take(self, one: Told) -> None:
        match one.kind:
            case "C" | "D":
                made: _Node = _File(one.mode) if one.kind == "C" else _Folder(one.mode)
                self._inodes[one.inode] = made
                self._name((one.first, made))
            case "L":
                self._name((one.first, self._inodes[one.inode]))
            case "U":
                self._name((one.first, None))
            case "R":
                self._name((one.first, None), (one.second, self._inodes[one.inode]))
            case "W" | "T":
                file = self._inodes[one.inode]
                assert isinstance(file, _File)
                file.mode = one.mode
                file.told.append((one.offset, one.first if one.kind == "W" else None))
            case "S":
                self._sync(self._inodes[one.inode], one.mode)
            case _:
                raise AssertionError(f"the shim says {one.kind!r}")

    def _sync(self, node: _Node, mode: int) -> None:
        node.mode = mode
        if isinstance(node, _File):
            node.kept = _content(node.kept, node.told)
            node.told = []
            return
        mine = [n for n in self.namings if any(folder is node for folder, _, _ in n.changes)]
        for naming in mine:
            _settle(naming)
        self.namings = [n for n in self.namings if n not in mine]

    def _name(self, *names: tuple[bytes, _Node | None]) -> None:
        changes = []
        for path, node in names:
            folder, name = self._found(path)
            if node is None:
                del folder.now[name]
            else:
                folder.now[name] = node
            changes.append((folder, name, node))
        self.namings.append(_Naming(changes))

    def _found(self, path: bytes) -> tuple[_Folder, str]:
        inside = os.path.normpath(path)[len(self._prefix) :].strip(b"/")
        *folders, name = os.fsdecode(inside).split("/")
        folder = self._root
        for each in folders:
            found = folder.now[each]
            assert isinstance(found, _Folder)
            folder = found
        return folder, name


def _settle(naming: _Naming) -> None:
    for folder, name, node in naming.changes:
        if node is None:
            folder.kept.pop(name, None)
        else:
            folder.kept[name] = node


def _content(kept: bytearray, told: list[tuple[int, bytes | None]]) -> bytearray:
    content = bytearray(kept)
    for offset, data in told:
        if data is None:
            del content[offset:]
            content.extend(bytes(offset - len(content)))
        else:
            content.extend(bytes(max(0, offset - len(content))))
            content[offset : offset + len(data)] = data
    return content


def _torn(told: list[tuple[int, bytes | None]], dice: random.Random) -> list[tuple[int, bytes]]:
    """Some sectors of the writes; sizes that were set may not have come to be."""
    pieces = []
    for offset, data in told:
        at = 0
        while data is not None and at < len(data):
            end = min(len(data), at + _PIECE_BYTES - (offset + at) % _PIECE_BYTES)
            if dice.random() < 0.5:
                pieces.append((offset + at, data[at:end]))
            at = end
    return pieces


def _write(folder: _Folder, target: Path, kept: Kept, dice: random.Random) -> None:
    for name, node in sorted(folder.kept.items()):
        path = target / name
        if isinstance(node, _Folder):
            path.mkdir()
            _write(node, path, kept, dice)
            path.chmod(stat.S_IMODE(node.mode))
            continue
        if name.endswith("-shm"):
            # Shared memory of processes that are no more: it is never synced, and made anew.
            continue
        told: list[tuple[int, bytes | None]] = []
        if kept is Kept.WRITES:
            told = node.told
        elif kept is Kept.SOME:
            told = list(_torn(node.told, dice))
        path.write_bytes(_content(node.kept, told))
        path.chmod(stat.S_IMODE(node.mode))


def _taken(root: Path) -> tuple[_Folder, dict[int, _Node]]:
    """The model of what lies there now, and its nodes by inode."""
    facts = root.stat()
    folder = _Folder(facts.st_mode)
    inodes: dict[int, _Node] = {facts.st_ino: folder}
    for path in root.iterdir():
        facts = path.lstat()
        node: _Node
        if stat.S_ISDIR(facts.st_mode):
            node, below = _taken(path)
            inodes |= below
        else:
            assert stat.S_ISREG(facts.st_mode), "a home holds files and folders"
            # A second link is the same file.
            node = inodes.get(facts.st_ino) or _File(facts.st_mode, bytearray(path.read_bytes()))
            inodes[facts.st_ino] = node
        folder.kept[path.name] = folder.now[path.name] = node
    return folder, inodes


def _walk(
    folder: _Folder, prefix: str, *, is_now: bool = False
) -> Iterator[tuple[str, bytes | None]]:
    for name, node in (folder.now if is_now else folder.kept).items():
        if isinstance(node, _Folder):
            yield f"{prefix}{name}", None
            yield from _walk(node, f"{prefix}{name}/", is_now=is_now)
        elif not name.endswith("-shm"):
            yield f"{prefix}{name}", bytes(_content(node.kept, node.told if is_now else []))

"""The home of all transfers, and the folder of one: paths, permissions, what may live where."""

from __future__ import annotations

import errno
import os
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from transfer.errors import UsageError
from transfer.strict_modes import demand_ours

HOME_VARIABLE = "EUCAIM_TRANSFER_HOME"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_SHARED_FILE_SYSTEMS = ("nfs", "nfs4", "cifs", "smb3", "smbfs")
_MOUNTS = Path("/proc/self/mountinfo")


def make_folders(folder: Path) -> None:
    """Create a folder and whatever is missing above it, all for their owner alone: `mkdir` leaves
    those above to the umask, and whoever can write there can put another in its place.

    Raises:
        OSError: one cannot be made.
    """
    for part in (*reversed(folder.parents), folder):
        if not part.is_dir():
            part.mkdir(mode=0o700, exist_ok=True)


def make_folder(folder: Path) -> None:
    """Create a folder, its owner's alone, that a power cut does not take away again with all that
    is written into it; one that exists is taken as it is.

    Raises:
        UsageError: it cannot be made.
    """
    try:
        missing = [each for each in (folder, *folder.parents) if not each.exists()]
        make_folders(folder)
        for made in missing:
            sync_folder(made.parent)
    except OSError as error:
        raise UsageError(
            f"A folder that is needed cannot be made: {error.strerror}.",
            f"Name a folder on a local disk that you may write to ({HOME_VARIABLE} names the one"
            " for transfers).",
        ) from error


def make_private_folder(folder: Path) -> None:
    """Create a folder that only its owner can enter, or close an existing one to all others.

    Raises:
        UsageError: it cannot be made, belongs to somebody else, or a link of somebody else's leads
            to it.
    """
    if _is_their_link(folder):
        raise UsageError(
            "A folder that is needed is a link that another account made.",
            "Name another folder, or remove that link.",
        )
    make_folder(folder)
    try:
        if folder.stat().st_mode & 0o077:
            folder.chmod(0o700)
    except OSError as error:
        raise UsageError(
            "The folder for transfers is open to other accounts and cannot be closed.",
            "Let its owner run chmod 700 on it, or name a folder of your own.",
        ) from error


def _is_their_link(path: Path) -> bool:
    return path.is_symlink() and path.lstat().st_uid not in (0, os.geteuid())


def sync_folder(folder: Path) -> None:
    """Make new names in a folder, and that others are gone, last beyond a power cut.

    Raises:
        OSError: the disk.
    """
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except PermissionError:
        # A folder that one may write to and not list cannot be synced by anybody.
        return
    try:
        os.fsync(descriptor)
    except OSError as error:
        # fsync(2): some file systems, of shares above all, know no sync of a folder.
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):
            raise
    finally:
        os.close(descriptor)


def private_opener(path: str, flags: int) -> int:
    """An `opener` for `open` that gives a new file to its owner alone."""
    return os.open(path, flags, 0o600)


def file_system_of(folder: Path, mounts: str | None = None) -> str:
    """Type of the file system that holds `folder` (Linux; empty where it cannot be told)."""
    if mounts is None:
        try:
            mounts = _MOUNTS.read_text(errors="replace")
        except OSError:
            return ""
    target = f"{folder.resolve()}/"
    best, kind = "", ""
    for line in mounts.splitlines():
        head, _, tail = line.partition(" - ")
        point = head.split(" ")[4].encode().decode("unicode_escape")
        prefix = point if point.endswith("/") else f"{point}/"
        if target.startswith(prefix) and len(prefix) >= len(best):
            best, kind = prefix, tail.split(" ")[0]
    return kind


def refuse_shared_file_system(folder: Path, mounts: str | None = None) -> None:
    """Refuse a home that two hosts could open at once: SQLite's WAL needs one host.

    Source: sqlite.org/wal.html, "All processes using a database must be on the same host".

    Raises:
        UsageError: the folder lies on NFS, CIFS or FUSE.
    """
    kind = file_system_of(folder, mounts)
    if kind in _SHARED_FILE_SYSTEMS or kind.startswith("fuse"):
        raise UsageError(
            f"The folder for transfers lies on a {kind} file system; the ledger could be damaged.",
            f"Set {HOME_VARIABLE} to a folder on a local disk. The source folder may stay there.",
        )


@dataclass(frozen=True, slots=True)
class Workspace:
    """The folder of one transfer. Everything in it belongs to its owner alone."""

    folder: Path

    @property
    def name(self) -> str:
        return self.folder.name

    @property
    def ledger(self) -> Path:
        return self.folder / "ledger.sqlite"

    @property
    def lock(self) -> Path:
        return self.folder / "runner.lock"

    @property
    def log(self) -> Path:
        return self.folder / "runner.log"

    def free_bytes(self) -> int:
        """Free space of the disk that holds the ledger."""
        return shutil.disk_usage(self.folder).free


@dataclass(frozen=True, slots=True)
class Home:
    """Where configuration, secrets and all transfers of one account live.

    `config_folder` holds `config.toml`; it is the root wherever the home was named.
    """

    root: Path
    config_folder: Path

    @classmethod
    def find(cls, environ: Mapping[str, str] = os.environ) -> Home:
        """The home that the environment names, else the platform's own state folder.

        Raises:
            UsageError: it names that of an account which is not there.
        """
        named = environ.get(HOME_VARIABLE)
        if named:
            try:
                return cls.at(Path(named).expanduser().absolute())
            except RuntimeError as error:
                raise UsageError(
                    f"{HOME_VARIABLE} names the folder of an account that is not there.",
                    "Write the folder out, from / on.",
                ) from error
        from platformdirs import user_config_path, user_state_path

        return cls(user_state_path("eucaim-transfer"), user_config_path("eucaim-transfer"))

    @classmethod
    def at(cls, root: Path) -> Home:
        """A home with everything in one folder."""
        return cls(root, root)

    @property
    def transfers(self) -> Path:
        return self.root / "transfers"

    def prepare(self) -> None:
        """Make the home usable.

        Raises:
            UsageError: it cannot be made, others could put another in its place, or it is on a
                shared file system.
        """
        make_folder(self.root)
        self._demand_ours()
        refuse_shared_file_system(self.root)
        make_private_folder(self.transfers)

    def _demand_ours(self) -> None:
        for folder in (self.root, self.transfers):
            if folder.is_dir():
                demand_ours(folder, "The folder for transfers")

    def names(self) -> list[str]:
        """Names of all transfers, sorted."""
        if not self.transfers.is_dir():
            return []
        # One whose ledger was lost, and whose copy of it was not, is still there.
        kept = {"ledger.sqlite", "ledger.backup.sqlite"}
        found = (p for p in self.transfers.glob("*/ledger*.sqlite") if p.name in kept)
        return sorted({p.parent.name for p in found})

    def workspace(self, name: str) -> Workspace:
        """The workspace of an existing transfer.

        Raises:
            UsageError: there is none of that name, or others could put another in its place.
        """
        self._demand_ours()
        if not _NAME.fullmatch(name) or name not in self.names():
            known = ", ".join(self.names()[:8]) or "none yet"
            raise UsageError(
                f"There is no transfer of the name given. Known: {known}.",
                "Make one with: eucaim-transfer new NAME --node NODE --source DIR",
            )
        return Workspace(self.transfers / name)

    def new_workspace(self, name: str) -> Workspace:
        """A fresh folder for a transfer of this name.

        Raises:
            UsageError: the name is taken or cannot be a folder's name.
        """
        if not _NAME.fullmatch(name):
            raise UsageError(
                "That name cannot be used for a transfer.",
                "Take 1 to 64 letters, digits, dots, hyphens or underscores.",
            )
        if name in self.names():
            raise UsageError(
                f"A transfer called {name} exists already.",
                f"Choose another name, or go on with: eucaim-transfer upload {name}",
            )
        self.prepare()
        make_private_folder(self.transfers / name)
        return Workspace(self.transfers / name)

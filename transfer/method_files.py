"""The files of a transfer's method: copies in its folder, with their digests in the ledger.

Copies, because the script in force is the one that was looked at when the transfer was made.
"""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from transfer.deid.methods import MethodSpec, script_params
from transfer.errors import UsageError
from transfer.ledger.connection import Ledger
from transfer.ledger.order import Order
from transfer.workspace import make_private_folder, private_opener, sync_folder

SCRIPT: Final = "script"
"""What an order says whose method is a script of the operator; else a profile's name."""

_FOLDER: Final = "method"
_LARGEST_BYTES: Final = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class MethodFiles:
    """What `new` was given besides the method's name: (file name, content) each, and parameters.

    Never shown: a lookup table holds original identifiers, a parameter may be a secret.
    """

    script: tuple[str, bytes] | None = None
    lookup: tuple[str, bytes] | None = None
    pixel_script: tuple[str, bytes] | None = None
    params: tuple[tuple[str, str], ...] = ()

    def __repr__(self) -> str:
        return "MethodFiles()"

    def spec(self, order: Order, key: str = "") -> MethodSpec:
        """The method of this order."""
        name = self.script[0] if self.script else order.deid or ""
        return MethodSpec(
            name,
            key,
            order.site_id or "",
            self.script[1] if self.script else None,
            script_params(self.params, key, order.site_id or "") if self.script else (),
            self.lookup[1] if self.lookup else None,
            self.pixel_script[1] if self.pixel_script else None,
        )


def read_method_file(path: Path) -> tuple[str, bytes]:
    """A file that the operator named.

    Raises:
        UsageError: it cannot be read, or is far too large.
    """
    try:
        with path.open("rb") as file:
            content = file.read(_LARGEST_BYTES + 1)
    except OSError as error:
        raise UsageError(
            f"A file of the de-identification method cannot be read: {error.strerror}.",
            "Check its name and its permissions. Profiles are eucaim and lethe; a script is named"
            " by its file.",
        ) from error
    if len(content) > _LARGEST_BYTES:
        raise UsageError(
            "A file of the de-identification method is larger than 64 MiB.",
            "Name the script itself, or the lookup table itself.",
        )
    return path.name, content


def keep_method_files(folder: Path, ledger: Ledger, files: MethodFiles) -> None:
    """Copy them into the folder of a transfer that is being made."""
    contents = {
        role: kept
        for role, kept in (
            (SCRIPT, files.script),
            ("lookup", files.lookup),
            ("pixel_script", files.pixel_script),
            ("params", ("", json.dumps(files.params).encode()) if files.params else None),
        )
        if kept is not None
    }
    if not contents:
        return
    make_private_folder(folder / _FOLDER)
    for role, (_, content) in contents.items():
        path = folder / _FOLDER / role
        with open(path, "wb", opener=private_opener) as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    sync_folder(folder / _FOLDER)
    with ledger.transaction():
        ledger.write_many(
            "INSERT INTO method_file (role, name, sha256) VALUES (?, ?, ?)",
            [
                (role, name, hashlib.sha256(content).hexdigest())
                for role, (name, content) in contents.items()
            ],
        )


def copy_method_files(source: Path, target: Path) -> None:
    """Copy them from the folder of one transfer to that of another, as they lie there."""
    if (source / _FOLDER).is_dir():
        make_private_folder(target / _FOLDER)
        for file in (source / _FOLDER).iterdir():
            with open(target / _FOLDER / file.name, "xb", opener=private_opener) as copy:
                copy.write(file.read_bytes())


def load_method_files(folder: Path, ledger: Ledger) -> MethodFiles:
    """The copies, as they were made.

    Raises:
        UsageError: one is gone or was changed since.
    """
    found: dict[str, tuple[str, bytes]] = {}
    for role, name, sha256 in ledger.rows("SELECT role, name, sha256 FROM method_file"):
        try:
            content = (folder / _FOLDER / role).read_bytes()
        except OSError:
            content = b""
        if hashlib.sha256(content).hexdigest() != sha256:
            raise UsageError(
                "The transfer's copy of its de-identification script, or of a file of it, is gone"
                " or was changed.",
                "Restore the transfer's folder from a backup, or make a new transfer.",
            )
        found[role] = (name, content)
    params = json.loads(found["params"][1]) if "params" in found else []
    return MethodFiles(
        found.get(SCRIPT),
        found.get("lookup"),
        found.get("pixel_script"),
        tuple((str(name), str(value)) for name, value in params),
    )


def de_identifies(order: Order) -> bool:
    """Whether instances of this transfer are de-identified here."""
    return order.deid is not None and order.deid != "none"

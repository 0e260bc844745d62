"""The folder for transfers: can it be written to, and by this account alone?"""

from __future__ import annotations

import errno
import os
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

from transfer.errors import UsageError
from transfer.machine.host import THIS_HOST, YOU, Host
from transfer.machine.question import Question, said
from transfer.machine.space import existing
from transfer.node import CheckResult
from transfer.workspace import HOME_VARIABLE, Home, file_system_of, refuse_shared_file_system

_NO_ROOM = (errno.ENOSPC, errno.EDQUOT)
_OTHERS_WRITE = 0o022
_OTHERS = 0o077
_MANY = 1_000


def check_file_system(home: Home) -> CheckResult:
    """Does the home lie on a file system of this host alone?"""
    asked = Question("file-system", "Looked up the kind of file system in the table of mounts.")
    folder = existing(home.root)
    kind = file_system_of(folder)
    try:
        refuse_shared_file_system(folder)
    except UsageError as refused:
        return asked.fail(refused.what, refused.remedy, kind, YOU)
    if not kind:
        return asked.unknown("The kind of file system cannot be told on this host.", "not told")
    return asked.ok(f"The folder for transfers lies on a local disk ({kind}).", kind)


def check_home(home: Home) -> CheckResult:
    """Can the home be made, and written to? Makes it."""
    asked = Question("home", "Made the folder for transfers and a file in it.")
    try:
        home.prepare()
        with tempfile.TemporaryFile(dir=home.transfers):
            pass
    except UsageError as refused:
        cause = refused.__cause__
        if isinstance(cause, OSError) and cause.errno in _NO_ROOM:
            return _no_room(asked, cause)
        answer = said(cause) if isinstance(cause, OSError) else "refused"
        return asked.fail(refused.what, refused.remedy, answer, YOU)
    except OSError as error:
        if error.errno in _NO_ROOM:
            return _no_room(asked, error)
        return asked.fail(
            f"This account cannot write to the folder for transfers ({said(error)}).",
            "Have it given to this account (chown), run the program as the account that it belongs"
            f" to (sudo -u), or set {HOME_VARIABLE} to a folder of your own.",
            said(error),
        )
    return asked.ok("The folder for transfers is there and can be written to.", "written")


def _no_room(asked: Question, error: OSError) -> CheckResult:
    if error.errno == errno.EDQUOT:
        return asked.fail(
            "This account has used up its quota where the folder for transfers lies.",
            f"Have the quota raised, or set {HOME_VARIABLE} to a folder on another disk.",
            said(error),
        )
    return asked.warn(
        "Nothing more can be written to the folder for transfers: there is no room.",
        "See what is said about free space and inodes.",
        said(error),
    )


def check_owner(home: Home) -> CheckResult:
    """Does root work in the home of another account, which could then not use it any more?"""
    asked = Question("home-owner", "Compared the owner of the folder for transfers with us.")
    try:
        owner = existing(home.root).stat().st_uid if home.root.exists() else os.geteuid()
    except OSError as error:
        return asked.warn(
            "The owner of the folder cannot be told.", "Look with: ls -ld", said(error)
        )
    if os.geteuid() == 0 and owner != 0:
        return asked.warn(
            "You are root, and the folder for transfers belongs to another account: what you make"
            " in it, that account cannot use.",
            "Run the program as that account: sudo -u ACCOUNT eucaim-transfer",
            "another account's",
            YOU,
        )
    if owner != os.geteuid():
        return asked.warn(
            "The folder for transfers belongs to another account.",
            f"Run the program as that account (sudo -u), or set {HOME_VARIABLE} to a folder of"
            " your own.",
            "another account's",
            YOU,
        )
    return asked.ok("The folder for transfers belongs to this account.", "ours")


def check_private(home: Home) -> CheckResult:
    """Are secrets and transfers closed to others, and the configuration safe from their hands?"""
    asked = Question(
        "private-files", "Looked at owner and mode of secrets, transfers and configuration."
    )
    for name, place in _to_be_private(home):
        try:
            facts = place.lstat()
        except OSError:
            continue
        mode = stat.S_IMODE(facts.st_mode)
        if facts.st_uid not in (os.geteuid(), 0):
            return asked.fail(
                f"{name} belongs to another account.",
                "Have it given to this account (chown), or run the program as its owner.",
                f"{name}: another account's",
            )
        if stat.S_ISLNK(facts.st_mode):
            continue
        if mode & _OTHERS:
            is_folder = stat.S_ISDIR(facts.st_mode)
            return asked.fail(
                f"{name} is open to other accounts of this host (mode {mode:03o}).",
                f"Close it: chmod {'700' if is_folder else '600'}. Whoever could read a secret in"
                " the meantime may have it: sign in again, and change the password.",
                f"{name}: mode {mode:03o}",
                YOU,
            )
    for name, place in (("config.toml", home.config_folder / "config.toml"),):
        try:
            mode = stat.S_IMODE(place.stat().st_mode)
        except OSError:
            continue
        if mode & _OTHERS_WRITE:
            return asked.fail(
                f"Other accounts may change {name} (mode {mode:03o}): they could have images sent"
                " elsewhere.",
                f"Look whether it still says what it should, then: chmod 600 {name}",
                f"{name}: mode {mode:03o}",
                YOU,
            )
    return asked.ok("Secrets, transfers and configuration are this account's alone.", "closed")


def _to_be_private(home: Home) -> Iterator[tuple[str, Path]]:
    """Our own names and their places; a bounded number of them. The file with the secrets is not
    among them: the secret store itself refuses one that is open."""
    yield "The folder transfers", home.transfers
    for folder in ("secrets", "accounts"):
        place = home.root / folder
        yield f"The folder {folder}", place
        try:
            names = sorted(os.listdir(place))[:_MANY]
        except OSError:
            continue
        for name in names:
            if (folder, name) == ("secrets", "secrets.json"):
                continue
            yield (
                f"A file in {folder}" if name.startswith(".") else f"{folder}/{name}",
                place / name,
            )


def check_umask(host: Host = THIS_HOST) -> CheckResult:
    """Does the umask leave this account its own files?"""
    asked = Question("umask", "Read the umask of this process (/proc/self/status).")
    told = next((x for x in host.lines("/proc/self/status") if x.startswith("Umask:")), "")
    digits = told.partition(":")[2].strip()
    if not digits or not set(digits) <= set("01234567"):
        return asked.unknown("The umask cannot be told here; private files do not depend on it.")
    if int(digits, 8) & 0o700:
        return asked.fail(
            f"The umask {digits} takes this account's own files away from it.",
            "Set another where this account logs in (its profile): umask 077",
            digits,
            YOU,
        )
    return asked.ok(f"The umask is {digits}; private files do not depend on it.", digits)

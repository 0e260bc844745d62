"""What tells this program where to send and whom to trust: only this account or root may change it.

As sshd's StrictModes judges the files of `~/.ssh` (sshd_config(5)): by owner and by the right to
write of group and others, the owner's private group included. Anybody may read.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path

from transfer.errors import UsageError

_ROOT = 0
_OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH


def demand_ours(path: Path, what: str) -> None:
    """Refuse what another account could have written, or could replace: a folder by its owner and
    mode, a file by those of the folder it lies in as well, before and behind any links. `what`
    names it in the refusal. What is not there is nobody's.

    Folders further up are not asked: who renames one of those can only put a folder of his own in
    its place, and that is refused.

    Raises:
        UsageError: another account could.
    """
    real = Path(os.path.realpath(path))
    around = () if os.path.isdir(real) else (real.parent, path.absolute().parent)
    for each in dict.fromkeys((real, *around)):
        try:
            facts = each.stat()
        except OSError:
            # Whoever reads it says so.
            continue
        _judge(each, facts, what if each == real else f"The folder of {what[0].lower()}{what[1:]}")


def _judge(path: Path, facts: os.stat_result, what: str) -> None:
    look = "Then see that it says what you mean."
    if facts.st_uid not in (_ROOT, os.geteuid()):
        raise UsageError(
            f"{what} belongs to another account, so it is not used.",
            f"Give it to this account, or to root: chown {os.geteuid()} {path}. {look}",
        )
    # In a sticky folder nobody replaces what is not theirs, and what is theirs was refused.
    is_sticky = stat.S_ISDIR(facts.st_mode) and bool(facts.st_mode & stat.S_ISVTX)
    if facts.st_mode & _OTHERS_WRITE and not is_sticky:
        raise UsageError(
            f"{what} could be changed by other accounts, so it is not used.",
            f"Take that right away: chmod go-w {path}. {look}",
        )

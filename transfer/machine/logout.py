"""Does an upload outlive the log-out of whoever started it?"""

from __future__ import annotations

import os

from transfer.machine.cgroup import login_session_uid
from transfer.machine.host import THIS_HOST, Host
from transfer.machine.logind import (
    kills_user_processes,
    lingers,
    may_linger,
)
from transfer.machine.question import Question
from transfer.node import CheckResult


def check_logout(host: Host = THIS_HOST) -> CheckResult:
    """Does a runner that is started here go on after logging out, and by what?"""
    asked = Question(
        "logout", "Read logind's configuration, the marks of lingering, and whose session this is."
    )
    if lingers(host):
        return asked.ok(
            "An upload goes on after logging out (as a systemd service).", "lingering is on"
        )
    if not kills_user_processes(host):
        return asked.ok(
            "An upload goes on after logging out (in a session of its own).",
            "programs are left running",
        )
    if may_linger(host):
        return asked.warn(
            "This host ends programs at log-out, and no service manager of this account is at hand"
            " (as under sudo -u): an upload would end with your session.",
            "Start uploads with: sudo systemd-run --uid=ACCOUNT --collect eucaim-transfer upload"
            " NAME; or log in as that account itself.",
            "KillUserProcesses=yes; lingering is on, XDG_RUNTIME_DIR is not set",
        )
    uid = login_session_uid(host)
    is_other = uid is not None and uid != os.getuid()
    remedy = (
        "Start uploads with: sudo systemd-run --uid=ACCOUNT --collect eucaim-transfer upload NAME;"
        " it then belongs to no session."
        if is_other
        else "Ask its administrator for: loginctl enable-linger, for this account."
    )
    return asked.warn(
        "This host ends an account's programs when it logs out; an upload would stop, to go on"
        " later.",
        remedy,
        "KillUserProcesses=yes" + ("; the session is another account's" if is_other else ""),
    )

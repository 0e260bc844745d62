"""What systemd's login manager does with an account's programs when it logs out.

Source: logind.conf(5) for the order of its files and for KillUserProcesses, KillOnlyUsers and
KillExcludeUsers; loginctl(1) for lingering, whose marks lie in /var/lib/systemd/linger.
"""

from __future__ import annotations

import os
import pwd
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from transfer.machine.cgroup import login_session_uid
from transfer.machine.host import THIS_HOST, Host

# The first place wins: for the main file, and for drop-ins of the same name.
_PLACES = ("/etc/systemd", "/run/systemd", "/usr/local/lib/systemd", "/usr/lib/systemd")
_YES = ("yes", "true", "on", "1", "y", "t")


@dataclass(frozen=True, slots=True)
class Login:
    """How logging out ends programs. Names of accounts, as they stand there."""

    kills: bool = False
    only: Sequence[str] = ()
    exclude: Sequence[str] = ("root",)

    def ends_programs_of(self, account: str) -> bool:
        """Whether this account's programs end when it logs out; the lists go before `kills`."""
        if account in self.exclude:
            return False
        return account in self.only if self.only else self.kills


def read_login(host: Host = THIS_HOST) -> Login:
    """logind's configuration: its file, then every drop-in in the order of their names."""
    kills = False
    lists: dict[str, list[str] | None] = {"KillOnlyUsers": None, "KillExcludeUsers": None}
    for key, value in _settings(host):
        if key == "KillUserProcesses":
            kills = value.lower() in _YES
        elif key in lists:
            # Each adds to the ones before; an empty one begins anew.
            lists[key] = [*(lists[key] or ()), *value.split()] if value else []
    exclude = lists["KillExcludeUsers"]
    return Login(kills, lists["KillOnlyUsers"] or (), ("root",) if exclude is None else exclude)


def kills_user_processes(host: Host = THIS_HOST) -> bool:
    """Whether logging out of the session that we are in would end our programs."""
    uid = login_session_uid(host)
    # Under sudo it is the session's own account that logs out.
    owner = account_name(os.getuid() if uid is None else uid)
    return read_login(host).ends_programs_of(owner)


def lingers(host: Host = THIS_HOST) -> bool:
    """Whether a service of this account can be started here and outlives its logging out."""
    return (
        shutil.which("systemd-run") is not None
        and bool(host.environ.get("XDG_RUNTIME_DIR"))
        and may_linger(host)
    )


def may_linger(host: Host = THIS_HOST) -> bool:
    """Whether lingering is on for this account."""
    return host.has(f"/var/lib/systemd/linger/{account_name(os.getuid())}")


def account_name(uid: int) -> str:
    """An account's name; its number where it has none."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def _settings(host: Host) -> Iterator[tuple[str, str]]:
    main = next((f"{p}/logind.conf" for p in _PLACES if host.has(f"{p}/logind.conf")), None)
    for place in (*([main] if main else []), *_drop_ins(host)):
        section = ""
        for raw in host.lines(place):
            line = raw.strip()
            if line.startswith("["):
                section = line.strip("[]")
            elif line and line[0] not in "#;" and section == "Login":
                key, _, value = line.partition("=")
                yield key.strip(), value.strip()


def _drop_ins(host: Host) -> Sequence[str]:
    chosen: dict[str, str] = {}
    for place in _PLACES:
        folder = f"{place}/logind.conf.d"
        try:
            names = sorted(p.name for p in host.path(folder).glob("*.conf"))
        except OSError:
            continue
        for name in names:
            chosen.setdefault(name, f"{folder}/{name}")
    return [chosen[name] for name in sorted(chosen)]

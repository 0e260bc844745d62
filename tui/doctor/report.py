"""The doctor's findings as one JSON document, fit to go into a ticket.

It holds no data of patients, no secret, and nothing that names this host, its accounts or their
folders: the helpdesk is another organisation.
"""

from __future__ import annotations

import getpass
import json
import os
import platform
import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from transfer import __version__
from transfer.accounts import read_account
from transfer.clock import utc_now
from transfer.errors import TransferError, UsageError
from transfer.machine.cgroup import memory_limit_bytes, processor_limit
from transfer.machine.host import THIS_HOST, Host
from transfer.machine.software import installed_versions
from transfer.private import replace_private
from transfer.programs import is_bundled
from transfer.workspace import HOME_VARIABLE, Home, file_system_of
from tui.doctoring import Aim, Finding, Verdict
from tui.nodes import choose_node

FILE = "doctor.json"
_LIBRARIES = ("textual", "pydicom", "httpx", "xnat", "dicomweb-client", "requests", "cryptography")


def report(home: Home, aim: Aim, findings: Sequence[Finding], verdict: Verdict) -> dict[str, Any]:
    """The document. Blocks for a moment."""
    veil = _veil(home, aim.node)
    first = verdict.first
    return {
        "node": aim.node or None,
        "transfer": aim.transfer or None,
        "version": __version__,
        "at_utc": utc_now(),
        "host": host_facts(home),
        "checks": [
            {"part": str(finding.part)}
            | {k: veil(v) if isinstance(v, str) else v for k, v in asdict(finding.result).items()}
            for finding in findings
        ],
        "summary": {
            "state": "fail" if verdict.fail else "warn" if verdict.warn else "ok",
            "ok": verdict.ok + verdict.unknown,
            "unknown": verdict.unknown,
            "warn": verdict.warn,
            "fail": verdict.fail,
            "first": first.check if first else None,
            "exit_code": verdict.exit_code,
        },
    }


def host_facts(home: Home, host: Host = THIS_HOST) -> dict[str, Any]:
    """What kind of machine it is, without a name."""
    installed = installed_versions()
    system = dict(
        line.split("=", 1) for line in host.lines("/etc/os-release") if line.count("=") == 1
    )
    return {
        "system": system.get("PRETTY_NAME", platform.system()).strip('"'),
        "kernel": platform.release(),
        "architecture": platform.machine(),
        "libc": " ".join(platform.libc_ver()).strip(),
        "python": platform.python_version(),
        "is_bundled": is_bundled(),
        "libraries": {name: installed[name] for name in _LIBRARIES if name in installed},
        "processors": os.cpu_count(),
        "processor_limit": processor_limit(host),
        "memory_limit_bytes": memory_limit_bytes(host),
        "file_system": file_system_of(home.root),
    }


def write_report(home: Home, aim: Aim, document: Mapping[str, Any]) -> Path:
    """Keep the document in the transfer's folder, else in the home; its place. Blocks.

    Raises:
        UsageError: it cannot be written.
    """
    folder = home.transfers / aim.transfer if aim.transfer else home.root
    place = folder / FILE
    try:
        replace_private(place, json.dumps(document, ensure_ascii=False, indent=1).encode())
    except UsageError as error:
        raise UsageError(
            error.what, "Write it elsewhere by command: eucaim-transfer doctor --json > FILE"
        ) from error
    return place


def _veil(home: Home, node: str) -> Callable[[str], str]:
    """Replaces what would name folders of this host, the host itself, and accounts."""
    names = {
        str(Path.home()): "~",
        str(home.config_folder): "$CONFIG",
        # Mostly the same folder as that of the configuration: then this is its name.
        str(home.root): f"${HOME_VARIABLE}",
    }
    patterns = [rf"{re.escape(path)}(?=/|\Z|[^\w.-])" for path in sorted(names, key=len)[::-1]]
    # A short name of a host may be any word; a whole one is none.
    if "." in platform.node():
        names[platform.node()] = "HOST"
        patterns.append(re.escape(platform.node()))
    # An account without a name has none to hide; one may be called like any word elsewhere.
    with suppress(KeyError, OSError):
        names[getpass.getuser()] = "ACCOUNT"
        patterns.append(rf"(?<=/){re.escape(getpass.getuser())}(?=/|\Z)")
    for name in _usernames(home, node):
        names.setdefault(name, "USERNAME")
        patterns.append(rf"(?<=\bas ){re.escape(name)}(?!\w)")
    pattern = re.compile("|".join(patterns))
    return lambda text: pattern.sub(lambda found: names[found[0]], text)


def _usernames(home: Home, node: str) -> set[str]:
    """By which names this home signs in to the node."""
    if not node:
        return set()
    found = {read_account(home, node).username}
    with suppress(TransferError):
        found.add(str(choose_node(home, node).profile.options.get("username") or ""))
    return found - {""}

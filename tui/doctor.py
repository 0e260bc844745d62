"""What the doctor looks at on this machine; the node's own questions are the adapter's."""

from __future__ import annotations

import os
import shutil
import ssl
from collections.abc import Sequence

from transfer.errors import TransferError
from transfer.node import CheckResult
from transfer.values import ExitCode
from transfer.workspace import Home
from tui.figures import size
from tui.launch import kills_user_processes, lingers

_LEAST_FREE_BYTES = 1_000_000_000


def check_machine(home: Home) -> Sequence[CheckResult]:
    """Can this machine and this account do the job? Blocking; changes nothing but the home."""
    return (_check_home(home), _check_disk(home), _check_tls(), _check_logout(), _check_cores())


def _check_home(home: Home) -> CheckResult:
    try:
        home.prepare()
    except TransferError as error:
        return CheckResult("home", "fail", error.what, error.remedy, ExitCode.USAGE)
    return CheckResult("home", "ok", "The folder for transfers is private and on a local disk.")


def _check_disk(home: Home) -> CheckResult:
    try:
        free = shutil.disk_usage(home.root).free
    except OSError:
        return CheckResult("disk", "warn", "The free space cannot be told.", "Look with: df")
    if free < _LEAST_FREE_BYTES:
        return CheckResult(
            "disk",
            "fail",
            f"Only {size(free)} are free where the ledger lies.",
            "Free at least 1 GB: a ledger takes about 1 kB for each instance.",
            ExitCode.USAGE,
        )
    return CheckResult("disk", "ok", f"{size(free)} are free for the ledger.")


def _check_tls() -> CheckResult:
    if not ssl.HAS_TLSv1_3:
        return CheckResult(
            "tls-library",
            "fail",
            f"{ssl.OPENSSL_VERSION} cannot do TLS 1.3, which both nodes ask for.",
            "Install a Python that is built with OpenSSL 1.1.1 or later.",
            ExitCode.NETWORK,
        )
    return CheckResult("tls-library", "ok", f"TLS 1.3 is there ({ssl.OPENSSL_VERSION}).")


def _check_logout() -> CheckResult:
    if lingers():
        return CheckResult("logout", "ok", "An upload goes on after logging out (systemd service).")
    if kills_user_processes():
        return CheckResult(
            "logout",
            "warn",
            "This host ends an account's programs when it logs out; uploads would stop.",
            "Ask its administrator for: loginctl enable-linger, for this account.",
        )
    return CheckResult("logout", "ok", "An upload goes on after logging out (own session).")


def _check_cores() -> CheckResult:
    cores = os.cpu_count() or 1
    if cores < 2:
        return CheckResult(
            "cores", "warn", "There is one processor core.", "It works, only slower."
        )
    return CheckResult("cores", "ok", f"{cores} processor cores.")

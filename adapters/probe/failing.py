"""A line of the doctor for an error that the rest of the adapters raise."""

from __future__ import annotations

from adapters.probe.target import NETWORK, SUPPORT, YOU
from transfer.errors import NodeError, NodeFault, SignInExpired, TlsRefused, TransferError
from transfer.node import CheckResult

_BY_FINDING = {
    "tls-version": "tls-version",
    "plain-http": "tls",
    "tls-other": "tls",
    "foreign-redirect": "redirect",
    "client-certificate": "client-certificate",
}


def failure(refused: TransferError, check: str = "", tried: str = "") -> CheckResult:
    """The failure in words; `check` is the question at hand, which TLS trouble overrules."""
    named, whom = _named(refused)
    if check and not isinstance(refused, TlsRefused):
        named = check
    return CheckResult(
        named, "fail", refused.what, refused.remedy, refused.exit_code, tried, "", whom
    )


def _named(refused: TransferError) -> tuple[str, str]:
    if isinstance(refused, TlsRefused):
        return _BY_FINDING.get(refused.finding, "certificate"), SUPPORT
    if refused.exit_code == SignInExpired.exit_code:
        return "sign-in", YOU
    if isinstance(refused, NodeFault):
        return "answer", SUPPORT
    if isinstance(refused, NodeError):
        return "reachable", NETWORK
    return "configuration", YOU

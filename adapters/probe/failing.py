"""A line of the doctor for an error that the rest of the adapters raise."""

from __future__ import annotations

from adapters.probe.target import NETWORK, SUPPORT, YOU
from transfer.errors import (
    NodeBusy,
    NodeError,
    NodeFault,
    NotAllowed,
    ProxyRefused,
    SignInExpired,
    SignInRefused,
    TlsRefused,
    TransferError,
    Unreachable,
)
from transfer.node import CheckResult

_BY_FINDING = {
    "tls-version": "tls-version",
    "plain-http": "tls",
    "tls-other": "tls",
    "foreign-redirect": "redirect",
    "client-certificate": "client-certificate",
}
# Check unless a question was at hand, what came back, and whom to ask. The first that fits.
_BY_KIND: tuple[tuple[type[TransferError], str, str, str], ...] = (
    (SignInRefused, "sign-in", "refused", YOU),
    (SignInExpired, "sign-in", "nothing to sign in with", YOU),
    (NotAllowed, "role", "signed in, and not allowed", SUPPORT),
    (ProxyRefused, "connect", "refused by the proxy", NETWORK),
    (NodeBusy, "answer", "busy", SUPPORT),
    (NodeFault, "answer", "an answer that it should not give", SUPPORT),
    (Unreachable, "reachable", "no whole answer", NETWORK),
    (NodeError, "answer", "not offered", SUPPORT),
    (TransferError, "configuration", "not usable", YOU),
)


def failure(refused: TransferError, check: str = "", tried: str = "") -> CheckResult:
    """The failure in words. `check` is the question at hand, and `tried` what it did; trouble
    with TLS, a proxy or the sign-in is named as that whatever the question was."""
    if isinstance(refused, TlsRefused):
        named = _BY_FINDING.get(refused.finding, "certificate")
        answer, whom = refused.finding, SUPPORT
    else:
        kind = next(entry for entry in _BY_KIND if isinstance(refused, entry[0]))
        _, named, answer, whom = kind
        if check and named not in ("sign-in", "connect"):
            named = check
    return CheckResult(
        named,
        "fail",
        refused.what,
        refused.remedy,
        refused.exit_code,
        tried or "Read the settings.",
        answer,
        whom,
    )

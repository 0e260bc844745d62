"""Every refusal the operator can meet, each with what happened and what to do.

TransferError                    exit code
├── UsageError                   2   the command, the configuration or the folder is not usable
├── StepBlocked                  3   findings forbid the step
├── RunnerHeld                   7   another runner holds the transfer
├── EpochLost                    7   this runner's place was taken; it may not write any more
├── LedgerDamaged                2   the ledger cannot be read or written
├── SourceChanged                4   a file is not what the scan saw
└── NodeError                        raised by adapters only
    ├── TlsRefused               6   TLS version, certificate, name, plain http, foreign redirect
    ├── Unreachable              6   no connection, or it broke
    │   └── ProxyRefused         6   the proxy in between did not let us through
    ├── NodeBusy                 6   429, 503 and their kin: later
    ├── NodeFault                6   the node answered something that it should not
    ├── BodyTooLarge             6   one request was too big for the node; send less at once
    ├── NotSupported             6   the node does not offer this call
    ├── StudyRefused             4   the node will not take a Study over as it is
    ├── ClinicalRefused          4   clinical data do not fit the node's form
    ├── DatasetRefused           4   the node will not take a dataset, or a change of it, as it is
    ├── DatasetGone              4   the node knows no such dataset, or not for this account
    ├── SignInRefused            5   wrong name or password, account locked or not set up
    ├── SignInExpired            5   nothing stored can renew the sign-in
    └── NotAllowed               5   signed in, but without the right
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from transfer.values import ExitCode


@dataclass(frozen=True, slots=True)
class Retry:
    """Whether the same request may be made again.

    `never`: it would fail in the same way. `after(s)`: not before `s` seconds have passed;
    zero means at once.
    """

    allowed: bool
    after_s: float = 0.0

    @classmethod
    def after(cls, seconds: float) -> Retry:
        return cls(True, seconds)


NEVER = Retry(False)
NOW = Retry(True, 0.0)


class TransferError(Exception):
    """A refusal in the operator's words: `what` happened, and the `remedy`.

    Neither text may hold an original identifier, a file name, a token or a password: both are
    written to logs and reports.
    """

    exit_code: ClassVar[int] = ExitCode.INTERNAL

    def __init__(self, what: str, remedy: str) -> None:
        super().__init__(what)
        self.what = what
        self.remedy = remedy


class UsageError(TransferError):
    """The command line, the configuration or a folder cannot be used as it is."""

    exit_code = ExitCode.USAGE


class StepBlocked(TransferError):
    """Findings forbid the step until somebody mends or answers them."""

    exit_code = ExitCode.BLOCKED


class RunnerHeld(TransferError):
    """Another runner works on this transfer."""

    exit_code = ExitCode.HELD


class EpochLost(TransferError):
    """This runner lost its place (suspended machine, lock taken over) and may not write."""

    exit_code = ExitCode.HELD


class LedgerDamaged(TransferError):
    """The ledger cannot be opened, or its check failed."""

    exit_code = ExitCode.USAGE


class SourceChanged(TransferError):
    """A source file is gone, or its size or time is not what the scan recorded."""

    exit_code = ExitCode.PARTIAL


class NodeError(TransferError):
    """Something the node, or the way to it, refused.

    `retry` says whether the same call may be repeated; `reached_node` is False only when it is
    certain that no byte of the request's body was taken (then the outcome is known: nothing was
    stored).
    """

    exit_code = ExitCode.NETWORK
    default_retry: ClassVar[Retry] = NEVER

    def __init__(
        self,
        what: str,
        remedy: str,
        *,
        node: str = "",
        retry: Retry | None = None,
        reached_node: bool = True,
    ) -> None:
        super().__init__(what, remedy)
        self.node = node
        self.retry = self.default_retry if retry is None else retry
        self.reached_node = reached_node


class TlsRefused(NodeError):
    """The secure connection could not be trusted; nothing was sent.

    `finding` is the stable short name of the reason: plain-http, tls-version, wrong-name,
    unknown-ca, expired, not-yet-valid, foreign-redirect, client-certificate, tls-other.
    """

    def __init__(self, finding: str, what: str, remedy: str, *, node: str = "") -> None:
        super().__init__(what, remedy, node=node, reached_node=False)
        self.finding = finding


class Unreachable(NodeError):
    """No connection, or it broke before the answer was whole."""

    default_retry = Retry.after(2.0)


class ProxyRefused(Unreachable):
    """The proxy in between did not open the way; the node was not asked.

    `finding` is the stable short name of the reason: proxy-unreachable, proxy-tls, proxy-login
    (it wants a login that we can give), proxy-scheme (one that we cannot), proxy-forbids (no
    CONNECT to this host and port), proxy-no-way (it cannot reach the node itself), proxy-answer
    (it answered nothing that makes sense).
    """

    def __init__(
        self, finding: str, what: str, remedy: str, *, node: str = "", retry: Retry | None = None
    ) -> None:
        super().__init__(what, remedy, node=node, retry=retry, reached_node=False)
        self.finding = finding


class NodeBusy(NodeError):
    """The node asks us to come back later (408, 429, 502, 503, 504)."""

    default_retry = Retry.after(5.0)


class NodeFault(NodeError):
    """The node answered outside its own protocol (500, an unreadable answer)."""

    default_retry = Retry.after(10.0)


class BodyTooLarge(NodeError):
    """The request is larger than the node takes at once (413)."""


class NotSupported(NodeError):
    """The node does not offer this call at all."""


class StudyRefused(NodeError):
    """The node has the instances of a Study but will not take them over as they are."""

    exit_code = ExitCode.PARTIAL


class ClinicalRefused(NodeError):
    """Clinical data cannot be put into the form that the node takes, or it will not take them."""

    exit_code = ExitCode.PARTIAL


class DatasetRefused(NodeError):
    """The node will not take a dataset, or a change of it, as it is."""

    exit_code = ExitCode.PARTIAL


class DatasetGone(NodeError):
    """The node knows no such dataset, or does not show it to this account."""

    exit_code = ExitCode.PARTIAL


class SignInRefused(NodeError):
    """Name or password wrong, account locked, or not set up yet. Never repeated by itself."""

    exit_code = ExitCode.SIGN_IN


class SignInExpired(NodeError):
    """The sign-in ran out and nothing stored can renew it."""

    exit_code = ExitCode.SIGN_IN


class NotAllowed(NodeError):
    """Signed in, but the account lacks the right."""

    exit_code = ExitCode.SIGN_IN

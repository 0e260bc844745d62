"""Who breaks the secure connection: the server itself, or something on the way that answers in
its place."""

from __future__ import annotations

import datetime as dt
import ssl
from dataclasses import dataclass

from adapters.probe.inspectors import inspector_of
from adapters.probe.looking import Seen
from adapters.probe.target import HOST, NETWORK, SUPPORT, YOU, Stopped, Target, stop
from adapters.tls import explain
from transfer.node import CheckResult

_SELF_SIGNED = 18
_SOON_DAYS = 14


@dataclass(frozen=True, slots=True)
class Evidence:
    """What was seen of a server. `here`: on the way that data would take; `directly`: past the
    proxy, where there is one and the network lets us; `is_trusted`: an older TLS granted."""

    target: Target
    now_s: float
    here: Seen | None = None
    directly: Seen | None = None
    is_trusted: bool | None = None

    @property
    def inspector(self) -> str:
        """The product that reads the connection, by its issuer; empty where none shows."""
        return inspector_of(self.here.chain) if self.here else ""

    @property
    def is_another_chain(self) -> bool:
        """Whether the proxy shows a certificate of another issuer than the server itself does."""
        if not (self.here and self.here.chain and self.directly and self.directly.chain):
            return False
        return self.here.chain[0].issuer != self.directly.chain[0].issuer

    @property
    def tried(self) -> str:
        return f"Shook hands by TLS with {self.target.place}."

    @property
    def answer(self) -> str:
        seen = _told(self.here) if self.here else "nothing that speaks TLS"
        return f"{seen}; directly: {_told(self.directly)}" if self.directly else seen


def _told(seen: Seen) -> str:
    names = [c.subject for c in seen.chain[:1]] + [c.issuer for c in seen.chain]
    chain = ", issued by ".join(dict.fromkeys(names))
    return f"{seen.version}, {chain or 'no certificate'}"


def is_worth_a_look(problem: BaseException) -> bool:
    """Whether a second handshake can tell more: not where nobody speaks TLS, or at all."""
    refused = explain(problem)
    if refused is None:
        return not isinstance(problem, TimeoutError)
    return refused.finding != "plain-http"


def judge(problem: BaseException, evidence: Evidence) -> Stopped:
    """The failure for a handshake that our policy refused, or that broke."""
    refused = explain(problem)
    if refused is None and not (evidence.here and evidence.here.is_old):
        return _cut(problem, evidence)
    # Some hang up on a version that they do not speak, instead of saying so.
    if refused is None or refused.finding == "tls-version":
        return _old_version(evidence)
    if refused.finding == "unknown-ca":
        return _untrusted(problem, evidence)
    if refused.finding in ("expired", "not-yet-valid"):
        return _dates(refused.finding, evidence)
    if refused.finding == "wrong-name":
        return _wrong_name(evidence)
    target = evidence.target
    if refused.finding == "plain-http":
        return stop(
            "tls",
            f"What listens at {target.place} does not speak TLS; nothing was sent.",
            "Check the port in config.toml: it must be that of the https service. This program "
            "never sends data unencrypted.",
            YOU,
            tried=evidence.tried,
            answer="bytes that are no TLS",
        )
    return stop(
        "client-certificate" if refused.finding == "client-certificate" else "tls",
        refused.what,
        refused.remedy,
        SUPPORT,
        tried=evidence.tried,
        answer=evidence.answer,
    )


def _cut(problem: BaseException, evidence: Evidence) -> Stopped:
    target = evidence.target
    is_silent = isinstance(problem, TimeoutError)
    did = "takes the connection and says nothing" if is_silent else "breaks the handshake off"
    return stop(
        "tls",
        f"{target.place} {did}: most often a firewall that lets names through by a list.",
        f"Ask your network's administrator to let TLS to {target.place} pass; if it does, ask the "
        "node's support.",
        NETWORK,
        tried=evidence.tried,
        answer="no answer in time" if is_silent else "the connection was closed",
    )


def _old_version(evidence: Evidence) -> Stopped:
    target, here, directly = evidence.target, evidence.here, evidence.directly
    version = here.version if here else "an older TLS"
    issuer = here.issuer if here else ""
    whom = NETWORK
    remedy = (
        f"Ask your network's administrator to exempt {target.place} from inspection, or to let "
        "that proxy speak TLS 1.3, which EUCAIM requires."
    )
    if evidence.inspector:
        message = (
            f"A proxy ({evidence.inspector}) breaks TLS 1.3: it answers in the place of "
            f"{target.host} with {version}, its certificate issued by {issuer}."
        )
    elif directly and not directly.is_old:
        message = (
            f"The proxy breaks TLS 1.3: through it {target.host} speaks {version}, directly "
            "TLSv1.3."
        )
    elif evidence.is_trusted is False:
        message = (
            f"{target.host} offers only {version}, and {issuer}, whom this machine does not trust, "
            "issued its certificate: most likely something on the way answers in its place."
        )
    else:
        message = f"{target.host} offers only {version}; nothing was sent."
        whom = SUPPORT
        remedy = "Ask the node's support to offer TLS 1.3, which EUCAIM requires."
        if issuer:
            remedy += (
                f" (Its certificate is issued by {issuer}. If that is your own network's "
                "authority, a proxy answers: ask your network's administrator.)"
            )
    return stop("tls-version", message, remedy, whom, tried=evidence.tried, answer=evidence.answer)


def _untrusted(problem: BaseException, evidence: Evidence) -> Stopped:
    target, here = evidence.target, evidence.here
    issuer = here.issuer if here else "an unknown authority"
    whom = SUPPORT
    if evidence.inspector or evidence.is_another_chain:
        named = f"{evidence.inspector}: {issuer}" if evidence.inspector else issuer
        whom = NETWORK
        message = (
            f"A proxy ({named}) reads the connection to {target.host}, and this machine does not "
            "trust its authority; nothing was sent."
        )
        remedy = (
            f"Ask your network's administrator to exempt {target.place} from inspection; else for "
            "the proxy's CA certificate, and name it as ca_file in config.toml. The proxy can then "
            "read all that is sent."
        )
    elif _verify_code(problem) == _SELF_SIGNED:
        message = (
            f"The certificate of {target.host} is self-signed: nobody vouches for it; nothing was "
            "sent."
        )
        remedy = (
            "If the node means it so, get the certificate from the node's support on another way "
            "and name it as ca_file in config.toml."
        )
    else:
        message = (
            f"The certificate of {target.host} is issued by {issuer}, whom this machine does not "
            "trust; nothing was sent."
        )
        remedy = (
            "If the node has an authority of its own, get its CA certificate from the node's "
            "support and name it as ca_file in config.toml. If your network's proxy has one, get "
            "it from your network's administrator."
        )
        if here and len(here.chain) == 1:
            remedy += " Else the server may leave out a certificate between: tell its support."
    return stop("certificate", message, remedy, whom, tried=evidence.tried, answer=evidence.answer)


def _dates(finding: str, evidence: Evidence) -> Stopped:
    target = evidence.target
    own = evidence.here.chain[0] if evidence.here and evidence.here.chain else None
    now = dt.datetime.fromtimestamp(evidence.now_s, dt.UTC)
    message = (
        f"A certificate in the chain of {target.host} has expired"
        if finding == "expired"
        else f"A certificate in the chain of {target.host} is not valid yet"
    )
    if own and finding == "expired" and own.ends < now:
        message = f"The certificate of {target.host} expired on {own.ends:%Y-%m-%d}"
    if own and finding != "expired" and own.begins > now:
        message = f"The certificate of {target.host} is valid from {own.begins:%Y-%m-%d} only"
    made = f" It is one of a proxy ({evidence.inspector})." if evidence.inspector else ""
    return stop(
        "certificate",
        f"{message}; this machine's clock says {now:%Y-%m-%d}. Nothing was sent.{made}",
        "Check this machine's clock first; if it is right, tell "
        + ("your network's administrator." if made else "the node's support."),
        HOST if finding != "expired" else (NETWORK if made else SUPPORT),
        tried=evidence.tried,
        answer=evidence.answer,
    )


def _wrong_name(evidence: Evidence) -> Stopped:
    target = evidence.target
    own = evidence.here.chain[0] if evidence.here and evidence.here.chain else None
    names = ", ".join(own.names[:3]) if own and own.names else "another name"
    made = f" It is one of a proxy ({evidence.inspector})." if evidence.inspector else ""
    return stop(
        "certificate",
        f"The certificate at {target.place} belongs to {names}, not to {target.host}; nothing was "
        f"sent.{made}",
        "Check the address in config.toml; if it is right, tell "
        + ("your network's administrator." if made else "the node's support."),
        NETWORK if made else YOU,
        tried=evidence.tried,
        answer=evidence.answer,
    )


def _verify_code(problem: BaseException) -> int:
    return problem.verify_code if isinstance(problem, ssl.SSLCertVerificationError) else 0


def fine(evidence: Evidence, cipher: str) -> list[CheckResult]:
    """What is to be said of a handshake that our policy accepts: here `here` is what it agreed."""
    assert evidence.here is not None
    target, here = evidence.target, evidence.here
    results = [
        CheckResult(
            "tls-version",
            "ok",
            f"The {target.which} speaks {here.version}.",
            tried=evidence.tried,
            answer=f"{here.version}, {cipher}",
        )
    ]
    if here.chain:
        results.append(_remaining(evidence))
    if evidence.inspector or evidence.is_another_chain:
        named = f" It is a {evidence.inspector}." if evidence.inspector else ""
        results.append(
            CheckResult(
                "inspection",
                "warn",
                f"A proxy ({here.issuer}) reads this connection.{named}",
                f"Ask your network's administrator to exempt {target.place} from inspection; else "
                "have your data protection officer agree that sign-in and images are read there.",
                tried=evidence.tried,
                answer=evidence.answer,
                whom=NETWORK,
            )
        )
    return results


def _remaining(evidence: Evidence) -> CheckResult:
    assert evidence.here is not None
    own = evidence.here.chain[0]
    days = own.days_left(evidence.now_s)
    if days >= _SOON_DAYS:
        return CheckResult(
            "certificate",
            "ok",
            f"The certificate of the {evidence.target.which} is good for {days} days.",
            tried=evidence.tried,
            answer=evidence.answer,
        )
    return CheckResult(
        "certificate",
        "warn",
        f"The certificate of the {evidence.target.which} expires in {days} days.",
        "Tell the node's support before it does.",
        tried=evidence.tried,
        answer=evidence.answer,
        whom=SUPPORT,
    )

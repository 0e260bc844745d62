"""The TLS policy, in one place: TLS 1.3, a verified certificate, the right name, or nothing.

Trust comes from the system's own store (`system_trust`) and, where a node needs it, one extra CA
file. No argument, setting or environment variable turns verification off.
"""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

from adapters.system_trust import system_context
from transfer.errors import TlsRefused, UsageError
from transfer.strict_modes import demand_ours


@dataclass(frozen=True, slots=True)
class ClientCertificate:
    """A PEM file with our own certificate, and the key in it or beside it."""

    certificate: Path
    key: Path | None = None


def client_context(
    ca_file: Path | None = None, client_certificate: ClientCertificate | None = None
) -> ssl.SSLContext:
    """A new client context under the policy, to be shared between threads.

    Raises:
        UsageError: the CA file or the client certificate cannot be read, or others could change it.
    """
    context = system_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.check_hostname = True
    context.verify_mode = ssl.CERT_REQUIRED
    # HTTP/2 hangs when a server answers before the body is through; see `sessions`.
    context.set_alpn_protocols(["http/1.1"])
    if ca_file is not None:
        _readable("ca_file", ca_file)
        try:
            context.load_verify_locations(cafile=str(ca_file))
        except (OSError, ValueError) as cause:
            raise UsageError(
                "The CA file of this node holds no certificates in PEM form.",
                "Ask for the authority's certificate as PEM, or turn DER into it: openssl x509 "
                "-inform DER -in FILE -out ca.pem",
            ) from cause
    if client_certificate is not None:
        _load_own(context, client_certificate)
    return context


def _readable(option: str, file: Path) -> None:
    try:
        file.open("rb").close()
    except OSError as cause:
        why = "does not exist" if isinstance(cause, FileNotFoundError) else "cannot be read"
        raise UsageError(
            f"The file that {option} names {why}.",
            f"Correct {option} in config.toml, or put the file there, readable for this account. "
            "A path that does not begin with / is looked for beside config.toml.",
        ) from cause
    demand_ours(file, f"The file that {option} names")


def _load_own(context: ssl.SSLContext, own: ClientCertificate) -> None:
    _readable("client_certificate", own.certificate)
    if own.key is not None:
        _readable("client_key", own.key)
    is_encrypted = False

    def no_passphrase() -> str:
        # Without a callback OpenSSL would ask on the terminal, which belongs to the screen.
        nonlocal is_encrypted
        is_encrypted = True
        raise ValueError("the key is encrypted")

    try:
        context.load_cert_chain(
            str(own.certificate), str(own.key) if own.key else None, password=no_passphrase
        )
    except (OSError, ValueError) as cause:
        if is_encrypted:
            what = "The key of the client certificate is encrypted."
            remedy = (
                "Unattended runs can ask nobody for its passphrase: write it without one, in a "
                "file for this account alone, and name that as client_key: (umask 077; openssl "
                "pkey -in FILE -out client.key)"
            )
        elif getattr(cause, "reason", "") == "KEY_VALUES_MISMATCH":
            what = "The client certificate and the key do not belong together."
            remedy = "Correct client_certificate and client_key in config.toml."
        else:
            what = "The client certificate or its key is not in PEM form."
            remedy = (
                "Both must be PEM; without client_key the key is looked for in "
                "client_certificate. A .p12 or .pfx is taken apart by: openssl pkcs12"
            )
        raise UsageError(what, remedy) from cause


def origin(url: str) -> tuple[str, str, int]:
    """Scheme, host and port of a URL, comparable.

    Raises:
        ValueError: the port is no number.
    """
    parts: SplitResult = urlsplit(url)
    scheme = parts.scheme.lower()
    return scheme, (parts.hostname or "").lower(), parts.port or {"https": 443}.get(scheme, 80)


def demand_https(url: str, node: str = "") -> None:
    """Refuse an address that is not https, before anything is connected.

    Raises:
        TlsRefused: with the finding plain-http.
    """
    if urlsplit(url).scheme.lower() != "https":
        raise refusal("plain-http", node)


_TEXTS: dict[str, tuple[str, str]] = {
    "plain-http": (
        "The address is not https, or the server at that port does not speak TLS; nothing was "
        "sent.",
        "Use the node's https address and port; this program never sends data unencrypted.",
    ),
    "tls-version": (
        "The server does not offer TLS 1.3; nothing was sent.",
        "Ask the node's or the proxy's administrator to allow TLS 1.3, which EUCAIM requires.",
    ),
    "wrong-name": (
        "The server's certificate belongs to another host name; nothing was sent.",
        "Check the address in config.toml; if it is right, tell the node's administrator.",
    ),
    "unknown-ca": (
        "The server's certificate is signed by an authority that this machine does not trust; "
        "nothing was sent.",
        "If the node or your proxy has its own CA, get its certificate from the administrator "
        "and name it as ca_file in config.toml.",
    ),
    "expired": (
        "The server's certificate has expired; nothing was sent.",
        "Check this machine's clock; if it is right, tell the node's administrator.",
    ),
    "not-yet-valid": (
        "The server's certificate is not valid yet; nothing was sent.",
        "Check this machine's clock; if it is right, tell the node's administrator.",
    ),
    "foreign-redirect": (
        "The server points to another address; sign-in and data are not sent there.",
        "Check the address in config.toml; if it is right, ask the node's administrator for the "
        "address to use.",
    ),
    "client-certificate": (
        "The server asks for a client certificate, or does not accept ours.",
        "Get a client certificate from the node's administrator and name it as "
        "client_certificate in config.toml.",
    ),
    "tls-other": (
        "No secure connection could be agreed with the server; nothing was sent.",
        "Try again; if it stays so, tell the node's administrator, and ask your network "
        "administrator whether something on the way breaks TLS open.",
    ),
}
FINDINGS = tuple(_TEXTS)

# X509_V_ERR_… of OpenSSL's x509_vfy.h.
_BY_VERIFY_CODE = {
    9: "not-yet-valid",
    10: "expired",
    2: "unknown-ca",
    # An authority of the same name with another key: a forged one, or one that was renewed.
    7: "unknown-ca",
    18: "unknown-ca",
    19: "unknown-ca",
    20: "unknown-ca",
    21: "unknown-ca",
    27: "unknown-ca",
    62: "wrong-name",
    64: "wrong-name",
}
# Reason names of OpenSSL's sslerr.h, in the order in which they are looked for. Alerts about a
# certificate come from the server and are about ours.
_BY_REASON = (
    ("CERTIFICATE_REQUIRED", "client-certificate"),
    ("ALERT_BAD_CERTIFICATE", "client-certificate"),
    ("ALERT_UNSUPPORTED_CERTIFICATE", "client-certificate"),
    ("ALERT_CERTIFICATE", "client-certificate"),
    ("ALERT_UNKNOWN_CA", "client-certificate"),
    ("ALERT_ACCESS_DENIED", "client-certificate"),
    ("ALERT_PROTOCOL_VERSION", "tls-version"),
    ("UNSUPPORTED_PROTOCOL", "tls-version"),
    ("NO_PROTOCOLS_AVAILABLE", "tls-version"),
    ("WRONG_SSL_VERSION", "tls-version"),
    ("WRONG_VERSION_NUMBER", "plain-http"),
    ("HTTP_REQUEST", "plain-http"),
    ("HTTPS_PROXY_REQUEST", "plain-http"),
    ("RECORD_LAYER_FAILURE", "plain-http"),
)
# A record that arrived damaged, in the middle of a session that was trusted: the line broke.
_BROKEN_LINE = ("UNEXPECTED_EOF", "BAD_RECORD_MAC", "DECRYPTION_FAILED", "BAD_LENGTH")


def refusal(finding: str, node: str = "") -> TlsRefused:
    """The error for one of `FINDINGS`, in words."""
    what, remedy = _TEXTS[finding]
    return TlsRefused(finding, what, remedy, node=node)


def causes(problem: BaseException) -> Iterator[BaseException]:
    """The exception and everything it was made from, outermost first, each once.

    urllib3 and requests hand the original over as an argument or as `reason`, not as a cause.
    """
    seen: set[int] = set()
    waiting: list[BaseException] = [problem]
    while waiting:
        current = waiting.pop(0)
        if id(current) in seen:
            continue
        seen.add(id(current))
        yield current
        linked = [
            current.__cause__,
            current.__context__,
            getattr(current, "reason", None),
            *current.args,
        ]
        waiting.extend(link for link in linked if isinstance(link, BaseException))


def explain(problem: BaseException, node: str = "") -> TlsRefused | None:
    """What TLS has against this connection; None when the trouble is not TLS.

    A connection that was cut without a word of TLS is not a TLS finding.
    """
    for current in causes(problem):
        if isinstance(current, TlsRefused):
            return current
        if isinstance(current, ssl.SSLCertVerificationError):
            finding = _BY_VERIFY_CODE.get(current.verify_code, "tls-other")
            return refusal(finding, node)
        if isinstance(current, ssl.SSLWantReadError | ssl.SSLWantWriteError):
            # No trouble: how a non-blocking TLS layer waits. It hangs in each later exception.
            continue
        if isinstance(current, ssl.SSLEOFError | ssl.SSLZeroReturnError):
            return None
        if isinstance(current, ssl.SSLError):
            reason = current.reason or str(current)
            if any(word in reason for word in _BROKEN_LINE):
                return None
            for word, finding in _BY_REASON:
                if word in reason:
                    return refusal(finding, node)
            return refusal("tls-other", node)
    return None

"""What is probed, in which words its trouble is told, and who can put it right."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from urllib.parse import urlsplit

from transfer.node import CheckResult
from transfer.values import ExitCode

YOU = "you"
HOST = "this host's administrator"
NETWORK = "your network's administrator"
SUPPORT = "the node's support"

_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


@dataclass(frozen=True, slots=True)
class Target:
    """One https address that the program needs.

    `which` reads after "the": node, sign-in service. `url` is asked without a credential; the
    question must change nothing and be answered with little. `upload_url` is where large
    requests go, empty where none do; `upload_bytes` how large they are and `upload_type` their
    Content-Type. What is `optional` is
    needed later: its failures are warnings, and `optional` says what they will hinder.
    """

    which: str
    url: str
    upload_url: str = ""
    upload_bytes: int = 0
    upload_type: str = "application/octet-stream"
    optional: str = ""

    @property
    def host(self) -> str:
        """As it goes over the wire (RFC 5890); empty where it can be no host's name."""
        host = (urlsplit(self.url).hostname or "").lower()
        if ":" in host:
            return host
        try:
            return host.encode("idna").decode("ascii")
        except UnicodeError:
            return ""

    @property
    def port(self) -> int:
        return urlsplit(self.url).port or 443

    @property
    def place(self) -> str:
        return place(self.host, self.port)


class Stopped(Exception):
    """The examination of this address ends here, with this result."""

    def __init__(self, result: CheckResult) -> None:
        super().__init__(result.message)
        self.result = result


def stop(
    check: str,
    message: str,
    remedy: str,
    whom: str,
    *,
    tried: str,
    answer: str,
    exit_code: int = ExitCode.NETWORK,
) -> Stopped:
    """A failure, to be raised."""
    return Stopped(CheckResult(check, "fail", message, remedy, exit_code, tried, answer, whom))


def place(host: str, port: int) -> str:
    """Host and port as one writes them."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def shown(text: str, limit: int = 80) -> str:
    """A text that a server gave us, on one line and with nothing in it that moves a cursor."""
    words = " ".join(
        "".join(" " if unicodedata.category(c) in _UNSEEN else c for c in text).split()
    )
    return words if len(words) <= limit else words[: limit - 1] + "…"

"""From a name to an open connection: what the name service says, and which address answers."""

from __future__ import annotations

import asyncio
import errno
import ipaddress
import socket
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from adapters.probe.line import Line
from adapters.probe.target import HOST, NETWORK, SUPPORT, YOU, place, shown, stop
from transfer.node import CheckResult

_MOST_ADDRESSES = 4
_RESOLV_CONF = Path("/etc/resolv.conf")
# What the resolver says when it got no answer, against "there is no such name".
_NO_ANSWER = frozenset({socket.EAI_AGAIN, socket.EAI_FAIL, socket.EAI_SYSTEM})


@dataclass(frozen=True, slots=True)
class Place:
    """The machine to be dialled: the target's own, or the proxy before it. `role` reads after
    "the"."""

    role: str
    host: str
    port: int
    is_proxy: bool = False

    def __str__(self) -> str:
        return place(self.host, self.port)


def is_address(host: str) -> bool:
    """Whether nobody has to be asked for this host's address."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


async def resolve(where: Place, seconds: float) -> Sequence[str]:
    """The addresses of a host, in the order in which they are to be tried.

    Raises:
        Stopped: with the check dns.
    """
    tried = f"Looked up {where.host}."
    try:
        async with asyncio.timeout(seconds):
            found = await asyncio.get_running_loop().getaddrinfo(
                where.host, where.port, type=socket.SOCK_STREAM
            )
    except (TimeoutError, OSError, UnicodeError) as problem:
        servers = await asyncio.to_thread(name_servers)
        asked = f"; asked: {', '.join(servers)}" if servers else ""
        is_silent = isinstance(problem, TimeoutError) or (
            isinstance(problem, socket.gaierror) and problem.errno in _NO_ANSWER
        )
        if is_silent:
            raise stop(
                "dns",
                f"The name service does not answer the question for {where.host}.",
                "Check /etc/resolv.conf of this machine and that it reaches its name server.",
                HOST,
                tried=tried,
                answer=f"no answer{asked}",
            ) from problem
        remedy = (
            "Check the spelling where the proxy is set; if it is right, ask your network's "
            "administrator for the proxy's name."
            if where.is_proxy
            else "Check the spelling in config.toml; if it is right, ask your network's "
            "administrator whether this machine's name server resolves outside names, or which "
            "proxy does it for you; a proxy is named in HTTPS_PROXY."
        )
        raise stop(
            "dns",
            f"The name service knows no host {shown(where.host)}.",
            remedy,
            YOU if where.is_proxy else NETWORK,
            tried=tried,
            answer=f"no such name{asked}",
        ) from problem
    addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    return addresses[:_MOST_ADDRESSES]


def resolved(where: Place, addresses: Sequence[str]) -> CheckResult:
    return CheckResult(
        "dns",
        "ok",
        f"{where.host} is {', '.join(addresses)}.",
        tried=f"Looked up {where.host}.",
        answer=", ".join(addresses),
    )


def name_servers(file: Path = _RESOLV_CONF) -> Sequence[str]:
    """The name servers that this machine asks, by resolv.conf(5); empty where it does not tell."""
    try:
        lines = file.read_text("utf-8", "replace").splitlines()
    except OSError:
        return ()
    pairs = [line.split() for line in lines if line.startswith("nameserver")]
    return [shown(pair[1], 45) for pair in pairs if len(pair) > 1]


async def dial(where: Place, addresses: Sequence[str], seconds: float) -> tuple[Line, CheckResult]:
    """A connection to the first address that takes one, all of them within `seconds`.

    Raises:
        Stopped: with the check reachable, or proxy-reachable where it is the proxy.
    """
    tried = f"Opened a connection to {where}."
    problems: list[tuple[str, str]] = []
    for address in addresses:
        started = time.monotonic()
        try:
            async with asyncio.timeout(seconds / len(addresses)):
                reader, writer = await asyncio.open_connection(address, where.port)
        except OSError as problem:
            problems.append((address, _kind(problem)))
            continue
        took_ms = (time.monotonic() - started) * 1000
        asides = [f"{other}: {_WORDS[kind]}" for other, kind in problems]
        result = CheckResult(
            "proxy-reachable" if where.is_proxy else "reachable",
            "ok",
            f"The {where.role} takes connections at {place(address, where.port)}.",
            tried=tried,
            answer="; ".join([*asides, f"{address}: connected in {took_ms:.0f} ms"]),
        )
        return Line(reader, writer), result
    raise _not_reached(where, tried, problems)


_WORDS = {
    "refused": "connection refused",
    "silent": "no answer in time",
    "no-way": "no way there",
    "broken": "connection broken",
}
# Which of several addresses' troubles is told: a machine without IPv6 has "no way" to each host.
_TELLING = ("refused", "silent", "broken", "no-way")


def _kind(problem: OSError) -> str:
    if isinstance(problem, ConnectionRefusedError):
        return "refused"
    if isinstance(problem, TimeoutError) or problem.errno == errno.ETIMEDOUT:
        return "silent"
    if isinstance(problem, ConnectionError):
        return "broken"
    return "no-way"


def _not_reached(where: Place, tried: str, problems: Sequence[tuple[str, str]]) -> Exception:
    kinds = [kind for _, kind in problems]
    kind = next(known for known in _TELLING if known in kinds)
    what, remedy = (_PROXY if where.is_proxy else _DIRECT)[kind]
    return stop(
        "proxy-reachable" if where.is_proxy else "reachable",
        what.format(role=where.role, place=where),
        remedy.format(role=where.role, place=where),
        SUPPORT if kind == "refused" and not where.is_proxy else NETWORK,
        tried=tried,
        answer="; ".join(f"{address}: {_WORDS[found]}" for address, found in problems),
    )


_ASK = "Ask your network's administrator whether this machine may open connections to {place}"
_DIRECT = {
    "refused": (
        "{place} refuses connections: the {role} is not running there, or a firewall says no.",
        "Check the address in config.toml; if it is right, ask the node's support whether it runs, "
        "and your network's administrator whether this machine may go there.",
    ),
    "silent": (
        "{place} does not answer: most often a firewall drops what this machine sends there.",
        _ASK + ", or which proxy to use; a proxy is named in HTTPS_PROXY.",
    ),
    "no-way": (
        "This machine's network has no way to {place}.",
        "Check this machine's network and its routes. " + _ASK + ".",
    ),
    "broken": (
        "{place} takes a connection and breaks it at once.",
        _ASK + "; a firewall that answers in the node's place does this.",
    ),
}
_PROXY = {
    "refused": (
        "The proxy {place} refuses connections.",
        "Check the proxy's address and port where it is set; if they are right, ask your network's "
        "administrator whether the proxy runs and takes this machine.",
    ),
    "silent": (
        "The proxy {place} does not answer.",
        "Check the proxy's address and port where it is set; if they are right, ask your network's "
        "administrator.",
    ),
    "no-way": (
        "This machine's network has no way to the proxy {place}.",
        "Check this machine's network and its routes, then the proxy's address where it is set.",
    ),
    "broken": (
        "The proxy {place} takes a connection and breaks it at once.",
        "Ask your network's administrator whether the proxy takes this machine.",
    ),
}

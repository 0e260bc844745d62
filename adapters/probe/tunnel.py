"""The way through a proxy: CONNECT, and what a proxy means that says no."""

from __future__ import annotations

import h11

from adapters.probe.line import Line
from adapters.probe.target import NETWORK, YOU, Stopped, Target, place
from adapters.sessions import Way
from adapters.tunnel import Tunnel, schemes_of
from transfer.errors import ProxyRefused
from transfer.node import CheckResult

_CHECKS = {"proxy-unreachable": "proxy-reachable", "proxy-tls": "proxy-tls"}
# The rest is the network's administrator's.
_OURS = frozenset({"proxy-login", "proxy-answer"})


async def connect(
    line: Line, tunnel: Tunnel, way: Way, target: Target, seconds: float
) -> CheckResult:
    """Have the proxy open the way to the target; the line then leads there.

    Raises:
        Stopped: with the check connect.
    """
    headers = [("Host", target.place), ("User-Agent", "eucaim-transfer")]
    if tunnel.proxy.authorization is not None:
        headers.append(("Proxy-Authorization", tunnel.proxy.authorization))
    proxy_place = place(tunnel.proxy.host, tunnel.proxy.port)
    tried = f"Asked the proxy {proxy_place} to open the way to {target.place} (CONNECT)."
    try:
        head = await line.ask("CONNECT", target.place, headers, seconds)
    except TimeoutError as problem:
        raise proxy_failure(tunnel.too_late(), tried, "no answer in time") from problem
    except (OSError, h11.RemoteProtocolError) as problem:
        raise proxy_failure(tunnel.broke(), tried, "no answer of HTTP") from problem
    if head is None:
        raise proxy_failure(tunnel.broke(), tried, "the connection was closed")
    answer = f"HTTP {head.status}"
    if 200 <= head.status < 300:
        message = f"The proxy opens the way to the {target.which}."
        return CheckResult("connect", "ok", message, tried=tried, answer=answer)
    challenges = head.values("proxy-authenticate")
    if challenges:
        answer += f", asks for: {', '.join(schemes_of(challenges))}"
    refused = way.proxy_login.noted(tunnel.answered(head.status, challenges), tunnel)
    raise proxy_failure(refused, tried, answer)


def proxy_failure(refused: ProxyRefused, tried: str, answer: str) -> Stopped:
    """A proxy's refusal as a line of the doctor."""
    return Stopped(
        CheckResult(
            _CHECKS.get(refused.finding, "connect"),
            "fail",
            refused.what,
            refused.remedy,
            refused.exit_code,
            tried,
            answer,
            YOU if refused.finding in _OURS else NETWORK,
        )
    )

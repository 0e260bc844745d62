"""The network doctor: what stands between this machine and a server, hop by hop.

`probe` walks the way to each `Target` and yields a line for each question: proxy, dns, reachable
(proxy-reachable, proxy-tls, connect), tls, tls-version, certificate, inspection, answer, redirect,
client-certificate, clock, round-trip, limits, upload-rate.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from adapters.probe.failing import failure
from adapters.probe.target import HOST, NETWORK, SUPPORT, YOU, Target

if TYPE_CHECKING:
    from adapters.probe.walk import probe

__all__ = ["HOST", "NETWORK", "SUPPORT", "YOU", "Target", "failure", "probe"]


def __getattr__(name: str) -> object:
    # Whoever looks for kinds of node imports each package here; only the doctor pays for httpx.
    if name == "probe":
        from adapters.probe.walk import probe

        return probe
    raise AttributeError(name)

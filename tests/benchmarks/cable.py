"""A line of given delay: two network namespaces, a TUN device in each, and what is put into one
comes out of the other half a round trip later.

`python -m tests.benchmarks.cable NEAR FAR ROUND_TRIP_MS` carries packets until it is ended; `line`
lays it, gives it its rate with `tc tbf` (netem, which could do both, is not in every kernel) and
takes everything away again. Packets keep their size: TCP may hand over 64 KiB at once (the virtio
header of Linux' Documentation/networking/tuntap.rst), so that Python is not the bottleneck; and
because it is packets that are late, TCP sees the round trip, as on a real line.
"""

from __future__ import annotations

import fcntl
import os
import select
import signal
import struct
import subprocess
import sys
import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

NEAR_IP, FAR_IP = "10.213.7.1", "10.213.7.2"
_TUNSETIFF, _TUNSETOFFLOAD = 0x400454CA, 0x400454D0
_TUN, _NO_PI, _VNET_HEADER = 0x0001, 0x1000, 0x4000
_CHECKSUM, _TSO4, _TSO6 = 0x01, 0x02, 0x04
_MOST_BYTES = 10 + 65536
_AT_ONCE = 64


def _device(name: str) -> int:
    fd = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    request = struct.pack("16sH22x", name.encode(), _TUN | _NO_PI | _VNET_HEADER)
    fcntl.ioctl(fd, _TUNSETIFF, request)
    fcntl.ioctl(fd, _TUNSETOFFLOAD, _CHECKSUM | _TSO4 | _TSO6)
    return fd


def _carry(ends: tuple[int, int], delay_s: float) -> None:
    """Both directions, in order, each packet `delay_s` after it was put in."""
    under_way: dict[int, deque[tuple[float, bytes]]] = {end: deque() for end in ends}
    other = dict(zip(ends, reversed(ends), strict=True))
    while True:
        due = min((queue[0][0] for queue in under_way.values() if queue), default=None)
        patience = None if due is None else max(0.0, due - time.monotonic())
        ready, _, _ = select.select(ends, (), (), patience)
        for end in ready:
            queue = under_way[other[end]]
            try:
                for _ in range(_AT_ONCE):
                    packet = os.read(end, _MOST_BYTES)
                    queue.append((time.monotonic() + delay_s, packet))
            except BlockingIOError:
                pass
        now = time.monotonic()
        for end, queue in under_way.items():
            while queue and queue[0][0] <= now:
                os.write(end, queue.popleft()[1])


def _run(*words: str) -> None:
    subprocess.run(words, check=True, capture_output=True)


def _inside(namespace: str, *words: str) -> None:
    _run("ip", "netns", "exec", namespace, *words)


@dataclass(frozen=True)
class Line:
    """A laid line. `rate_bps` counts the bits of IP packets, in each direction."""

    near: str
    far: str
    rate_bps: int

    def at_near(self, *words: str) -> list[str]:
        """The command that runs another one on the hospital's side."""
        return ["ip", "netns", "exec", self.near, *words]

    def at_far(self, *words: str) -> list[str]:
        """The same on the node's side; it listens on `FAR_IP`."""
        return ["ip", "netns", "exec", self.far, *words]


@contextmanager
def line(rate_mbit: int, round_trip_ms: float) -> Iterator[Line]:
    """A line between two namespaces of this process's own, until the block is left. Needs root."""
    laid = Line(f"near-{os.getpid()}", f"far-{os.getpid()}", rate_mbit * 1_000_000)
    relay: subprocess.Popen[str] | None = None
    try:
        for namespace in (laid.near, laid.far):
            _run("ip", "netns", "add", namespace)
            _inside(namespace, "ip", "link", "set", "lo", "up")
            # The kernel asks for IPv6 routers of its own accord: 48 bytes that are nobody's here.
            _inside(namespace, "sysctl", "-w", "net.ipv6.conf.default.disable_ipv6=1")
        relay = subprocess.Popen(
            [sys.executable, "-m", __name__, laid.near, laid.far, str(round_trip_ms)],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert relay.stdout is not None, "it was piped"
        if relay.stdout.readline() != "carrying\n":
            raise RuntimeError("the line could not be laid")
        for namespace in (laid.near, laid.far):
            # A burst of one full packet of TCP's; a queue that holds a round trip's worth.
            queue = ("burst", "80kb", "latency", f"{max(50, 2 * round_trip_ms):.0f}ms")
            words = ("tc", "qdisc", "add", "dev", "line", "root", "tbf", "rate", f"{rate_mbit}mbit")
            _inside(namespace, *words, *queue)
        yield laid
    finally:
        if relay is not None:
            relay.terminate()
            relay.wait()
        for namespace in (laid.near, laid.far):
            subprocess.run(["ip", "netns", "del", namespace], check=False, capture_output=True)


def missing(words: Sequence[str] = ("ip", "tc", "sysctl")) -> str:
    """Why no line can be laid here; empty when one can."""
    import shutil

    absent = [word for word in words if shutil.which(word) is None]
    if absent:
        return f"{absent[0]} is not installed"
    if os.geteuid():
        return "namespaces need root"
    return "" if os.path.exists("/dev/net/tun") else "there is no /dev/net/tun"


def main() -> None:
    """`cable.py NEAR FAR ROUND_TRIP_MS`; prints `carrying` when both ends are there."""
    near, far, round_trip_ms = sys.argv[1:]
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    places = ((near, NEAR_IP, FAR_IP), (far, FAR_IP, NEAR_IP))
    ends = []
    for namespace, own, peer in places:
        given = f"line{namespace}"[:15]
        ends.append(_device(given))
        _run("ip", "link", "set", given, "netns", namespace, "name", "line")
        _inside(namespace, "ip", "addr", "add", own, "peer", peer, "dev", "line")
        _inside(namespace, "ip", "link", "set", "line", "txqueuelen", "1000", "up")
    print("carrying", flush=True)
    _carry((ends[0], ends[1]), float(round_trip_ms) / 2000)


if __name__ == "__main__":
    main()

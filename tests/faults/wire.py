"""A line between two network namespaces whose packets go through our hands: lost, doubled, late,
out of turn, or swallowed.

`python -m tests.faults.wire NEAR FAR` carries packets between a TUN device in each, as the
weather on its stdin (a line of JSON) has it, until that is closed. netem could do most of it, and
is not in every kernel. The rate is `tc tbf`'s. `tests.benchmarks.cable` is for speed: there a
packet is 64 KiB; here it is what the wire's MTU allows, so that losing one is what it is outside.
"""

from __future__ import annotations

import ctypes
import fcntl
import heapq
import itertools
import json
import os
import random
import select
import shutil
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from tests.ready import guarded

NEAR_IP, FAR_IP = "10.213.7.1", "10.213.7.2"
OTHER_NEAR_IP, OTHER_FAR_IP = "10.213.7.11", "10.213.7.12"
_TUNSETIFF, _TUN, _NO_PI = 0x400454CA, 0x0001, 0x1000
_CLONE_NEWNET: Final = 0x40000000
_MTU: Final = 1500
_OUT_OF_TURN_S: Final = 0.04
_SEED: Final = 10
_ETC_NETNS: Final = Path("/etc/netns")


@dataclass(frozen=True)
class Weather:
    """What becomes of packets. Shares of 1; `most_bytes` is the largest IP packet that gets
    through; `takes` and `brings`: whether any go to the far end, and come from it."""

    lost: float = 0.0
    doubled: float = 0.0
    out_of_turn: float = 0.0
    delay_s: float = 0.0
    most_bytes: int = _MTU
    takes: bool = True
    brings: bool = True


FINE: Final = Weather()
DEAD: Final = Weather(takes=False, brings=False)


@dataclass(frozen=True)
class Wire:
    """A laid line. `near` is the hospital's namespace, where the node's name is `localhost`, which
    is in the stand-ins' certificates."""

    near: str
    far: str
    carrier: subprocess.Popen[str]

    @property
    def at_near(self) -> tuple[str, ...]:
        """The command that runs another one on the hospital's side."""
        return ("ip", "netns", "exec", self.near)

    def weather(self, weather: Weather) -> None:
        """From the next packet on."""
        assert self.carrier.stdin is not None
        assert self.carrier.stdout is not None
        self.carrier.stdin.write(json.dumps(asdict(weather)) + "\n")
        self.carrier.stdin.flush()
        assert self.carrier.stdout.readline() == "so be it\n"

    def ip(self, *words: str, is_far: bool = False) -> None:
        """`ip WORDS…` on the hospital's side, or on the node's."""
        _run("ip", "-n", self.far if is_far else self.near, *words)

    def rate(self, kbit: int) -> None:
        """Both directions carry so much from now on."""
        for namespace in (self.near, self.far):
            words = ("qdisc", "add", "dev", "line", "root", "tbf", "rate", f"{kbit}kbit")
            _run("tc", "-n", namespace, *words, "burst", "3000", "latency", "400ms")

    def name_leads_to(self, *addresses: str) -> None:
        """What the node's name means on the hospital's side; nothing: it is unknown."""
        # In place: the file is bind-mounted where the program runs.
        lines = "".join(f"{address} localhost\n" for address in addresses)
        (_ETC_NETNS / self.near / "hosts").write_text(lines, "utf-8")

    def listen_far(self, port: int) -> socket.socket:
        """A listening socket at every address of the far end; it belongs to this process."""
        made: list[socket.socket] = []

        def make() -> None:
            # A thread of its own: it is in that namespace for the rest of its life.
            with open(f"/run/netns/{self.far}", "rb") as place:
                failed = ctypes.CDLL(None, use_errno=True).setns(place.fileno(), _CLONE_NEWNET)
            assert not failed, os.strerror(ctypes.get_errno())
            made.append(socket.create_server(("0.0.0.0", port)))  # noqa: S104 - in a namespace

        thread = threading.Thread(target=make)
        thread.start()
        thread.join()
        return made[0]


def missing() -> str:
    """Why no line can be laid here; empty when one can."""
    if os.geteuid():
        return "network namespaces need root"
    for word in ("ip", "tc"):
        if shutil.which(word) is None:
            return f"{word} is not installed (Debian's iproute2)"
    return "" if os.path.exists("/dev/net/tun") else "there is no /dev/net/tun"


_numbers = itertools.count()


@contextmanager
def wire() -> Iterator[Wire]:
    """A line between two namespaces of this process's own, until the block is left."""
    name = f"{os.getpid()}-{next(_numbers)}"
    near, far = f"faults-near-{name}", f"faults-far-{name}"
    etc = _ETC_NETNS / near
    carrier: subprocess.Popen[str] | None = None
    try:
        etc.mkdir(parents=True)
        # Nobody is asked about names: an answer would come late, or from outside.
        (etc / "resolv.conf").write_text("nameserver 127.0.0.1\n", "utf-8")
        for namespace in (near, far):
            _run("ip", "netns", "add", namespace)
            _run("ip", "-n", namespace, "link", "set", "lo", "up")
        carrier = subprocess.Popen(
            guarded([sys.executable, "-m", __name__, near, far]),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        laid = Wire(near, far, carrier)
        laid.name_leads_to(FAR_IP)
        laid.weather(FINE)
        yield laid
    finally:
        if carrier is not None:
            carrier.kill()
            carrier.communicate()
        for namespace in (near, far):
            subprocess.run(["ip", "netns", "del", namespace], check=False, capture_output=True)
        shutil.rmtree(etc, ignore_errors=True)


def _run(*words: str) -> None:
    ran = subprocess.run(words, check=False, capture_output=True, text=True)
    assert ran.returncode == 0, f"{' '.join(words)}: {ran.stderr}"


def _device(number: int, namespace: str, addresses: tuple[str, ...]) -> int:
    """A TUN device called `line` in a namespace; its packets are read and written here."""
    given = f"line{number}-{os.getpid()}"[:15]
    fd = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(fd, _TUNSETIFF, struct.pack("16sH22x", given.encode(), _TUN | _NO_PI))
    _run("ip", "link", "set", given, "netns", namespace, "name", "line")
    for address in addresses:
        _run("ip", "-n", namespace, "addr", "add", f"{address}/24", "dev", "line")
    _run("ip", "-n", namespace, "link", "set", "line", "up")
    return fd


def _carry(near: int, far: int) -> None:
    """Packets by the weather, the same dice at each run."""
    dice = random.Random(_SEED)  # noqa: S311 - weather
    serial = itertools.count()
    under_way: list[tuple[float, int, int, bytes]] = []
    weather = FINE
    while True:
        patience = max(0.0, under_way[0][0] - time.monotonic()) if under_way else None
        ready, _, _ = select.select([near, far, 0], (), (), patience)
        if 0 in ready:
            line = sys.stdin.readline()
            if not line:
                return
            weather = Weather(**json.loads(line))
            print("so be it", flush=True)
        for end in ready:
            if end:
                for packet in _packets(end):
                    is_open = weather.takes if end == near else weather.brings
                    if not is_open or len(packet) > weather.most_bytes:
                        continue
                    if dice.random() < weather.lost:
                        continue
                    for _ in range(1 + (dice.random() < weather.doubled)):
                        late_s = _OUT_OF_TURN_S * (dice.random() < weather.out_of_turn)
                        due = time.monotonic() + weather.delay_s + late_s
                        to = far if end == near else near
                        heapq.heappush(under_way, (due, next(serial), to, packet))
        while under_way and under_way[0][0] <= time.monotonic():
            _, _, to, packet = heapq.heappop(under_way)
            try:
                os.write(to, packet)
            except OSError:
                # That end is down.
                continue


def _packets(end: int) -> Iterator[bytes]:
    while True:
        try:
            yield os.read(end, 65536)
        except OSError:
            return


def main() -> None:
    """`wire.py NEAR FAR`: lay the line between these namespaces, and carry."""
    near, far = sys.argv[1:]
    ends = (
        _device(1, near, (NEAR_IP,)),
        # The other one first: an address takes those after it with it when it goes.
        _device(2, far, (OTHER_FAR_IP, FAR_IP)),
    )
    _carry(*ends)


if __name__ == "__main__":
    main()

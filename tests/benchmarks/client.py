"""One client, one measurement, in a process of its own: prints seconds and its own CPU seconds.

Start-up and imports are not counted: the clock starts when everything is ready to send.
"""

from __future__ import annotations

import asyncio
import json
import resource
import socket
import ssl
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from tests.benchmarks.process import peak_mb

_PER_CALL: Final = 20
_LANES: Final = 4
_PIECE_BYTES: Final = 1024 * 1024


class Clock:
    """Seconds, and CPU seconds of this process and of its children that have ended, between
    entering and leaving the block; and this process's peak memory from its start."""

    def __enter__(self) -> Clock:
        self._before = _cpu_s()
        self._began = time.perf_counter()
        return self

    def __exit__(self, *_: object) -> None:
        seconds = time.perf_counter() - self._began
        cpu_s = _cpu_s() - self._before
        self.figures = {"seconds": seconds, "cpu_s": cpu_s, "peak_mb": peak_mb()}


def _cpu_s() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def _ours(kind: str, url: str, ca_file: Path, files: Sequence[Path]) -> dict[str, float]:
    """The program's own sending path: the adapter, files read and hashed on the way, 4 lanes."""
    from adapters.profiles import NodeProfile
    from adapters.registry import open_node
    from adapters.secrets import SecretStore
    from tests.benchmarks.material import planned_of
    from transfer.node import Batch
    from transfer.outgoing import LedgerInstance
    from transfer.plan import pack
    from transfer.runner.pace import Bandwidth

    planned = planned_of(files)
    options: dict[str, object] = {"url": url, "username": "ingester"}
    if kind == "upv":
        options = {"dicomweb_url": url, "auth": "none", "can_list": False}
    profile = NodeProfile("bench", kind, "integrity", "as-is", ca_file, options)
    secrets = SecretStore(ca_file.parent)
    secrets.hold("bench.password", "ingester")
    throttle = Bandwidth()

    async def send_all() -> dict[str, float]:
        node = open_node(profile, secrets, home=ca_file.parent)
        await node.sign_in()
        sizes = ((p.row, p.series_row, p.study_row, p.size_bytes) for p in planned)
        queue = list(enumerate(pack(sizes, await node.abilities())))
        moved: list[int] = []

        async def lane() -> None:
            while queue:
                number, rows = queue.pop(0)
                instances = [LedgerInstance(planned[row], b"/", throttle) for row in rows]
                await node.send(Batch(number, "BENCH", instances), moved.append)

        with Clock() as clock:
            async with asyncio.TaskGroup() as group:
                for _ in range(_LANES):
                    group.create_task(lane())
        await node.aclose()
        # A sink that hung up early would make everybody fast.
        assert sum(moved) == sum(p.size_bytes for p in planned), "not all of it was sent"
        return clock.figures

    return asyncio.run(send_all())


def _dicomweb_client(_: str, url: str, ca_file: Path, files: Sequence[Path]) -> dict[str, float]:
    """What a user would pick instead: dicomweb-client's store_instances, 20 a call."""
    import pydicom
    from dicomweb_client.api import DICOMwebClient

    from adapters.sessions import Way, requests_session

    session = requests_session(url, Way(node="bench", ca_file=ca_file))
    client = DICOMwebClient(url, session=session)

    with Clock() as clock:
        for at in range(0, len(files), _PER_CALL):
            client.store_instances([pydicom.dcmread(f) for f in files[at : at + _PER_CALL]])
    return clock.figures


def _ssl(kind: str, url: str, ca_file: Path, files: Sequence[Path]) -> dict[str, float]:
    """The limit in Python: one blocking thread, one POST of everything, sendall in 1 MiB pieces."""
    target = urlsplit(url)
    path = f"{target.path}/studies" if kind == "upv" else "/data/services/import"
    context = ssl.create_default_context(cafile=str(ca_file))
    total = sum(f.stat().st_size for f in files)
    piece = bytearray(_PIECE_BYTES)

    with (
        Clock() as clock,
        socket.create_connection((target.hostname, target.port or 443)) as raw,
        context.wrap_socket(raw, server_hostname=target.hostname) as secure,
    ):
        head = f"POST {path} HTTP/1.1\r\nHost: {target.netloc}\r\n"
        secure.sendall(f"{head}Content-Length: {total}\r\nConnection: close\r\n\r\n".encode())
        for file in files:
            with open(file, "rb", buffering=0) as source:
                while size := source.readinto(piece):
                    secure.sendall(memoryview(piece)[:size])
        answer = b""
        while piece_of_answer := secure.recv(65536):
            answer += piece_of_answer

    assert answer.startswith(b"HTTP/1.1 200"), "it was taken"
    return clock.figures


CLIENTS: Final = {"ours": _ours, "dicomweb-client": _dicomweb_client, "ssl": _ssl}


def main() -> None:
    """`client.py NAME KIND URL CA_FILE LIST`: LIST names a file with one path a line."""
    name, kind, url, ca_file, listing = sys.argv[1:]
    files = [Path(line) for line in Path(listing).read_text().splitlines()]
    print(json.dumps(CLIENTS[name](kind, url, Path(ca_file), files)))


if __name__ == "__main__":
    main()

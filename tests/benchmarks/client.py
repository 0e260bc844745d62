"""One client, one measurement, in a process of its own: prints seconds and its own CPU seconds.

Start-up and imports are not counted: the clock starts when everything is ready to send.
"""

from __future__ import annotations

import asyncio
import json
import os
import resource
import socket
import ssl
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

_PER_CALL = 20


class _Clock:
    """Seconds and own CPU seconds between entering and leaving the block."""

    def __enter__(self) -> _Clock:
        self._before = resource.getrusage(resource.RUSAGE_SELF)
        self._began = time.perf_counter()
        return self

    def __exit__(self, *_: object) -> None:
        seconds = time.perf_counter() - self._began
        after, before = resource.getrusage(resource.RUSAGE_SELF), self._before
        cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        self.figures = {"seconds": seconds, "cpu_s": cpu}


def _ours(url: str, ca_file: Path, files: Sequence[Path]) -> dict[str, float]:
    """The program's own sending path: the adapter, files read and hashed on the way, 4 lanes."""
    from adapters.profiles import NodeProfile
    from adapters.registry import open_node
    from adapters.secrets import SecretStore
    from transfer.ledger.batches import PatientFacts, PlannedInstance
    from transfer.node import Abilities, Batch
    from transfer.outgoing import LedgerInstance
    from transfer.plan import pack
    from transfer.runner.pace import Bandwidth
    from transfer.scan.inspect import inspect_file
    from transfer.values import (
        SeriesInstanceUID,
        SeriesRef,
        SOPClassUID,
        SOPInstanceUID,
        StudyInstanceUID,
        TransferSyntaxUID,
    )

    planned: list[PlannedInstance] = []
    for row, file in enumerate(files):
        header = inspect_file(os.fspath(file)).header
        assert header is not None, "the benchmark's files are instances"
        status = file.stat()
        planned.append(
            PlannedInstance(
                row=row,
                sop_instance_uid=SOPInstanceUID(header.sop_instance_uid),
                sop_class_uid=SOPClassUID(header.sop_class_uid),
                transfer_syntax_uid=TransferSyntaxUID(header.transfer_syntax_uid),
                series_row=1,
                study_row=1,
                patient=PatientFacts(1, "", ""),
                series=SeriesRef(
                    StudyInstanceUID(header.study_uid), SeriesInstanceUID(header.series_uid)
                ),
                path=os.fsencode(file),
                file_bytes=status.st_size,
                mtime_ns=status.st_mtime_ns,
                body_offset=0,
                has_part10=True,
                size_bytes=status.st_size,
                attempts=0,
            )
        )
    profile = NodeProfile(
        "bench",
        "upv",
        "integrity",
        "as-is",
        ca_file,
        {"dicomweb_url": url, "auth": "none", "can_list": False},
    )
    batches = list(pack(((p.row, 1, 1, p.size_bytes) for p in planned), Abilities()))
    throttle = Bandwidth()

    async def send_all() -> dict[str, float]:
        node = open_node(profile, SecretStore(ca_file.parent), home=ca_file.parent)
        await node.sign_in()
        queue = list(enumerate(batches))

        async def lane() -> None:
            while queue:
                number, rows = queue.pop(0)
                instances = [LedgerInstance(planned[row], b"/", throttle) for row in rows]
                await node.send(Batch(number, "", instances), lambda _: None)

        with _Clock() as clock:
            async with asyncio.TaskGroup() as group:
                for _ in range(4):
                    group.create_task(lane())
        await node.aclose()
        return clock.figures

    return asyncio.run(send_all())


def _dicomweb_client(url: str, ca_file: Path, files: Sequence[Path]) -> dict[str, float]:
    """What a user would pick instead: dicomweb-client's store_instances, 20 a call."""
    import pydicom
    from dicomweb_client.api import DICOMwebClient

    from adapters.sessions import Way, requests_session

    session = requests_session(url, Way(node="bench", ca_file=ca_file))
    client = DICOMwebClient(url, session=session)

    with _Clock() as clock:
        for at in range(0, len(files), _PER_CALL):
            client.store_instances([pydicom.dcmread(f) for f in files[at : at + _PER_CALL]])
    return clock.figures


def _ssl(url: str, ca_file: Path, files: Sequence[Path]) -> dict[str, float]:
    """The limit in Python: one blocking thread, one POST of everything, sendall in 1 MiB pieces."""
    target = urlsplit(url)
    context = ssl.create_default_context(cafile=str(ca_file))
    total = sum(f.stat().st_size for f in files)
    piece = bytearray(1024 * 1024)

    with (
        _Clock() as clock,
        socket.create_connection((target.hostname, target.port or 443)) as raw,
        context.wrap_socket(raw, server_hostname=target.hostname) as secure,
    ):
        head = f"POST {target.path}/studies HTTP/1.1\r\nHost: {target.netloc}\r\n"
        secure.sendall(f"{head}Content-Length: {total}\r\nConnection: close\r\n\r\n".encode())
        for file in files:
            with open(file, "rb", buffering=0) as source:
                while size := source.readinto(piece):
                    secure.sendall(memoryview(piece)[:size])
        while secure.recv(65536):
            pass

    return clock.figures


CLIENTS = {"ours": _ours, "dicomweb-client": _dicomweb_client, "ssl": _ssl}


def main() -> None:
    """`client.py NAME URL CA_FILE LIST`: LIST names a file with one path a line."""
    name, url, ca_file, listing = sys.argv[1:]
    files = [Path(line) for line in Path(listing).read_text().splitlines()]
    print(json.dumps(CLIENTS[name](url, Path(ca_file), files)))


if __name__ == "__main__":
    main()

"""What stands at the other end of the line, until its stdin is closed: `far.py KIND FOLDER`.

KIND is `sink` (nginx that takes everything and says nothing), `answering` (answers one by one and
lists, keeps nothing), `orthanc`, or `tcp` (takes bytes and nothing else). Prints one line of JSON,
its addresses, once it answers.
"""

from __future__ import annotations

import json
import socket
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.benchmarks.answering import answering
from tests.benchmarks.cable import FAR_IP
from tests.real.front import front
from tests.real.orthanc import orthanc_behind_tls

_SINK = "lingering_time 600s; return 200;"
_MOST_BYTES = 1024 * 1024
_SETTLES_S = 2.0


@contextmanager
def _sink(folder: Path) -> Iterator[dict[str, object]]:
    with front(folder, location=_SINK, address=FAR_IP) as nginx:
        yield {"url": f"{nginx.url}/dicom-web", "ca_file": str(nginx.ca_file)}


@contextmanager
def _answering(folder: Path) -> Iterator[dict[str, object]]:
    with answering(folder, FAR_IP) as (url, ca_file):
        yield {"url": url, "ca_file": str(ca_file)}


@contextmanager
def _orthanc(folder: Path) -> Iterator[dict[str, object]]:
    with orthanc_behind_tls(folder, address=FAR_IP) as server:
        yield {"url": server.dicomweb_url, "ca_file": str(server.ca_file)}


@contextmanager
def _tcp(_: Path) -> Iterator[dict[str, object]]:
    """One connection after the other; says how many bytes a second came, once each ends. The first
    two seconds are TCP's own start and do not count: what is asked is what the line carries."""
    with socket.create_server((FAR_IP, 0)) as listening:

        def serve() -> None:
            piece = bytearray(_MOST_BYTES)
            while True:
                connection, _ = listening.accept()
                with connection:
                    total, settled, began = 0, 0, time.monotonic()
                    since = began
                    while size := connection.recv_into(piece):
                        total += size
                        if time.monotonic() - began < _SETTLES_S:
                            settled, since = total, time.monotonic()
                    rate = (total - settled) / (time.monotonic() - since)
                    connection.sendall(str(rate).encode())

        threading.Thread(target=serve, daemon=True).start()
        yield {"port": listening.getsockname()[1]}


def main() -> None:
    """Serve until nobody holds our stdin open."""
    kind, folder = sys.argv[1:]
    kinds = {"sink": _sink, "answering": _answering, "orthanc": _orthanc, "tcp": _tcp}
    serving = kinds[kind]
    with serving(Path(folder)) as addresses:
        print(json.dumps(addresses), flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main()

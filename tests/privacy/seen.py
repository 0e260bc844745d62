"""What others on the host could see of our processes, and the many ways to write a secret."""

from __future__ import annotations

import base64
import os
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, quote_plus

# A process of ours lives ten times as long; who looks oftener takes the processor from it.
_PAUSE_S = 0.02


@dataclass
class Seen:
    """Arguments and environment of every process that had `mark` in its environment, as the
    kernel showed them; `starters` are the processes that such a one was started by."""

    mark: bytes
    arguments: set[bytes] = field(default_factory=set)
    of_ours: set[bytes] = field(default_factory=set)
    of_children: set[bytes] = field(default_factory=set)

    def look(self) -> None:
        """One round through /proc."""
        for entry in os.scandir("/proc"):
            if not entry.name.isdigit() or int(entry.name) == os.getpid():
                continue
            folder = Path(entry.path)
            try:
                environment = (folder / "environ").read_bytes()
                if self.mark not in environment:
                    continue
                arguments = (folder / "cmdline").read_bytes()
                parent = (folder / "stat").read_text(errors="replace").rpartition(")")[2].split()[1]
            except OSError:
                continue
            if int(parent) == os.getpid() and b"\0tui\0" not in arguments:
                continue  # ours, on its way to becoming the program
            self.arguments.add(arguments)
            place = self.of_ours if int(parent) == os.getpid() else self.of_children
            place.add(environment)


@contextmanager
def watching(mark: str) -> Iterator[Seen]:
    """Look from a thread for as long as the block lasts."""
    seen, over = Seen(mark.encode()), threading.Event()

    def watch() -> None:
        while not over.wait(_PAUSE_S):
            seen.look()

    watcher = threading.Thread(target=watch, name="watcher")
    watcher.start()
    try:
        yield seen
    finally:
        over.set()
        watcher.join()


def spellings(secret: str) -> set[bytes]:
    """A secret in plain, for an address, and in base64 wherever in a text it begins."""
    plain = secret.encode()
    found = {plain, quote(secret, safe="").encode(), quote_plus(secret).encode()}
    for before in range(3):
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            written = encode(b"\0" * before + plain)
            # The letters at both ends depend on what stands beside the secret.
            found.add(written[(before * 8 + 5) // 6 : len(plain) * 8 // 6 - 1])
    return found


def holders(secrets: Mapping[str, str], places: Iterable[tuple[str, bytes]]) -> list[str]:
    """ "SECRET in PLACE" for each secret that stands in one of the places, in any spelling."""
    written = {name: spellings(secret) for name, secret in secrets.items()}
    return sorted(
        f"{name} in {place}"
        for place, content in places
        for name, ways in written.items()
        if any(way in content for way in ways)
    )


def files_below(folder: Path) -> list[tuple[str, bytes]]:
    """Every file with its content, by its path from there."""
    return [
        (str(path.relative_to(folder)), path.read_bytes())
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    ]

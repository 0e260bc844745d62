"""A tar of SOP Instances, streamed, its length known before the first byte.

Plain ustar (POSIX.1-1988) with neutral names, owner and time: XNAT keeps the name of an entry
where it can, and a file named after a patient would travel. Read by XNAT from 1.8.3 on, front to
back, without the traps of a streamed zip.
"""

from __future__ import annotations

import tarfile
from collections.abc import Generator, Sequence
from contextlib import closing

from adapters.pieces import exact_pieces
from transfer import checkpoint
from transfer.leaving import OutgoingInstance
from transfer.node import OnBytes

CONTENT_TYPE = "application/x-tar"
_BLOCK = tarfile.BLOCKSIZE
_RECORD = tarfile.RECORDSIZE
# Two empty blocks end a tar.
_END = 2 * _BLOCK


def entry_header(number: int, size_bytes: int) -> bytes:
    """What goes before the instance with this number, counted from 1."""
    entry = tarfile.TarInfo(f"{number:06d}.dcm")
    entry.size = size_bytes
    entry.mode = 0o644
    # GNU's form is ustar's own for all that fits into it, and can say sizes from 8 GiB on.
    return entry.tobuf(format=tarfile.GNU_FORMAT)


def _padding(size_bytes: int, unit: int) -> int:
    return -size_bytes % unit


def length(sizes: Sequence[int]) -> int:
    """Content-Length of a tar with instances of these sizes, in bytes."""
    content = sum(_BLOCK + size + _padding(size, _BLOCK) for size in sizes) + _END
    return content + _padding(content, _RECORD)


def body(instances: Sequence[OutgoingInstance], on_bytes: OnBytes) -> Generator[bytes, None, None]:
    """The bytes of one tar; a new one is needed for each attempt.

    `on_bytes` hears of the instances' bytes only, after the connection took them.

    Raises:
        SourceChanged: an instance cannot be read, or is not as long as it was said to be.
    """
    for number, instance in enumerate(instances, start=1):
        yield entry_header(number, instance.size_bytes)
        with closing(exact_pieces(instance)) as pieces:
            for piece in pieces:
                yield piece
                on_bytes(len(piece))
        if padding := _padding(instance.size_bytes, _BLOCK):
            yield bytes(padding)
    content = sum(_BLOCK + i.size_bytes + _padding(i.size_bytes, _BLOCK) for i in instances) + _END
    yield bytes(_END + _padding(content, _RECORD))
    checkpoint.passed("body-sent")


def single(instance: OutgoingInstance, on_bytes: OnBytes) -> Generator[bytes, None, None]:
    """The bytes of one instance as a request of its own; as `body` otherwise."""
    with closing(exact_pieces(instance)) as pieces:
        for piece in pieces:
            yield piece
            on_bytes(len(piece))

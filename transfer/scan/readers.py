"""The worker processes that read headers; see `transfer.workers` for what they survive."""

from __future__ import annotations

from collections.abc import Callable

from transfer.scan.facts import FileFacts, FileKind, FileVerdict
from transfer.workers import News, Pool, Trade

File = tuple[int, bytes]
"""Row and path of a file to read."""

Read = tuple[int, FileFacts]


def header_readers(processes: int) -> Pool[File, Read]:
    """Processes that read files. One whose reading ends its process again and again is `rejected`
    with reason `reader-died`."""
    return Pool(processes, Trade(_begin, None, _died, lambda file: len(file[1])))


def _begin(setup: None, news: News) -> Callable[[File], Read]:
    from transfer.scan.inspect import inspect_file

    return lambda file: (file[0], inspect_file(file[1]))


def _died(file: File) -> Read:
    return file[0], FileFacts(FileKind.OTHER, FileVerdict.REJECT, ("reader-died",), None)

"""The worker processes that read headers; see `transfer.workers` for what they survive."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from types import TracebackType
from typing import Final

from transfer.scan.facts import FileFacts, FileKind, FileVerdict, InstanceHeader
from transfer.workers import News, Pool, Trade

File = tuple[int, bytes]
"""Row and path of a file to read."""

Read = tuple[int, FileFacts]

# Plain tuples and strings: an instance of a class costs several times as much on its way.
_Wire = tuple[int, str, str, tuple[str, ...], "tuple[object, ...] | None"]

_FILES_PER_TASK: Final = 32
_KINDS: Final = {kind.value: kind for kind in FileKind}
_VERDICTS: Final = {verdict.value: verdict for verdict in FileVerdict}


class Readers:
    """Processes that read files. One whose reading ends its process again and again is `rejected`
    with reason `reader-died`."""

    def __init__(self, processes: int) -> None:
        self._pool = Pool(
            processes, Trade(_begin, None, _died, lambda file: len(file[1]), _FILES_PER_TASK)
        )

    def __enter__(self) -> Readers:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._pool.__exit__(kind, error, trace)

    def answers(self, files: Iterable[File]) -> Iterator[list[Read]]:
        """What the files are, in the order given, a few at a time. As `Pool.answers`."""
        for answers in self._pool.answers(files):
            yield [_unpacked(answer) for answer in answers]


def header_readers(processes: int) -> Readers:
    """Processes that read files, started."""
    return Readers(processes)


def _begin(setup: None, news: News) -> Callable[[File], _Wire]:
    from transfer.scan.inspect import inspect_file

    return lambda file: _packed(file[0], inspect_file(file[1]))


def _died(file: File) -> _Wire:
    return _packed(file[0], FileFacts(FileKind.OTHER, FileVerdict.REJECT, ("reader-died",), None))


def _packed(row: int, facts: FileFacts) -> _Wire:
    kind, verdict, reasons, header = facts
    return row, kind.value, verdict.value, reasons, None if header is None else tuple(header)


def _unpacked(wire: _Wire) -> Read:
    row, kind, verdict, reasons, header = wire
    made = None if header is None else InstanceHeader._make(header)
    return row, FileFacts(_KINDS[kind], _VERDICTS[verdict], reasons, made)

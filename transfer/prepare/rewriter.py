"""The work of one process: a file in, what leaves of it out; see `transfer.deid.rewrite`."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from transfer.deid.methods import MethodSpec
from transfer.deid.rewrite import Cause, Outgoing, Stopped
from transfer.ledger.batches import PatientFacts
from transfer.mending import Mend
from transfer.opening import open_source
from transfer.workers import News, Pool, Trade

if TYPE_CHECKING:
    from transfer.desk import Desk

Numbers = dict[tuple[str, str], int]
"""The table behind `@integer`: by key type and text."""

_DIED: Final = (
    "Rewriting this file ended the process that did it. Look at it in a DICOM viewer, and export it"
    " again."
)


@dataclass(frozen=True, slots=True, repr=False)
class Setup:
    """What every process needs to know. Never shown: it holds the key.

    In the folder `spool` pixels are kept that had to be decoded, from the making of the pieces
    until they have gone. `names` are those of the request that are no part of a header.
    `mends_alone`: nothing de-identifies, and the method is not asked.
    """

    spec: MethodSpec
    clock: dt.datetime
    numbers: Numbers
    spool: Path | None = None
    names: tuple[str, ...] = field(default=(), repr=False)
    mends_alone: bool = False


@dataclass(frozen=True, slots=True)
class Task:
    """One file to rewrite. `scanned` is its size in bytes and its time in nanoseconds by the
    scan; `released` what persons answered for, as the last look takes it. The pieces come back
    only where they are wanted: they are large."""

    path: bytes = field(repr=False)
    scanned: tuple[int, int]
    patient: PatientFacts
    released: frozenset[str | int] = frozenset()
    wants_pieces: bool = False
    mends: tuple[Mend, ...] = ()
    has_part10: bool = True


@dataclass(frozen=True, slots=True)
class NumberWanted:
    """A script asks for a number that was not given yet."""

    key_type: str
    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Question:
    """One file that is asked for what it tells of its patient, and nothing else."""

    path: bytes = field(repr=False)
    scanned: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Told:
    """Original identifiers that a file holds, by kind and text; none of one that cannot be read,
    which is found out when it is rewritten."""

    facts: tuple[tuple[str, str], ...] = field(default=(), repr=False)


Answer = Outgoing | Stopped | NumberWanted | Told


def rewriters(processes: int, setup: Setup) -> Pool[Task | Question, Answer]:
    """Processes that rewrite files in order; told `(key type, text, number)` of each new number."""
    return Pool(processes, _trade(setup))


def rewriting_desk(processes: int, setup: Setup) -> Desk[Task | Question, Answer]:
    """The same for an event loop."""
    # The processes themselves have none, and nothing to import it for.
    from transfer.desk import Desk

    return Desk(processes, _trade(setup))


def _trade(setup: Setup) -> Trade[Task | Question, Answer]:
    return Trade(_begin, setup, lambda _: Stopped(Cause.UNREADABLE, _DIED), _size_of, 8)


def _size_of(task: Task | Question) -> int:
    if isinstance(task, Question):
        return 128 + len(task.path)
    whose = task.patient
    texts = [whose.original_id, whose.original_name, *map(str, task.released)]
    texts += [text for pair in whose.others for text in pair]
    return 128 + len(task.path) + sum(4 * len(text) for text in texts)


def _told(question: Question) -> Told:
    from transfer.deid.header.reading import Unreadable, read_header
    from transfer.deid.look.identifiers import identifiers_of

    try:
        with open_source(question.path) as opened:
            known = identifiers_of(read_header(opened.fd, opened.size_bytes))
    except (OSError, Unreadable):
        return Told()
    return Told(tuple((kind, text) for kind, text in known.document()))


def _begin(setup: Setup, news: News) -> Callable[[Task | Question], Answer]:
    from transfer.deid.methods import build_method, build_pixel_rules
    from transfer.deid.model import Moment, NumberNeeded
    from transfer.deid.rewrite import Look, rewrite

    def mended(task: Task | Question) -> Answer:
        if isinstance(task, Question):
            return _told(task)
        return _lightened(_mended(task), task)

    if setup.mends_alone:
        return mended
    method = build_method(setup.spec)
    pixels = build_pixel_rules(setup.spec, setup.spool)
    numbers = dict(setup.numbers)

    def number(key_type: str, text: str) -> int:
        if (key_type, text) not in numbers:
            raise NumberNeeded(key_type, text)
        return numbers[key_type, text]

    moment = Moment(setup.clock, number)

    def answer(task: Task | Question) -> Answer:
        while news:
            key_type, text, given = news.popleft()
            numbers[key_type, text] = given
        if isinstance(task, Question):
            return _told(task)
        try:
            look = Look(task.patient.identifiers, task.released, setup.names)
            made = rewrite(task.path, method, moment, look, task.scanned, pixels, task.mends)
        except NumberNeeded as needed:
            return NumberWanted(needed.key_type, needed.text)
        return _lightened(made, task)

    return answer


def _mended(task: Task) -> Outgoing | Stopped:
    from transfer.deid.rewrite import rewrite_mended

    return rewrite_mended(task.path, task.mends, task.scanned, task.has_part10)


def _lightened(made: Outgoing | Stopped, task: Task) -> Outgoing | Stopped:
    if isinstance(made, Outgoing) and not task.wants_pieces:
        return replace(made, pieces=())
    return made

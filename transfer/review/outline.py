"""A header as an outline: its elements in tag order, sequences and their items folded.

Only what is unfolded and in view is put into words, so that neither a header of megabytes nor one
of a million elements costs more than the lines that are looked at.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum
from itertools import islice
from typing import Final, NamedTuple

from transfer.deid.look.lastlook import Path
from transfer.deid.model import DataSet, Element, Header
from transfer.review.telling import Entry, Surroundings, tell
from transfer.scan.elements import Encoding

WINDOW: Final = 2000
"""Lines of one level that stand in an outline at a time."""
HITS_LIMIT: Final = 1000
_MAX_DEPTH: Final = 64
_META: Final = Encoding(is_implicit=False, is_little=True)


class Kind(Enum):
    """What a line is. `BEFORE` and `AFTER` stand for the lines of a level outside its window."""

    ELEMENT = "element"
    ITEM = "item"
    BEFORE = "before"
    AFTER = "after"


class Place(NamedTuple):
    """One line. `path` is tag, item from 1, tag, …; it ends with the item on the line of one.

    `within` is how many lines lie in it, or for `BEFORE` and `AFTER` how many they stand for.
    """

    path: Path
    kind: Kind
    within: int
    around: Surroundings
    element: Element | None = None

    @property
    def key(self) -> str:
        """The same for the same line, whatever is unfolded."""
        mark = "" if self.kind in (Kind.ELEMENT, Kind.ITEM) else f" {self.kind.value}"
        return ".".join(f"{step:X}" for step in self.path) + mark

    @property
    def depth(self) -> int:
        """In how many sequences and items it lies."""
        return max(0, len(self.path) - 1)

    @property
    def opens(self) -> bool:
        return self.within > 0 and self.kind in (Kind.ELEMENT, Kind.ITEM)


@dataclass(slots=True)
class View:
    """What is unfolded, and where the window of each level begins. The root's path is empty."""

    opened: set[Path] = field(default_factory=set)
    starts: dict[Path, int] = field(default_factory=dict)


class Outline:
    """The outline of one header. `heads` are the first bytes of long values, by their offset."""

    def __init__(self, header: Header, heads: dict[int, bytes] | None = None) -> None:
        root: DataSet = {tag: element for tag, element in _meta(header).items()}
        root.update(header.dataset)
        if header.pixels is not None:
            root[header.pixels.tag] = header.pixels
        root.update((element.tag, element) for element in header.after)
        self._tags = sorted(root)
        self._root = Surroundings(root, header.encoding, b"", heads or {})

    @property
    def count(self) -> int:
        """Elements at the root."""
        return len(self._tags)

    def lines(self, view: View) -> list[Place]:
        """The lines that are unfolded, in order."""
        return list(self._level((), self._root, view))

    def tell(self, place: Place) -> Entry:
        """A line in words."""
        return tell(place.path, place.element, place.around)

    def turn(self, view: View, place: Place) -> None:
        """Fold or unfold a line, or move the window of its level there."""
        if place.kind is Kind.BEFORE:
            view.starts[place.path] = max(0, view.starts.get(place.path, 0) - WINDOW)
        elif place.kind is Kind.AFTER:
            view.starts[place.path] = view.starts.get(place.path, 0) + WINDOW
        elif place.path in view.opened:
            view.opened.discard(place.path)
        elif place.opens:
            view.opened.add(place.path)
            if place.kind is Kind.ELEMENT and place.within == 1:
                view.opened.add((*place.path, 1))

    def reveal(self, view: View, path: Path) -> None:
        """Unfold whatever hides a line, and move windows so that it stands in them."""
        around: Surroundings | None = self._root
        for end in range(len(path)):
            level = path[:end]
            if end:
                view.opened.add(level)
            index = path[end] - 1 if end % 2 else _index(around, path[end])
            start = view.starts.get(level, 0)
            if not start <= index < start + WINDOW:
                view.starts[level] = max(0, index - WINDOW // 2)
            if end % 2 == 0 and around is not None and end + 1 < len(path):
                around = around.inner(path[end], path[end + 1])

    def nearest(self, tag: int) -> tuple[Path, bool]:
        """The line of an element of the root, and whether it is there; else the line before it."""
        if tag in self._root.dataset:
            return (tag,), True
        before = [known for known in self._tags if known < tag]
        return ((before[-1],) if before else (self._tags[0],) if self._tags else ()), False

    def find(self, text: str, limit: int = HITS_LIMIT) -> list[Path]:
        """The elements whose tag, name or value holds a text, in order, folded ones too. Slow for
        large headers: call in threads."""
        wanted = text.strip().casefold()
        bare = wanted.strip("()").replace(",", "")
        if not wanted:
            return []
        return list(islice(self._hits((), self._root, wanted, bare), limit))

    def walk_all(self) -> Iterator[Place]:
        """Every line, unfolded."""
        return self._all((), self._root)

    def walk(self, limit: int) -> tuple[list[Place], bool]:
        """Every line, unfolded, up to so many; and whether there are more."""
        found = list(islice(self.walk_all(), limit + 1))
        return found[:limit], len(found) > limit

    def _level(self, path: Path, around: Surroundings, view: View) -> Iterator[Place]:
        """The lines of a data set."""
        tags = self._tags if not path else sorted(around.dataset)
        start = min(view.starts.get(path, 0), max(0, len(tags) - 1))
        if start:
            yield Place(path, Kind.BEFORE, start, around)
        for tag in tags[start : start + WINDOW]:
            place = _element((*path, tag), around)
            yield place
            if place.opens and place.path in view.opened and len(place.path) < _MAX_DEPTH * 2:
                yield from self._items(place, view)
        if len(tags) > start + WINDOW:
            yield Place(path, Kind.AFTER, len(tags) - start - WINDOW, around)

    def _items(self, sequence: Place, view: View) -> Iterator[Place]:
        path = sequence.path
        start = min(view.starts.get(path, 0), sequence.within - 1)
        if start:
            yield Place(path, Kind.BEFORE, start, sequence.around)
        for item in range(start + 1, min(start + WINDOW, sequence.within) + 1):
            inner = sequence.around.inner(path[-1], item)
            here = (*path, item)
            yield Place(here, Kind.ITEM, len(inner.dataset), inner)
            if here in view.opened:
                yield from self._level(here, inner, view)
        if sequence.within > start + WINDOW:
            yield Place(path, Kind.AFTER, sequence.within - start - WINDOW, sequence.around)

    def _all(self, path: Path, around: Surroundings) -> Iterator[Place]:
        for tag in self._tags if not path else sorted(around.dataset):
            place = _element((*path, tag), around)
            yield place
            if len(place.path) >= _MAX_DEPTH * 2:
                continue
            for item in range(1, place.within + 1):
                inner = around.inner(tag, item)
                yield Place((*place.path, item), Kind.ITEM, len(inner.dataset), inner)
                yield from self._all((*place.path, item), inner)

    def _hits(self, path: Path, around: Surroundings, wanted: str, bare: str) -> Iterator[Path]:
        for place in self._all(path, around):
            if place.element is None:
                continue
            entry = self.tell(place)
            tag = f"{place.path[-1]:08x}"
            texts = (entry.name, entry.keyword, entry.creator, entry.value)
            if (bare and bare in tag) or any(wanted in text.casefold() for text in texts):
                yield place.path


def _element(path: Path, around: Surroundings) -> Place:
    element = around.dataset[path[-1]]
    count = len(element.value) if isinstance(element.value, list) else 0
    return Place(path, Kind.ELEMENT, count, around, element)


def _index(around: Surroundings | None, tag: int) -> int:
    return 0 if around is None else sum(known < tag for known in around.dataset)


def _meta(header: Header) -> DataSet:
    from transfer.deid.header.vrs import vr_of

    return {tag: Element(tag, vr_of(tag), value) for tag, value in header.meta.items()}

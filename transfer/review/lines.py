"""A header before and after, element by element: what was kept, changed, removed, and why."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Final, NamedTuple

from transfer.deid.look.identifiers import Kind
from transfer.deid.look.lastlook import Hit, Path
from transfer.deid.model import DataSet, Element, Header
from transfer.deid.profiles.treat import is_well_formed
from transfer.review.values import FREE_TEXT_VRS, bare, is_text, keyword, show
from transfer.scan.elements import Encoding
from transfer.sentences import count

_CODES: Final = frozenset(("AS", "CS", "DS", "IS", "TM", "UI"))
LINES_LIMIT: Final = 4000
ITEMS_LIMIT: Final = 12
_MAX_DEPTH: Final = 32
_CHARSET: Final = 0x00080005
_META: Final = 0x00020000
_MADE_ANEW: Final = "Written anew, with the UIDs of what leaves."

Why = Callable[[int], str]
"""A method's own word for an element of the root."""


class Change(StrEnum):
    """What happened to an element."""

    KEPT = "kept"
    CHANGED = "changed"
    EMPTIED = "emptied"
    REMOVED = "removed"
    ADDED = "added"


@dataclass(frozen=True, slots=True)
class Value:
    """A value in words. `is_original`: it says, or may say, who the patient is."""

    text: str = field(repr=False)
    is_original: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """One element of the review. `path` is as in `lastlook.Hit`: tag, item from 1, tag, …

    `before` and `after` are None where the element is not there. `hit` says which original
    identifier the last look found in what would leave. `mark` is equal for equal outcomes.
    """

    path: Path
    keyword: str
    vr: str
    before: Value | None
    after: Value | None
    change: Change
    rule: str = ""
    is_free_text: bool = False
    hit: str = ""
    mark: object = field(default=None, repr=False)

    @property
    def depth(self) -> int:
        """In how many sequences it lies."""
        return len(self.path) // 2

    @property
    def where(self) -> str:
        """The element as the last look names it: `(0008,1115)[1](0020,000E)`."""
        return Hit(self.path, Kind.NAME).where


class Comparison(NamedTuple):
    """The lines of a header in tag order, file meta last.

    `is_cut`: there are more than `LINES_LIMIT`.
    """

    lines: tuple[Line, ...]
    is_cut: bool = False


class _Side(NamedTuple):
    """A data set with what is needed to read its values."""

    dataset: DataSet
    charset: bytes
    encoding: Encoding

    def inner(self, element: Element, item: int) -> _Side:
        items = element.value if isinstance(element.value, list) else []
        dataset = items[item] if item < len(items) else {}
        return _Side(dataset, _charset(dataset) or self.charset, self.encoding)

    def show(self, element: Element) -> str:
        return show(element, self.charset, self.encoding)


def compare(before: Header, after: Header, why: Why, hits: Sequence[Hit] = ()) -> Comparison:
    """Compare a header with what a method made of it."""
    left = _Side(before.dataset, _charset(before.dataset), before.encoding)
    right = _Side(after.dataset, _charset(after.dataset), after.encoding)
    found: list[Line] = []
    walk = _Walk(why, {hit.path: str(hit.kind) for hit in hits})
    for line in walk.lines(left, right, (), ""):
        found.append(line)
        if len(found) >= LINES_LIMIT:
            return Comparison(tuple(found), is_cut=True)
    for tag, one, two in _bulk(before, after):
        found.append(walk.line((tag,), one, two, left, right, ""))
    if before.meta or after.meta:
        found.append(_meta(before))
    return Comparison(tuple(found))


class _Walk:
    def __init__(self, why: Why, hits: Mapping[Path, str]) -> None:
        self._why = why
        self._hits = hits

    def lines(self, left: _Side, right: _Side, path: Path, rule: str) -> Iterator[Line]:
        """The lines of one level, each sequence's own before those of its items."""
        for tag in sorted(left.dataset.keys() | right.dataset.keys()):
            one, two = left.dataset.get(tag), right.dataset.get(tag)
            here = (*path, tag)
            line = self.line(here, one, two, left, right, rule)
            inner: list[Line] = []
            if two is not None and isinstance(two.value, list) and len(here) < _MAX_DEPTH * 2:
                was = one if one is not None and isinstance(one.value, list) else None
                inner = list(self._items(was, two, left, right, here, line.rule))
                if line.change is Change.CHANGED and was is not None:
                    line = self._of_items(line, was, two, inner)
            yield line
            yield from inner

    def _items(
        self, one: Element | None, two: Element, left: _Side, right: _Side, path: Path, rule: str
    ) -> Iterator[Line]:
        known = len(one.value) if one is not None and isinstance(one.value, list) else 0
        made = len(two.value) if isinstance(two.value, list) else 0
        # What is the very object of the input was not looked into: the sequence's rule holds.
        inherited = rule if one is two else ""
        for item in range(min(max(known, made), ITEMS_LIMIT)):
            was = left.inner(one, item) if one is not None else left._replace(dataset={})
            yield from self.lines(was, right.inner(two, item), (*path, item + 1), inherited)

    def _of_items(self, line: Line, was: Element, now: Element, inner: list[Line]) -> Line:
        assert isinstance(was.value, list), "the caller has seen to it"
        assert isinstance(now.value, list), "the caller has seen to it"
        if not now.value and was.value:
            return replace(line, change=Change.EMPTIED)
        same = len(was.value) == len(now.value) and all(x.change is Change.KEPT for x in inner)
        return replace(line, change=Change.KEPT if same else Change.CHANGED)

    def line(
        self,
        path: Path,
        one: Element | None,
        two: Element | None,
        left: _Side,
        right: _Side,
        rule: str,
    ) -> Line:
        """The line of one element; `rule` is that of a sequence left alone around it."""
        present = two if two is not None else one
        assert present is not None, "it is in one of the two"
        change = _change(one, two)
        hit = self._hits.get(path, "")
        was = None if one is None else Value(left.show(one), change is not Change.KEPT or bool(hit))
        now = None if two is None else Value(_shown(right, two), bool(hit))
        return Line(
            path,
            keyword(path[-1]),
            present.vr,
            was,
            now,
            change,
            rule or self._why(path[-1]),
            _is_free_text(present),
            hit,
            None if two is None else _mark(two),
        )


def _change(one: Element | None, two: Element | None) -> Change:
    if two is None:
        return Change.REMOVED
    if one is None:
        return Change.ADDED
    if one is two or (bare(one.value) == bare(two.value) and not isinstance(two.value, list)):
        return Change.KEPT
    return Change.EMPTIED if two.value == b"" and one.value else Change.CHANGED


def _shown(side: _Side, element: Element) -> str:
    text = side.show(element)
    more = isinstance(element.value, list) and len(element.value) > ITEMS_LIMIT
    return f"{text}, the first {ITEMS_LIMIT} shown" if more else text


def _is_free_text(element: Element) -> bool:
    if element.vr in FREE_TEXT_VRS:
        return True
    value = element.value
    if element.vr in _CODES:
        # What is no code, number or time is what somebody wrote: where it leaves, it has to be
        # seen.
        return isinstance(value, bytes) and not is_well_formed(value, element.vr)
    return element.vr == "UN" and isinstance(value, bytes) and is_text(value)


def _mark(element: Element) -> object:
    return len(element.value) if isinstance(element.value, list) else bare(element.value)


def _charset(dataset: DataSet) -> bytes:
    element = dataset.get(_CHARSET)
    return element.value if element is not None and isinstance(element.value, bytes) else b""


def _meta(before: Header) -> Line:
    return Line(
        (_META,),
        "FileMetaInformation",
        "",
        Value(count(len(before.meta), "element"), is_original=False),
        Value("written anew"),
        Change.CHANGED,
        _MADE_ANEW,
    )


def _bulk(before: Header, after: Header) -> Iterator[tuple[int, Element | None, Element | None]]:
    """Pixel data, and what follows them."""
    left = {e.tag: e for e in (before.pixels, *before.after) if e is not None}
    right = {e.tag: e for e in (after.pixels, *after.after) if e is not None}
    for tag in sorted(left.keys() | right.keys()):
        yield tag, left.get(tag), right.get(tag)

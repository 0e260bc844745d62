"""What two methods make of the same header, where it is not the same."""

from __future__ import annotations

from typing import NamedTuple

from transfer.deid.look.lastlook import Path
from transfer.review.lines import Change, Comparison, Line, Value


class Difference(NamedTuple):
    """One element that two methods treat differently. None: the method does not speak of it, for
    it is nowhere, or in a sequence that it removes."""

    path: Path
    mine: Line | None
    other: Line | None

    @property
    def line(self) -> Line:
        """The line that names the element."""
        line = self.mine or self.other
        assert line is not None, "an element that neither has is no difference"
        return line

    @property
    def values(self) -> tuple[Value | None, Value | None]:
        """What leaves by the one and by the other; an original that only one keeps is marked."""
        return _value(self.mine, self.other), _value(self.other, self.mine)


def _value(line: Line | None, besides: Line | None) -> Value | None:
    if line is None or line.after is None:
        return None
    stays = line.change is Change.KEPT and not (besides and besides.change is Change.KEPT)
    return Value(line.after.text, line.after.is_original or stays)


def contrast(mine: Comparison, other: Comparison) -> list[Difference]:
    """The elements that leave differently, in tag order.

    What lies in a sequence that one of the two removes is told by the sequence alone.
    """
    ours = {line.path: line for line in mine.lines}
    theirs = {line.path: line for line in other.lines}
    found: list[Difference] = []
    gone: set[Path] = set()
    for path in sorted(ours.keys() | theirs.keys()):
        if any(path[:end] in gone for end in range(1, len(path), 2)):
            continue
        one, two = ours.get(path), theirs.get(path)
        if _leaves(one) is not _leaves(two):
            gone.add(path)
        if _differ(one, two):
            found.append(Difference(path, one, two))
    return found


def _leaves(line: Line | None) -> bool:
    return line is not None and line.change is not Change.REMOVED


def _differ(one: Line | None, two: Line | None) -> bool:
    if not _leaves(one) and not _leaves(two):
        return False
    if one is None or two is None:
        return True
    # A sequence of as many items differs by what lies in it, which has lines of its own.
    return _leaves(one) is not _leaves(two) or one.mark != two.mark

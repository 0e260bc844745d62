"""The `[bandwidth]` of config.toml: which limit holds at which hours of the week.

[bandwidth]
"mon-fri 08:00-18:00" = "20 Mbit/s"
"sat,sun" = "none"
otherwise = "100 Mbit/s"
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Final

from adapters.profiles import read_config, refused, shown
from transfer.bandwidth import DAY, WEEK, Schedule, Span, parse_rate
from transfer.errors import UsageError

_DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_OTHERWISE: Final = "otherwise"
_HOURS = re.compile(r"([0-9]{1,2}):([0-9]{2})-([0-9]{1,2}):([0-9]{2})")
_BETWEEN = re.compile(r"\s*([-,])\s*")
_MOST_WINDOWS: Final = 50
_WRITE_WINDOW: Final = (
    'Write for example "mon-fri 08:00-18:00", "22:00-06:00" for every day, or "sat,sun" for whole'
    " days."
)
_WRITE_LIMIT: Final = 'Write for example "20 Mbit/s", "5 MB/s", or "none" for no limit.'


def read_schedule(folder: Path) -> Schedule | None:
    """The schedule in `folder/config.toml`; None where it has none.

    Raises:
        UsageError: it cannot be read, or cannot be understood.
    """
    return schedule_in(read_config(folder / "config.toml"))


def schedule_in(config: Mapping[str, object]) -> Schedule | None:
    """The schedule among the sections of config.toml; None where there is none.

    Raises:
        UsageError: it cannot be understood.
    """
    table = config.get("bandwidth")
    if table is None:
        return None
    if not isinstance(table, Mapping):
        raise refused("bandwidth is not a table", "Begin it with [bandwidth].")
    if len(table) > _MOST_WINDOWS:
        raise refused(
            f"[bandwidth] has more than {_MOST_WINDOWS} lines", "Write several days in one line."
        )
    windows = {name: value for name, value in table.items() if name != _OTHERWISE}
    limits = {name: _limit(name, value) for name, value in windows.items()}
    taken = sorted((begin, end, name) for name in windows for begin, end in _spans_of(name))
    _refuse_overlap(taken)
    otherwise = table.get(_OTHERWISE, "none")
    lines = [f"{name}: {str(value).strip()}" for name, value in windows.items()]
    if lines or _OTHERWISE in table:
        lines.append(f"{_OTHERWISE}: {str(otherwise).strip()}")
    spans = [Span(begin, end, limits[name]) for begin, end, name in taken]
    return Schedule.of(spans, _limit(_OTHERWISE, otherwise), tuple(lines))


class LiveSchedule:
    """The schedule as the file says now, for whoever asks again and again.

    A file that cannot be used changes nothing: `schedule`, as read last, holds; `trouble` says why,
    and `hear` is told once.
    """

    def __init__(self, folder: Path, hear: Callable[[UsageError], None] | None = None) -> None:
        self._folder = folder
        self._hear = hear
        self._seen: tuple[int, ...] | None = None
        self.schedule: Schedule | None = None
        self.trouble: UsageError | None = None

    def __call__(self) -> Schedule | None:
        """Look at the file; read it if it is another. Blocks."""
        seen = self._look()
        if seen != self._seen:
            try:
                self.schedule, self.trouble = read_schedule(self._folder), None
            except UsageError as error:
                self.trouble = error
                if self._hear is not None:
                    self._hear(error)
            self._seen = seen
        return self.schedule

    def demand(self) -> None:
        """Refuse to begin with limits that nobody can know. Blocks.

        Raises:
            UsageError: the file cannot be used.
        """
        self()
        if self.trouble is not None:
            raise self.trouble

    def _look(self) -> tuple[int, ...]:
        try:
            now = os.stat(self._folder / "config.toml")
        except OSError as error:
            return (error.errno or -1,)
        return (now.st_mtime_ns, now.st_ctime_ns, now.st_size, now.st_ino)


def _limit(name: str, value: object) -> int | None:
    # As a limit, 0 would be read as "nothing goes", and means the contrary elsewhere.
    if isinstance(value, str) and value.strip().lower() not in ("", "0", "off"):
        try:
            return parse_rate(value)
        except UsageError:
            pass
    raise refused(f'"{shown(name)}" of [bandwidth] has no limit that can be kept', _WRITE_LIMIT)


def _spans_of(name: str) -> Iterator[tuple[int, int]]:
    """The minutes of the week that a window's name says; begun on its days, over midnight too."""
    *first, last = _BETWEEN.sub(r"\1", name.strip().lower()).split() or [""]
    hours = _HOURS.fullmatch(last)
    days = " ".join(first if hours else [*first, last])
    if not (hours or days):
        raise refused("[bandwidth] has a window without a name", _WRITE_WINDOW)
    begin, end = _minutes(name, hours) if hours else (0, DAY)
    for day in _days_of(name, days):
        yield day * DAY + begin, day * DAY + end


def _minutes(name: str, hours: re.Match[str]) -> tuple[int, int]:
    h1, m1, h2, m2 = map(int, hours.groups())
    begin, end = h1 * 60 + m1, h2 * 60 + m2
    if m1 > 59 or m2 > 59 or begin >= DAY or end > DAY:
        raise refused(f'"{shown(name)}" of [bandwidth] has no such time of day', _WRITE_WINDOW)
    if begin == end:
        raise refused(
            f'"{shown(name)}" of [bandwidth] ends when it begins',
            "Leave the hours out for a whole day.",
        )
    return begin, end if end > begin else end + DAY


def _days_of(name: str, days: str) -> list[int]:
    if not days:
        return list(range(7))
    found: list[int] = []
    for part in days.split(","):
        first, _, last = part.partition("-")
        if first not in _DAYS or (last or first) not in _DAYS or part.endswith("-"):
            raise refused(f'"{shown(name)}" is no window of [bandwidth]', _WRITE_WINDOW)
        begin = _DAYS.index(first)
        found += [(begin + n) % 7 for n in range((_DAYS.index(last or first) - begin) % 7 + 1)]
    if len(set(found)) < len(found):
        raise refused(f'"{shown(name)}" of [bandwidth] names a day twice', _WRITE_WINDOW)
    return found


def _refuse_overlap(taken: list[tuple[int, int, str]]) -> None:
    """Which of two windows holds would be a guess."""
    if not taken:
        return
    begin, _, name = taken[0]
    again = (begin + WEEK, 0, name)
    for (_, end, one), (begins, _, other) in zip(taken, [*taken[1:], again], strict=True):
        if begins < end:
            raise refused(
                f'"{shown(one)}" and "{shown(other)}" of [bandwidth] overlap on'
                f" {_DAYS[begins // DAY % 7]} at {begins % DAY // 60:02d}:{begins % 60:02d}",
                "Let one window end where the other begins.",
            )

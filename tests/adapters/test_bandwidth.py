"""`[bandwidth]` of config.toml: how limits of the week are written, and what is refused."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from adapters.bandwidth import LiveSchedule, read_schedule
from transfer.bandwidth import DAY, Schedule
from transfer.errors import UsageError

OFFICE = '[bandwidth]\n"mon-fri 08:00-18:00" = "20 Mbit/s"\n'


def _read(folder: Path, text: str) -> Schedule | None:
    (folder / "config.toml").write_text(text)
    return read_schedule(folder)


def test_without_a_section_there_is_no_schedule(tmp_path: Path) -> None:
    assert read_schedule(tmp_path) is None
    assert _read(tmp_path, '[nodes.upv]\nauth = "password"\n') is None


def test_a_window_is_written_as_one_says_it(tmp_path: Path) -> None:
    schedule = _read(tmp_path, OFFICE)
    assert schedule is not None
    assert schedule.lines == ("mon-fri 08:00-18:00: 20 Mbit/s", "otherwise: none")
    assert [schedule.on_the_wall(m) for m in (479, 480, 1079, 1080)] == [
        None, 2_500_000, 2_500_000, None,
    ]  # fmt: skip
    assert schedule.on_the_wall(5 * DAY + 600) is None


@pytest.mark.parametrize(
    ("window", "inside", "outside"),
    [
        ("sat,sun", [5 * DAY, 7 * DAY - 1], [0, 5 * DAY - 1]),
        ("22:00-06:00", [1320, 0, 359, 6 * DAY + 1439], [360, 1319]),
        ("fri-mon 12:00-13:00", [720, 4 * DAY + 720, 6 * DAY + 779], [DAY + 720, 780]),
        ("Mon, Wed 12:00 - 24:00", [720, 1439, 2 * DAY + 1439], [DAY, DAY + 720]),
        ("sun 22:00-06:00", [6 * DAY + 1320, 0, 359], [360, DAY]),
    ],
)
def test_days_and_hours_may_be_many_and_go_over_midnight(
    tmp_path: Path, window: str, inside: list[int], outside: list[int]
) -> None:
    schedule = _read(tmp_path, f'[bandwidth]\n"{window}" = "1M"\notherwise = "2M"\n')
    assert schedule is not None
    assert {schedule.on_the_wall(minute) for minute in inside} == {1_000_000}
    assert {schedule.on_the_wall(minute) for minute in outside} == {2_000_000}


@pytest.mark.parametrize(
    ("lines", "what"),
    [
        ('"mon-fri 08:00-18:00" = 20', '"mon-fri 08:00-18:00" of [bandwidth] has no limit'),
        ('otherwise = "fast"', '"otherwise" of [bandwidth] has no limit'),
        ('otherwise = "0"', '"otherwise" of [bandwidth] has no limit'),
        ('"weekdays" = "1M"', '"weekdays" is no window of [bandwidth]'),
        ('"mon-" = "1M"', '"mon-" is no window of [bandwidth]'),
        ('"mon,mon" = "1M"', '"mon,mon" of [bandwidth] names a day twice'),
        ('"" = "1M"', "[bandwidth] has a window without a name"),
        ('"08:00-08:00" = "1M"', '"08:00-08:00" of [bandwidth] ends when it begins'),
        ('"08:00-24:30" = "1M"', '"08:00-24:30" of [bandwidth] has no such time of day'),
        (
            '"sun 22:00-06:00" = "1M"\n"mon 05:00-07:00" = "2M"',
            '"sun 22:00-06:00" and "mon 05:00-07:00" of [bandwidth] overlap on mon at 05:00',
        ),
        ('"mon" = "1M"\n"mon-wed 09:00-10:00" = "2M"', "overlap on mon at 09:00"),
    ],
)
def test_what_cannot_be_understood_is_refused_by_name(
    tmp_path: Path, lines: str, what: str
) -> None:
    with pytest.raises(UsageError) as refused:
        _read(tmp_path, f"[bandwidth]\n{lines}\n")
    assert what in refused.value.what
    assert refused.value.remedy


def test_a_section_that_is_no_table_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="bandwidth is not a table"):
        _read(tmp_path, 'bandwidth = "20 Mbit/s"\n')


def test_a_changed_file_is_read_at_the_next_look(tmp_path: Path) -> None:
    live = LiveSchedule(tmp_path)
    assert live() is None
    (tmp_path / "config.toml").write_text(OFFICE)
    first = live()
    assert first is not None
    assert live() is first
    other = tmp_path / "other"
    other.write_text(OFFICE.replace("20", "40"))
    os.replace(other, tmp_path / "config.toml")
    second = live()
    assert second is not None
    assert second.on_the_wall(480) == 5_000_000


def test_a_file_that_cannot_be_used_leaves_what_was_read_and_is_told_once(tmp_path: Path) -> None:
    heard: list[str] = []
    live = LiveSchedule(tmp_path, lambda error: heard.append(error.what))
    (tmp_path / "config.toml").write_text(OFFICE)
    first = live()
    (tmp_path / "config.toml").write_text("[bandwidth]\notherwise = 20 Mbit\n")
    assert [live(), live()] == [first, first]
    assert len(heard) == 1
    with pytest.raises(UsageError, match="not valid TOML"):
        live.demand()
    (tmp_path / "config.toml").write_text("")
    assert live() is None
    live.demand()

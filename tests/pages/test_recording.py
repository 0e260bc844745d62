"""The recorded demo is one that a player takes, and shows nothing of where it was made."""

from __future__ import annotations

import itertools
import json
import re
from pathlib import Path
from typing import Any

import pytest

CAST = Path(__file__).parents[2] / "docs" / "demo.cast"
_STYLE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b[()][A-Z0-9]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)")


@pytest.fixture(scope="module")
def moments() -> list[list[Any]]:
    return [json.loads(line) for line in CAST.read_text("utf-8").splitlines()[1:]]


def test_it_is_an_asciicast_of_80_by_24() -> None:
    """Version 2: a header, then [seconds, "o", text] line by line."""
    header = json.loads(CAST.read_text("utf-8").splitlines()[0])
    assert (header["version"], header["width"], header["height"]) == (2, 80, 24)
    assert CAST.stat().st_size < 300 * 1024


def test_it_lasts_about_as_long_as_somebody_looks_on(moments: list[list[Any]]) -> None:
    times = [at for at, _, _ in moments]
    assert times == sorted(times)
    assert 60 <= times[-1] <= 120
    assert max(b - a for a, b in itertools.pairwise(times)) <= 5
    assert {kind for _, kind, _ in moments} == {"o"}


def test_it_shows_the_way_to_the_end(moments: list[list[Any]]) -> None:
    shown = _STYLE.sub("", "".join(text for _, _, text in moments))
    for text in ("No transfer yet.", "SITE ID", "Sending.", "each one listed by it."):
        assert text in shown, text
    assert "The clinical data are on the node." in shown


def test_it_asks_the_terminal_of_who_looks_on_for_nothing(moments: list[list[Any]]) -> None:
    """A terminal that is asked answers into the shell of whoever plays it."""
    painted = "".join(text for _, _, text in moments)
    assert re.findall(r"\x1b\[[>=]?\d*[cn]|\x1b\[>\d*q|\x1b\]1[01];\?", painted) == []


def test_it_tells_nothing_of_the_machine_it_was_made_on(moments: list[list[Any]]) -> None:
    shown = _STYLE.sub("", "".join(text for _, _, text in moments))
    assert "/home/" not in shown
    assert "/work/" not in shown
    assert "root" not in shown

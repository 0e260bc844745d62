"""No picture in the repository shows a screen as it once was."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.tui.looking import rows_of
from tui.theme import QUIET

ROOT = Path(__file__).parents[2]
_PICTURES = sorted((ROOT / "screenshots").glob("*.svg"))
_SOURCE = "".join(path.read_text("utf-8") for path in sorted((ROOT / "tui").rglob("*.py")))
_FILLED = "account-link"
"""A code for a phone takes the whole screen."""
_KEY = re.compile(r"(?P<key>\S+(?: \S+)*?) (?P<meaning>[A-Z][^ ]*(?: [^ ]+)*)")


def test_every_state_is_what_the_tests_compare_with() -> None:
    checked = subprocess.run(
        [sys.executable, ROOT / "screenshots" / "states.py", "--check"],
        capture_output=True,
        text=True,
    )
    assert (checked.returncode, checked.stdout) == (0, "")


@pytest.mark.parametrize("picture", _PICTURES, ids=lambda path: path.stem)
def test_a_picture_of_a_run_shows_keys_and_colours_that_there_are(picture: Path) -> None:
    """Such pictures take minutes to make, so that no test makes them: but a key or a colour that
    was changed since tells an old one."""
    text = picture.read_text("utf-8")
    assert f'fill="{QUIET.background}"' in text
    last = rows_of(text)[-1]
    keys = [found for part in last.split("   ") if (found := _KEY.fullmatch(part.strip()))]
    assert keys or "\N{BOX DRAWINGS LIGHT ARC UP AND RIGHT}" in last or picture.stem == _FILLED
    assert [key["meaning"] for key in keys if f'"{key["meaning"]}"' not in _SOURCE] == []

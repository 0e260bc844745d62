"""Whatever terminal an admin comes with: the screens come up, answer keys, and leave it as it was;
where they cannot be drawn, the commands are named instead."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.ssh.operator import operator
from tests.ssh.server import Sshd, program
from tests.tui.ledgers import held, make_done, make_running
from transfer.workspace import Home

_ESCAPES = re.compile(r"\[\?|\[[0-9;]+[mHhl]|\x1b")


@pytest.mark.parametrize(
    "term", ["xterm-256color", "xterm", "screen", "screen-256color", "tmux", "linux", "vt100"]
)
def test_the_screens_come_up_answer_keys_and_leave(
    sshd: Sshd, home: Home, tmp_path: Path, term: str
) -> None:
    make_done(home)
    with operator(tmp_path, sshd.client(program(home)), term=term) as one:
        screen = one.wait_for("12 of 12 verified")
        assert "breast-2023" in screen
        assert not _ESCAPES.search(screen)
        one.press("?")
        one.wait_for("Leave")
        one.press("Escape")
        one.wait_for("12 of 12 verified")
        one.press("C-q")
        screen = one.wait_for("ended with 0")
        # The other screen was given back: what was typed before stands there again.
        assert "breast-2023" not in screen


def test_without_colour_nothing_but_greys_goes_over_the_line(
    sshd: Sshd, home: Home, tmp_path: Path
) -> None:
    make_done(home)
    environ = {"NO_COLOR": "1"}
    with operator(tmp_path, sshd.client(program(home)), environ=environ) as one:
        screen = one.wait_for("12 of 12 verified")
        # A state is a word and a sign, not only a colour.
        assert "✓ images sent" in screen
        for wrapped in re.findall(rb"\x1b\[[0-9;]*m", one.bytes_seen):
            for red, green, blue in re.findall(rb"[34]8;2;(\d+);(\d+);(\d+)", wrapped):
                assert red == green == blue, wrapped


@pytest.mark.parametrize(
    ("term", "environ", "says"),
    [
        ("dumb", {}, "TERM=dumb"),
        (
            "xterm-256color",
            {"LANG": "C", "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
            "not set to UTF-8",
        ),
    ],
)
def test_what_cannot_show_the_screens_is_told_which_commands_do_the_same(
    sshd: Sshd, home: Home, tmp_path: Path, term: str, environ: dict[str, str], says: str
) -> None:
    remote = program(home, environ=environ)
    with operator(tmp_path, sshd.client(remote), term=term) as one:
        screen = one.wait_for("ended with 2")
    assert says in screen
    assert "eucaim-transfer list" in screen


def test_a_window_that_changes_its_size_is_painted_anew(
    sshd: Sshd, home: Home, tmp_path: Path
) -> None:
    workspace = make_running(home)
    with held(workspace), operator(tmp_path, sshd.client(program(home))) as one:
        one.wait_for("lung-2024")
        one.press("Enter")
        one.wait_for("requests")
        for columns, rows in ((120, 40), (200, 50), (60, 15), (80, 24)):
            one.resize(columns, rows)
            # The last row is the keys', whatever the height.
            screen = one.wait_for("Leave|Help|Keys|Pause")
            assert max(len(row.rstrip()) for row in screen.split("\n")) <= columns
        one.wait_for("requests")


def test_a_path_that_is_pasted_arrives_whole_and_starts_nothing(
    sshd: Sshd, home: Home, tmp_path: Path
) -> None:
    make_done(home)
    path = "/data/" + "/".join(f"exports of department {n}" for n in range(20))
    with operator(tmp_path, sshd.client(program(home)), columns=120, rows=40) as one:
        one.wait_for("12 of 12 verified")
        # Keys have meanings here; a paste is no keys.
        one.paste(path)
        one.press("?")
        one.wait_for("Leave")
        one.press("Escape")
        one.wait_for("12 of 12 verified")

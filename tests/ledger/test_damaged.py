"""A ledger with noise in it, wherever that falls: plain words, never a fault of the program."""

from __future__ import annotations

import random
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Final

import pytest

from tests.faults.damaging import cut, empty, put_foreign, ruin_header, settle
from transfer.errors import LedgerDamaged
from transfer.ledger.connection import Ledger
from transfer.ledger.soundness import demand_sound
from transfer.workspace import HOME_VARIABLE, Home, Workspace
from tui.cli.commands import run_command

COMMANDS: Final = (
    ("status", "lung", "--json"),
    ("list",),
    ("select", "lung"),
    ("legal", "lung"),
    ("timepoints", "lung"),
    ("recover", "lung"),
)
SEEDS: Final = range(24)


@pytest.fixture
def whole(home: Home, workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the whole ledger, to be damaged in its place again and again."""
    monkeypatch.setenv(HOME_VARIABLE, str(home.root))
    settle(workspace.ledger)
    copy = home.root / "whole.sqlite"
    shutil.copy(workspace.ledger, copy)
    return copy


def _put(whole: Path, workspace: Workspace) -> None:
    for path in workspace.folder.glob("ledger*"):
        path.unlink()
    shutil.copy(whole, workspace.ledger)


def _noise(workspace: Workspace, seed: int) -> None:
    dice = random.Random(seed)  # noqa: S311 - noise
    size = workspace.ledger.stat().st_size
    with workspace.ledger.open("r+b") as file:
        for _ in range(dice.choice((1, 1, 4))):
            file.seek(dice.randrange(size - 4096))
            file.write(dice.randbytes(dice.choice((1, 16, 512, 4096))))


def test_noise_anywhere_is_told_in_plain_words_and_is_no_fault_of_the_program(
    whole: Path, workspace: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    noticed = 0
    for seed in SEEDS:
        _put(whole, workspace)
        _noise(workspace, seed)
        for words in COMMANDS:
            code = run_command(words)
            out, err = capsys.readouterr()
            told = f"seed {seed}, {words}: {code} {err}"
            assert code in (0, 2, 3), told
            assert "fault of its own" not in err, told
            assert "Traceback" not in out + err, told
            if code == 2 and words[0] != "recover":
                assert err.count("\n") == 2, told
                assert "eucaim-transfer recover lung" in err, told
        noticed += code == 2
    # Else whole ledgers were looked at.
    assert noticed >= len(SEEDS) // 4


@pytest.mark.parametrize("harm", [ruin_header, empty, put_foreign, cut])
def test_what_is_no_ledger_is_never_made_into_an_empty_one(
    workspace: Workspace, harm: object
) -> None:
    assert callable(harm)
    harm(workspace.ledger)
    before = workspace.ledger.read_bytes()
    for read_only in (True, False):
        with pytest.raises(LedgerDamaged) as refused:
            Ledger.open(workspace.ledger, read_only=read_only)
        assert "eucaim-transfer recover lung" in refused.value.remedy
    assert workspace.ledger.read_bytes() == before


def test_an_index_that_disagrees_with_its_table_stops_a_run(workspace: Workspace) -> None:
    """Every page is as it should be, and yet an instance would not be found."""
    with closing(sqlite3.connect(workspace.ledger)) as raw:
        raw.execute("PRAGMA writable_schema = ON")
        raw.execute(
            "UPDATE sqlite_master SET sql = replace(sql, '(batch_id)', '(file_id)')"
            " WHERE name = 'instance_batch'"
        )
        raw.commit()
    with Ledger.open(workspace.ledger) as ledger, pytest.raises(LedgerDamaged, match="damaged"):
        demand_sound(ledger)


def test_what_sqlite_finds_is_told_without_its_words(workspace: Workspace) -> None:
    settle(workspace.ledger)
    with closing(sqlite3.connect(workspace.ledger)) as file:
        file.executescript(
            "PRAGMA writable_schema = ON; DELETE FROM sqlite_master WHERE name = 'instance_series'"
        )
    with Ledger.open(workspace.ledger) as ledger, pytest.raises(LedgerDamaged) as refused:
        demand_sound(ledger)
    assert refused.value.what == (
        "The ledger is damaged: parts of it do not hold together. Nothing goes on with it."
    )

"""`purge` by command: what has to be typed, what refuses, and when it is due."""

from __future__ import annotations

import fcntl
import json
import os
from pathlib import Path
from typing import Any

import pytest

from tests.cli.test_json_documents import promised_keys
from tests.tui.ledgers import fill, make_done, make_first_ledger
from transfer.ledger.connection import Ledger
from transfer.ledger.publication import keep_dataset
from transfer.ledger.retention import read_retention
from transfer.publication.values import Dataset, Stage
from transfer.workspace import Home
from tui.cli.commands import run_command


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    """A home with one transfer, all of which is on the node."""
    monkeypatch.setenv("EUCAIM_TRANSFER_HOME", str(tmp_path / "home"))
    found = Home.at(tmp_path / "home")
    found.prepare()
    make_done(found, "lung")
    return found


def retention(home: Home, name: str = "lung") -> Any:
    with Ledger.open(home.workspace(name).ledger, read_only=True) as ledger:
        return read_retention(ledger)


def test_without_the_name_typed_nothing_is_removed(
    home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    for words in ((), ("--confirm", "Lung")):
        assert run_command(["purge", "lung", *words]) == 2
        assert "nothing was removed" in capsys.readouterr().err
    assert not retention(home).is_begun


def test_with_the_name_typed_originals_go_and_what_stays_is_told(
    home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_command(["purge", "lung", "--confirm", "lung", "--by", "Ada"]) == 0
    said = capsys.readouterr().out
    for told in ("Originals of lung are removed.", "digest", "backups and snapshots of the home"):
        assert told in said
    assert b"SURNAME1" not in home.workspace("lung").ledger.read_bytes()


def test_the_document_holds_the_keys_that_are_promised(
    home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_command(["purge", "lung", "--confirm", "lung", "--json"]) == 0
    assert set(json.loads(capsys.readouterr().out)) == promised_keys("purge")


def test_what_is_not_verified_keeps_its_originals_unless_a_person_says_otherwise(
    home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    workspace = make_first_ledger(home, "half")
    fill(workspace, [("CT", 3, 0, 2, 0)])
    assert run_command(["purge", "half", "--confirm", "half"]) == 3
    said = capsys.readouterr().err
    assert "3 instances of 5 that go were not verified on the node." in said
    assert not retention(home, "half").is_begun
    assert run_command(["purge", "half", "--confirm", "half", "--even-unfinished"]) == 0
    assert retention(home, "half").is_done


def test_a_dataset_that_waits_for_the_platform_keeps_its_originals(
    home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    dataset = Dataset("d-1", "Lung", Stage.RELEASED)
    with Ledger.open(home.workspace("lung").ledger) as ledger, ledger.transaction():
        keep_dataset(ledger, dataset, "picked-up", "2026-01-01T00:00:00.000Z")
    assert run_command(["purge", "lung", "--confirm", "lung"]) == 3
    assert "The dataset is not published yet" in capsys.readouterr().err


def test_a_runner_that_holds_the_transfer_is_not_disturbed(
    home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    descriptor = os.open(home.workspace("lung").lock, os.O_RDWR | os.O_CREAT, 0o600)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    try:
        assert run_command(["purge", "lung", "--confirm", "lung"]) == 7
    finally:
        os.close(descriptor)
    assert not retention(home).is_begun


def test_the_day_is_recorded_and_reminded_of_once_it_is_past(
    home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_command(["purge", "lung", "--due", "2020-01-01", "--by", "Ada"]) == 0
    capsys.readouterr()
    run_command(["list"])
    assert "originals are to be removed since 2020-01-01" in capsys.readouterr().out
    run_command(["status", "lung"])
    assert "since 2020-01-01 originals are to be removed" in capsys.readouterr().out
    run_command(["status", "lung", "--json"])
    told = json.loads(capsys.readouterr().out)["retention"]
    assert (told["due"], told["is_due"], told["purged_at"]) == ("2020-01-01", True, None)


def test_before_its_day_nothing_is_removed(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(["purge", "lung", "--due", "2999-12-31"]) == 0
    assert run_command(["purge", "lung", "--confirm", "lung"]) == 3
    assert "Originals are to be kept until 2999-12-31." in capsys.readouterr().err
    assert run_command(["purge", "lung", "--due", "none"]) == 0
    assert run_command(["purge", "lung", "--confirm", "lung"]) == 0


@pytest.mark.parametrize("day", ["31.12.2036", "2036-13-01", "soon"])
def test_what_is_no_day_is_refused(
    home: Home, day: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_command(["purge", "lung", "--due", day]) == 2
    assert "That is no date." in capsys.readouterr().err
    assert retention(home).due_day == ""

"""The last good state of a ledger: a copy that was looked through before it is trusted."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.faults.damaging import ruin_instances
from transfer.errors import LedgerDamaged
from transfer.ledger import backup
from transfer.ledger.backup import Kept, backup_of, is_backup_sound, keep_backup
from transfer.ledger.connection import Ledger
from transfer.ledger.retention import begin_removal
from transfer.workspace import Workspace


@contextmanager
def _writing(workspace: Workspace) -> Iterator[Ledger]:
    with Ledger.open(workspace.ledger) as ledger:
        yield ledger


def test_the_copy_is_whole_its_owners_alone_and_the_only_file_that_is_left(
    workspace: Workspace,
) -> None:
    with _writing(workspace) as ledger:
        assert keep_backup(ledger) is Kept.MADE
    path = backup_of(workspace.ledger)
    assert is_backup_sound(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert sorted(p.name for p in workspace.folder.iterdir()) == [
        "backup.lock",
        "ledger.backup.sqlite",
        "ledger.sqlite",
    ]


def test_a_damaged_ledger_does_not_take_the_place_of_its_last_good_state(
    workspace: Workspace,
) -> None:
    with _writing(workspace) as ledger:
        keep_backup(ledger)
    good = backup_of(workspace.ledger).read_bytes()
    ruin_instances(workspace.ledger)
    with _writing(workspace) as ledger, pytest.raises(LedgerDamaged, match="Nothing goes on"):
        keep_backup(ledger)
    assert backup_of(workspace.ledger).read_bytes() == good
    assert not list(workspace.folder.glob("*.part*"))


def test_a_disk_without_room_costs_the_copy_and_is_told_once(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backup, "_SPARE_BYTES", 1 << 60)
    with _writing(workspace) as ledger:
        assert keep_backup(ledger) is Kept.NO_ROOM
        assert keep_backup(ledger) is Kept.NO_ROOM
        told = ledger.rows("SELECT text FROM event WHERE kind = 'backup'")
    assert told == [("The disk of the home has no room for a copy of the ledger; none is kept.",)]
    assert not backup_of(workspace.ledger).exists()


def test_a_copy_that_would_take_minutes_is_made_only_once_in_twenty_times_as_long(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As slow as if it were large: ten seconds.
    with _writing(workspace) as ledger:
        size = ledger.number("SELECT page_count * 4096 FROM pragma_page_count")
        monkeypatch.setattr(backup, "_BYTES_PER_S", size / 10)
        monkeypatch.setattr(backup, "SMALL_BYTES", 0)
        assert keep_backup(ledger) is Kept.MADE
        made = backup_of(workspace.ledger).stat().st_mtime
        assert keep_backup(ledger) is Kept.NOT_DUE
        assert keep_backup(ledger, is_wanted=True) is Kept.MADE
        os.utime(backup_of(workspace.ledger), (made - 201, made - 201))
        assert keep_backup(ledger) is Kept.MADE


def test_whoever_is_to_stop_is_not_held_up_by_a_copy(workspace: Workspace) -> None:
    with _writing(workspace) as ledger:
        assert keep_backup(ledger, should_stop=lambda: True) is Kept.STOPPED
    assert not list(workspace.folder.glob("ledger.backup*"))


def test_nothing_is_copied_once_originals_are_being_removed(workspace: Workspace) -> None:
    with _writing(workspace) as ledger:
        begin_removal(ledger, "0" * 64)
        assert keep_backup(ledger, is_wanted=True) is Kept.ENDED
    assert not backup_of(workspace.ledger).exists()


def test_what_a_killed_copy_left_is_in_nobodys_way(workspace: Workspace) -> None:
    (workspace.folder / "ledger.backup.part").write_bytes(b"half of it")
    with _writing(workspace) as ledger:
        assert keep_backup(ledger) is Kept.MADE
    assert not list(workspace.folder.glob("*.part*"))

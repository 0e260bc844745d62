"""A removal on ledgers written row by row: names, keys, texts, and who may not be disturbed."""

from __future__ import annotations

import fcntl
import json
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.recall.cohorts import KEY, add_patient, add_row, cohort
from transfer.deid.keys.key import fingerprint
from transfer.deid.keys.keyring import CohortKey, KeyFacts, keep_key, key_path
from transfer.deid.keys.register import Cohort, Entry, read_entries, register, write_entries
from transfer.errors import RunnerHeld, StepBlocked
from transfer.ledger import connection
from transfer.ledger.connection import Ledger
from transfer.ledger.order import Word, record_word
from transfer.ledger.recalled import rows_removed
from transfer.ledger.retention import read_retention
from transfer.recall.sent import instances_out, what_went
from transfer.recall.who import FoundBy, NobodyFound, find
from transfer.retention.folder import remove_copies
from transfer.retention.names import went_under_originals
from transfer.retention.purging import Hands, purge
from transfer.retention.speech import telling_records
from transfer.workspace import Home, Workspace

HANDS = Hands(lambda: "ab" * 32, lambda ledger: None, lambda: None, lambda line: None)
MARK = fingerprint(KEY)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    found = Home.at(tmp_path / "home")
    found.prepare()
    return found


def _workspace(home: Home, name: str = "t") -> Workspace:
    (home.transfers / name).mkdir(mode=0o700)
    return Workspace(home.transfers / name)


@pytest.fixture
def workspace(home: Home) -> Workspace:
    return _workspace(home)


@pytest.fixture
def ledger(workspace: Workspace) -> Iterator[Ledger]:
    with cohort(workspace.folder) as made:
        yield made


def _keep_key(home: Home, *cohorts: Cohort) -> Path:
    key = CohortKey(KEY, KeyFacts(MARK, "2026-01-01T00:00:00.000Z", "made", False))
    with register(home) as path:
        keep_key(home, key, None)
        write_entries(path, [Entry(one, MARK, "2026-01-01T00:00:00.000Z") for one in cohorts])
    return key_path(home, MARK)


OWN = Cohort("node", "PROJECT", "")


def test_names_on_the_node_stay_and_lead_to_what_lies_there(
    home: Home, workspace: Workspace, ledger: Ledger
) -> None:
    patient = add_patient(ledger, "NHC-1", ["verified", "sent", "excluded"])
    add_row(ledger, "NHC-1", patient.row)
    done = purge(home, workspace, ledger, HANDS)
    assert (done.retention.is_done, done.retention.names) == (True, "kept")
    sent = what_went(ledger, find(ledger, "EUCAIM-00001"), "EUCAIM-00001")
    assert [one.uid for one in instances_out(ledger, sent)] == ["2.25.1.1.0", "2.25.1.1.1"]
    assert [study.ref.study_uid for study in sent.studies] == ["2.25.1"]
    assert sent.row_count == rows_removed(ledger, (1,)) == 1
    with pytest.raises(NobodyFound, match="leads nowhere any more"):
        find(ledger, "NHC-1")


def test_nothing_is_kept_under_which_nothing_went(
    home: Home, workspace: Workspace, ledger: Ledger
) -> None:
    add_patient(ledger, "NHC-1", ["excluded", "failed", "ready"])
    purge(home, workspace, ledger, HANDS)
    assert ledger.rows("SELECT pseudonym FROM patient") == [(None,)]
    assert ledger.rows("SELECT out_study_uid FROM study") == [(None,)]
    assert ledger.rows("SELECT DISTINCT out_sop_instance_uid FROM instance") == [(None,)]


def test_without_names_nobody_is_found_and_it_says_why(
    home: Home, workspace: Workspace, ledger: Ledger
) -> None:
    add_patient(ledger, "NHC-1")
    purge(home, workspace, ledger, HANDS, keeps_names=False)
    with pytest.raises(NobodyFound, match="so were the names"):
        find(ledger, "EUCAIM-00001")


@pytest.mark.parametrize(("is_marked", "fate"), [(True, "kept"), (False, "removed")])
def test_files_that_went_as_they_are_leave_their_names_only_if_they_were_marked(
    home: Home, workspace: Workspace, is_marked: bool, fate: str
) -> None:
    with cohort(workspace.folder, None) as ledger:
        add_patient(ledger, "SUBJ-1", is_marked=is_marked)
        assert went_under_originals(ledger) is not is_marked
        done = purge(home, workspace, ledger, HANDS)
        assert done.retention.names == fate
        content = workspace.ledger.read_bytes()
        assert (b"SUBJ-1" in content) is is_marked
        if is_marked:
            assert find(ledger, "SUBJ-1").found_by is FoundBy.PSEUDONYM


def test_the_key_stays_until_the_last_transfer_of_its_cohort_is_purged(home: Home) -> None:
    key = _keep_key(home, OWN)
    first, second = _workspace(home, "t"), _workspace(home, "u")
    with cohort(first.folder) as one, cohort(second.folder) as other:
        for made in (one, other):
            add_patient(made, "NHC-1")
        done = purge(home, first, one, HANDS)
        assert (done.retention.key_fate, done.needed_by) == ("kept", ("u",))
        assert key.exists()
        last = purge(home, second, other, HANDS)
        assert (last.retention.key_fate, last.needed_by) == ("removed", ())
    assert not key.exists()
    assert read_entries(home) == []


def test_a_key_that_another_cohort_has_too_stays_for_that_one(
    home: Home, workspace: Workspace, ledger: Ledger
) -> None:
    other = Cohort("node", "OTHER", "")
    key = _keep_key(home, OWN, other)
    add_patient(ledger, "NHC-1")
    assert purge(home, workspace, ledger, HANDS).retention.key_fate == "kept"
    assert key.exists()
    assert [entry.cohort for entry in read_entries(home)] == [other]


def test_a_ledger_that_cannot_be_read_may_need_the_key(
    home: Home, workspace: Workspace, ledger: Ledger
) -> None:
    key = _keep_key(home, OWN)
    broken = _workspace(home, "broken")
    broken.ledger.write_bytes(b"no ledger at all")
    assert purge(home, workspace, ledger, HANDS).needed_by == ("broken",)
    assert key.exists()


def test_words_of_persons_stay_and_what_tells_of_a_patient_goes(
    home: Home, workspace: Workspace, ledger: Ledger
) -> None:
    add_patient(ledger, "NHC-1371538", name="Sommerfeld^Adalbert")
    record_word(ledger, Word("waive X-01", "yes", "Ada", "as Adalbert Sommerfeld agreed on Monday"))
    record_word(ledger, Word("select only study-date", "20240102-20240103", "Ada", "pilot"))
    purge(home, workspace, ledger, HANDS)
    said = ledger.rows("SELECT value, person, reason FROM word ORDER BY id")
    assert said == [("yes", "Ada", "as ••••• ••••• agreed on Monday"), ("", "Ada", "pilot")]


def test_a_record_that_is_never_changed_is_named_where_it_tells_of_a_patient(
    home: Home, workspace: Workspace, ledger: Ledger
) -> None:
    add_patient(ledger, "NHC-1371538", name="Sommerfeld^Adalbert")
    with ledger.transaction():
        for reason in ("waits for the board", "Adalbert Sommerfeld objected"):
            ledger.write(
                "INSERT INTO legal (what, state, person, day, sha256, is_digested_here, ticket,"
                " reason, entered_by, is_sandbox, recorded_at_utc) VALUES ('dpia', 'missing',"
                " 'Ada', '2026-01-01', '', 0, '', ?, 'Ada', 0, '2026-01-01T00:00:00.000Z')",
                reason,
            )
    assert telling_records(ledger) == ["legal 2"]
    assert purge(home, workspace, ledger, HANDS).telling == ("legal 2",)
    assert ledger.number("SELECT count(*) FROM legal") == 2


def test_the_evidence_comes_first_and_without_it_nothing_is_removed(
    home: Home, workspace: Workspace, ledger: Ledger
) -> None:
    add_patient(ledger, "NHC-1")

    def refuse() -> str:
        raise StepBlocked("The report was not handed out.", "Say it anew.")

    hands = Hands(refuse, lambda ledger: None, lambda: None, lambda line: None)
    with pytest.raises(StepBlocked, match="not handed out"):
        purge(home, workspace, ledger, hands)
    assert not read_retention(ledger).is_begun
    assert find(ledger, "NHC-1").patients == (1,)


def test_no_original_is_removed_while_a_runner_or_somebody_at_step_10_holds_the_transfer(
    home: Home, workspace: Workspace, ledger: Ledger
) -> None:
    add_patient(ledger, "NHC-1")
    for lock in (workspace.lock, workspace.folder / "publication.lock"):
        descriptor = os.open(lock, os.O_RDWR | os.O_CREAT, 0o600)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        with pytest.raises(RunnerHeld):
            purge(home, workspace, ledger, HANDS)
        os.close(descriptor)
    assert not read_retention(ledger).is_begun


def test_a_reader_in_the_way_is_told_and_the_next_call_finishes(
    home: Home, workspace: Workspace, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_patient(ledger, "NHC-1371538")
    monkeypatch.setattr(connection, "BUSY_TIMEOUT_S", 0.0)
    reader = sqlite3.connect(workspace.ledger, isolation_level=None)
    reader.execute("BEGIN")
    assert reader.execute("SELECT count(*) FROM patient").fetchone() == (1,)
    with Ledger.open(workspace.ledger) as impatient:
        impatient.names = ledger.names
        with pytest.raises(StepBlocked, match="being read by another program"):
            purge(home, workspace, impatient, HANDS)
    reader.close()
    now = read_retention(ledger)
    assert (now.is_begun, now.is_done) == (True, False)
    assert purge(home, workspace, ledger, HANDS).retention.is_done
    log = workspace.ledger.with_name("ledger.sqlite-wal")
    assert b"NHC-1371538" not in workspace.ledger.read_bytes() + log.read_bytes()


def test_links_in_the_folder_are_removed_and_never_followed(
    workspace: Workspace, tmp_path: Path
) -> None:
    outside = tmp_path / "source"
    outside.mkdir()
    (outside / "image.dcm").write_bytes(b"original")
    workspace.folder.joinpath("linked").symlink_to(outside)
    workspace.folder.joinpath("linked.lock").symlink_to(outside / "image.dcm")
    workspace.folder.joinpath("told.lock").write_text("NHC-1")
    workspace.ledger.touch()
    assert remove_copies(workspace) == 1
    assert (outside / "image.dcm").read_bytes() == b"original"
    assert sorted(path.name for path in workspace.folder.iterdir()) == [
        "ledger.sqlite",
        "told.lock",
    ]
    assert workspace.folder.joinpath("told.lock").read_bytes() == b""


def test_the_seals_of_the_audit_log_lead_to_no_word_any_more(
    home: Home, workspace: Workspace, ledger: Ledger
) -> None:
    from transfer.ledger.audit import audit_lines, seal_audit

    record_word(ledger, Word("waive X-01", "yes", "Ada", "agreed"))
    seal_audit(ledger)
    secret = ledger.row("SELECT value FROM setting WHERE name = 'audit-secret'")
    before = list(audit_lines(ledger))
    purge(home, workspace, ledger, HANDS)
    assert ledger.row("SELECT value FROM setting WHERE name = 'audit-secret'") != secret
    after = list(audit_lines(ledger))
    assert after[: len(before)] == before
    assert "Originals are removed" in json.dumps(after[-1])

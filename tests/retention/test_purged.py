"""After a purge no planted identifier stands in any byte of the home, and the evidence is whole."""

from __future__ import annotations

import csv
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.program import Program
from tests.retention.prepared import NAME, RAW, Prepared, copied, found_in
from transfer.ledger.connection import Ledger


@dataclass
class Purged:
    """The home after both transfers were purged, and what the commands said."""

    program: Program
    made: Prepared
    documents: dict[str, Any]

    @property
    def home(self) -> Path:
        return self.program.home

    def folder(self, name: str = NAME) -> Path:
        return self.home / "transfers" / name


@pytest.fixture(scope="module")
def purged(made: Prepared, tmp_path_factory: pytest.TempPathFactory) -> Purged:
    program = copied(made, tmp_path_factory.mktemp("purged"))
    documents = {
        name: program.good("purge", name, "--confirm", name, *words, "--json").document
        for name, words in ((NAME, ()), (RAW, ("--even-unfinished",)))
    }
    return Purged(program, made, documents)


def test_the_home_held_planted_identifiers_before(made: Prepared) -> None:
    # Whoever looked last decides whether it stands in the ledger or in its log.
    files = {name.removesuffix("-wal") for name, _ in found_in(made.home, made.values)}
    assert files >= {
        f"transfers/{NAME}/ledger.sqlite",
        f"transfers/{NAME}/ledger.sqlite.before",
        f"transfers/{RAW}/ledger.sqlite",
    }


def test_no_planted_identifier_stands_in_any_byte_of_the_home(purged: Purged) -> None:
    assert found_in(purged.home, purged.made.values) == []


def test_no_original_uid_path_or_date_is_left_in_the_ledger(purged: Purged) -> None:
    with Ledger.open(purged.folder().joinpath("ledger.sqlite"), read_only=True) as ledger:
        assert ledger.number("SELECT count(*) FROM instance") == 20
        for table, column in (
            ("patient", "original_id"),
            ("study", "study_uid"),
            ("series", "series_uid"),
            ("instance", "sop_instance_uid"),
        ):
            found = ledger.rows(f"SELECT {column} FROM {table}")  # noqa: S608 - literals above
            assert found
            assert all(text.startswith("\x1f") for (text,) in found)
        assert ledger.rows("SELECT DISTINCT study_date, description FROM study") == [("", "")]
        assert all(path[:2] == b"\0F" for (path,) in ledger.rows("SELECT path FROM source_file"))


def test_ledger_locks_and_evidence_are_all_that_stays_of_a_transfer(purged: Purged) -> None:
    there = {path.name for path in purged.folder().iterdir()}
    locks = {name for name in there if name.endswith(".lock")}
    # Whoever looks makes a log, which holds nothing; a later report is asked for below.
    passing = {"ledger.sqlite-wal", "ledger.sqlite-shm", "report-later"}
    assert there - locks - passing == {"ledger.sqlite", "ledger.words.jsonl", "report"}
    assert locks >= {"runner.lock", "purge.lock"}
    assert {(purged.folder() / lock).stat().st_size for lock in locks} == {0}
    assert purged.documents[NAME]["copies_removed"] > 2


def test_the_evidence_of_before_is_kept_and_proved_by_the_digest_that_was_told(
    purged: Purged,
) -> None:
    digest = purged.documents[NAME]["report_digest"]
    ran = purged.program.good("report", "--verify", purged.folder() / "report", "--digest", digest)
    assert "Whole" in ran.out
    assert purged.program.status(NAME)["retention"]["report_digest"] == digest


def test_a_later_report_lies_beside_the_evidence_and_tells_the_same(purged: Purged) -> None:
    later = purged.program.good("report", NAME, "--json").document
    assert later["folder"] == str(purged.folder() / "report-later")
    rows = {}
    for name in ("report", "report-later"):
        folder = purged.folder() / name
        with (folder / "receipts" / "instances-00001.csv").open(newline="") as file:
            rows[name] = list(csv.DictReader(file))
    assert len(rows["report"]) == 20
    assert rows["report"] == rows["report-later"]
    before, after = ((purged.folder() / name / "audit.jsonl").read_text() for name in rows)
    assert after.startswith(before)
    assert found_in(purged.folder() / "report-later", purged.made.values) == []


def test_the_evidence_is_never_written_over(purged: Purged) -> None:
    ran = purged.program.run("report", NAME, "--out", purged.folder() / "report")
    assert ran.code == 2
    assert "cannot be made again" in ran.err


def test_recall_by_pseudonym_still_finds_what_lies_on_the_node(purged: Purged) -> None:
    (subject, sessions), *_ = sorted(purged.made.labels.items())
    found = purged.program.good("recall", NAME, subject, "--json").document
    assert found["subjects"] == [subject]
    assert {study["session"] for study in found["studies"]} <= set(sessions)
    in_all = {study["session"] for study in (*found["studies"], *found["volumes"])}
    assert in_all == set(sessions)
    assert found["counts"]["instances"]["verified"] == len(found["instances"])
    assert all(one["sop_instance_uid"] for one in found["instances"])
    assert found["counts"]["rows"] == 1
    assert subject in found["ticket"]["body"]


def test_recall_by_an_original_id_says_why_it_cannot(purged: Purged) -> None:
    ran = purged.program.run("recall", NAME, purged.made.patients[0])
    assert ran.code == 2
    assert "an original Patient ID leads nowhere any more" in ran.err
    assert "Give the pseudonym" in ran.err


def test_names_of_unmarked_files_that_went_as_they_are_do_not_stay(purged: Purged) -> None:
    assert purged.documents[RAW]["names"] == "removed"
    ran = purged.program.run("recall", RAW, purged.made.patients[0])
    assert ran.code == 2
    assert "so were the names under which they lie on the node" in ran.err


def test_a_purged_transfer_is_still_listed_and_its_figures_stay(purged: Purged) -> None:
    listed = purged.program.good("list", "--json").document["transfers"]
    assert [(one["transfer"], one["state"], one["verified"]) for one in listed] == [
        (RAW, "purged", 20),
        (NAME, "purged", 20),
    ]
    status = purged.program.status(NAME)
    assert status["state"] == "purged"
    assert status["instances"]["verified"] == 20
    assert (status["patients"], status["next"]) == (2, None)


@pytest.mark.parametrize(
    "words",
    [
        ("upload", NAME),
        ("clinical", NAME),
        ("publish", NAME, "--confirm", NAME),
        ("select", NAME, "--clear"),
        ("preview", NAME, "E1"),
        ("key", "show", NAME),
    ],
)
def test_what_needs_originals_refuses_with_a_sentence(
    purged: Purged, words: tuple[str, ...]
) -> None:
    ran = purged.program.run(*words)
    assert ran.code == 3
    assert "were removed on" in ran.complaint[0]


def test_the_key_is_gone_with_its_entry(purged: Purged) -> None:
    assert purged.documents[NAME]["key"] == "removed"
    assert list((purged.home / "keys").glob("*.key")) == []
    assert json.loads((purged.home / "keys" / "cohorts.json").read_text())["cohorts"] == []


def test_purging_again_does_nothing_and_says_so(purged: Purged) -> None:
    again = purged.program.good("purge", NAME, "--json").document
    assert again["was_done"] is True
    assert again["report_digest"] == purged.documents[NAME]["report_digest"]


def test_the_words_of_staff_stay_without_what_tells_of_a_patient(purged: Purged) -> None:
    with Ledger.open(purged.folder().joinpath("ledger.sqlite"), read_only=True) as ledger:
        (found,) = ledger.rows("SELECT person, reason FROM word WHERE subject = 'ticket'")
    assert found[0] == "Dr Data"
    assert "is settled" in found[1]
    assert "•••••" in found[1]

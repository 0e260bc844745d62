"""Real files from disk into an XNAT project by the real command line, and its catalogues read.

`$EUCAIM_CORPUS` names the folder whose manifest says what each file is; nothing here knows a
particular file. What pydicom ships goes the same way. The project is read by a client of its own.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pytest

from adapters.sandbox.server import in_thread
from tests.corpus.test_corpus import BEYOND_ONE_FILE, ROLES, Row
from tests.engine.archive import Archive, ArchivedSession, Waiting
from tests.engine.test_corpus_to_orthanc import folder_of
from tests.program import Program, Ran
from transfer.ledger.connection import Ledger
from transfer.workspace import Home

pytestmark = pytest.mark.corpus

NAME = "corpus"


@dataclass
class Sent:
    """One folder after the whole way: the manifest, the program's words, the ledger, the node."""

    rows: Mapping[str, Row]
    upload: Ran
    status: Any
    scan: Any
    ledger: Sequence[tuple[str, str, str, str]]
    sessions: Sequence[ArchivedSession]
    prearchive: Sequence[Waiting]

    @cached_property
    def accepted(self) -> dict[str, Row]:
        return {
            name: row
            for name, row in self.rows.items()
            if row.told["format"] == "dicom" and row.told["verdict"] != "reject"
        }

    @cached_property
    def left_out(self) -> dict[str, Any]:
        return {left["path"]: left for left in self.status["left_out"]}

    def by_series(self) -> dict[tuple[str, str], set[str]]:
        """SOP Instance UIDs that the ledger calls verified, by Study and Series."""
        found: dict[tuple[str, str], set[str]] = {}
        for study, series, sop, state in self.ledger:
            if state == "verified":
                found.setdefault((study, series), set()).add(sop)
        return found


@pytest.fixture(scope="module", params=["copied_files", "shipped_by_pydicom"])
def sent(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Sent]:
    source, rows = folder_of(request.param, tmp_path_factory.mktemp("source"))
    with in_thread() as sandbox:
        home = tmp_path_factory.mktemp("home") / "home"
        program = Program(home, {"EUCAIM_TRANSFER_PASSWORD": "ingester"})
        node = {
            "kind": "xnat",
            "url": sandbox.xnat_url,
            "username": "ingester",
            "destinations": ["SANDBOX"],
            "ca_file": str(sandbox.ca_file),
            "gate": "integrity",
            "deidentified": "as-is",
            "listing_delay_s": 1,
        }
        program.configure({"xnat": node})
        program.good("new", NAME, "--node", "xnat", "--source", source)
        blocked = program.run("upload", NAME)
        assert blocked.code == 3, str(blocked)
        # What stands in the way of every node: file meta information that names another instance
        # is put right, and what is cut, or has another's UID, is left out.
        program.good("mend", NAME, "--file-meta-uid", "--by", "Dr Data")
        program.run("check", NAME)
        program.good("select", NAME, "--exclude-finding", "*", "--by", "Dr Data")
        upload = program.run("upload", NAME, "--json")
        status = program.status(NAME, "--identifiers")
        scan = program.good("scan", NAME, "--json", "--identifiers").document
        with Ledger.open(Home.at(home).workspace(NAME).ledger, read_only=True) as ledger:
            instances = ledger.rows(
                "SELECT t.study_uid, s.series_uid, i.sop_instance_uid, i.state FROM instance i"
                " JOIN series s ON s.id = i.series_id JOIN study t ON t.id = s.study_id"
            )
        archive = Archive(sandbox.xnat_url, sandbox.ca_file)
        yield Sent(rows, upload, status, scan, instances, archive.sessions(), archive.prearchive())
        assert list(sandbox.crashes) == []


def test_every_accepted_instance_is_verified_or_failed_in_words(sent: Sent) -> None:
    uids = {row.told["sop_uid"] for row in sent.accepted.values()}
    counts = sent.status["instances"]
    assert counts["found"] == counts["ready"] == len(uids)
    assert {sop for _, _, sop, _ in sent.ledger} == uids
    assert counts["verified"] + counts["failed"] == len(uids)
    assert len(sent.status["failed"]) == counts["failed"]
    assert all(failed["reason"] for failed in sent.status["failed"])


def test_the_exit_code_says_whether_everything_arrived(sent: Sent) -> None:
    assert sent.upload.code == (4 if sent.status["failed"] else 0), str(sent.upload)
    assert sent.upload.document["instances"] == sent.status["instances"]
    step = next(step for step in sent.status["steps"] if step["id"] == "images")
    assert step["state"] == ("blocked" if sent.status["failed"] else "done")


def test_each_study_is_one_archived_session(sent: Sent) -> None:
    sessions = Counter(session.study_uid for session in sent.sessions)
    assert sessions == Counter({study for study, _ in sent.by_series()})


def test_sessions_of_one_patient_are_of_one_subject(sent: Sent) -> None:
    patients = {
        row.told["study_uid"]: row.told["patient_id"].strip() for row in sent.accepted.values()
    }
    subjects: dict[str, set[str]] = {}
    for session in sent.sessions:
        subjects.setdefault(session.subject, set()).add(patients[session.study_uid])
    assert {subject: len(ids) for subject, ids in subjects.items() if len(ids) > 1} == {}


def test_each_series_lists_exactly_what_the_ledger_calls_verified(sent: Sent) -> None:
    listed = {
        (session.study_uid, series): set(uids)
        for session in sent.sessions
        for series, uids in session.series.items()
    }
    assert listed == sent.by_series()


def test_the_catalogues_name_each_instance_once(sent: Sent) -> None:
    names = Counter(uid for session in sent.sessions for uid in session.sop_instance_uids)
    assert [uid for uid, times in names.items() if times > 1] == []


def test_nothing_is_left_in_the_prearchive(sent: Sent) -> None:
    assert list(sent.prearchive) == []


def test_each_reject_is_named_with_its_reason(sent: Sent) -> None:
    wrong = []
    for name, row in sent.rows.items():
        if row.told["verdict"] != "reject":
            continue
        left = sent.left_out.get(name, {"verdict": "not named", "reasons": [], "message": ""})
        told = row.reasons - BEYOND_ONE_FILE - ROLES
        if left["verdict"] != "rejected" or set(left["reasons"]) != told or not left["message"]:
            wrong.append((name, left["verdict"], left["reasons"], sorted(told)))
    assert wrong == []


def test_each_duplicate_is_named_with_the_file_that_goes_in_its_place(sent: Sent) -> None:
    duplicates = {n for n, left in sent.left_out.items() if left["verdict"] == "duplicate"}
    assert len(duplicates) == len(sent.accepted) - len(sent.ledger)
    assert all(sent.left_out[name]["same_as"] for name in duplicates)


def test_the_scan_command_says_the_same_as_the_status(sent: Sent) -> None:
    for key in ("patients", "studies", "series", "files", "left_out"):
        assert sent.scan[key] == sent.status[key]

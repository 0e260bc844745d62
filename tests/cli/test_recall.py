"""`recall` by command: against what the node holds, and without a name on any command line."""

from __future__ import annotations

import csv
import io
import json
import stat
from pathlib import Path
from typing import Any

import pytest

from tests.cli.test_json_documents import promised_keys
from tests.retention.prepared import NAME, RAW, Prepared, copied, prepared
from transfer.ledger.audit import audit_lines, seal_audit
from transfer.ledger.connection import Ledger
from transfer.workspace import Home
from tui.cli.commands import run_command


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    return prepared(tmp_path_factory)


@pytest.fixture
def home(made: Prepared, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    program = copied(made, tmp_path)
    monkeypatch.setenv("EUCAIM_TRANSFER_HOME", str(program.home))
    return Home.at(program.home)


def recalled(capsys: pytest.CaptureFixture[str], *words: str) -> Any:
    capsys.readouterr()
    assert run_command(["recall", NAME, *words, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_an_original_id_lists_what_the_node_holds_of_that_subject_and_no_other(
    home: Home, made: Prepared, capsys: pytest.CaptureFixture[str]
) -> None:
    found = [recalled(capsys, patient) for patient in made.patients]
    labels = {}
    for document in found:
        (subject,) = document["subjects"]
        labels[subject] = {one["session"] for one in (*document["studies"], *document["volumes"])}
    assert labels == {subject: set(sessions) for subject, sessions in made.labels.items()}
    uids = [{one["sop_instance_uid"] for one in document["instances"]} for document in found]
    assert sum(map(len, uids)) == made.instances[NAME]
    assert not uids[0] & uids[1]


def test_a_pseudonym_lists_the_same_as_the_original_id(
    home: Home, made: Prepared, capsys: pytest.CaptureFixture[str]
) -> None:
    by_id = recalled(capsys, made.patients[1])
    by_pseudonym = recalled(capsys, by_id["subjects"][0])
    assert (by_id.pop("found_by"), by_pseudonym.pop("found_by")) == ("patient-id", "pseudonym")
    assert by_pseudonym == by_id


def test_a_name_is_read_from_standard_input_where_none_is_to_be_seen(
    home: Home,
    made: Prepared,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{made.patients[0]}\n"))
    assert recalled(capsys, "-")["patients"] == ["P1"]


def test_nobody_found_is_exit_2_and_names_no_one(
    home: Home, made: Prepared, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_command(["recall", NAME, made.patients[0].lower()]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert "It looks like P1 (but for capitals)" in said.err
    assert made.patients[0].lower() not in said.err.lower()


def test_the_list_is_for_its_owner_alone_and_holds_no_original(
    home: Home, made: Prepared, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    document = recalled(capsys, made.patients[0], "--csv", str(tmp_path / "list.csv"))
    path = tmp_path / "list.csv"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    kinds = [row["kind"] for row in rows]
    assert kinds.count("instance") == len(document["instances"]) > 0
    assert (kinds.count("volume"), kinds.count("clinical")) == (1, 1)
    text = path.read_text()
    assert [value for value in made.values if value in text] == []
    assert run_command(["recall", NAME, made.patients[0], "--csv", str(path)]) == 2


def test_originals_are_listed_only_where_they_are_asked_for(
    home: Home, made: Prepared, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    patient = made.patients[0]
    shown = recalled(capsys, patient, "--identifiers", "--csv", str(tmp_path / "with.csv"))
    hidden = recalled(capsys, patient)
    assert shown["originals"][0]["patient_id"] == patient
    assert patient in (tmp_path / "with.csv").read_text()
    assert patient not in json.dumps(hidden)


def test_the_document_holds_the_keys_that_are_promised(
    home: Home, made: Prepared, capsys: pytest.CaptureFixture[str]
) -> None:
    assert set(recalled(capsys, made.patients[0])) == promised_keys("recall")


def test_the_ticket_names_pseudonym_counts_and_node_and_no_original(
    home: Home, made: Prepared, capsys: pytest.CaptureFixture[str]
) -> None:
    document = recalled(capsys, made.patients[0])
    ticket = document["ticket"]
    assert ticket["case"] == "withdrawal-P1"
    assert ticket["title"] == "Withdrawal of one subject's data"
    (subject,) = document["subjects"]
    n = len(document["instances"])
    for told in (f"Subject: {subject}", "Node: sandbox-xnat", f"{n} instances", "1 NIfTI volume"):
        assert told in ticket["body"]
    assert [value for value in made.values if value in ticket["body"]] == []


def test_a_second_withdrawal_need_not_wait_for_the_first_ones_answer(
    home: Home, made: Prepared, capsys: pytest.CaptureFixture[str]
) -> None:
    first = recalled(capsys, made.patients[0])["ticket"]
    for case, number in (("withdrawal-P1", "1001"),):
        words = ["ticket", NAME, "--case", case, "--number", number, "--by", "Ada"]
        assert run_command(words) == 0
    second = recalled(capsys, made.patients[1])["ticket"]
    assert recalled(capsys, made.patients[0])["ticket"]["number"] == "1001"
    assert first["reference"] != second["reference"]
    assert (second["number"], second["why_not"]) == (None, None)


def test_that_it_was_asked_stands_in_the_audit_log_by_row_key(
    home: Home, made: Prepared, capsys: pytest.CaptureFixture[str]
) -> None:
    recalled(capsys, made.patients[0])
    run_command(["recall", NAME, "NOBODY-77"])
    with Ledger.open(home.workspace(NAME).ledger) as ledger:
        seal_audit(ledger)
        said = [line["text"] for line in audit_lines(ledger) if line.get("kind") == "recall"]
    assert said[0].startswith("It was asked what went of P1: ")
    assert said[0].endswith("Ticket case withdrawal-P1.")
    assert said[1] == "Somebody asked for a patient who is not of this transfer."


def test_files_that_went_as_they_are_are_listed_and_their_subject_is_masked(
    home: Home, made: Prepared, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    assert run_command(["recall", RAW, made.patients[0]]) == 0
    said = capsys.readouterr()
    assert made.patients[0] not in said.out + said.err
    assert "as in the files, which went as they are" in said.out
    assert "by a way that they name" in said.out


def test_the_help_says_how_to_keep_an_id_off_the_command_line(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit):
        run_command(["recall", "--help"])
    said = " ".join(capsys.readouterr().out.split())
    assert "seen by other accounts of the machine" in said
    assert "give - and it is asked for unseen" in said


@pytest.mark.parametrize("words", [("A1", "SOMMERFELD"), ("-A1SOMMERFELD",)])
def test_an_id_that_was_not_quoted_is_not_repeated(
    words: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_command(["recall", NAME, *words]) == 2
    assert "SOMMERFELD" not in capsys.readouterr().err

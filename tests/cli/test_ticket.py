"""The ticket by command: text to copy, to save or to send, and what became of it."""

from __future__ import annotations

import io
import json
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from adapters.sandbox.helpdesk import CUSTOMER
from adapters.sandbox.server import Options, Sandbox, in_thread
from adapters.secrets import SecretStore
from tests.tui.ledgers import fill, make_first_ledger
from transfer import __version__
from transfer.accounts import signed_in
from transfer.ledger.connection import Ledger
from transfer.ledger.steps import read_step
from transfer.ledger.tickets import reference_of
from transfer.node import Identity
from transfer.values import StepState
from transfer.workspace import Home
from tui.cli.commands import run_command

NAMED = ["--set", "name=Lung screening", "--set", "username=ada-l"]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    """A home with one transfer to each node, two patients read for the first."""
    monkeypatch.setenv("EUCAIM_TRANSFER_HOME", str(tmp_path))
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
    monkeypatch.delenv("DBUS_SESSION_BUS_ADDRESS", raising=False)
    found = Home.at(tmp_path)
    found.prepare()
    fill(make_first_ledger(found, "lung"), [("CT", 2, 0, 0, 0), ("MR", 1, 0, 0, 0)])
    make_first_ledger(found, "breast", node="health-ri")
    return found


@pytest.fixture
def desk(home: Home) -> Iterator[Sandbox]:
    """A helpdesk that the home knows, and whose token it has."""
    with in_thread(Options(auth="none")) as sandbox:
        (home.root / "config.toml").write_text(
            f'[helpdesk]\nurl = "{sandbox.helpdesk_url}"\nca_file = "{sandbox.ca_file}"\n'
        )
        SecretStore(home.root).put("helpdesk.token", CUSTOMER.token)
        yield sandbox


def step(home: Home) -> tuple[StepState, str]:
    with Ledger.open(home.workspace("lung").ledger, read_only=True) as ledger:
        found = read_step(ledger, "ticket")
    assert found is not None
    return found.state, found.evidence


def document(capsys: pytest.CaptureFixture[str], *words: str) -> Any:
    capsys.readouterr()
    assert run_command(["ticket", "lung", *words, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_the_text_stands_on_stdout_and_what_to_do_on_stderr(
    home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_command(["ticket", "lung", *NAMED]) == 0

    said = capsys.readouterr()
    with Ledger.open(home.workspace("lung").ledger, read_only=True) as ledger:
        reference = reference_of(ledger, "project")
    assert said.out == (
        "Title: Create a data ingestion imaging biobank\n"
        "Group: Reference nodes (if it is not offered: Technical support team)\n"
        "\n"
        "Please create this imaging biobank for data ingestion on the UPV reference node.\n"
        "\n"
        "Name of the biobank: Lung screening\n"
        "EUCAIM username of who manages it: ada-l\n"
        "Expected volume: 2 patients, 2 studies, less than 0.1 GB\n"
        "\n"
        f"Reference: {reference}\n"
        "Written with eucaim-transfer\n"
    )
    assert "https://help.cancerimage.eu" in said.err
    assert "https://dashboard.eucaim.cancerimage.eu/helpdesk" in said.err
    assert "ticket lung --case project --number N --by PERSON" in said.err


def test_each_node_has_its_own_title(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(["ticket", "breast", *NAMED]) == 0
    assert capsys.readouterr().out.startswith("Title: Create XNAT project\nGroup: Reference nodes")


@pytest.mark.parametrize(
    ("given", "missing", "there"),
    [
        ("name=Lung screening", "EUCAIM username of who manages it is missing", "Name of the"),
        ("username=ada-l", "Name of the biobank is missing", "EUCAIM username"),
    ],
)
def test_a_missing_field_is_named_and_nothing_is_printed(
    home: Home, given: str, missing: str, there: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_command(["ticket", "lung", "--set", given]) == 3
    said = capsys.readouterr()
    assert missing in said.err
    assert there not in said.err
    assert said.out == ""
    assert len(said.err.strip().splitlines()) == 2


def test_what_was_filled_in_is_kept(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(["ticket", "lung", "--set", "name=Lung"]) == 3
    assert run_command(["ticket", "lung", "--set", "username=ada-l"]) == 0
    assert "Name of the biobank: Lung\n" in capsys.readouterr().out


def test_the_username_is_that_of_the_account_where_it_is_known(
    home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    signed_in(home, "upv", Identity("bob-m", ()))
    found = document(capsys, "--set", "name=Lung")
    assert found["fields"]["username"] == "bob-m"
    assert found["proposed"] == ["username", "volume"]
    assert found["faults"] == []


def test_a_patients_id_in_the_text_is_refused_and_not_shown(
    home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    said = ["--set", "description=as with ORIGINAL-1"]
    assert run_command(["ticket", "lung", *NAMED, *said]) == 3
    shown = capsys.readouterr()
    assert "Description holds a patient ID of this transfer." in shown.err
    assert "ORIGINAL-1" not in shown.err + shown.out


def test_every_case_is_listed(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(["ticket", "lung", "--list-cases"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == [
        *("case", "project", "project-annex", "configuration", "tool", "site-id", "role"),
        *("catalogue", "mailing-list", "etl"),
    ]


def test_trouble_with_the_tool_knows_its_version(
    home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--case", "tool", "--set", "trouble=The upload stops."]
    assert run_command(["ticket", "lung", *words]) == 0
    assert f"Version: eucaim-transfer {__version__}, Python 3." in capsys.readouterr().out


@pytest.mark.parametrize("name", ["ticket.txt", "ticket.eml"])
def test_the_text_is_saved_for_its_owner_alone(home: Home, tmp_path: Path, name: str) -> None:
    file = tmp_path / name
    assert run_command(["ticket", "lung", *NAMED, "--out", str(file)]) == 0
    assert "Create a data ingestion imaging biobank" in file.read_text()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert step(home) == (StepState.TODO, "")


def test_a_ticket_that_was_sent_by_hand_waits_from_its_day_on(
    home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--number", "22001", "--by", "Ada Lund", "--sent-on", "2026-03-12"]
    found = document(capsys, *NAMED, *words)
    assert (found["state"], found["since"]) == ("waiting", "2026-03-12T00:00:00.000Z")
    (ticket,) = found["tickets"]
    assert (ticket["number"], ticket["how"], ticket["person"]) == ("22001", "by-hand", "Ada Lund")

    found = document(capsys, "--answer", "The project is LUNG-A.", "--done", "--by", "Ada Lund")
    assert found["state"] == "done"
    assert found["tickets"][0]["answer"] == "The project is LUNG-A."


def test_where_the_project_is_there_a_person_says_so(home: Home) -> None:
    assert run_command(["ticket", "lung", "--not-needed", "--by", "Ada", "--reason", "It is"]) == 0
    assert step(home)[0] is StepState.DONE


@pytest.mark.parametrize(
    "words",
    [
        ["--not-needed", "--reason", "There"],
        ["--not-needed", "--by", "Ada"],
        ["--number", "22001"],
        ["--number", "no number", "--by", "Ada"],
        ["--number", "22001", "--by", "Ada", "--sent-on", "2199-01-01"],
        ["--answer", "There.", "--by", "Ada"],
        ["--set", "colour=blue"],
        ["--set", "name"],
        ["--case", "holiday"],
        ["--attach", "table.csv"],
        ["--out", "ticket.docx", *NAMED],
        ["--send", "--refresh"],
    ],
)
def test_what_cannot_be_done_is_refused_in_two_lines(
    home: Home, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_command(["ticket", "lung", *words]) == 2
    assert len(capsys.readouterr().err.strip().splitlines()) == 2


def test_a_ticket_is_sent_followed_and_done(
    home: Home, desk: Sandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_command(["ticket", "lung", *NAMED, "--send"]) == 0
    (held,) = desk.helpdesk.tickets()
    assert held["title"] == "Create a data ingestion imaging biobank"
    assert f"Ticket {held['number']}" in capsys.readouterr().out
    assert step(home) == (StepState.WAITING, f"ticket {held['number']}")

    desk.helpdesk.answer(held["number"], "<p>Which <b>subprojects</b>?\x1b[31m</p>")
    assert run_command(["ticket", "lung", "--refresh"]) == 0
    said = capsys.readouterr().out
    assert "    Which subprojects?" in said
    assert "\x1b" not in said
    assert step(home)[0] is StepState.TODO

    desk.helpdesk.answer(held["number"], "It is there.", state="closed")
    assert run_command(["ticket", "lung", "--refresh"]) == 0
    assert step(home) == (StepState.DONE, f"ticket {held['number']}")


def test_a_ticket_is_not_sent_twice(
    home: Home, desk: Sandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_command(["ticket", "lung", *NAMED, "--send"]) == 0
    assert run_command(["ticket", "lung", "--send"]) == 3
    assert "at the helpdesk already" in capsys.readouterr().err
    assert len(desk.helpdesk.tickets()) == 1


def test_a_ticket_whose_answer_got_lost_is_found_by_the_next_try(
    home: Home, desk: Sandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    lost = desk.fault("helpdesk:lose-answer,times=1")
    down = desk.fault("helpdesk:status=503,after=2")
    assert run_command(["ticket", "lung", *NAMED, "--send"]) == 6
    assert (lost.fired, down.fired) == (1, 1)
    assert "Whether the ticket is there is not known." in capsys.readouterr().err
    assert document(capsys)["tickets"][0]["state"] == "sending"

    desk.faults.clear()
    assert run_command(["ticket", "lung", "--send"]) == 0
    (held,) = desk.helpdesk.tickets()
    assert step(home) == (StepState.WAITING, f"ticket {held['number']}")


def test_a_ticket_that_was_pasted_by_hand_is_found_by_its_reference(
    home: Home, desk: Sandbox, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "ticket.txt"
    assert run_command(["ticket", "lung", *NAMED, "--out", str(file)]) == 0
    title, _, body = file.read_text().partition("\n")
    desk.helpdesk.open(CUSTOMER, title.removeprefix("Title: "), "Reference nodes", body)

    assert run_command(["ticket", "lung", "--refresh"]) == 0
    (held,) = desk.helpdesk.tickets()
    assert step(home) == (StepState.WAITING, f"ticket {held['number']}")


def test_without_a_token_the_exit_code_is_that_of_a_sign_in(
    home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_command(["ticket", "lung", *NAMED, "--send"]) == 5
    assert "login helpdesk" in capsys.readouterr().err
    assert document(capsys)["tickets"] == []


def test_attachments_are_searched_before_they_go(
    home: Home, desk: Sandbox, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bad, good = tmp_path / "bad.json", tmp_path / "doctor.json"
    bad.write_text('{"patient": "ORIGINAL-2"}')
    good.write_text('{"checks": []}')
    tool = ["--case", "tool", "--set", "trouble=It stops.", "--send", "--attach"]
    assert run_command(["ticket", "lung", *tool, str(bad)]) == 3
    said = capsys.readouterr().err
    assert "The attachment tool-1.json holds a patient ID" in said
    assert "ORIGINAL-2" not in said
    assert desk.helpdesk.tickets() == []

    assert run_command(["ticket", "lung", *tool, str(good)]) == 0
    (held,) = desk.helpdesk.tickets()
    assert [one["filename"] for one in held["articles"][0]["attachments"]] == ["tool-1.json"]


def test_a_token_is_kept_once_the_helpdesk_took_it(
    home: Home,
    desk: Sandbox,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run_command(["logout", "helpdesk"]) == 0
    assert SecretStore(home.root).get("helpdesk.token") is None

    monkeypatch.setattr("sys.stdin", io.StringIO("no-such-token\n"))
    assert run_command(["login", "helpdesk"]) == 5
    assert SecretStore(home.root).get("helpdesk.token") is None
    assert "no-such-token" not in capsys.readouterr().err

    monkeypatch.setattr("sys.stdin", io.StringIO(CUSTOMER.token + "\n"))
    assert run_command(["login", "helpdesk"]) == 0
    assert "ingester@hospital.example" in capsys.readouterr().out
    assert SecretStore(home.root).get("helpdesk.token") == CUSTOMER.token

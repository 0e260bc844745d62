"""The catalogue's entry by command: filled in, written, sent with its ticket, and seen."""

from __future__ import annotations

import json
import sqlite3
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook

from adapters.sandbox.helpdesk import CUSTOMER
from adapters.sandbox.server import Options, Sandbox, in_thread
from adapters.secrets import SecretStore
from tests.catalogue.conftest import DATASET, bind, fill_in_needed
from tests.tui.ledgers import fill, make_ledger
from transfer.catalogue.standing import read_catalogue
from transfer.ledger.connection import Ledger
from transfer.ledger.reports import newest_report
from transfer.workspace import Home, Workspace
from tui.cli.commands import run_command

ENTRY = f"https://catalogue.eucaim.cancerimage.eu/#/collection/{DATASET}"
NEEDED = (
    "--set", "title=Lung screening", "--set", "description=Low-dose CT",
    "--set", "publisher=Hospital of the North", "--set", "contact=Dr Garcia",
    "--set", "access=RESTRICTED",
)  # fmt: skip


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """A published dataset of six verified patients, one of whom is called Garcia."""
    monkeypatch.setenv("EUCAIM_TRANSFER_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
    monkeypatch.delenv("DBUS_SESSION_BUS_ADDRESS", raising=False)
    home = Home.at(tmp_path / "home")
    home.prepare()
    found = make_ledger(home, "lung")
    fill(found, [("CT", 0, 0, 1, 0)] * 6)
    with sqlite3.connect(found.ledger) as db:
        db.execute("UPDATE patient SET original_name = 'GARCIA^MARIA' WHERE id = 1")
    bind(found, studies=6, subjects=6)
    return found


@pytest.fixture
def desk(workspace: Workspace) -> Iterator[Sandbox]:
    """A helpdesk that the home knows, and whose token it has."""
    root = workspace.folder.parent.parent
    with in_thread(Options(auth="none")) as sandbox:
        (root / "config.toml").write_text(
            f'[helpdesk]\nurl = "{sandbox.helpdesk_url}"\nca_file = "{sandbox.ca_file}"\n'
        )
        SecretStore(root).put("helpdesk.token", CUSTOMER.token)
        yield sandbox


def document(capsys: pytest.CaptureFixture[str], code: int, *words: str) -> Any:
    capsys.readouterr()
    assert run_command(["catalogue", "lung", *words, "--json"]) == code
    return json.loads(capsys.readouterr().out)


def test_what_is_missing_is_named_and_the_exit_code_is_3(
    workspace: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_command(["catalogue", "lung"]) == 3
    said = capsys.readouterr()
    assert said.out.startswith(f"lung: not ready.\nIdentifier  {DATASET}\nAddress     {ENTRY}\n")
    assert "  6 subjects, 6 studies, 6 series, 6 images, 3.16 MB\n" in said.out
    assert said.err.splitlines()[-2:] == [
        "eucaim-transfer: The catalogue's entry is not ready: Description is empty; it is needed."
        " Publisher is empty; it is needed. Contact is empty; it is needed. Access rights is empty;"
        " it is needed.",
        '  what to do: eucaim-transfer catalogue lung --set description="…"',
    ]


def test_a_whole_entry_is_written_as_workbook_and_json(
    workspace: Workspace, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sheet, terms = tmp_path / "entry.xlsx", tmp_path / "entry.jsonld"
    said = document(capsys, 0, *NEEDED, "--xlsx", str(sheet), "--jsonld", str(terms))
    assert said["is_ready"] is True
    assert [one["file"] for one in said["files"]] == [str(sheet), str(terms)]
    assert said["entry"] == json.loads(terms.read_text("utf-8"))
    assert said["entry"]["dct:identifier"] == DATASET
    assert said["figures"]["subjects"] == 6
    assert [stat.S_IMODE(path.stat().st_mode) for path in (sheet, terms)] == [0o600, 0o600]
    assert load_workbook(sheet)["Dataset"]["B2"].value == DATASET


def test_an_entry_that_is_not_ready_is_shown_and_not_written(
    workspace: Workspace, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bind(workspace, studies=6, subjects=5)
    said = document(capsys, 3, *NEEDED, "--xlsx", str(tmp_path / "entry.xlsx"))
    assert (said["is_ready"], said["entry"], said["files"]) == (False, None, [])
    assert [one["rule"] for one in said["remarks"] if one["severity"] == "block"] == ["CAT-02"]
    assert not (tmp_path / "entry.xlsx").exists()


def test_the_form_holds_what_is_filled_in_and_is_taken_back(
    workspace: Workspace, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_command(["catalogue", "lung", *NEEDED, "--set", "keywords=lung; CT"]) == 0
    capsys.readouterr()
    assert run_command(["catalogue", "lung", "--template"]) == 0
    form = tmp_path / "form.toml"
    form.write_text(capsys.readouterr().out.replace("Lung screening", "Lung of the north"))
    said = document(capsys, 0, "--from", str(form))
    assert said["fields"]["title"] == "Lung of the north"
    assert said["fields"]["keywords"] == ["lung", "CT"]


def test_the_form_needs_no_transfer(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(["catalogue", "--template"]) == 0
    assert '# title = ""' in capsys.readouterr().out


def test_a_look_at_the_entry_closes_it(
    workspace: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    """Only the figures have to be right for it: the team may know more than our form."""
    said = document(capsys, 0, "--seen", ENTRY, "--by", "Ada Example")
    assert (said["is_seen"], said["seen_by"], said["address"]) == (True, "Ada Example", ENTRY)
    with Ledger.open(workspace.ledger, read_only=True) as ledger:
        assert read_catalogue(ledger).is_seen is True


@pytest.mark.parametrize(
    ("words", "code", "refusal"),
    [
        (("--seen", ENTRY), 2, "Who looked the entry up?"),
        (("--by", "Ada Example"), 2, "Nothing is said that a person could vouch for."),
        (("--seen", f"{ENTRY}0", "--by", "Ada Example"), 3, "not the address of this dataset's"),
        (("--identifier", "lung-2024"), 3, "by the id that the node gave it"),
        (("--least", "0"), 2, "a number from 1"),
        (("--set", "colour=red"), 2, "no field of the catalogue's entry"),
        (("--from", "there-is-none.toml"), 2, "cannot be read"),
        (("--template", "--json"), 2, "The form is TOML"),
    ],
)
def test_what_cannot_be_is_refused_in_two_lines(
    workspace: Workspace,
    capsys: pytest.CaptureFixture[str],
    words: tuple[str, ...],
    code: int,
    refusal: str,
) -> None:
    assert run_command(["catalogue", "lung", *words]) == code
    what, remedy = capsys.readouterr().err.splitlines()
    assert what.startswith("eucaim-transfer: ")
    assert refusal in what
    assert remedy.startswith("  what to do: ")


def test_an_entry_is_not_seen_while_the_node_counts_otherwise(
    workspace: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    bind(workspace, studies=6, subjects=5)
    assert run_command(["catalogue", "lung", "--seen", ENTRY, "--by", "Ada Example"]) == 3
    assert "CAT-02: the node counts 5 subjects" in capsys.readouterr().err
    with Ledger.open(workspace.ledger, read_only=True) as ledger:
        assert read_catalogue(ledger).is_seen is False


def test_the_ticket_takes_the_spreadsheet_and_the_digest_of_the_newest_report(
    desk: Sandbox, workspace: Workspace, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The contact in the sheet has the surname of a patient: the entry's own look lets her pass."""
    sheet = tmp_path / "entry.xlsx"
    assert run_command(["catalogue", "lung", *NEEDED, "--xlsx", str(sheet)]) == 0
    assert run_command(["report", "lung"]) == 0
    with Ledger.open(workspace.ledger, read_only=True) as ledger:
        report = newest_report(ledger)
    assert report is not None
    capsys.readouterr()

    words = ["ticket", "lung", "--case", "catalogue", "--send", "--attach", str(sheet)]
    assert run_command([*words, "--json"]) == 0
    (held,) = desk.helpdesk.tickets()
    article = held["articles"][0]
    assert held["title"] == "Catalogue entry for a dataset"
    assert f"Identifier of the dataset: {DATASET}" in article["body"]
    assert "Name of the dataset: Lung screening" in article["body"]
    assert f"SHA-256 {report.digest}" in article["body"]
    (attachment,) = article["attachments"]
    assert attachment["filename"] == "catalogue-1.xlsx"
    assert desk.helpdesk.attachment(attachment["id"]) == sheet.read_bytes()


def test_another_sheet_that_names_a_patient_does_not_go_with_the_ticket(
    desk: Sandbox, workspace: Workspace, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fill_in_needed(workspace)
    (tmp_path / "table.csv").write_text("ORIGINAL-2,CT\n")
    words = ["ticket", "lung", "--case", "catalogue", "--send", "--attach"]
    assert run_command([*words, str(tmp_path / "table.csv")]) == 3
    assert "The attachment catalogue-1.csv holds a patient ID" in capsys.readouterr().err
    assert desk.helpdesk.tickets() == []

"""A ticket as a file, and files that go with one."""

from __future__ import annotations

import stat
from email import message_from_bytes
from email.policy import default
from pathlib import Path

import openpyxl
import pytest

from adapters.helpdesk.attachments import enclose
from adapters.helpdesk.eml import write_ticket
from tests.helpdesk.bench import TITLE, text_of, transfer_with_patients
from transfer.errors import StepBlocked, UsageError
from transfer.ledger.telling import told_in


def test_a_message_is_a_draft_with_the_title_as_its_subject(tmp_path: Path) -> None:
    file = tmp_path / "ticket.eml"
    write_ticket(file, text_of(body="Name of the biobank: Lungenärzte\n"))
    message = message_from_bytes(file.read_bytes(), policy=default)
    assert message["Subject"] == TITLE
    assert (message["To"], message["X-Unsent"], message["From"]) == ("", "1", None)
    assert message.get_content().splitlines() == [
        "For the group: Reference nodes (else Technical support team)",
        "",
        "Name of the biobank: Lungenärzte",
    ]


def test_a_helpdesk_with_a_mail_address_is_addressed(tmp_path: Path) -> None:
    file = tmp_path / "ticket.eml"
    write_ticket(file, text_of(), "desk@helpdesk.example")
    assert message_from_bytes(file.read_bytes())["To"] == "desk@helpdesk.example"


def test_plain_text_is_what_one_copies(tmp_path: Path) -> None:
    file = tmp_path / "ticket.txt"
    write_ticket(file, text_of())
    assert file.read_text("utf-8") == (
        f"Title: {TITLE}\n"
        "Group: Reference nodes (if it is not offered: Technical support team)\n"
        "\n" + text_of().body
    )


@pytest.mark.parametrize("name", ["ticket.txt", "ticket.eml"])
def test_the_file_is_its_owners_alone_and_replaces_none(tmp_path: Path, name: str) -> None:
    file = tmp_path / name
    write_ticket(file, text_of())
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    with pytest.raises(UsageError, match="exists already"):
        write_ticket(file, text_of("ET-OTHER"))
    assert "ET-OTHER" not in file.read_text()


def test_another_ending_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="plain text or as a message"):
        write_ticket(tmp_path / "ticket.docx", text_of())


def test_attachments_go_under_names_of_ours(tmp_path: Path) -> None:
    file = tmp_path / "ETXEBERRIA_MAITE.CSV"
    file.write_text("PatientID\nABC-000103\n")
    (enclosed,) = enclose([file], "etl")
    assert enclosed.attachment.name == "etl-1.csv"
    assert enclosed.attachment.mime_type == "text/csv"
    assert "ETXEBERRIA" not in repr(enclosed.piece.where)


@pytest.mark.parametrize("form", ["csv", "json", "xlsx"])
def test_an_original_identifier_in_an_attachment_is_found(tmp_path: Path, form: str) -> None:
    file = tmp_path / f"table.{form}"
    if form == "xlsx":
        book = openpyxl.Workbook()
        book.active.append(["PatientID", "Age"])  # type: ignore[union-attr]
        book.active.append(["HOSP-0012345", 61])  # type: ignore[union-attr]
        book.save(file)
    else:
        file.write_text('{"PatientID": "HOSP-0012345"}')
    (enclosed,) = enclose([file], "etl")
    folder = tmp_path / "transfer"
    folder.mkdir()
    with transfer_with_patients(folder) as ledger:
        told = told_in(ledger, [enclosed.piece])
    assert [(one.where, str(one.kind)) for one in told] == [
        (f"The attachment etl-1.{form}", "patient ID")
    ]


def test_a_workbook_with_a_picture_cannot_be_searched_and_does_not_go(tmp_path: Path) -> None:
    import zipfile

    file = tmp_path / "table.xlsx"
    openpyxl.Workbook().save(file)
    with zipfile.ZipFile(file, "a") as book:
        book.writestr("xl/media/image1.png", b"\x89PNG")
    with pytest.raises(StepBlocked, match="pictures"):
        enclose([file], "catalogue")


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("scan.dcm", b"DICM", "cannot be searched"),
        ("table.xlsx", b"no zip", "workbook cannot be read"),
        ("large.csv", b"x" * (10 * 1024 * 1024 + 1), "larger than 10 MiB"),
    ],
)
def test_what_cannot_be_looked_through_is_refused(
    tmp_path: Path, name: str, content: bytes, words: str
) -> None:
    file = tmp_path / name
    file.write_bytes(content)
    with pytest.raises(UsageError, match=words):
        enclose([file], "etl")


def test_a_workbook_that_would_unfold_without_end_is_refused(tmp_path: Path) -> None:
    import zipfile

    file = tmp_path / "table.xlsx"
    entities = b'<!DOCTYPE x [<!ENTITY a "b"><!ENTITY c "&a;&a;&a;">]><x>&c;</x>'
    with zipfile.ZipFile(file, "w") as book:
        book.writestr("xl/sharedStrings.xml", entities)
    with pytest.raises(UsageError, match="cannot be read"):
        enclose([file], "etl")


def test_a_file_that_is_not_there_is_said_without_its_name(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read") as refused:
        enclose([tmp_path / "SURNAME.csv"], "etl")
    assert "SURNAME" not in refused.value.what + refused.value.remedy

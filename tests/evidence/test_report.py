"""What a report says, where it may lie, and what it keeps to itself."""

from __future__ import annotations

import csv
import hashlib
import json
import sqlite3
import stat
from pathlib import Path
from typing import Any

import pytest

from tests.evidence.conftest import reported
from transfer.errors import StepBlocked, UsageError
from transfer.evidence.audit_log import first_break
from transfer.evidence.folder import Written
from transfer.evidence.manifest import digest_sentence
from transfer.evidence.parts import write_parts
from transfer.ledger.connection import Ledger
from transfer.ledger.order import Word, record_word
from transfer.workspace import Workspace


def say(workspace: Workspace, reason: str, person: str = "Dr Data") -> None:
    with Ledger.open(workspace.ledger) as ledger:
        record_word(ledger, Word("waive DID-07", "all", person, reason))


def rows(written: Written, kind: str) -> list[dict[str, str]]:
    with (written.folder / "receipts" / f"{kind}-00001.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def document(written: Written) -> Any:
    return json.loads((written.folder / "report.json").read_text())


def everything(written: Written) -> str:
    files = [path for path in written.folder.rglob("*") if path.is_file()]
    assert len(files) == 9
    return "\n".join(path.read_text() for path in files)


def test_counts_add_up_to_the_receipts(report: Written) -> None:
    counts = document(report)["counts"]["instances"]
    assert {state: n["instances"] for state, n in counts["by_state"].items()} == {
        "failed": 1,
        "ready": 2,
        "sent": 1,
        "verified": 3,
    }
    assert counts["total"] == len(rows(report, "instances")) == report.instances == 7


def test_every_instance_has_its_receipt_with_the_answer_of_the_node(report: Written) -> None:
    last = rows(report, "instances")[-1]
    assert (last["key"], last["patient"], last["state"]) == ("I7", "P2", "failed")
    assert last["answer"] == "The SOP Class is not supported by the node."


def test_the_same_ledger_at_the_same_moment_gives_the_same_digest(
    workspace: Workspace, report: Written, tmp_path: Path
) -> None:
    assert reported(workspace, tmp_path / "again").digest == report.digest


def test_the_log_of_a_later_report_begins_with_the_lines_of_the_earlier_one(
    workspace: Workspace, report: Written, tmp_path: Path
) -> None:
    before = (report.folder / "audit.jsonl").read_bytes()
    say(workspace, "a phantom")
    fill_more(workspace)
    after = (reported(workspace, tmp_path / "later").folder / "audit.jsonl").read_bytes()
    assert after.startswith(before)
    assert len(after) > len(before) > 0


def fill_more(workspace: Workspace) -> None:
    """Another patient, who is called as the person who gave her word."""
    with Ledger.open(workspace.ledger) as ledger, ledger.transaction():
        ledger.write("INSERT INTO patient VALUES (9, 'PHANTOM-9', 'DATA^DR', NULL)")


def test_a_line_of_the_log_that_was_changed_taken_out_or_put_in_breaks_the_chain(
    report: Written, tmp_path: Path
) -> None:
    path = report.folder / "audit.jsonl"
    assert first_break(path) is None
    lines = path.read_bytes().splitlines(keepends=True)
    assert len(lines) > 3
    for broken in (
        [lines[0], *lines[2:]],
        [lines[0], lines[0], *lines[1:]],
        [lines[0].replace(b"made", b"mabe"), *lines[1:]],
    ):
        (tmp_path / "log").write_bytes(b"".join(broken))
        assert first_break(tmp_path / "log") == 2


def test_the_ledger_refuses_to_change_or_remove_a_line_that_stands(
    workspace: Workspace, report: Written
) -> None:
    with sqlite3.connect(workspace.ledger) as raw:
        for sql in ("DELETE FROM audit", "UPDATE audit SET line = '{}'"):
            with pytest.raises(sqlite3.IntegrityError, match="continued"):
                raw.execute(sql)


def test_what_a_person_typed_of_a_patient_is_veiled_everywhere(
    workspace: Workspace, tmp_path: Path
) -> None:
    say(workspace, "Mrs Surname1 agreed, see ORIGINAL-1")
    written = reported(workspace, tmp_path / "report")
    assert rows(written, "words")[-1]["reason"].startswith("Mrs ••••• agreed")
    whole = everything(written).upper()
    assert "SURNAME1" not in whole
    assert "ORIGINAL-1" not in whole


def test_a_person_who_acted_is_named(workspace: Workspace, tmp_path: Path) -> None:
    say(workspace, "a phantom")
    written = reported(workspace, tmp_path / "report")
    assert "Dr Data" in document(written)["persons"].values()
    assert rows(written, "words")[-1]["person"] == "Dr Data"


def test_a_person_who_is_called_as_a_patient_is_not_named(
    workspace: Workspace, tmp_path: Path
) -> None:
    say(workspace, "a phantom", person="Given Surname1")
    written = reported(workspace, tmp_path / "report")
    assert rows(written, "words")[-1]["person"] == "(name withheld: a patient has it)"
    assert "SURNAME1" not in everything(written).upper()


def test_a_report_in_which_an_identifier_would_stand_is_not_handed_out(
    workspace: Workspace, tmp_path: Path
) -> None:
    """The transfer's own name is not veiled: it is what the report is about."""
    with Ledger.open(workspace.ledger) as ledger, ledger.transaction():
        ledger.write("UPDATE transfer SET name = 'study-ORIGINAL-2'")
    with pytest.raises(StepBlocked, match=r"a patient ID of the originals .* that of P2"):
        reported(workspace, tmp_path / "report")
    assert [path.name for path in tmp_path.iterdir()] == ["home"]


def test_formulas_are_no_formulas_in_the_lists(workspace: Workspace, tmp_path: Path) -> None:
    say(workspace, '=HYPERLINK("http://x")')
    found = rows(reported(workspace, tmp_path / "report"), "words")[-1]
    assert found["reason"].startswith("'=HYPERLINK")


def test_the_page_has_no_script_no_address_and_escapes_what_was_typed(
    workspace: Workspace, tmp_path: Path
) -> None:
    say(workspace, "x", person="<script>alert(1)</script>")
    page = (reported(workspace, tmp_path / "report").folder / "index.html").read_text()
    assert "&lt;script&gt;" in page
    for forbidden in ("<script", "http:", "https:", "src=", "href=", "url(", "@import"):
        assert forbidden not in page
    assert "default-src &#x27;none&#x27;" in page
    style = page.partition("<style>")[2].partition("</style>")[0]
    assert "@page" in style


def test_no_path_and_no_host_stands_in_a_report(report: Written, workspace: Workspace) -> None:
    whole = everything(report)
    for local in (str(workspace.folder), "/data/export", "PAT/IMG00001.dcm", "archive-03"):
        assert local not in whole


def test_folders_and_files_are_for_their_owner_alone(report: Written) -> None:
    modes = {
        (path.is_dir(), stat.S_IMODE(path.stat().st_mode))
        for path in (report.folder, *report.folder.rglob("*"))
    }
    assert modes == {(True, 0o700), (False, 0o600)}


def test_a_report_takes_the_place_of_an_earlier_one_and_of_an_empty_folder(
    workspace: Workspace, report: Written, tmp_path: Path
) -> None:
    say(workspace, "a phantom")
    assert reported(workspace, report.folder).digest != report.digest
    (tmp_path / "empty").mkdir()
    assert reported(workspace, tmp_path / "empty").files == 8
    assert sorted(p.name for p in tmp_path.iterdir()) == ["empty", "home", "report"]


def test_a_folder_with_anything_else_in_it_is_left_alone(
    workspace: Workspace, report: Written, tmp_path: Path
) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thesis.txt").write_text("x")
    (report.folder / "note.txt").write_text("mine")
    (tmp_path / "link").symlink_to(tmp_path / "full")
    for folder in (tmp_path / "full", report.folder, tmp_path / "link"):
        with pytest.raises(UsageError, match="something else"):
            reported(workspace, folder)
    assert (report.folder / "note.txt").read_text() == "mine"


def test_lists_are_split_into_parts_that_all_have_the_heading(tmp_path: Path) -> None:
    names = write_parts(tmp_path, "x", ("n",), ((n,) for n in range(5000)), largest_bytes=10_000)
    assert names == ["x-00001.csv", "x-00002.csv", "x-00003.csv"]
    parts = [(tmp_path / name).read_text().splitlines() for name in names]
    assert [part[0] for part in parts] == ["n", "n", "n"]
    assert [int(n) for part in parts for n in part[1:]] == list(range(5000))


def test_the_sentence_for_the_ticket_holds_the_digest_and_how_to_check() -> None:
    digest = hashlib.sha256(b"").hexdigest()
    sentence = digest_sentence("lung-2024", digest)
    assert sentence.count(digest) == 2
    assert f"--verify DIR --digest {digest}" in sentence

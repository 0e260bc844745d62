"""The legal record by command: shown, taken over, taken back, proved, and its exit codes."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from adapters.sandbox.server import NODE, XNAT_NODE, Options, Sandbox, in_thread
from tests.legal.records import as_toml, declared, whole_tables, whole_toml
from tests.tui.ledgers import make_done, make_first_ledger
from transfer.ledger.connection import Ledger
from transfer.ledger.legal import add_entries
from transfer.ledger.steps import set_step
from transfer.legal.entries import Declaration
from transfer.legal.recording import withdraw_entry
from transfer.values import StepState
from transfer.workspace import Home
from tui.cli.commands import run_command

LEG_01 = "Publishing is locked: legal clearance is not recorded."
LEG_02_OURS = (
    "Publishing is locked: DTA signature of the institution's legal representative missing."
)
LEG_02_THEIRS = "Publishing is locked: DTA signature of EUCAIM's Scientific Director missing."


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    """A home with one transfer, of which nothing legal is recorded."""
    monkeypatch.setenv("EUCAIM_TRANSFER_HOME", str(tmp_path / "home"))
    found = Home.at(tmp_path / "home")
    found.prepare()
    make_first_ledger(found, "lung")
    return found


@pytest.fixture
def sandbox(home: Home) -> Iterator[Sandbox]:
    """The stand-in nodes, which the home knows, with one transfer to each."""
    make_first_ledger(home, "to-upv", node=NODE)
    make_first_ledger(home, "to-xnat", node=XNAT_NODE)
    with in_thread(Options()) as found:
        found.write_home(home.root)
        yield found


def written(tmp_path: Path, text: str) -> str:
    path = tmp_path / "record.toml"
    path.write_text(text, "utf-8")
    return str(path)


def document(capsys: pytest.CaptureFixture[str], code: int, *words: str) -> Any:
    capsys.readouterr()
    assert run_command(["legal", *words, "--json"]) == code
    return json.loads(capsys.readouterr().out)


def rows_of(home: Home) -> int:
    with sqlite3.connect(home.workspace("lung").ledger) as ledger:
        return int(ledger.execute("SELECT count(*) FROM legal").fetchone()[0])


def test_without_a_record_all_gaps_are_named_and_the_exit_code_is_3(
    home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_command(["legal", "lung"]) == 3
    said = capsys.readouterr()
    assert said.out.startswith("lung: publishing is locked.\n")
    assert said.err.splitlines() == [
        f"eucaim-transfer: {LEG_01} {LEG_02_OURS} {LEG_02_THEIRS}",
        "  what to do: Record what is missing: eucaim-transfer legal lung --record FILE.toml"
        " (eucaim-transfer legal --template prints the form).",
    ]


def test_a_whole_record_unlocks_and_is_shown(
    home: Home, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_command(["legal", "lung", "--record", written(tmp_path, whole_toml())]) == 0
    said = capsys.readouterr()
    assert said.err == ""
    assert said.out.startswith(
        "3 entries recorded; what was said before is kept.\nlung: the legal record is whole.\n"
    )
    for told in ("Clara Juris, 2026-03-12, ticket HLP 4711", f"SHA-256 {'1f' * 32}"):
        assert told in said.out
    assert run_command(["legal", "lung"]) == 0


def test_the_form_is_printed_without_a_transfer_and_recording_it_unfilled_records_nothing(
    home: Home, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_command(["legal", "--template"]) == 0
    form = capsys.readouterr().out
    assert run_command(["legal", "lung", "--record", written(tmp_path, form)]) == 3
    said = capsys.readouterr()
    assert said.out.startswith("Nothing new was recorded.\n")
    assert LEG_01 in said.err
    assert rows_of(home) == 0


@pytest.mark.parametrize(
    ("absent", "gap"),
    [("clearance", LEG_01), ("dta-institution", LEG_02_OURS), ("dta-eucaim", LEG_02_THEIRS)],
)
def test_an_incomplete_record_is_kept_as_far_as_it_goes_and_the_gap_is_named(
    home: Home, tmp_path: Path, absent: str, gap: str, capsys: pytest.CaptureFixture[str]
) -> None:
    tables = whole_tables()
    missing = {absent: tables.pop(absent)}
    entered = '"Ada Lovelace"'
    first = written(tmp_path, as_toml(tables, entered_by=entered))
    assert run_command(["legal", "lung", "--record", first]) == 3
    assert capsys.readouterr().err.splitlines()[0] == f"eucaim-transfer: {gap}"
    assert rows_of(home) == 2
    second = written(tmp_path, as_toml(missing, entered_by=entered))
    assert run_command(["legal", "lung", "--record", second]) == 0
    assert rows_of(home) == 3


@pytest.mark.parametrize(
    ("part", "lacks"),
    [
        ("person", "who declared it"),
        ("date", "its date"),
        ("sha256", "the digest of the document"),
        ("ticket", "its ticket"),
    ],
)
def test_a_declaration_without_one_of_its_parts_keeps_the_gate_shut(
    home: Home, tmp_path: Path, part: str, lacks: str, capsys: pytest.CaptureFixture[str]
) -> None:
    tables = whole_tables()
    del tables["clearance"][part]
    text = as_toml(tables, entered_by='"Ada Lovelace"')
    assert run_command(["legal", "lung", "--record", written(tmp_path, text)]) == 3
    assert capsys.readouterr().err.startswith(
        f"eucaim-transfer: Publishing is locked: the record of the legal clearance lacks {lacks}.\n"
    )


def test_a_record_that_nobody_entered_keeps_the_gate_shut_until_somebody_does(
    home: Home, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    record = written(tmp_path, as_toml(whole_tables()))
    assert run_command(["legal", "lung", "--record", record]) == 3
    assert capsys.readouterr().err.count("lacks who entered it.") == 3
    assert run_command(["legal", "lung", "--record", record, "--by", "Grace Hopper"]) == 0


def test_a_malformed_record_is_refused_and_nothing_of_it_is_kept(
    home: Home, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tables = whole_tables()
    tables["dta-eucaim"]["date"] = "2099-01-01"
    text = as_toml(tables, entered_by='"Ada Lovelace"')
    assert run_command(["legal", "lung", "--record", written(tmp_path, text)]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.splitlines() == [
        "eucaim-transfer: The legal record cannot be used: [dta-eucaim]: date lies in the future.",
        "  what to do: Correct it there; nothing was recorded.",
    ]
    assert rows_of(home) == 0


def test_a_paper_without_its_reason_is_not_kept_the_rest_is(
    home: Home, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tables = whole_tables() | {"papers.dpia": {"state": '"not-applicable"'}}
    text = as_toml(tables, entered_by='"Ada Lovelace"')
    found = document(capsys, 3, "lung", "--record", written(tmp_path, text))
    assert found["is_whole"] is True
    assert found["left_out"] == ["[papers] dpia: why it does not apply is missing"]
    assert found["changed"] == ["clearance", "dta-institution", "dta-eucaim"]


def test_the_papers_are_listed_each_there_not_applicable_or_missing(
    home: Home, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "report.pdf").write_bytes(b"abc")
    tables = whole_tables() | {
        "papers.dpo-report": {"state": '"there"', "document": '"report.pdf"'},
        "papers.dpia": {"state": '"not-applicable"', "reason": '"Low risk"'},
    }
    text = as_toml(tables, entered_by='"Ada Lovelace"')
    assert run_command(["legal", "lung", "--record", written(tmp_path, text)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "Papers (2 of 14 settled; they lock nothing)" in lines
    at = next(n for n, line in enumerate(lines) if line.startswith("  dpia "))
    assert lines[at].split()[:4] == ["dpia", "does", "not", "apply"]
    assert lines[at + 1] == "    because: Low risk"
    report = [line for line in lines if line.startswith("  dpo-report ")]
    assert report[0].split()[:2] == ["dpo-report", "there"]


def test_the_document_tells_all_of_it(
    home: Home, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = document(capsys, 0, "lung", "--record", written(tmp_path, whole_toml()))
    clearance = found["declarations"][0]
    assert clearance.pop("recorded_at").startswith("20")
    assert clearance == {
        "what": "clearance",
        "title": "Clearance by EUCAIM's legal team",
        "state": "there",
        "person": "Clara Juris",
        "date": "2026-03-12",
        "sha256": "1f" * 32,
        "is_digested_here": False,
        "ticket": "HLP 4711",
        "reason": "",
        "entered_by": "Ada Lovelace",
        "is_sandbox": False,
        "lacks": [],
    }
    assert len(found["papers"]) == 14
    assert (found["transfer"], found["gaps"], found["is_sandbox_node"]) == ("lung", [], False)
    assert len(found["history"]) == 3


def test_each_gap_of_the_document_has_rule_message_and_remedy(
    home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    gaps = document(capsys, 3, "lung")["gaps"]
    assert [(gap["rule"], gap["what"]) for gap in gaps] == [
        ("LEG-01", "clearance"),
        ("LEG-02", "dta-institution"),
        ("LEG-02", "dta-eucaim"),
    ]
    assert gaps[0]["remedy"] == "Ask EUCAIM's legal team for it, then record it."


def test_what_is_withdrawn_locks_at_once_and_stays_in_the_history(
    home: Home, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_command(["legal", "lung", "--record", written(tmp_path, whole_toml())]) == 0
    words = ("lung", "--withdraw", "clearance", "--by", "Grace Hopper", "--reason", "Too early")
    found = document(capsys, 3, *words)
    assert found["declarations"][0]["state"] == "withdrawn"
    assert found["declarations"][0]["person"] == ""
    assert [(e["state"], e["person"]) for e in found["history"] if e["what"] == "clearance"] == [
        ("there", "Clara Juris"),
        ("withdrawn", ""),
    ]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--withdraw", "clearance"), "needs a person and a reason"),
        (("--withdraw", "", "--by", "Ada", "--reason", "x"), "nothing of that name to withdraw"),
        (("--withdraw", "dpia", "--by", "Ada", "--reason", "x"), "Nothing is recorded that"),
        (("--by", "Ada"), "Nothing is said that a person could vouch for"),
        (("--reason", "x"), "A reason belongs to what is withdrawn"),
        (("--record", "/nowhere/at-all"), "The legal record cannot be read: No such file"),
        (("--prove", "/nowhere/at-all"), "The document cannot be taken: No such file"),
        (("--sandbox",), "the node is no sandbox: nothing was recorded"),
        (("--sandbox", "--template"), "not allowed with argument"),
    ],
)
def test_what_cannot_be_done_is_refused_in_two_lines(
    home: Home, words: tuple[str, ...], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_command(["legal", "lung", *words]) == 2
    said = capsys.readouterr()
    assert told in said.err.splitlines()[0]
    assert len(said.err.splitlines()) == 2
    assert rows_of(home) == 0


def test_it_asks_for_the_transfer(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(["legal"]) == 2
    assert "Which transfer is it about?" in capsys.readouterr().err


def test_a_document_can_be_proved_again(
    home: Home, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    signed = tmp_path / "signed.pdf"
    signed.write_bytes(b"%PDF-1.7 signed")
    tables = whole_tables()
    for name in ("dta-institution", "dta-eucaim"):
        del tables[name]["sha256"]
        tables[name]["document"] = '"signed.pdf"'
    text = as_toml(tables, entered_by='"Ada Lovelace"')
    assert run_command(["legal", "lung", "--record", written(tmp_path, text)]) == 0
    found = document(capsys, 0, "lung", "--prove", str(signed))
    assert (found["is_proved"], found["current"]) == (True, ["dta-institution", "dta-eucaim"])
    signed.write_bytes(b"%PDF-1.7 signes")
    found = document(capsys, 3, "lung", "--prove", str(signed))
    assert (found["is_proved"], found["current"], found["earlier"]) == (False, [], [])


def test_a_document_that_was_superseded_proves_nothing_now(
    home: Home, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "old.pdf").write_bytes(b"old")
    tables = whole_tables()
    tables["clearance"]["document"] = '"old.pdf"'
    del tables["clearance"]["sha256"]
    entered = '"Ada Lovelace"'
    old = written(tmp_path, as_toml(tables, entered_by=entered))
    assert run_command(["legal", "lung", "--record", old]) == 0
    assert run_command(["legal", "lung", "--record", written(tmp_path, whole_toml())]) == 0
    capsys.readouterr()
    assert run_command(["legal", "lung", "--prove", str(tmp_path / "old.pdf")]) == 3
    said = capsys.readouterr()
    assert "which counts no more: Clearance by EUCAIM's legal team." in said.out
    assert "This is not a document that the legal record rests on now." in said.err


def test_no_document_is_copied_into_the_home(
    home: Home, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    content = b"the only place where this stands"
    (tmp_path / "signed.pdf").write_bytes(content)
    tables = whole_tables()
    del tables["clearance"]["sha256"]
    tables["clearance"]["document"] = '"signed.pdf"'
    text = as_toml(tables, entered_by='"Ada Lovelace"')
    assert run_command(["legal", "lung", "--record", written(tmp_path, text)]) == 0
    files = [path for path in home.root.rglob("*") if path.is_file()]
    assert len(files) > 0
    assert not [path for path in files if content in path.read_bytes()]
    assert not [path for path in files if b"signed.pdf" in path.read_bytes()]


def test_text_that_came_by_other_means_moves_no_cursor(
    home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    with sqlite3.connect(home.workspace("lung").ledger) as ledger:
        ledger.execute(
            "INSERT INTO legal VALUES (1, 'clearance', 'there', 'Eve\x1b[2J', '\x1b]0;x\x07', 'y',"
            " 0, '\u202e4711', '', 'Eve\r', 0, '')"
        )
    assert run_command(["legal", "lung"]) == 3
    assert run_command(["legal", "lung", "--json"]) == 3
    said = capsys.readouterr()
    assert "Eve" in said.out
    for hostile in ("\x1b", "\x07", "\r", "\u202e"):
        assert hostile not in said.out + said.err


@pytest.mark.parametrize("name", ["to-upv", "to-xnat"])
def test_the_sandbox_has_a_record_of_its_own(
    sandbox: Sandbox, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    del sandbox
    assert run_command(["legal", name]) == 3
    capsys.readouterr()
    assert run_command(["legal", name, "--sandbox"]) == 0
    assert "SANDBOX: this record, or a part of it, is made up" in capsys.readouterr().out


def test_the_made_up_record_leaves_alone_what_a_person_said(
    sandbox: Sandbox, home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    del sandbox
    signed = declared(Declaration.INSTITUTION)
    with Ledger.open(home.workspace("to-upv").ledger) as ledger:
        add_entries(ledger, [signed, declared(Declaration.CLEARANCE)])
        withdraw_entry(ledger, "clearance", "Grace Hopper", "Too early")
    found = document(capsys, 3, "to-upv", "--sandbox")
    assert found["changed"][0] == "dta-eucaim"
    assert len(found["changed"]) == 1 + 14
    stands = {one["what"]: (one["state"], one["person"]) for one in found["declarations"]}
    assert stands["dta-institution"] == ("there", signed.person)
    assert stands["clearance"] == ("withdrawn", "")
    assert run_command(["legal", "to-upv", "--sandbox"]) == 3
    assert "Nothing was filled in: each thing has an entry." in capsys.readouterr().out


def test_the_made_up_record_says_what_it_filled_in(
    sandbox: Sandbox, home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    del sandbox
    with Ledger.open(home.workspace("to-upv").ledger) as ledger:
        add_entries(ledger, [declared(Declaration.INSTITUTION)])
    assert run_command(["legal", "to-upv", "--sandbox"]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "Made up and filled in: clearance, dta-eucaim, 14 papers." in said
    assert "Left as a person recorded it: dta-institution." in said


def test_a_file_that_is_marked_as_the_sandboxs_is_taken_there_alone(
    sandbox: Sandbox, home: Home, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    del sandbox
    text = as_toml(whole_tables(), entered_by='"Ada Lovelace"', sandbox="true")
    record = written(tmp_path, text)
    assert run_command(["legal", "lung", "--record", record]) == 2
    assert "the node is no sandbox" in capsys.readouterr().err
    assert rows_of(home) == 0
    assert run_command(["legal", "to-upv", "--record", record]) == 0


def test_a_sandbox_record_locks_as_soon_as_the_node_is_a_real_one(
    sandbox: Sandbox, home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    del sandbox
    assert run_command(["legal", "to-xnat", "--sandbox"]) == 0
    (home.root / "config.toml").write_text(
        '[nodes.sandbox-xnat]\nkind = "xnat"\nurl = "https://xnat.example"\nca_file = "ca.pem"\n'
    )
    capsys.readouterr()
    assert run_command(["legal", "to-xnat"]) == 3
    assert LEG_01 in capsys.readouterr().err


def test_step_10_cannot_be_recorded_as_done_before_the_record_is_whole(
    home: Home, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    workspace = make_done(home)
    with Ledger.open(workspace.ledger) as ledger:
        set_step(ledger, "clinical", StepState.TODO)
    assert (
        run_command(
            ["clinical", "breast-2023", "--image-only", "--by", "Ada", "--reason", "No table"]
        )
        == 0
    )
    step = ["step", "breast-2023", "dataset", "--by", "Ada", "--state"]
    capsys.readouterr()
    assert run_command([*step, "done"]) == 3
    assert "The legal record is not whole" in capsys.readouterr().err
    assert run_command([*step, "waiting"]) == 0
    assert run_command([*step, "done"]) == 3
    record = written(tmp_path, whole_toml())
    assert run_command(["legal", "breast-2023", "--record", record]) == 0
    assert run_command([*step, "done"]) == 0

"""`clinical`: what may be asked together, what stands in the way, and what is said of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.engine.bench import TRANSFER
from tests.engine.clinical_bench import STEP, ClinicalBench, clinical_bench, row_of


@pytest.fixture
def at(tmp_path: Path) -> Iterator[ClinicalBench]:
    """Three patients, read and not sent, of a node with EUCAIM's gate."""
    with clinical_bench(tmp_path, "upv", patients=3, sent=False, gate="eucaim") as made:
        made.program.good("scan", TRANSFER)
        yield made


@pytest.fixture
def sent(tmp_path: Path) -> Iterator[ClinicalBench]:
    """Three patients whose images are on the node; the gate there is its own."""
    with clinical_bench(tmp_path, "upv", patients=3) as made:
        yield made


def test_a_check_names_the_rules_that_stand_in_the_way(at: ClinicalBench) -> None:
    ran = at.clinical("--check", "--json")
    assert ran.code == 3, str(ran)
    blocking = {f["rule"] for f in ran.document["findings"] if f["severity"] == "block"}
    # The table has no population, no diagnosis and no date.
    assert "CLP-01" in blocking or "CLN-01" in blocking or "CLP-02" in blocking, blocking
    assert {rule.partition("-")[0] for rule in blocking} <= {
        "AGE", "CLP", "CLN", "REL", "LNK", "TAB", "TPT", "UNQ",
    }  # fmt: skip
    assert ran.document["counts"]["block"] >= len(blocking)
    assert "Findings on the clinical data stand in the way: " in ran.complaint[0]
    assert ran.complaint[1].endswith(f"eucaim-transfer clinical {TRANSFER} --check")


def test_a_check_is_told_in_lines_with_what_to_do(at: ClinicalBench) -> None:
    ran = at.clinical("--check")
    assert ran.code == 3
    assert "what to do: " in ran.out
    assert "in the way." in ran.out
    assert f"eucaim-transfer clinical {TRANSFER} --errors FILE.csv" in ran.out


def test_before_the_images_were_read_nothing_can_be_compared(tmp_path: Path) -> None:
    with clinical_bench(tmp_path, "upv", patients=2, sent=False) as at:
        ran = at.clinical("--check")
        assert ran.code == 3
        assert "The images have not been read yet" in ran.complaint[0]
        assert ran.complaint[1] == f"  what to do: Read them first: eucaim-transfer scan {TRANSFER}"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--check", "--image-only"), "more than one thing at once"),
        (("--table", "--outputs", "out"), "more than one thing at once"),
        (("--check", "--overwrite"), "nothing is sent here"),
        (("table.csv", "--image-only"), "do not go together"),
        (("--keep-back", "R2"), "named person's word"),
        (("--keep-back", "R999", "--by", "Ada", "--reason", "why"), "No row of the table"),
        (("--let-go", "X"), "No row of the table"),
        (("--ask-again", "R999"), "No row of the table"),
    ],
)
def test_what_cannot_be_asked_is_refused_in_two_lines(
    at: ClinicalBench, words: tuple[str, ...], told: str
) -> None:
    assert at.clinical("--check").code == 3
    ran = at.clinical(*words)
    assert ran.code == 2, str(ran)
    assert told in ran.complaint[0]
    assert len(ran.complaint) == 2


def test_a_transfer_made_without_a_table_gets_one(sent: ClinicalBench) -> None:
    program = sent.program
    program.good("new", "bare", "--node", "node", "--source", sent.table_file.parent / "source")
    program.good("upload", "bare")
    refused = program.run("clinical", "bare")
    assert refused.code == 3
    assert "There is no clinical table" in refused.err
    assert "eucaim-transfer clinical bare FILE" in refused.err
    ran = program.run("clinical", "bare", sent.table_file, "--json")
    assert ran.code == 0, str(ran)
    assert ran.document["subjects"]["verified"] == 3
    assert program.status("bare")["clinical"]["table"] is True


def test_a_path_is_taken_from_where_the_command_is_given(sent: ClinicalBench) -> None:
    assert sent.clinical(sent.table_file.name).code == 2
    assert sent.clinical(f"{sent.table_file.parent}/../{sent.table_file.parent.name}/"
                         f"{sent.table_file.name}").code == 0  # fmt: skip


def test_nothing_that_tells_of_a_patient_is_printed(sent: ClinicalBench) -> None:
    sent.refuse("PT002")
    ran = sent.clinical("--json")
    shown = f"{ran.out}{ran.err}{sent.clinical().out}{sent.program.good('status', TRANSFER).out}"
    assert ran.code == 4
    assert "P2" in shown
    assert "PT002" not in shown
    assert str(sent.table_file) not in shown
    log = sent.program.home / "transfers" / TRANSFER / "runner.log"
    assert "PT002" not in log.read_text("utf-8")


def test_status_tells_of_the_clinical_data(sent: ClinicalBench) -> None:
    sent.refuse("PT002")
    sent.clinical()
    out = sent.program.good("status", TRANSFER).out
    assert "  subjects     2 of 3 acknowledged, 2 read back, 1 failed" in out
    assert "  P2 (row 3 of the table, R3): " in out
    assert sent.step(STEP)["state"] == "blocked"


def test_a_word_on_an_id_that_looks_alike_is_taken_back_and_asked_for_again(
    at: ClinicalBench,
) -> None:
    at.write_table([row_of("pt001"), *(row_of(name) for name in at.patients[1:])])
    assert _open_pairs(at) == ["R2"]
    at.program.run("check", TRANSFER, "--answer", "LNK-02=same", "--by", "Ada")
    assert _open_pairs(at) == []
    assert at.clinical("--ask-again", "R2").code == 0
    assert _open_pairs(at) == ["R2"]


def _open_pairs(at: ClinicalBench) -> list[str]:
    found = at.clinical("--check", "--json").document["findings"]
    return [f["key"] for f in found if f["rule"] == "LNK-02" and f["standing"] == "open"]

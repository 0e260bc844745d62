"""`check`: what stands in the way, words of persons on it, and the findings as files."""

from __future__ import annotations

import csv
import json
import os
import stat
from pathlib import Path
from typing import Any

import pytest

from tests.engine.made import image
from tests.program import Program, Ran
from transfer.quality.export import harmless

NAME = "t"
PATIENT_ID = "=HOSP-00177"


class Checking:
    """A transfer to a node with EUCAIM's gate that nobody ever asks, of one Series without a
    manufacturer and one without a body part, of a patient whose ID looks like a formula."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.program = Program(folder / "home")
        self.program.configure(
            {
                "n": {
                    "kind": "upv",
                    "dicomweb_url": "https://127.0.0.1:9/dicom-web",
                    "auth": "none",
                    "gate": "eucaim",
                    "deidentified": "as-is",
                    "destinations": ["A|B"],
                }
            }
        )
        facts = {
            "PatientID": PATIENT_ID,
            "AcquisitionDate": "20200115",
            "PatientAge": "061Y",
            "PatientSex": "F",
        }
        for n, more in enumerate(({"BodyPartExamined": "CHEST"}, {"Manufacturer": "Maker"}), 1):
            uids = {"SeriesInstanceUID": f"1.4.{n}", "SeriesNumber": str(n)}
            image(folder / "source" / f"{n}.dcm", f"1.2.{n}", rows=4, **facts, **uids, **more)
        self.program.good("new", NAME, "--node", "n", "--source", folder / "source")

    def check(self, *words: object) -> Ran:
        return self.program.run("check", NAME, *words)

    def answers(self, text: str) -> Path:
        path = self.folder / "answers.toml"
        path.write_text(text, "utf-8")
        return path


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Checking:
    made = Checking(tmp_path_factory.mktemp("checking"))
    assert made.check().code == 3
    return made


@pytest.fixture
def at(tmp_path: Path) -> Checking:
    return Checking(tmp_path)


def rules(document: Any, *severities: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for finding in document["findings"]:
        if finding["severity"] in severities:
            found.setdefault(finding["rule"], []).append(finding["key"])
    return found


def test_what_stands_in_the_way_is_told_by_rule_the_worst_first(template: Checking) -> None:
    ran = template.check()
    assert ran.code == 3
    lines = ran.out.splitlines()
    heads = [line.split()[:2] for line in lines if line[:1] not in (" ", "")]
    weights = [head[0] for head in heads if head[0] in ("block", "ask", "warn", "info")]
    assert weights[:2] == ["block", "block"]
    assert weights == sorted(weights, key=["block", "ask", "warn", "info"].index)
    at = lines.index("block  IMG-04 Manufacturer: 1 finding")
    assert lines[at + 1].endswith(": Manufacturer is missing in 1 instance.")
    assert "what to do: Add it at the source, or exclude the series." in lines[at + 2]
    assert f"eucaim-transfer check {NAME} --waive IMG-04 --by PERSON" in lines[at + 3]
    assert f"eucaim-transfer select {NAME} --exclude-finding IMG-04 --by PERSON" in lines[at + 4]
    at = lines.index("block  IMG-03 Body part: 1 finding")
    (mend,) = [line for line in lines[at:] if "mend it with" in line]
    assert f"eucaim-transfer mend {NAME} --series {lines[at + 1].split(':')[0].strip()} " in mend
    assert (
        f"{sum(weight in ('block', 'ask') for weight in weights)} rules stand in the way"
        in (lines[-2])
    )
    assert lines[-1].endswith(f"eucaim-transfer check {NAME} --out DIR")
    assert PATIENT_ID not in ran.out + ran.err


def test_the_document_counts_what_stands_open_and_names_nobody(template: Checking) -> None:
    ran = template.check("--json")
    document = ran.document
    assert set(rules(document, "block")) == {"IMG-03", "IMG-04"}
    assert document["counts"]["block"] == 2
    complete = next(d for d in document["dimensions"] if d["dimension"] == "complete")
    assert complete["blocking"] >= 2
    assert {"rule", "severity", "level", "key", "message", "remedy"} <= set(document["findings"][0])
    assert PATIENT_ID not in ran.out


def test_originals_are_told_to_whoever_asks_for_them(template: Checking) -> None:
    document = template.check("--json", "--identifiers").document
    blocks = [f for f in document["findings"] if f["severity"] == "block"]
    assert [f["originals"]["patient_id"] for f in blocks] == [PATIENT_ID] * 2
    told = template.check("--identifiers").out
    assert len([line for line in told.splitlines() if f" is {PATIENT_ID}, " in line]) >= 2


def test_the_findings_are_written_as_csv_and_json_by_keys_alone(
    template: Checking, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    assert template.check("--out", out).code == 3
    assert sorted(os.listdir(out)) == ["findings.csv", "findings.json"]
    for path in out.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert "HOSP" not in path.read_text("utf-8")
    with open(out / "findings.csv", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    written = json.loads((out / "findings.json").read_text("utf-8"))
    assert [row["rule"] for row in rows] == [f["rule"] for f in written["findings"]]
    assert rows[0]["severity"] == "block"
    assert {row["key"] for row in rows if row["rule"] == "IMG-04"} <= {"E1", "E2"}


def test_in_the_csv_no_identifier_becomes_a_formula(template: Checking, tmp_path: Path) -> None:
    template.check("--out", tmp_path, "--identifiers")
    with open(tmp_path / "findings.csv", encoding="utf-8", newline="") as file:
        told = [row["patient_id"] for row in csv.DictReader(file) if row["patient_id"]]
    assert set(told) == {f"'{PATIENT_ID}"}


@pytest.mark.parametrize(
    ("text", "cell"),
    [("=1+1", "'=1+1"), (" @x", "' @x"), ("\x1b[2J", "\ufffd[2J"), ("-a", "'-a"), ("a-b", "a-b")],
)
def test_a_cell_is_harmless(text: str, cell: str) -> None:
    assert harmless(text) == cell


def test_a_file_of_answers_settles_what_an_unattended_run_would_ask(at: Checking) -> None:
    path = at.answers(
        """
        person = "Dr Data"
        [[answer]]
        rule = "LNK-03"
        choice = "image-only"
        reason = "agreed with the platform"
        [[answer]]
        rule = "DID-06"
        choice = "looked"
        [[waive]]
        rule = "IMG-04"
        reason = "agreed with the node"
        """
    )
    ran = at.check("--answers", path, "--json")
    assert ran.code == 3, str(ran)
    assert set(rules(ran.document, "block", "ask")) == {"IMG-03"}
    aside = {one["rule"]: one for one in ran.document["set_aside"]}
    assert aside["IMG-04"]["person"] == "Dr Data"
    assert aside["IMG-04"]["reason"] == "agreed with the node"
    assert aside["LNK-03"]["value"] == "image-only"
    again = at.check("--json")
    assert set(rules(again.document, "block", "ask")) == {"IMG-03"}


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ('[[waive]]\nrule = "IMG-99"\nreason = "r"', "IMG-99"),
        ('[[answer]]\nrule = "DID-07"\nchoice = "perhaps"', "DID-07"),
        ('[[answer]]\nrule = "DID-07"', "DID-07"),
        ('[[waive]]\nrule = "IMG-10"\nreason = "r"', "IMG-10"),
        ('[[waive]]\nrule = "IMG-04"', "IMG-04"),
        ('[[waive]]\nrule = "IMG-04"\nreason = "r"\nkeys = "E1"', "IMG-04"),
        ('[[waive]]\nrule = "IMG-04"\nreason = "r"\nkeys = ["E99"]', "IMG-04 found nothing at E99"),
        ("[[waive]]\nrule = ", "cannot be read"),
        ("other = 1", "'other'"),
    ],
)
def test_what_a_file_of_answers_cannot_mean_is_refused_by_its_rule(
    template: Checking, text: str, what: str
) -> None:
    ran = template.check("--answers", template.answers(f'person = "Dr Data"\n{text}\n'))
    assert ran.code == 2, str(ran)
    assert what in ran.err


def test_images_alone_need_a_reason(template: Checking) -> None:
    """LNK-03: the platform accepts them case by case."""
    ran = template.check("--answer", "LNK-03=image-only", "--by", "Dr Data")
    assert ran.code == 2
    assert "with a reason" in ran.err


def test_an_answer_without_a_person_is_refused(template: Checking) -> None:
    ran = template.check("--answer", "LNK-03=image-only")
    assert ran.code == 2
    assert "named person" in ran.err


def test_what_a_scan_found_blocks_the_transfer_in_every_figure(at: Checking) -> None:
    """A scan refuses nothing, but the upload will: "ready" would be a lie."""
    at.program.good("scan", NAME)
    document = at.program.run("status", NAME, "--json").document
    images = next(step for step in document["steps"] if step["id"] == "images")
    assert (document["state"], images["state"]) == ("blocked", "blocked")
    assert images["detail"] == document["runner"]["message"]
    assert "IMG-03 (1), IMG-04 (1)" in images["detail"]
    assert document["runner"]["remedy"].endswith(f"eucaim-transfer check {NAME}")


def test_what_was_left_out_since_the_check_is_in_the_way_no_more(at: Checking) -> None:
    ran = at.check("--json")
    assert ran.code == 3
    (key,) = rules(ran.document, "block")["IMG-04"]
    at.program.good("select", NAME, "--exclude", key)
    told = at.program.run("status", NAME).out
    assert "Findings stand in the way: IMG-03 (1)" in told
    assert "IMG-04" not in told


def test_two_ids_that_look_alike_are_shown_side_by_side_to_whoever_asks(at: Checking) -> None:
    """Nobody can say whether two IDs are one patient's without seeing both."""
    table = at.folder / "table.csv"
    table.write_text("PatientID,Age at diagnosis\nhosp-177,60.5\n", "utf-8")
    image(at.folder / "more" / "1.dcm", "1.2.9", rows=4, PatientID="HOSP-0177")
    at.program.good("new", "u", "--node", "n", "--source", at.folder / "more", "--clinical", table)
    shut = at.program.run("check", "u").out
    assert "look alike. Same patient?" in shut
    assert "hosp-177" not in shut.replace(str(at.folder), "")
    lines = at.program.run("check", "u", "--identifiers").out.splitlines()
    asked = next(n for n, line in enumerate(lines) if "Same patient?" in line)
    assert [line.strip() for line in lines[asked + 1 : asked + 3]] == [
        "R2 is hosp-177",
        "P1 is HOSP-0177",
    ]


def test_the_files_say_what_to_type_for_this_transfer(at: Checking, tmp_path: Path) -> None:
    uids = {"StudyInstanceUID": "1.3.9", "SeriesInstanceUID": "1.4.9"}
    image(at.folder / "source" / "3.dcm", "1.2.3", rows=4, PatientID=PATIENT_ID, **uids)
    assert at.check("--out", tmp_path / "out").code == 3
    text = (tmp_path / "out" / "findings.csv").read_text("utf-8")
    assert "eucaim-transfer" in text
    assert " NAME" not in text


def test_the_size_of_what_goes_stands_beside_what_goes(at: Checking) -> None:
    at.program.good("scan", NAME)
    (found,) = [line for line in told_by_status(at) if line.startswith("found")]
    assert found.endswith(" kB") or found.endswith(" B")
    at.program.good("select", NAME, "--exclude", "E2")
    found, selected = (
        line for line in told_by_status(at) if line.startswith(("found", "selected"))
    )
    assert found.endswith("2 instances")
    assert "1 instances, " in selected


def told_by_status(at: Checking) -> list[str]:
    return [line.strip() for line in at.program.run("status", NAME).out.splitlines()]

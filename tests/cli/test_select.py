"""`select`: what goes, by rules in the order of the command line."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.engine.made import image
from tests.program import Program, Ran

NAME = "t"


class Selecting:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.program = Program(folder / "home")
        self.program.configure(
            {
                "n": {
                    "kind": "upv",
                    "dicomweb_url": "https://127.0.0.1:9/dicom-web",
                    "auth": "none",
                    "destinations": ["A|B"],
                }
            }
        )
        for n, modality in enumerate(("CT", "MR", "PT"), 1):
            image(
                folder / "source" / f"{n}.dcm",
                f"1.2.{n}",
                PatientID=f"HOSP-{n}",
                StudyInstanceUID=f"1.3.{n}",
                SeriesInstanceUID=f"1.4.{n}",
                Modality=modality,
            )
        self.program.good("new", NAME, "--node", "n", "--source", folder / "source")

    def select(self, *words: object) -> Ran:
        return self.program.run("select", NAME, *words)


@pytest.fixture
def at(tmp_path: Path) -> Selecting:
    made = Selecting(tmp_path)
    made.program.good("scan", NAME)
    return made


def test_rules_apply_in_the_order_in_which_they_were_given(at: Selecting) -> None:
    ran = at.select("--only-modality", "CT,MR", "--include-modality", "PT", "--json")
    assert ran.code == 0, str(ran)
    assert [(r["action"], r["value"]) for r in ran.document["rules"]] == [
        ("only", "CT,MR"), ("include", "PT"),
    ]  # fmt: skip
    assert (ran.document["instances"]["ready"], ran.document["series"]) == (3, 3)
    ran = at.select("--exclude", "P1", "--by", "Dr Data", "--reason", "withdrew", "--json")
    assert ran.document["instances"]["excluded"] == 1
    assert (ran.document["patients"], ran.document["instances"]["ready"]) == (2, 2)
    assert ran.document["rules"][2]["person"] == "Dr Data"


def test_a_choice_shows_in_the_status_and_can_be_taken_back(at: Selecting) -> None:
    at.select("--only-modality", "CT")
    status = at.program.status(NAME)
    assert (status["instances"]["excluded"], status["instances"]["ready"]) == (2, 1)
    assert status["selection"] == {"patients": 1, "studies": 1, "series": 1, "rules": 1}
    assert "2 left out by 1 rule" in at.program.run("status", NAME).out
    shown = at.select("--clear")
    assert "everything that was found goes" in shown.out
    assert at.program.status(NAME)["instances"]["ready"] == 3


def test_what_a_list_names_and_is_not_here_is_told(at: Selecting) -> None:
    names = at.folder / "HOSP-consented.txt"
    names.write_text("\ufeffHOSP-1\r\nHOSP-9\nHOSP-8\n\n", "utf-8")
    ran = at.select("--only-patients", names)
    assert ran.code == 0, str(ran)
    assert "2 of its entries match nothing in this transfer." in ran.out
    assert "Goes: 1 patient," in ran.out
    assert "HOSP" not in ran.out + ran.err


@pytest.mark.parametrize(
    ("words", "what"),
    [
        (("--exclude", "E9"), "E9 is not in this transfer"),
        (("--exclude", "E1", "--exclude-study-date", "never"), "no range of study dates"),
        (("--exclude-patients", "/nowhere"), "list cannot be read"),
        (("--exclude-finding", "IMG-08"), "names nothing"),
        (("--remove", "7"), "no selection rule 7"),
        (("--by", "me"), "needs a choice"),
    ],
)
def test_what_cannot_be_chosen_is_refused_and_nothing_of_it_stays(
    at: Selecting, words: tuple[str, ...], what: str
) -> None:
    ran = at.select(*words)
    assert ran.code == 2, str(ran)
    assert what in ran.err
    assert at.select("--json").document["rules"] == []


def test_nothing_is_chosen_of_a_source_that_was_not_looked_at(tmp_path: Path) -> None:
    made = Selecting(tmp_path)
    ran = made.select("--exclude-modality", "CT")
    assert ran.code == 2
    assert f"eucaim-transfer scan {NAME}" in ran.err


def test_an_upload_of_nothing_is_refused(at: Selecting) -> None:
    at.select("--exclude", "P1,P2,P3")
    ran = at.program.run("check", NAME)
    assert ran.code == 3
    assert "The selection leaves out all 3 instances." in ran.err

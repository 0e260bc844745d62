"""`clinical` with words on columns and values: shown, said, confirmed, saved, and judged anew."""

from __future__ import annotations

import re
import stat
from pathlib import Path

import pytest

from tests.engine.made import image
from tests.program import Program, Ran

NAME = "thorax"
TABLE = (
    "nr,NHC,Edad al dx (meses),Sexo,Fecha diagnostico,Lado,Seite,Nombre\n"
    "1,HOSP-1,732,H,10/01/2020,izq,x,ANA SERRANO\n"
    "2,HOSP-2,696,M,02/06/2020,HOSP-1,y,LUIS MORENO\n"
)


class Mapping:
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
                    "destinations": ["A|B"],
                }
            }
        )
        self.table = folder / "thorax_clinical.csv"
        self.table.write_text(TABLE)
        for n in (1, 2):
            image(
                folder / "source" / f"{n}.dcm",
                f"1.2.{n}",
                PatientID=f"HOSP-{n}",
                PatientName="SERRANO^ANA" if n == 1 else "MORENO^LUIS",
                StudyInstanceUID=f"1.3.{n}",
                SeriesInstanceUID=f"1.4.{n}",
            )
        self.program.good(
            "new", NAME, "--node", "n", "--source", folder / "source", "--clinical", self.table
        )
        self.program.good("scan", NAME)

    def clinical(self, *words: object) -> Ran:
        return self.program.run("clinical", NAME, *words)


@pytest.fixture
def at(tmp_path: Path) -> Mapping:
    return Mapping(tmp_path)


@pytest.fixture(scope="module")
def untouched(tmp_path_factory: pytest.TempPathFactory) -> Mapping:
    """For what changes nothing: one for all tests, since each process costs a second."""
    return Mapping(tmp_path_factory.mktemp("untouched"))


def attributes(ran: Ran) -> dict[int, str]:
    (table,) = ran.document["tables"]
    return {c["index"]: c["attribute"] for c in table["columns"] if c["attribute"]}


def findings(at: Mapping, rule: str) -> list[str]:
    document = at.program.run("check", NAME, "--json").document
    return [f["severity"] for f in document["findings"] if f["rule"] == rule]


def test_columns_are_shown_with_what_is_proposed_and_no_patient_in_it(
    untouched: Mapping,
) -> None:
    ran = untouched.clinical("--show", "--json")

    assert ran.code == 0, str(ran)
    (table,) = ran.document["tables"]
    assert [(c["heading"], c["state"]) for c in table["columns"]] == [
        ("nr", "none"),
        ("NHC", "likely"),
        ("Edad al dx (meses)", "likely"),
        ("Sexo", "likely"),
        ("Fecha diagnostico", "likely"),
        ("Lado", "likely"),
        ("Seite", "likely"),
        ("Nombre", "none"),
    ]
    age = table["columns"][2]
    assert age["proposals"] == [
        {
            "attribute": "age-at-diagnosis",
            "why": "its heading is Spanish",
            "unit": "months",
            "rivals": [],
            "doubtless": True,
        }
    ]
    assert age["forms"] == [{"form": "a whole number", "rows": 2}]
    assert [c["proposals"][0]["rivals"] for c in table["columns"][5:7]] == [[7], [6]]
    for planted in ("HOSP-1", "SERRANO", "ANA", "732", "10/01/2020"):
        assert planted not in ran.out


def test_what_is_shown_to_people_fits_80_columns_and_tells_no_patient(at: Mapping) -> None:
    at.clinical("--map", "6=topography", "--map", "4=sex")
    ran = at.clinical("--show")

    lines = ran.out.splitlines()
    assert max(map(len, lines)) <= 80
    assert "   2  NHC                       -" in lines
    assert "      ? patient: its values are Patient IDs of the images" in lines
    assert "   4  Sexo                      sex               a person's word" in lines
    assert any(line.startswith("  H     ") and "? Male" in line for line in lines)
    assert any("may be a patient's own; not told" in line for line in lines)
    for planted in ("HOSP-1", "SERRANO", "ANA"):
        assert planted not in ran.out


def test_all_that_is_beyond_doubt_is_confirmed_by_one_word(at: Mapping) -> None:
    ran = at.clinical("--confirm", "all", "--by", "Dr Data", "--json")

    assert ran.code == 0, str(ran)
    assert attributes(ran) == {
        2: "patient",
        3: "age-at-diagnosis",
        4: "sex",
        5: "diagnosis-date",
    }
    assert ran.document["tables"][0]["columns"][2]["unit"] == "months"
    (sex,) = ran.document["terms"]
    assert [(v["value"], v["term"], v["said"]) for v in sex["values"]] == [
        ("H", "Male", True),
        ("M", "Female", True),
    ]
    assert "4 columns confirmed." in ran.err
    assert "2 columns left" in ran.err


def test_findings_follow_at_once(at: Mapping) -> None:
    assert findings(at, "TAB-01") == ["block"]

    at.clinical("--map", "NHC=patient", "--map", "5=diagnosis-date")
    assert findings(at, "TAB-01") == ["info"]
    assert "ask" in findings(at, "REL-07")

    at.clinical("--order", "Fecha diagnostico=day-first")
    assert "ask" not in findings(at, "REL-07")


def test_columns_are_named_by_heading_by_number_or_nearly(at: Mapping) -> None:
    ran = at.clinical(
        "--map", "nhc=Patient ID", "--map", "3=age", "--map", "Sexo=sex",
        "--map", "R1:5=other-date", "--leave-out", "Nombre", "--json",
    )  # fmt: skip

    assert attributes(ran) == {2: "patient", 3: "age", 4: "sex", 5: "other-date"}
    assert ran.document["tables"][0]["columns"][7]["state"] == "left-out"


def test_what_was_said_can_be_taken_back(at: Mapping) -> None:
    at.clinical("--map", "Sexo=sex", "--term", "sex:H=Male", "--map", "nr=none")
    ran = at.clinical("--forget-term", "sex:H", "--unmap", "nr", "--json")
    assert attributes(ran) == {4: "sex"}
    assert ran.document["terms"][0]["values"][0]["term"] is None
    assert ran.document["tables"][0]["columns"][0]["state"] == "none"

    ran = at.clinical("--unmap", "Sexo", "--json")
    assert attributes(ran) == {}


def test_an_attribute_is_declared_with_a_name_and_a_reason(at: Mapping) -> None:
    ran = at.clinical("--declare", "treatment")
    assert (ran.code, "named person" in ran.err) == (2, True), str(ran)

    ran = at.clinical("--declare", "treatment", "--by", "Dr Data", "--reason", "none kept",
                      "--json")  # fmt: skip
    (declared,) = [m for m in ran.document["missing"] if m["declared"]]
    assert (declared["attribute"], declared["declared"]) == (
        "treatment",
        {"by": "Dr Data", "reason": "none kept"},
    )

    ran = at.clinical("--withdraw", "treatment", "--json")
    assert [m for m in ran.document["missing"] if m["declared"]] == []


def test_a_mapping_is_saved_for_its_owner_and_taken_by_another_transfer(at: Mapping) -> None:
    saved = at.folder / "mapping.toml"
    at.clinical("--confirm", "all")
    ran = at.clinical("--save-mapping", saved)
    assert (ran.code, stat.S_IMODE(saved.stat().st_mode)) == (0, 0o600), str(ran)
    assert "Written: 4 columns, 2 terms, 0 declarations." in ran.err
    for planted in ("HOSP-1", "SERRANO"):
        assert planted not in saved.read_text()

    at.program.good("new", "next", "--node", "n", "--source", at.folder / "source")
    ran = at.program.run("clinical", "next", at.table, "--mapping", saved, "--json")

    assert ran.code == 0, str(ran)
    assert attributes(ran) == {
        2: "patient",
        3: "age-at-diagnosis",
        4: "sex",
        5: "diagnosis-date",
    }


def test_a_table_that_changed_is_read_again_when_it_is_named(at: Mapping) -> None:
    at.clinical("--map", "NHC=patient")
    at.table.write_text("NHC,Sexo\nHOSP-1,H\n")

    ran = at.clinical(at.table, "--map", "Sexo=sex", "--json")

    assert attributes(ran) == {1: "patient", 2: "sex"}


def test_the_document_holds_the_keys_that_are_promised(untouched: Mapping) -> None:
    document = untouched.clinical("--show", "--json").document
    promised = (Path(__file__).parents[2] / "docs" / "json.md").read_text("utf-8")
    (section,) = re.findall(r"(?ms)^## clinical --show\n(.+?)(?=^## |\Z)", promised)
    of = {
        cells[1].strip(" `"): set(re.findall(r"`([a-z_]+)`", cells[2]))
        for cells in (line.split("|") for line in section.splitlines() if line.startswith("| `"))
    }

    assert set(document) == set(of)
    (table,) = document["tables"]
    column = table["columns"][2]
    said = {*table, *column, *column["forms"][0], *column["proposals"][0]}
    assert said == of["tables"] - {"sure", "likely", "confirmed", "none", "left"}
    assert set(document["missing"][0]) == of["missing"] - {"by", "reason"}


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("--map", "NHC"), "says nothing about a column"),
        (("--map", "99=age"), "No clinical table that was read has that column"),
        (("--map", "NHC=soul"), "no such attribute"),
        (("--order", "5=sideways"), "no order of dates"),
        (("--order", "Nombre=day-first"), "holds no dates"),
        (("--unit", "3=moons"), "no unit"),
        (("--term", "sex:F"), "says nothing about a value"),
        (("--term", "age:5=Five"), "not written in terms"),
        (("--term", "topography:HOSP-1=Lung"), "Patient ID or a name"),
        (("--declare", "sex", "--by", "A", "--reason", "b"), "cannot be declared"),
        (("--mapping", "/nowhere.toml"), "cannot be opened"),
    ],
)
def test_what_cannot_be_is_refused_in_two_lines(
    words: tuple[str, ...], why: str, untouched: Mapping
) -> None:
    ran = untouched.clinical(*words)

    assert ran.code == 2, str(ran)
    assert why in ran.complaint[0]
    assert ran.complaint[1].startswith("  what to do: ")
    assert ran.out == ""

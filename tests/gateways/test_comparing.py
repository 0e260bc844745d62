"""Sheets of gateways held against each other."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest

from tests.cli.test_json_documents import promised_keys
from tests.gateways.hosts import KEY, PATIENTS, Host, patient_list, write_cohort
from transfer.errors import UsageError
from transfer.gateways.comparing import compare, told
from transfer.gateways.sheet import Sheet, read_sheet

AGREED = {"node": "upv", "destination": "A|B", "SITE ID": "s", "method": "eucaim", "key": "k"}
HERE = Sheet("a", AGREED, "only 1/2", False, {"m1": 1, "m2": 2}, {"m3": 3})
THERE = Sheet("b", AGREED, "only 2/2", False, {"m3": 0}, {"m1": 0, "m2": 0})


def test_gateways_agree_when_everybody_goes_from_exactly_one() -> None:
    found = compare(HERE, [THERE])
    assert (found.is_good, found.patients, told(found)) == (True, 3, [])


def test_a_patient_of_two_gateways_is_named_by_the_key_here() -> None:
    found = compare(HERE, [dataclasses.replace(THERE, goes={"m2": 0, "m3": 0})])
    assert (found.twice, found.nobody, found.is_good) == (("P2",), (), False)
    assert told(found)[0][0] == "1 patient goes from more than one gateway: P2."


def test_a_patient_of_no_gateway_is_named() -> None:
    found = compare(HERE, [dataclasses.replace(THERE, goes={}, stays={"m1": 0})])
    assert (found.twice, found.nobody) == ((), ("P3",))
    assert told(found)[0][0] == "1 patient goes from no gateway: P3."


def test_patients_of_whom_this_host_has_no_file_are_counted() -> None:
    second = dataclasses.replace(THERE, goes={"m3": 0, "m8": 0}, stays={"m9": 0})
    third = Sheet("c", AGREED, "", False, {"m8": 0}, {})
    found = compare(HERE, [second, third])
    assert (found.elsewhere_twice, found.elsewhere_nobody, found.patients) == (1, 1, 4)
    assert "1 of whom there is no file here" in told(found)[0][0]


@pytest.mark.parametrize("name", [*AGREED])
def test_what_has_to_agree_and_does_not_is_named(name: str) -> None:
    other = dataclasses.replace(THERE, agreement=AGREED | {name: "another"})
    found = compare(HERE, [other])
    assert (found.differs, found.is_good) == ((name,), False)
    assert f"Not the same on every gateway: {name}." in told(found)[0][0]


def test_under_two_keys_nobody_is_compared() -> None:
    """The marks of one patient are others then: all would seem to go from one gateway alone."""
    found = compare(HERE, [dataclasses.replace(THERE, agreement=AGREED | {"key": "z"})])
    assert (found.twice, found.nobody, found.patients) == ((), (), 2)


def test_numbers_that_were_given_in_order_are_told() -> None:
    found = compare(HERE, [dataclasses.replace(THERE, counts=True)])
    assert not found.is_good
    assert "(@integer)" in told(found)[0][0]


@pytest.fixture
def homes(tmp_path: Path) -> tuple[Host, Host]:
    source = write_cohort(tmp_path / "source")
    nodes = {
        "node": {
            "kind": "upv",
            "dicomweb_url": "https://127.0.0.1:9/dicom-web",
            "auth": "none",
            "destinations": ["A|B"],
        }
    }
    words = ("--deid", "eucaim", "--site-id", "SITE-7")
    first = Host.at(tmp_path / "1", "lung-1", nodes, source, *words)
    return first, Host.at(tmp_path / "2", "lung-2", nodes, source, *words)


def test_parts_agree_before_anything_is_sent(homes: tuple[Host, Host], tmp_path: Path) -> None:
    first, second = homes
    first.run("select", "--only-part", "1/2")
    second.run("select", "--only-part", "2/2")
    found = first.compared(second.sheet(tmp_path / "2.sheet"))
    assert (found["exit_code"], found["patients"]) == (0, len(PATIENTS))
    assert set(first.run("gateways", "--json").document) == promised_keys("gateways")
    ran = second.run("gateways", "--compare", first.sheet(tmp_path / "1.sheet"))
    assert "2 gateways agree: 6 patients, each from exactly one of them." in ran.out


def test_lists_that_overlap_and_leave_somebody_out_are_found(
    homes: tuple[Host, Host], tmp_path: Path
) -> None:
    first, second = homes
    first.run("select", "--only-patients", patient_list(tmp_path, "1.txt", [1, 2, 3]))
    second.run("select", "--only-patients", patient_list(tmp_path, "2.txt", [3, 5, 6]))
    found = first.compared(second.sheet(tmp_path / "2.sheet"))
    # Rows are in the order of the scan: patient 1 first.
    assert (found["exit_code"], found["twice"], found["nobody"]) == (3, ["P3"], ["P4"])


def test_a_sheet_is_its_owners_and_names_nobody(homes: tuple[Host, Host], tmp_path: Path) -> None:
    sheet = homes[0].sheet(tmp_path / "1.sheet")
    text = sheet.read_text("utf-8")
    assert sheet.stat().st_mode & 0o777 == 0o600
    originals = ("HOSP", "SITE-7", "Zwingen", KEY)
    assert [word for word in originals if word in text] == []
    assert len(json.loads(text)["goes"]) == len(PATIENTS)


def test_what_is_no_sheet_is_refused_without_its_content(tmp_path: Path) -> None:
    path = tmp_path / "HOSP-list.txt"
    path.write_text("HOSP-001\n", "utf-8")
    path.chmod(0o600)
    with pytest.raises(UsageError, match=r"^That is no sheet of a gateway\.$"):
        read_sheet(path)

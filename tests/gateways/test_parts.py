"""A part of a cohort: the same patients on every host, and each patient in one part alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.engine.made import image, make_transfer_of
from transfer.deid.keys.cohort import PartWithoutKey, cohort_of, import_key, key_of_transfer
from transfer.errors import UsageError
from transfer.ledger.connection import Ledger
from transfer.ledger.deid_run import NumbersInOrder, give_number
from transfer.ledger.order import read_order
from transfer.ledger.parts import part_of, read_part
from transfer.ledger.selection import add_rule, apply_selection
from transfer.scan.phase import scan
from transfer.workspace import Home


def test_a_patient_has_the_same_part_on_every_host_and_for_ever() -> None:
    """Literal, since another version of this program on another host has to find the same."""
    found = [part_of(f"HOSP-{n}", 2) for n in range(1, 9)]
    assert found == [2, 1, 1, 2, 2, 1, 1, 1]
    assert [part_of(f"HOSP-{n}", 3) for n in range(1, 9)] == [3, 1, 1, 1, 2, 3, 3, 3]


def test_blanks_around_an_id_do_not_part_one_patient_from_itself() -> None:
    """They do not count for the pseudonym either, so that both would be one subject."""
    assert part_of(" HOSP-1 ", 97) == part_of("HOSP-1", 97) == part_of("HOSP-1\0", 97)


def test_parts_are_about_as_large_as_each_other() -> None:
    sizes = [0, 0, 0, 0]
    for n in range(4000):
        sizes[part_of(f"NHC-{n:07}", 4) - 1] += 1
    assert sizes == [986, 1059, 981, 974]


@pytest.mark.parametrize("value", ["0/2", "3/2", "1/1", "1", "", "half", "1/2/3", "1/100", "-1/2"])
def test_what_is_no_part_is_refused(value: str) -> None:
    with pytest.raises(UsageError, match="no part of the patients"):
        read_part(value)


@pytest.fixture
def four(tmp_path: Path) -> Path:
    """Patients HOSP-1 to HOSP-4, who are in the parts 2, 1, 1 and 2 of two."""
    for n in range(1, 5):
        for study in (1, 2):
            image(
                tmp_path / "source" / f"{n}-{study}.dcm",
                f"1.2.{n}.{study}",
                PatientID=f"HOSP-{n}",
                StudyInstanceUID=f"1.3.{n}.{study}",
                SeriesInstanceUID=f"1.4.{n}.{study}",
            )
    return tmp_path


def goes(ledger: Ledger) -> list[str]:
    """The instances that go."""
    return [
        str(uid)
        for (uid,) in ledger.rows(
            "SELECT sop_instance_uid FROM instance WHERE state = 'ready' ORDER BY 1"
        )
    ]


def test_a_patient_goes_whole_or_not_at_all(four: Path) -> None:
    """Timepoints, day 0 and ages are counted over all Studies of a patient."""
    with make_transfer_of(four / "source", four / "home") as ledger:
        scan(ledger, processes=1, should_stop=lambda: False)
        rule = add_rule(ledger, "only", "part", " 1/2 ")
        apply_selection(ledger)
        assert goes(ledger) == ["1.2.2.1", "1.2.2.2", "1.2.3.1", "1.2.3.2"]
        assert ledger.rows("SELECT value FROM selection_rule WHERE id = ?", rule) == [("1/2",)]


def test_who_comes_later_is_in_a_part_already(four: Path) -> None:
    with make_transfer_of(four / "source", four / "home") as ledger:
        scan(ledger, processes=1, should_stop=lambda: False)
        add_rule(ledger, "only", "part", "2/2")
        apply_selection(ledger)
        for n in (5, 6):
            image(
                four / "source" / f"{n}.dcm",
                f"1.2.{n}.1",
                PatientID=f"HOSP-{n}",
                StudyInstanceUID=f"1.3.{n}",
                SeriesInstanceUID=f"1.4.{n}",
            )
        scan(ledger, processes=1, should_stop=lambda: False)
        apply_selection(ledger)
        assert goes(ledger) == ["1.2.1.1", "1.2.1.2", "1.2.4.1", "1.2.4.2", "1.2.5.1"]


def test_numbers_in_order_are_refused_where_a_part_is_sent(four: Path) -> None:
    """`@integer` counts from 1 on each host: two patients would have one number."""
    with make_transfer_of(four / "source", four / "home") as ledger:
        scan(ledger, processes=1, should_stop=lambda: False)
        add_rule(ledger, "only", "part", "1/2")
        with pytest.raises(NumbersInOrder, match="two patients would get one number"):
            give_number(ledger, "patient", "HOSP-2")
        assert ledger.number("SELECT count(*) FROM deid_number") == 0


def test_no_key_is_made_by_itself_where_a_part_is_sent(four: Path) -> None:
    """It would be another than that of the other hosts, and nobody would notice before the end."""
    home = Home.at(four / "home")
    with make_transfer_of(four / "source", four / "home") as ledger:
        scan(ledger, processes=1, should_stop=lambda: False)
        add_rule(ledger, "only", "part", "2/2")
        with pytest.raises(PartWithoutKey, match="there is no key here"):
            key_of_transfer(home, ledger)
        cohort = cohort_of(read_order(ledger))
        import_key(home, cohort, "019a39ba16da7edb9e906440a48e9ed32")
        assert key_of_transfer(home, ledger)[0].fingerprint == "4a537f8f832fcd8d"

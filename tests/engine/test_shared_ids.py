"""A Patient ID that several people have: seen by two names or two birth dates under it."""

from __future__ import annotations

from pathlib import Path

from tests.engine.made import image, make_transfer_of
from transfer.ledger.connection import Ledger
from transfer.ledger.persons import shared_ids
from transfer.scan.phase import scan


def scanned(ledger: Ledger) -> None:
    scan(ledger, processes=1, should_stop=lambda: False)


def test_two_names_under_one_patient_id_are_seen(tmp_path: Path) -> None:
    source = tmp_path / "source"
    image(source / "1.dcm", "1.2.1", PatientID="***", PatientName="Doe^Jane")
    image(source / "2.dcm", "1.2.2", PatientID="***", PatientName="Roe^Richard")
    with make_transfer_of(source, tmp_path / "home") as ledger:
        scanned(ledger)
        (sharing,) = shared_ids(ledger)
        assert sharing.names == ("Doe^Jane", "Roe^Richard")
        assert (sharing.birth_dates, sharing.instances) == ((), 2)
        assert ledger.row("SELECT original_id FROM patient WHERE id = ?", sharing.patient) == (
            "***",
        )


def test_two_birth_dates_under_one_patient_id_are_seen(tmp_path: Path) -> None:
    source = tmp_path / "source"
    image(source / "1.dcm", "1.2.1", PatientBirthDate="19500101")
    image(source / "2.dcm", "1.2.2", PatientBirthDate="19600101")
    with make_transfer_of(source, tmp_path / "home") as ledger:
        scanned(ledger)
        assert [s.birth_dates for s in shared_ids(ledger)] == [("19500101", "19600101")]


def test_another_spelling_of_a_name_or_none_at_all_is_the_same_person(tmp_path: Path) -> None:
    source = tmp_path / "source"
    for number, name in enumerate(("Doe^Jane", "DOE^JANE^^", "", "Doe^Jane=other"), 1):
        image(source / f"{number}.dcm", f"1.2.{number}", PatientName=name)
    with make_transfer_of(source, tmp_path / "home") as ledger:
        scanned(ledger)
        assert ledger.number("SELECT count(*) FROM person") == 4
        assert list(shared_ids(ledger)) == []


def test_a_name_that_was_corrected_at_the_source_is_forgotten(tmp_path: Path) -> None:
    source = tmp_path / "source"
    image(source / "1.dcm", "1.2.1", PatientName="Doe^Jane")
    image(source / "2.dcm", "1.2.2", PatientName="Roe^Richard")
    with make_transfer_of(source, tmp_path / "home") as ledger:
        scanned(ledger)
        assert len(list(shared_ids(ledger))) == 1
        image(source / "2.dcm", "1.2.2", PatientName="Doe^Jane", StudyDescription="corrected")
        scanned(ledger)
        assert list(shared_ids(ledger)) == []


def test_a_sharing_names_nobody_when_it_is_shown(tmp_path: Path) -> None:
    source = tmp_path / "source"
    image(source / "1.dcm", "1.2.1", PatientName="Doe^Jane", PatientBirthDate="19500101")
    image(source / "2.dcm", "1.2.2", PatientName="Roe^Richard", PatientBirthDate="19600101")
    with make_transfer_of(source, tmp_path / "home") as ledger:
        scanned(ledger)
        (sharing,) = shared_ids(ledger)
        assert "Doe" not in repr(sharing)
        assert "1950" not in repr(sharing)

"""Whether a text tells of a patient of this transfer (rule HLP-04)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.helpdesk.bench import transfer_with_patients
from transfer.ledger.connection import Ledger
from transfer.ledger.telling import Piece, Told, told_in


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with transfer_with_patients(tmp_path) as opened:
        yield opened


def kinds(ledger: Ledger, text: str, *, names_staff: bool = False) -> set[str]:
    return {str(told.kind) for told in told_in(ledger, [Piece("Trouble", text, names_staff)])}


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("the upload of HOSP-0012345 fails", "patient ID"),
        ("the upload of hosp 0012345 fails", "patient ID"),
        ("patient 47110 fails", "patient ID"),
        ("it fails for (47110).", "patient ID"),
        ("it fails for AB-1 alone", "patient ID"),
        ("Maite Etxeberria fails", "name"),
        ("etxeberría fails", "name"),
        ("Wei Li fails", "name"),
        ("born on 24 November 1964", "birth date"),
        ("born 1964-11-24", "birth date"),
        ("born 24.11.1964", "birth date"),
        ("accession RX19-4517574", "accession number"),
        ("call 34619965009", "phone number"),
        ("study 1.2.826.0.1.2 fails", "UID of the original images"),
        ("see /data/export/PAT/IMG00001.dcm", "name of a source file"),
        ("see PAT/IMG00001.dcm.", "name of a source file"),
        ("see PAT\\IMG00001.dcm", "name of a source file"),
        ("see file:///data/export/PAT/IMG00001.dcm", "name of a source file"),
        ("id=47110", "patient ID"),
        ("patient:47110,", "patient ID"),
        ("47110/47111", "patient ID"),
        ("patient 0047110", "patient ID"),
        ("PID47110", "patient ID"),
        ("ETXEBERRI\u0301A, MAITE", "name"),
        ("born 24.11.64", "birth date"),
        ("born 24-Nov-64", "birth date"),
        ("1964-11-24T00:00", "birth date"),
        ("call +34 619 965 009", "phone number"),
        ("call 0034 (619) 965-009", "phone number"),
    ],
)
def test_an_original_identifier_is_found_in_running_text(
    ledger: Ledger, text: str, kind: str
) -> None:
    assert kind in kinds(ledger, text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Lung screening of three hospitals",
        "3 patients, 47 studies, 12.3 GB",
        "47,110 instances",
        "P1, S2 and E3 fail with exit code 6",
        "The head of the department asks",
        "max. 5 GB",
        "study 1.2.826.0.1.27 fails",
        "Diagnosis 1, Treatment 2",
        "version 0.6.0, exit code 6, HTTP 403, port 8443",
        "on 24.11.24 at 16:30, since 2026-11-24T16:30",
        "IMG47110.dcm is one of 47 110 files",
    ],
)
def test_ordinary_text_is_let_go(ledger: Ledger, text: str) -> None:
    assert kinds(ledger, text) == set()


def test_a_surname_alone_is_no_patients_where_staff_is_named(ledger: Ledger) -> None:
    assert kinds(ledger, "Dr. Etxeberría", names_staff=True) == set()
    assert kinds(ledger, "Maite Etxeberría", names_staff=True) == {"name"}
    assert kinds(ledger, "HOSP-0012345", names_staff=True) == {"patient ID"}


def test_what_is_found_says_where_and_what_and_never_its_value(ledger: Ledger) -> None:
    pieces = [Piece("Description", "of 47110"), Piece("Name", "Lung"), Piece("URL", "born 1964")]
    found = told_in(ledger, pieces)
    assert found == [Told("Description", "patient ID")]
    assert "47110" not in repr(found)


def test_ids_of_the_clinical_table_count_too(ledger: Ledger) -> None:
    with ledger.transaction():
        ledger.write(
            "INSERT INTO clinical_file (id, path, sheet, size_bytes, mtime_ns, sha256, form)"
            " VALUES (1, x'61', '', 1, 0, '', 'csv')"
        )
        ledger.write(
            "INSERT INTO clinical_row (id, file_id, patient, likeness, timepoint, width, cells)"
            " VALUES (2, 1, 'NHC-998877', '', '', 1, '[]')"
        )
    assert kinds(ledger, "row of NHC-998877") == {"patient ID"}


def test_names_in_a_script_without_blanks_are_found(ledger: Ledger) -> None:
    with ledger.transaction():
        ledger.write("INSERT INTO patient VALUES (9, 'ZZ-000009', '山田^太郎', NULL)")
    assert kinds(ledger, "患者山田太郎のアップロード") == {"name"}

"""What is counted: only what was verified on the node, and only as it left (CAT-02)."""

from __future__ import annotations

import sqlite3

from tests.catalogue.conftest import say_of
from transfer.catalogue.figures import Facet, Figures, Group, read_figures
from transfer.ledger.connection import Ledger
from transfer.workspace import Workspace


def figures_of(workspace: Workspace) -> Figures:
    with Ledger.open(workspace.ledger, read_only=True) as ledger:
        return read_figures(ledger)


def values(figures: Figures, facet: Facet) -> dict[str, int]:
    return {group.value: group.subjects for group in figures.of(facet)}


def write(workspace: Workspace, sql: str, *parameters: object) -> None:
    with sqlite3.connect(workspace.ledger) as db:
        db.execute(sql, parameters)


def test_only_what_was_verified_on_the_node_is_counted(workspace: Workspace) -> None:
    found = figures_of(workspace)
    assert (found.subjects, found.studies, found.series, found.images) == (7, 7, 7, 14)
    assert found.size_bytes == 14 * 526_336
    assert list(found.of(Facet.MODALITY)) == [Group("CT", 7, 7, 7, 14)]


def test_nothing_verified_counts_nothing(workspace: Workspace) -> None:
    write(workspace, "UPDATE instance SET state = 'sent'")
    found = figures_of(workspace)
    assert (found.subjects, found.images, found.size_bytes) == (0, 0, 0)
    assert (found.ages, found.years) == (None, None)
    assert not any(found.of(facet) for facet in Facet)


def test_ages_and_years_are_those_of_the_headers(workspace: Workspace) -> None:
    found = figures_of(workspace)
    assert found.ages == (45, 75)
    assert found.years == (2024, 2024)
    assert values(found, Facet.AGE) == {"40": 1, "50": 2, "60": 2, "70": 2}


def test_what_the_source_says_is_not_told_where_the_transfer_de_identifies(
    workspace: Workspace,
) -> None:
    write(workspace, "UPDATE transfer SET deid = 'eucaim'")
    found = figures_of(workspace)
    assert found.ages is None
    assert values(found, Facet.SEX) == {"": 7}


def test_what_left_counts_and_not_what_the_source_says(workspace: Workspace) -> None:
    write(workspace, "UPDATE transfer SET deid = 'eucaim'")
    for patient in range(1, 8):
        said = {"date": "20200708", "modality": "CT", "age": "090Y", "moved": "MODIFIED"}
        say_of(workspace, patient, said, leaves=True)
    found = figures_of(workspace)
    assert found.ages == (90, 90)
    assert found.years == (2020, 2020)
    assert found.moved_studies == 7
    assert values(found, Facet.AGE) == {"90": 7}
    assert values(found, Facet.BODY_PART) == {"": 7}


def test_words_that_mean_nothing_are_no_values(workspace: Workspace) -> None:
    said = {"manufacturer": " Unknown ", "sex": "N/A", "age": "45", "date": "NULL"}
    say_of(workspace, 1, said)
    found = figures_of(workspace)
    assert values(found, Facet.MANUFACTURER) == {"ACME": 6, "": 1}
    assert values(found, Facet.SEX) == {"F": 5, "": 1, "M": 1}
    assert values(found, Facet.YEAR) == {"2024": 6, "": 1}
    assert found.ages == (50, 75)


def test_ages_in_months_weeks_and_days_are_whole_years(workspace: Workspace) -> None:
    for patient, age in enumerate(("030M", "104W", "364D"), 1):
        say_of(workspace, patient, {"age": age})
    assert values(figures_of(workspace), Facet.AGE)["0"] == 3
    assert figures_of(workspace).ages == (0, 75)


def test_a_subject_of_two_rows_that_the_node_knows_by_one_name_counts_once(
    workspace: Workspace,
) -> None:
    write(workspace, "UPDATE patient SET pseudonym = x'0102' WHERE id IN (1, 2)")
    write(workspace, "UPDATE study SET out_study_uid = x'0304' WHERE id IN (1, 2)")
    found = figures_of(workspace)
    assert (found.subjects, found.studies, found.series) == (6, 6, 7)


def test_segmentations_are_a_format_of_their_own(workspace: Workspace) -> None:
    say_of(workspace, 1, {"sop_class": "1.2.840.10008.5.1.4.1.1.66.4"})
    assert values(figures_of(workspace), Facet.FORMAT) == {"DICOM": 6, "DICOM-SEG": 1}


def test_volumes_count_where_they_were_verified_and_not_where_a_person_has_them(
    workspace: Workspace,
) -> None:
    document = '{"524384":"MR","1048608":"PSEUDO-9","2097165":"2.25.9","2097166":"2.25.9.1"}'
    for row, state, handed in ((1, "verified", None), (2, "todo", "2026-01-01T00:00:00.000Z")):
        write(
            workspace,
            "INSERT INTO volume (file_id, file_bytes, file_mtime_ns, out_traits, size_bytes,"
            " json_bytes, state, handed_over_at_utc) VALUES (?, 1, 0, ?, 100, 10, ?, ?)",
            row,
            document,
            state,
            handed,
        )
    found = figures_of(workspace)
    assert (found.subjects, found.studies, found.images, found.handed_over) == (8, 8, 15, 1)
    assert found.size_bytes == 14 * 526_336 + 110
    assert values(found, Facet.FORMAT) == {"DICOM": 7, "NIfTI": 1}

"""All findings of some rules are replaced at once, at the cost of those that differ."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from transfer.ledger.connection import Ledger
from transfer.ledger.findings import Finding, read_findings, replace_findings, settle_findings


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with Ledger.create(tmp_path / "ledger.sqlite") as ledger:
        yield ledger


def of(key: str, n: int = 1, *, rule: str = "IMG-03", standing: str = "open") -> Finding:
    return Finding(rule, "block", "series", key, f"{n} told.", "Mend it.", n, "", standing)


def rows(ledger: Ledger) -> dict[str, int]:
    return dict(ledger.rows("SELECT key, id FROM finding"))


def test_what_is_found_again_keeps_its_row(ledger: Ledger) -> None:
    replace_findings(ledger, ["IMG-03"], [of("E1"), of("E2")])
    before = rows(ledger)
    assert sorted(before) == ["E1", "E2"]
    changes = ledger.number("SELECT total_changes()")
    replace_findings(ledger, ["IMG-03"], [of("E2"), of("E1")])
    assert rows(ledger) == before
    # The two that were put aside, and nothing else.
    assert ledger.number("SELECT total_changes()") - changes == 2


def test_what_is_found_no_more_goes_and_other_rules_stay(ledger: Ledger) -> None:
    replace_findings(ledger, ["IMG-02"], [of("E1", rule="IMG-02")])
    replace_findings(ledger, ["IMG-03"], [of("E1"), of("E2"), of("E3", 7)])
    replace_findings(ledger, ["IMG-03"], [of("E2", 5), of("E3", 7, standing="mended")])
    assert [(f.rule, f.key, f.n, f.standing) for f in read_findings(ledger, standing=None)] == [
        ("IMG-02", "E1", 1, "open"),
        ("IMG-03", "E2", 5, "open"),
        ("IMG-03", "E3", 7, "mended"),
    ]


def test_a_word_holds_for_what_is_found_again_unless_it_grew(ledger: Ledger) -> None:
    replace_findings(ledger, ["IMG-03"], [of("E1", 3), of("E2", 3)])
    assert settle_findings(ledger, "IMG-03", ["E2", "E1"], "waived", "", "Dr A", "agreed") == [
        "E1",
        "E2",
    ]
    replace_findings(ledger, ["IMG-03"], [of("E1", 3), of("E2", 4), of("E3")])
    found = read_findings(ledger, standing=None)
    assert {f.key: f.standing for f in found} == {"E1": "waived", "E2": "open", "E3": "open"}


def test_where_an_instance_lies_is_looked_up_anew(ledger: Ledger) -> None:
    """A file that was read again may belong to another Series by then."""
    for row in (1, 2):
        ledger.write(
            "INSERT INTO patient (id, original_id, original_name) VALUES (?, ?, '')", row, row
        )
        ledger.write(
            "INSERT INTO study (id, patient_id, study_uid, study_date, description)"
            " VALUES (?1, ?1, ?1, '', '')",
            row,
        )
        ledger.write(
            "INSERT INTO series (id, study_id, series_uid, modality, series_number, description,"
            " body_part, manufacturer) VALUES (?1, ?1, ?1, '', '', '', '', '')",
            row,
        )
    ledger.write(
        "INSERT INTO source_file (id, path, size_bytes, mtime_ns, generation)"
        " VALUES (9, x'61', 1, 1, 1)"
    )
    ledger.write(
        "INSERT INTO instance (id, file_id, file_bytes, file_mtime_ns, series_id,"
        " sop_instance_uid, sop_class_uid, transfer_syntax_uid, body_offset, has_part10,"
        " deidentified, size_bytes, state) VALUES (5, 9, 1, 1, 1, '1', '', '', 0, 1, 1, 1, 'ready')"
    )
    replace_findings(ledger, ["IMG-10"], [of("F9", rule="IMG-10")])
    ledger.write("UPDATE instance SET series_id = 2")
    replace_findings(ledger, ["IMG-10"], [of("F9", rule="IMG-10")])
    assert ledger.rows("SELECT patient_id, series_id FROM finding_place") == [(2, 2)]

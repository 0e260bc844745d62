"""A person's choice of what goes: rules in their order, and what they do to instances."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.engine.made import image, make_transfer_of
from transfer.errors import UsageError
from transfer.ledger.batches import add_batches, lease_next, planned_batches
from transfer.ledger.census import take_census
from transfer.ledger.chosen import Chosen, read_chosen
from transfer.ledger.connection import Ledger
from transfer.ledger.findings import Finding, record_finding, settle_findings
from transfer.ledger.selection import (
    add_rule,
    apply_selection,
    clear_rules,
    count_unmatched,
    remove_rule,
    selection_rules,
)
from transfer.ledger.standing import stand_anew
from transfer.scan.phase import scan

CT_1, CT_2, MR, PT = "1.2.1", "1.2.2", "1.2.3", "1.2.4"
ALL = [CT_1, CT_2, MR, PT]


def write_source(source: Path) -> None:
    """P1 with a CT of two instances and an MR of one, P2 with a PET of one."""
    for name, uid in (("1.dcm", CT_1), ("2.dcm", CT_2)):
        image(
            source / name,
            uid,
            SpecificCharacterSet="ISO_IR 100",
            SeriesInstanceUID="1.4.1",
            BodyPartExamined="HEAD",
            StudyDate="20190105",
            SeriesDescription="Schädel nativ",
        )
    image(source / "3.dcm", MR, SeriesInstanceUID="1.4.2", Modality="MR", StudyDate="20190105")
    image(
        source / "4.dcm",
        PT,
        PatientID="MADE-2",
        StudyInstanceUID="1.3.2",
        SeriesInstanceUID="1.4.3",
        Modality="PT",
        StudyDate="20210630",
    )


def scanned(ledger: Ledger) -> None:
    scan(ledger, processes=1, should_stop=lambda: False)


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("template")
    write_source(folder / "source")
    with make_transfer_of(folder / "source", folder / "home") as made:
        scanned(made)
    (found,) = (folder / "home").rglob("ledger.sqlite")
    return found


@pytest.fixture
def ledger(template: Path, tmp_path: Path) -> Iterator[Ledger]:
    """Scanned, with a source that must stay as it is."""
    copy = shutil.copy(template, tmp_path / "ledger.sqlite")
    with Ledger.open(Path(copy)) as made:
        yield made


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Ledger]:
    """Scanned, with a source of its own in `tmp_path / "source"`."""
    write_source(tmp_path / "source")
    with make_transfer_of(tmp_path / "source", tmp_path / "home") as made:
        scanned(made)
        yield made


def goes(ledger: Ledger) -> list[str]:
    apply_selection(ledger)
    return [
        uid
        for (uid,) in ledger.rows(
            "SELECT sop_instance_uid FROM instance WHERE state = 'ready' ORDER BY 1"
        )
    ]


def key_of(ledger: Ledger, uid: str) -> str:
    row = ledger.number("SELECT id FROM instance WHERE sop_instance_uid = ?", uid)
    return f"I{row}"


def file_of(ledger: Ledger, uid: str) -> str:
    row = ledger.number("SELECT file_id FROM instance WHERE sop_instance_uid = ?", uid)
    return f"F{row}"


def test_without_a_rule_everything_goes(ledger: Ledger) -> None:
    assert goes(ledger) == ALL


@pytest.mark.parametrize(
    ("subject", "value", "left"),
    [
        ("key", "P1", [PT]),
        ("key", "E1,E3", [MR]),
        ("key", "s2", [CT_1, CT_2, MR]),
        ("modality", "ct, mr", [PT]),
        ("body-part", "Head", [MR, PT]),
        ("study-date", "20190101-20191231", [PT]),
        ("study-date", "20200101-", [CT_1, CT_2, MR]),
        ("study-date", "-20190105", [PT]),
        ("description", "SCHÄDEL", [MR, PT]),
        ("description", "100%_", ALL),
    ],
)
def test_what_a_rule_names_is_left_out(
    ledger: Ledger, subject: str, value: str, left: list[str]
) -> None:
    add_rule(ledger, "exclude", subject, value)  # type: ignore[arg-type]
    assert goes(ledger) == left


def test_only_leaves_out_what_it_does_not_name(ledger: Ledger) -> None:
    add_rule(ledger, "only", "modality", "CT,PT")
    assert goes(ledger) == [CT_1, CT_2, PT]
    add_rule(ledger, "only", "study-date", "-20191231")
    assert goes(ledger) == [CT_1, CT_2]


def test_only_brings_back_nothing_that_was_left_out_before(ledger: Ledger) -> None:
    add_rule(ledger, "exclude", "key", "E1")
    add_rule(ledger, "only", "modality", "CT")
    assert goes(ledger) == []


def test_the_last_rule_that_fits_decides(ledger: Ledger) -> None:
    add_rule(ledger, "exclude", "key", "P1")
    add_rule(ledger, "include", "modality", "CT")
    assert goes(ledger) == [CT_1, CT_2, PT]
    add_rule(ledger, "exclude", "key", key_of(ledger, CT_2))
    assert goes(ledger) == [CT_1, PT]
    add_rule(ledger, "include", "key", "P1")
    assert goes(ledger) == ALL


def test_single_instances_and_files_are_chosen_within_their_series(ledger: Ledger) -> None:
    add_rule(ledger, "exclude", "key", file_of(ledger, CT_1))
    assert goes(ledger) == [CT_2, MR, PT]
    clear_rules(ledger)
    add_rule(ledger, "only", "key", key_of(ledger, CT_2))
    assert goes(ledger) == [CT_2]


def test_a_list_leaves_out_the_patients_that_it_names_and_tells_how_many_it_missed(
    ledger: Ledger,
) -> None:
    names = ["MADE-2", "  ", "SOMEBODY", "MADE-1 "]
    rule = add_rule(ledger, "exclude", "patients", "withdrawn", items=names[:3])
    assert goes(ledger) == [CT_1, CT_2, MR]
    assert count_unmatched(ledger, rule) == 1
    assert [r.items for r in selection_rules(ledger)] == [2]
    clear_rules(ledger)
    rule = add_rule(ledger, "only", "patients", "consented", items=names[3:])
    assert goes(ledger) == [CT_1, CT_2, MR]
    assert count_unmatched(ledger, rule) == 0


def test_a_list_of_studies_is_read_in_the_same_way(ledger: Ledger) -> None:
    rule = add_rule(ledger, "only", "studies", "cohort", items=["1.3.2", "1.3.99"])
    assert goes(ledger) == [PT]
    assert count_unmatched(ledger, rule) == 1


def test_what_a_finding_names_is_left_out_and_stays_out_when_it_is_settled(ledger: Ledger) -> None:
    record_finding(ledger, Finding("IMG-04", "block", "series", "E1", "…", "…"))
    record_finding(ledger, Finding("IMG-05", "warn", "series", "E2", "…", "…"))
    add_rule(ledger, "exclude", "finding", "*")
    assert goes(ledger) == [MR, PT]
    ledger.write("UPDATE finding SET standing = 'excluded'")
    assert goes(ledger) == [MR, PT]
    record_finding(ledger, Finding("IMG-04", "block", "series", "E3", "…", "…"))
    assert goes(ledger) == [MR, PT], "a finding that came later was not spoken about"


def test_of_a_rule_what_only_warns_goes_where_something_else_blocks(ledger: Ledger) -> None:
    record_finding(ledger, Finding("IMG-10", "block", "series", "E1", "…", "…"))
    record_finding(ledger, Finding("IMG-10", "warn", "series", "E2", "…", "…"))
    add_rule(ledger, "exclude", "finding", "IMG-10")
    assert goes(ledger) == [MR, PT]
    ledger.write("UPDATE finding SET standing = 'excluded' WHERE severity = 'block'")
    add_rule(ledger, "exclude", "finding", "IMG-10")
    assert goes(ledger) == [PT]


def test_a_finding_names_instances_too(ledger: Ledger) -> None:
    key = key_of(ledger, CT_1)
    record_finding(ledger, Finding("IMG-07", "block", "instance", key, "…", "…"))
    add_rule(ledger, "exclude", "finding", "IMG-07")
    assert goes(ledger) == [CT_2, MR, PT]


def test_a_choice_outlives_the_next_scan(own: Ledger, tmp_path: Path) -> None:
    add_rule(own, "exclude", "modality", "CT")
    assert goes(own) == [MR, PT]
    image(tmp_path / "source" / "5.dcm", "1.2.5", SeriesInstanceUID="1.4.1")
    scanned(own)
    assert goes(own) == [MR, PT]
    counts = take_census(own).instances
    assert (counts.found, counts.ready, counts.excluded) == (5, 2, 3)


def test_a_rule_that_is_taken_back_has_no_effect_any_more(ledger: Ledger) -> None:
    rule = add_rule(ledger, "exclude", "modality", "CT", person="A. Curator", reason="not asked")
    assert goes(ledger) == [MR, PT]
    (kept,) = selection_rules(ledger)
    assert (kept.id, kept.action, kept.subject, kept.value) == (rule, "exclude", "modality", "CT")
    assert (kept.person, kept.reason) == ("A. Curator", "not asked")
    assert remove_rule(ledger, rule)
    assert goes(ledger) == ALL
    assert not remove_rule(ledger, rule)


def test_what_went_is_never_touched(ledger: Ledger) -> None:
    ledger.write("UPDATE instance SET state = 'sent' WHERE sop_instance_uid = ?", CT_1)
    ledger.write("UPDATE instance SET state = 'verified' WHERE sop_instance_uid = ?", CT_2)
    add_rule(ledger, "exclude", "key", "P1,P2")
    assert goes(ledger) == []
    states = ledger.rows("SELECT state FROM instance ORDER BY sop_instance_uid")
    assert [state for (state,) in states] == ["sent", "verified", "excluded", "excluded"]


def test_what_is_under_way_is_left_alone_and_a_batch_without_instances_is_not_sent(
    ledger: Ledger,
) -> None:
    rows = [row for (row,) in ledger.rows("SELECT id FROM instance ORDER BY id")]
    with ledger.transaction():
        add_batches(ledger, [rows[:1], rows[1:2], rows[2:]])
    assert lease_next(ledger) is not None
    add_rule(ledger, "exclude", "modality", "CT")
    assert goes(ledger) == [CT_1, MR, PT]
    assert planned_batches(ledger, 0, 9) == [3]


def test_a_failed_instance_that_is_taken_in_again_gets_another_chance(ledger: Ledger) -> None:
    ledger.write("UPDATE instance SET state = 'failed', reason = 'x' WHERE series_id = 1")
    add_rule(ledger, "exclude", "key", "E1")
    assert goes(ledger) == [MR, PT]
    clear_rules(ledger)
    assert goes(ledger) == ALL


def test_a_file_that_is_gone_does_not_come_back_by_being_chosen(
    own: Ledger, tmp_path: Path
) -> None:
    add_rule(own, "exclude", "key", "E2")
    apply_selection(own)
    (tmp_path / "source" / "3.dcm").unlink()
    scanned(own)
    clear_rules(own)
    assert goes(own) == [CT_1, CT_2, PT]
    assert take_census(own).instances.failed == 1


@pytest.mark.parametrize(
    ("action", "subject", "value", "match"),
    [
        ("exclude", "key", "E99", "E99 is not in this transfer"),
        ("exclude", "key", "X1", "no key"),
        ("exclude", "study-date", "2019", "no range"),
        ("exclude", "study-date", "20200101-20190101", "no range"),
        ("exclude", "modality", " , ", "without a value"),
        ("exclude", "finding", "IMG-04", "names nothing"),
        ("only", "finding", "*", "Nothing can be selected"),
        ("exclude", "patients", "empty", "names nothing"),
    ],
)
def test_what_cannot_be_understood_is_refused_and_leaves_no_trace(
    ledger: Ledger, action: str, subject: str, value: str, match: str
) -> None:
    with pytest.raises(UsageError, match=match):
        add_rule(ledger, action, subject, value)  # type: ignore[arg-type]
    assert selection_rules(ledger) == []
    assert ledger.number("SELECT count(*) FROM word") == 0


def two_contents(tmp_path: Path) -> Iterator[Ledger]:
    source = tmp_path / "source"
    image(source / "a.dcm", CT_1, rows=4)
    image(source / "b.dcm", CT_1, rows=8)
    with make_transfer_of(source, tmp_path / "home") as made:
        scanned(made)
        yield made


@pytest.fixture
def twins(tmp_path: Path) -> Iterator[Ledger]:
    """`a.dcm` goes; `b.dcm` has its SOP Instance UID and other content."""
    yield from two_contents(tmp_path)


def going_file(ledger: Ledger) -> list[bytes]:
    apply_selection(ledger)
    scanned(ledger)
    apply_selection(ledger)
    return [
        path
        for (path,) in ledger.rows(
            "SELECT f.path FROM source_file f JOIN instance i ON i.file_id = f.id"
            " WHERE i.state = 'ready'"
        )
    ]


def key_of_file(ledger: Ledger, path: bytes) -> str:
    return f"F{ledger.number('SELECT id FROM source_file WHERE path = ?', path)}"  # noqa: S608


def test_leaving_out_the_first_of_two_contents_lets_the_other_go(twins: Ledger) -> None:
    assert going_file(twins) == [b"a.dcm"]
    rule = add_rule(twins, "exclude", "key", key_of_file(twins, b"a.dcm"))
    assert going_file(twins) == [b"b.dcm"]
    files = take_census(twins).files
    assert (files.instances, files.duplicates, files.rejected, files.seen) == (1, 0, 1, 2)
    remove_rule(twins, rule)
    going_file(twins)
    assert take_census(twins).files.duplicates == 1, "it is asked about again"


def test_leaving_out_the_second_of_two_contents_lets_the_first_go(twins: Ledger) -> None:
    add_rule(twins, "exclude", "key", key_of_file(twins, b"b.dcm"))
    assert going_file(twins) == [b"a.dcm"]


def test_what_went_makes_no_room(twins: Ledger) -> None:
    twins.write("UPDATE instance SET state = 'sent'")
    add_rule(twins, "exclude", "key", key_of_file(twins, b"a.dcm"))
    assert going_file(twins) == []
    assert twins.rows("SELECT state FROM instance") == [("sent",)]


def test_figures_of_a_choice_go_with_the_choice(ledger: Ledger) -> None:
    assert read_chosen(ledger) is None
    add_rule(ledger, "only", "modality", "CT")
    apply_selection(ledger)
    assert read_chosen(ledger) == Chosen(patients=1, studies=1, series=1, rules=1)
    clear_rules(ledger)
    apply_selection(ledger)
    assert read_chosen(ledger) is None


def standing(ledger: Ledger, key: str) -> str:
    stand_anew(ledger)
    found = ledger.row("SELECT standing FROM finding WHERE key = ?", key)
    assert found is not None
    return str(found[0])


def test_a_file_that_was_rejected_asks_for_nothing_once_a_person_leaves_it_out(
    ledger: Ledger,
) -> None:
    with ledger.transaction():
        row = ledger.write(
            "INSERT INTO source_file (path, size_bytes, mtime_ns, generation, verdict, kind)"
            " VALUES (x'31', 1, 1, 1, 'rejected', 'instance')"
        )
    key = f"F{row}"
    record_finding(ledger, Finding("IMG-10", "block", "instance", key, "…", "…"))
    add_rule(ledger, "only", "modality", "CT")
    assert standing(ledger, key) == "open", "of what it is nothing is known"
    rule = add_rule(ledger, "exclude", "finding", "*")
    assert standing(ledger, key) == "excluded"
    remove_rule(ledger, rule)
    assert standing(ledger, key) == "open"


@pytest.mark.parametrize("key", ["P1", "S1", "E1"])
def test_a_finding_about_what_does_not_go_asks_for_nothing(ledger: Ledger, key: str) -> None:
    record_finding(ledger, Finding("IMG-01", "block", "study", key, "…", "…"))
    add_rule(ledger, "exclude", "key", "P1,P2")
    apply_selection(ledger)
    assert standing(ledger, key) == "excluded"
    clear_rules(ledger)
    apply_selection(ledger)
    assert standing(ledger, key) == "open"


def test_a_word_of_a_person_outlives_a_choice(ledger: Ledger) -> None:
    record_finding(ledger, Finding("IMG-04", "block", "series", "E1", "…", "…"))
    assert settle_findings(ledger, "IMG-04", None, "waived", "waived", "A", "b") == ["E1"]
    ledger.write("UPDATE finding SET standing = 'excluded'")
    assert standing(ledger, "E1") == "waived"

"""The tree patient, Study, Series: its pages, what a sieve lets pass, and its sums."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.tui.forests import exclude, grow
from transfer.ledger import connection
from transfer.ledger.branches import END, START, Branch, Place, count_branch, read_found
from transfer.ledger.census import take_census
from transfer.ledger.choice import Amount, Choice, read_choice
from transfer.ledger.connection import Ledger
from transfer.ledger.findings import Finding, record_finding, replace_findings, settle_findings
from transfer.ledger.sieve import Sieve, View, make_sieve
from transfer.ledger.tree import read_page, read_page_before

ALL = Sieve()


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    """Three patients of two Studies each, of two Series each: P1 has S1 (E1, E2), S2 (E3, E4)."""
    with Ledger.create(tmp_path / "ledger.sqlite") as ledger:
        grow(ledger, 3, studies=2, series=2)
        yield ledger


def keys(ledger: Ledger, sieve: Sieve = ALL, opened: str = "", limit: int = 100) -> list[str]:
    return [b.key for b in read_page(ledger, sieve, opened.split(), limit=limit).branches]


def one(ledger: Ledger, key: str) -> Branch:
    opened = ["P1", "P2", "P3", *(f"S{n}" for n in range(1, 7))]
    return next(b for b in read_page(ledger, ALL, opened).branches if b.key == key)


def find(ledger: Ledger, key: str, severity: str = "warn", rule: str = "IMG-01") -> None:
    record_finding(ledger, Finding(rule, severity, "series", key, "It is so.", "Do this."))


def sieve(text: str = "", modalities: str = "", view: View = "all", reveals: bool = False) -> Sieve:
    return make_sieve(text, modalities, view, reveals=reveals)


def test_what_is_open_stands_between_what_goes_before_and_after_it(ledger: Ledger) -> None:
    assert keys(ledger, opened="P2 S4") == ["P1", "P2", "S3", "S4", "E7", "E8", "P3"]


def test_a_study_that_is_open_shows_nothing_while_its_patient_is_closed(ledger: Ledger) -> None:
    assert keys(ledger, opened="S4") == ["P1", "P2", "P3"]


@pytest.mark.parametrize("limit", [1, 2, 3, 5])
def test_pages_put_together_are_the_whole_tree_in_both_directions(
    ledger: Ledger, limit: int
) -> None:
    opened = ["P1", "S1", "P2", "P3", "S5", "S6"]
    whole = [b.key for b in read_page(ledger, ALL, opened).branches]
    assert len(whole) == 15
    down: list[str] = []
    place, is_end = START, False
    while not is_end:
        page = read_page(ledger, ALL, opened, after=place, limit=limit)
        assert len(page.branches) <= limit
        down += [b.key for b in page.branches]
        place, is_end = page.reached, page.is_end
    up: list[str] = []
    place, is_end = END, False
    while not is_end:
        page = read_page_before(ledger, ALL, opened, before=place, limit=limit)
        up = [b.key for b in page.branches] + up
        place, is_end = page.reached, page.is_end
    assert down == whole
    assert up == whole


def test_a_row_says_what_lies_below_it(ledger: Ledger) -> None:
    exclude(ledger, 1, 3)
    patient, study, series = one(ledger, "P1"), one(ledger, "S1"), one(ledger, "E2")
    assert (patient.studies, patient.series) == (2, 4)
    assert (patient.chosen, patient.excluded) == (2, 2)
    assert (patient.bytes_chosen, patient.bytes_excluded) == (2_000, 2_000)
    assert (patient.first_date, patient.last_date) == ("20200102", "20200103")
    assert study.name == "STAGING 1"
    assert study.modalities == ("CT", "MR")
    assert (study.series, study.chosen, study.excluded) == (2, 1, 1)
    assert (series.name, series.modalities, series.body_parts) == ("THORAX 2", ("MR",), ("CHEST",))


def test_the_sums_of_all_patients_are_those_of_the_census(ledger: Ledger) -> None:
    exclude(ledger, 2, 5, 6)
    branches = read_page(ledger, ALL).branches
    census = take_census(ledger)
    assert len(branches) == census.patients == 3
    assert sum(b.studies for b in branches) == census.studies == 6
    assert sum(b.series for b in branches) == census.series == 12
    assert sum(b.chosen for b in branches) == census.instances.ready == 9
    assert sum(b.excluded for b in branches) == census.instances.excluded == 3
    assert sum(b.bytes_chosen for b in branches) == census.bytes_total == 9_000


def test_what_goes_and_what_stays_are_all_there_is(ledger: Ledger) -> None:
    """S1 stays as a whole, and so does P2; of S2 one Series goes, and with it S2 and P1."""
    exclude(ledger, 1, 2, 3, 5, 6, 7, 8)
    assert read_choice(ledger) == Choice(
        Amount(2, 3, 5, 5, 5_000),
        Amount(1, 3, 7, 7, 7_000),
    )
    census = take_census(ledger)
    assert (census.instances.ready, census.instances.excluded) == (5, 7)


def test_original_patient_ids_are_read_only_where_they_are_revealed(ledger: Ledger) -> None:
    assert [b.original_id for b in read_page(ledger, ALL).branches] == ["", "", ""]
    revealed = read_page(ledger, sieve(reveals=True)).branches
    assert [b.original_id for b in revealed] == ["HOSP-1", "HOSP-2", "HOSP-3"]


@pytest.mark.parametrize(
    "text",
    ["TC TORAX QUIÑONES", "quinones, tc torax", "TC Torax_Quin\u0303ones", "TC TORAX HOSP-77"],
)
def test_what_is_known_of_a_patient_is_veiled_in_descriptions(ledger: Ledger, text: str) -> None:
    with ledger.transaction():
        ledger.write(
            "UPDATE patient SET original_name = 'QUIÑONES^Ana', original_id = 'HOSP-77'"
            " WHERE id = 1"
        )
        ledger.write("UPDATE study SET description = ? WHERE id = 1", text)
        ledger.write("UPDATE series SET description = ? WHERE id = 1", text)
    for key in ("S1", "E1"):
        shown = one(ledger, key).name
        assert "•••••" in shown
        assert "torax" in shown.lower()
        assert "quin" not in shown.lower()
        assert "77" not in shown
    revealed = read_page(ledger, sieve(reveals=True), ["P1"]).branches
    assert next(b.name for b in revealed if b.key == "S1") == text


def test_a_surname_without_blanks_around_it_is_veiled_where_its_script_has_none(
    ledger: Ledger,
) -> None:
    with ledger.transaction():
        ledger.write("UPDATE patient SET original_name = 'Yamada^Tarou=山田^太郎' WHERE id = 1")
        ledger.write("UPDATE study SET description = '山田胸部CT' WHERE id = 1")
    assert one(ledger, "S1").name == "•••••胸部CT"


def test_what_the_files_told_of_a_patient_is_veiled_too(ledger: Ledger) -> None:
    with ledger.transaction():
        ledger.write("INSERT INTO patient_fact VALUES (1, 'name', 'Etxeberria^Ana')")
        ledger.write("UPDATE study SET description = 'TORAX ETXEBERRÍA' WHERE id = 1")
    assert one(ledger, "S1").name == "TORAX •••••"


def test_files_without_a_patient_id_are_no_named_patient(ledger: Ledger) -> None:
    with ledger.transaction():
        ledger.write("UPDATE patient SET original_id = '' WHERE id = 2")
    assert [b.has_id for b in read_page(ledger, ALL).branches] == [True, False, True]


def test_words_are_looked_for_in_descriptions_body_part_and_modality(ledger: Ledger) -> None:
    opened = "P1 P2 P3 S1 S2 S3 S4 S5 S6"
    assert keys(ledger, sieve("thorax 7"), opened) == ["P2", "S4", "E7"]
    assert keys(ledger, sieve("staging 11"), opened) == ["P3", "S6", "E11"]
    assert keys(ledger, sieve("chest mr 12"), opened) == ["P3", "S6", "E12"]
    assert keys(ledger, sieve("liver"), opened) == []


def test_a_word_is_text_and_no_pattern(ledger: Ledger) -> None:
    assert keys(ledger, sieve("%")) == []
    assert keys(ledger, sieve("_")) == []
    assert keys(ledger, sieve("' OR 1 --")) == []


def test_a_key_leads_to_its_object(ledger: Ledger) -> None:
    opened = "P1 P2 P3 S1 S2 S3 S4 S5 S6"
    assert keys(ledger, sieve("e10"), opened) == ["P3", "S5", "E10"]
    assert keys(ledger, sieve("P2")) == ["P2"]


def test_a_patient_id_cannot_be_asked_for_while_it_is_masked(ledger: Ledger) -> None:
    """Else whoever may not see it could guess it letter by letter."""
    assert keys(ledger, sieve("HOSP-2")) == []
    assert keys(ledger, sieve("HOSP-2", reveals=True)) == ["P2"]


def test_modalities_are_taken_by_name(ledger: Ledger) -> None:
    opened = "P1 S1"
    assert keys(ledger, sieve(modalities="mr"), opened) == ["P1", "S1", "E2", "S2", "P2", "P3"]
    assert keys(ledger, sieve(modalities="M"), opened) == []
    assert keys(ledger, sieve(modalities="CT, MR"), opened)[:4] == ["P1", "S1", "E1", "E2"]


def test_only_what_is_left_out(ledger: Ledger) -> None:
    exclude(ledger, 6)
    assert keys(ledger, sieve(view="excluded"), "P1 P2 S3") == ["P2", "S3", "E6"]


def test_only_what_has_an_open_finding_about_it_or_what_it_lies_in(ledger: Ledger) -> None:
    opened = "P1 P2 P3 S1 S2 S3 S4 S5 S6"
    find(ledger, "E6")
    find(ledger, "S5", rule="IMG-05")
    assert keys(ledger, sieve(view="findings"), opened) == [
        *("P2", "S3", "E6"),
        *("P3", "S5", "E9", "E10"),
    ]


@pytest.mark.parametrize("key", ["E6", "I6", "F6"])
def test_findings_count_for_everything_above_what_they_are_about(ledger: Ledger, key: str) -> None:
    find(ledger, key)
    find(ledger, "S3", "block", rule="UNQ-01")
    assert [(one(ledger, k).findings, one(ledger, k).worst) for k in ("P2", "S3", "E6", "E5")] == [
        (2, "block"),
        (2, "block"),
        (1, "warn"),
        (0, ""),
    ]


def test_findings_that_are_about_no_object_are_nowhere_in_the_tree(ledger: Ledger) -> None:
    find(ledger, "all")
    find(ledger, "R4", rule="TAB-01")
    assert [b.findings for b in read_page(ledger, ALL).branches] == [0, 0, 0]


def test_what_merely_informs_is_listed_but_marks_nothing(ledger: Ledger) -> None:
    """There is such a word about nearly every Series; marked, it would hide those that matter."""
    find(ledger, "E6", "info")
    find(ledger, "S3", "ask", rule="IMG-06")
    find(ledger, "P1", "block", rule="UNQ-01")
    assert one(ledger, "E6").findings == 0
    assert keys(ledger, sieve("E6", view="findings"), "P2 S3") == ["P2", "S3", "E6"]
    assert [(f.rule, f.key) for f in read_found(ledger, Place(2))] == [
        ("IMG-06", "S3"),
        ("IMG-01", "E6"),
    ]
    assert [f.rule for f in read_found(ledger, Place(2, 3, 6))] == ["IMG-01"]
    assert [f.rule for f in read_found(ledger, Place(2), limit=1)] == ["IMG-06"]


def test_a_finding_that_was_answered_for_is_no_longer_told(ledger: Ledger) -> None:
    find(ledger, "E6", "block")
    assert one(ledger, "P2").findings == 1
    assert settle_findings(ledger, "IMG-01", None, "waived", "", "Ada", "Agreed.") == ["E6"]
    assert one(ledger, "P2").findings == 0


def test_a_rule_that_is_judged_anew_leaves_no_old_finding_in_the_tree(ledger: Ledger) -> None:
    find(ledger, "E6")
    replace_findings(
        ledger, ["IMG-01"], [Finding("IMG-01", "ask", "series", "E1", "It is so.", "Do this.")]
    )
    assert [b.findings for b in read_page(ledger, ALL).branches] == [1, 0, 0]
    assert one(ledger, "E1").worst == "ask"


def test_a_sieve_that_lets_few_pass_comes_back_before_it_has_seen_all(tmp_path: Path) -> None:
    with Ledger.create(tmp_path / "ledger.sqlite") as ledger:
        grow(ledger, 5_000, series=1)
        few = sieve("THORAX 4999")
        pages = [read_page(ledger, few)]
        while not pages[-1].is_end:
            pages.append(read_page(ledger, few, after=pages[-1].reached))
        assert [[b.key for b in page.branches] for page in pages] == [[], [], ["P4999"]]
        back = read_page_before(ledger, few)
        assert [b.key for b in back.branches] == ["P4999"]
        assert not back.is_end
        assert back.reached == Place(3_001)


def test_where_very_much_lies_below_the_page_does_not_wait_for_its_figures(tmp_path: Path) -> None:
    with Ledger.create(tmp_path / "ledger.sqlite") as ledger:
        grow(ledger, 1, studies=2, series=1_500)
        (patient,) = read_page(ledger, ALL).branches
        assert not patient.is_counted
        counted = count_branch(ledger, Place(1), reveals=False)
        assert counted is not None
        assert (counted.is_counted, counted.chosen) == (True, 3_000)
        assert [b.is_counted for b in read_page(ledger, ALL, ["P1"]).branches] == [
            False,
            True,
            True,
        ]


def test_an_older_ledger_gets_its_findings_into_the_tree(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "ledger.sqlite"
    older = [one for one in connection._migrations() if one[0] < 9]
    with monkeypatch.context() as patch:
        patch.setattr(connection, "_migrations", lambda: older)
        with Ledger.create(path) as ledger:
            grow(ledger, 2, series=2)
            with ledger.transaction():
                ledger.write(
                    "INSERT INTO finding (rule, severity, level, key, message, remedy)"
                    " VALUES ('IMG-01', 'warn', 'series', 'E3', 'It is so.', 'Do this.')"
                )
    with Ledger.open(path) as ledger:
        assert [b.findings for b in read_page(ledger, ALL).branches] == [0, 1]

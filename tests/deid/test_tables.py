"""Clinical tables: the same identifiers as the images, and nothing else changed."""

from __future__ import annotations

import io
import json
import os
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.deid.looked import known
from transfer.deid.look.identifiers import NOBODY
from transfer.deid.recipe import new_uid, pseudonym
from transfer.deid.standalone.pseudonyms import LethePseudonyms, RecipePseudonyms
from transfer.deid.standalone.tables import (
    Problem,
    Pseudonyms,
    TableLook,
    TableResult,
    hash_table,
    table_kind,
)

KEY = "019a39ba16da7edb9e906440a48e9ed32"
LETHE = LethePseudonyms(KEY)
EUCAIM = RecipePseudonyms(KEY)
GOLDEN = Path(
    os.environ.get("EUCAIM_GOLDEN_DEID")
    or Path(__file__).parents[2].parent / "shared" / "golden" / "deid"
)


def hashed(
    text: str | bytes,
    name: str = "t.csv",
    pseudonyms: Pseudonyms = EUCAIM,
    look: TableLook | None = None,
) -> tuple[TableResult, str]:
    """What becomes of a table, and what was written."""
    kind = table_kind(name)
    assert kind is not None
    target = io.BytesIO()
    raw = text if isinstance(text, bytes) else text.encode()
    result = hash_table(io.BytesIO(raw), target, kind, pseudonyms, look)
    return result, target.getvalue().decode()


def problems(result: TableResult) -> dict[Problem, tuple[int, tuple[int, ...]]]:
    return {finding.problem: (finding.column, finding.rows) for finding in result.findings}


# Lethe's own output -------------------------------------------------------------------------


@cache
def golden() -> dict[str, Any]:
    if not (GOLDEN / "clinical.json").is_file():
        pytest.skip("../shared is absent and $EUCAIM_GOLDEN_DEID is not set")
    told: dict[str, Any] = json.loads((GOLDEN / "clinical.json").read_text("utf-8"))
    assert told["cases"], "an empty file judges nothing"
    return told


def text_of(told: dict[str, Any], name: str) -> str:
    """Of a case whose input is named like a table; others are told by their key alone."""
    return str(told["cases"][name]["input"])


@pytest.mark.golden
def test_every_golden_table_comes_out_as_from_lethe() -> None:
    told = golden()
    lethe = LethePseudonyms(told["secret_key"])
    differing = []
    judged = 0
    for name, case in told["cases"].items():
        outputs = case.get("output", {})
        if "error" in case:
            continue
        judged += 1
        if table_kind(name) is None:
            ours: dict[str, str] = {}
        else:
            result, written = hashed(text_of(told, name), name, lethe)
            ours = {name: written} if result.is_good else {}
        if ours != outputs:
            differing.append((name, ours, outputs))
    assert judged
    assert differing == []


@pytest.mark.golden
def test_where_lethe_aborts_there_is_a_finding() -> None:
    told = golden()
    lethe = LethePseudonyms(told["secret_key"])
    aborted = [name for name, case in told["cases"].items() if "error" in case]
    if not aborted:
        pytest.skip("no case of this set aborts")
    silent = [name for name in aborted if not hashed(text_of(told, name), name, lethe)[0].findings]
    assert silent == []


# In step with the images --------------------------------------------------------------------


def test_ids_and_studies_are_those_of_the_images() -> None:
    text = "PatientID,StudyInstanceUID,T\n HOSP0004 , 1.2.3 ,a\n"
    result, written = hashed(text, "dcm_studies_metadata.csv")
    patient = pseudonym(KEY, "HOSP0004")
    assert result.findings == ()
    assert written.split("\r\n")[1] == f"{patient},{new_uid('1.2.3', patient)},a"


def test_a_row_without_an_id_belongs_to_nobody_and_is_found() -> None:
    """Hashing nothing would make one patient of all who have no ID."""
    result, written = hashed("PatientID,Sex\nA1,F\n ,M\n,F\n")
    assert problems(result) == {Problem.NO_ID: (0, (3, 4))}
    assert written.split("\r\n")[2:] == [",M", ",F", ""]
    assert result.is_good


def test_under_lethe_no_id_is_the_word_null_and_blanks_are_the_empty_text() -> None:
    result, written = hashed("PatientID,Sex\n,M\n  ,F\n", pseudonyms=LETHE)
    assert result.findings == ()
    assert written.split("\r\n")[1:] == [
        "EUCAIM-214296412471804398661433726297935897883,M",
        "EUCAIM-11896486885229557415328157522857481041,F",
        "",
    ]


def test_a_study_without_its_uid_is_found() -> None:
    for pseudonyms in (EUCAIM, LETHE):
        result, written = hashed("P,S\nA1\n", "dcm_studies_metadata.csv", pseudonyms)
        assert problems(result) == {Problem.NO_STUDY: (0, (2,))}
        assert written == f"P,S\r\n{pseudonym(KEY, 'A1')},\r\n"


# Forms --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "PatientID,Note,Age\nA1,\"a, b\",58\nB2,x,60\n",
        "PatientID;Note;Age\nA1;a, b;58\nB2;x;60\n",
        "PatientID\tNote\tAge\r\nA1\ta, b\t58\r\nB2\tx\t60\r\n",
        "PatientID|Note|Age\nA1|a, b|58\nB2|x|60",
        "'PatientID';'Note';'Age'\r'A1';'a, b';'58'\r'B2';'x';'60'\r",
        "\"PatientID\";\"Note\";\"Age\"\n\"A1\";\"a, b\";\"58\"\n\"B2\";\"x\";\"60\"\n",
    ],
)  # fmt: skip
def test_however_a_table_is_written_it_leaves_as_rfc_4180(text: str) -> None:
    result, written = hashed(text)
    assert result.findings == ()
    assert written == (
        f'PatientID,Note,Age\r\n{pseudonym(KEY, "A1")},"a, b",58\r\n{pseudonym(KEY, "B2")},x,60\r\n'
    )


def test_decimal_commas_separate_nothing_where_the_heading_has_semicolons() -> None:
    _, written = hashed("PatientID;Dose\nA1;1,5\nB2;2,5\n")
    assert written.split("\r\n")[1] == f'{pseudonym(KEY, "A1")},"1,5"'


def test_an_apostrophe_encloses_nothing() -> None:
    _, written = hashed("PatientID,Note,T\nA1,'q',it's\nB2,O'Brien,\n")
    assert written.split("\r\n")[1:3] == [
        f"{pseudonym(KEY, 'A1')},'q',it's",
        f"{pseudonym(KEY, 'B2')},O'Brien,",
    ]


@pytest.mark.parametrize("ids", ["NM 1,NM 2", "P-1,P-2", "a:1,b:2", "1/2,3/4"])
def test_ids_of_a_single_column_stay_in_one_piece(ids: str) -> None:
    """Lethe takes the blank or hyphen for a separator, and the rest of the ID leaves in clear."""
    one, other = ids.split(",")
    for pseudonyms in (EUCAIM, LETHE):
        _, written = hashed(f"PatientID\n{one}\n{other}\n", pseudonyms=pseudonyms)
        expected = ["PatientID", pseudonym(KEY, one), pseudonym(KEY, other), ""]
        assert written.split("\r\n") == expected


def test_a_value_over_two_lines_and_a_quotation_mark_stay_what_they_are() -> None:
    _, written = hashed('PatientID,Note\nA1,"one\ntwo ""three"""\n')
    assert written == f'PatientID,Note\r\n{pseudonym(KEY, "A1")},"one\ntwo ""three"""\r\n'


def test_a_byte_order_mark_stays_and_is_no_part_of_the_heading() -> None:
    _, written = hashed('\ufeff"PatientID";"Sex"\nA1;F\n')
    assert written == f"\ufeffPatientID,Sex\r\n{pseudonym(KEY, 'A1')},F\r\n"


def test_short_and_long_rows_are_kept_as_long_as_they_are() -> None:
    _, written = hashed("PatientID,a,b\nA1\nB2,1,2,3\n")
    assert written.split("\r\n")[1:3] == [pseudonym(KEY, "A1"), f"{pseudonym(KEY, 'B2')},1,2,3"]


def test_a_blank_line_is_left_out_and_told() -> None:
    for pseudonyms in (EUCAIM, LETHE):
        result, written = hashed("PatientID,a\nA1,1\n\nB2,2\n", pseudonyms=pseudonyms)
        assert problems(result) == {Problem.BLANK_ROW: (0, (3,))}
        assert (result.rows, written.count("\r\n"), result.is_good) == (3, 3, True)


@pytest.mark.parametrize(
    ("raw", "problem"),
    [
        (b"", Problem.EMPTY),
        (b"\xef\xbb\xbf", Problem.EMPTY),
        (b"\n\n", Problem.EMPTY),
        ("PatientID,Name\nA1,José\n".encode("latin-1"), Problem.NOT_UTF8),
        ("PatientID,Name\nA1,x\n".encode("utf-16"), Problem.NOT_UTF8),
        (b"PatientID,a\nA1,1\n" * 9000 + b"\xff,2\n", Problem.NOT_UTF8),
        (b"PatientID,a\nA1,\"" + b"x" * 200_000, Problem.UNREADABLE),
        (b"P" * 2_000_000, Problem.UNREADABLE),
    ],
)  # fmt: skip
def test_a_table_that_cannot_be_read_is_refused_and_told(raw: bytes, problem: Problem) -> None:
    for pseudonyms in (EUCAIM, LETHE):
        result, _ = hashed(raw, pseudonyms=pseudonyms)
        assert not result.is_good
        assert problem in problems(result)


def test_names_decide_what_is_done() -> None:
    names = ["a.csv", "_a.csv", "dcm_studies_metadata.csv", "A.CSV", "a.csv.bak", "csv"]
    assert [str(table_kind(name)) for name in names] == [
        "clinical", "copied", "studies", "None", "None", "None"
    ]  # fmt: skip


# The last look over tables ------------------------------------------------------------------


def test_an_identifier_in_another_column_stops_the_table_and_names_the_column() -> None:
    patients = {"A1": known(name="Quintanilla^Ximena", birth_date="19600131")}
    look = TableLook(lambda patient: patients.get(patient, NOBODY))
    text = (
        "PatientID,Born,Note\nA1,1960-01-31,ok\nB2,1960-01-31,seen Quintanilla\nA1,,quintanilla\n"
    )
    result, _ = hashed(text, look=look)
    assert [(f.problem, f.column, f.rows) for f in result.findings] == [
        (Problem.IDENTIFIER, 2, (2,)),
        (Problem.IDENTIFIER, 3, (4,)),
    ]
    assert not result.is_good


def test_the_id_of_the_row_is_searched_for_without_any_image() -> None:
    result, _ = hashed("PatientID,File\nHOSP0004,scan of HOSP0004.nii\n")
    assert problems(result) == {Problem.IDENTIFIER: (2, (2,))}


def test_a_short_id_is_no_other_number_of_its_row() -> None:
    result, _ = hashed("PatientID,Age,Score\n7,7,7\n123,123,0.123\n")
    assert result.findings == ()


def test_a_copied_table_and_a_heading_are_searched_for_everybody() -> None:
    look = TableLook(all_=known(patient_id=["HOSP0004", "7"], name="Quintanilla^Ximena"))
    copied, written = hashed("a,b\n7,HOSP0004\n", "_t.csv", look=look)
    assert written == "a,b\n7,HOSP0004\n"
    assert problems(copied) == {Problem.IDENTIFIER: (0, (2,))}
    headless, _ = hashed("HOSP0004,7\nHOSP0005,7\n", look=look)
    assert problems(headless) == {Problem.IDENTIFIER: (1, (1,))}


def test_nothing_that_is_shown_holds_the_key() -> None:
    assert KEY not in f"{EUCAIM!r} {LETHE!r}"

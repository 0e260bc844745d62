"""The error report on clinical tables: every fault, by row and column, and no value (TAB-08)."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
import stat
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.clinical.ledgers import ledger_of
from transfer.clinical.outputs.report import write_errors
from transfer.clinical.phase import read_clinical
from transfer.errors import UsageError
from transfer.ledger.connection import Ledger
from transfer.ledger.findings import Finding, settle_findings
from transfer.quality import table_errors as every
from transfer.quality.cells import Cell, write_cells
from transfer.quality.export import harmless
from transfer.quality.judging import judge
from transfer.quality.rule import Circumstances

NOW = Circumstances(dt.date(2026, 1, 1))
COHORT = {"AB-1": ["20190105"], "AB-2": ["20200601"]}
HEADING = "PatientID,Population,Sex,Date of diagnosis,Age at diagnosis,Topography,Muñoz José\n"
FAULTY = (
    HEADING + "AB-1,Patient with Cancer,Xq9,31/02/2020,161.4,Lung,a\n"
    "AB-2,Patient with Cancer,Male,2020-06-01,58.0,,b\n"
)


@contextmanager
def judged(folder: Path, table: str) -> Iterator[Ledger]:
    tables = folder / "source" / "tables"
    tables.mkdir(parents=True)
    path = tables / "thorax_clinical.csv"
    path.write_text(table)
    with ledger_of(folder / "source", COHORT, clinical=path) as ledger:
        read_clinical(ledger)
        judge(ledger, NOW)
        yield ledger


def report(ledger: Ledger, folder: Path, name: str = "errors.csv") -> list[dict[str, str]]:
    write_errors(ledger, NOW, folder / name, "thorax")
    return list(csv.DictReader(io.StringIO((folder / name).read_text(), newline="")))


def test_a_fault_is_told_by_row_column_form_and_what_may_stand_there(tmp_path: Path) -> None:
    with judged(tmp_path, FAULTY) as ledger:
        lines = {line["rule"]: line for line in report(ledger, tmp_path) if line["form"]}

    told = {
        rule: tuple(line[name] for name in ("row", "column", "column_number", "form"))
        for rule, line in lines.items()
    }
    assert told == {
        "CLP-03": ("2", "Sex", "3", "letters and digits"),
        "REL-07": ("2", "Date of diagnosis", "4", "date-like, with /"),
        "AGE-03": ("2", "Age at diagnosis", "5", "a decimal number"),
        "CLP-08": ("3", "Topography", "6", "empty"),
    }
    assert lines["CLP-03"]["allowed"].startswith("Female; Male")
    assert lines["REL-07"]["allowed"] == "a date, 2024-01-31"
    assert lines["REL-07"]["severity"] == "block"
    assert lines["REL-07"]["standing"] == "open"


def test_no_value_and_no_identifier_stands_in_the_report(tmp_path: Path) -> None:
    with judged(tmp_path, FAULTY) as ledger:
        report(ledger, tmp_path)
        write_errors(ledger, NOW, tmp_path / "errors.json", "thorax")

    for name in ("errors.csv", "errors.json"):
        text = (tmp_path / name).read_text()
        assert "CLP-03" in text
        values = ("AB-1", "AB-2", "Xq9", "31/02", "161.4", "58.0", "Muñoz", "thorax_clinical")
        assert [value for value in values if value in text] == []


def test_both_forms_say_the_same(tmp_path: Path) -> None:
    with judged(tmp_path, FAULTY) as ledger:
        lines = report(ledger, tmp_path)
        count = write_errors(ledger, NOW, tmp_path / "errors.json", "thorax")

    document = json.loads((tmp_path / "errors.json").read_text())
    assert document["transfer"] == "thorax"
    assert count == len(document["errors"]) == len(lines)
    found = [
        (one["rule"], one["row"], one["severity"], one["message"]) for one in document["errors"]
    ]
    assert found == [
        (line["rule"], int(line["row"]) if line["row"] else None, line["severity"], line["message"])
        for line in lines
    ]
    (sex,) = (one for one in document["errors"] if one["rule"] == "CLP-03")
    (cell,) = sex["cells"]
    assert (cell["column"], cell["column_number"], cell["allowed"][:2]) == (
        "Sex", 3, ["Female", "Male"],
    )  # fmt: skip


def test_a_clean_table_gives_a_report_without_errors_of_values(tmp_path: Path) -> None:
    table = HEADING.replace(",Muñoz José", "") + (
        "AB-1,Patient with Cancer,Male,2019-02-01,61.4,Lung\n"
        "AB-2,Patient with Cancer,Male,2020-06-01,58.0,Lung\n"
    )
    with judged(tmp_path, table) as ledger:
        assert [line for line in report(ledger, tmp_path) if line["form"]] == []


def test_every_row_is_told_however_many_there_are(tmp_path: Path) -> None:
    """The ledger names a thousand of a kind and counts the rest."""
    table = "PatientID,Age\n" + "".join(f"X-{n},1{n}99.0\n" for n in range(1500))
    with judged(tmp_path, table) as ledger:
        rows = [int(line["row"]) for line in report(ledger, tmp_path) if line["rule"] == "LNK-01"
                and line["row"]]  # fmt: skip

    assert sorted(rows) == list(range(2, 1502))


def test_rows_count_anew_in_the_second_table(tmp_path: Path) -> None:
    with judged(tmp_path, FAULTY) as ledger:
        other = tmp_path / "source" / "tables" / "thorax_second.csv"
        other.write_text("PatientID,Sex\nAB-1,Female\nAB-2,Zz7\n")
        with ledger.transaction():
            ledger.write("UPDATE transfer SET clinical = ?", bytes(other.parent))
        read_clinical(ledger)
        judge(ledger, NOW)
        places = [
            (line["table"], line["row"])
            for line in report(ledger, tmp_path)
            if line["rule"] == "CLP-03"
        ]

    assert ("1", "2") in places
    assert ("2", "3") in places


def test_a_persons_word_is_told(tmp_path: Path) -> None:
    with judged(tmp_path, FAULTY) as ledger:
        assert settle_findings(ledger, "AGE-03", ["R2"], "waived", "", "Ana", "measured") == ["R2"]
        standing = {line["rule"]: line["standing"] for line in report(ledger, tmp_path)}

    assert (standing["AGE-03"], standing["REL-07"]) == ("waived", "open")


@pytest.mark.parametrize("sign", [*"=+-@\t\r", *"\uff1d\uff0b\uff0d\uff20"])
@pytest.mark.parametrize("before", ["", " ", "\u00a0"])
def test_no_cell_of_the_report_is_a_formula(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sign: str, before: str
) -> None:
    text = f'{before}{sign}HYPERLINK("x")'
    planted = Finding(
        "TAB-05", "ask", "table", "R2", text, text,
        cells=write_cells([Cell(0, text, (text, "b"))]),
    )  # fmt: skip
    monkeypatch.setattr("transfer.clinical.outputs.report.table_errors", lambda *_: iter([planted]))
    with judged(tmp_path, FAULTY) as ledger:
        (line,) = report(ledger, tmp_path)

    for name in ("message", "remedy", "form", "allowed"):
        # A sign that moves the cursor is gone altogether.
        assert line[name].startswith(
            ("'", "\N{REPLACEMENT CHARACTER}", " \N{REPLACEMENT CHARACTER}")
        ), name
    assert harmless(text) == line["message"]


def test_lines_end_as_rfc_4180_says_and_no_mark_begins_the_file(tmp_path: Path) -> None:
    with judged(tmp_path, FAULTY) as ledger:
        report(ledger, tmp_path)

    raw = (tmp_path / "errors.csv").read_bytes()
    assert raw.startswith(b"rule,title,")
    assert raw.count(b"\n") == raw.count(b"\r\n") > 3
    assert stat.S_IMODE((tmp_path / "errors.csv").stat().st_mode) == 0o600


def test_the_same_ledger_gives_the_same_bytes(tmp_path: Path) -> None:
    with judged(tmp_path, FAULTY) as ledger:
        for name in ("one.csv", "two.csv", "one.json", "two.json"):
            write_errors(ledger, NOW, tmp_path / name, "thorax")

    for form in ("csv", "json"):
        assert (tmp_path / f"one.{form}").read_bytes() == (tmp_path / f"two.{form}").read_bytes()


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("errors.txt", "as CSV or as JSON"),
        ("there.csv", "exists already"),
        ("source/tables/errors.csv", "inside the data of this transfer"),
        ("nowhere/errors.csv", "cannot be written"),
    ],
)
def test_what_cannot_be_written_is_refused(tmp_path: Path, name: str, words: str) -> None:
    (tmp_path / "there.csv").write_text("mine")
    with judged(tmp_path, FAULTY) as ledger, pytest.raises(UsageError, match=words):
        write_errors(ledger, NOW, tmp_path / name, "thorax")

    assert (tmp_path / "there.csv").read_text() == "mine"
    assert list(tmp_path.glob("*.txt")) == []


def test_half_a_report_is_no_report(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(ledger: Ledger, now: Circumstances) -> Iterator[Finding]:
        yield next(every.table_errors(ledger, now))
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("transfer.clinical.outputs.report.table_errors", broken)
    with judged(tmp_path, FAULTY) as ledger, pytest.raises(UsageError, match="No space left"):
        write_errors(ledger, NOW, tmp_path / "errors.csv", "thorax")

    assert not (tmp_path / "errors.csv").exists()


def test_memory_does_not_grow_with_the_faults(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = Finding("AGE-03", "block", "table", "R2", "Age in row 2.", "Mend it.",
                  cells=write_cells([Cell(1, "letters", ("a", "b"))]))  # fmt: skip
    peaks = []
    with judged(tmp_path, FAULTY) as ledger:
        for n in (100, 20_000, 60_000):
            monkeypatch.setattr(
                "transfer.clinical.outputs.report.table_errors",
                lambda *_, n=n: (one for _ in range(n)),
            )
            tracemalloc.start()
            assert write_errors(ledger, NOW, tmp_path / f"{n}.json", "thorax") == n
            peaks.append(tracemalloc.get_traced_memory()[1])
            tracemalloc.stop()

    assert peaks[2] < 1.2 * peaks[1]

"""The report of a cohort with planted identifiers contains none of them."""

from __future__ import annotations

import csv
import json
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import pytest

from adapters.sandbox.server import Options, Sandbox, in_thread
from adapters.sandbox.synth import write_cohort
from tests.program import Program

NODE = "sandbox-upv"


@dataclass
class Reported:
    """A transfer that was de-identified, sent and reported. `values` were planted in it."""

    values: list[str]
    program: Program
    folder: Path
    digest: str
    sandbox: Sandbox


@pytest.fixture(scope="module")
def reported(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reported]:
    tmp = tmp_path_factory.mktemp("evidence")
    write_cohort(tmp / "cohort", patients=2, seed=3, scale="small", slices=0.1)
    values = json.loads((tmp / "cohort" / "planted.json").read_text("utf-8"))["values"]
    spoken = next(value for value in values if "^" in value or " " in value)
    with in_thread(Options()) as sandbox:
        sandbox.write_home(tmp / "home")
        (tmp / "home").chmod(0o700)
        program = Program(tmp / "home", {})
        program.good("login", NODE, typed="ingester\n")
        program.good(
            "new", "t", "--node", NODE, "--source", tmp / "cohort" / "images", "--deid", "eucaim",
            "--site-id", "S1",
        )  # fmt: skip
        program.good("doctor", "t")
        program.good("scan", "t")
        program.good("upload", "t")
        # A person names a patient in a reason, as persons do.
        program.good(
            "select", "t", "--exclude", "E1", "--by", "Dr Data", "--reason", f"asked by {spoken}"
        )
        document = program.good("report", "t", "--out", tmp / "report", "--json").document
        yield Reported(values, program, tmp / "report", document["digest"], sandbox)


def test_no_planted_identifier_stands_in_any_file_or_name(reported: Reported) -> None:
    files = [path for path in reported.folder.rglob("*") if path.is_file()]
    assert len(files) == 9
    assert len(reported.values) > 5
    wrong = []
    for path in files:
        content = (path.name + path.read_text("utf-8")).casefold()
        for value in reported.values:
            spellings = {value, quote(value), json.dumps(value)[1:-1], value.replace("^", " ")}
            wrong += [(path.name, s) for s in spellings if s.casefold() in content]
    assert wrong == []


def test_no_planted_identifier_stands_in_the_files_for_the_catalogue(
    reported: Reported, tmp_path: Path
) -> None:
    """With a limit of one, so that every value that left is told."""
    said = [f"{key}=words of nobody" for key in ("title", "description", "publisher", "contact")]
    filled = [word for text in (*said, "access=RESTRICTED") for word in ("--set", text)]
    sheet, terms = tmp_path / "entry.xlsx", tmp_path / "entry.jsonld"
    document = reported.program.good(
        "catalogue", "t", "--identifier", "cohort-1", "--least", "1", *filled,
        "--xlsx", sheet, "--jsonld", terms, "--json",
    ).document  # fmt: skip
    assert document["figures"]["subjects"] == 2
    assert document["figures"]["images"] == len(reported.sandbox.stored()) > 10
    assert len(document["figures"]["groups"]["modality"]) > 0
    with zipfile.ZipFile(sheet) as book:
        parts = [book.read(name).decode("utf-8", "replace") for name in book.namelist()]
    told = "".join((*parts, terms.read_text("utf-8"), json.dumps(document))).casefold()
    assert "words of nobody" in told
    spellings = {s for value in reported.values for s in (value, value.replace("^", " "))}
    assert [text for text in spellings if text.casefold() in told] == []


def test_the_receipts_are_those_of_what_the_node_holds(reported: Reported) -> None:
    with (reported.folder / "receipts" / "instances-00001.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    went = [row for row in rows if row["sent_at_utc"]]
    assert len(went) == len(reported.sandbox.stored()) > 10
    assert all(len(row["sha256_before"]) == len(row["sha256_after"]) == 64 for row in went)
    assert all(row["pseudonym"].startswith("EUCAIM-") for row in went)


def test_the_digest_on_the_screen_proves_the_folder(reported: Reported) -> None:
    ran = reported.program.good("report", "--verify", reported.folder, "--digest", reported.digest)
    assert "Whole" in ran.out


def test_the_crosswalk_is_locked_and_never_lies_in_a_report(
    reported: Reported, tmp_path: Path
) -> None:
    secret = tmp_path / "secret"
    secret.touch(mode=0o600)
    secret.write_text("four words of no sense\n")
    words = ("report", "t", "--secret-file", secret, "--crosswalk")
    inside = reported.program.run(*words, reported.folder / "receipts" / "x.json")
    assert inside.code == 2
    reported.program.good(*words, tmp_path / "crosswalk.json")
    locked = (tmp_path / "crosswalk.json").read_text()
    assert json.loads(locked)["form"] == "eucaim-transfer crosswalk 1"
    assert [value for value in reported.values if value in locked] == []

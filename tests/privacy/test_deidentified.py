"""Where a transfer de-identifies, no planted identifier leaves at all: not in the bodies of the
requests either, to whichever node."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from pydicom import dcmread

from adapters.sandbox.server import Options, Sandbox, in_thread
from adapters.sandbox.synth import write_cohort
from tests.privacy.test_planted import HOLDS_ORIGINALS, Journey
from tests.program import Program

NODES = ("sandbox-upv", "sandbox-xnat")


@dataclass
class Deidentified:
    """A cohort that went to both nodes, by the profile that is usual."""

    journey: Journey
    sandbox: Sandbox
    cohort: Path


@pytest.fixture(scope="module")
def went(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deidentified]:
    tmp = tmp_path_factory.mktemp("deidentified")
    cohort, record, scratch = tmp / "cohort", tmp / "record", tmp / "scratch"
    scratch.mkdir()
    write_cohort(cohort, patients=2, seed=5, scale="small", slices=0.1)
    values = json.loads((cohort / "planted.json").read_text("utf-8"))["values"]
    with in_thread(Options(record=record)) as sandbox:
        home = tmp / "home"
        sandbox.write_home(home)
        home.chmod(0o700)
        config = home / "config.toml"
        text = config.read_text("utf-8")
        text = text.replace('deidentified = "as-is"', 'deidentified = "required"')
        config.write_text(text, "utf-8")
        environ = {"TMPDIR": str(scratch), "EUCAIM_TRANSFER_PASSWORD": "ingester"}
        at = Journey(values, Program(home, environ), sandbox, record, scratch)
        for node in NODES:
            at.run(
                0, "new", node, "--node", node, "--source", cohort / "images", "--site-id", "SITE",
                "--clinical", cohort / "clinical.csv",
            )  # fmt: skip
            at.run(0, "check", node)
            at.run(0, "check", node, "--json")
            at.run(0, "upload", node)
            at.run(0, "status", node, "--json")
            at.run(0, "upload", node, "--dry-run", tmp / f"rehearsal-{node}")
            at.run(0, "verify", node)
            at.run(0, "clinical", node)
            at.run(0, "clinical", node, "--json")
            at.run(0, "clinical", node, "--dry-run", tmp / f"clinical-{node}")
            at.run(0, "status", node, "--json")
        yield Deidentified(at, sandbox, cohort)


def test_everything_arrived_at_both_nodes(went: Deidentified) -> None:
    for node in NODES:
        counts = went.journey.program.status(node)["instances"]
        assert counts["found"] == counts["verified"] > 10
        assert counts["failed"] == 0


def test_the_clinical_table_arrived_at_both_nodes(went: Deidentified) -> None:
    for node in NODES:
        clinical = went.journey.program.status(node)["clinical"]
        assert clinical["state"] == "done"
        assert clinical["subjects"]["verified"] == 2
    table = (went.cohort / "clinical.csv").read_bytes()
    assert went.journey.found_in(table) != []


def test_the_look_for_planted_values_finds_them_in_the_source(went: Deidentified) -> None:
    files = list((went.cohort / "images").rglob("*.dcm"))
    assert all(went.journey.found_in(path.read_bytes()) for path in files)


def test_no_request_holds_one_in_any_byte(went: Deidentified) -> None:
    requests = sorted(went.journey.record.iterdir())
    contents = [path.read_bytes() for path in requests]
    assert sum(map(len, contents)) > 500_000
    assert {value for content in contents for value in went.journey.found_in(content)} == set()


def test_no_whole_date_of_the_table_is_told_to_a_node(went: Deidentified) -> None:
    """Its months are, and the days between."""
    table = (went.cohort / "clinical.csv").read_text("utf-8")
    dates = {date for date in re.findall(r"\d{4}-\d{2}-\d{2}", table) if date[-2:] != "01"}
    assert len(dates) > 2
    contents = b"\n".join(path.read_bytes() for path in went.journey.record.iterdir())
    assert [date for date in sorted(dates) if date.encode() in contents] == []
    assert any(f"{date[:-2]}01".encode() in contents for date in dates)


def test_no_original_uid_is_told_to_a_node(went: Deidentified) -> None:
    originals = _originals(went)
    assert len(originals) > 20
    contents = b"\n".join(path.read_bytes() for path in went.journey.record.iterdir())
    assert [uid for uid in originals if uid.encode() in contents] == []


def test_nothing_that_is_printed_or_kept_holds_one(went: Deidentified) -> None:
    at = went.journey
    printed = "".join(ran.out + ran.err for ran in at.printed)
    assert at.found_in(printed.encode()) == []
    files = [p for p in at.program.home.rglob("*") if p.is_file() and p.name not in HOLDS_ORIGINALS]
    assert {"runner.log", "cohorts.json"} <= {path.name for path in files}
    assert [(p.name, v) for p in files for v in at.found_in(p.read_bytes())] == []
    assert list(at.scratch.iterdir()) == []


def test_no_pseudonym_lies_open_in_the_ledger(went: Deidentified) -> None:
    """Who has the ledger has the patients; the pseudonyms lie beside them, sealed."""
    stored = went.sandbox.stored()
    assert len(stored) > 10
    pseudonyms = {*stored, *_patient_ids(went)}
    for node in NODES:
        folder = went.journey.program.home / "transfers" / node
        content = b"".join(path.read_bytes() for path in folder.glob("ledger.sqlite*"))
        assert [one for one in pseudonyms if one.encode() in content] == []


def _patient_ids(went: Deidentified) -> set[str]:
    found = {
        str(dcmread(held.path, stop_before_pixels=True).PatientID)
        for held in went.sandbox.stored().values()
    }
    assert len(found) == 2
    return found


def _originals(went: Deidentified) -> list[str]:
    path = went.journey.program.home / "transfers" / NODES[0] / "ledger.sqlite"
    connection = sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)
    try:
        found = [
            str(row[0])
            for row in connection.execute(
                "SELECT sop_instance_uid FROM instance UNION SELECT study_uid FROM study"
                " UNION SELECT series_uid FROM series"
            )
        ]
    finally:
        connection.close()
    return found


def test_images_and_tables_carry_one_pseudonym(went: Deidentified) -> None:
    """On the wire, as a recipient would read them: in DICOM, in eForms, in the CSV and the JSON."""
    images, eforms, tables = set[bytes](), set[bytes](), set[bytes]()
    for path in went.journey.record.iterdir():
        head, _, body = path.read_bytes().partition(b"\r\n\r\n")
        if b"DICM" in body:
            images |= _pseudonyms(body)
        elif head.startswith(b"PUT ") and b"/eform " in head:
            eforms |= _pseudonyms(head)
        elif head.startswith(b"PUT ") and b"/resources/clinical/" in head:
            tables |= _pseudonyms(body)
    assert (len(images), len(eforms), len(tables)) == (4, 2, 2)
    assert eforms | tables == images


def _pseudonyms(content: bytes) -> set[bytes]:
    return set(re.findall(rb"EUCAIM-\d{20,}", content))

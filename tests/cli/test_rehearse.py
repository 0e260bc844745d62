"""`rehearse` by command: keys with a passphrase, passwords of the real node, and some patients."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.cli.test_json_documents import promised_keys
from tests.conformance.made import fresh_series, many
from tests.engine.bench import write_source
from tests.program import Program, Ran
from transfer.rehearsing.place import Place
from transfer.workspace import Home

PASSPHRASE = "a passphrase that nobody guesses"
NODE = "hospital"


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    """A transfer of two patients to a node that is nowhere, whose password is in the environment
    and is not the stand-in's."""
    tmp_path = tmp_path_factory.mktemp("rehearse")
    made = Program(tmp_path / "home", {"EUCAIM_TRANSFER_PASSWORD": "of the real node"})
    made.configure(
        {
            NODE: {
                "kind": "xnat",
                "url": "https://192.0.2.1",
                "username": "ada",
                "destinations": ["LUNG"],
                "deidentified": "required",
            }
        }
    )
    other = replace(fresh_series(), patient_id="SECOND-PATIENT")
    images = [*many(fresh_series(), 2), *many(other, 3)]
    source = write_source(tmp_path / "source", images)
    made.good("new", "t", "--node", NODE, "--source", source, "--site-id", "TEST")
    yield made
    place = Place(Home.at(made.home).workspace("t"))
    assert not place.home.root.exists()


@pytest.fixture(scope="module")
def ran(program: Program) -> Ran:
    """One rehearsal of all."""
    return program.good("rehearse", "t", "--json")


def test_the_first_patients_alone_take_part_where_that_is_asked_for(program: Program) -> None:
    ran = program.good("rehearse", "t", "--json", "--patients", "1")
    went = ran.document["went"]
    assert (went["instance"], ran.document["status"]["instances"]["found"]) == (2, 5)


def test_a_key_with_a_passphrase_is_opened_and_its_passphrase_never_written(
    program: Program, tmp_path: Path
) -> None:
    secret = tmp_path / "passphrase"
    secret.touch(0o600)
    secret.write_text(PASSPHRASE)
    program.run("key", "make", "t")
    program.good("key", "protect", "t", "--secret-file", secret)
    before = sorted(path for path in program.home.rglob("*") if path.is_file())
    locked = program.run("rehearse", "t")
    assert locked.code == 2
    assert "protected by a passphrase" in locked.err
    program.good("key", "protect", "t", "--present-file", secret, "--secret-file", secret,
                 "--remember")  # fmt: skip
    ran = program.good("rehearse", "t", "--json", "--keep")
    assert ran.document["went"]["instance"] == 5
    holds = [path for path in program.home.rglob("*") if path.is_file()]
    assert len(holds) > len(before)
    text = PASSPHRASE.encode()
    assert [path.name for path in holds if text in path.read_bytes()] == ["secrets.json"]


def test_a_transfer_without_clinical_data_is_told_what_the_real_dataset_waits_for(
    ran: Ran,
) -> None:
    assert "No clinical table was named: the real dataset waits for one" in ran.err


def test_a_transfer_that_is_not_there_is_refused(program: Program) -> None:
    assert program.run("rehearse", "another").code == 2


def test_the_document_holds_the_keys_that_are_promised(ran: Ran) -> None:
    assert set(ran.document) == promised_keys("rehearse")
    assert set(ran.document["went"]) == {"instance", "volume", "clinical"}


def test_the_document_says_what_was_rehearsed(ran: Ran) -> None:
    document = ran.document
    assert list(document) == [
        "transfer", "rehearsed", "stopped_at", "message", "remedy", "at_utc", "went", "kept",
        "status",
    ]  # fmt: skip
    assert document["status"]["node"] == NODE
    assert document["status"]["destination"] == "LUNG"
    assert "SECOND-PATIENT" not in json.dumps(document)

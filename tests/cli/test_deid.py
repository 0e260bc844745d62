"""`deid IN OUT` as scripts use it."""

from __future__ import annotations

import stat
from pathlib import Path

import pydicom
import pytest

from tests.cli.test_refusals import assert_two_lines
from tests.engine.made import image
from tests.program import Program
from transfer.deid.keys.key import check_key
from transfer.deid.recipe import pseudonym

KEY = "019a39ba16da7edb9e906440a48e9ed32"
NAMES = ("Quintanilla", "Ximena", "HOSP-4711")


@pytest.fixture
def program(tmp_path: Path) -> Program:
    return Program(tmp_path / "home")


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "in"
    image(folder / "Quintanilla" / "1", "1.2.1", PatientName="Quintanilla^Ximena",
          PatientID="HOSP-4711")  # fmt: skip
    (folder / "t.csv").write_text("PatientID;Age\nHOSP-4711;58\n")
    (folder / "Ximena.txt").write_text("x")
    return folder


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    path = tmp_path / "key"
    path.touch(mode=0o600)
    path.write_text(f"{KEY}\n")
    return path


def test_a_folder_is_deidentified_and_the_document_tells_it(
    program: Program, source: Path, secret: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    ran = program.good("deid", source, out, "--site-id", "S1", "--secret-file", secret, "--json")
    patient = pseudonym(KEY, "HOSP-4711")
    (written,) = map(pydicom.dcmread, out.rglob("*.dcm"))
    assert written.PatientID == patient
    assert (out / "t.csv").read_bytes() == f"PatientID,Age\r\n{patient},58\r\n".encode()
    assert ran.document["profile"]["name"] == "eucaim"
    assert ran.document["counts"] == {
        "written": 1, "table": 1, "skipped": 0, "quarantined": 0, "stopped": 0, "left_out": 1
    }  # fmt: skip
    assert [(g["reason"], g["keys"]) for g in ran.document["left_out"]] == [("not-dicom", ["2"])]
    assert ran.document["findings"] == []
    assert not [name for name in (*NAMES, KEY) if name in ran.out + ran.err]


def test_an_empty_folder_is_refused_before_a_key_is_made(program: Program, tmp_path: Path) -> None:
    """A share that is not mounted looks like this."""
    (tmp_path / "in" / "deeper").mkdir(parents=True)
    ran = program.run("deid", tmp_path / "in", tmp_path / "out", "--site-id", "S1")
    assert_two_lines(ran, 2, "holds no file")
    assert sorted(path.name for path in tmp_path.iterdir() if path.name != "home") == ["in"]


def test_files_are_named_only_when_asked(
    program: Program, source: Path, secret: Path, tmp_path: Path
) -> None:
    words = ("--site-id", "S1", "--secret-file", secret)
    plain = program.good("deid", source, tmp_path / "a", *words)
    named = program.good("deid", source, tmp_path / "b", *words, "--json", "--identifiers")
    assert "1 of 3 files are written" in plain.out
    assert not [name for name in (*NAMES, KEY) if name in plain.out + plain.err]
    assert named.document["left_out"][0]["paths"] == ["Ximena.txt"]


def test_a_new_key_is_kept_beside_the_output_for_its_owner_and_never_shown(
    program: Program, source: Path, tmp_path: Path
) -> None:
    ran = program.good("deid", source, tmp_path / "out", "--site-id", "S1", "--json")
    kept = tmp_path / "out.key"
    key = check_key(kept.read_text())
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert list((tmp_path / "out").glob("EUCAIM-*")) == [
        tmp_path / "out" / pseudonym(key, "HOSP-4711")
    ]
    assert "A new key was made" in ran.err
    assert key not in ran.out + ran.err
    again = program.run("deid", source, tmp_path / "out2", "--site-id", "S1", "--secret-file", kept)
    assert again.code == 0
    assert [p.name for p in (tmp_path / "out2").glob("EUCAIM-*")] == [pseudonym(key, "HOSP-4711")]


def test_a_key_of_an_earlier_run_is_never_replaced(
    program: Program, source: Path, tmp_path: Path
) -> None:
    (tmp_path / "out.key").write_text("x")
    ran = program.run("deid", source, tmp_path / "out", "--site-id", "S1")
    assert_two_lines(ran, 2, "A key from an earlier run")
    assert (tmp_path / "out.key").read_text() == "x"
    assert not (tmp_path / "out").exists()


def test_a_patient_that_would_be_told_ends_with_3_until_a_person_answers(
    program: Program, source: Path, secret: Path, tmp_path: Path
) -> None:
    image(source / "2", "1.2.2", PatientID="HOSP-4711", ProtocolName="for Quintanilla")
    words = ("--site-id", "S1", "--secret-file", secret, "--json")
    stopped = program.run("deid", source, tmp_path / "a", *words)
    assert stopped.code == 3
    assert [(f["rule"], f["level"]) for f in stopped.document["findings"]] == [
        ("DID-03", "patient")
    ]
    assert stopped.document["counts"]["stopped"] == 2
    release = ("--release", "0018,1030")
    assert_two_lines(program.run("deid", source, tmp_path / "b", *words, *release), 2, "a person")
    ran = program.good(
        "deid",
        source,
        tmp_path / "b",
        *words,
        *release,
        "--by",
        "A. Person",
        "--reason",
        "a street",
    )
    assert ran.document["counts"]["written"] == 2
    assert ran.document["released"] == [
        {"element": "(0018,1030)", "by": "A. Person", "reason": "a street"}
    ]


def test_an_instance_that_cannot_be_deidentified_ends_with_4(
    program: Program, source: Path, secret: Path, tmp_path: Path
) -> None:
    image(source / "2", "1.2.2", PatientID="")
    ran = program.run(
        "deid", source, tmp_path / "out", "--site-id", "S1", "--secret-file", secret, "--json"
    )
    assert (ran.code, ran.document["counts"]["quarantined"]) == (4, 1)
    assert ran.document["counts"]["written"] == 1


def test_a_script_is_given_key_site_and_parameters(
    program: Program, source: Path, secret: Path, tmp_path: Path
) -> None:
    script = tmp_path / "own.script"
    script.write_text(
        '<script><p t="P"></p><p t="SECRET_KEY"></p>'
        '<e en="T" t="00100010" n="PatientName">@empty()</e>'
        '<e en="T" t="00100020" n="PatientID">@param(@P)@hashptid(@SECRET_KEY,this)</e></script>'
    )
    program.good(
        "deid", source, tmp_path / "out", "--site-id", "S1", "--secret-file", secret,
        "--deid", script, "--param", "P=EUCAIM-",
    )  # fmt: skip
    patient = pseudonym(KEY, "HOSP-4711")
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == [patient, "t.csv"]
    assert (
        (tmp_path / "out" / "t.csv")
        .read_bytes()
        .startswith(b"PatientID,Age\r\n" + patient.encode())
    )


def test_refusals_make_neither_key_nor_output(
    program: Program, source: Path, tmp_path: Path
) -> None:
    (tmp_path / "short").write_text("abc")
    (tmp_path / "bad.script").write_text("<script><e>")
    site = ("--site-id", "S1")
    for words, what in (
        ((), "SITE ID"),
        ((*site, "--deid", "none"), "nothing to de-identify"),
        ((*site, "--deid", "no-such-profile"), "cannot be read"),
        ((*site, "--deid", tmp_path / "bad.script"), "no well-formed XML"),
        ((*site, "--param", "A=B"), "a profile has none"),
        ((*site, "--secret-file", tmp_path / "short"), "3 characters"),
        ((*site, "--secret-file", tmp_path / "gone"), "key file cannot be read"),
        ((*site, "--pixel-script", tmp_path / "short"), "pixel script"),
        ((*site, "--release", "name", "--by", "x", "--reason", "y"), "eight hexadecimal"),
    ):
        ran = program.run("deid", source, tmp_path / "out", *words)
        complaint = [line for line in ran.complaint if "read by other accounts" not in line]
        assert (ran.code, len(complaint)) == (2, 2), str(ran)
        assert what in complaint[0]
    assert_two_lines(program.run("deid", source, source / "out", *site), 2, "lies in the input")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["bad.script", "in", "short"]

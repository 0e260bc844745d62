"""What stands in the way of an upload, and what a person does about it, through the program."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from pydicom import dcmread
from pydicom.uid import UID

from tests.engine.bench import TRANSFER
from tests.engine.deid_bench import DeidBench, deid_bench

CLEAN = {
    "BodyPartExamined": "CHEST",
    "Manufacturer": "Maker of scanners",
    "AcquisitionDate": "20200115",
    "PatientAge": "061Y",
    "PatientSex": "F",
    "SeriesDescription": "",
    "PatientIdentityRemoved": "YES",
    "DeidentificationMethod": "made for tests",
    "SeriesNumber": "1",
}


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[DeidBench]:
    """A node with EUCAIM's gate that takes files as they are; image-only was agreed to."""
    with deid_bench(tmp_path, gate="eucaim", deidentified="as-is") as made:
        yield made


def ready(bench: DeidBench) -> None:
    assert bench.new().code == 0
    said = bench.check("--answer", "LNK-03=image-only", "--by", "Dr Data", "--reason", "agreed")
    assert "LNK-03" in {one["rule"] for one in said.document["set_aside"]}, str(said)


def open_rules(bench: DeidBench) -> set[str]:
    found = bench.check().document["findings"]
    return {f["rule"] for f in found if f["severity"] in ("block", "ask")}


def test_a_clean_cohort_goes_to_a_node_with_eucaim_s_gate(bench: DeidBench) -> None:
    bench.patient(1, 2, **CLEAN)
    ready(bench)
    assert bench.check().code == 0
    ran = bench.upload()
    assert ran.code == 0, str(ran)
    assert len(bench.arrived()) == 2


def test_an_upload_is_refused_while_a_finding_blocks_and_says_which(bench: DeidBench) -> None:
    bench.patient(1, 2, **(CLEAN | {"Manufacturer": ""}))
    bench.patient(2, 2, **CLEAN)
    ready(bench)
    ran = bench.upload()
    assert ran.code == 3, str(ran)
    assert ran.complaint == [
        "eucaim-transfer: Findings stand in the way: IMG-04 (1).",
        f"  what to do: See each one, and what to do about it, with: eucaim-transfer check"
        f" {TRANSFER}",
    ]
    assert bench.arrived() == []
    assert bench.step_of_images() == "blocked"
    assert bench.check().code == 3


def test_a_rehearsal_is_refused_as_an_upload_is(bench: DeidBench, tmp_path: Path) -> None:
    bench.patient(1, 2, **(CLEAN | {"Manufacturer": ""}))
    ready(bench)
    ran = bench.upload("--dry-run", tmp_path / "requests")
    assert ran.code == 3, str(ran)
    assert "IMG-04" in ran.err
    assert not (tmp_path / "requests").exists()


def test_what_is_left_out_blocks_no_more_and_does_not_go(bench: DeidBench) -> None:
    bench.patient(1, 2, **(CLEAN | {"Manufacturer": ""}))
    bench.patient(2, 2, **CLEAN)
    ready(bench)
    chosen = bench.program.run("select", TRANSFER, "--exclude-finding", "*", "--by", "Dr Data")
    assert chosen.code == 0, str(chosen)
    assert bench.upload().code == 0
    assert {str(one.PatientID) for one in bench.arrived()} == {"HOSP-00277"}
    assert bench.counts() == {
        "found": 4, "rejected": 0, "ready": 2, "sent": 2, "verified": 2, "failed": 0, "excluded": 2,
    }  # fmt: skip


def test_an_attribute_that_was_agreed_to_do_without_is_waived_by_a_person(
    bench: DeidBench,
) -> None:
    bench.patient(1, 2, **(CLEAN | {"Manufacturer": ""}))
    ready(bench)
    waived = bench.waive("IMG-04")
    assert waived.code == 0, str(waived)
    (aside,) = [one for one in waived.document["set_aside"] if one["rule"] == "IMG-04"]
    assert (aside["standing"], aside["person"], aside["reason"]) == (
        "waived", "Dr Data", "I looked",
    )  # fmt: skip
    assert bench.upload().code == 0
    assert len(bench.arrived()) == 2


def test_what_is_mended_goes_as_it_was_asked_for_and_the_source_stays(bench: DeidBench) -> None:
    bench.patient(1, 2, **(CLEAN | {"BodyPartExamined": ""}))
    ready(bench)
    path = next(bench.source.rglob("*.dcm"))
    before = path.read_bytes()
    assert open_rules(bench) == {"IMG-03"}
    mended = bench.program.run(
        "mend", TRANSFER, "--series", "E1", "--body-part", "CHEST", "--by", "Dr Data"
    )
    assert mended.code == 0, str(mended)
    checked = bench.check()
    assert checked.code == 0, str(checked)
    assert ("IMG-03", "mended") in {
        (one["rule"], one["standing"]) for one in checked.document["set_aside"]
    }
    assert bench.upload().code == 0
    assert [one.BodyPartExamined for one in bench.arrived()] == ["CHEST", "CHEST"]
    assert path.read_bytes() == before
    told = bench.program.run("mend", TRANSFER)
    assert "body-part CHEST, 1 series, 2 instances changed; by Dr Data" in told.out


def test_a_mend_is_made_before_the_method_works(bench: DeidBench) -> None:
    bench.patient(1, 2, **(CLEAN | {"BodyPartExamined": ""}))
    bench.new_eucaim()
    bench.check("--answer", "LNK-03=image-only", "--by", "Dr Data", "--reason", "x")
    bench.program.good(
        "mend", TRANSFER, "--series", "E1", "--body-part", "CHEST", "--by", "Dr Data"
    )
    ran = bench.upload()
    assert ran.code == 0, str(ran)
    arrived = bench.arrived()
    assert [one.BodyPartExamined for one in arrived] == ["CHEST", "CHEST"]
    assert all(str(one.PatientID) != "HOSP-00177" for one in arrived)


def test_the_answer_to_use_another_date_fills_it_in_and_nothing_else_does(
    bench: DeidBench,
) -> None:
    bench.patient(1, 2, **(CLEAN | {"AcquisitionDate": "", "ContentDate": "20200116"}))
    ready(bench)
    assert open_rules(bench) == {"IMG-06"}
    said = bench.check("--answer", "IMG-06=use", "--by", "Dr Data")
    assert said.code == 0, str(said)
    assert bench.upload().code == 0
    assert {one.AcquisitionDate for one in bench.arrived()} == {"20200116"}
    assert "2 from Content Date" in bench.program.run("mend", TRANSFER).out


def test_the_uid_in_the_file_meta_information_is_put_right_when_asked(bench: DeidBench) -> None:
    path = bench.image(1, 0, **CLEAN)
    dataset = dcmread(path)
    dataset.file_meta.MediaStorageSOPInstanceUID = UID("1.2.999")
    dataset.save_as(path)
    ready(bench)
    assert open_rules(bench) == {"IMG-07"}
    assert bench.upload().code == 3
    bench.program.good("mend", TRANSFER, "--file-meta-uid", "--by", "Dr Data")
    ran = bench.upload()
    assert ran.code == 0, str(ran)
    (arrived,) = bench.arrived()
    assert arrived.file_meta.MediaStorageSOPInstanceUID == arrived.SOPInstanceUID


def test_an_unattended_upload_brings_its_answers(bench: DeidBench, tmp_path: Path) -> None:
    bench.patient(1, 2, **(CLEAN | {"Manufacturer": ""}))
    assert bench.new().code == 0
    answers = tmp_path / "answers.toml"
    answers.write_text(
        'person = "Dr Data"\n'
        '[[answer]]\nrule = "LNK-03"\nchoice = "image-only"\nreason = "agreed"\n'
        '[[answer]]\nrule = "IMG-04"\nchoice = "exclude"\n',
        "utf-8",
    )
    refused = bench.upload("--answers", answers)
    assert refused.code == 2, str(refused)
    assert "'exclude' is no answer to IMG-04" in refused.err
    text = answers.read_text("utf-8").replace(
        '[[answer]]\nrule = "IMG-04"\nchoice = "exclude"',
        '[[waive]]\nrule = "IMG-04"\nreason = "agreed"',
    )
    answers.write_text(text, "utf-8")
    ran = bench.upload("--answers", answers)
    assert ran.code == 0, str(ran)
    assert len(bench.arrived()) == 2


def test_a_mark_without_a_method_waits_for_a_person(tmp_path: Path) -> None:
    """DID-02 asks for both: that identities were removed, and by what."""
    with deid_bench(tmp_path, gate="eucaim", deidentified="required") as bench:
        bench.patient(1, 2, **(CLEAN | {"DeidentificationMethod": ""}))
        assert bench.new("--deid", "none", "--by", "Dr Data", "--reason", "made").code == 0
        words = ("--by", "Dr Data", "--reason", "seen")
        bench.check("--answer", "LNK-03=image-only", *words)
        assert open_rules(bench) == {"DID-02"}
        waived = bench.check("--waive", "DID-02", *words)
        assert waived.code == 0, str(waived)
        assert bench.upload().code == 0


def test_what_a_table_lacks_of_the_minimum_set_stops_its_step_and_not_the_images(
    bench: DeidBench, tmp_path: Path
) -> None:
    bench.patient(1, 2, **CLEAN)
    table = tmp_path / "clinical.csv"
    table.write_text("PatientID,Population\nHOSP-00177,Patient with Cancer\n", "utf-8")
    assert bench.new("--clinical", table).code == 0
    ran = bench.check()
    blocking = {f["rule"] for f in ran.document["findings"] if f["severity"] == "block"}
    assert "CLP-03" in blocking
    assert {rule.partition("-")[0] for rule in blocking} == {"CLP"}
    assert ran.code == 3, str(ran)
    sent = bench.upload()
    assert sent.code == 0, str(sent)
    assert len(bench.arrived()) == 2
    assert bench.step_of_images() == "done"
    refused = bench.program.run("clinical", TRANSFER)
    assert refused.code == 3, str(refused)
    assert "CLP-03" in refused.err

"""What a person said holds for what was open then, and for nothing that came or changed later."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.engine.bench import TRANSFER
from tests.engine.deid_bench import DeidBench, deid_bench
from tests.engine.made import image
from tests.engine.test_gate import CLEAN, open_rules, ready
from tests.engine.volume_bench import IDS, NAMES, volume_bench
from tests.scan.niftis import nifti, packed
from transfer.ledger.connection import Ledger
from transfer.ledger.traits import record_traits_fingerprint

NAMELESS = CLEAN | {"Manufacturer": ""}


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[DeidBench]:
    """A node with EUCAIM's gate that takes files as they are; image-only was agreed to."""
    with deid_bench(tmp_path, gate="eucaim", deidentified="as-is") as made:
        yield made


def ledger_of(bench: DeidBench) -> Path:
    (found,) = bench.program.home.rglob("ledger.sqlite")
    return found


def test_a_waiver_does_not_cover_instances_that_came_later(bench: DeidBench) -> None:
    bench.patient(1, 2, **NAMELESS)
    ready(bench)
    assert bench.waive("IMG-04").code == 0
    bench.image(1, 2, **NAMELESS)
    bench.program.good("scan", TRANSFER)
    assert open_rules(bench) == {"IMG-04"}
    assert bench.upload().code == 3
    assert bench.arrived() == []
    assert bench.waive("IMG-04").code == 0
    assert bench.upload().code == 0
    assert len(bench.arrived()) == 3


def test_a_waiver_of_a_warning_does_not_cover_what_blocks(bench: DeidBench) -> None:
    path = bench.image(1, 0, **(CLEAN | {"BodyPartExamined": "FOREARMS"}))
    ready(bench)
    assert bench.waive("IMG-03").code == 0
    path.unlink()
    bench.image(1, 0, **(CLEAN | {"BodyPartExamined": "", "SOPInstanceUID": "1.2.1.0"}))
    bench.program.good("scan", TRANSFER)
    assert open_rules(bench) == {"IMG-03"}
    assert bench.upload().code == 3
    assert bench.arrived() == []


def test_a_word_on_pictures_does_not_cover_one_that_was_replaced(tmp_path: Path) -> None:
    """Header, size and number are the same; what the person looked at is not."""
    shown = CLEAN | {"BurnedInAnnotation": "YES"}
    with deid_bench(tmp_path, gate="eucaim", deidentified="required") as bench:
        bench.patient(1, 2, **shown)
        assert bench.new("--deid", "none", "--by", "Dr Data", "--reason", "made").code == 0
        bench.check("--answer", "LNK-03=image-only", "--by", "Dr Data", "--reason", "x")
        assert open_rules(bench) == {"DID-07"}
        said = bench.check("--answer", "DID-07=clean", "--by", "Dr Data")
        assert said.code == 0, str(said)
        path = bench.image(1, 0, **shown)
        path.write_bytes(path.read_bytes()[:-8] + b"Zwingenb")
        bench.program.good("scan", TRANSFER)
        assert open_rules(bench) == {"DID-07"}
        assert bench.upload().code == 3
        assert bench.arrived() == []


def test_a_word_on_a_volume_does_not_cover_one_that_was_replaced(tmp_path: Path) -> None:
    with volume_bench(tmp_path, gate="eucaim", deidentified="as-is") as bench:
        path = bench.patient(0)
        path.write_bytes(packed(nifti(descrip=b"FSL5.0"), name=b"x.nii", mtime=1))
        bench.new()
        bench.check("--answer", "LNK-03=image-only", "--by", "Dr Data", "--reason", "x")
        bench.check("--waive", "NII-03", "--by", "Dr Data", "--reason", "a program")
        path.write_bytes(packed(nifti(descrip=b"Ottokar Zwingenberg"), name=b"x.nii", mtime=1))
        bench.program.good("scan", TRANSFER)
        found = bench.check().document["findings"]
        assert [f["rule"] for f in found if f["severity"] == "block"] == ["NII-03"]


def test_the_volume_of_a_patient_left_out_stays_though_the_images_came_later(
    tmp_path: Path,
) -> None:
    with volume_bench(tmp_path) as bench:
        bench.patient(1)
        bench.volume(0)
        bench.new()
        bench.program.good("scan", TRANSFER)
        image(
            bench.source / "0" / "0.dcm",
            "1.2.0.0",
            PatientID=IDS[0],
            PatientName=NAMES[0],
            StudyInstanceUID="1.3.0",
            SeriesInstanceUID="1.4.0",
        )
        bench.program.good("scan", TRANSFER)
        bench.program.good("select", TRANSFER, "--exclude", "P2", "--by", "Dr Data")
        ran = bench.upload()
        assert ran.code == 0, str(ran)
        assert {one["00100020"]["Value"][0] for one in bench.jsons()} == {IDS[1]}
        assert bench.volumes()["left_out"] == 1


def test_the_volume_of_a_series_left_out_stays_though_its_json_names_nobody(
    tmp_path: Path,
) -> None:
    with volume_bench(tmp_path) as bench:
        bench.patient(0, t00100020=("LO", ""))
        bench.patient(1)
        bench.new()
        bench.program.good("scan", TRANSFER)
        bench.program.good("select", TRANSFER, "--exclude", "P1", "--by", "Dr Data")
        ran = bench.upload()
        assert ran.code == 0, str(ran)
        assert {one["00100020"]["Value"][0] for one in bench.jsons()} == {IDS[1]}


def test_what_is_chosen_after_the_end_is_not_done_yet(bench: DeidBench) -> None:
    bench.patient(1, 2, **CLEAN)
    bench.patient(2, 2, **CLEAN)
    ready(bench)
    bench.program.good("select", TRANSFER, "--exclude", "P1", "--by", "Dr Data")
    assert bench.upload().code == 0
    assert bench.step_of_images() == "done"
    bench.program.good("select", TRANSFER, "--clear")
    assert bench.step_of_images() == "todo"
    assert bench.upload().code == 0
    assert bench.step_of_images() == "done"
    assert len(bench.arrived()) == 4


def test_volumes_follow_a_choice_at_once(tmp_path: Path) -> None:
    with volume_bench(tmp_path) as bench:
        bench.patient(0)
        bench.new()
        bench.program.good("scan", TRANSFER)
        bench.program.good("select", TRANSFER, "--exclude", "P1", "--by", "Dr Data")
        assert bench.volumes()["left_out"] == 1
        bench.program.good("select", TRANSFER, "--clear")
        assert bench.volumes()["left_out"] == 0


def test_what_was_scanned_for_other_rules_is_read_again_before_it_goes(bench: DeidBench) -> None:
    """Headers of which nothing was kept would pass every rule."""
    bench.patient(1, 2, **NAMELESS)
    ready(bench)
    with Ledger.open(ledger_of(bench)) as ledger:
        record_traits_fingerprint(ledger, "none, as before there were rules")
        with ledger.transaction():
            ledger.write("UPDATE instance SET traits_id = NULL")
            ledger.write("DELETE FROM finding")
    ran = bench.upload()
    assert ran.code == 3, str(ran)
    assert "IMG-04" in ran.err
    assert bench.arrived() == []


def test_volumes_go_though_every_image_is_left_out(tmp_path: Path) -> None:
    with volume_bench(tmp_path) as bench:
        bench.patient(0)
        bench.new()
        bench.program.good("scan", TRANSFER)
        bench.program.good("select", TRANSFER, "--exclude", "E1", "--by", "Dr Data")
        ran = bench.upload()
        assert ran.code == 0, str(ran)
        assert len(bench.held()) == 2
        assert bench.status()["instances"]["sent"] == 0


def test_what_has_gone_already_keeps_nothing_back(bench: DeidBench) -> None:
    """It went by earlier rules. Nobody can mend it here or leave it out; what is left is judged."""
    bench.patient(1, 2, **(CLEAN | {"PatientAge": ""}))
    bench.patient(2, 1, **CLEAN)
    ready(bench)
    config = bench.program.home / "config.toml"
    text = config.read_text("utf-8")
    config.write_text(text.replace('"eucaim"', '"integrity"'), "utf-8")
    bench.program.good("select", TRANSFER, "--exclude", "P2", "--by", "Dr Data")
    assert bench.upload().code == 0
    config.write_text(text, "utf-8")
    bench.program.good("select", TRANSFER, "--clear")
    checked = bench.check()
    assert checked.code == 0, str(checked)
    assert ("AGE-01", "warn") in {(f["rule"], f["severity"]) for f in checked.document["findings"]}
    assert bench.upload().code == 0
    assert len(bench.arrived()) == 3
    bench.image(1, 2, **(CLEAN | {"PatientAge": ""}))
    assert bench.upload().code == 3
    assert len(bench.arrived()) == 3

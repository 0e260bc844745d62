"""NIfTI volumes on their whole way: de-identified as their images are, sent, read back, or handed
over."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydicom import dcmread

from adapters.sandbox.xnat.site import SiteOptions
from tests.engine.bench import TRANSFER
from tests.engine.volume_bench import IDS, NAMES, VolumeBench, volume_bench
from tests.scan.niftis import dicom_json, nifti, packed

NOTHING = {"found": 0, "left_out": 0, "ready": 0, "sent": 0, "verified": 0, "failed": 0}


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[VolumeBench]:
    with volume_bench(tmp_path) as started:
        yield started


def there(found: int, left_out: int = 0) -> dict[str, int]:
    ready = found - left_out
    return {
        "found": found,
        "left_out": left_out,
        "ready": ready,
        "sent": ready,
        "verified": ready,
        "failed": 0,
    }


def test_a_volume_goes_as_it_is_where_images_do(bench: VolumeBench) -> None:
    path = bench.patient(0)
    bench.new()
    ran = bench.upload()
    assert ran.code == 0, str(ran)
    assert bench.volumes() == there(1)
    held = bench.held()
    assert len(held) == 2
    image = next(f for name, f in held.items() if name.endswith(".nii.gz")).path.read_bytes()
    assert gzip.decompress(image) == gzip.decompress(path.read_bytes())
    source_json = path.with_name(path.name.replace(".nii.gz", ".json")).read_bytes()
    assert [f.path.read_bytes() for n, f in held.items() if n.endswith(".json")] == [source_json]


def test_the_json_bears_the_pseudonym_and_uids_of_the_images(bench: VolumeBench) -> None:
    bench.patient(0)
    bench.patient(1)
    bench.new_eucaim()
    ran = bench.upload()
    assert ran.code == 0, str(ran)
    assert bench.volumes() == there(2)
    images = [dcmread(f.path) for f in bench.sandbox.xnat.archived_objects().values()]
    of_images = {(str(i.PatientID), str(i.StudyInstanceUID)) for i in images}
    of_volumes = {
        (one["00100020"]["Value"][0], one["0020000D"]["Value"][0]) for one in bench.jsons()
    }
    assert len(of_images) == 2
    assert of_volumes == of_images


def test_a_volume_lands_in_the_session_of_its_study(bench: VolumeBench) -> None:
    bench.patient(0)
    bench.new_eucaim()
    assert bench.upload().code == 0
    (session,) = bench.sandbox.xnat.archive.sessions.values()
    assert sorted(session.scans) == ["1", "7"]
    assert list(session.scans["7"].resources) == ["NIFTI"]


def test_a_volume_of_the_series_of_its_images_lies_beside_them(bench: VolumeBench) -> None:
    bench.patient(0, t0020000E=("UI", "1.4.0"))
    bench.new_eucaim()
    assert bench.upload().code == 0
    (session,) = bench.sandbox.xnat.archive.sessions.values()
    assert list(session.scans) == ["1"]
    assert sorted(session.scans["1"].resources) == ["DICOM", "NIFTI"]


def test_nothing_original_is_on_the_wire(bench: VolumeBench) -> None:
    """Names of files, of gzip headers and of the JSON are the patient's."""
    bench.patient(0)
    bench.patient(1)
    bench.new_eucaim()
    assert bench.upload().code == 0
    sent = [path.read_bytes() for path in sorted(bench.record.glob("*"))]
    assert len(sent) > 10
    words = [word for name in NAMES for word in name.split("^")]
    planted = [*words, *IDS, "19500412", "19510412", "1.3.0", "1.4.1.7", "1.2.1.0"]
    found = {p for p in planted for body in sent if f'"{p}'.encode() in body}
    found |= {p for p in [*words, *IDS] for body in sent if p.lower().encode() in body.lower()}
    assert found == set()


def test_json_without_uids_goes_and_gets_none(bench: VolumeBench) -> None:
    """EUCAIM asks for five attributes, and no UID is one of them. Stand-ins stay here."""
    bench.patient(0)
    alone = bench.source / "0" / "alone.nii"
    alone.write_bytes(nifti())
    said = dicom_json(*("0020000D", "0020000E", "00120062", "00120063"), t00100020=("LO", IDS[0]))
    alone.with_suffix(".json").write_bytes(said)
    bench.new_eucaim()
    ran = bench.upload()
    assert ran.code == 0, str(ran)
    assert bench.volumes() == there(2)
    bare = [one for one in bench.jsons() if "0020000D" not in one]
    assert len(bare) == 1
    assert not {"00080016", "00080018", "0020000E"} & bare[0].keys()
    labels = {s.label.rpartition("_")[0] for s in bench.sandbox.xnat.archive.sessions.values()}
    assert labels == {bare[0]["00100020"]["Value"][0]}


def test_a_bids_sidecar_is_no_dicom_json_and_the_image_stays_here(bench: VolumeBench) -> None:
    path = bench.patient(0)
    path.with_name(path.name.replace(".nii.gz", ".json")).write_text('{"Modality": "CT"}')
    bench.new()
    ran = bench.upload()
    assert ran.code == 0, str(ran)
    assert bench.volumes() == there(1, left_out=1)
    (reason,) = bench.reasons().values()
    assert "A BIDS sidecar is none." in reason
    assert bench.held() == {}


def test_an_identifier_that_stays_in_the_json_holds_the_volume_back(bench: VolumeBench) -> None:
    """The name stands in a private element that a script keeps; the last look finds it."""
    script = bench.source.parent / "keep.script"
    script.write_text(
        '<script><e en="T" t="00100010" n="PatientName">@remove()</e>'
        '<e en="T" t="00100030" n="PatientBirthDate">@remove()</e>'
        '<e en="T" t="00100020" n="PatientID">@hashptid(SITE,PatientID)</e></script>'
    )
    bench.patient(0, t00204000=("LT", "seen by Zwingenberg, Ottokar"))
    bench.new("--deid", script)
    ran = bench.upload()
    assert ran.code == 4, str(ran)
    assert bench.volumes() == there(1) | {"sent": 0, "verified": 0, "failed": 1}
    (reason,) = bench.reasons().values()
    assert "(0020,4000)" in reason or "0020,4000" in reason
    assert "Zwingenberg" not in json.dumps(bench.status())
    assert bench.held() == {}


def test_text_in_the_image_stays_here_where_the_transfer_deidentifies(bench: VolumeBench) -> None:
    path = bench.patient(0)
    path.write_bytes(packed(nifti(descrip=b"Zwingenberg")))
    bench.new_eucaim()
    ran = bench.upload()
    assert ran.code == 0, str(ran)
    assert bench.volumes() == there(1, left_out=1)
    waived = bench.check("--waive", "NII-03", "--by", "Dr Data", "--reason", "a town")
    assert waived.code == 0, str(waived)
    assert bench.upload().code == 0
    assert bench.volumes() == there(1)


def test_an_excluded_image_and_those_of_an_excluded_patient_stay_here(bench: VolumeBench) -> None:
    for number in (0, 1):
        bench.patient(number)
    bench.volume(1, "second", t0020000E=("UI", "1.4.1.8"))
    bench.new()
    assert bench.program.run("scan", TRANSFER).code == 0
    key = next(f for f in _keys(bench) if f.startswith("F"))
    for value in (key, "P1"):
        ran = bench.program.run("select", TRANSFER, "--exclude", value)
        assert ran.code == 0, str(ran)
    ran = bench.upload()
    assert ran.code == 0, str(ran)
    assert bench.volumes() == there(3, left_out=2)
    assert len(bench.held()) == 2


def _keys(bench: VolumeBench) -> list[str]:
    """The row key of the second patient's first volume."""
    from transfer.ledger.connection import Ledger

    ledger = bench.program.home / "transfers" / TRANSFER / "ledger.sqlite"
    with Ledger.open(ledger, read_only=True) as opened:
        rows = opened.rows("SELECT file_id FROM volume WHERE patient_id = 2 ORDER BY id")
    return [f"F{row}" for (row,) in rows]


def test_uploading_again_puts_nothing_anew(bench: VolumeBench) -> None:
    bench.patient(0)
    bench.new_eucaim()
    assert bench.upload().code == 0
    assert bench.puts() == 2
    assert bench.upload().code == 0
    assert bench.puts() == 2
    assert bench.volumes() == there(1)


def test_a_volume_that_is_added_later_reopens_the_step(bench: VolumeBench) -> None:
    bench.patient(0)
    bench.new()
    assert bench.upload().code == 0
    bench.volume(0, "second", t0020000E=("UI", "1.4.0.8"), t00200011=("IS", 8))
    assert bench.program.run("scan", TRANSFER).code == 0
    steps = {step["id"]: step["state"] for step in bench.status()["steps"]}
    assert steps["images"] == "todo"
    assert bench.upload().code == 0
    assert bench.volumes() == there(2)


@pytest.mark.parametrize("point", ["volume-answered", "volume-sent", "volume-piece"])
def test_a_run_killed_among_volumes_is_finished_by_the_next(bench: VolumeBench, point: str) -> None:
    bench.patient(0)
    bench.volume(0, "second", t0020000E=("UI", "1.4.0.8"), t00200011=("IS", 8))
    bench.new()
    assert bench.struck_at(point) == -9
    ran = bench.upload()
    assert ran.code == 0, str(ran)
    assert bench.volumes() == there(2)
    assert len(bench.held()) == 4


def test_a_run_that_is_stopped_among_volumes_goes_on_where_it_was(bench: VolumeBench) -> None:
    bench.patient(0)
    bench.volume(0, "second", t0020000E=("UI", "1.4.0.8"), t00200011=("IS", 8))
    bench.new()
    assert bench.struck_at("volume-verified", "interrupt") == 130
    assert bench.volumes() == there(2) | {"sent": 1, "verified": 1}
    before = bench.puts()
    ran = bench.upload()
    assert ran.code == 0, str(ran)
    assert bench.volumes() == there(2)
    assert bench.puts() == before + 2


def test_another_file_of_that_name_on_the_node_is_never_written_over(bench: VolumeBench) -> None:
    bench.patient(0)
    bench.new()
    assert bench.upload().code == 0
    name, file = next((n, f) for n, f in bench.held().items() if n.endswith(".nii.gz"))
    file.path.write_bytes(b"another image")
    file.size, file.md5 = 13, hashlib.md5(b"another image", usedforsecurity=False).hexdigest()
    verified = bench.program.run("verify", TRANSFER)
    assert verified.code == 4, str(verified)
    ran = bench.upload()
    assert ran.code == 4, str(ran)
    assert bench.volumes() == there(1) | {"sent": 0, "verified": 0, "failed": 1}
    assert "was not written over" in next(iter(bench.reasons().values()))
    assert bench.held()[name].path.read_bytes() == b"another image"


def test_a_site_without_checksums_gives_the_files_themselves(tmp_path: Path) -> None:
    with volume_bench(tmp_path, site=SiteOptions(has_checksums=False)) as bench:
        bench.patient(0)
        bench.new_eucaim()
        ran = bench.upload()
        assert ran.code == 0, str(ran)
        assert bench.volumes() == there(1)


def test_a_catalogue_that_two_wrote_at_once_is_put_right(bench: VolumeBench) -> None:
    """XNAT answers 500 with the file on its disk and in no listing."""
    bench.patient(0)
    bench.new()
    fault = bench.sandbox.fault("xnat:catalog-500,times=1")
    ran = bench.upload()
    assert ran.code == 0, str(ran)
    assert fault.fired == 1
    assert bench.volumes() == there(1)


def test_files_that_the_node_says_it_took_and_did_not_are_found_missing(
    bench: VolumeBench,
) -> None:
    """No right to write: XNAT answers 200 and stores nothing."""
    bench.patient(0)
    bench.new()
    bench.sandbox.fault("xnat:silent-refusal,times=100")
    ran = bench.upload()
    assert ran.code == 4, str(ran)
    assert bench.volumes() == there(1) | {"sent": 0, "verified": 0, "failed": 1}
    assert "does not list it" in next(iter(bench.reasons().values()))


def test_under_the_gate_of_eucaim_a_finding_about_a_volume_stops_the_transfer(
    tmp_path: Path,
) -> None:
    with volume_bench(tmp_path, gate="eucaim") as bench:
        path = bench.patient(0)
        bench.new_eucaim()
        path.write_bytes(packed(nifti(descrip=b"Zwingenberg")))
        ran = bench.upload()
        assert ran.code == 3, str(ran)
        assert "NII-03" in ran.err
        assert list(bench.sandbox.xnat.archive.sessions) == []


def test_a_volume_that_does_not_say_that_it_is_deidentified_stays_where_that_is_asked(
    bench: VolumeBench,
) -> None:
    bench.volume(0)
    bench.volume(0, "marked", t00120062=("CS", "YES"), t00120063=("LO", "by hand"))
    bench.new()
    bench.configure(deidentified="required")
    ran = bench.upload()
    assert ran.code == 4, str(ran)
    assert bench.volumes() == there(2) | {"sent": 1, "verified": 1, "failed": 1}
    assert "does not say that it is de-identified" in next(iter(bench.reasons().values()))


def test_a_volume_in_an_archive_goes_with_the_json_beside_it(bench: VolumeBench) -> None:
    path = bench.patient(0)
    json_path = path.with_name(path.name.replace(".nii.gz", ".json"))
    with zipfile.ZipFile(path.with_name("all.zip"), "w") as archive:
        archive.write(path, f"a/{path.name}")
        archive.write(json_path, f"a/{json_path.name}")
        archive.writestr(f"b/{json_path.name}", "{}")
    image = path.read_bytes()
    path.unlink()
    json_path.unlink()
    bench.new()
    ran = bench.upload()
    assert ran.code == 0, str(ran)
    assert bench.volumes() == there(1)
    sent = next(f for name, f in bench.held().items() if name.endswith(".nii.gz"))
    assert gzip.decompress(sent.path.read_bytes()) == gzip.decompress(image)


def test_an_image_that_changes_after_the_check_does_not_leave(bench: VolumeBench) -> None:
    path = bench.patient(0)
    bench.new()
    assert bench.check().code == 0
    status = path.stat()
    content = bytearray(path.read_bytes())
    content[-20] ^= 1
    path.write_bytes(content)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    ran = bench.upload()
    assert ran.code == 4, str(ran)
    assert bench.volumes()["failed"] == 1
    assert [n for n in bench.held() if n.endswith(".nii.gz")] == []


def test_volumes_without_any_image_are_a_transfer_too(bench: VolumeBench) -> None:
    bench.volume(0)
    bench.new_eucaim()
    ran = bench.upload()
    assert ran.code == 0, str(ran)
    assert bench.volumes() == there(1)


def test_upv_gets_a_checked_hand_over_folder(tmp_path: Path) -> None:
    with volume_bench(tmp_path, kind="upv") as bench:
        bench.patient(0)
        bench.new_eucaim()
        ran = bench.upload()
        assert ran.code == 0, str(ran)
        told = bench.status()["volumes"]
        assert (told["ready"], told["sent"], told["handed_over"]) == (1, 0, 1)
        folder = Path(told["handover"])
        assert str(folder) in bench.program.run("status", TRANSFER).out
        assert folder.stat().st_mode & 0o777 == 0o700
        files = {path.name: path for path in folder.iterdir()}
        assert {path.stat().st_mode & 0o777 for path in files.values()} == {0o600}
        manifest = json.loads(files["manifest.json"].read_text())
        listed = [file for one in manifest["volumes"] for file in one["files"]]
        assert len(listed) == 2
        assert files.keys() == {"README.txt", "manifest.json", *(f["name"] for f in listed)}
        for file in listed:
            content = files[file["name"]].read_bytes()
            assert (len(content), hashlib.sha256(content).hexdigest()) == (
                file["size_bytes"],
                file["sha256"],
            )
            assert b"Zwingenberg" not in content


def test_a_hand_over_file_that_was_spoilt_is_written_anew(tmp_path: Path) -> None:
    with volume_bench(tmp_path, kind="upv") as bench:
        bench.patient(0)
        bench.new()
        assert bench.upload().code == 0
        folder = Path(bench.status()["volumes"]["handover"])
        image = next(folder.glob("*.nii.gz"))
        good = image.read_bytes()
        image.write_bytes(good[:-1] + b"\xff")
        assert bench.upload().code == 0
        assert image.read_bytes() == good


def test_what_is_excluded_later_leaves_the_hand_over_folder(tmp_path: Path) -> None:
    with volume_bench(tmp_path, kind="upv") as bench:
        for number in (0, 1):
            bench.patient(number)
        bench.new()
        assert bench.upload().code == 0
        folder = Path(bench.status()["volumes"]["handover"])
        assert len(list(folder.glob("*.nii.gz"))) == 2
        assert bench.program.run("select", TRANSFER, "--exclude", _keys(bench)[0]).code == 0
        assert bench.upload().code == 0
        assert len(list(folder.glob("*.nii.gz"))) == 1

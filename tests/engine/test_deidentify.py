"""De-identification on the way: who goes, under which name, and who does not and why."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydicom import dcmread

from tests.engine.bench import TRANSFER, in_the_way
from tests.engine.deid_bench import SITE_ID, DeidBench, deid_bench

ORIGINALS = ("HOSP-00", "Zwingen", "Ottokar", "19510412", "1.2.1.")
UIDS = """<e en="T" t="00080018" n="u">@hashuid(1.9.7,this)</e>
<e en="T" t="0020000d" n="s">@hashuid(1.9.7,this)</e>
<e en="T" t="0020000e" n="e">@hashuid(1.9.7,this)</e>
<e en="T" t="00100010" n="n">@empty()</e>
<e en="T" t="00100030" n="b">@remove()</e>
"""
HASHED_ID = '<e en="T" t="00100020" n="i">@hash(this,8)</e>'


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[DeidBench]:
    with deid_bench(tmp_path) as made:
        yield made


def test_what_arrives_is_de_identified_and_the_ledger_proves_both_ends(bench: DeidBench) -> None:
    for number in (1, 2):
        bench.patient(number)
    bench.new_eucaim()
    ran = bench.upload()
    assert ran.code == 0, str(ran)
    arrived = bench.arrived()
    assert len(arrived) == 4
    assert {str(one.PatientIdentityRemoved) for one in arrived} == {"YES"}
    assert len({str(one.PatientID) for one in arrived}) == 2
    for one in arrived:
        assert str(one.PatientID).startswith("EUCAIM-")
        assert [word for word in ORIGINALS if word in str(one)] == []
    sources = {hashlib.sha256(p.read_bytes()).hexdigest() for p in bench.source.rglob("*.dcm")}
    sent = {stored.sha256 for stored in bench.sandbox.stored().values()}
    assert len(sent) == len(sources) == 4
    rows = _ledger(bench, "SELECT source_sha256, sha256 FROM instance")
    assert ({row[0] for row in rows}, {row[1] for row in rows}) == (sources, sent)
    assert bench.status()["steps"][0]["state"] == "done"


def test_a_file_without_preamble_leaves_whole(bench: DeidBench) -> None:
    path = bench.image(1, 0)
    content = path.read_bytes()
    length = int.from_bytes(content[140:144], "little")
    path.write_bytes(content[144 + length :])
    bench.new_eucaim()
    ran = bench.upload()
    assert ran.code == 0, str(ran)
    (arrived,) = bench.arrived()
    assert arrived.PixelData == dcmread(path, force=True).PixelData
    assert arrived.file_meta.MediaStorageSOPInstanceUID == arrived.SOPInstanceUID


def test_an_identifier_in_what_would_leave_stops_its_patient_and_nobody_else(
    bench: DeidBench,
) -> None:
    bench.patient(1)
    bench.image(1, 7, SeriesInstanceUID="1.4.17", SeriesDescription="Zwingenaberg Thorax")
    bench.patient(2)
    bench.new_eucaim()
    ran = bench.upload()
    assert ran.code == 4, str(ran)
    assert bench.counts() | {"found": 5} == {
        "found": 5, "rejected": 0, "ready": 5, "sent": 2, "verified": 2, "failed": 3, "excluded": 0,
    }  # fmt: skip
    assert len(bench.failed()["S1"]) == 3
    assert all("(0008,103E)" in reason for reason in bench.failed()["S1"])
    (finding,) = in_the_way(bench.status())
    assert (finding["rule"], finding["severity"], finding["key"]) == ("DID-03", "block", "P1")
    assert "(0008,103E)" in finding["message"]
    assert f"eucaim-transfer check {TRANSFER}" in bench.status()["runner"]["remedy"]
    told = bench.program.run("check", TRANSFER)
    assert f"eucaim-transfer check {TRANSFER} --waive DID-03" in told.out
    assert "Zwingen" not in ran.out + ran.err + str(bench.status())


def test_what_a_later_file_tells_of_a_patient_is_searched_for_in_the_earlier_ones(
    bench: DeidBench,
) -> None:
    """A picture taken from a screen often names what only its study's other files declare."""
    bench.image(1, 0, SeriesDescription="of request AC-880412-X")
    bench.image(1, 1, SeriesInstanceUID="1.4.18", AccessionNumber="AC-880412-X")
    bench.patient(2)
    bench.new_eucaim()
    found = bench.check()
    assert found.code == 3, str(found)
    (finding,) = in_the_way(found.document)
    assert (finding["rule"], finding["key"]) == ("DID-03", "P1")
    assert bench.upload().code == 4
    assert len(bench.arrived()) == 2


def test_what_a_file_tells_that_was_added_is_searched_for_in_what_was_prepared(
    bench: DeidBench,
) -> None:
    bench.image(1, 0, SeriesDescription="of request AC-880412-X")
    bench.new_eucaim()
    assert bench.check().code == 0
    bench.image(1, 1, SeriesInstanceUID="1.4.18", AccessionNumber="AC-880412-X")
    assert bench.program.run("scan", TRANSFER).code == 0
    assert [f["key"] for f in in_the_way(bench.check().document)] == ["P1"]


def test_a_patient_whose_name_stands_in_the_destination_waits_for_a_person(
    bench: DeidBench,
) -> None:
    """The destination is in every request, and in nobody's header."""
    bench.patient(1, PatientName="Sandbox^Ottokar")
    bench.patient(2)
    bench.new_eucaim()
    found = bench.check()
    assert [(f["rule"], f["key"]) for f in in_the_way(found.document)] == [("DID-03", "P1")]
    assert "a name in the request" in in_the_way(found.document)[0]["message"]
    released = bench.waive("DID-03", "--key", "P1")
    assert (released.code, in_the_way(released.document)) == (0, []), str(released)
    assert bench.upload().code == 0
    assert len(bench.arrived()) == 4


def test_images_without_a_patient_id_are_not_searched_for_each_other_s_names(
    bench: DeidBench,
) -> None:
    bench.image(1, 0, PatientID="", SeriesDescription="of request AC-880412-X")
    bench.image(2, 0, PatientID="", AccessionNumber="AC-880412-X")
    bench.new_script(f'{UIDS}{HASHED_ID}<e en="T" t="00080050" n="a">@remove()</e>')
    checked = bench.check()
    assert "DID-03" not in {f["rule"] for f in checked.document["findings"]}, str(checked)


def test_a_named_person_lets_an_element_go_and_only_that(bench: DeidBench) -> None:
    bench.patient(1, SeriesDescription="Zwingenaberg Thorax")
    bench.patient(2, SeriesDescription="HOSP-00277", ProtocolName="Zwingenbberg abdomen")
    bench.new_eucaim()
    assert bench.check().code == 3
    still = bench.waive("DID-03", "--element", "0008,103e")
    assert [f["key"] for f in in_the_way(still.document)] == ["P2"]
    assert (still.document["counts"]["block"], still.document["counts"]["ask"]) == (1, 0)
    assert still.code == 3
    released = bench.waive("DID-03", "--key", "P2")
    assert (released.code, in_the_way(released.document)) == (0, [])
    ran = bench.upload()
    assert ran.code == 0, str(ran)
    assert {str(one.get("SeriesDescription")) for one in bench.arrived()} == {
        "Zwingenaberg Thorax",
        "HOSP-00277",
    }
    words = _ledger(bench, "SELECT value, person, reason FROM word ORDER BY id")
    assert words[0] == ("P1 0008,103E", "Dr Data", "I looked")
    assert len(words) >= 3


def test_a_patient_goes_once_the_file_that_stopped_him_is_mended_or_gone(bench: DeidBench) -> None:
    bench.patient(1)
    mended = bench.image(1, 7, SeriesDescription="Zwingenaberg Thorax")
    bench.patient(2)
    gone = bench.image(2, 7, SeriesDescription="Zwingenbberg Thorax")
    bench.new_eucaim()
    assert bench.upload().code == 3
    assert bench.image(1, 7) == mended
    gone.unlink()
    assert bench.program.run("scan", TRANSFER).code == 0
    ran = bench.upload()
    assert ran.code == 4, str(ran)
    assert (bench.counts()["verified"], bench.counts()["failed"]) == (5, 1)
    (reason,) = bench.failed()["S2"]
    assert "no longer there" in reason


@pytest.mark.parametrize(
    ("words", "what"),
    [
        (["--waive", "DID-03", "--by", "Dr Data"], "by a named person, with a reason"),
        (["--waive", "UNQ-03", "--by", "A", "--reason", "B"], "No person's word"),
        (["--waive", "DID-03", "--by", "A", "--reason", "B"], "nothing to answer for"),
        (["--by", "A", "--reason", "B"], "needs a rule"),
    ],
)
def test_a_word_that_answers_for_nothing_is_refused(
    bench: DeidBench, words: list[str], what: str
) -> None:
    bench.patient(1, images=1)
    bench.new_eucaim()
    ran = bench.check(*words)
    assert ran.code == 2, str(ran)
    assert what in ran.err


def test_what_a_script_skips_waits_for_a_person_and_never_goes(bench: DeidBench) -> None:
    bench.patient(1)
    bench.patient(2, Modality="SR")
    skip = '<e en="T" t="00080060" n="m">@if(this,equals,"SR"){@skip()}{@keep()}</e>'
    bench.new_script(UIDS + HASHED_ID + skip)
    ran = bench.upload()
    assert ran.code == 4, str(ran)
    assert (bench.counts()["sent"], bench.counts()["failed"]) == (2, 2)
    (finding,) = in_the_way(bench.check().document)
    assert (finding["rule"], finding["severity"], finding["key"]) == ("DEID-SKIP", "ask", "E2")
    agreed = bench.waive("DEID-SKIP")
    assert (agreed.code, in_the_way(agreed.document)) == (0, [])
    assert bench.upload().code == 0
    counts = bench.counts()
    assert (counts["ready"], counts["rejected"], counts["verified"]) == (2, 2, 2)
    left = [one for one in bench.status()["left_out"] if one["reasons"] == ["deid-skipped"]]
    assert len(left) == 2
    assert len(bench.sandbox.stored()) == 2


def test_a_quarantined_instance_is_named_and_the_others_arrive(bench: DeidBench) -> None:
    bench.patient(1)
    bench.image(1, 5, StationName="Zwingenaberg")
    quarantine = '<e en="T" t="00081010" n="st">@quarantine()</e>'
    bench.new_script(UIDS + HASHED_ID + quarantine)
    ran = bench.upload()
    assert ran.code == 4, str(ran)
    assert (bench.counts()["verified"], bench.counts()["failed"]) == (2, 1)
    (finding,) = in_the_way(bench.status())
    assert (finding["rule"], finding["severity"], finding["key"]) == (
        "DEID-QUARANTINE",
        "block",
        "E1",
    )
    assert "0008,1010" in finding["message"]


def test_two_instances_that_would_get_one_uid_do_not_replace_each_other(bench: DeidBench) -> None:
    bench.patient(1, images=3)
    rules = UIDS.replace("@hashuid(1.9.7,this)", "@hashuid(1.9.7,StudyInstanceUID)")
    bench.new_script(rules + HASHED_ID)
    ran = bench.upload()
    assert ran.code == 4, str(ran)
    assert (bench.counts()["verified"], bench.counts()["failed"]) == (1, 2)
    (finding,) = in_the_way(bench.status())
    assert finding["rule"] == "DEID-NAMES"
    assert "would replace the other" in finding["message"]


def test_a_patient_whom_the_script_names_in_two_ways_does_not_fall_apart(bench: DeidBench) -> None:
    bench.image(1, 0, AccessionNumber="A1")
    bench.image(1, 1, AccessionNumber="A2")
    by_accession = '<e en="T" t="00100020" n="i">@hash(AccessionNumber,8)</e>'
    gone = '<e en="T" t="00080050" n="a">@empty()</e>'
    bench.new_script(UIDS + by_accession + gone)
    assert bench.upload().code == 4
    assert (bench.counts()["verified"], bench.counts()["failed"]) == (1, 1)
    ((reason,),) = bench.failed().values()
    assert "one patient different names" in reason


def test_numbers_are_given_in_the_order_of_the_plan_and_kept(bench: DeidBench) -> None:
    for number in range(1, 7):
        bench.patient(number, images=3)
    bench.new_script(UIDS + '<e en="T" t="00100020" n="i">NR-@integer(this,pt,4)</e>')
    ran = bench.upload()
    assert ran.code == 0, str(ran)
    uids = [str(one.StudyInstanceUID) for one in bench.arrived()]
    ids = [str(one.PatientID) for one in bench.arrived()]
    assert ids == [f"NR-{number:04}" for number in range(1, 7) for _ in range(3)]
    assert len(set(uids)) == 6
    numbers = _ledger(bench, "SELECT key_type, number FROM deid_number ORDER BY number")
    assert numbers == [("pt", number) for number in range(1, 7)]
    assert _ledger(bench, "SELECT 1 FROM deid_number WHERE instr(text, 'HOSP') > 0") == []


def test_what_was_prepared_and_changed_since_does_not_go(bench: DeidBench) -> None:
    bench.patient(1, images=3)
    bench.new_eucaim()
    assert bench.check().code == 0
    bench.image(1, 1, SeriesDescription="Changed")
    assert bench.upload().code == 4
    assert (bench.counts()["verified"], bench.counts()["failed"]) == (2, 1)
    assert bench.program.run("scan", TRANSFER).code == 0
    ran = bench.upload()
    assert ran.code == 0, str(ran)
    assert bench.counts()["verified"] == 3


def test_a_rehearsal_writes_what_would_leave_and_no_identifier(
    bench: DeidBench, tmp_path: Path
) -> None:
    bench.patient(1, images=3)
    bench.new_eucaim()
    ran = bench.upload("--dry-run", tmp_path / "out")
    assert ran.code == 0, str(ran)
    written = b"".join(p.read_bytes() for p in (tmp_path / "out").rglob("*") if p.is_file())
    assert b"EUCAIM-" in written
    assert [word for word in ORIGINALS if word.encode() in written] == []
    assert bench.counts()["sent"] == 0


def test_pixels_are_blanked_on_the_way(bench: DeidBench, tmp_path: Path) -> None:
    bench.patient(1, images=1)
    home = bench.program.home / "transfers" / TRANSFER
    (tmp_path / "pixels").write_text('{ Modality.equals("CT") } (0,0,2,2)\n')
    bench.new("--deid", "eucaim", "--site-id", SITE_ID, "--pixel-script", tmp_path / "pixels")
    path = next(bench.source.rglob("*.dcm"))
    dataset = dcmread(path)
    dataset.PixelData = b"\xff\x01" * 16
    dataset.save_as(path)
    ran = bench.upload()
    assert ran.code == 0, str(ran)
    (arrived,) = bench.arrived()
    rows = [arrived.PixelData[at : at + 8] for at in range(0, 32, 8)]
    assert rows == [b"\0\0\0\0\xff\x01\xff\x01"] * 2 + [b"\xff\x01" * 4] * 2
    assert [path.name for path in home.iterdir() if "spool" in path.name] == []


def test_a_rehearsal_leaves_the_pixels_of_a_running_upload_alone(
    bench: DeidBench, tmp_path: Path
) -> None:
    bench.patient(1, images=1)
    (tmp_path / "pixels").write_text('{ Modality.equals("CT") } (0,0,2,2)\n')
    bench.new("--deid", "eucaim", "--site-id", SITE_ID, "--pixel-script", tmp_path / "pixels")
    held = bench.program.home / "transfers" / TRANSFER / "spool" / "held"
    held.parent.mkdir(mode=0o700)
    held.touch()
    ran = bench.upload("--dry-run", tmp_path / "out")
    assert ran.code == 0, str(ran)
    assert held.exists()
    assert [one.name for one in held.parent.parent.glob("*spool*")] == ["spool"]


def _ledger(bench: DeidBench, sql: str) -> list[tuple[object, ...]]:
    path = bench.program.home / "transfers" / TRANSFER / "ledger.sqlite"
    connection = sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)
    try:
        return connection.execute(sql).fetchall()
    finally:
        connection.close()

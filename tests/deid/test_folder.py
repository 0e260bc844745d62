"""A folder de-identified for review: nothing is lost, overwritten, or told."""

from __future__ import annotations

import datetime as dt
import gzip
import json
import os
import re
import stat
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

import pydicom
import pytest

from tests.engine.made import image
from transfer.deid.methods import MethodSpec
from transfer.deid.recipe import new_uid, pseudonym
from transfer.deid.standalone.folder import FolderOrder, check_folders, deidentify_folder, safe_name
from transfer.deid.standalone.report import FolderReport
from transfer.errors import UsageError

KEY = "019a39ba16da7edb9e906440a48e9ed32"
CLOCK = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)
GOLDEN = Path(
    os.environ.get("EUCAIM_GOLDEN_DEID")
    or Path(__file__).parents[2].parent / "shared" / "golden" / "deid"
)
KEEPS_DESCRIPTION = b"""<script>
 <e en="T" t="00100010" n="PatientName">@empty()</e>
 <e en="T" t="00100020" n="PatientID">@integer(PatientID,pt,3)</e>
 <r en="T" t="privategroups"/>
</script>"""


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "in"
    folder.mkdir()
    return folder


def run(
    source: Path, name: str = "eucaim", script: bytes | None = None, **more: Any
) -> tuple[FolderReport, Path]:
    """What became of it, and the output folder."""
    target = source.with_name("out")
    spec = MethodSpec(name, "" if script else KEY, "SITE-001", script)
    more.setdefault("processes", 1)
    return deidentify_folder(FolderOrder(source, target, spec, CLOCK, **more)), target


def names(folder: Path) -> list[str]:
    return sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file())


def reasons(report: FolderReport) -> Counter[tuple[str, str]]:
    found: Counter[tuple[str, str]] = Counter()
    for group in report.groups:
        found[group.fate.value, group.reason] += group.count
    return found


def test_instances_lie_by_patient_study_and_series_in_the_order_of_their_numbers(
    source: Path,
) -> None:
    for uid, number in (("1.2.1", "10"), ("1.2.2", "2"), ("1.2.3", "")):
        image(source / uid, uid, InstanceNumber=number)
    report, target = run(source)
    patient = pseudonym(KEY, "MADE-1")
    folder = f"{patient}/{new_uid('1.3.1', patient)}/{new_uid('1.4.1', patient)}"
    assert names(target) == [f"{folder}/0000{n}.dcm" for n in (1, 2, 3)]
    numbers = [pydicom.dcmread(target / name).InstanceNumber for name in names(target)]
    assert numbers == [2, 10, None]
    assert (report.exit_code, report.counts["written"]) == (0, 3)


def test_two_runs_give_the_same_bytes_with_any_number_of_processes(source: Path) -> None:
    for n in range(12):
        image(source / f"{n % 3}" / f"{n}", f"1.2.{n}", InstanceNumber=str(n % 4),
              SeriesInstanceUID=f"1.4.{n % 2}", PatientID=f"MADE-{n % 3}")  # fmt: skip
    _, target = run(source)
    first = {name: (target / name).read_bytes() for name in names(target)}
    target.rename(target.with_name("first"))
    _, target = run(source, processes=2)
    assert len(first) == 12
    assert {name: (target / name).read_bytes() for name in names(target)} == first


def test_every_file_ends_in_one_way_and_the_counts_add_up(source: Path) -> None:
    image(source / "good.dcm", "1.2.1")
    image(source / "deep" / "er" / "good", "1.2.2")
    image(source / "no-id.dcm", "1.2.3", PatientID="")
    image(source / "cut.dcm", "1.2.4", rows=64)
    (source / "cut.dcm").write_bytes((source / "cut.dcm").read_bytes()[:-100])
    (source / "notes.txt").write_text("x")
    (source / "empty").write_bytes(b"")
    (source / "deep" / "nested.csv").write_text("PatientID,x\nMADE-1,1\n")
    (source / "table.csv").write_text("PatientID,x\nMADE-1,1\n")
    os.symlink(source / "nowhere", source / "link")
    report, target = run(source)
    assert report.counts == {
        "written": 2, "table": 1, "skipped": 0, "quarantined": 2, "stopped": 0, "left_out": 4
    }  # fmt: skip
    assert report.files == 9
    assert reasons(report) == {
        ("quarantined", "quarantined"): 1,
        ("quarantined", "pixel-data-too-short"): 1,
        ("left_out", "not-dicom"): 1,
        ("left_out", "empty-file"): 1,
        ("left_out", "table-not-taken"): 1,
        ("left_out", "broken-link"): 1,
    }
    assert report.exit_code == 4
    assert len(names(target)) == 3


def test_nothing_that_is_told_names_a_file_or_a_patient(source: Path) -> None:
    image(source / "Quintanilla.dcm", "1.2.1", PatientName="Quintanilla^Ximena", PatientID="")
    (source / "t.csv").write_text("PatientID,x\nQuintanilla,x Quintanilla\n,y\n")
    (source / "Quintanilla.txt").write_text("x")
    report, _ = run(source)
    assert report.counts["left_out"] == 1
    assert report.counts["quarantined"] == 2
    assert len(report.findings) == 2
    assert "uintanilla" not in json.dumps(report.document()) + repr(report)
    assert "Quintanilla.txt" in json.dumps(report.document(identifiers=True))


def test_a_hit_stops_every_file_of_that_patient_and_of_no_other(source: Path) -> None:
    image(source / "1", "1.2.1", PatientID="A1", PatientName="Quintanilla^Ximena")
    image(source / "2", "1.2.2", PatientID="A1", PatientName="", ProtocolName="for Quintanilla")
    image(source / "3", "1.2.3", PatientID="B2", ProtocolName="for Quintanilla")
    report, target = run(source)
    assert report.counts["stopped"] == 2
    assert report.counts["written"] == 1
    assert reasons(report) == {
        ("stopped", "identifier-found"): 1,
        ("stopped", "patient-stopped"): 1,
    }
    (finding,) = (f for f in report.findings if f.rule == "DID-03")
    assert (finding.severity, finding.key) == ("block", "2")
    assert "name in (0018,1030)" in finding.message
    assert report.exit_code == 3
    assert len(names(target)) == 1


def test_a_released_element_stops_nobody(source: Path) -> None:
    image(source / "1", "1.2.1", PatientName="Quintanilla^X", ProtocolName="for Quintanilla")
    report, target = run(source, released=frozenset((0x00181030,)))
    assert (report.exit_code, len(names(target))) == (0, 1)


def test_tables_are_renamed_in_step_with_the_images(source: Path) -> None:
    image(source / "1", "1.2.1", PatientID="A1")
    (source / "t.csv").write_text("PatientID;Age\n A1 ;58\n")
    (source / "dcm_studies_metadata.csv").write_text("PatientID,StudyInstanceUID\nA1, 1.3.1\n")
    (source / "_as-it-is.csv").write_text("keep;me\n")
    report, target = run(source)
    written = next(pydicom.dcmread(p) for p in target.rglob("*.dcm"))
    assert report.counts["table"] == 3
    assert (
        target / "t.csv"
    ).read_bytes() == f"PatientID,Age\r\n{written.PatientID},58\r\n".encode()
    assert (target / "dcm_studies_metadata.csv").read_text().splitlines()[2 - 1] == (
        f"{written.PatientID},{written.StudyInstanceUID}"
    )
    assert (target / "_as-it-is.csv").read_bytes() == b"keep;me\n"


def test_a_table_that_tells_a_patient_is_not_written(source: Path) -> None:
    image(source / "1", "1.2.1", PatientID="A1", PatientName="Quintanilla^Ximena")
    (source / "t.csv").write_text("PatientID,Note\nA1,Mrs Quintanilla\n")
    (source / "HOSP-Quintanilla.csv").write_text("PatientID,Age\nA1,58\n")
    report, target = run(source)
    assert [(f.rule, f.level, f.key) for f in report.findings] == [
        ("DID-03", "table", "2"),
        ("DID-03", "table", "3"),
    ]
    assert not list(target.glob("*.csv"))
    assert report.exit_code == 3


def test_flat_keeps_folders_and_names_unless_they_tell_the_patient(source: Path) -> None:
    image(source / "ct" / "IMG1", "1.2.1", PatientID="A1", PatientName="Quintanilla^Ximena")
    image(source / "quintanilla" / "IMG2", "1.2.2", PatientID="B2", PatientName="Quintanilla^Eva")
    report, target = run(source, is_flat=True)
    assert names(target) == ["ct/IMG1"]
    assert report.counts["stopped"] == 1
    assert "a name in the request" in report.findings[0].message


def test_numbers_of_a_script_are_given_in_the_order_of_the_files(source: Path) -> None:
    for n, patient in enumerate(("Z-1", "A-1", "Z-1", "M-1")):
        image(source / f"{n}", f"1.2.{n}", PatientID=patient, StudyInstanceUID=f"1.3.{n}")
    (source / "t.csv").write_text("PatientID,x\nM-1,1\nZ-1,2\n")
    for processes in (1, 2):
        report, target = run(source, "own", KEEPS_DESCRIPTION, processes=processes)
        written = {
            p.StudyInstanceUID: p.PatientID for p in map(pydicom.dcmread, target.rglob("*.dcm"))
        }
        assert written == {"1.3.0": "001", "1.3.1": "002", "1.3.2": "001", "1.3.3": "003"}
        assert (target / "t.csv").read_text() == "PatientID,x\n003,1\n001,2\n"
        assert report.exit_code == 0
        target.rename(target.with_name(f"out-{processes}"))


def test_a_pixel_script_blanks_what_is_written(source: Path) -> None:
    pixels = b"\1\2" * 16
    image(source / "1", "1.2.1", PixelData=pixels)  # type: ignore[arg-type]
    target = source.with_name("out")
    script = b'{ Modality.equals("CT") }\n(0, 0, 4, 2)\n'
    spec = MethodSpec("eucaim", KEY, "SITE-001", pixel_script=script)
    report = deidentify_folder(FolderOrder(source, target, spec, CLOCK, processes=1))
    (written,) = map(pydicom.dcmread, target.rglob("*.dcm"))
    assert written.PixelData == bytes(16) + pixels[16:]
    assert report.label.name == "eucaim + pixels"


def test_only_the_owner_can_look_into_the_output(source: Path) -> None:
    image(source / "1", "1.2.1")
    (source / "t.csv").write_text("PatientID,x\nMADE-1,1\n")
    target = source.with_name("out")
    target.mkdir(mode=0o755)
    run(source)
    modes = {p.is_dir(): stat.S_IMODE(p.stat().st_mode) for p in (target, *target.rglob("*"))}
    assert modes == {True: 0o700, False: 0o600}


def test_an_output_that_is_used_or_lies_in_the_input_is_refused(source: Path) -> None:
    image(source / "1", "1.2.1")
    (source.with_name("out")).mkdir()
    (source.with_name("out") / "x").write_text("x")
    with pytest.raises(UsageError, match="not empty"):
        run(source)
    for inside in (source, source / "out", source / ".." / "in" / "a" / "b"):
        with pytest.raises(UsageError, match="lies in the input"):
            check_folders(source, inside)
    with pytest.raises(UsageError, match="no folder"):
        check_folders(source / "x", source.with_name("other"))
    assert names(source.with_name("out")) == ["x"]


def test_what_is_not_finished_leaves_nothing_behind(source: Path) -> None:
    image(source / "1", "1.2.1")

    def interrupt(what: str, done: int, total: int) -> None:
        if what == "de-identified":
            raise KeyboardInterrupt

    order = FolderOrder(source, source.with_name("out"), MethodSpec("eucaim", KEY, "S"), CLOCK)
    with pytest.raises(KeyboardInterrupt):
        deidentify_folder(order, interrupt)
    assert os.listdir(source.parent) == ["in"]


@pytest.mark.parametrize("text", ["EUCAIM-1", "1.2.3", "A_b-c.9"])
def test_a_folder_bears_the_identifier_itself_where_that_can_be_a_name(text: str) -> None:
    assert safe_name(text) == text


@pytest.mark.parametrize(
    "text", ["..", ".", "", "../../x", "a/b", ".hidden", "x\0y", "-rf", "é" * 300, "x" * 500, "a b"]
)
def test_a_folder_is_named_safely_whatever_a_script_makes(text: str) -> None:
    made = safe_name(text)
    assert re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{14,90}", made)
    assert made == safe_name(text) != safe_name(f"{text}/")


# One whole run of Lethe ---------------------------------------------------------------------


@cache
def layout() -> dict[str, Any]:
    if not (GOLDEN / "layout.json").is_file():
        pytest.skip("../shared is absent and $EUCAIM_GOLDEN_DEID is not set")
    told: dict[str, Any] = json.loads((GOLDEN / "layout.json").read_text("utf-8"))
    return told


def lay_out(folder: Path) -> None:
    """The input of the run, from the sources of the golden folder."""
    sources = json.loads((GOLDEN / "manifest.json").read_text("utf-8"))["files"]
    for name, source in layout()["inputs"].items():
        told = sources[source]
        base = Path(pydicom.__file__).parent if told.get("package") == "pydicom" else GOLDEN
        raw = (base / told.get("file", told.get("path"))).read_bytes()
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(gzip.decompress(raw) if raw[:2] == b"\x1f\x8b" else raw)
    for name, text in layout()["text_inputs"].items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(text.encode())


def run_lethe(source: Path, **more: Any) -> tuple[FolderReport, Path]:
    spec = MethodSpec("lethe", layout()["secret_key"], layout()["site_id"])
    target = source.with_name("out")
    return deidentify_folder(FolderOrder(source, target, spec, CLOCK, **more)), target


@pytest.mark.golden
def test_a_whole_run_of_lethe_comes_out_the_same_but_for_its_leaks_and_losses(
    source: Path,
) -> None:
    """What Lethe wrote is written, or stopped by the last look; what it lost is written, or has a
    reason. An instance without Instance Number, which it drops, is one of those that are written.
    """
    lay_out(source)
    report, target = run_lethe(source)
    outcome = layout()["outcome"]
    by_lethe, ours = set(layout()["outputs"]), set(names(target))
    lost = [end for end in outcome.values() if end.startswith("lost")]
    unnumbered = [end for end in lost if "no InstanceNumber" in end]
    assert report.files == len(layout()["inputs"]) + len(layout()["text_inputs"])
    assert len(by_lethe - ours) == report.counts["stopped"]
    assert len(unnumbered) <= len(ours - by_lethe) <= len(lost)
    told = report.counts["quarantined"] + report.counts["left_out"]
    assert told >= len(lost) - len(ours - by_lethe)
    under_originals = [end for end in outcome.values() if "ORIGINAL" in end]
    assert len(under_originals) <= report.counts["stopped"]
    assert bool(report.counts["stopped"]) == any(f.rule == "DID-03" for f in report.findings)


@pytest.mark.golden
def test_with_every_leak_answered_for_a_run_of_lethe_comes_out_the_same(source: Path) -> None:
    lay_out(source)
    report, target = run_lethe(source)
    released: set[int] = set()
    while report.counts["stopped"]:
        found = [f.message for f in report.findings if f.rule == "DID-03"]
        before = len(released)
        for message in found:
            tags = [part[:9] for part in message.split("(")[1:] if part[4:5] == ","]
            released |= {int(tag.replace(",", ""), 16) for tag in tags}
        assert len(released) > before, "each round releases something"
        target.rename(target.with_name(f"out-{before}"))
        report, target = run_lethe(source, released=frozenset(released))
    assert set(layout()["outputs"]) <= set(names(target))
    assert report.counts["stopped"] == 0

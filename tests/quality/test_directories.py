"""A disc that was not copied whole, and archives, by what the rules say of them."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

from tests.quality.cohort import clean_images, findings_of, told, write_images
from tests.quality.faults import Cohort, judged
from tests.scan.archived import tarred, zipped
from tests.scan.dicomdirs import index


def with_file(folder: Path, name: str, content: bytes) -> list[tuple[str, str, str]]:
    """What is told of the clean cohort with one file more."""
    cohort = Cohort(files={name: content})
    return told(judged(cohort.write(folder / "source"), folder / "home"))


def test_a_disc_that_was_not_copied_whole_is_told(tmp_path: Path) -> None:
    cohort = Cohort(files={"DICOMDIR": index(["0001.DCM", "0002.DCM", "0999.DCM", "GONE/IM1"])})
    found = judged(cohort.write(tmp_path / "source"), tmp_path / "home")
    assert sorted(told(found)) == [("DIR-01", "DICOMDIR", "warn"), ("IMG-12", "all", "info")]
    (finding,) = [f for f in found if f.rule == "DIR-01"]
    assert finding.message == (
        "The index of a disc (DICOMDIR) names 4 files; 2 of them are not here."
    )
    assert finding.n == 2
    assert "GONE" not in finding.message + finding.remedy


def test_a_disc_that_was_copied_whole_is_not_told(tmp_path: Path) -> None:
    content = index(["0001.DCM", "0002.DCM"])
    assert with_file(tmp_path, "DICOMDIR", content) == [("IMG-12", "all", "info")]


def test_a_clean_cohort_in_an_archive_gives_no_finding(tmp_path: Path) -> None:
    write_images(tmp_path / "images", clean_images())
    members = {path.name: path.read_bytes() for path in sorted((tmp_path / "images").iterdir())}
    assert len(members) > 4
    for name, content in (("a.zip", zipped(members)), ("a.tar", tarred(members))):
        source = tmp_path / f"source of {name}"
        source.mkdir()
        (source / name).write_bytes(content)
        assert told(findings_of(source, tmp_path / f"home of {name}")) == []


def test_a_cut_archive_stands_in_the_way(tmp_path: Path) -> None:
    content = zipped({"1.dcm": bytes(5000)})[:-30]
    assert with_file(tmp_path, "a.zip", content) == [("IMG-10", "a.zip", "block")]


def test_a_compressed_tar_is_a_warning(tmp_path: Path) -> None:
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode="w:gz") as archive:
        archive.addfile(tarfile.TarInfo("1.dcm"))
    assert with_file(tmp_path, "a.tgz", written.getvalue()) == [("IMG-10", "a.tgz", "warn")]


def test_a_link_in_a_tar_needs_nobody(tmp_path: Path) -> None:
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode="w") as archive:
        link = tarfile.TarInfo("latest")
        link.type, link.linkname = tarfile.SYMTYPE, "elsewhere"
        archive.addfile(link)
    assert with_file(tmp_path, "a.tar", written.getvalue()) == []


def test_a_cut_image_in_an_archive_stands_in_the_way(tmp_path: Path) -> None:
    write_images(tmp_path / "images", clean_images()[:1])
    (path,) = (tmp_path / "images").iterdir()
    found = with_file(tmp_path, "a.zip", zipped({"cut.dcm": path.read_bytes()[:-4]}))
    assert [(rule, severity) for rule, _, severity in found] == [("IMG-10", "block")]

"""A copy of a report is proved, or every difference is named."""

from __future__ import annotations

import os
import shutil
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from transfer.errors import UsageError
from transfer.evidence.folder import Written
from transfer.evidence.manifest import check_digest, digest_of_folder
from transfer.evidence.verify import verify_report
from tui.cli.commands import run_command

FILES = [
    "audit.jsonl",
    "index.html",
    "manifest.sha256",
    "receipts/clinical-00001.csv",
    "receipts/findings-00001.csv",
    "receipts/instances-00001.csv",
    "receipts/volumes-00001.csv",
    "receipts/words-00001.csv",
    "report.json",
]


def differences(folder: Path, digest: str) -> list[tuple[str, str]]:
    return [(d.name, d.what) for d in verify_report(folder, digest).differences]


def test_a_report_that_nobody_touched_is_whole(report: Written) -> None:
    found = verify_report(report.folder, report.digest)
    assert (found.is_whole, found.files, found.digest) == (True, 8, report.digest)


def test_the_files_of_a_report_are_these(report: Written) -> None:
    found = [p.relative_to(report.folder) for p in report.folder.rglob("*") if p.is_file()]
    assert sorted(map(str, found)) == FILES


def _places(size: int) -> Iterator[int]:
    yield from range(size) if size <= 1500 else {*range(0, size, 97), size - 1}


@pytest.mark.parametrize("name", FILES)
def test_a_byte_that_is_changed_anywhere_is_found(report: Written, name: str) -> None:
    path = report.folder / name
    content = bytearray(path.read_bytes())
    assert len(content) > 0
    for place in _places(len(content)):
        content[place] ^= 1
        path.write_bytes(content)
        assert (name, "changed") in differences(report.folder, report.digest), place
        content[place] ^= 1
    path.write_bytes(content)
    assert differences(report.folder, report.digest) == []


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_is_taken_away_cut_or_lengthened_is_found(report: Written, name: str) -> None:
    path = report.folder / name
    content = path.read_bytes()
    for other in (b"", content[:-1], content + b"\n", content.replace(b"\n", b"\r\r\n")):
        path.write_bytes(other)
        assert (name, "changed") in differences(report.folder, report.digest)
    path.unlink()
    assert (name, "missing") in differences(report.folder, report.digest)


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_got_another_name_or_case_is_found(report: Written, name: str) -> None:
    path = report.folder / name
    os.rename(path, path.with_name(path.name.upper()))
    found = differences(report.folder, report.digest)
    assert (name, "missing") in found
    assert any(n.lower() == name and n != name and what == "added" for n, what in found)


@pytest.mark.parametrize("name", FILES)
def test_a_link_in_the_place_of_a_file_is_found_though_it_leads_to_the_same_bytes(
    report: Written, tmp_path: Path, name: str
) -> None:
    path = report.folder / name
    shutil.move(path, tmp_path / "elsewhere")
    path.symlink_to(tmp_path / "elsewhere")
    assert (name, "no file") in differences(report.folder, report.digest)


def test_a_pipe_in_the_place_of_a_file_is_found_and_not_waited_for(report: Written) -> None:
    (report.folder / "report.json").unlink()
    os.mkfifo(report.folder / "report.json")
    assert differences(report.folder, report.digest) == [("report.json", "no file")]


def test_whatever_was_added_is_found(report: Written, tmp_path: Path) -> None:
    (report.folder / "receipts" / ".DS_Store").write_bytes(b"x")
    (report.folder / "empty").mkdir()
    os.link(report.folder / "index.html", report.folder / "index2.html")
    (report.folder / "way-out").symlink_to(tmp_path)
    assert differences(report.folder, report.digest) == [
        ("empty/", "added"),
        ("index2.html", "added"),
        ("receipts/.DS_Store", "added"),
        ("way-out", "added"),
    ]


def test_two_files_that_changed_places_are_both_named(report: Written) -> None:
    one, other = report.folder / "index.html", report.folder / "report.json"
    kept = one.read_bytes()
    one.write_bytes(other.read_bytes())
    other.write_bytes(kept)
    assert differences(report.folder, report.digest) == [
        ("index.html", "changed"),
        ("report.json", "changed"),
    ]


def test_a_manifest_that_was_made_anew_is_found_by_the_digest(report: Written) -> None:
    """Whoever changes a file can make the manifest anew; the digest in the ticket they cannot."""
    page = report.folder / "index.html"
    manifest = report.folder / "manifest.sha256"
    before = digest_of_folder(page.read_bytes())
    page.write_bytes(page.read_bytes().replace(b"lung-2024", b"lung-2025"))
    after = digest_of_folder(page.read_bytes())
    manifest.write_text(manifest.read_text().replace(before, after))
    assert differences(report.folder, report.digest) == [("manifest.sha256", "changed")]


def test_a_manifest_that_leads_out_of_the_folder_is_not_followed(report: Written) -> None:
    manifest = report.folder / "manifest.sha256"
    manifest.write_text("0" * 64 + "  ../secret\n" + manifest.read_text())
    found = differences(report.folder, digest_of_folder(manifest.read_bytes()))
    assert ("manifest.sha256", "changed") in found
    assert not any("secret" in name for name, _ in found)


def test_a_copy_through_a_zip_file_with_other_modes_and_times_is_whole(
    report: Written, tmp_path: Path
) -> None:
    packed = shutil.make_archive(str(tmp_path / "packed"), "zip", report.folder)
    with zipfile.ZipFile(packed) as archive:
        archive.extractall(tmp_path / "copy")
    for path in (tmp_path / "copy").rglob("*"):
        path.chmod(0o777)
        os.utime(path, (1, 1))
    assert differences(tmp_path / "copy", report.digest) == []


def test_a_copy_by_hard_links_is_whole(report: Written, tmp_path: Path) -> None:
    shutil.copytree(report.folder, tmp_path / "copy", copy_function=os.link)
    assert differences(tmp_path / "copy", report.digest) == []


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        verify_report(tmp_path / "nowhere", "0" * 64)


def test_a_digest_is_taken_with_capitals_and_blanks() -> None:
    assert check_digest(" " + "AB" * 16 + "\n " + "cd" * 16) == "ab" * 16 + "cd" * 16


@pytest.mark.parametrize("text", ["", "12", "g" * 64, "0" * 65])
def test_what_is_no_digest_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="no digest"):
        check_digest(text)


def test_the_command_says_whole_with_0_and_names_differences_with_3(
    report: Written, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["report", "--verify", str(report.folder), "--digest", report.digest.upper()]
    assert run_command(words) == 0
    assert "Whole: 8 files" in capsys.readouterr().out
    (report.folder / "a\x1b[2Jb").write_text("x")
    (report.folder / "index.html").write_text("x")
    assert run_command(words) == 3
    said = capsys.readouterr()
    assert "changed   index.html" in said.out
    assert "added" in said.out
    assert "\x1b" not in said.out + said.err
    assert "2 files not as it was" in said.err


def test_the_command_without_a_digest_proves_nothing_and_says_so(
    report: Written, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_command(["report", "--verify", str(report.folder)]) == 2
    assert "Without the digest nothing is proved" in capsys.readouterr().err


def test_the_command_ends_with_2_where_nothing_can_be_read(tmp_path: Path) -> None:
    words = ["report", "--verify", str(tmp_path / "nowhere"), "--digest", "0" * 64]
    assert run_command(words) == 2

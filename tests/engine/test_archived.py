"""Images in archives go the whole way like images in folders, and a second scan knows them."""

from __future__ import annotations

import hashlib
import os
import sqlite3
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydicom import dcmread

from tests.engine.bench import TRANSFER, bench
from tests.engine.deid_bench import SITE_ID, DeidBench, deid_bench
from tests.engine.made import image, make_transfer_of
from transfer import checkpoint
from transfer.ledger import archives as archive_rows
from transfer.ledger.census import list_left_out, take_census
from transfer.ledger.connection import Ledger
from transfer.ledger.steps import read_steps
from transfer.members import spelled
from transfer.scan import archives as archive_scan
from transfer.scan.phase import Interrupted, scan
from transfer.values import StepState

AT = " \u203a "


def scanned(ledger: Ledger) -> None:
    scan(ledger, processes=1, should_stop=lambda: False)


def made(folder: Path, uid: str, rows: int = 4) -> bytes:
    path = folder / "one.dcm"
    image(path, uid, rows=rows)
    content = path.read_bytes()
    path.unlink()
    return content


def put_zip(path: Path, members: dict[str, bytes]) -> None:
    path.parent.mkdir(exist_ok=True)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)


def told(ledger: Ledger) -> dict[str, str]:
    """Every file, as people read its path: its verdict and its first reason."""
    return {
        spelled(path): " ".join(filter(None, (verdict, reasons.split(";")[0])))
        for path, verdict, reasons in ledger.rows("SELECT path, verdict, reasons FROM source_file")
    }


def states(ledger: Ledger) -> dict[str, str]:
    return dict(ledger.rows("SELECT sop_instance_uid, state FROM instance ORDER BY 1"))


def move_on(path: Path) -> None:
    """As if it had been written a second later."""
    status = path.stat()
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns + 1_000_000_000))


def test_every_file_in_an_archive_ends_in_exactly_one_way(tmp_path: Path) -> None:
    source = tmp_path / "source"
    image(source / "1.dcm", "1.2.1")
    same = (source / "1.dcm").read_bytes()
    put_zip(
        source / "a.zip",
        {"1.dcm": same, "d/2.dcm": made(tmp_path, "1.2.2"), "notes.txt": b"none", "empty": b""},
    )
    with make_transfer_of(source, tmp_path / "home") as ledger:
        scanned(ledger)
        assert told(ledger) == {
            "1.dcm": "instance",
            "a.zip": "companion archive-opened",
            f"a.zip{AT}1.dcm": "duplicate duplicate-identical",
            f"a.zip{AT}d/2.dcm": "instance",
            f"a.zip{AT}notes.txt": "rejected not-dicom",
            f"a.zip{AT}empty": "rejected empty-file",
        }
        files = take_census(ledger).files
        assert files.seen == 6
        assert (files.instances, files.duplicates, files.companions, files.rejected) == (2, 1, 1, 2)


def test_a_zip_and_a_tar_under_an_images_name_are_opened(tmp_path: Path) -> None:
    source = tmp_path / "source"
    put_zip(source / "a.dcm", {"1": made(tmp_path, "1.2.1")})
    with tarfile.open(source / "b.dcm", "w") as archive:
        image(tmp_path / "2", "1.2.2")
        archive.add(tmp_path / "2", "2")
    with make_transfer_of(source, tmp_path / "home") as ledger:
        scanned(ledger)
        assert states(ledger) == {"1.2.1": "ready", "1.2.2": "ready"}
        (reasons,) = ledger.rows("SELECT reasons FROM source_file WHERE path = ?", b"a.dcm")[0]
        assert reasons == "archive-opened;content-differs-from-extension"


def test_archives_that_cannot_be_opened_are_left_out_with_their_reasons(tmp_path: Path) -> None:
    source = tmp_path / "source"
    put_zip(source / "cut.zip", {"1.dcm": made(tmp_path, "1.2.1")})
    content = (source / "cut.zip").read_bytes()
    (source / "cut.zip").write_bytes(content[:-30])
    (source / "in.tgz").write_bytes(b"\x1f\x8b" + bytes(20))
    put_zip(source / "nested.zip", {"in.zip": content})
    with make_transfer_of(source, tmp_path / "home") as ledger:
        scanned(ledger)
        assert told(ledger) == {
            "cut.zip": "rejected archive-damaged",
            "in.tgz": "rejected archive-compressed",
            "nested.zip": "companion archive-opened",
            f"nested.zip{AT}in.zip": "rejected archived-archive",
        }


def test_a_cut_tar_gives_what_it_has_and_says_that_it_is_cut(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    with tarfile.open(source / "a.tar", "w", format=tarfile.USTAR_FORMAT) as archive:
        for number in (1, 2):
            image(tmp_path / "one", f"1.2.{number}", rows=400)
            archive.add(tmp_path / "one", f"{number}.dcm")
    whole = (source / "a.tar").read_bytes()
    (source / "a.tar").write_bytes(whole[:6000])
    with make_transfer_of(source, tmp_path / "home") as ledger:
        scanned(ledger)
        assert told(ledger) == {
            "a.tar": "rejected archive-damaged",
            f"a.tar{AT}1.dcm": "instance",
            f"a.tar{AT}2.dcm": "rejected archived-damaged",
        }


def test_a_second_scan_reads_an_unchanged_archive_no_more(tmp_path: Path) -> None:
    source = tmp_path / "source"
    put_zip(source / "a.zip", {"1.dcm": made(tmp_path, "1.2.1")})
    with make_transfer_of(source, tmp_path / "home") as ledger:
        scanned(ledger)
        ledger.write("UPDATE source_file SET reasons = 'untouched'")
        scanned(ledger)
        assert told(ledger) == {
            "a.zip": "companion untouched",
            f"a.zip{AT}1.dcm": "instance untouched",
        }


def test_a_changed_archive_is_opened_again(tmp_path: Path) -> None:
    source = tmp_path / "source"
    one, two, three = (made(tmp_path, f"1.2.{n}") for n in (1, 2, 3))
    put_zip(source / "a.zip", {"1.dcm": one, "2.dcm": two})
    with make_transfer_of(source, tmp_path / "home") as ledger:
        scanned(ledger)
        put_zip(source / "a.zip", {"1.dcm": one, "3.dcm": three})
        move_on(source / "a.zip")
        scanned(ledger)
        assert told(ledger)["a.zip"] == "companion archive-opened"
        assert told(ledger)[f"a.zip{AT}1.dcm"] == "instance"
        assert told(ledger)[f"a.zip{AT}2.dcm"] == "missing no-longer-there"
        assert told(ledger)[f"a.zip{AT}3.dcm"] == "instance"
        assert states(ledger) == {"1.2.1": "ready", "1.2.2": "failed", "1.2.3": "ready"}


def test_what_was_in_an_archive_that_is_gone_cannot_go_until_it_is_back(tmp_path: Path) -> None:
    source = tmp_path / "source"
    image(source / "0.dcm", "1.2.0")
    put_zip(source / "a.zip", {"1.dcm": made(tmp_path, "1.2.1")})
    with make_transfer_of(source, tmp_path / "home") as ledger:
        scanned(ledger)
        (source / "a.zip").rename(tmp_path / "away")
        scanned(ledger)
        assert states(ledger) == {"1.2.0": "ready", "1.2.1": "failed"}
        assert take_census(ledger).files.missing == 2
        (tmp_path / "away").rename(source / "a.zip")
        scanned(ledger)
        assert states(ledger) == {"1.2.0": "ready", "1.2.1": "ready"}
        assert take_census(ledger).files.missing == 0


def test_a_file_that_was_taken_out_of_its_archive_goes_from_there(tmp_path: Path) -> None:
    source = tmp_path / "source"
    content = made(tmp_path, "1.2.1")
    put_zip(source / "a.zip", {"1.dcm": content})
    with make_transfer_of(source, tmp_path / "home") as ledger:
        scanned(ledger)
        (source / "a.zip").unlink()
        (source / "1.dcm").write_bytes(content)
        scanned(ledger)
        assert states(ledger) == {"1.2.1": "ready"}
        goes = ledger.row("SELECT path FROM source_file f JOIN instance i ON i.file_id = f.id")
        assert goes == (b"1.dcm",)


class Struck(Exception):
    """The process ends here."""


@pytest.mark.parametrize("nth", [1, 2, 3, 4])
def test_a_scan_that_ends_between_pages_of_an_archive_is_finished_by_the_next_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, nth: int
) -> None:
    source = tmp_path / "source"
    for number in range(2):
        members = {f"{n}.dcm": made(tmp_path, f"1.2.{number}.{n}") for n in range(5)}
        put_zip(source / f"{number}.zip", members)
    passed: list[str] = []

    def strike(point: str) -> None:
        passed.append(point)
        if passed.count("opened") == nth:
            raise Struck

    monkeypatch.setattr(archive_scan, "_PAGE", 2)
    with make_transfer_of(source, tmp_path / "home") as ledger:
        monkeypatch.setattr(checkpoint, "observer", strike)
        with pytest.raises(Struck):
            scanned(ledger)
        monkeypatch.setattr(checkpoint, "observer", None)
        scanned(ledger)
        files = take_census(ledger).files
        assert (files.seen, files.instances, files.companions, files.unread) == (12, 10, 2, 0)
        assert set(states(ledger).values()) == {"ready"}


def test_an_archive_that_changes_after_a_scan_broke_off_leaves_nothing_of_the_old_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = tmp_path / "source"
    put_zip(source / "a.zip", {f"{n}.dcm": made(tmp_path, f"1.2.{n}") for n in range(5)})

    def strike(point: str) -> None:
        if point == "opened":
            raise Struck

    monkeypatch.setattr(archive_scan, "_PAGE", 2)
    with make_transfer_of(source, tmp_path / "home") as ledger:
        monkeypatch.setattr(checkpoint, "observer", strike)
        with pytest.raises(Struck):
            scanned(ledger)
        monkeypatch.setattr(checkpoint, "observer", None)
        put_zip(source / "a.zip", {"new.dcm": made(tmp_path, "1.2.9", rows=64)})
        move_on(source / "a.zip")
        scanned(ledger)
        assert states(ledger) == {"1.2.9": "ready"}
        assert told(ledger)[f"a.zip{AT}0.dcm"] == "missing no-longer-there"


def test_a_wish_to_stop_is_heard_between_pages(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = tmp_path / "source"
    put_zip(source / "a.zip", {f"{n}.txt": b"" for n in range(9)})
    opened = 0

    def count(point: str) -> None:
        nonlocal opened
        opened += point == "opened"

    monkeypatch.setattr(archive_scan, "_PAGE", 2)
    monkeypatch.setattr(checkpoint, "observer", count)
    with make_transfer_of(source, tmp_path / "home") as ledger:
        with pytest.raises(Interrupted):
            scan(ledger, processes=1, should_stop=lambda: opened == 2)
        assert opened == 2


def test_an_archive_that_cannot_be_read_now_is_looked_at_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = tmp_path / "source"
    put_zip(source / "a.zip", {"1.dcm": made(tmp_path, "1.2.1")})

    def broken(_: object) -> object:
        raise OSError(5, "Input/output error")

    with make_transfer_of(source, tmp_path / "home") as ledger:
        with monkeypatch.context() as patched:
            patched.setattr(archive_scan, "list_members", broken)
            scanned(ledger)
        assert told(ledger) == {"a.zip": "rejected unreadable-file"}
        assert read_steps(ledger)["scan"].state is StepState.BLOCKED
        scanned(ledger)
        assert states(ledger) == {"1.2.1": "ready"}


def test_a_ledger_of_before_has_its_archives_opened_by_the_next_scan(tmp_path: Path) -> None:
    source = tmp_path / "source"
    put_zip(source / "a.zip", {"1.dcm": made(tmp_path, "1.2.1")})
    with make_transfer_of(source, tmp_path / "home") as ledger:
        scanned(ledger)
        ledger.write("DELETE FROM instance")
        ledger.write("DELETE FROM archive")
        ledger.write("DELETE FROM source_file WHERE container_id IS NOT NULL")
        ledger.write(
            "UPDATE source_file SET verdict = 'rejected', reasons = ?",
            f"{archive_rows.NOT_READ};archive",
        )
        scanned(ledger)
        assert states(ledger) == {"1.2.1": "ready"}


def test_left_out_files_are_keyed_like_any_other(tmp_path: Path) -> None:
    source = tmp_path / "source"
    put_zip(source / "a.zip", {"x.csv": b"id,age\n1,45.5\n"})
    with make_transfer_of(source, tmp_path / "home") as ledger:
        scanned(ledger)
        (left,) = list_left_out(ledger, limit=9)
        assert (left.key[0], left.reasons) == ("F", ("archived-not-read",))


def archive_all(source: Path) -> None:
    """Half of the images into a zip, half into a tar, and nothing beside them."""
    paths = sorted(source.rglob("*.dcm"))
    assert len(paths) > 1
    with (
        zipfile.ZipFile(source / "a.zip", "w", zipfile.ZIP_DEFLATED) as packed,
        tarfile.open(source / "b.tar", "w") as plain,
    ):
        for number, path in enumerate(paths):
            name = str(path.relative_to(source))
            if number % 2:
                plain.add(path, name)
            else:
                packed.write(path, name)
            path.unlink()


def test_images_in_archives_arrive_byte_for_byte(tmp_path: Path) -> None:
    with bench(tmp_path, deidentified="as-is") as made_bench:
        archive_all(tmp_path / "source")
        made_bench.assert_all_arrived(made_bench.upload())


@pytest.fixture
def deid(tmp_path: Path) -> Iterator[DeidBench]:
    with deid_bench(tmp_path) as made_bench:
        yield made_bench


def digests(bench_: DeidBench) -> list[tuple[str, str]]:
    """Of each instance the digest of its source file and of what left, by the ledger."""
    path = bench_.program.home / "transfers" / TRANSFER / "ledger.sqlite"
    with sqlite3.connect(path) as connection:
        rows = connection.execute(
            "SELECT source_sha256, sha256 FROM instance ORDER BY 1, 2"
        ).fetchall()
    connection.close()
    return rows


def test_images_in_archives_leave_de_identified_and_the_ledger_proves_both_ends(
    deid: DeidBench,
) -> None:
    for number in (1, 2):
        deid.patient(number)
    sources = {hashlib.sha256(p.read_bytes()).hexdigest() for p in deid.source.rglob("*.dcm")}
    archive_all(deid.source)
    deid.new_eucaim()
    ran = deid.upload()
    assert ran.code == 0, str(ran)
    rows = digests(deid)
    assert len(rows) == len(sources) == 4
    assert {source for source, _ in rows} == sources
    assert {sent for _, sent in rows} == {s.sha256 for s in deid.sandbox.stored().values()}
    counts = deid.counts()
    assert (counts["found"], counts["ready"], counts["sent"], counts["verified"]) == (4, 4, 4, 4)


@pytest.mark.parametrize("how", ["deflated", "tar"])
def test_pixels_of_images_in_archives_are_blanked_on_the_way(
    deid: DeidBench, tmp_path: Path, how: str
) -> None:
    (tmp_path / "pixels").write_text('{ Modality.equals("CT") } (0,0,2,2)\n')
    path = deid.image(1, 0)
    dataset = dcmread(path)
    dataset.PixelData = b"\xff\x01" * 16
    dataset.save_as(path)
    if how == "tar":
        with tarfile.open(deid.source / "a.tar", "w") as archive:
            archive.add(path, "1.dcm")
    else:
        put_zip(deid.source / "a.zip", {"1.dcm": path.read_bytes()})
    path.unlink()
    deid.new("--deid", "eucaim", "--site-id", SITE_ID, "--pixel-script", tmp_path / "pixels")
    ran = deid.upload()
    assert ran.code == 0, str(ran)
    (arrived,) = deid.arrived()
    rows = [arrived.PixelData[at : at + 8] for at in range(0, 32, 8)]
    assert rows == [b"\0\0\0\0\xff\x01\xff\x01"] * 2 + [b"\xff\x01" * 4] * 2


def test_an_archive_that_changes_between_scan_and_sending_stops_what_lies_in_it(
    deid: DeidBench,
) -> None:
    deid.patient(1)
    archive_all(deid.source)
    deid.new_eucaim()
    assert deid.program.run("scan", TRANSFER).code == 0
    content = bytearray((deid.source / "a.zip").read_bytes())
    content[200] ^= 0xFF
    before = (deid.source / "a.zip").stat()
    (deid.source / "a.zip").write_bytes(bytes(content))
    os.utime(deid.source / "a.zip", ns=(before.st_atime_ns, before.st_mtime_ns))
    ran = deid.upload()
    assert ran.code == 4, str(ran)
    assert (deid.counts()["verified"], deid.counts()["failed"]) == (1, 1)


def test_names_of_files_in_archives_are_shown_harmless_and_only_when_asked(
    deid: DeidBench,
) -> None:
    put_zip(deid.source / "a.zip", {"Zwingen\x1b[2J[/x].dcm": b"no image"})
    deid.image(1, 0)
    deid.new_eucaim()
    masked = deid.program.run("scan", TRANSFER)
    assert "Zwingen" not in masked.out + masked.err
    shown = deid.program.run("scan", TRANSFER, "--identifiers")
    assert f"a.zip{AT}Zwingen\N{REPLACEMENT CHARACTER}[2J[/x].dcm" in shown.out
    assert "\x1b" not in shown.out + shown.err

"""What is in a zip or a tar: every file once, each that is not read with its reason, and nothing
that an archive says of itself is believed further than it can be checked."""

from __future__ import annotations

import io
import os
import random
import resource
import stat
import struct
import subprocess
import tarfile
import tracemalloc
import zipfile
from pathlib import Path

import pytest

from tests.scan.archived import (
    Entry,
    contents,
    deflated,
    handmade,
    listed,
    put,
    refusals,
    refused,
    tarred,
    true_entry,
    zipped,
)
from tests.scan.files import MIB, dice
from transfer.members import MEMBER_LIMIT_BYTES
from transfer.opening import open_in_place, open_source
from transfer.scan import zips
from transfer.scan.archives import list_members
from transfer.scan.facts import FileKind, FileVerdict
from transfer.scan.inspect import inspect_file
from transfer.scan.listing import ArchiveRefused

MEMBERS = {"a/1.dcm": b"one" * 1000, "a/b/2.dcm": b"two" * 1000, "3": b""}
BYTES = {name.encode(): content for name, content in MEMBERS.items()}


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_a_zip_gives_what_was_put_in(tmp_path: Path, method: int) -> None:
    assert contents(put(tmp_path, zipped(MEMBERS, method))) == BYTES


@pytest.mark.parametrize("format", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_a_tar_gives_what_was_put_in(tmp_path: Path, format: int) -> None:
    assert contents(put(tmp_path, tarred(MEMBERS, format))) == BYTES


@pytest.mark.parametrize("format", [tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_long_names_are_read_in_every_dialect(tmp_path: Path, format: int) -> None:
    name = "folder/" * 60 + "Bild-ä.dcm"
    assert contents(put(tmp_path, tarred({name: b"x"}, format))) == {name.encode(): b"x"}


def test_a_zip_written_to_a_pipe_tells_sizes_behind_the_data(tmp_path: Path) -> None:
    class Pipe(io.RawIOBase):
        written = b""

        def writable(self) -> bool:
            return True

        def write(self, piece: object) -> int:
            assert isinstance(piece, bytes | bytearray | memoryview)
            self.written += bytes(piece)
            return len(bytes(piece))

    pipe = Pipe()
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("1.dcm", b"one" * 1000)
    assert contents(put(tmp_path, pipe.written)) == {b"1.dcm": b"one" * 1000}


def test_a_zip64_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        with archive.open("1.dcm", "w", force_zip64=True) as file:
            file.write(b"one" * 1000)
        for number in range(70_000):
            archive.writestr(f"{number}", b"")
    found = listed(path)
    assert len(found) == 70_001
    with open_source(found[0].member.path_in(os.fsencode(path))) as opened:
        assert os.read(opened.fd, 9000) == b"one" * 1000


def test_a_member_beyond_four_gigabytes_is_found(tmp_path: Path) -> None:
    """The archive is sparse; the entry's offset stands in its extra field (APPNOTE.TXT 4.5.3)."""
    far = (1 << 32) + 512
    honest = handmade([true_entry(b"1.dcm", b"far away")])
    local = honest[: honest.index(b"PK\x01\x02")]
    extra = struct.pack("<2HQ", 1, 8, far)
    entry = true_entry(b"1.dcm", b"far away", at=0xFFFFFFFF, extra=extra)
    directory = handmade([entry])[:-22]
    start = far + len(local)
    end_64 = struct.pack("<4sQ2H2L4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, 1, 1, len(directory), start)
    locator = struct.pack("<4sLQL", b"PK\x06\x07", 0, start + len(directory), 1)
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0)
    path = tmp_path / "a.zip"
    with path.open("wb") as file:
        file.write(b"PK\x03\x04")
        file.seek(far)
        file.write(local + directory + end_64 + locator + end)
    assert contents(path) == {b"1.dcm": b"far away"}


def test_folders_are_no_files(tmp_path: Path) -> None:
    assert refusals(put(tmp_path, zipped({"a/": b"", "a/1": b"x"}))) == {b"a/1": ""}
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode="w") as archive:
        folder = tarfile.TarInfo("a")
        folder.type = tarfile.DIRTYPE
        archive.addfile(folder)
        archive.addfile(tarfile.TarInfo("a/1"))
    assert refusals(put(tmp_path, written.getvalue())) == {b"a/1": ""}


def test_a_folder_that_holds_bytes_is_a_file(tmp_path: Path) -> None:
    assert refusals(put(tmp_path, zipped({"a/": b"hidden"}))) == {b"a/": ""}


HOSTILE_NAMES = [
    b"/etc/passwd",
    b"../../outside.dcm",
    b"a/../../b.dcm",
    b"C:\\windows\\a.dcm",
    b"\x1b[2Jgone.dcm",
    b"new\nline.dcm",
    b"nul\0.dcm",
    b"\xff\xfe garbage \x80.dcm",
    b"[/x] [bold]a.dcm",
    b"",
    b".",
    b"CON",
    "\u202eright-to-left.dcm".encode(),
]


@pytest.mark.parametrize("name", HOSTILE_NAMES)
def test_a_name_is_a_label_and_nothing_is_written_under_it(tmp_path: Path, name: bytes) -> None:
    folder = tmp_path / "in" / "side"
    folder.mkdir(parents=True)
    path = put(folder, handmade([true_entry(name, b"x")]))
    assert contents(path) == {name: b"x"}
    assert [p.name for p in tmp_path.rglob("*") if p.is_file()] == ["a.zip"]


def test_one_name_twice_is_two_files(tmp_path: Path) -> None:
    path = put(tmp_path, handmade([true_entry(b"1", b"one"), true_entry(b"1", b"two")]))
    paths = {one.member.path_in(b"a.zip") for one in listed(path)}
    assert len(paths) == 2


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        (true_entry(b"x", b"x", flags=1), "archived-encrypted"),
        (true_entry(b"x", b"x", method=99), "archived-encrypted"),
        (true_entry(b"x", b"x", method=14), "archived-packing-unknown"),
        (true_entry(b"x", b"x", method=9), "archived-packing-unknown"),
        (true_entry(b"x", b"x", flags=0x20), "archived-packing-unknown"),
        (
            true_entry(b"x", b"x", made_by=0x0314, attributes=stat.S_IFLNK << 16),
            "archived-link-or-device",
        ),
        (
            true_entry(b"x", b"x", made_by=0x0314, attributes=stat.S_IFCHR << 16),
            "archived-link-or-device",
        ),
        (Entry(b"x", bytes(600_000), MEMBER_LIMIT_BYTES + 1, 0), "archived-too-large"),
        (Entry(b"x", b"12", 3, 0, method=0), "archived-damaged"),
        (Entry(b"x", b"12", 5000, 0), "archived-damaged"),
    ],
)
def test_a_file_in_a_zip_that_is_not_read_says_why(
    tmp_path: Path, entry: Entry, reason: str
) -> None:
    path = put(tmp_path, handmade([entry, true_entry(b"good", b"good")]))
    assert refusals(path) == {b"x": reason, b"good": ""}


def test_links_devices_and_sparse_files_in_a_tar_say_why_and_the_rest_is_read(
    tmp_path: Path,
) -> None:
    written = io.BytesIO()
    kinds = {
        "hard": tarfile.LNKTYPE, "soft": tarfile.SYMTYPE, "char": tarfile.CHRTYPE,
        "block": tarfile.BLKTYPE, "pipe": tarfile.FIFOTYPE,
    }  # fmt: skip
    with tarfile.open(fileobj=written, mode="w") as archive:
        for name, kind in kinds.items():
            info = tarfile.TarInfo(name)
            info.type, info.linkname = kind, "/etc/passwd"
            archive.addfile(info)
        good = tarfile.TarInfo("good")
        good.size = 4
        archive.addfile(good, io.BytesIO(b"good"))
    found = refusals(put(tmp_path, written.getvalue()))
    assert found == {name.encode(): "archived-link-or-device" for name in kinds} | {b"good": ""}


@pytest.mark.parametrize("dialect", ["--format=gnu", "--format=posix", "--format=v7"])
def test_what_gnu_tar_writes_is_read_and_its_holes_are_told(tmp_path: Path, dialect: str) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "good").write_bytes(b"good" * 500)
    with (folder / "holes").open("wb") as file:
        for at in range(0, 60 * MIB, 2 * MIB):
            file.seek(at)
            file.write(b"x")
    (folder / "last").write_bytes(b"last")
    path = tmp_path / "a.tar"
    sparse = [] if dialect.endswith("v7") else ["--sparse"]
    subprocess.run(
        ["/usr/bin/env", "tar", *sparse, dialect, "-cf", path, "-C", folder, *os.listdir(folder)],
        check=True,
    )
    told = "archived-packing-unknown" if sparse else ""
    assert refusals(path) == {b"good": "", b"holes": told, b"last": ""}


def test_a_tar_of_old_without_a_magic_word_is_known_by_its_checksum(tmp_path: Path) -> None:
    content = bytearray(tarred({"1": b"x"}, tarfile.USTAR_FORMAT))
    content[257:265] = bytes(8)
    content[148:156] = b" " * 8
    content[148:156] = b"%06o\0 " % sum(content[:512])
    path = put(tmp_path, bytes(content), "a.tar")
    assert inspect_file(os.fsencode(path)).kind is FileKind.ARCHIVE
    assert contents(path) == {b"1": b"x"}


def test_tars_put_one_behind_the_other_are_read_to_the_last(tmp_path: Path) -> None:
    path = put(tmp_path, tarred({"1": b"x"}) + tarred({"2": b"y"}))
    assert contents(path) == {b"1": b"x", b"2": b"y"}


def test_a_cut_tar_tells_what_it_has_and_that_it_is_cut(tmp_path: Path) -> None:
    content = tarred({"1": b"x" * 2000, "2": b"y" * 2000})
    path = put(tmp_path, content[: 512 + 2048 + 512 + 1000])
    assert refused(path) == "archive-damaged"
    assert _names_before_the_end(path) == {b"1": "", b"2": "archived-damaged"}


def _names_before_the_end(path: Path) -> dict[bytes, str]:
    found = {}
    with open_source(os.fsencode(path)) as opened:
        try:
            for one in list_members(opened):
                found[one.member.name] = str(one.refusal or "")
        except ArchiveRefused:
            pass
    return found


def test_a_tar_that_says_more_than_there_is_counts_for_what_there_is(tmp_path: Path) -> None:
    info = tarfile.TarInfo("1.dcm")
    info.size = 1 << 60
    path = put(tmp_path, info.tobuf(tarfile.GNU_FORMAT) + bytes(700))
    assert _names_before_the_end(path) == {b"1.dcm": "archived-damaged"}
    with open_source(os.fsencode(path)) as opened:
        assert next(list_members(opened)).member.packed_bytes == 700


def test_a_tar_without_an_end_mark_may_have_been_longer(tmp_path: Path) -> None:
    path = put(tmp_path, tarred({"1": b"x", "2": b"y"}, tarfile.USTAR_FORMAT)[:2048])
    assert refused(path) == "archive-damaged"
    assert _names_before_the_end(path) == {b"1": "", b"2": ""}


@pytest.mark.parametrize("at", [1024, 2048])
def test_what_is_no_header_ends_a_tar_and_is_told(tmp_path: Path, at: int) -> None:
    """In the place of a header, or behind the end mark: in either case something is not listed."""
    content = bytearray(tarred({"1": b"x", "2": b"y"}, tarfile.USTAR_FORMAT))
    content[at : at + 512] = b"rubbish!" * 64
    path = put(tmp_path, bytes(content))
    assert refused(path) == "archive-damaged"
    assert b"1" in _names_before_the_end(path)


def test_a_tar_of_endless_zeros_is_given_up(tmp_path: Path) -> None:
    path = put(tmp_path, tarred({"1": b"x"}))
    os.truncate(path, 1 << 40)
    assert refused(path) == "archive-damaged"
    assert _names_before_the_end(path) == {b"1": ""}


def extended_header(kind: bytes, length: int) -> bytes:
    info = tarfile.TarInfo("header")
    info.type, info.size = kind, length
    return info.tobuf(tarfile.GNU_FORMAT)


@pytest.mark.parametrize("kind", [tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.GNUTYPE_LONGNAME])
def test_a_long_name_of_gigabytes_is_never_allocated(tmp_path: Path, kind: bytes) -> None:
    path = put(tmp_path, extended_header(kind, 3 * 1024 * MIB) + bytes(512))
    os.truncate(path, 4 * 1024 * MIB)
    tracemalloc.start()
    told = refused(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert told == "archive-damaged"
    assert peak < MIB


def test_headers_upon_headers_are_given_up(tmp_path: Path) -> None:
    many = extended_header(tarfile.GNUTYPE_LONGNAME, 5) + b"name\0" + bytes(507)
    path = put(tmp_path, many * 100_000)
    assert refused(path) == "archive-damaged"


@pytest.mark.parametrize("record", [b"9 path=\n", b"0 =\n", b"99999999 path=x\n", b"no record"])
def test_a_broken_pax_header_is_damage(tmp_path: Path, record: bytes) -> None:
    header = extended_header(tarfile.XHDTYPE, len(record)) + record.ljust(512, b"\0")
    path = put(tmp_path, header + tarred({"1": b"x"}))
    assert refused(path) == "archive-damaged"


def test_files_that_lie_over_one_another_are_a_bomb(tmp_path: Path) -> None:
    kernel = true_entry(b"0", bytes(100 * MIB))
    path = put(tmp_path, handmade([kernel, *(kernel._replace(at=0) for _ in range(500))]))
    assert refused(path) == "archive-bomb"


def test_a_bomb_of_one_file_is_left_closed(tmp_path: Path) -> None:
    """Ten gigabytes of zeros in ten megabytes."""
    extra = struct.pack("<2HQ", 1, 8, 10 * 1024 * MIB)
    entry = Entry(b"zeros", bytes(10 * MIB), 0xFFFFFFFF, 0, extra=extra)
    path = put(tmp_path, handmade([entry]))
    assert refusals(path) == {b"zeros": "archived-too-large"}


def test_a_bomb_of_many_files_is_left_closed(tmp_path: Path) -> None:
    packed = MEMBER_LIMIT_BYTES // 1000
    entries = [Entry(b"%d" % n, bytes(packed), MEMBER_LIMIT_BYTES, 0) for n in range(33)]
    assert refused(put(tmp_path, handmade(entries))) == "archive-bomb"


def test_black_images_of_some_gigabytes_are_no_bomb(tmp_path: Path) -> None:
    packed = MEMBER_LIMIT_BYTES // 1000
    entries = [Entry(b"%d" % n, bytes(packed), MEMBER_LIMIT_BYTES, 0) for n in range(20)]
    assert len(listed(put(tmp_path, handmade(entries)))) == 20


def test_an_unpacked_member_takes_no_more_than_its_size(tmp_path: Path) -> None:
    """Whatever the stream would give: the process may not even have the memory for it."""
    bomb = deflated(bytes(300 * MIB))
    entry = true_entry(b"1.dcm", bytes(MIB), data=bomb)
    path = put(tmp_path, handmade([entry]))
    (one,) = listed(path)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert inspect_file(one.member.path_in(os.fsencode(path))).reasons == ("archived-damaged",)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 32 * 1024


def test_more_files_than_are_read_in_one_zip(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(zips, "MEMBERS_LIMIT", 3)
    path = put(tmp_path, zipped({str(n): b"" for n in range(4)}))
    assert refused(path) == "archive-too-many-files"
    assert len(listed(put(tmp_path, zipped({str(n): b"" for n in range(3)})))) == 3


def test_a_cut_zip_has_no_table_of_contents(tmp_path: Path) -> None:
    content = zipped(MEMBERS)
    for length in (4, 100, len(content) - 23, len(content) - 1):
        assert refused(put(tmp_path, content[:length])) == "archive-damaged"


@pytest.mark.parametrize("said", [0, 1, 3])
def test_a_count_that_is_wrong_hides_no_file(tmp_path: Path, said: int) -> None:
    entries = [true_entry(b"1", b"x"), true_entry(b"2", b"y")]
    assert refused(put(tmp_path, handmade(entries, said))) == "archive-damaged"


def test_a_count_of_two_bytes_that_ran_over_hides_no_file(tmp_path: Path) -> None:
    """Programs of old wrote zips of more than 65,535 files without the larger record."""
    entries = [Entry(b"", b"", 0, 0, method=0) for _ in range(65_536 + 10)]
    assert len(listed(put(tmp_path, handmade(entries, 10)))) == 65_546


def test_a_directory_outside_the_archive_is_damage(tmp_path: Path) -> None:
    entry = true_entry(b"1", b"x")
    assert refused(put(tmp_path, handmade([entry._replace(packed=1 << 30)]))) == "archive-damaged"
    assert refused(put(tmp_path, handmade([entry, entry._replace(at=1 << 30)]))) == (
        "archive-damaged"
    )


def test_one_part_of_a_split_zip_is_damage(tmp_path: Path) -> None:
    content = bytearray(zipped({"1": b"x"}))
    content[-18:-16] = b"\1\0"
    assert refused(put(tmp_path, bytes(content))) == "archive-damaged"


def test_a_comment_behind_a_zip_is_no_damage(tmp_path: Path) -> None:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as archive:
        archive.writestr("1", b"x")
        archive.comment = b"c" * 65_535
    assert contents(put(tmp_path, written.getvalue())) == {b"1": b"x"}


def test_an_empty_archive_holds_nothing(tmp_path: Path) -> None:
    assert listed(put(tmp_path, zipped({}))) == []
    assert listed(put(tmp_path, bytes(10_240), "a.tar")) == []


def test_a_long_directory_is_read_in_little_memory(tmp_path: Path) -> None:
    entries = [Entry(b"n" * 100, b"", 0, 0, method=0) for _ in range(20_000)]
    path = put(tmp_path, handmade(entries))
    tracemalloc.start()
    with open_source(os.fsencode(path)) as opened:
        count = sum(1 for _ in list_members(opened))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count == 20_000
    assert peak < 4 * MIB


def member_facts(path: Path) -> tuple[FileKind, FileVerdict, tuple[str, ...]]:
    (one,) = listed(path)
    facts = inspect_file(one.member.path_in(os.fsencode(path)))
    return facts.kind, facts.verdict, facts.reasons


def test_an_archive_in_an_archive_is_left_out(tmp_path: Path) -> None:
    inner = zipped({"1.dcm": b"x"})
    for content in (zipped({"in.zip": inner}), tarred({"in.zip": inner})):
        assert member_facts(put(tmp_path, content)) == (
            FileKind.ARCHIVE,
            FileVerdict.REJECT,
            ("archived-archive",),
        )


def test_a_table_in_an_archive_is_left_out(tmp_path: Path) -> None:
    path = put(tmp_path, zipped({"a.csv": b"id,age\n1,45.5\n"}))
    assert member_facts(path) == (FileKind.TABLE, FileVerdict.REJECT, ("archived-not-read",))


def _mended(content: bytearray, chance: random.Random) -> bytes:
    """Half of the tars get their checksums right, so that damage gets further."""
    if content[:2] != b"PK" and chance.random() < 0.5:
        for at in range(0, len(content) - 511, 512):
            if content[at + 257 : at + 262] == b"ustar":
                content[at + 148 : at + 156] = b" " * 8
                content[at + 148 : at + 156] = b"%06o\0 " % sum(content[at : at + 512])
    return bytes(content)


def test_whatever_an_archive_holds_it_is_listed_or_refused(tmp_path: Path) -> None:
    chance = dice(5)
    honest = [
        zipped(MEMBERS), zipped(MEMBERS, zipfile.ZIP_STORED), tarred(MEMBERS),
        tarred({"n" * 200: b"x" * 600}, tarfile.GNU_FORMAT),
    ]  # fmt: skip
    ways = {"listed": 0, "refused": 0, "read": 0, "damaged": 0}
    for _ in range(3000):
        content = bytearray(chance.choice(honest))
        for _ in range(chance.choice((1, 1, 2, 6))):
            at = chance.randrange(len(content))
            content[at] = chance.choice((0, 0xFF, chance.randrange(256)))
        path = put(tmp_path, _mended(content, chance))
        with open_source(os.fsencode(path)) as opened:
            found = []
            try:
                for one in list_members(opened):
                    found.append(one)
                ways["listed"] += 1
            except ArchiveRefused:
                ways["refused"] += 1
        for one in found:
            try:
                open_in_place(one.member.path_in(os.fsencode(path))).close()
                ways["read"] += 1
            except OSError:
                ways["damaged"] += 1
    assert min(ways.values()) > 100, ways

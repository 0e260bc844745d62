"""The one door: a file and a member of an archive are read alike, whole or not at all."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path

import pytest

from tests.scan.archived import deflated, handmade, listed, put, tarred, true_entry, zipped
from transfer.members import Member, Packing, is_member, spelled, split_member
from transfer.opening import MemberDamaged, Opened, open_in_place, open_source

CONTENT = bytes(range(256)) * 5000


def member_path(archive: Path) -> bytes:
    (one,) = listed(archive)
    return one.member.path_in(os.fsencode(archive))


def whole(opened: Opened) -> bytes:
    return os.pread(opened.fd, opened.size_bytes, opened.base)


@pytest.fixture(params=["stored", "deflated", "tar"])
def archive(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    members = {"a/1.dcm": CONTENT}
    made = {
        "stored": lambda: zipped(members, zipfile.ZIP_STORED),
        "deflated": lambda: zipped(members),
        "tar": lambda: tarred(members),
    }
    return put(tmp_path, made[request.param](), "made.archive")


def test_a_file_is_opened_as_it_is(tmp_path: Path) -> None:
    path = put(tmp_path, CONTENT, "a.dcm")
    status = path.stat()
    with open_source(os.fsencode(path)) as opened:
        assert opened.stamp == opened.stamp_now() == (status.st_size, status.st_mtime_ns)
        assert (opened.base, opened.is_regular) == (0, True)
        assert whole(opened) == CONTENT


def test_a_member_has_its_own_size_and_its_archives_time(archive: Path) -> None:
    with open_source(member_path(archive)) as opened:
        assert opened.stamp == (len(CONTENT), archive.stat().st_mtime_ns)
        assert os.fstat(opened.fd).st_size == len(CONTENT)
        assert os.read(opened.fd, 4) == CONTENT[:4]
        assert whole(opened) == CONTENT


def test_in_place_a_member_reads_the_same_from_its_base(archive: Path) -> None:
    with open_in_place(member_path(archive)) as opened:
        assert opened.stamp == opened.stamp_now() == (len(CONTENT), archive.stat().st_mtime_ns)
        assert whole(opened) == CONTENT


def test_what_was_unpacked_can_be_changed_by_nobody(tmp_path: Path) -> None:
    with open_source(member_path(put(tmp_path, zipped({"1.dcm": CONTENT})))) as opened:
        with pytest.raises(PermissionError):
            os.write(opened.fd, b"x")
        with pytest.raises(PermissionError):
            os.truncate(opened.fd, 1)


def test_closing_twice_closes_once(tmp_path: Path) -> None:
    opened = open_source(os.fsencode(put(tmp_path, CONTENT)))
    opened.close()
    opened.close()
    assert opened.fd == -1


def test_nothing_is_left_open_by_a_refusal(tmp_path: Path) -> None:
    content = bytearray(zipped({"1.dcm": CONTENT}))
    path = put(tmp_path, bytes(content))
    member = member_path(path)
    content[len(content) // 2] ^= 1
    path.write_bytes(bytes(content))
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(5):
        with pytest.raises(MemberDamaged):
            open_source(member)
    assert len(os.listdir("/proc/self/fd")) == before


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_one_bit_of_damage_in_a_zip_is_found(tmp_path: Path, method: int) -> None:
    content = bytearray(zipped({"1.dcm": CONTENT}, method))
    path = put(tmp_path, bytes(content))
    member = member_path(path)
    content[len(content) // 2] ^= 1
    path.write_bytes(bytes(content))
    for way in (open_source, open_in_place):
        with pytest.raises(MemberDamaged, match="A member of an archive is damaged"):
            way(member)


@pytest.mark.parametrize("size", [0, 10, 511, 513])
def test_a_member_that_is_not_as_long_as_it_says_is_damaged(tmp_path: Path, size: int) -> None:
    path = put(tmp_path, handmade([true_entry(b"1.dcm", bytes(512), size=size)]))
    with pytest.raises(MemberDamaged):
        open_source(member_path(path))


def test_an_archive_cut_inside_a_member_is_damaged(archive: Path) -> None:
    member = member_path(archive)
    archive.write_bytes(archive.read_bytes()[:900])
    with pytest.raises(MemberDamaged):
        open_source(member)


def test_another_archive_in_its_place_is_damaged_or_has_another_time(archive: Path) -> None:
    member = member_path(archive)
    before = archive.stat().st_mtime_ns
    archive.write_bytes(bytes(len(archive.read_bytes())))
    os.utime(archive, ns=(before + 1, before + 1))
    try:
        with open_source(member) as opened:
            stamp = opened.stamp
    except MemberDamaged:
        return
    assert stamp != (len(CONTENT), before)


def test_a_member_that_is_not_read_cannot_be_opened(tmp_path: Path) -> None:
    path = put(tmp_path, handmade([true_entry(b"1.dcm", b"secret", flags=1)]))
    with pytest.raises(MemberDamaged):
        open_source(member_path(path))


def test_an_empty_member_is_an_empty_file(tmp_path: Path) -> None:
    for content in (zipped({"1.dcm": b""}), tarred({"1.dcm": b""})):
        with open_source(member_path(put(tmp_path, content))) as opened:
            assert opened.size_bytes == 0


def test_a_missing_archive_is_missing(tmp_path: Path) -> None:
    member = Member(Packing.TAR, 512, 4, 4, 0, b"1.dcm")
    with pytest.raises(FileNotFoundError):
        open_source(member.path_in(os.fsencode(tmp_path / "absent.tar")))


def test_a_locator_that_is_none_is_an_error_of_the_system() -> None:
    with pytest.raises(OSError, match="Invalid argument"):
        open_source(b"a.zip\0../../etc/passwd")


def test_a_path_comes_back_as_it_went_in() -> None:
    member = Member(Packing.DEFLATED, 1 << 40, 10, 20, 0xDEADBEEF, b"../a\nb\0\xff/1.dcm")
    path = member.path_in(b"dir/a.zip")
    assert split_member(path) == (b"dir/a.zip", member)
    assert split_member(os.path.join(b"/source", path)) == (b"/source/dir/a.zip", member)
    assert is_member(path)
    assert not is_member(b"dir/a.zip")
    assert split_member(b"dir/a.zip") == (b"dir/a.zip", None)


def test_the_end_of_a_members_name_is_the_end_of_its_path() -> None:
    path = Member(Packing.TAR, 512, 1, 1, 0, b"deep/er/IM1.DCM").path_in(b"a.tar")
    assert os.path.basename(path) == b"IM1.DCM"
    assert os.path.splitext(path)[1] == b".DCM"


def test_paths_sort_as_the_members_lie_behind_their_archive() -> None:
    at = (512, 4096, 1 << 36)
    paths = [Member(Packing.TAR, offset, 1, 1, 0, b"z").path_in(b"a.tar") for offset in at]
    assert sorted([*reversed(paths), b"a.tar", b"a.tar.1"]) == [b"a.tar", *paths, b"a.tar.1"]


def test_a_name_of_any_length_gives_a_short_path_with_its_end() -> None:
    path = Member(Packing.TAR, 512, 1, 1, 0, b"a" * 60_000 + b".dcm").path_in(b"a.tar")
    assert len(path) < 1200
    assert path.endswith(b"a.dcm")


def test_a_path_is_spelled_for_people() -> None:
    def told(name: bytes) -> str:
        return spelled(Member(Packing.DEFLATED, 0, 1, 1, 0, name).path_in(b"dir/a.zip"))

    assert told(b"b/1.dcm") == "dir/a.zip \u203a b/1.dcm"
    assert told("b/Größe.dcm".encode()) == "dir/a.zip \u203a b/Größe.dcm"
    assert told(b"b/Gr\x94\xe1e.dcm") == "dir/a.zip \u203a b/Größe.dcm"
    assert spelled(b"dir/\xff.dcm") == os.fsdecode(b"dir/\xff.dcm")


def test_a_bomb_stops_at_the_first_byte_too_many(tmp_path: Path) -> None:
    """What it says is small; what it would unpack to is not."""
    bomb = deflated(bytes(50 * 1024 * 1024))
    entry = true_entry(b"1.dcm", b"", data=bomb, size=1000)
    path = put(tmp_path, handmade([entry]))
    with pytest.raises(MemberDamaged):
        open_source(member_path(path))

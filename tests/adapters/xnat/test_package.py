"""A tar that any reader reads, exactly as long as its request says."""

from __future__ import annotations

import tarfile
from collections.abc import Sequence
from io import BytesIO

import pytest

from adapters.xnat import package
from tests.adapters.xnat.instances import GONE, InMemory
from transfer.errors import SourceChanged


def _packed(instances: Sequence[InMemory], moved: list[int] | None = None) -> bytes:
    count = [] if moved is None else moved
    return b"".join(package.body(instances, count.append))


def test_what_is_read_back_is_what_went_in_under_neutral_names() -> None:
    content = _packed([InMemory("1", b"a" * 512), InMemory("2", b"b" * 1000)])
    with tarfile.open(fileobj=BytesIO(content), mode="r:") as tar:
        read = [(m.name, tar.extractfile(m).read()) for m in tar]  # type: ignore[union-attr]
    assert read == [("000001.dcm", b"a" * 512), ("000002.dcm", b"b" * 1000)]


def test_nothing_of_this_machine_travels_in_the_headers() -> None:
    content = _packed([InMemory("1", b"a")])
    with tarfile.open(fileobj=BytesIO(content), mode="r:") as tar:
        (entry,) = tar.getmembers()
    assert (entry.uid, entry.gid, entry.uname, entry.gname, entry.mtime) == (0, 0, "", "", 0)
    assert entry.mode == 0o644


@pytest.mark.parametrize("sizes", [[1], [511], [512], [513], [512, 1], [9000, 0, 700], [7 * 512]])
def test_the_length_is_known_exactly_before_the_first_byte(sizes: list[int]) -> None:
    instances = [InMemory(str(n), bytes(size)) for n, size in enumerate(sizes)]
    content = _packed(instances)
    assert package.length(sizes) == len(content)
    assert len(content) % 10240 == 0


def test_an_instance_beyond_8_gib_can_be_said() -> None:
    size = 9 * 1024**3
    entry = tarfile.TarInfo.frombuf(package.entry_header(1, size), "ascii", "strict")
    assert entry.size == size
    assert package.length([size]) == 512 + size + 1024 + (-(512 + size + 1024) % 10240)


def test_an_ordinary_header_is_plain_ustar_but_for_its_magic() -> None:
    header = package.entry_header(3, 1000)
    assert len(header) == 512
    assert header[:10] == b"000003.dcm"
    assert header[124:136] == b"00000001750\0"


def test_only_the_bytes_of_the_instances_are_counted() -> None:
    moved: list[int] = []
    _packed([InMemory("1", bytes(3000), piece_bytes=1000), InMemory("2", b"x")], moved)
    assert moved == [1000, 1000, 1000, 1]


@pytest.mark.parametrize("claimed", [9, 11])
def test_a_file_of_another_length_than_it_was_ends_the_body(claimed: int) -> None:
    with pytest.raises(SourceChanged):
        _packed([InMemory("1", bytes(10), claimed=claimed)])


@pytest.mark.parametrize("trouble", [GONE, OSError("disk")])
def test_a_file_that_cannot_be_read_ends_the_body(trouble: Exception) -> None:
    with pytest.raises(SourceChanged):
        _packed([InMemory("1", bytes(10), fails_with=trouble)])

"""A NIfTI image looked through to its end: whole or not, and where text hides in it."""

from __future__ import annotations

import gzip
import hashlib
import io
import tracemalloc
import zlib

import pytest

from tests.scan.niftis import nifti, nifti_2, packed
from transfer.volumes.image import ImageLook, look_at_image


def look(content: bytes) -> ImageLook:
    return look_at_image(io.BytesIO(content).read, lambda: None)


@pytest.mark.parametrize(
    "content",
    [nifti(), nifti(order=">"), nifti_2(), packed(nifti()), gzip.compress(nifti_2())],
    ids=["NIfTI-1", "big endian", "NIfTI-2", "packed", "packed NIfTI-2"],
)
def test_a_clean_image_has_no_problem_and_no_text(content: bytes) -> None:
    seen = look(content)
    assert (seen.problem, seen.texts) == (None, ())


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (nifti(voxels=bytes(23)), "cut"),
        (packed(nifti(voxels=bytes(23))), "cut"),
        (packed(nifti())[:-1], "broken"),
        (packed(nifti())[:-5] + b"\0" * 5, "broken"),
        (packed(nifti())[:60] + b"\xff\xff\xff\xff" + packed(nifti())[64:], "broken"),
        (nifti(magic=b"ni1\0", voxels=b""), "pair"),
        (nifti(spacing=float("nan")), "unsound"),
        (nifti(affine=float("inf")), "unsound"),
        (nifti(dims=(3, 2, 2, -3, 1, 1, 1, 1)), "unsound"),
        (nifti(dims=(9, 2, 2, 3, 1, 1, 1, 1)), "unsound"),
        (nifti_2(spacing=float("nan")), "unsound"),
        (b"no image at all", "no-nifti"),
        (packed(b"no image at all"), "no-nifti"),
        (b"\x1f\x8b\x08", "broken"),
        (b"", "no-nifti"),
    ],
)
def test_what_is_wrong_with_an_image_is_said(content: bytes, problem: str) -> None:
    assert look(content).problem == problem


def test_a_checksum_that_does_not_fit_is_found_though_the_length_does() -> None:
    """The scan believes the length at the end of a gzip file; only unpacking it tells."""
    good = packed(nifti())
    bad = good[:-8] + (zlib.crc32(nifti()) ^ 1).to_bytes(4, "little") + good[-4:]
    assert look(bad).problem == "broken"


@pytest.mark.parametrize("field", ["data_type", "db_name", "descrip", "aux_file", "intent_name"])
def test_text_in_the_header_is_named_by_its_field(field: str) -> None:
    assert look(nifti(texts={field: b"Doe^Jane"})).texts == (field,)
    assert look(packed(nifti(texts={field: b"\0\0late"}))).texts == (field,)


@pytest.mark.parametrize("field", ["descrip", "aux_file", "intent_name"])
def test_text_in_the_header_of_nifti_2_is_named_too(field: str) -> None:
    assert look(nifti_2(texts={field: b"Doe^Jane"})).texts == (field,)


def test_blank_fields_hold_no_text() -> None:
    assert look(nifti(texts={"descrip": b"    ", "aux_file": b"\0 \0"})).texts == ()
    assert look(nifti(texts={"aux_file": b"None"})).texts == ()


@pytest.mark.parametrize(
    ("code", "data"), [(2, b"\x08\0\x10\0"), (4, b"<AFNI/>"), (6, b"hi"), (44, b'{"Name": "Doe"}')]
)
def test_an_extension_with_text_is_named_by_its_code(code: int, data: bytes) -> None:
    assert look(nifti(extension=(code, data))).texts == (f"an extension (code {code})",)


def test_an_extension_of_numbers_holds_no_text() -> None:
    assert look(nifti(extension=(10, bytes((1, 2, 3, 200))))).texts == ()


def test_bytes_between_header_and_voxels_are_found() -> None:
    assert look(nifti(gap=b"Doe^Jane")).texts == ("the gap before the image",)


def test_bytes_behind_the_voxels_are_found_packed_or_not() -> None:
    content = nifti() + b"Doe^Jane"
    assert look(content).texts == ("the bytes behind the image",)
    assert look(packed(content)).texts == ("the bytes behind the image",)
    assert look(packed(nifti()) + b"Doe^Jane").texts == ("the bytes behind the image",)


def test_padding_behind_the_voxels_is_no_text() -> None:
    assert look(nifti() + bytes(100)).texts == ()
    assert look(packed(nifti()) + bytes(100)).texts == ()


def test_the_name_in_a_gzip_header_stays_here() -> None:
    content = packed(nifti(), name=b"Doe_Jane.nii", comment=b"born 1950", mtime=1_700_000_000)
    seen = look(content)
    leaves = b"\x1f\x8b\x08\0\0\0\0\0\0\xff" + content[seen.head_bytes :]
    assert seen.texts == ()
    assert b"Doe" not in leaves
    assert gzip.decompress(leaves) == nifti()
    assert seen.size_bytes == len(leaves)
    assert seen.sha256 == hashlib.sha256(leaves).hexdigest()
    assert seen.md5 == hashlib.md5(leaves, usedforsecurity=False).hexdigest()


def test_a_name_in_a_later_gzip_member_is_found() -> None:
    """It lies in the middle of what leaves byte for byte."""
    half = nifti()[:200], nifti()[200:]
    content = packed(half[0]) + packed(half[1], name=b"Doe_Jane.nii")
    seen = look(content)
    assert (seen.problem, seen.texts) == (None, ("a name inside the gzip stream",))


def test_a_plain_image_leaves_byte_for_byte() -> None:
    seen = look(nifti())
    assert (seen.head_bytes, seen.size_bytes) == (0, len(nifti()))
    assert seen.sha256 == hashlib.sha256(nifti()).hexdigest()


def test_a_gzip_bomb_ends_where_its_header_says_and_takes_no_memory() -> None:
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    zeros = bytes(1 << 20)
    bomb = packer.compress(nifti()) + b"".join(packer.compress(zeros) for _ in range(200))
    bomb += packer.flush()
    tracemalloc.start()
    seen = look(bomb)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert seen.problem == "endless"
    assert peak < 16 << 20


def test_a_gzip_name_without_end_is_refused() -> None:
    content = b"\x1f\x8b\x08\x08" + bytes(5) + b"\xff" + b"x" * 200_000
    assert look(content).problem == "broken"


def test_members_without_number_are_given_up() -> None:
    """Each costs a little; a hundred thousand of them are no image."""
    content = packed(nifti()) + packed(b"") * 120_000
    assert look(content).problem == "broken"

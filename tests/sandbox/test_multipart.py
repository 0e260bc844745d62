"""Multipart bodies, cut wherever a network may cut them."""

from __future__ import annotations

import pytest

from adapters.sandbox.multipart import (
    MediaType,
    MultipartReader,
    PartBegins,
    PartData,
    PartEnds,
)

_BODY = (
    b"preamble\r\n--b0\r\nContent-Type: application/dicom\r\n\r\none\r\n--b-no\r\n"
    b"\r\n--b0\r\nContent-Type: Application/Dicom; x=1\r\nX: y\r\n\r\n"
    b"\r\n--b0\r\n\r\nthree\r\n--b0--"
)


def _parts(pieces: list[bytes]) -> list[tuple[str, bytes]]:
    reader = MultipartReader("b0")
    whole: list[tuple[str, bytes]] = []
    kind, data = "", b""
    for piece in pieces:
        for event in reader.feed(piece):
            if isinstance(event, PartBegins):
                kind, data = event.content_type, b""
            elif isinstance(event, PartData):
                data += event.data
            elif isinstance(event, PartEnds):
                whole.append((kind, data))
    return whole


@pytest.mark.parametrize("size", [*range(1, 30), 1000])
def test_parts_come_out_the_same_however_the_body_is_cut(size: int) -> None:
    pieces = [_BODY[at : at + size] for at in range(0, len(_BODY), size)]
    assert _parts(pieces) == [
        ("application/dicom", b"one\r\n--b-no\r\n"),
        ("application/dicom", b""),
        ("", b"three"),
    ]


def test_a_part_without_a_boundary_behind_it_never_ends() -> None:
    assert _parts([b"--b0\r\nContent-Type: application/dicom\r\n\r\nhalf of it"]) == []


@pytest.mark.parametrize("boundary", ["xyz", '"xyz"'])
def test_quotes_around_a_boundary_do_not_belong_to_it(boundary: str) -> None:
    media = MediaType.parse(f'Multipart/Related; type="application/dicom"; boundary={boundary}')
    assert media.name == "multipart/related"
    assert media.parameters == {"type": "application/dicom", "boundary": "xyz"}

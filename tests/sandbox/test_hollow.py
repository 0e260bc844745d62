"""A store that keeps no pixels: headers, lengths and digests are those of what came."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path

import pydicom
import pytest
from pydicom.encaps import encapsulate
from pydicom.uid import UID, ExplicitVRBigEndian, ImplicitVRLittleEndian, JPEGLSLossless

from adapters.sandbox.hollow import hollow
from adapters.sandbox.part10 import read_header
from adapters.sandbox.store import INDEXED, SOP_INSTANCE, Store
from tests.conformance.made import fresh_series, many

_PIXELS = b"\x07" * 300_000


def _image(syntax: str = pydicom.uid.ExplicitVRLittleEndian) -> bytes:
    """A whole file with large pixel data, in that transfer syntax."""
    image = pydicom.dcmread(io.BytesIO(many(fresh_series(), 1)[0].content))
    image.file_meta.TransferSyntaxUID = UID(syntax)
    image.Rows, image.Columns = 500, 300
    image.PixelData = encapsulate([_PIXELS, _PIXELS]) if syntax == JPEGLSLossless else _PIXELS
    image["PixelData"].VR = "OB" if syntax == JPEGLSLossless else "OW"
    content = io.BytesIO()
    pydicom.dcmwrite(
        content,
        image,
        enforce_file_format=True,
        little_endian=syntax != ExplicitVRBigEndian,
        implicit_vr=syntax == ImplicitVRLittleEndian,
    )
    return content.getvalue()


@pytest.mark.parametrize(
    "syntax",
    [pydicom.uid.ExplicitVRLittleEndian, ImplicitVRLittleEndian, JPEGLSLossless,
     ExplicitVRBigEndian],
)  # fmt: skip
def test_pixels_become_a_hole_and_nothing_else_changes(syntax: str, tmp_path: Path) -> None:
    path, content = tmp_path / "image.dcm", _image(syntax)
    path.write_bytes(content)
    hollow(path)
    assert path.stat().st_size == len(content) > 300_000
    assert path.stat().st_blocks * 512 < 50_000
    thin = path.read_bytes()
    assert thin == content.replace(b"\x07" * 300_000, bytes(300_000))
    assert thin != content
    assert read_header(thin, INDEXED) == read_header(content, INDEXED)


def test_what_is_no_dicom_is_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "volume.nii"
    path.write_bytes(_PIXELS)
    hollow(path)
    assert path.read_bytes() == _PIXELS


def test_the_store_tells_the_digest_of_what_came(tmp_path: Path) -> None:
    store = Store(tmp_path, keeps_pixels=False)
    path, content = store.spool(), _image()
    path.write_bytes(content)
    header = store.examine(path)
    store.keep(path, header)
    held = store.stored()[header.text(SOP_INSTANCE)]
    assert held.sha256 == hashlib.sha256(content).hexdigest()
    assert held.path.stat().st_blocks * 512 < 50_000

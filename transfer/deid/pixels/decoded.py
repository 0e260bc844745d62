"""Compressed pixel data, decoded and blanked frame by frame into native little endian."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

from transfer.deid.model import Stretch
from transfer.deid.pixels.codestream import size_of_frame
from transfer.deid.pixels.fragments import Fragments
from transfer.deid.pixels.image import FRAME_LIMIT_BYTES, Image, NotBlanked
from transfer.deid.pixels.isolated import decode_isolated
from transfer.deid.pixels.native import Grid, patch

if TYPE_CHECKING:
    import numpy as np

RLE: Final = "1.2.840.10008.1.2.5"
_EXTENDED: Final = "1.2.840.10008.1.2.4.51"
_DEADLY: Final = "gdcm"
_SPARE_BYTES: Final = 1 << 20

# Each syntax with the libraries to be asked, in this order. GDCM only where nothing else reads it.
DECODERS: Final = {
    "1.2.840.10008.1.2.4.50": ("pillow",),
    _EXTENDED: ("pillow",),
    "1.2.840.10008.1.2.4.57": (_DEADLY,),
    "1.2.840.10008.1.2.4.70": (_DEADLY,),
    "1.2.840.10008.1.2.4.80": ("pyjpegls",),
    "1.2.840.10008.1.2.4.81": ("pyjpegls",),
    "1.2.840.10008.1.2.4.90": ("pylibjpeg", "pillow"),
    "1.2.840.10008.1.2.4.91": ("pylibjpeg", "pillow"),
    "1.2.840.10008.1.2.4.201": ("pylibjpeg",),
    "1.2.840.10008.1.2.4.202": ("pylibjpeg",),
    "1.2.840.10008.1.2.4.203": ("pylibjpeg",),
    RLE: ("pydicom",),
}


def judge_decodable(transfer_syntax_uid: str, image: Image) -> None:
    """Whether this program can decode such pixels at all.

    Raises:
        NotBlanked: no library here reads this transfer syntax, or the frames are too large.
    """
    if not _plugins(transfer_syntax_uid):
        raise NotBlanked("The pixels must be changed, but nothing here decodes this compression.")
    if transfer_syntax_uid == _EXTENDED and image.stored_bits > 8:
        raise NotBlanked("The pixels must be changed, but nothing here decodes JPEG of 12 bits.")
    if image.allocated_bits == 1:
        raise NotBlanked("Compressed pixels of one bit are not known here.")
    if image.frame_bytes > FRAME_LIMIT_BYTES:
        raise NotBlanked("One frame is larger than this program decodes.")


def _plugins(transfer_syntax_uid: str) -> tuple[str, ...]:
    from pydicom.pixels.decoders.base import get_decoder

    wanted = DECODERS.get(transfer_syntax_uid, ())
    there = get_decoder(transfer_syntax_uid).available_plugins if wanted else ()
    return tuple(name for name in wanted if name in there)


def stream_decoded(
    fd: int, stretch: Stretch, transfer_syntax_uid: str, image: Image
) -> Iterator[tuple[bytearray, str]]:
    """Each frame in native form with its photometric interpretation, not blanked yet.

    Raises:
        NotBlanked: a frame cannot be decoded, or is not what the header tells.
        OSError: the disk.
    """
    decode = FrameDecoder(transfer_syntax_uid, image)
    fragments = Fragments(fd, stretch, image.frames)
    for number, (first, stop) in enumerate(fragments, 1):
        if fragments.size_bytes(first, stop) > 2 * image.frame_bytes + _SPARE_BYTES:
            raise NotBlanked(f"Frame {number} holds more data than a frame of its size can.")
        yield decode.frame(fragments.read(first, stop), number)


def blank_frame(frame: bytearray, image: Image, grid: Grid) -> None:
    """Blank one decoded frame in place."""
    patch(frame, 0, image.rows * len(grid.patterns), grid)


class FrameDecoder:
    """Decodes one frame after the other of one instance."""

    def __init__(self, transfer_syntax_uid: str, image: Image) -> None:
        from pydicom.pixels.decoders.base import get_decoder

        self._decoder = get_decoder(transfer_syntax_uid)
        self._plugins = _plugins(transfer_syntax_uid)
        self._syntax = transfer_syntax_uid
        self._is_rle = transfer_syntax_uid == RLE
        self._image = image
        self._options: dict[str, Any] = {
            "rows": image.rows,
            "columns": image.columns,
            "number_of_frames": 1,
            "samples_per_pixel": image.samples,
            "photometric_interpretation": image.photometric,
            "planar_configuration": int(image.is_planar),
            "bits_allocated": image.allocated_bits,
            "bits_stored": image.stored_bits,
            "pixel_representation": int(image.is_signed),
            "pixel_keyword": "PixelData",
        }

    def frame(self, encoded: bytes, number: int) -> tuple[bytearray, str]:
        """A frame in native form and its photometric interpretation.

        Raises:
            NotBlanked: it cannot be decoded, or is not what the header tells.
        """
        from pydicom.encaps import encapsulate

        image = self._image
        if not self._is_rle and size_of_frame(encoded) != (
            image.rows,
            image.columns,
            image.samples,
        ):
            raise NotBlanked(f"Frame {number} is damaged or not of the size that the header tells.")
        data = encapsulate([encoded], has_bot=False)
        for plugin in self._plugins:
            try:
                array, told = self._decode(data, plugin)
            except Exception:  # noqa: BLE001, S112 - untrusted bytes in foreign code: ask the next
                continue
            # A decoder gives every pixel its chrominance back, whatever the header goes on saying.
            return self._native(array, number), told.replace("_422", "")
        raise NotBlanked(f"Frame {number} cannot be decoded.")

    def _decode(self, data: bytes, plugin: str) -> tuple[np.ndarray[Any, Any], str]:
        if plugin == _DEADLY:
            limit = 8 * self._image.rows * self._image.columns * self._image.samples
            return decode_isolated(data, self._syntax, plugin, limit, self._options)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a pixel that is odd is not our finding
            array, told = self._decoder.as_array(
                data, raw=True, decoding_plugin=plugin, **self._options
            )
        return array, str(told["photometric_interpretation"])

    def _native(self, array: np.ndarray[Any, Any], number: int) -> bytearray:
        """Little endian, colour by pixel, in the bits that the header allocates."""
        image = self._image
        kind = "i" if image.is_signed else "u"
        size = image.allocated_bits // 8
        is_fit = array.dtype.kind == kind and array.dtype.itemsize <= size
        if not is_fit or array.size != image.rows * image.columns * image.samples:
            raise NotBlanked(f"Frame {number} is not what the header tells of its pixels.")
        return bytearray(array.astype(f"<{kind}{size}", copy=False).tobytes())

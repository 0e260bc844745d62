"""How the pixels of one instance are laid out, taken from its header and judged strictly."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from transfer.deid.model import Element, Header

SAMPLES: Final = 0x00280002
PHOTOMETRIC: Final = 0x00280004
PLANAR: Final = 0x00280006
FRAMES: Final = 0x00280008
ROWS: Final = 0x00280010
COLUMNS: Final = 0x00280011
ALLOCATED: Final = 0x00280100
STORED: Final = 0x00280101
HIGH_BIT: Final = 0x00280102
REPRESENTATION: Final = 0x00280103

LENGTH_LIMIT_BYTES: Final = 0xFFFFFFFE
FRAME_LIMIT_BYTES: Final = 1 << 29
_ALLOCATIONS: Final = (1, 8, 16, 32, 64)


class NotBlanked(Exception):
    """The pixels cannot be changed as the script says. `reason` is plain and holds no value."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Image:
    """The Image Pixel module of one instance (PS3.3 section C.7.6.3).

    `is_planar`: colour by plane. `is_halved`: chrominance is stored for every second pixel only
    (YBR_FULL_422 in native form, PS3.3 section C.7.6.3.1.2).
    """

    rows: int
    columns: int
    frames: int
    samples: int
    photometric: str
    allocated_bits: int
    stored_bits: int
    high_bit: int
    is_signed: bool
    is_planar: bool
    is_halved: bool = False

    @property
    def kept_samples(self) -> int:
        """Samples per pixel as stored."""
        return 2 if self.is_halved else self.samples

    @property
    def size_bits(self) -> int:
        """Of all frames together: packed bits run on from frame to frame (PS3.5 section 8.1.1)."""
        return self.rows * self.columns * self.kept_samples * self.allocated_bits * self.frames

    @property
    def size_bytes(self) -> int:
        """Of all frames in native form, without the byte that makes it even."""
        return (self.size_bits + 7) // 8

    @property
    def padded_bytes(self) -> int:
        return self.size_bytes + self.size_bytes % 2

    @property
    def frame_bytes(self) -> int:
        return (self.size_bits // self.frames + 7) // 8


def describe(header: Header) -> Image:
    """What the header says of its pixels.

    Raises:
        NotBlanked: a value is missing or impossible, or this form of pixels is not known here.
    """
    number = _Numbers(header)
    rows, columns = number.of(ROWS, "Rows"), number.of(COLUMNS, "Columns")
    samples = number.of(SAMPLES, "Samples per Pixel")
    allocated = number.of(ALLOCATED, "Bits Allocated")
    stored = number.of(STORED, "Bits Stored", allocated)
    high_bit = number.of(HIGH_BIT, "High Bit", stored - 1)
    frames = number.of(FRAMES, "Number of Frames", 1)
    planar = number.of(PLANAR, "Planar Configuration", 0)
    signed = number.of(REPRESENTATION, "Pixel Representation", 0)
    photometric = _text(header.dataset.get(PHOTOMETRIC))
    if not photometric:
        raise NotBlanked("Photometric Interpretation is missing.")
    for value, name in (
        (rows, "Rows"),
        (columns, "Columns"),
        (frames, "Number of Frames"),
        (stored, "Bits Stored"),
    ):
        if value < 1:
            raise NotBlanked(f"{name} is not a positive number.")
    if samples not in (1, 3, 4) or planar not in (0, 1) or signed not in (0, 1):
        raise NotBlanked("The description of the pixels is not one that DICOM knows.")
    if allocated not in _ALLOCATIONS or not stored <= high_bit + 1 <= allocated:
        raise NotBlanked("The description of bits and bytes is not one that DICOM knows.")
    if allocated == 1 and samples != 1:
        raise NotBlanked("Colour pixels of one bit are not known here.")
    return Image(
        rows,
        columns,
        frames,
        samples,
        photometric,
        allocated,
        stored,
        high_bit,
        signed == 1,
        planar == 1 and samples > 1,
    )


class _Numbers:
    def __init__(self, header: Header) -> None:
        self._dataset = header.dataset
        self._order: Literal["little", "big"] = "little" if header.encoding.is_little else "big"

    def of(self, tag: int, name: str, absent: int | None = None) -> int:
        element = self._dataset.get(tag)
        value = b"" if element is None else element.value
        if not isinstance(value, bytes):
            raise NotBlanked(f"{name} is not a number.")
        if not value.strip(b" \0") and (absent is not None and len(value) != 2):
            return absent
        if not value:
            raise NotBlanked(f"{name} is missing.")
        if tag != FRAMES and element is not None and element.vr not in ("IS", "DS"):
            if len(value) != 2:
                raise NotBlanked(f"{name} is not a number.")
            return int.from_bytes(value, self._order)
        text = value.strip(b" \0")
        if not text.isdigit() or len(text) > 10:
            raise NotBlanked(f"{name} is not a number.")
        return int(text)


def _text(element: Element | None) -> str:
    if element is None or not isinstance(element.value, bytes):
        return ""
    return element.value.decode("ascii", "replace").strip(" \0").upper()

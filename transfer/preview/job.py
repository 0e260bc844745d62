"""One frame, taken out of an instance with all that is needed to draw it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Final, Literal, NamedTuple

from transfer.deid.model import DataSet, Element, Header, Stretch
from transfer.deid.pixels.fragments import Fragments
from transfer.deid.pixels.image import Image, NotBlanked, describe
from transfer.deid.pixels.native import judge_native
from transfer.deid.pixels.source import read_exactly

FRAME_LIMIT_BYTES: Final = 128 * 1024 * 1024
"""The largest frame, in native form, that is drawn."""

_SPARE_BYTES: Final = 1 << 20
_LUT_LIMIT_BYTES: Final = 1 << 18
_SHARED_GROUPS, _FRAME_GROUPS = 0x52009229, 0x52009230
_TRANSFORMATION, _FRAME_VOI = 0x00289145, 0x00289132
_CENTER, _WIDTH, _FUNCTION = 0x00281050, 0x00281051, 0x00281056
_INTERCEPT, _SLOPE = 0x00281052, 0x00281053
_MODALITY_LUT, _VOI_LUT = 0x00283000, 0x00283010
_DESCRIPTOR, _DATA = 0x00283002, 0x00283006
_PALETTE: Final = ((0x00281101, 0x00281201), (0x00281102, 0x00281202), (0x00281103, 0x00281203))


class NoPicture(Exception):
    """There is nothing to draw, or it cannot be. `reason` and `remedy` hold no value."""

    def __init__(self, reason: str, remedy: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.remedy = remedy


class Table(NamedTuple):
    """A lookup table (PS3.3 section C.11.1): the first value that is mapped, bits of its entries,
    and the entries as 16 bits little endian, in hex."""

    first: int
    bits: int
    entries: str


@dataclass(frozen=True, slots=True)
class Job:
    """What the drawing process is given besides the bytes of the frame.

    `syntax` is empty for a frame in native form, of which `skipped_bits` bits come first.
    """

    image: Image
    syntax: str
    is_little: bool
    is_swapped: bool
    frame: int
    skipped_bits: int = 0
    slope: float = 1.0
    intercept: float = 0.0
    center: float | None = None
    width: float | None = None
    function: str = "LINEAR"
    modality: Table | None = None
    voi: Table | None = None
    palette: tuple[Table, ...] = field(default=())


def take_frame(fd: int, header: Header) -> tuple[Job, bytes]:
    """The middle frame of an instance. Blocking.

    Raises:
        NoPicture: it has no pixels, or they are not laid out as the header says.
        OSError: the disk.
    """
    pixels = header.pixels
    if pixels is None or not isinstance(pixels.value, Stretch):
        raise NoPicture("This object holds no image.", "Choose a series of images.")
    try:
        image = describe(header)
        if image.frame_bytes > FRAME_LIMIT_BYTES:
            raise NoPicture("One frame of it is larger than this program draws.")
        frame = image.frames // 2
        if pixels.is_encapsulated:
            fragments = Fragments(fd, pixels.value, image.frames)
            first, stop = list(fragments)[frame]
            if fragments.size_bytes(first, stop) > 2 * image.frame_bytes + _SPARE_BYTES:
                raise NoPicture("Its frame holds more data than a frame of its size can.")
            data = fragments.read(first, stop)
            job = Job(image, header.transfer_syntax_uid, True, False, frame)
        else:
            image, data, skipped = _native(fd, header, image, pixels.value, frame)
            is_swapped = not header.encoding.is_little and (
                pixels.vr == "OW" and image.allocated_bits <= 8
            )
            job = Job(image, "", header.encoding.is_little, is_swapped, frame, skipped)
    except NotBlanked as refused:
        raise NoPicture(refused.reason) from None
    return _with_looks(job, fd, header), data


def _native(
    fd: int, header: Header, image: Image, stretch: Stretch, frame: int
) -> tuple[Image, bytes, int]:
    """The image as stored, the bytes that hold the frame, and the bits before its first pixel."""
    try:
        image = judge_native(image, stretch.length)
    except NotBlanked:
        if stretch.length < image.size_bytes:
            raise
    bits = image.size_bits // image.frames
    begin, skipped = divmod(frame * bits, 8)
    length = (skipped + bits + 7) // 8
    if not header.encoding.is_little:
        length = min(length + length % 2, stretch.length - begin)
    source = header.inflated if header.inflated is not None else fd
    return image, bytes(read_exactly(source, stretch.offset + begin, length)), skipped


def _with_looks(job: Job, fd: int, header: Header) -> Job:
    """What the header says about how values become grey or colour, for this frame."""
    ask = _Asked(fd, header, job.frame)
    return replace(
        job,
        slope=ask.number(_TRANSFORMATION, _SLOPE, 1.0) or 1.0,
        intercept=ask.number(_TRANSFORMATION, _INTERCEPT, 0.0) or 0.0,
        center=ask.number(_FRAME_VOI, _CENTER, None),
        width=ask.number(_FRAME_VOI, _WIDTH, None),
        function=ask.text(_FRAME_VOI, _FUNCTION) or "LINEAR",
        modality=ask.table_in(_MODALITY_LUT),
        voi=ask.table_in(_VOI_LUT),
        palette=ask.palette(),
    )


class _Asked:
    def __init__(self, fd: int, header: Header, frame: int) -> None:
        self._fd = fd
        self._inflated = header.inflated
        self._root = header.dataset
        self._order: Literal["little", "big"] = "little" if header.encoding.is_little else "big"
        self._groups = [
            found
            for found in (
                _item(self._root, _FRAME_GROUPS, frame),
                _item(self._root, _SHARED_GROUPS),
            )
            if found is not None
        ]

    def _element(self, sequence: int, tag: int) -> Element | None:
        """As functional groups say, the frame's own first, else as the root does."""
        for group in self._groups:
            item = _item(group, sequence)
            if item is not None and tag in item:
                return item[tag]
        return self._root.get(tag)

    def text(self, sequence: int, tag: int) -> str:
        element = self._element(sequence, tag)
        value = element.value if element is not None else b""
        first = value.split(b"\\")[0] if isinstance(value, bytes) else b""
        return first.decode("ascii", "replace").strip(" \0")

    def number(self, sequence: int, tag: int, absent: float | None) -> float | None:
        try:
            return float(self.text(sequence, tag))
        except ValueError:
            return absent

    def table_in(self, sequence: int) -> Table | None:
        item = _item(self._root, sequence)
        return None if item is None else self._table(item, _DESCRIPTOR, _DATA)

    def palette(self) -> tuple[Table, ...]:
        tables = [self._table(self._root, *tags) for tags in _PALETTE]
        found = tuple(table for table in tables if table is not None)
        return found if len(found) == len(_PALETTE) else ()

    def _table(self, dataset: DataSet, descriptor: int, data: int) -> Table | None:
        told = _bytes(dataset.get(descriptor))
        element = dataset.get(data)
        if len(told) < 6 or element is None or isinstance(element.value, list):
            return None
        # The first value is signed where the pixels are; an entry count of 0 means 65536.
        n, first, bits = (int.from_bytes(told[at : at + 2], self._order) for at in (0, 2, 4))
        raw = self._all(element.value)
        n = n or 0x10000
        if len(raw) >= 2 * n:
            pairs = (raw[at : at + 2] for at in range(0, 2 * n, 2))
            entries = b"".join(p if self._order == "little" else p[::-1] for p in pairs)
        elif len(raw) >= n:
            entries = b"".join(bytes((byte, 0)) for byte in raw[:n])
        else:
            return None
        is_signed = element.vr == "SS" or _vr(dataset.get(descriptor)) == "SS"
        return Table(
            first - 0x10000 if is_signed and first > 0x7FFF else first, bits, entries.hex()
        )

    def _all(self, value: bytes | Stretch) -> bytes:
        if isinstance(value, bytes):
            return value
        at, length = value
        if length > _LUT_LIMIT_BYTES:
            return b""
        if self._inflated is not None:
            return self._inflated[at : at + length]
        return os.pread(self._fd, length, at)


def _items(dataset: DataSet, sequence: int) -> Iterator[DataSet]:
    element = dataset.get(sequence)
    if element is not None and isinstance(element.value, list):
        yield from element.value


def _item(dataset: DataSet, sequence: int, index: int = 0) -> DataSet | None:
    return next((item for n, item in enumerate(_items(dataset, sequence)) if n == index), None)


def _bytes(element: Element | None) -> bytes:
    return element.value if element is not None and isinstance(element.value, bytes) else b""


def _vr(element: Element | None) -> str:
    return "" if element is None else element.vr

"""The header of an instance whose pixels were changed: nothing in it may contradict them."""

from __future__ import annotations

from dataclasses import replace
from typing import Final, Literal

from transfer.deid.model import PIXEL_DATA, DataSet, Element, Header, Stretch
from transfer.deid.pixels.image import HIGH_BIT, PHOTOMETRIC, PLANAR, Image

EXPLICIT_LITTLE: Final = "1.2.840.10008.1.2.1"
PLACEHOLDER_OFFSET: Final = -1
"""Where the stretch of blanked pixel data pretends to lie: reading the original there fails, so
that a caller who forgets to put the blanked ones in its place cannot send the original."""

_SYNTAX: Final = 0x00020010
_ICONS: Final = 0x00880200
_LOSSY: Final = 0x00282110
_RATIO: Final = 0x00282112
_LOSSY_METHOD: Final = 0x00282114
_OFFSET_TABLES: Final = (0x7FE00001, 0x7FE00002, 0x7FE00003)
_DEPTH_LIMIT: Final = 64

_LOSSY_METHODS: Final = {  # PS3.3 section C.7.6.1.1.5.1
    "1.2.840.10008.1.2.4.50": "ISO_10918_1",
    "1.2.840.10008.1.2.4.51": "ISO_10918_1",
    "1.2.840.10008.1.2.4.81": "ISO_14495_1",
    "1.2.840.10008.1.2.4.91": "ISO_15444_1",
    "1.2.840.10008.1.2.4.203": "ISO_15444_15",
}
_ALWAYS_LOSSY: Final = frozenset(("1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.4.51"))


def amend_native(header: Header, length: int) -> Header:
    """For pixels patched in the form in which they are stored; `length` in bytes, even."""
    dataset = without_icons(header.dataset)
    return replace(header, dataset=dataset, pixels=_pixels(header, None, length))


def amend_decoded(header: Header, image: Image, photometric: str, length: int) -> Header:
    """For pixels that were decoded into native Explicit VR Little Endian.

    What was lost by compression stays lost, so its history stays in the header, or enters it
    (PS3.3 section C.7.6.1.1.5; rule DID-08).
    """
    set_ = _Setter(header)
    set_.text(PHOTOMETRIC, "CS", photometric)
    if image.samples > 1:
        set_.number(PLANAR, 0)
    set_.number(HIGH_BIT, image.stored_bits - 1)
    _keep_history(set_, header, image)
    dataset = without_icons(set_.dataset())
    for tag in _OFFSET_TABLES:
        dataset.pop(tag, None)
    meta = dict(header.meta)
    if meta:
        meta[_SYNTAX] = EXPLICIT_LITTLE.encode() + b"\0"
    return replace(
        header,
        meta=meta,
        transfer_syntax_uid=EXPLICIT_LITTLE,
        dataset=dataset,
        pixels=_pixels(header, "OB" if image.allocated_bits <= 8 else "OW", length),
    )


def without_icons(dataset: DataSet, depth: int = 0) -> DataSet:
    """The data set without Icon Image Sequences (0088,0200): they show what was blanked, in small.

    Elements without one inside stay the very objects that they were. CTP leaves icons alone.
    """
    kept: DataSet = {}
    for tag, element in dataset.items():
        if tag == _ICONS:
            continue
        if isinstance(element.value, list) and depth < _DEPTH_LIMIT:
            items = [without_icons(item, depth + 1) for item in element.value]
            if any(new is not old for new, old in zip(items, element.value, strict=True)):
                element = Element(tag, element.vr, items)
        kept[tag] = element
    is_same = len(kept) == len(dataset) and all(kept[tag] is dataset[tag] for tag in kept)
    return dataset if is_same else kept


def _pixels(header: Header, vr: str | None, length: int) -> Element:
    given = header.pixels.vr if header.pixels is not None else "OW"
    return Element(PIXEL_DATA, vr or given, Stretch(PLACEHOLDER_OFFSET, length))


def _keep_history(set_: _Setter, header: Header, image: Image) -> None:
    syntax = header.transfer_syntax_uid
    method = _LOSSY_METHODS.get(syntax)
    told = set_.told(_LOSSY)
    if method is None or (told and syntax not in _ALWAYS_LOSSY):
        return
    set_.text(_LOSSY, "CS", "01")
    if set_.told(_LOSSY_METHOD) or set_.told(_RATIO):
        return
    set_.text(_LOSSY_METHOD, "CS", method)
    stretch = header.pixels.value if header.pixels is not None else None
    if isinstance(stretch, Stretch) and stretch.length:
        set_.text(_RATIO, "DS", f"{max(image.size_bytes / stretch.length, 1):.2f}")


class _Setter:
    """Puts elements into a copy of a data set, in the order of their tags."""

    def __init__(self, header: Header) -> None:
        self._order: Literal["little", "big"] = "little" if header.encoding.is_little else "big"
        self._before = header.dataset
        self._new: DataSet = {}

    def told(self, tag: int) -> bytes:
        element = self._new.get(tag) or self._before.get(tag)
        value = element.value if element is not None else b""
        return value.strip(b" \0") if isinstance(value, bytes) else b""

    def text(self, tag: int, vr: str, value: str) -> None:
        raw = value.encode("ascii", "replace")
        self._new[tag] = Element(tag, vr, raw + b" " * (len(raw) % 2))

    def number(self, tag: int, value: int) -> None:
        self._new[tag] = Element(tag, "US", value.to_bytes(2, self._order))

    def dataset(self) -> DataSet:
        """Unchanged elements stay the very objects that they were."""
        before = {
            tag: element
            for tag, element in self._before.items()
            if tag not in self._new or self._same(element)
        }
        new = {tag: element for tag, element in self._new.items() if tag not in before}
        if not new:
            return dict(before)
        return dict(sorted({**before, **new}.items()))

    def _same(self, element: Element) -> bool:
        new = self._new[element.tag]
        return (element.vr, element.value) == (new.vr, new.value)

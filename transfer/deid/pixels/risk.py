"""Whether an image may show identifying text in its pixels, from its header as it was read."""

from __future__ import annotations

from typing import Final

from transfer.deid.model import Header
from transfer.quality.burned_in import Picture, risk_of

_SOP_CLASS: Final = 0x00080016
_MODALITY: Final = 0x00080060
_CONVERSION: Final = 0x00080064
_IMAGE_TYPE: Final = 0x00080008
_SERIES_TEXT: Final = 0x0008103E
_BURNED_IN: Final = 0x00280301
_PIXELS: Final = (0x7FE00008, 0x7FE00009)


def burned_in_risk(header: Header) -> str | None:
    """Why a person must look at this image, in words without any value; None: no reason seen."""
    if header.pixels is None and not any(tag in header.dataset for tag in _PIXELS):
        return None
    return risk_of(
        Picture(
            sop_class=_text(header, _SOP_CLASS),
            modality=_text(header, _MODALITY),
            image_type=_text(header, _IMAGE_TYPE),
            series_description=_text(header, _SERIES_TEXT),
            conversion_type=_text(header, _CONVERSION),
            burned_in=_text(header, _BURNED_IN),
        )
    )


def _text(header: Header, tag: int) -> str:
    element = header.dataset.get(tag)
    if element is None or not isinstance(element.value, bytes):
        return ""
    return element.value.strip(b" \0").upper().decode("ascii", "replace")

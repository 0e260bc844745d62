"""Whether an image may show identifying text in its pixels, by rule DID-07.

No picture is looked at: the rule names the kinds of objects that carry text often enough for a
person to be asked. Burned In Annotation NO excuses a kind, but never mammography, 2D ultrasound,
screen saves, dose pages and slide labels, where the word is often a default of the device.
"""

from __future__ import annotations

import re
from typing import Final

from transfer.deid.model import Header

_SOP_CLASS: Final = 0x00080016
_MODALITY: Final = 0x00080060
_CONVERSION: Final = 0x00080064
_IMAGE_TYPE: Final = 0x00080008
_SERIES_TEXT: Final = 0x0008103E
_BURNED_IN: Final = 0x00280301
_PIXELS: Final = (0x7FE00008, 0x7FE00009)

_ROOT: Final = "1.2.840.10008.5.1.4.1.1."
_MAMMOGRAPHY: Final = frozenset(("1.2", "1.2.1", "13.1.3", "13.1.4", "13.1.5"))
_ULTRASOUND: Final = frozenset(("3", "3.1", "6", "6.1"))
_SECONDARY_CAPTURE: Final = frozenset(("7", "7.1", "7.2", "7.3", "7.4"))
_FLUOROSCOPY: Final = frozenset(("12.1", "12.1.1", "12.2", "12.2.1", "12.3", "13.1.1"))
_PHOTOGRAPHY: Final = frozenset(("77.1.1", "77.1.1.1", "77.1.2", "77.1.2.1", "77.1.4", "77.1.4.1"))
_SCREEN: Final = re.compile(rb"SCREEN[ _-]?(SAVE|SHOT|CAPTURE)|SNAPSHOT")
_DOSE: Final = re.compile(rb"DOSE[ _-]?(INFO|REPORT|RECORD|PAGE|SUMMARY)|(^|\\)DOSE(\\|$)")
_PROTOCOL: Final = re.compile(rb"PATIENT[ _-]?PROTOCOL|DOSE[ _-]?(REPORT|INFO|RECORD|SUMMARY)")
_SLIDE: Final = re.compile(rb"(^|\\)(LABEL|OVERVIEW)(\\|$)")


def burned_in_risk(header: Header) -> str | None:
    """Why a person must look at this image, in words without any value; None: no reason seen."""
    if header.pixels is None and not any(tag in header.dataset for tag in _PIXELS):
        return None
    burned_in = _raw(header, _BURNED_IN)
    if burned_in == b"YES":
        return "Burned In Annotation (0028,0301) says that the picture holds text."
    sop_class, modality = (
        _raw(header, _SOP_CLASS).decode("ascii", "replace"),
        _raw(header, _MODALITY),
    )
    kind = sop_class.removeprefix(_ROOT) if sop_class.startswith(_ROOT) else ""
    always = _always(header, kind, modality)
    return always or (None if burned_in == b"NO" else _unless_denied(header, kind, modality))


def _always(header: Header, kind: str, modality: bytes) -> str | None:
    image_type, series = _raw(header, _IMAGE_TYPE), _raw(header, _SERIES_TEXT)
    if kind in _MAMMOGRAPHY or modality == b"MG":
        return "Mammography often shows the patient's name beside the breast."
    if kind in _ULTRASOUND or (modality in (b"US", b"IVUS") and kind != "6.2"):
        return "Ultrasound shows the patient's name above the picture as a rule."
    if _SCREEN.search(image_type) or _SCREEN.search(series):
        return "This is a copy of a screen, which shows the patient's name as a rule."
    if _DOSE.search(image_type) or _PROTOCOL.search(series):
        return "This is a dose or protocol page, which shows the patient's name as a rule."
    if _SLIDE.search(image_type) and (modality == b"SM" or kind == "77.1.6"):
        return "The label of a slide shows names or numbers as a rule."
    return None


def _unless_denied(header: Header, kind: str, modality: bytes) -> str | None:
    if kind in _SECONDARY_CAPTURE or _raw(header, _CONVERSION):
        return "This is a secondary capture, which may be a copy of a screen or of a film."
    if kind in _FLUOROSCOPY or modality in (b"XA", b"RF", b"DG"):
        return "Fluoroscopy may show the patient's name in the picture."
    if kind in _PHOTOGRAPHY or modality in (b"ES", b"XC", b"GM", b"DMS"):
        return "Endoscopy and photography may show the patient's name in the picture."
    if kind == "6.2" or modality in (b"US", b"IVUS"):
        return "Ultrasound may show the patient's name in the picture."
    return None


def _raw(header: Header, tag: int) -> bytes:
    element = header.dataset.get(tag)
    if element is None or not isinstance(element.value, bytes):
        return b""
    return element.value.strip(b" \0").upper()

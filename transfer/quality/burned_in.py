"""Whether an image may show identifying text in its pixels, by rule DID-07.

No picture is looked at: the rule names the kinds of objects that carry text often enough for a
person to be asked. Burned In Annotation NO excuses a kind, but never mammography, 2D ultrasound,
screen saves, dose pages and slide labels, where the word is often a default of the device.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

_ROOT: Final = "1.2.840.10008.5.1.4.1.1."
_MAMMOGRAPHY: Final = frozenset(("1.2", "1.2.1", "13.1.3", "13.1.4", "13.1.5"))
_ULTRASOUND: Final = frozenset(("3", "3.1", "6", "6.1"))
_SECONDARY_CAPTURE: Final = frozenset(("7", "7.1", "7.2", "7.3", "7.4"))
_FLUOROSCOPY: Final = frozenset(("12.1", "12.1.1", "12.2", "12.2.1", "12.3", "13.1.1"))
_PHOTOGRAPHY: Final = frozenset(("77.1.1", "77.1.1.1", "77.1.2", "77.1.2.1", "77.1.4", "77.1.4.1"))
_SCREEN: Final = re.compile(r"SCREEN[ _-]?(SAVE|SHOT|CAPTURE)|SNAPSHOT")
_DOSE: Final = re.compile(r"DOSE[ _-]?(INFO|REPORT|RECORD|PAGE|SUMMARY)|(^|\\)DOSE(\\|$)")
_PROTOCOL: Final = re.compile(r"PATIENT[ _-]?PROTOCOL|DOSE[ _-]?(REPORT|INFO|RECORD|SUMMARY)")
_SLIDE: Final = re.compile(r"(^|\\)(LABEL|OVERVIEW)(\\|$)")


class Picture(NamedTuple):
    """What a header says of its picture, trimmed and in capitals."""

    sop_class: str
    modality: str
    image_type: str
    series_description: str
    conversion_type: str
    burned_in: str

    @property
    def kind(self) -> str:
        """The end of a Storage SOP Class of the standard; empty for others."""
        return self.sop_class.removeprefix(_ROOT) if self.sop_class.startswith(_ROOT) else ""


def risk_of(picture: Picture) -> str | None:
    """Why a person must look at this image, in words without any value; None: no reason seen."""
    if picture.burned_in == "YES":
        return "Burned In Annotation (0028,0301) says that the picture holds text."
    return _always(picture) or (None if picture.burned_in == "NO" else _unless_denied(picture))


def _always(picture: Picture) -> str | None:
    kind, modality = picture.kind, picture.modality
    image_type, series = picture.image_type, picture.series_description
    if kind in _MAMMOGRAPHY or modality == "MG":
        return "Mammography often shows the patient's name beside the breast."
    if kind in _ULTRASOUND or (modality in ("US", "IVUS") and kind != "6.2"):
        return "Ultrasound shows the patient's name above the picture as a rule."
    if _SCREEN.search(image_type) or _SCREEN.search(series):
        return "This is a copy of a screen, which shows the patient's name as a rule."
    if _DOSE.search(image_type) or _PROTOCOL.search(series):
        return "This is a dose or protocol page, which shows the patient's name as a rule."
    if _SLIDE.search(image_type) and (modality == "SM" or kind == "77.1.6"):
        return "The label of a slide shows names or numbers as a rule."
    return None


def _unless_denied(picture: Picture) -> str | None:
    kind, modality = picture.kind, picture.modality
    if kind in _SECONDARY_CAPTURE or picture.conversion_type:
        return "This is a secondary capture, which may be a copy of a screen or of a film."
    if kind in _FLUOROSCOPY or modality in ("XA", "RF", "DG"):
        return "Fluoroscopy may show the patient's name in the picture."
    if kind in _PHOTOGRAPHY or modality in ("ES", "XC", "GM", "DMS"):
        return "Endoscopy and photography may show the patient's name in the picture."
    if kind == "6.2" or modality in ("US", "IVUS"):
        return "Ultrasound may show the patient's name in the picture."
    return None

"""The items that a rule adds to De-identification Method Code Sequence (0012,0064)."""

from __future__ import annotations

from typing import Final

from transfer.deid.model import DataSet, Element
from transfer.deid.text.charset import CharacterSet
from transfer.deid.text.java import split, trim
from transfer.deid.text.values import write_text

METHOD_CODES: Final = 0x00120064
_CODE_VALUE: Final = 0x00080100
_SCHEME: Final = 0x00080102
_MEANING: Final = 0x00080104
_UNKNOWN: Final = "UNKNOWN"

# CID 7050 of PS3.16, in CTP's spelling.
MEANINGS: Final = {
    "113100": "Basic Application Confidentiality Profile",
    "113101": "Clean Pixel Data Option",
    "113102": "Clean Recognizable Visual Features Option",
    "113103": "Clean Graphics Option",
    "113104": "Clean Structured Content Option",
    "113105": "Clean Descriptors Option",
    "113106": "Retain Longitudinal Temporal Information Full Dates Option",
    "113107": "Retain Longitudinal Temporal Information Modified Dates Option",
    "113108": "Retain Patient Characteristics Option",
    "113109": "Retain Device Identity Option",
    "113110": "Retain UIDs",
    "113111": "Retain Safe Private Option",
    "113112": "Retain Institution Identity Option",
}


def with_codes(items: list[DataSet], text: str, charset: CharacterSet) -> list[DataSet]:
    """The items with one more for each code of a text such as `113100/113105`; `reset` drops those
    before it."""
    result = list(items)
    for part in split(text, "/"):
        code = trim(part)
        if code.lower() == "reset":
            result.clear()
        else:
            result.append(_item(code, charset))
    return result


def _item(code: str, charset: CharacterSet) -> DataSet:
    meaning = MEANINGS.get(code)
    values = (
        (_CODE_VALUE, "SH", code),
        (_SCHEME, "SH", _UNKNOWN if meaning is None else "DCM"),
        (_MEANING, "LO", meaning or _UNKNOWN),
    )
    return {
        tag: Element(tag, vr, write_text(vr, [text], charset, is_little=True))
        for tag, vr, text in values
    }

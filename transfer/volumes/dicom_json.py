"""DICOM JSON (PS3.18 annex F) to the data set that de-identification works on, and back.

Values are encoded as explicit VR little endian would store them, texts in UTF-8, which JSON is
written in. What is read was written by others: its size, depth and forms are bounded.
"""

from __future__ import annotations

import base64
import json
import math
import re
import struct
from collections.abc import Callable
from enum import StrEnum
from typing import Any, Final

from transfer.deid.model import DataSet, Element

LIMIT_BYTES: Final = 4 * 1024 * 1024
CHARSET: Final = 0x00080005
UTF_8: Final = b"ISO_IR 192"

_DEPTH: Final = 16
_KEY: Final = re.compile(r"[0-9A-Fa-f]{8}")
_NUMBER: Final = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")
_ONE_TEXT: Final = frozenset(("LT", "ST", "UT", "UR"))
_TEXT: Final = _ONE_TEXT | {
    *("AE", "AS", "CS", "DA", "DS", "DT", "IS", "LO", "SH", "TM", "UC", "UI"),
}
_NUMBERS: Final = {
    **{"FL": "f", "FD": "d", "SL": "l", "SS": "h", "UL": "L", "US": "H", "SV": "q", "UV": "Q"},
}
_BYTES: Final = frozenset(("OB", "OD", "OF", "OL", "OV", "OW", "UN"))
_GROUPS_OF_NAMES: Final = ("Alphabetic", "Ideographic", "Phonetic")
_NOT_FINITE: Final = {"NaN": float("nan"), "inf": float("inf"), "-inf": float("-inf")}


class JsonProblem(StrEnum):
    """Why a JSON file is not what travels with an image; kept in the ledger."""

    ABSENT = "absent"
    UNREADABLE = "unreadable"
    TOO_LARGE = "too-large"
    OTHER = "other-json"
    MANY = "many"
    POINTS_AWAY = "points-away"
    PIXELS = "pixels"
    MALFORMED = "malformed"


class NotDicomJson(Exception):
    """It is not; `problem` says what it is instead. Holds no value."""

    def __init__(self, problem: JsonProblem) -> None:
        super().__init__(problem.value)
        self.problem = problem


def read_dicom_json(content: bytes) -> DataSet:
    """The data set of one instance, given alone or as the only one of a list.

    Raises:
        NotDicomJson: it is none, or not of a form that may travel.
    """
    if len(content) > LIMIT_BYTES:
        raise NotDicomJson(JsonProblem.TOO_LARGE)
    try:
        found = json.loads(
            content.removeprefix(b"\xef\xbb\xbf"),
            object_pairs_hook=_once,
            parse_constant=_no_number,
        )
    except (ValueError, RecursionError):
        raise NotDicomJson(JsonProblem.MALFORMED) from None
    if isinstance(found, list):
        if len(found) > 1 and all(isinstance(one, dict) for one in found):
            raise NotDicomJson(JsonProblem.MANY)
        found = found[0] if found else None
    if not isinstance(found, dict) or not found or not all(map(_KEY.fullmatch, found)):
        raise NotDicomJson(JsonProblem.OTHER)
    try:
        dataset = _data_set(found, 0)
    except (ValueError, TypeError, OverflowError, struct.error):
        raise NotDicomJson(JsonProblem.MALFORMED) from None
    if not dataset:
        raise NotDicomJson(JsonProblem.OTHER)
    return dataset


def write_dicom_json(dataset: DataSet) -> bytes:
    """The same data set as DICOM JSON, its texts as they stand in it."""
    charset = dataset.get(CHARSET)
    decode = _decoder(charset.value if charset and isinstance(charset.value, bytes) else UTF_8)
    return json.dumps(_object(dataset, decode), ensure_ascii=False, indent=1).encode(
        "utf-8", "replace"
    )


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """What stands behind a second key of the same name, one reader sees and another does not."""
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError
    return found


def _no_number(_: str) -> Any:
    raise ValueError


def _data_set(found: dict[str, Any], depth: int) -> DataSet:
    if depth > _DEPTH:
        raise ValueError
    dataset: DataSet = {}
    for key, attribute in sorted(found.items(), key=lambda pair: pair[0].upper()):
        if not _KEY.fullmatch(key) or not isinstance(attribute, dict):
            raise ValueError
        tag = int(key, 16)
        if tag in dataset:
            raise ValueError
        if tag >> 16 == 0x7FE0:
            raise NotDicomJson(JsonProblem.PIXELS)
        if tag >> 16 > 0x0002:
            dataset[tag] = _element(tag, attribute, depth)
    if CHARSET in dataset:
        # Whatever it says: JSON is UTF-8 (PS3.18 section F.2), and so are the values from here on.
        dataset[CHARSET] = Element(CHARSET, "CS", UTF_8)
    return dataset


def _element(tag: int, attribute: dict[str, Any], depth: int) -> Element:
    vr = attribute.get("vr")
    if "BulkDataURI" in attribute:
        raise NotDicomJson(JsonProblem.POINTS_AWAY)
    if not isinstance(vr, str) or not attribute.keys() <= {"vr", "Value", "InlineBinary"}:
        raise ValueError
    if "InlineBinary" in attribute:
        if vr not in _BYTES or "Value" in attribute:
            raise ValueError
        return Element(tag, vr, base64.b64decode(attribute["InlineBinary"], validate=True))
    values = attribute.get("Value", [])
    if not isinstance(values, list):
        raise ValueError
    if vr == "SQ":
        return Element(tag, vr, [_data_set(_item(item), depth + 1) for item in values])
    return Element(tag, vr, _encoded(vr, values))


def _item(value: Any) -> dict[str, Any]:
    if value is not None and not isinstance(value, dict):
        raise ValueError
    return value or {}


def _encoded(vr: str, values: list[Any]) -> bytes:
    if vr == "PN":
        return b"\\".join(_name(value) for value in values)
    if vr in _TEXT:
        if vr in _ONE_TEXT and len(values) > 1:
            raise ValueError
        return b"\\".join(_text(vr, value) for value in values)
    if vr == "AT":
        return b"".join(_tag(value) for value in values)
    if vr in _NUMBERS:
        form = struct.Struct(f"<{_NUMBERS[vr]}")
        return b"".join(form.pack(_number(vr, value)) for value in values if value is not None)
    if vr in _BYTES and not values:
        return b""
    raise ValueError


def _text(vr: str, value: Any) -> bytes:
    if value is None:
        return b""
    if vr in ("DS", "IS") and isinstance(value, int | float) and not isinstance(value, bool):
        return repr(value).encode()
    if not isinstance(value, str):
        raise ValueError
    return value.encode()


def _name(value: Any) -> bytes:
    """One person name; a string is no DICOM JSON, but many write it."""
    if isinstance(value, str):
        return value.encode()
    groups = _item(value)
    if not groups.keys() <= set(_GROUPS_OF_NAMES):
        raise ValueError
    texts = [groups.get(name) or "" for name in _GROUPS_OF_NAMES]
    return "=".join(texts).rstrip("=").encode()


def _tag(value: Any) -> bytes:
    if not isinstance(value, str) or not _KEY.fullmatch(value):
        raise ValueError
    return struct.pack("<HH", int(value[:4], 16), int(value[4:], 16))


def _number(vr: str, value: Any) -> int | float:
    if isinstance(value, str):
        if vr in ("FL", "FD"):
            return _NOT_FINITE[value] if value in _NOT_FINITE else float(value)
        return int(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError
    return value if vr in ("FL", "FD") else int(value)


def _decoder(charset: bytes) -> Callable[[bytes], str]:
    """Texts are UTF-8 as read here; a method may have written them, and the term, otherwise."""
    if charset.strip(b" \0") in (b"", UTF_8):
        return lambda value: value.decode("utf-8", "replace")
    from transfer.scan.text import decoded

    return lambda value: decoded(value, charset)


def _object(dataset: DataSet, decode: Callable[[bytes], str]) -> dict[str, Any]:
    return {f"{tag:08X}": _attribute(dataset[tag], decode) for tag in sorted(dataset)}


def _attribute(element: Element, decode: Callable[[bytes], str]) -> dict[str, Any]:
    vr, value = element.vr, element.value
    if isinstance(value, list):
        return {"vr": "SQ", "Value": [_object(item, decode) for item in value]}
    assert isinstance(value, bytes), "what was read from JSON is held in memory"
    if vr == "PN":
        found: list[Any] = [_groups(name) for name in _split(value, decode)]
    elif vr in _ONE_TEXT:
        found = [text] if (text := decode(value).rstrip(" \0")) else []
    elif vr in ("DS", "IS"):
        found = [_decimal(text) for text in _split(value, decode)]
    elif vr in _TEXT:
        found = [text or None for text in _split(value, decode)]
    elif vr == "AT":
        pairs = struct.iter_unpack("<HH", value[: len(value) // 4 * 4])
        found = [f"{group:04X}{element:04X}" for group, element in pairs]
    elif vr in _NUMBERS:
        form = struct.Struct(f"<{_NUMBERS[vr]}")
        whole = value[: len(value) // form.size * form.size]
        found = [_finite(number) for (number,) in form.iter_unpack(whole)]
    else:
        return {"vr": vr, "InlineBinary": base64.b64encode(value).decode()} if value else {"vr": vr}
    return {"vr": vr, "Value": found} if found else {"vr": vr}


def _split(value: bytes, decode: Callable[[bytes], str]) -> list[str]:
    texts = [text.strip(" \0") for text in decode(value).split("\\")]
    return texts if any(texts) else []


def _groups(name: str) -> dict[str, str] | None:
    texts = [text.strip(" \0") for text in name.split("=")]
    pairs = zip(_GROUPS_OF_NAMES, texts, strict=False)
    return {group: text for group, text in pairs if text} or None


def _decimal(text: str) -> Any:
    """A number where JSON can say the same one; else the text (PS3.18 table F.2.3-1)."""
    if not text:
        return None
    if not _NUMBER.fullmatch(text) or len(text) > 16:
        return text
    number = json.loads(text)
    return number if math.isfinite(number) else text


def _finite(number: Any) -> Any:
    if number != number or number in (float("inf"), float("-inf")):
        return next(k for k, v in _NOT_FINITE.items() if repr(v) == repr(number))
    return number

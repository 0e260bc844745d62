"""The golden cases of `$EUCAIM_GOLDEN_DEID`: reading them, running one, and writing an output down
in the words of their README."""

from __future__ import annotations

import base64
import datetime as dt
import gzip
import hashlib
import json
import os
import struct
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from transfer.deid.header.reading import Unreadable, read_header
from transfer.deid.header.writing import assemble
from transfer.deid.model import Header, Label, Method, Moment, Rewritten, Skipped, Stretch
from transfer.deid.script import ScriptError, parse_lookup, parse_script
from transfer.deid.script.ctp import ScriptMethod
from transfer.scan.text import silent_pydicom

GOLDEN = Path(
    os.environ.get("EUCAIM_GOLDEN_DEID")
    or Path(__file__).parents[2].parent / "shared" / "golden" / "deid"
)
ABSENT = "../shared is absent and $EUCAIM_GOLDEN_DEID is not set"

_NOT_OURS = ("00020000", "00020012", "00020013")
_ONE_VALUE = frozenset(("LT", "ST", "UT", "UR"))
_MORE_VALUES = frozenset(
    ("AE", "AS", "CS", "DA", "DS", "DT", "IS", "LO", "PN", "SH", "TM", "UC", "UI")
)
_NUMBERS = {
    "US": "H", "SS": "h", "UL": "L", "SL": "l", "SV": "q", "UV": "Q", "FL": "f", "FD": "d",
}  # fmt: skip

Shown = dict[str, Any]


@dataclass(frozen=True)
class Case:
    """One file under one script, and what Java made of it."""

    name: str
    file: Callable[[], bytes]
    script: bytes
    script_name: str
    params: Mapping[str, str]
    lookup: bytes | None
    has_integer_table: bool
    clock: dt.datetime
    expected: Mapping[str, Any]


def is_there() -> bool:
    return (GOLDEN / "manifest.json").is_file()


def need_golden() -> None:
    if not is_there():
        pytest.skip(ABSENT)


@cache
def manifest() -> Mapping[str, Any]:
    loaded: Mapping[str, Any] = json.loads((GOLDEN / "manifest.json").read_text())
    return loaded


def cases() -> list[Case]:
    """One file of the corpus under one of its scripts each."""
    if not is_there():
        return []
    return [_case(path) for path in sorted((GOLDEN / "cases").glob("*.json"))]


def micro_cases() -> list[Case]:
    """Small files under scripts of a rule or two."""
    if not is_there():
        return []
    lines = (GOLDEN / "micro.jsonl").read_text(encoding="utf-8").splitlines()
    return [_micro(json.loads(line)) for line in lines if line.strip()]


def _case(path: Path) -> Case:
    told = json.loads(path.read_text(encoding="utf-8"))
    script = GOLDEN / "scripts" / Path(told["script"]).name
    lookup = told.get("lookup")
    return Case(
        name=path.stem,
        file=lambda: _source(told["source"]),
        script=script.read_bytes(),
        script_name=script.name,
        params=told.get("params") or {},
        lookup=(GOLDEN / "scripts" / Path(lookup).name).read_bytes() if lookup else None,
        has_integer_table=bool(told.get("integer_table")),
        clock=_clock(told.get("clock")),
        expected=told,
    )


def _micro(told: Mapping[str, Any]) -> Case:
    lookup = told.get("lookup")
    return Case(
        name=told["id"],
        file=lambda: base64.b64decode(told["dicom_base64"]),
        script=told["script"].encode(),
        script_name=told["id"],
        params=told.get("params") or {},
        lookup=None if lookup is None else lookup.encode("iso8859_1", "replace"),
        has_integer_table=bool(told.get("integer_table")),
        clock=_clock(told.get("clock")),
        expected=told["expected"],
    )


def _clock(text: str | None) -> dt.datetime:
    return dt.datetime.fromisoformat(text or manifest()["clock"]).replace(tzinfo=dt.UTC)


def _source(told: Mapping[str, Any]) -> bytes:
    if "package" in told:
        import pydicom

        content = (Path(pydicom.__file__).parent / str(told["file"])).read_bytes()
    else:
        content = (GOLDEN / str(told["path"])).read_bytes()
        if told["path"].endswith(".gz"):
            content = gzip.decompress(content)
    assert isinstance(content, bytes)
    assert hashlib.sha256(content).hexdigest() == told["sha256"], "not the file of the case"
    return content


@cache
def _compiled(
    script: bytes, name: str, params: tuple[tuple[str, str], ...], lookup: bytes | None
) -> Method:
    table = None if lookup is None else parse_lookup(lookup)
    label = Label(name, "", hashlib.sha256(script).hexdigest())
    return ScriptMethod(parse_script(script, name), dict(params), table, label)


def is_eucaim(case: Case) -> bool:
    """Whether the case is under EUCAIM's own script, which the profile `lethe` stands for."""
    return case.script_name == "eucaim-anon.script"


def lethe_of(case: Case) -> Method:
    """The built-in profile `lethe` with the parameters of the case."""
    from transfer.deid.profiles import load_profile
    from transfer.deid.profiles.scripted import script_text

    text = script_text(load_profile("lethe"))
    return _compiled(text, "lethe", tuple(sorted(case.params.items())), None)


def method_of(case: Case) -> Method | None:
    """The case's own script, compiled; None: it is refused when it is loaded."""
    try:
        return _compiled(
            case.script, case.script_name, tuple(sorted(case.params.items())), case.lookup
        )
    except ScriptError:
        return None


def run_case(case: Case, method: Method | None, folder: Path) -> Shown:
    """What we make of a case: `status`, and with OK `file_meta` and `dataset`.

    A script that is refused writes nothing, which is what its files come to in CTP too.
    """
    if method is None:
        return {"status": "QUARANTINE"}
    path = folder / "file.dcm"
    path.write_bytes(case.file())
    fd = os.open(path, os.O_RDONLY)
    try:
        try:
            header = read_header(fd, path.stat().st_size)
        except Unreadable:
            return {"status": "QUARANTINE"}
        outcome = method.apply(header, Moment(case.clock, _numbers(case.has_integer_table)))
        if isinstance(outcome, Skipped):
            return {"status": "SKIP"}
        if not isinstance(outcome, Rewritten):
            return {"status": "QUARANTINE"}
        return {"status": "OK", **shown(_stream(outcome.header, fd))}
    finally:
        os.close(fd)


def _numbers(is_there: bool) -> Callable[[str, str], int] | None:
    if not is_there:
        return None
    given: dict[str, dict[str, int]] = {}

    def number(key_type: str, text: str) -> int:
        numbers = given.setdefault(key_type, {})
        return numbers.setdefault(text, len(numbers) + 1)

    return number


def _stream(header: Header, fd: int) -> bytes:
    return b"".join(
        os.pread(fd, piece.length, piece.offset) if isinstance(piece, Stretch) else piece
        for piece in assemble(header)
    )


def wanted(case: Case) -> Shown:
    """What the case expects, as far as it is compared."""
    if case.expected["status"] != "OK":
        return {"status": case.expected["status"]}
    meta = {tag: e for tag, e in case.expected["file_meta"].items() if tag not in _NOT_OURS}
    return {"status": "OK", "file_meta": meta, "dataset": case.expected["dataset"]}


def differences(ours: Shown, wanted: Shown) -> Iterator[str]:
    """One line for each element that differs, at any depth."""
    if ours["status"] != wanted["status"]:
        yield f"status: ours {ours['status']}, wanted {wanted['status']}"
        return
    for part in ("file_meta", "dataset"):
        yield from _differences(ours.get(part, {}), wanted.get(part, {}), part)


def _differences(ours: Shown, wanted: Shown, where: str) -> Iterator[str]:
    for tag in sorted({*ours, *wanted}):
        mine, theirs = ours.get(tag), wanted.get(tag)
        if mine == theirs:
            continue
        place = f"{where}/{tag}"
        if mine and theirs and mine["vr"] == theirs["vr"] == "SQ":
            items, others = mine.get("Value", []), theirs.get("Value", [])
            if len(items) == len(others):
                for at, (item, other) in enumerate(zip(items, others, strict=True)):
                    yield from _differences(item, other, f"{place}[{at}]")
                continue
        yield f"{place}: ours {mine}, wanted {theirs}"


def shown(stream: bytes) -> Shown:
    """A Part 10 stream as pydicom reads it, in the JSON of the golden README."""
    import pydicom

    with silent_pydicom():
        dataset = pydicom.dcmread(BytesIO(stream), force=True)
        meta = _shown(dataset.file_meta, is_little=True)
        body = _shown(dataset, is_little=dataset.original_encoding[1] is not False)
    return {
        "file_meta": {tag: e for tag, e in meta.items() if tag not in _NOT_OURS},
        "dataset": body,
    }


def _shown(dataset: Any, *, is_little: bool) -> Shown:
    from pydicom.charset import convert_encodings

    encodings = convert_encodings(_charset_of(dataset))
    found = {}
    for tag in dataset.keys():  # noqa: SIM118 - iterating a data set would convert its elements
        raw = dataset.get_item(tag)
        vr = _vr(dataset, raw)
        found[f"{int(tag):08X}"] = _element(dataset, tag, raw, vr, encodings, is_little)
    return found


def _charset_of(dataset: Any) -> Any:
    return (
        dataset.get("SpecificCharacterSet", None)
        or getattr(dataset, "_parent_encoding", None)
        or "ISO_IR 6"
    )


def _vr(dataset: Any, raw: Any) -> str:
    vr = raw.VR
    if vr not in (None, "UN"):
        return str(vr)
    if raw.tag.is_private:
        return "LO" if raw.tag.is_private_creator else "UN"
    return str(dataset[raw.tag].VR)


def _element(
    dataset: Any, tag: Any, raw: Any, vr: str, encodings: list[str], is_little: bool
) -> Shown:
    if vr == "SQ":
        items = dataset[tag].value
        return {"vr": vr, "Value": [_shown(item, is_little=is_little) for item in items]}
    value = b"" if raw.value is None else raw.value
    result: Shown = {"vr": vr}
    values: list[Any] | None = None
    if not isinstance(value, bytes):
        # The file meta and the character set are converted while they are read.
        values = [value] if isinstance(value, (str, int)) else list(value)
        values = [] if values == [""] else values
    elif vr in _ONE_VALUE | _MORE_VALUES:
        values = _texts(vr, value, encodings)
    elif vr in _NUMBERS:
        size = struct.calcsize(f"<{_NUMBERS[vr]}")
        form = f"{'<' if is_little else '>'}{len(value) // size}{_NUMBERS[vr]}"
        values = list(struct.unpack(form, value))
    elif vr == "AT":
        order = "<HH" if is_little else ">HH"
        values = [
            f"{group:04X}{element:04X}" for group, element in struct.iter_unpack(order, value)
        ]
    if values:
        result["Value"] = values if not isinstance(values[0], str) else [str(v) for v in values]
    elif values is None and value:
        digest = hashlib.sha256(value).hexdigest()
        result["Bulk"] = {"length": len(value), "sha256": digest}
    return result


def _texts(vr: str, value: bytes, encodings: list[str]) -> list[Any]:
    from pydicom.charset import decode_bytes
    from pydicom.valuerep import PN_DELIMS, TEXT_VR_DELIMS

    if vr == "PN":
        text = decode_bytes(value, encodings, PN_DELIMS)
    elif vr in ("LO", "LT", "SH", "ST", "UC", "UT"):
        text = decode_bytes(value, encodings, TEXT_VR_DELIMS)
    else:
        text = value.decode("iso8859_1")
    text = text.rstrip(" \0")
    if not text:
        return []
    values = [text] if vr in _ONE_VALUE else text.split("\\")
    if vr != "PN":
        return list(values)
    return [_person_name(name) for name in values]


def _person_name(name: str) -> dict[str, str]:
    groups = zip(("Alphabetic", "Ideographic", "Phonetic"), name.split("="), strict=False)
    return {key: group for key, group in groups if group}

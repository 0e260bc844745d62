"""One small instance, and one script of a rule or two applied to it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping
from xml.sax.saxutils import escape

from transfer.deid.model import (
    DataSet,
    Element,
    Header,
    Label,
    Moment,
    Outcome,
    Rewritten,
)
from transfer.deid.script import parse_script
from transfer.deid.script.ctp import ScriptMethod
from transfer.scan.elements import Encoding

CLOCK = dt.datetime(2025, 3, 4, 5, 6, 7, tzinfo=dt.UTC)
DESCRIPTION = 0x00081030
PATIENT_NAME = 0x00100010
PATIENT_ID = 0x00100020
STUDY_DATE = 0x00080020


def dataset(*elements: tuple[int, str, bytes | list[DataSet]]) -> DataSet:
    return {tag: Element(tag, vr, value) for tag, vr, value in elements}


def instance(*more: tuple[int, str, bytes | list[DataSet]]) -> Header:
    """A made-up instance; `more` adds elements or puts others in their place."""
    elements = dataset(
        (0x00080005, "CS", b"ISO_IR 100"),
        (0x00080016, "UI", b"1.2.840.10008.5.1.4.1.1.7\0"),
        (0x00080018, "UI", b"1.2.3.4.5\0"),
        (STUDY_DATE, "DA", b"20040119"),
        (0x00080060, "CS", b"OT"),
        (DESCRIPTION, "LO", b"Abc Def-12"),
        (PATIENT_NAME, "PN", b"Doe^John^Q"),
        (PATIENT_ID, "LO", b"PID-001 "),
    ) | dataset(*more)
    meta = {0x00020000: b"\x40\0\0\0", 0x00020010: b"1.2.840.10008.1.2.1\0"}
    encoding = Encoding(is_implicit=False, is_little=True)
    return Header(meta, "1.2.840.10008.1.2.1", encoding, dict(sorted(elements.items())))


def script(rules: Mapping[str, str], lines: Iterable[str] = ()) -> bytes:
    """A script in XML: rules by their `t`, and further lines as they are."""
    said = [f'<e en="T" t="{t}" n="">{escape(rule)}</e>' for t, rule in rules.items()]
    return "\n".join(["<script>", *lines, *said, "</script>"]).encode()


def method(
    rules: Mapping[str, str],
    *lines: str,
    params: Mapping[str, str] | None = None,
    lookup: Mapping[str, str] | None = None,
) -> ScriptMethod:
    parsed = parse_script(script(rules, lines), "test")
    return ScriptMethod(parsed, params or {}, lookup, Label("test", "", ""))


def outcome(
    made: ScriptMethod, header: Header, number: Callable[[str, str], int] | None = None
) -> Outcome:
    return made.apply(header, Moment(CLOCK, number))


def rewritten(made: ScriptMethod, header: Header) -> DataSet:
    """The data set that leaves."""
    result = outcome(made, header)
    assert isinstance(result, Rewritten), result
    return result.header.dataset


def text_of(
    rule: str,
    *more: tuple[int, str, bytes | list[DataSet]],
    params: Mapping[str, str] | None = None,
    lookup: Mapping[str, str] | None = None,
) -> str | None:
    """What the rule makes of Study Description (0008,1030); None: it is gone."""
    made = method({"00081030": rule}, params=params, lookup=lookup)
    element = rewritten(made, instance(*more)).get(DESCRIPTION)
    if element is None:
        return None
    assert isinstance(element.value, bytes)
    return element.value.decode("iso8859_1").rstrip(" ")

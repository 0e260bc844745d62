"""Data sets made of elements for one test, and what `eucaim` makes of them."""

from __future__ import annotations

import datetime as dt

from transfer.deid.model import (
    DataSet,
    Element,
    Header,
    Moment,
    Outcome,
    Rewritten,
    Stretch,
)
from transfer.deid.profiles import eucaim_method
from transfer.scan.elements import Encoding

KEY = "019a39ba16da7edb9e906440a48e9ed32"
SITE = b"4fc07245c7aef26cb570595f151fccba0fd32eae9d9a5ca41efd665b14fd03ef"
HOSP0004 = "EUCAIM-303169448917978981465802042510721317644"
MOMENT = Moment(dt.datetime(2025, 3, 4, 5, 6, 7))  # noqa: DTZ001  local time, as the moment has it
EXPLICIT = Encoding(is_implicit=False, is_little=True)
BIG = Encoding(is_implicit=False, is_little=False)


def dataset(*elements: tuple[int, str, bytes | Stretch | list[DataSet]]) -> DataSet:
    return {tag: Element(tag, vr, value) for tag, vr, value in sorted(elements, key=lambda e: e[0])}


def outcome_of(
    *elements: tuple[int, str, bytes | Stretch | list[DataSet]],
    patient_id: bytes | None = b"HOSP0004",
    encoding: Encoding = EXPLICIT,
) -> Outcome:
    found = dataset(*elements)
    if patient_id is not None:
        found.setdefault(0x00100020, Element(0x00100020, "LO", patient_id))
    header = Header({}, "1.2.840.10008.1.2.1", encoding, dict(sorted(found.items())))
    return eucaim_method(KEY, "SITE-001").apply(header, MOMENT)


def treated(
    *elements: tuple[int, str, bytes | Stretch | list[DataSet]],
    patient_id: bytes | None = b"HOSP0004",
    encoding: Encoding = EXPLICIT,
) -> DataSet:
    outcome = outcome_of(*elements, patient_id=patient_id, encoding=encoding)
    assert isinstance(outcome, Rewritten), outcome
    return outcome.header.dataset


def one(tag: int, vr: str, value: bytes | Stretch | list[DataSet]) -> object:
    """What is left of one element at the root; None: nothing."""
    element = treated((tag, vr, value)).get(tag)
    return None if element is None else element.value


def in_item(tag: int, vr: str, value: bytes | Stretch | list[DataSet]) -> object:
    """What is left of one element in an item of a sequence that stays."""
    (item,) = items(treated((0x00081140, "SQ", [dataset((tag, vr, value))]))[0x00081140])
    element = item.get(tag)
    return None if element is None else element.value


def items(element: Element) -> list[DataSet]:
    assert isinstance(element.value, list)
    return element.value

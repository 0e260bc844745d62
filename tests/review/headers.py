"""Headers made by hand, and a method that does what it is told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from transfer.deid.model import DataSet, Element, Header, Label, Moment, Outcome, Rewritten
from transfer.scan.elements import Encoding

PATIENT_NAME = 0x00100010
PATIENT_ID = 0x00100020
COMMENTS = 0x00104000
DESCRIPTION = 0x0008103E
MODALITY = 0x00080060
REFERENCES = 0x00081140
REFERENCED_UID = 0x00081155
REMOVED = 0x00120062
LITTLE = Encoding(is_implicit=False, is_little=True)


def element(tag: int, vr: str, value: bytes | list[DataSet]) -> Element:
    """One element."""
    return Element(tag, vr, value)


def dataset(*elements: Element) -> DataSet:
    """A data set of these."""
    return {one.tag: one for one in elements}


def header(*elements: Element) -> Header:
    """A header without pixel data, in explicit little endian."""
    return Header({}, "1.2.840.10008.1.2.1", LITTLE, dataset(*elements))


def but(before: Header, *others: Element, without: tuple[int, ...] = ()) -> Header:
    """The header with these elements in place of its own, and without some."""
    kept = {tag: one for tag, one in before.dataset.items() if tag not in without}
    return replace(before, dataset={**kept, **dataset(*others)})


def why(tag: int) -> str:
    """A rule that names its element."""
    return f"rule of {tag:08X}"


class Told:
    """A method that does what the test says."""

    def __init__(self, apply: Callable[[Header], Outcome], name: str = "told") -> None:
        self._apply = apply
        self.label = Label(name, "1.0", "0" * 64)

    def apply(self, header: Header, moment: Moment) -> Outcome:
        """What the test said."""
        return self._apply(header)

    def why(self, tag: int) -> str:
        """See `why`."""
        return why(tag)


def without(*tags: int) -> Told:
    """A method that removes elements of the root."""
    return Told(lambda before: Rewritten(but(before, without=tags)))

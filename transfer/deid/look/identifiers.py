"""The original identifiers of a patient, gathered from the headers that come in.

Where they are read from, and why there: the elements of the patient module that identify by
themselves (PS3.3 C.7.1.1 and C.2.2 to C.2.4), and the numbers of visit, request and procedure by
which a hospital finds the patient again. National numbers have no element of their own: they come
as Patient ID, as other IDs or as insurance number, and are read there. Not taken: issuers, sex,
age, birth time and region, which many share; UIDs, which a rule of their own follows (DID-05);
names of staff, who are not the patient; and the subject numbers of a trial, which are pseudonyms.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from enum import StrEnum
from typing import Final, NamedTuple

from transfer.deid.model import DataSet, Element, Header
from transfer.scan.text import decoded

TEXT_LIMIT: Final = 256
_VALUES: Final = 32
_MAX_DEPTH: Final = 64
_CHARSET: Final = 0x00080005
_ITEM: Final = b"\xfe\xff\x00\xe0"
_ONE_TEXT_VRS: Final = frozenset(("LT", "ST", "UT"))


class Kind(StrEnum):
    """What an identifier is, in the operator's words."""

    NAME = "name"
    PATIENT_ID = "patient ID"
    OTHER_ID = "other ID"
    BIRTH_DATE = "birth date"
    ACCESSION = "accession number"
    ORDER = "order or visit number"
    ADDRESS = "address"
    PHONE = "phone number"


SOURCES: Final[dict[int, Kind]] = {
    0x00080050: Kind.ACCESSION,
    0x00100010: Kind.NAME,
    0x00100020: Kind.PATIENT_ID,
    0x00100030: Kind.BIRTH_DATE,
    0x00100033: Kind.OTHER_ID,  # birth date in another calendar, as text
    0x00100050: Kind.OTHER_ID,
    0x00101000: Kind.OTHER_ID,
    0x00101001: Kind.NAME,
    0x00101005: Kind.NAME,
    0x00101040: Kind.ADDRESS,
    0x00101050: Kind.OTHER_ID,
    0x00101060: Kind.NAME,
    0x00101090: Kind.OTHER_ID,
    0x00102154: Kind.PHONE,
    0x00102155: Kind.PHONE,
    0x00102297: Kind.NAME,
    0x00200010: Kind.ORDER,
    0x00380010: Kind.ORDER,
    0x00380060: Kind.ORDER,
    0x00400009: Kind.ORDER,
    0x00400253: Kind.ORDER,
    0x00401001: Kind.ORDER,
    0x00402006: Kind.ORDER,
    0x00402007: Kind.ORDER,
    0x00402016: Kind.ORDER,
    0x00402017: Kind.ORDER,
}


class Fact(NamedTuple):
    """One original identifier, as the file spells it."""

    kind: Kind
    text: str

    def __repr__(self) -> str:
        return f"Fact({self.kind.value!r})"


class Identifiers:
    """A set of original identifiers. Never shown, never changed, cheap to send to a worker."""

    __slots__ = ("facts",)

    def __init__(self, facts: Iterable[Fact] = ()) -> None:
        self.facts = frozenset(facts)

    def merge(self, *others: Identifiers) -> Identifiers:
        """All of these and of the others; the largest itself where it holds all."""
        sets = sorted((self, *others), key=lambda one: len(one.facts))
        largest = sets.pop()
        missing = [one.facts for one in sets if not one.facts <= largest.facts]
        return Identifiers(largest.facts.union(*missing)) if missing else largest

    def document(self) -> list[list[str]]:
        """For the ledger, which seals it; `from_document` reads it again."""
        return sorted([fact.kind.value, fact.text] for fact in self.facts)

    @classmethod
    def from_document(cls, document: Iterable[Iterable[str]]) -> Identifiers:
        """Raises ValueError for what `document` did not write."""
        return cls(Fact(Kind(kind), text) for kind, text in document)

    def __bool__(self) -> bool:
        return bool(self.facts)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Identifiers) and self.facts == other.facts

    def __hash__(self) -> int:
        return hash(self.facts)

    def __reduce__(self) -> tuple[type[Identifiers], tuple[tuple[Fact, ...]]]:
        return Identifiers, (tuple(self.facts),)

    def __repr__(self) -> str:
        return f"Identifiers({len(self.facts)})"


NOBODY: Final = Identifiers()


def identifiers_of(header: Header) -> Identifiers:
    """What one header that came in tells of its patient, at every depth. Never raises."""
    return Identifiers(_facts(header.dataset, b"", 0))


def _facts(dataset: DataSet, charset: bytes, depth: int) -> Iterator[Fact]:
    own = dataset.get(_CHARSET)
    if own is not None and isinstance(own.value, bytes):
        charset = own.value
    for tag, kind in SOURCES.items():
        element = dataset.get(tag)
        if element is not None and isinstance(element.value, bytes) and element.value:
            values = _texts(element.value, charset, kind, element.vr)
            yield from (Fact(kind, text) for text in values)
    if depth < _MAX_DEPTH:
        for element in dataset.values():
            for item in _items(element):
                yield from _facts(item, charset, depth + 1)


def _items(element: Element) -> list[DataSet]:
    """The items of a sequence, also of one that the file calls UN."""
    value = element.value
    if type(value) is list:
        return value
    if element.vr != "UN" or type(value) is not bytes or not value.startswith(_ITEM):
        return []
    from transfer.deid.header.reading import read_items
    from transfer.deid.header.tree import Unreadable

    try:
        return read_items(value)
    except Unreadable:
        return []


def _texts(raw: bytes, charset: bytes, kind: Kind, vr: str) -> Iterator[str]:
    for reading in dict.fromkeys(_readings(raw, charset, is_name=kind is Kind.NAME)):
        values = [reading] if vr in _ONE_TEXT_VRS else reading.split("\\")[:_VALUES]
        for value in values:
            text = value.strip()[:TEXT_LIMIT]
            if text:
                yield text


def _readings(raw: bytes, charset: bytes, *, is_name: bool) -> Iterator[str]:
    """As the character set says, and as UTF-8 where it can be that: many say the one and mean the
    other, and no text of another set is UTF-8 by accident."""
    yield decoded(raw, charset, is_name=is_name)
    if not raw.isascii():
        with suppress(UnicodeDecodeError):
            raw.decode("utf-8")
            yield decoded(raw, b"ISO_IR 192", is_name=is_name)

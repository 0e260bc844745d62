"""The header of one instance as de-identification sees it, and what a method makes of it.

Values stay the raw bytes of the file until somebody asks for their text: most elements leave as
they came, and what is never decoded costs nothing and cannot be changed by accident.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol, TypeAlias

from transfer.scan.elements import Encoding

PIXEL_DATA = 0x7FE00010


class Stretch(NamedTuple):
    """Bytes that stay in the file and are copied from there on the way out."""

    offset: int
    length: int


@dataclass(slots=True, eq=False)
class Element:
    """One data element. Never changed once it is in a data set: a method puts another in its place.

    `vr` has two letters: the file's own in explicit VR, the dictionary's in implicit VR (`UN` where
    it knows none). `value` holds the bytes as stored, padding included; a list of items for a
    sequence; a `Stretch` for a value too long to hold in memory. `is_encapsulated`: the value is a
    run of fragments (PS3.5 A.4), item headers and sequence delimiter included.
    """

    tag: int
    vr: str
    value: bytes | Stretch | list[DataSet]
    is_encapsulated: bool = False


DataSet: TypeAlias = dict[int, Element]
"""Elements by tag, in the order of the file (which is tag order in every conforming file)."""


@dataclass(slots=True)
class Header:
    """Everything of an instance but its bulk.

    `meta` holds the raw values of group 0002 by tag (empty for a file without). `dataset` ends
    before Pixel Data (7FE0,0010); `pixels` is that element (a stretch, even when short), `after`
    what follows it, without (FFFC,FFFC). `inflated` is the whole data set of a deflated file,
    which stretches then count into instead of the file. `media_uids`: SOP Class and Instance UID
    for the file meta that leaves, where a method decides them; None: those of the data set.
    `is_as_declared`: the data set is encoded as the transfer syntax of the file says.
    """

    meta: dict[int, bytes]
    transfer_syntax_uid: str
    encoding: Encoding
    dataset: DataSet
    pixels: Element | None = None
    after: list[Element] = field(default_factory=list)
    inflated: bytes | None = None
    media_uids: tuple[str, str] | None = None
    is_as_declared: bool = True


Piece: TypeAlias = bytes | Stretch
"""A part of what leaves: bytes in memory, or bytes of the source file."""


@dataclass(frozen=True, slots=True)
class Label:
    """What the ledger and the report keep of a method: enough to say later what was done."""

    name: str
    version: str
    sha256: str


class NumberNeeded(Exception):
    """`@integer` met a text that has no number yet; numbers are given in plan order, not here."""

    def __init__(self, key_type: str, text: str) -> None:
        super().__init__(key_type)
        self.key_type = key_type
        self.text = text


@dataclass(frozen=True, slots=True)
class Moment:
    """What a method may know besides the header: the frozen clock (local time at the transfer's
    creation), and the table behind `@integer` (None: there is none).

    `number` takes the key type and the text. It may raise `NumberNeeded`.
    """

    clock: dt.datetime
    number: Callable[[str, str], int] | None = None


@dataclass(frozen=True, slots=True)
class Rewritten:
    """The header that leaves. Unchanged elements are the very objects of the input. `lists` are
    values in it that stay in the file, and may leave only if nothing stands in them but numbers
    written as text (DS, IS)."""

    header: Header
    lists: tuple[Stretch, ...] = ()


@dataclass(frozen=True, slots=True)
class Skipped:
    """The method says that this instance is not meant to go; a person decides."""

    reason: str


@dataclass(frozen=True, slots=True)
class Quarantined:
    """The method could not do its work on this instance. `reason` names rule and tag, no value."""

    reason: str


Outcome: TypeAlias = Rewritten | Skipped | Quarantined


class Method(Protocol):
    """A way to de-identify: a profile or a script, compiled once, used for every instance."""

    label: Label

    def apply(self, header: Header, moment: Moment) -> Outcome:
        """Make the header that leaves; the input is left as it is. Never raises for any content
        but `NumberNeeded`."""
        ...

    def why(self, tag: int) -> str:
        """The rule for an element of the root, in words or as written, for the review."""
        ...

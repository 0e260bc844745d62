"""What the functions of a script see: the data set at hand, its texts, and the element in hand.

Everything that functions read comes from the input; everything is written to the output.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from typing import Final

from transfer.deid.header.vrs import sign_tags
from transfer.deid.model import DataSet, Element, Stretch
from transfer.deid.text.charset import DEFAULT, LATIN_1, CharacterSet, Undecodable, character_set
from transfer.deid.text.dcm4che import UNREAD_VRS
from transfer.deid.text.java import trim
from transfer.deid.text.names import is_newer
from transfer.deid.text.values import read_text

CHARSET: Final = 0x00080005
_META_END: Final = 0x00080000
_META_VRS: Final = {0x00020000: "UL", 0x00020001: "OB", 0x00020013: "SH", 0x00020102: "OB",
                    0x00020016: "AE", 0x00020017: "AE", 0x00020018: "AE"}  # fmt: skip
_MOST_STEPS: Final = 100_000
_DEEPEST: Final = 64


class Stop(Exception):
    """The script ends its work on this instance. `words` hold no value of the file."""

    def __init__(self, words: str) -> None:
        super().__init__(words)
        self.words = words


class Quarantine(Stop):
    """`@quarantine()`, or a function that fails: nothing is written."""


class Skip(Stop):
    """`@skip()`."""


class Beyond(Stop):
    """Something that the script asks for and that we cannot give; never taken for a result."""


class Level:
    """One data set on the way: as it came, and as it will leave. `parent` holds its sequence."""

    __slots__ = ("_out_charset", "_out_term", "charset", "out", "parent", "source")

    def __init__(self, source: DataSet, out: DataSet, parent: Level | None) -> None:
        self.source = source
        self.out = out
        self.parent = parent
        own = charset_in(source)
        # A data set without one that is known takes that of its parent; the root has one always.
        self.charset: CharacterSet = own or (parent.charset if parent else LATIN_1)
        self._out_term: Element | None = None
        self._out_charset: CharacterSet | None = None

    @property
    def out_charset(self) -> CharacterSet:
        """The character set by which texts are written here now."""
        level: Level | None = self
        while level is not None:
            found = level._own_out_charset()
            if found is not None:
                return found
            level = level.parent
        return DEFAULT

    def _own_out_charset(self) -> CharacterSet | None:
        term = self.out.get(CHARSET)
        if term is not self._out_term:
            self._out_term = term
            self._out_charset = None if term is None else charset_of(term)
        return self._out_charset

    def first_value(self, dataset: DataSet, tag: int) -> str | None:
        """The first value of an element, as text; None: absent or empty."""
        element = dataset.get(tag)
        if element is None or not isinstance(element.value, bytes) or not element.value:
            return None
        try:
            text = read_text(element.vr, element.value, self.charset, is_little=True)
        except Undecodable:
            return None
        return text.partition("\\")[0]

    def creator_of(self, tag: int) -> str:
        """The private creator that reserved the block of a private element; "": none."""
        return self.first_value(self.source, (tag & 0xFFFF0000) | (tag >> 8 & 0xFF)) or ""

    def block_tag(self, group: int, creator: str, offset: int) -> int:
        """The tag of a private element by its creator; 0: nobody reserved that block here."""
        for block in range(1, 0x100):
            if self.first_value(self.source, group << 16 | block) == creator:
                return group << 16 | block << 8 | offset
        return 0


def charset_of(element: Element) -> CharacterSet | None:
    return character_set(element.value) if isinstance(element.value, bytes) else None


def charset_in(dataset: DataSet) -> CharacterSet | None:
    """The character set that a data set names itself; None: none, or one that is not known."""
    element = dataset.get(CHARSET)
    return None if element is None else charset_of(element)


class Scene:
    """One instance under one script. `level` is the data set that is walked at the moment."""

    __slots__ = (
        "_depth",
        "_is_implicit",
        "_steps",
        "clock",
        "is_little",
        "level",
        "meta",
        "number",
        "process",
        "render_rule",
    )

    def __init__(
        self,
        level: Level,
        meta: Mapping[int, bytes],
        *,
        is_little: bool,
        is_implicit: bool,
        clock: dt.datetime,
        number: Callable[[str, str], int] | None,
    ) -> None:
        self.level = level
        self.meta = meta
        self.is_little = is_little
        self._is_implicit = is_implicit
        self.clock = clock
        self.number = number
        self._steps = 0
        self._depth = 0
        # Set by the walk: the text that the rule of an element gives, and the walk through items.
        self.render_rule: Callable[[Scene, int], str | None]
        self.process: Callable[[Scene, int], None]

    def vr_of(self, element: Element) -> str:
        """The VR that CTP's library takes an element for."""
        if element.vr in UNREAD_VRS or (self._is_implicit and is_newer(element.tag)):
            return "UN"
        if self._is_implicit and element.vr == "SS" and element.tag in sign_tags():
            return "US"  # it takes the first of two VRs, whatever Pixel Representation says
        return element.vr

    def text(self, tag: int) -> str | None:
        """The text of the element in hand; None: absent, or a sequence."""
        if tag < _META_END:
            return self._meta_text(tag)
        element = self.level.source.get(tag)
        return None if element is None else self.text_of(element, self.level)

    def text_at(self, level: Level, tag: int) -> str | None:
        """The text of an element of a data set; group 0002 is that of the file."""
        if tag < _META_END and self.meta:
            return self._meta_text(tag)
        element = level.source.get(tag)
        return None if element is None else self.text_of(element, level)

    def text_of(self, element: Element, level: Level) -> str | None:
        value = element.value
        if isinstance(value, Stretch):
            raise Beyond(
                f"the script asks for the text of {told(element.tag)}, which is longer than 64 KiB"
            )
        if not isinstance(value, bytes) or element.is_encapsulated:
            return None
        try:
            if element.tag & 0x10000 and element.tag & 0xFF00 and self._is_plain(element, level):
                return level.charset.decode(value)
            vr = self.vr_of(element)
            return read_text(vr, value, level.charset, is_little=self.is_little)
        except Undecodable:
            return None

    def _is_plain(self, element: Element, level: Level) -> bool:
        """CTP reads what its own blocks hold as text, whatever the VR."""
        return level.creator_of(element.tag) == "CTP"

    def _meta_text(self, tag: int) -> str | None:
        value = self.meta.get(tag)
        if value is None:
            return None
        text = read_text(_META_VRS.get(tag, "UI"), value, self.level.charset, is_little=True)
        return text.partition("\\")[0]

    def root(self) -> Level:
        level = self.level
        while level.parent is not None:
            level = level.parent
        return level

    def deeper(self) -> None:
        """Count one rule that is evaluated for the sake of another.

        Raises:
            Beyond: rules ask for each other without end.
        """
        self._steps += 1
        self._depth += 1
        if self._steps > _MOST_STEPS or self._depth > _DEEPEST:
            raise Beyond("rules of the script ask for each other without end")

    def back(self) -> None:
        self._depth -= 1


def told(tag: int) -> str:
    return f"({tag >> 16:04X},{tag & 0xFFFF:04X})"


def is_blank(text: str) -> bool:
    return not trim(text)

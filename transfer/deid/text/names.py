"""Element names as CTP's scripts write them, and the VR of an element that a script inserts."""

from __future__ import annotations

import re
from functools import cache
from typing import Final

from transfer import dictionary
from transfer.deid.text import dcm4che
from transfer.deid.text.java import trim

_HEX: Final = re.compile(r"[0-9a-fA-F]{1,8}")
_HEX_PAIR: Final = re.compile(r"([0-9a-fA-F]{0,4}),([0-9a-fA-F]{1,4})")
_BLOCK: Final = re.compile(r"([0-9a-fA-F]{1,4}),?\[([^\]]*)\],?([0-9a-fA-F]{1,2})?")
_KNOWN_VRS: Final = frozenset((
    "AE", "AS", "AT", "CS", "DA", "DS", "DT", "FD", "FL", "IS", "LO", "LT", "OB", "OF", "OW", "PN",
    "SH", "SL", "SQ", "SS", "ST", "TM", "UC", "UI", "UL", "UN", "US", "UT",
))  # fmt: skip


def tag_of(name: str) -> int:
    """The tag that a name or number stands for; 0: none. Wrapped in brackets of any kind or not."""
    name = trim(name)
    if len(name) > 1 and (name[0], name[-1]) in {("{", "}"), ("[", "]"), ("(", ")")}:
        name = name[1:-1] if name[0] == "{" else trim(name[1:-1])
    known = _tags_by_name().get(name)
    if known is not None:
        return known
    if _HEX.fullmatch(name):
        return int(name, 16)
    pair = _HEX_PAIR.fullmatch(name)
    if pair is None:
        return 0
    return int(pair[1] or "0", 16) << 16 | int(pair[2], 16)


def block_of(name: str) -> tuple[int, str, int] | None:
    """Group, creator and offset of a reference such as `0009[ACME 1.0]01`; None: it is none.

    Without an offset it means offset 00 of the block, not its creator (CTP, by its source).
    """
    name = trim(name)
    if len(name) > 1 and (name[0], name[-1]) in {("[", "]"), ("(", ")")}:
        name = trim(name[1:-1])
    found = _BLOCK.fullmatch(name)
    if found is None or not int(found[1], 16) & 1:
        return None
    return int(found[1], 16), trim(found[2]), int(found[3] or "0", 16)


@cache
def inserted_vr(tag: int) -> str:
    """The VR of a public element put in by a script: SH where the dictionary of CTP's library has
    none or more than one, UN where it has one that the library does not know."""
    from pydicom.datadict import dictionary_VR

    if tag in _unknown_tags():
        return "SH"
    try:
        vr = str(dictionary_VR(tag))
    except KeyError:
        return "SH"
    if vr in dcm4che.UNREAD_VRS:
        return "UN"
    return vr if vr in _KNOWN_VRS else "SH"


def is_newer(tag: int) -> bool:
    """Whether an element came into the standard after the dictionary of CTP's library."""
    return tag in _unknown_tags()


@cache
def _tags_by_name() -> dict[str, int]:
    unknown = _unknown_tags()
    retired = _tags_in(dcm4che.NAMES_WITH_RETIRED)
    other = {
        int(tag, 16): name
        for tag, name in (line.split() for line in dcm4che.OTHER_NAMES.split("\n") if line)
    }
    names = {
        _shortened(entry[4]) + ("Retired" if tag in retired else ""): tag
        for tag, entry in dictionary.elements().items()
        if tag not in other and tag not in unknown
    }
    names.update((name, tag) for tag, name in other.items())
    names.pop("", None)
    return names


def _shortened(keyword: str) -> str:
    for long, short in (("Sequence", "Seq"), ("AETitle", "AET")):
        if keyword.endswith(long):
            keyword = keyword.removesuffix(long) + short
    if keyword.startswith("Referenced"):
        keyword = "Ref" + keyword.removeprefix("Referenced")
    return keyword


@cache
def _unknown_tags() -> frozenset[int]:
    return _tags_in(dcm4che.UNKNOWN)


def _tags_in(block: str) -> frozenset[int]:
    """The tags of lines such as `0008: 0001 0010`; a line without a group continues the last."""
    tags = set()
    group = 0
    for word in block.split():
        if word.endswith(":"):
            group = int(word[:-1], 16)
        else:
            tags.add(group << 16 | int(word, 16))
    return frozenset(tags)

"""Elements as a signature names them, and their text in the header at hand."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final, TypeAlias

from transfer.deid.header.vrs import vr_of
from transfer.deid.model import DataSet, Element, Header
from transfer.deid.text.charset import LATIN_1, CharacterSet, Undecodable, character_set
from transfer.deid.text.names import block_of, tag_of
from transfer.deid.text.values import read_text

Block: TypeAlias = tuple[int, str, int]
"""Group, creator and offset of a private element."""

Path: TypeAlias = tuple[int | Block, ...]
"""From the root: sequences, and at last the element meant."""

_HEX: Final = re.compile(r"\[\s*[0-9A-Fa-f]{4}\s*,?\s*[0-9A-Fa-f]{4}\s*\]")
_KEYWORD: Final = re.compile(r"[A-Za-z]\w*")
_NUMBER: Final = re.compile(r"[0-9A-Fa-f]+")
_CHARSET: Final = 0x00080005
_META_END: Final = 0x00080000


def path_of(name: str) -> Path | None:
    """The element that a name stands for: keywords of CTP's library, `[gggg,eeee]` with all eight
    digits, `[gggg[CREATOR]ee]`, and chains `A::B` of them; None: there is no such element."""
    path = tuple(_step(part.strip()) for part in name.split("::"))
    return None if None in path else tuple(step for step in path if step is not None)


def _step(name: str) -> int | Block | None:
    if _HEX.fullmatch(name):
        return tag_of(re.sub(r"\s", "", name)) or None
    if name.startswith("["):
        return block_of(name)
    if not _KEYWORD.fullmatch(name) or _NUMBER.fullmatch(name):
        return None
    return tag_of(name) or None


def text_reader(header: Header) -> Callable[[Path], str]:
    """What gives the text of any element of this header; "" where it is absent.

    As CTP reads it, but for an element encoded as UN: that would be its bytes in digits, and
    a signature that names it could never hold. Here the dictionary's VR is taken, or text.
    """
    charset = _charset(header.dataset)
    is_little = header.encoding.is_little

    def read(path: Path) -> str:
        if isinstance(path[0], int) and path[0] < _META_END:
            value = header.meta.get(path[0], b"") if len(path) == 1 else b""
            return value.decode("ascii", "replace").strip(" \0")
        dataset: DataSet = header.dataset
        for step in path[:-1]:
            sequence = _find(dataset, step)
            if sequence is None or not isinstance(sequence.value, list) or not sequence.value:
                return ""
            dataset = sequence.value[0]
        element = _find(dataset, path[-1])
        return "" if element is None else _text(element, charset, is_little)

    return read


def _find(dataset: DataSet, step: int | Block) -> Element | None:
    if isinstance(step, int):
        return dataset.get(step)
    group, creator, offset = step
    for number in range(0x10, 0x100):
        element = dataset.get(group << 16 | number)
        if element is not None and isinstance(element.value, bytes):
            told = element.value.decode("latin-1").strip(" \0")
            if told == creator:
                return dataset.get(group << 16 | number << 8 | offset)
    return None


def _text(element: Element, charset: CharacterSet, is_little: bool) -> str:
    if not isinstance(element.value, bytes):
        return ""
    vr = vr_of(element.tag) if element.vr == "UN" else element.vr
    vr = "LO" if vr == "UN" else vr
    try:
        return read_text(vr, element.value, charset, is_little=is_little)
    except Undecodable:
        return read_text(vr, element.value, LATIN_1, is_little=is_little)


def _charset(dataset: DataSet) -> CharacterSet:
    element = dataset.get(_CHARSET)
    value = element.value if element is not None else b""
    return (character_set(value) if isinstance(value, bytes) else None) or LATIN_1

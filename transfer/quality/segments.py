"""What rules read of a segmentation object: its segments, and the Series that it was drawn on.

PS3.3 section A.51 (Segmentation) and A.87 (Label Map Segmentation).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Final

from transfer.quality.attributes import READ, REFERENCES, SEGMENTS
from transfer.scan.text import TEXT_LIMIT, UID_LIMIT, decoded, plain

if TYPE_CHECKING:
    from transfer.deid.model import DataSet

IS_WANTED: Final = SEGMENTS in READ or REFERENCES in READ
SEGMENTATION_CLASSES: Final = frozenset(
    (b"1.2.840.10008.5.1.4.1.1.66.4", b"1.2.840.10008.5.1.4.1.1.66.7")
)

_WORDS: Final = 256

_CHARSET: Final = 0x00080005
_SEGMENT_SEQUENCE: Final = 0x00620002
_NUMBER: Final = 0x00620004
_LABEL: Final = 0x00620005
_DESCRIPTION: Final = 0x00620006
_ALGORITHM_TYPE: Final = 0x00620008
_ALGORITHM_NAME: Final = 0x00620009
_REFERENCED_SERIES: Final = 0x00081115
_OTHER_STUDIES: Final = 0x00081200
_SERIES: Final = 0x0020000E


def segment_facts(dataset: DataSet) -> dict[int, str]:
    """The facts about a segmentation object, by their tags; whole entries as far as they fit."""
    facts = {}
    if SEGMENTS in READ:
        facts[SEGMENTS.tag] = _fitting(_segments(dataset), SEGMENTS.keep)
    if REFERENCES in READ:
        facts[REFERENCES.tag] = _joined(dict.fromkeys(_references(dataset)), REFERENCES.keep)
    return facts


def _fitting(segments: list[list[object]], limit: int) -> str:
    while len(text := json.dumps(segments, ensure_ascii=False, separators=(",", ":"))) > limit:
        segments = segments[: len(segments) * limit // len(text)]
    return text


def _joined(uids: Iterable[str], limit: int) -> str:
    text = ",".join(uids)
    return text if len(text) <= limit else text[: limit + 1].rpartition(",")[0]


def _segments(dataset: DataSet) -> list[list[object]]:
    charset = _value(dataset, _CHARSET)
    found: list[list[object]] = []
    for item in _items(dataset, _SEGMENT_SEQUENCE):
        number = _value(item, _NUMBER)
        # An item may name a character set of its own (PS3.5 section 7.5.3).
        own = _value(item, _CHARSET) or charset
        texts = [
            decoded(_value(item, tag), own)[:_WORDS]
            for tag in (_LABEL, _DESCRIPTION, _ALGORITHM_TYPE, _ALGORITHM_NAME)
        ]
        found.append([int.from_bytes(number, "little") if len(number) == 2 else None, *texts])
    return found


def _references(dataset: DataSet) -> Iterator[str]:
    for holder in (dataset, *_items(dataset, _OTHER_STUDIES)):
        for item in _items(holder, _REFERENCED_SERIES):
            if uid := plain(_value(item, _SERIES), UID_LIMIT):
                yield uid


def _items(dataset: DataSet, tag: int) -> list[DataSet]:
    element = dataset.get(tag)
    return element.value if element is not None and isinstance(element.value, list) else []


def _value(dataset: DataSet, tag: int) -> bytes:
    element = dataset.get(tag)
    if element is None or not isinstance(element.value, bytes):
        return b""
    return element.value[:TEXT_LIMIT]

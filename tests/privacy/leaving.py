"""What may leave in the images of a transfer that de-identifies: texts that a person was shown, and
UIDs of classes and coding schemes, which the profile leaves alone (docs/deidentification.md)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from tests.privacy.bench import Bench

_CLASSES: Final = re.compile(
    r"\((0008,001A|0008,001B|0008,010C|0008,0117|0008,0118|0008,1150)\) \w+UID$"
)
_BY_NAME: Final = re.compile(
    r"(, Patient ID|(Study|Series|SOP) ?Instance ?UID( of a file)?|\(0020,0011\) SeriesNumber)$"
)
_IMAGES: Final = (b"DICM",)


def note_what_stays(at: Bench, name: str) -> None:
    """What of a transfer may leave: the texts that stay are shown to a person before it goes."""
    shown = at.run("review", name, "--identifiers", exempt="texts that stay are shown on purpose")
    at.staying[name] = at.search.find(shown.encode())


def may_stay(at: Bench, name: str, value: str, *, is_cut: bool = False) -> bool:
    """Whether a mark stays in what leaves of a transfer; of one that goes as it is, each does. On
    a screen it may be cut."""
    staying = at.staying.get(name, set())
    if staying is None or value in staying or _CLASSES.search(at.search.place_of(value)):
        return True
    return is_cut and any(one.startswith(value) for one in staying)


def names_it(at: Bench, name: str, value: str) -> bool:
    """Whether a mark is what a node keeps an image by that goes as it is: without a method, the
    UIDs, the Patient ID and the Series Number stand in addresses and receipts as they came."""
    as_is = name in at.staying and at.staying[name] is None
    return as_is and bool(_BY_NAME.search(at.search.place_of(value)))


def may_leave(at: Bench, request: bytes, value: str, name: str) -> bool:
    """Whether a mark may stand in a request: in an image, where a person could have seen it."""
    head, _, body = request.partition(b"\r\n\r\n")
    if value.encode() in head:
        return names_it(at, name, value)
    is_image = any(sign in body for sign in _IMAGES)
    return (is_image or at.staying.get(name, set()) is None) and may_stay(at, name, value)

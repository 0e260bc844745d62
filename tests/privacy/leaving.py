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
_IMAGES: Final = (b"DICM",)


def texts_for_review(at: Bench, name: str) -> bytes:
    """The list of texts that stay, with what the last look would hide in it."""
    shown = at.run("review", name, "--identifiers", exempt="texts that stay are shown on purpose")
    return shown.encode()


def may_leave(at: Bench, request: bytes, value: str, shown: bytes) -> bool:
    """Whether a mark may stand in a request: in an image, where a person could have seen it."""
    head, _, body = request.partition(b"\r\n\r\n")
    if value.encode() in head or not any(sign in body for sign in _IMAGES):
        return False
    return value.encode() in shown or bool(_CLASSES.search(at.search.place_of(value)))

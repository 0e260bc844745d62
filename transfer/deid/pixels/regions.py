"""The rectangles that a pixel script names, and what they cover of one image."""

from __future__ import annotations

from typing import NamedTuple


class Region(NamedTuple):
    """A rectangle as written in a script, in pixels from the upper left corner.

    A negative `x` or `y` counts from the right or the lower edge (CTP, `Regions.java`). `width` and
    `height` are positive and mean what the language's documentation says: CTP's code for native
    pixel data covers one more column and one more row than they tell, its code for JPEG does not.
    """

    x: int
    y: int
    width: int
    height: int


class Box(NamedTuple):
    """The part of an image that is blanked: columns `left` to `right`, rows `top` to `bottom`,
    the ends not included."""

    left: int
    top: int
    right: int
    bottom: int


def clip(region: Region, columns: int, rows: int) -> Box | None:
    """What a region covers of an image of this size; None where it lies beside it.

    As CTP does, a negative start that reaches beyond the opposite edge becomes zero and the width
    or height stays, so that such a region covers more, never less.
    """
    left = max(region.x + columns, 0) if region.x < 0 else region.x
    top = max(region.y + rows, 0) if region.y < 0 else region.y
    right = min(left + region.width, columns)
    bottom = min(top + region.height, rows)
    return Box(left, top, right, bottom) if left < right and top < bottom else None

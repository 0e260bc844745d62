"""Pixel data that look like a body from afar: ellipses, a lesion, and noise. No real anatomy."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from adapters.sandbox.synth.chance import Chance

Image = npt.NDArray[np.uint16]
# Background, body and lesion values, and the width of the noise, in stored values.
_LEVELS = {
    "CT": (24, 1060, 1120, 40),
    "MR": (12, 420, 760, 48),
    "PT": (2, 900, 9000, 220),
    "MG": (90, 1500, 2600, 160),
}
_SHIFT = 61


class Phantom:
    """The images of one series, one after the other; every image differs from the others."""

    def __init__(self, chance: Chance, modality: str, rows: int, columns: int, count: int) -> None:
        self._chance = chance
        self._count = count
        self._background, self._body, self._lesion, width = _LEVELS[modality]
        y, x = np.mgrid[0:rows, 0:columns]
        self._y = (y / rows - 0.5).astype(np.float32)
        self._x = (x / columns - 0.5).astype(np.float32)
        self._radius = (self._x / 0.42) ** 2 + (self._y / 0.34) ** 2
        self._at = (chance.between(-15, 15) / 100, chance.between(-12, 12) / 100)
        # One field of noise a series, cut at another place for each image: drawing it anew for
        # each image would be most of the work.
        shape = (rows + _SHIFT, columns + _SHIFT)
        self._noise = chance.numbers.integers(0, width, shape, dtype=np.uint16)

    def image(self, number: int) -> Image:
        """Image `number` of the series, counted from 0."""
        part = (number + 0.5) / self._count
        girth = np.float32(0.72 + 0.5 * part * (1 - part))
        out_y, out_x = number % _SHIFT, (number * 7 + number // _SHIFT) % _SHIFT
        rows, columns = self._radius.shape
        image = self._noise[out_y : out_y + rows, out_x : out_x + columns] + np.uint16(
            self._background
        )
        image[self._radius < girth] += np.uint16(self._body)
        lesion = self.lesion(number)
        image[lesion] += np.uint16(self._lesion - self._body)
        # The number in the corner keeps two images apart even where the noise repeats.
        image[0, 0] = number
        return image

    def lesion(self, number: int) -> npt.NDArray[np.bool_]:
        """Where the lesion lies in that image: nowhere at both ends of the series."""
        part = (number + 0.5) / self._count
        size = 0.09 * max(0.0, 1 - (4 * (part - 0.5)) ** 2)
        mask: npt.NDArray[np.bool_] = (self._x - self._at[0]) ** 2 + (
            self._y - self._at[1]
        ) ** 2 < size**2
        return mask

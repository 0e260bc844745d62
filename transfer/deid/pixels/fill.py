"""The value that a blanked pixel takes: black, as the photometric interpretation has it.

CTP writes zero bytes for everything but YBR, where it writes 128 (observed in
`DICOMPixelAnonymizer.java`). Here as there MONOCHROME2, RGB and PALETTE COLOR become zero, signed
or not: the lowest number of a signed image would be black too, but would widen its range of values
for every viewer and every statistic. Unlike CTP, MONOCHROME1, where zero is white, gets its
greatest value, and YBR gets the luminance of black.
"""

from __future__ import annotations

from typing import Literal

from transfer.deid.pixels.image import Image


def black(image: Image) -> tuple[int, ...]:
    """One number for each sample of a pixel, unsigned, in the bits that are allocated."""
    photometric = image.photometric
    if photometric == "MONOCHROME1" and image.samples == 1:
        bits = image.stored_bits - image.is_signed
        return (((1 << bits) - 1) << (image.high_bit + 1 - image.stored_bits),)
    if photometric.startswith("YBR") and image.samples == 3:
        middle = 1 << (image.stored_bits - 1)
        low = middle // 8 if "PARTIAL" in photometric else 0
        return (low, middle, middle)
    return (0,) * image.samples


def black_bytes(image: Image, is_little: bool) -> tuple[bytes, ...]:
    """`black`, each sample as it is stored. Not for pixels of one bit."""
    order: Literal["little", "big"] = "little" if is_little else "big"
    return tuple(value.to_bytes(image.allocated_bits // 8, order) for value in black(image))

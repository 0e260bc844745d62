"""Text burned into pixels: CTP's DicomPixelAnonymizer scripts, and the risk by rule."""

from transfer.deid.pixels.errors import PixelScriptError
from transfer.deid.pixels.image import NotBlanked
from transfer.deid.pixels.plan import (
    Blanked,
    OutgoingPiece,
    PixelPlan,
    blank,
    place,
    stream_pixels,
)
from transfer.deid.pixels.regions import Region
from transfer.deid.pixels.risk import burned_in_risk
from transfer.deid.pixels.script import PixelScript, parse_pixel_script, regions_for

__all__ = [
    "Blanked",
    "NotBlanked",
    "OutgoingPiece",
    "PixelPlan",
    "PixelScript",
    "PixelScriptError",
    "Region",
    "blank",
    "burned_in_risk",
    "parse_pixel_script",
    "place",
    "regions_for",
    "stream_pixels",
]

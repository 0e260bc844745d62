"""Minimum imaging attributes (EUCAIM's requirements, section 1)."""

from __future__ import annotations

from typing import Final

from transfer.quality.attributes import BODY_PART, MANUFACTURER, Traits
from transfer.quality.rule import Circumstances, Dimension, HeaderRule, Problem, Rule, Severity


def _body_part(traits: Traits, _: Circumstances) -> Problem | None:
    if traits.lacks(BODY_PART):
        return Problem(Severity.BLOCK, "Body Part Examined is empty in {n} instances.")
    return None


def _manufacturer(traits: Traits, _: Circumstances) -> Problem | None:
    if traits.lacks(MANUFACTURER):
        return Problem(Severity.BLOCK, "Manufacturer is missing in {n} instances.")
    return None


RULES: Final[tuple[Rule, ...]] = (
    HeaderRule(
        id="IMG-03",
        title="Body part",
        dimension=Dimension.COMPLETE,
        remedy="Choose a value for the series, or exclude it.",
        reads=(BODY_PART,),
        judge=_body_part,
    ),
    HeaderRule(
        id="IMG-04",
        title="Manufacturer",
        dimension=Dimension.COMPLETE,
        remedy="Add it at the source, or exclude the series.",
        reads=(MANUFACTURER,),
        judge=_manufacturer,
    ),
)

"""The minimum attributes of negative screening and control groups (EUCAIM's requirements,
section 5)."""

from __future__ import annotations

from typing import Final

from transfer.quality.rule import Dimension, Rule, Severity
from transfer.quality.rules.clinical_sets import POPULATION_CHOICES, MinimumSets
from transfer.quality.rules.clinical_values import ClinicalValues
from transfer.quality.rules.rowed import RowRule


def _asked(number: int, title: str, remedy: str) -> RowRule:
    return RowRule(
        id=f"CLN-{number:02}",
        title=f"{title}, of screening and control groups",
        dimension=Dimension.COMPLETE,
        remedy=remedy,
        judged_by=MinimumSets,
    )


RULES: Final[tuple[Rule, ...]] = (
    _asked(1, "Patient ID", "Write the ID as it is in the images."),
    RowRule(
        id="CLN-02",
        title="Population, of screening and control groups",
        dimension=Dimension.COMPLETE,
        severities=(Severity.BLOCK, Severity.ASK),
        remedy="Fill it: it decides which attributes are asked for.",
        choices=POPULATION_CHOICES,
        judged_by=MinimumSets,
    ),
    _asked(3, "Sex", "Fill it."),
    _asked(
        4,
        "Date of imaging acquisition",
        "Fill it, or declare it not available for the dataset.",
    ),
    _asked(5, "Age at the image", "Fill it."),
    _asked(6, "Topography", "Fill the area that was examined."),
    RowRule(
        id="CLN-10",
        title="No cancer fields of screening and control groups",
        dimension=Dimension.CONSISTENT,
        severities=(Severity.WARN,),
        remedy="Look whether the population is right, or empty these fields.",
        judged_by=ClinicalValues,
    ),
)

"""The minimum attributes of positive and diagnostic cases (EUCAIM's requirements, section 4)."""

from __future__ import annotations

from typing import Final

from transfer.quality.rule import Dimension, Rule, Severity
from transfer.quality.rules.clinical_sets import POPULATION_CHOICES, MinimumSets
from transfer.quality.rules.rowed import RowRule

_FILL: Final = "Fill it."
_FILL_OR_DECLARE: Final = "Fill it, or declare it not available for the dataset."


def _asked(number: int, title: str, remedy: str = _FILL_OR_DECLARE) -> RowRule:
    return RowRule(
        id=f"CLP-{number:02}",
        title=f"{title}, of positive and diagnostic cases",
        dimension=Dimension.COMPLETE,
        remedy=remedy,
        judged_by=MinimumSets,
    )


RULES: Final[tuple[Rule, ...]] = (
    _asked(1, "Patient ID", "Write the ID as it is in the images."),
    RowRule(
        id="CLP-02",
        title="Population, of positive and diagnostic cases",
        dimension=Dimension.COMPLETE,
        severities=(Severity.BLOCK, Severity.ASK),
        remedy="Fill it: it decides which attributes are asked for.",
        choices=POPULATION_CHOICES,
        judged_by=MinimumSets,
    ),
    _asked(3, "Sex", _FILL),
    _asked(4, "Date of radiology detection"),
    _asked(5, "Date of diagnosis"),
    _asked(6, "Age at diagnosis", _FILL),
    _asked(7, "Pathology confirmation"),
    RowRule(
        id="CLP-08",
        title="Topography, of positive and diagnostic cases",
        dimension=Dimension.COMPLETE,
        severities=(Severity.BLOCK, Severity.WARN),
        remedy="Fill the organ; region and laterality where the source knows them.",
        judged_by=MinimumSets,
    ),
    _asked(9, "Pathology"),
    _asked(10, "Imaging procedure protocol"),
    _asked(11, "Treatment"),
    _asked(12, "Date of first treatment"),
)

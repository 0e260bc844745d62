"""All rules. One file a subject; each names its own in `RULES`."""

from __future__ import annotations

from typing import Final

from transfer.quality.rule import Rule
from transfer.quality.rules import (
    age,
    clinical_negative,
    clinical_positive,
    clinical_values,
    deidentified,
    directories,
    files,
    imaging,
    link,
    nifti,
    persons,
    relative,
    segmentations,
    tables,
    telling,
    timepoints,
    unique,
)

RULES: Final[tuple[Rule, ...]] = (
    *imaging.RULES,
    *files.RULES,
    *directories.RULES,
    *unique.RULES,
    *persons.RULES,
    *deidentified.RULES,
    *segmentations.RULES,
    *nifti.RULES,
    *tables.RULES,
    *telling.RULES,
    *link.RULES,
    *clinical_positive.RULES,
    *clinical_values.RULES,
    *clinical_negative.RULES,
    *age.RULES,
    *relative.RULES,
    *timepoints.RULES,
)

BY_ID: Final = {rule.id: rule for rule in RULES}

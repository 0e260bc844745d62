"""EUCAIM's minimum clinical attributes: what a column may hold, and which rule asks for it.

Source: EUCAIM's transfer requirements, sections 4 (positive and diagnostic cases) and 5 (negative
screening and control groups).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from transfer.clinical.columns import Role


class Form(StrEnum):
    """How values of an attribute are written."""

    IDENTIFIER = "identifier"
    DATE = "date"
    YEARS = "years"
    DAYS = "days"
    NUMBER = "number"
    TERM = "term"
    TEXT = "text"


@dataclass(frozen=True, slots=True)
class Attribute:
    """One attribute. `positive` and `negative` name the rule that asks for it in either set, empty
    where none does. `is_declarable`: the source may be declared not to hold it (CLP-90)."""

    role: Role
    title: str
    form: Form
    positive: str = ""
    negative: str = ""
    is_declarable: bool = False


def _by_role(*attributes: Attribute) -> Mapping[Role, Attribute]:
    return MappingProxyType({attribute.role: attribute for attribute in attributes})


ATTRIBUTES: Final = _by_role(
    Attribute(Role.PATIENT, "Patient ID", Form.IDENTIFIER, "CLP-01", "CLN-01"),
    Attribute(Role.POPULATION, "Population", Form.TERM, "CLP-02", "CLN-02"),
    Attribute(Role.SEX, "Sex", Form.TERM, "CLP-03", "CLN-03"),
    Attribute(
        Role.DETECTION_DATE, "Date of radiology detection", Form.DATE, "CLP-04", is_declarable=True
    ),
    Attribute(Role.DIAGNOSIS_DATE, "Date of diagnosis", Form.DATE, "CLP-05", is_declarable=True),
    Attribute(Role.AGE_AT_DIAGNOSIS, "Age at diagnosis", Form.YEARS, "CLP-06"),
    Attribute(Role.CONFIRMATION, "Pathology confirmation", Form.TERM, "CLP-07", is_declarable=True),
    Attribute(Role.TOPOGRAPHY, "Topography", Form.TERM, "CLP-08", "CLN-06"),
    Attribute(Role.REGION, "Region", Form.TERM),
    Attribute(Role.LATERALITY, "Laterality", Form.TERM),
    Attribute(Role.PATHOLOGY, "Pathology", Form.TERM, "CLP-09", is_declarable=True),
    Attribute(Role.PROTOCOL, "Imaging procedure protocol", Form.TEXT, "CLP-10", is_declarable=True),
    Attribute(Role.TREATMENT, "Treatment", Form.TERM, "CLP-11", is_declarable=True),
    Attribute(
        Role.TREATMENT_DATE, "Date of first treatment", Form.DATE, "CLP-12", is_declarable=True
    ),
    Attribute(
        Role.IMAGING_DATE,
        "Date of imaging acquisition",
        Form.DATE,
        negative="CLN-04",
        is_declarable=True,
    ),
    Attribute(Role.AGE, "Age at the image", Form.YEARS, negative="CLN-05"),
    Attribute(Role.BIRTH_DATE, "Date of birth", Form.DATE),
    Attribute(Role.STUDY, "Study Instance UID", Form.IDENTIFIER),
    Attribute(Role.EPISODE, "Episode", Form.TERM),
    Attribute(Role.TIMEPOINT, "Timepoint", Form.NUMBER),
    Attribute(Role.RELATIVE_DAY, "Relative day", Form.DAYS),
    Attribute(Role.OTHER_DATE, "Another date", Form.DATE),
)
"""By role, in the order in which EUCAIM lists them."""

"""What is examined in a synthetic cohort: three courses of disease, their studies and series."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SeriesPlan:
    """One series of images; sizes in pixels and millimetres. `views` replace slices for MG."""

    modality: str
    description: str
    rows: int
    columns: int
    slices: int
    spacing: float
    thickness: float = 0.0
    views: Sequence[tuple[str, str]] = ()
    is_implicit_vr: bool = False


@dataclass(frozen=True, slots=True)
class StudyPlan:
    """One examination, so many days after the first; `derived` adds a SEG or SR object."""

    day: int
    modality: str
    description: str
    series: Sequence[SeriesPlan]
    derived: str = ""


@dataclass(frozen=True, slots=True)
class Course:
    """A disease as it is imaged over time, and what the clinical table says about it."""

    body_part: str
    topography: str
    pathology: str
    confirmation: str
    treatment: str
    sex: str
    studies: Sequence[StudyPlan]


def _ct(description: str, slices: int, *, is_implicit_vr: bool = False) -> SeriesPlan:
    return SeriesPlan("CT", description, 512, 512, slices, 0.74, 2.5, is_implicit_vr=is_implicit_vr)


def _mr(description: str, size: int, slices: int) -> SeriesPlan:
    return SeriesPlan("MR", description, size, size, slices, 200 / size, 3.0)


_VIEWS = (("R", "CC"), ("L", "CC"), ("R", "MLO"), ("L", "MLO"))
_MAMMOGRAM = SeriesPlan("MG", "MG DIGITAL", 2294, 1914, 4, 0.1, views=_VIEWS)
_BREAST_MR = (
    _mr("T2 TIRM AX", 256, 20),
    _mr("DWI ADC AX", 256, 20),
    _mr("DCE T1 AX", 256, 20),
)
_PROSTATE_MR = (
    _mr("T2 TSE AX", 320, 20),
    _mr("DWI AX", 320, 20),
    _mr("ADC AX", 320, 20),
)

COURSES: Sequence[Course] = (
    Course(
        "CHEST",
        "Lung, upper lobe, left",
        "Adenocarcinoma, NOS (8140/3)",
        "Biopsy",
        "Chemotherapy",
        "",
        (
            StudyPlan(0, "CT", "TC TORAX", (_ct("TORAX 2.5 MM", 60),), derived="SEG"),
            StudyPlan(
                41,
                "PT",
                "PET-TC CUERPO",
                (
                    _ct("TC BAJA DOSIS", 24, is_implicit_vr=True),
                    SeriesPlan("PT", "PET CORREGIDO", 168, 168, 30, 4.07, 3.27),
                ),
            ),
            StudyPlan(184, "CT", "TC TORAX CONTROL", (_ct("TORAX 2.5 MM", 60),)),
        ),
    ),
    Course(
        "BREAST",
        "Breast, upper outer quadrant, right",
        "Invasive carcinoma of no special type (8500/3)",
        "Biopsy",
        "Surgery",
        "F",
        (
            StudyPlan(0, "MG", "MAMOGRAFIA BILATERAL", (_MAMMOGRAM,), derived="SR"),
            StudyPlan(17, "MR", "RM MAMA", _BREAST_MR),
        ),
    ),
    Course(
        "PROSTATE",
        "Prostate",
        "Acinar adenocarcinoma (8140/3)",
        "Biopsy",
        "Radiotherapy",
        "M",
        (
            StudyPlan(0, "MR", "RM PROSTATA", _PROSTATE_MR),
            StudyPlan(352, "MR", "RM PROSTATA CONTROL", _PROSTATE_MR),
        ),
    ),
)

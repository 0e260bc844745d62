"""Which images a person must look at, by rule DID-07."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydicom import Dataset

from tests.deid.pixel_files import dataset_of, header_of, write
from transfer.deid.pixels import burned_in_risk

ROOT = "1.2.840.10008.5.1.4.1.1."
CT = {"SOPClassUID": f"{ROOT}2", "Modality": "CT"}


def risk(folder: Path, **values: Any) -> str | None:
    dataset = dataset_of(np.ones((1, 4, 4), "u1"), **{**CT, **values})
    return burned_in_risk(header_of(write(dataset, folder / "a")))


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"BurnedInAnnotation": "YES"}, "Burned In Annotation"),
        ({"SOPClassUID": f"{ROOT}7", "Modality": "OT"}, "secondary capture"),
        ({"SOPClassUID": f"{ROOT}7.4"}, "secondary capture"),
        ({"ConversionType": "WSD"}, "secondary capture"),
        ({"SOPClassUID": f"{ROOT}6.1", "Modality": "US"}, "Ultrasound"),
        ({"Modality": "US"}, "Ultrasound"),
        ({"SOPClassUID": f"{ROOT}12.1", "Modality": "XA"}, "Fluoroscopy"),
        ({"Modality": "RF"}, "Fluoroscopy"),
        ({"SOPClassUID": f"{ROOT}1.2", "Modality": "MG"}, "Mammography"),
        ({"SOPClassUID": f"{ROOT}13.1.3", "Modality": "MG"}, "Mammography"),
        ({"ImageType": ["DERIVED", "SECONDARY", "SCREEN SAVE"]}, "copy of a screen"),
        ({"ImageType": ["DERIVED", "SECONDARY", "DOSE_INFO"]}, "dose or protocol page"),
        ({"SeriesDescription": "Dose Report"}, "dose or protocol page"),
        ({"SeriesDescription": "Patient Protocol"}, "dose or protocol page"),
        ({"SOPClassUID": f"{ROOT}77.1.1", "Modality": "ES"}, "Endoscopy"),
        ({"Modality": "SM", "ImageType": ["ORIGINAL", "PRIMARY", "LABEL"]}, "slide"),
    ],
)
def test_these_kinds_of_images_need_a_look(
    tmp_path: Path, values: dict[str, Any], words: str
) -> None:
    """Each with a reason that a person understands."""
    reason = risk(tmp_path, **values)
    assert reason is not None
    assert words in reason


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"BurnedInAnnotation": "NO"},
        {"Modality": "MR", "SOPClassUID": f"{ROOT}4"},
        {"Modality": "SM", "ImageType": ["ORIGINAL", "PRIMARY", "VOLUME"]},
        {"SeriesDescription": "Low dose chest"},
        {"SOPClassUID": f"{ROOT}7", "BurnedInAnnotation": "NO"},
        {"Modality": "XA", "BurnedInAnnotation": "NO"},
    ],
)
def test_these_need_none(tmp_path: Path, values: dict[str, Any]) -> None:
    """A question for each CT slice would be answered blindly."""
    assert risk(tmp_path, **values) is None


@pytest.mark.parametrize("modality", ["US", "MG"])
def test_the_word_of_the_device_is_not_enough_for_ultrasound_and_mammography(
    tmp_path: Path, modality: str
) -> None:
    """DID-07 asks for these always."""
    assert risk(tmp_path, Modality=modality, BurnedInAnnotation="NO") is not None


def test_what_has_no_pixels_has_no_text_in_them(tmp_path: Path) -> None:
    """A structured report of an ultrasound examination."""
    report = Dataset()
    report.SOPClassUID, report.SOPInstanceUID = f"{ROOT}88.11", "1.2.3"
    report.Modality = "US"
    assert burned_in_risk(header_of(write(report, tmp_path / "a"))) is None


def test_a_reason_holds_no_value(tmp_path: Path) -> None:
    """Reasons are written to findings and logs."""
    reason = risk(tmp_path, SeriesDescription="Dose Report DOE^JANE")
    assert reason is not None
    assert "DOE" not in reason

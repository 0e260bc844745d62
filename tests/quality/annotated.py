"""The clean cohort with a segmentation of its first Series, which becomes Series `E5`."""

from __future__ import annotations

from collections.abc import Iterable

from pydicom.dataset import Dataset

from tests.quality.cohort import clean_images
from tests.quality.faults import Cohort

SEGMENTATION = "1.2.840.10008.5.1.4.1.1.66.4"
LABEL_MAP = "1.2.840.10008.5.1.4.1.1.66.7"
STRUCTURE_SET = "1.2.840.10008.5.1.4.1.1.481.3"
ANNOTATION = "E5"


def segment(number: int = 1, **elements: str | None) -> Dataset:
    """A segment with all that EUCAIM asks for; None takes an element away."""
    made = Dataset()
    made.SegmentNumber = number
    made.SegmentLabel = "Tumour"
    made.SegmentDescription = "Primary tumour"
    made.SegmentAlgorithmType = "SEMIAUTOMATIC"
    made.SegmentAlgorithmName = "Grower 1.2"
    for keyword, value in elements.items():
        if value is None:
            delattr(made, keyword)
        else:
            setattr(made, keyword, value)
    return made


def segmentation(
    segments: Iterable[Dataset] = (), *, of: str | None = "1.2.826.3.1.1.1"
) -> Dataset:
    """A segmentation of one Series, by its UID; with None of nothing."""
    made = clean_images()[0]
    made.SOPClassUID = SEGMENTATION
    made.Modality = "SEG"
    made.SOPInstanceUID = "1.2.826.1.9"
    made.SeriesInstanceUID = "1.2.826.3.9"
    made.SeriesNumber = "9"
    del made.AcquisitionDate, made.BodyPartExamined
    made.SegmentSequence = list(segments) or [segment()]
    if of is not None:
        source = Dataset()
        source.SeriesInstanceUID = of
        made.ReferencedSeriesSequence = [source]
    return made


def annotated(made: Dataset) -> Cohort:
    """The clean cohort, and an annotation."""
    cohort = Cohort()
    cohort.images.append(made)
    return cohort

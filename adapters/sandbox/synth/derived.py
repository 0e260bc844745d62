"""Objects made from images: a segmentation of a lesion, and a report that names the patient."""

from __future__ import annotations

from collections.abc import Sequence as ListOf

import numpy as np
import numpy.typing as npt
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from adapters.sandbox.synth.headers import SOP_CLASSES, Examination
from adapters.sandbox.synth.planted import Planter


def segmentation(
    series: Dataset,
    examination: Examination,
    sop_uids: ListOf[str],
    masks: npt.NDArray[np.bool_],
) -> Dataset:
    """A binary SEG of the slices `masks` (frames, rows, columns), one source image a frame."""
    segmented = _derived(series, examination, "SEG", 900)
    segmented.ImageType = ["DERIVED", "PRIMARY"]
    segmented.SOPClassUID = SOP_CLASSES["SEG"]
    segmented.ContentLabel, segmented.ContentDescription = "LESION", "Lesion"
    segmented.ContentCreatorName = ""
    segmented.SegmentationType = "BINARY"
    segmented.SamplesPerPixel, segmented.PhotometricInterpretation = 1, "MONOCHROME2"
    segmented.PixelRepresentation = segmented.HighBit = 0
    segmented.BitsAllocated = segmented.BitsStored = 1
    segmented.LossyImageCompression = "00"
    segmented.NumberOfFrames, segmented.Rows, segmented.Columns = masks.shape
    segment = Dataset()
    segment.SegmentNumber, segment.SegmentLabel = 1, "Lesion"
    segment.SegmentDescription = "Primary tumour"
    segment.SegmentAlgorithmType = "MANUAL"
    segment.SegmentedPropertyCategoryCodeSequence = _code("49755003", "SCT", "Morphology")
    segment.SegmentedPropertyTypeCodeSequence = _code("52988006", "SCT", "Lesion")
    segmented.SegmentSequence = Sequence([segment])
    segmented.ReferencedSeriesSequence = Sequence([_sources(series, sop_uids)])
    segmented.SharedFunctionalGroupsSequence = Sequence([_shared(series)])
    segmented.PerFrameFunctionalGroupsSequence = Sequence(
        [_frame(series.SOPClassUID, uid, n, series) for n, uid in enumerate(sop_uids)]
    )
    bits = np.packbits(masks.reshape(-1), bitorder="little").tobytes()
    segmented.add_new("PixelData", "OB", bits + b"\0" * (len(bits) % 2))
    return segmented


def _sources(series: Dataset, sop_uids: ListOf[str]) -> Dataset:
    """The images that it was drawn on (PS3.3 C.12.2, Common Instance Reference)."""
    referenced = Dataset()
    referenced.SeriesInstanceUID = series.SeriesInstanceUID
    referenced.ReferencedInstanceSequence = Sequence([])
    for uid in sop_uids:
        one = Dataset()
        one.ReferencedSOPClassUID, one.ReferencedSOPInstanceUID = series.SOPClassUID, uid
        referenced.ReferencedInstanceSequence.append(one)
    return referenced


def _shared(series: Dataset) -> Dataset:
    measures = Dataset()
    measures.PixelSpacing = series.PixelSpacing
    measures.SliceThickness = series.SliceThickness
    orientation = Dataset()
    orientation.ImageOrientationPatient = series.ImageOrientationPatient
    group = Dataset()
    group.PixelMeasuresSequence = Sequence([measures])
    group.PlaneOrientationSequence = Sequence([orientation])
    return group


def _frame(sop_class: str, sop_uid: str, number: int, series: Dataset) -> Dataset:
    source = Dataset()
    source.ReferencedSOPClassUID, source.ReferencedSOPInstanceUID = sop_class, sop_uid
    derivation = Dataset()
    derivation.SourceImageSequence = Sequence([source])
    position = Dataset()
    position.ImagePositionPatient = ["0", "0", f"{number * float(series.SliceThickness):g}"]
    which = Dataset()
    which.ReferencedSegmentNumber = 1
    content = Dataset()
    content.DimensionIndexValues = [1, number + 1]
    group = Dataset()
    group.DerivationImageSequence = Sequence([derivation])
    group.PlanePositionSequence = Sequence([position])
    group.SegmentIdentificationSequence = Sequence([which])
    group.FrameContentSequence = Sequence([content])
    return group


def report(study: Dataset, examination: Examination, planter: Planter) -> Dataset:
    """A Basic Text SR whose only sentence tells who the patient is."""
    person = examination.person
    written = _derived(study, examination, "SR", 990)
    written.SOPClassUID = SOP_CLASSES["SR"]
    written.CompletionFlag, written.VerificationFlag = "COMPLETE", "UNVERIFIED"
    written.ReferencedPerformedProcedureStepSequence = Sequence([])
    written.PerformedProcedureCodeSequence = Sequence([])
    written.ValueType, written.ContinuityOfContent = "CONTAINER", "SEPARATE"
    written.ConceptNameCodeSequence = _code("11528-7", "LN", "Radiology Report")
    finding = Dataset()
    finding.RelationshipType, finding.ValueType = "CONTAINS", "TEXT"
    finding.ConceptNameCodeSequence = _code("121071", "DCM", "Finding")
    words = f"{person.spoken_name} ({person.patient_id}): BI-RADS 5."
    planter.put(
        finding, "TextValue", words, person.spoken_name, person.patient_id, at="ContentSequence."
    )
    written.ContentSequence = Sequence([finding])
    return written


def _derived(base: Dataset, examination: Examination, modality: str, number: int) -> Dataset:
    kept = Dataset()
    for element in base:
        # Patient, study and frame of reference stay; what describes the images does not.
        if element.tag.group in (0x0008, 0x0010, 0x0032, 0x0040, 0x0400) or element.tag in (
            base.data_element("StudyInstanceUID").tag,  # type: ignore[union-attr]
            base.data_element("StudyID").tag,  # type: ignore[union-attr]
        ):
            kept.add(element)
    if "FrameOfReferenceUID" in base:
        kept.FrameOfReferenceUID = base.FrameOfReferenceUID
        kept.PositionReferenceIndicator = ""
    kept.Modality = modality
    kept.Manufacturer, kept.ManufacturerModelName = "Synthetic", "Reader"
    kept.SeriesInstanceUID = examination.chance.uid("series", number)
    kept.SOPInstanceUID = examination.chance.uid("instance", number, 1)
    kept.SeriesNumber, kept.InstanceNumber = number, 1
    kept.SeriesDescription = f"{modality} 1"
    kept.ContentDate, kept.ContentTime = base.StudyDate, base.StudyTime
    return kept


def _code(value: str, scheme: str, meaning: str) -> Sequence:
    code = Dataset()
    code.CodeValue, code.CodingSchemeDesignator, code.CodeMeaning = value, scheme, meaning
    return Sequence([code])

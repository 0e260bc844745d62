"""The instances of the planted cohort, one function for each kind."""

from __future__ import annotations

from pydicom.dataset import Dataset

from tests.deid.planted import Planter

CT = "1.2.840.10008.5.1.4.1.1.2"
PT = "1.2.840.10008.5.1.4.1.1.128"
US_MULTI = "1.2.840.10008.5.1.4.1.1.3.1"
ENHANCED_CT = "1.2.840.10008.5.1.4.1.1.2.1"
ENHANCED_MR = "1.2.840.10008.5.1.4.1.1.4.1"
RTSTRUCT = "1.2.840.10008.5.1.4.1.1.481.3"


def common(planter: Planter, sop_class: str, modality: str) -> Dataset:
    """What every instance has, with identifiers where the standard wants them."""
    made = Dataset()
    made.SpecificCharacterSet = "ISO_IR 192"
    made.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
    made.SOPClassUID = sop_class
    made.SOPInstanceUID = planter.uid()
    made.StudyDate = planter.date()
    made.SeriesDate = planter.date()
    made.AcquisitionDate = planter.date()
    made.ContentDate = planter.date()
    made.AccessionNumber = planter.word()
    made.Modality = modality
    made.Manufacturer = "ACME"
    made.InstitutionName = planter.word()
    made.ReferringPhysicianName = f"{planter.word()}^Referring"
    made.StudyDescription = planter.word()
    made.SeriesDescription = "Thorax native"
    made.PatientName = f"{planter.word()}^{planter.word()}"
    made.PatientID = planter.word()
    made.PatientSex = "F"
    made.OtherPatientIDs = planter.word()
    made.PatientAddress = planter.word()
    made.DeviceSerialNumber = planter.word()
    made.StudyInstanceUID = planter.uid()
    made.SeriesInstanceUID = planter.uid()
    made.StudyID = planter.word()
    made.SeriesNumber = "1"
    made.InstanceNumber = "1"
    made.FrameOfReferenceUID = planter.uid()
    return made


def pixels(made: Dataset, frames: int = 1, size: int = 8) -> None:
    """A small grey picture."""
    made.SamplesPerPixel = 1
    made.PhotometricInterpretation = "MONOCHROME2"
    made.Rows = made.Columns = size
    made.BitsAllocated = made.BitsStored = 16
    made.HighBit = 15
    made.PixelRepresentation = 0
    if frames > 1:
        made.NumberOfFrames = str(frames)
    count = frames * size * size
    made.PixelData = b"".join((n % 4096).to_bytes(2, "little") for n in range(count))


def ct(planter: Planter) -> Dataset:
    made = common(planter, CT, "CT")
    made.ImagePositionPatient = [0, 0, 0]
    made.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
    made.PixelSpacing = [1, 1]
    made.SliceThickness = "1"
    made.RescaleIntercept = "-1024"
    made.RescaleSlope = "1"
    made.KVP = "120"
    pixels(made)
    return made


def pt(planter: Planter) -> Dataset:
    made = common(planter, PT, "PT")
    drug = Dataset()
    drug.Radiopharmaceutical = "FDG"
    drug.RadiopharmaceuticalStartDateTime = planter.date() + "080000"
    drug.RadionuclideTotalDose = "370000000"
    drug.RadionuclideCodeSequence = [code("C-111A1", "SRT", "^18^Fluorine")]
    planter.plant(drug, is_root=False)
    made.RadiopharmaceuticalInformationSequence = [drug]
    made.Units = "BQML"
    made.DecayCorrection = "START"
    pixels(made)
    return made


def us(planter: Planter) -> Dataset:
    made = common(planter, US_MULTI, "US")
    region = Dataset()
    region.RegionSpatialFormat = 1
    region.PhysicalDeltaX = 0.1
    planter.plant(region, is_root=False)
    made.SequenceOfUltrasoundRegions = [region]
    made.FrameTime = "33"
    made.CineRate = "30"
    made.FrameIncrementPointer = 0x00181063
    pixels(made, frames=3)
    return made


def enhanced_ct(planter: Planter) -> Dataset:
    return _enhanced(planter, ENHANCED_CT, "CT")


def enhanced_mr(planter: Planter) -> Dataset:
    made = _enhanced(planter, ENHANCED_MR, "MR")
    made.ContentQualification = "PRODUCT"
    return made


def _enhanced(planter: Planter, sop_class: str, modality: str) -> Dataset:
    made = common(planter, sop_class, modality)
    made.ImageType = ["ORIGINAL", "PRIMARY", "VOLUME", "NONE"]
    dimension = planter.uid()
    organization = Dataset()
    organization.DimensionOrganizationUID = dimension
    made.DimensionOrganizationSequence = [organization]
    index = Dataset()
    index.DimensionOrganizationUID = dimension
    index.DimensionIndexPointer = 0x00209057
    index.FunctionalGroupPointer = 0x00209111
    index.DimensionDescriptionLabel = "In-Stack Position Number"
    made.DimensionIndexSequence = [index]
    shared = Dataset()
    measures = Dataset()
    measures.PixelSpacing = [1, 1]
    measures.SliceThickness = "2"
    shared.PixelMeasuresSequence = [measures]
    orientation = Dataset()
    orientation.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
    shared.PlaneOrientationSequence = [orientation]
    transform = Dataset()
    transform.RescaleIntercept = "0"
    transform.RescaleSlope = "1"
    transform.RescaleType = "US"
    shared.PixelValueTransformationSequence = [transform]
    echo = Dataset()
    echo.EffectiveEchoTime = 12.5
    shared.MREchoSequence = [echo]
    planter.plant(shared, is_root=False)
    made.SharedFunctionalGroupsSequence = [shared]
    frames = []
    for number in range(1, 4):
        content = Dataset()
        content.FrameAcquisitionDateTime = planter.date() + "120000"
        content.StackID = "1"
        content.InStackPositionNumber = number
        content.DimensionIndexValues = [number]
        planter.plant(content, is_root=False)
        position = Dataset()
        position.ImagePositionPatient = [0, 0, 2 * number]
        source = Dataset()
        source.ReferencedSOPClassUID = CT
        source.ReferencedSOPInstanceUID = planter.uid()
        derivation = Dataset()
        derivation.SourceImageSequence = [source]
        frame = Dataset()
        frame.FrameContentSequence = [content]
        frame.PlanePositionSequence = [position]
        frame.DerivationImageSequence = [derivation]
        frames.append(frame)
    made.PerFrameFunctionalGroupsSequence = frames
    made.AcquisitionContextSequence = []
    pixels(made, frames=3)
    return made


def rtstruct(planter: Planter) -> Dataset:
    made = common(planter, RTSTRUCT, "RTSTRUCT")
    made.StructureSetLabel = "Plan 1"
    made.StructureSetName = planter.word()
    made.StructureSetDate = planter.date()
    frame = Dataset()
    frame.FrameOfReferenceUID = made.FrameOfReferenceUID
    study = Dataset()
    study.ReferencedSOPClassUID = "1.2.840.10008.3.1.2.3.1"
    study.ReferencedSOPInstanceUID = made.StudyInstanceUID
    series = Dataset()
    series.SeriesInstanceUID = planter.uid()
    image = Dataset()
    image.ReferencedSOPClassUID = CT
    image.ReferencedSOPInstanceUID = planter.uid()
    series.ContourImageSequence = [image]
    study.RTReferencedSeriesSequence = [series]
    frame.RTReferencedStudySequence = [study]
    made.ReferencedFrameOfReferenceSequence = [frame]
    roi = Dataset()
    roi.ROINumber = "1"
    roi.ReferencedFrameOfReferenceUID = made.FrameOfReferenceUID
    roi.ROIName = "GTV"
    roi.ROIDescription = planter.word()
    roi.ROIGenerationAlgorithm = "MANUAL"
    planter.plant(roi, is_root=False)
    made.StructureSetROISequence = [roi]
    contour = Dataset()
    contour.ContourImageSequence = [image]
    contour.ContourGeometricType = "CLOSED_PLANAR"
    contour.NumberOfContourPoints = "3"
    contour.ContourData = [0, 0, 0, 1, 0, 0, 1, 1, 0]
    lines = Dataset()
    lines.ReferencedROINumber = "1"
    lines.ROIDisplayColor = [255, 0, 0]
    lines.ContourSequence = [contour]
    made.ROIContourSequence = [lines]
    observation = Dataset()
    observation.ObservationNumber = "1"
    observation.ReferencedROINumber = "1"
    observation.RTROIInterpretedType = "GTV"
    observation.ROIInterpreter = planter.word()
    made.RTROIObservationsSequence = [observation]
    made.ApprovalStatus = "APPROVED"
    made.ReviewDate = planter.date()
    made.ReviewerName = planter.word()
    return made


def code(value: str, scheme: str, meaning: str) -> Dataset:
    """The item of a code sequence."""
    item = Dataset()
    item.CodeValue = value
    item.CodingSchemeDesignator = scheme
    item.CodeMeaning = meaning
    return item


MAKERS = {
    "CT": ct,
    "PT": pt,
    "US multi-frame": us,
    "enhanced CT": enhanced_ct,
    "enhanced MR": enhanced_mr,
    "RTSTRUCT": rtstruct,
}

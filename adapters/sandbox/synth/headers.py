"""The headers of synthetic images: what a hospital's archive would hold, identifiers included."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.uid import UID, ExplicitVRLittleEndian, ImplicitVRLittleEndian

from adapters.sandbox.synth.chance import Chance
from adapters.sandbox.synth.people import Person
from adapters.sandbox.synth.planted import Planter
from adapters.sandbox.synth.protocols import SeriesPlan, StudyPlan

SOP_CLASSES = {
    "CT": "1.2.840.10008.5.1.4.1.1.2",
    "MR": "1.2.840.10008.5.1.4.1.1.4",
    "PT": "1.2.840.10008.5.1.4.1.1.128",
    "MG": "1.2.840.10008.5.1.4.1.1.1.2",
    "SEG": "1.2.840.10008.5.1.4.1.1.66.4",
    "SR": "1.2.840.10008.5.1.4.1.1.88.11",
}
_IMPLEMENTATION = "2.25.331228771949498563262214301632104716453"
_MAKERS = {
    "CT": ("GE MEDICAL SYSTEMS", "LightSpeed VCT"),
    "PT": ("GE MEDICAL SYSTEMS", "Discovery 690"),
    "MR": ("SIEMENS", "Skyra"),
    "MG": ("HOLOGIC, Inc.", "Selenia Dimensions"),
}


@dataclass(frozen=True, slots=True)
class Examination:
    """One study of one patient, with the facts that all its objects share."""

    person: Person
    plan: StudyPlan
    chance: Chance
    date: dt.date
    accession: str

    @property
    def study_uid(self) -> str:
        return self.chance.uid("study")


def study_header(examination: Examination, planter: Planter) -> Dataset:
    """Patient and study attributes, as every object of the study carries them."""
    person, plan = examination.person, examination.plan
    header = Dataset()
    header.SpecificCharacterSet = person.character_set
    header.StudyDate = f"{examination.date:%Y%m%d}"
    header.StudyTime = f"{examination.chance.between(8, 17):02}1500"
    header.StudyInstanceUID = examination.study_uid
    header.StudyID = str(plan.day)
    header.PatientSex = person.sex
    age = (examination.date - person.birth_date).days // 365
    header.PatientAge = f"{age:03}Y"
    put = planter.put
    put(header, "PatientName", person.dicom_name)
    planter.note("PatientName", person.family)
    put(header, "PatientID", person.patient_id)
    put(header, "PatientBirthDate", f"{person.birth_date:%Y%m%d}")
    put(header, "OtherPatientIDs", person.national_id)
    put(header, "PatientAddress", person.address)
    put(header, "PatientTelephoneNumbers", person.phone)
    put(header, "AccessionNumber", examination.accession)
    put(header, "ReferringPhysicianName", person.doctor)
    put(header, "PerformingPhysicianName", person.doctor)
    put(header, "OperatorsName", person.operator)
    put(header, "InstitutionName", person.hospital)
    put(header, "InstitutionAddress", person.hospital_address)
    put(header, "StationName", person.station)
    words = f"{plan.description} {person.family.upper()}"
    put(header, "StudyDescription", words, person.family.upper())
    comment = f"Avisar a {person.spoken_name}, tel. {person.phone}"
    put(header, "PatientComments", comment, person.spoken_name, person.phone)
    _nest(header, examination, planter)
    return header


def _nest(header: Dataset, examination: Examination, planter: Planter) -> None:
    person = examination.person
    other = Dataset()
    at = "OtherPatientIDsSequence."
    planter.put(other, "PatientID", person.insurance_id, at=at)
    other.IssuerOfPatientID = "INSURANCE"
    other.TypeOfPatientID = "TEXT"
    header.OtherPatientIDsSequence = Sequence([other])

    request = Dataset()
    at = "RequestAttributesSequence."
    request.RequestedProcedureID = "RP1"
    request.ScheduledProcedureStepID = "SPS1"
    words = f"Solicitado por {person.doctor.replace('^', ', ')}"
    planter.put(
        request, "RequestedProcedureDescription", words, person.doctor.replace("^", ", "), at=at
    )
    planter.put(request, "AccessionNumber", examination.accession, at=at)
    header.RequestAttributesSequence = Sequence([request])

    before = Dataset()
    at = "OriginalAttributesSequence.ModifiedAttributesSequence."
    planter.put(before, "PatientID", person.former_id, at=at)
    planter.put(before, "PatientName", person.family.upper(), at=at)
    change = Dataset()
    change.ModifiedAttributesSequence = Sequence([before])
    change.AttributeModificationDateTime = f"{examination.date:%Y%m%d}120000"
    change.ModifyingSystem = "PACS MIGRATION"
    change.SourceOfPreviousValues = "OLD PACS"
    change.ReasonForTheAttributeModification = "CORRECT"
    header.OriginalAttributesSequence = Sequence([change])


def series_header(
    study: Dataset, examination: Examination, plan: SeriesPlan, number: int, planter: Planter
) -> Dataset:
    """All that the images of one series share, private blocks included."""
    person, chance = examination.person, examination.chance
    header = Dataset()
    header.update(study)
    maker, model = _MAKERS[plan.modality]
    header.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
    header.SOPClassUID = SOP_CLASSES[plan.modality]
    header.Modality = plan.modality
    header.Manufacturer = maker
    header.ManufacturerModelName = model
    header.SeriesInstanceUID = chance.uid("series", number)
    header.SeriesNumber = number
    header.SeriesDate = header.AcquisitionDate = header.ContentDate = study.StudyDate
    header.SeriesTime = header.AcquisitionTime = header.ContentTime = study.StudyTime
    # The profiles keep this text; an identifier in it would rightly stop the patient.
    header.SeriesDescription = plan.description
    words = f"{plan.description} {person.patient_id}"
    planter.put(header, "ImageComments", words, person.patient_id)
    planter.put(header, "DeviceSerialNumber", f"SN{person.station}")
    header.FrameOfReferenceUID = chance.uid("frame-of-reference")
    header.Rows, header.Columns = plan.rows, plan.columns
    header.SamplesPerPixel = 1
    header.PhotometricInterpretation = "MONOCHROME2"
    header.BitsAllocated, header.BitsStored, header.HighBit = 16, 16, 15
    header.PixelRepresentation = 0
    _technique(header, plan)
    _private(header, examination, plan, planter)
    return header


def _technique(header: Dataset, plan: SeriesPlan) -> None:
    spacing = [f"{plan.spacing:g}", f"{plan.spacing:g}"]
    if plan.modality == "MG":
        header.ImagerPixelSpacing = spacing
        header.KVP = "29"
        header.PresentationIntentType = "FOR PRESENTATION"
        header.WindowCenter, header.WindowWidth = "1600", "3200"
        return
    header.PixelSpacing = spacing
    header.SliceThickness = f"{plan.thickness:g}"
    header.SpacingBetweenSlices = f"{plan.thickness:g}"
    header.ImageOrientationPatient = ["1", "0", "0", "0", "1", "0"]
    header.PatientPosition = "HFS"
    header.PositionReferenceIndicator = ""
    if plan.modality == "CT":
        header.KVP, header.XRayTubeCurrent, header.ConvolutionKernel = "120", "220", "STANDARD"
        header.RescaleIntercept, header.RescaleSlope, header.RescaleType = "-1024", "1", "HU"
    elif plan.modality == "MR":
        header.ScanningSequence, header.SequenceVariant, header.MRAcquisitionType = "SE", "SK", "2D"
        header.RepetitionTime, header.EchoTime, header.FlipAngle = "4200", "92", "150"
        header.MagneticFieldStrength = "3"
    elif plan.modality == "PT":
        header.Units, header.CountsSource, header.DecayCorrection = "BQML", "EMISSION", "START"
        header.CorrectedImage = ["ATTN", "DECY", "SCAT"]
        header.SeriesType = ["WHOLE BODY", "IMAGE"]
        header.RescaleIntercept, header.RescaleSlope = "0", "1.5"


def _private(header: Dataset, examination: Examination, plan: SeriesPlan, planter: Planter) -> None:
    """Blocks as the makers write them, and one of a local archive; each gives somebody away."""
    person = examination.person
    if plan.modality in ("CT", "PT"):
        block = header.private_block(0x0009, "GEMS_IDEN_01", create=True)
        block.add_new(0x01, "LO", "GE_GENESIS_FF")
        block.add_new(0x04, "SH", "LightSpeed")
        block = header.private_block(0x0011, "GEMS_PATI_01", create=True)
        block.add_new(0x10, "LO", person.spoken_name)
        planter.note("private GEMS_PATI_01", person.spoken_name)
    if plan.modality == "MR":
        block = header.private_block(0x0029, "SIEMENS CSA HEADER", create=True)
        block.add_new(0x08, "CS", "IMAGE NUM 4")
        text = f"tPatientID = {person.patient_id} tNationalID = {person.national_id} "
        blob = b"SV10\4\3\2\1" + text.encode("ascii").ljust(120, b"\0")
        block.add_new(0x10, "OB", blob)
        planter.note("private SIEMENS CSA HEADER", person.patient_id, person.national_id)
    block = header.private_block(0x0099, "SAN FERMIN PACS 2", create=True)
    block.add_new(0x01, "LT", f"historia {person.national_id} / {person.insurance_id}")
    planter.note("private SAN FERMIN PACS 2", person.national_id, person.insurance_id)
    inner = Dataset()
    planter.put(inner, "PatientName", person.dicom_name, at="private SAN FERMIN PACS 2.")
    block.add_new(0x02, "SQ", Sequence([inner]))


def file_meta(sop_class: str, *, is_implicit_vr: bool = False) -> FileMetaDataset:
    """File meta information without its SOP Instance UID, which each file gets."""
    meta = FileMetaDataset()
    meta.FileMetaInformationVersion = b"\0\1"
    meta.MediaStorageSOPClassUID = UID(sop_class)
    meta.TransferSyntaxUID = ImplicitVRLittleEndian if is_implicit_vr else ExplicitVRLittleEndian
    meta.ImplementationClassUID = UID(_IMPLEMENTATION)
    meta.ImplementationVersionName = "SYNTH_1"
    return meta

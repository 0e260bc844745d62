"""Objects that `lethe` reduces to a header stay usable under `eucaim`: other readers open them."""

from __future__ import annotations

import io
import shutil
import subprocess
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import highdicom as hd
import numpy as np
import pytest
from pydicom import dcmread
from pydicom.data import get_testdata_file
from pydicom.dataset import Dataset
from pydicom.sr.codedict import codes
from pydicom.uid import ExplicitVRLittleEndian

from tests.deid import planted, planted_kinds
from tests.deid.planted import Planted, Planter
from tests.deid.test_profile_planted import KEY, read, written
from transfer.deid.recipe import new_uid, pseudonym

pytestmark = pytest.mark.filterwarnings("ignore")  # of the readers and makers used here


@pytest.fixture(scope="module")
def slices() -> list[Dataset]:
    """A CT series of three slices, without broken values: highdicom refuses those."""
    planter = Planter()
    first = planted_kinds.ct(planter)
    made: list[Dataset] = []
    for number in range(3):
        one = dcmread(io.BytesIO(planted.part10(first, ExplicitVRLittleEndian)))
        one.SOPInstanceUID = f"{planted.ROOT}.55.{number + 1}"
        one.file_meta.MediaStorageSOPInstanceUID = one.SOPInstanceUID
        one.InstanceNumber = str(number + 1)
        one.ImagePositionPatient = [0, 0, number]
        one.StudyTime = one.ContentTime = "101112"
        one.PatientBirthDate = "19600517"
        made.append(one)
    return made


def bytes_of(dataset: Any) -> bytes:
    out = io.BytesIO()
    dataset.save_as(out)
    return out.getvalue()


def equipment() -> dict[str, Any]:
    return {
        "series_instance_uid": f"{planted.ROOT}.66",
        "series_number": 2,
        "instance_number": 1,
        "manufacturer": "ACME",
    }


@pytest.fixture(scope="module")
def segmentation(slices: list[Dataset]) -> bytes:
    algorithm = hd.AlgorithmIdentificationSequence(
        name="TumorNet", version="1.2", family=codes.cid7162.ArtificialIntelligence
    )
    segment = hd.seg.SegmentDescription(
        segment_number=1,
        segment_label="Tumour",
        segmented_property_category=codes.SCT.MorphologicallyAbnormalStructure,
        segmented_property_type=codes.SCT.Neoplasm,
        algorithm_type=hd.seg.SegmentAlgorithmTypeValues.AUTOMATIC,
        algorithm_identification=algorithm,
        tracking_uid=f"{planted.ROOT}.77",
        tracking_id="Lesion of Zqsegment",
    )
    mask = np.zeros((3, 8, 8), dtype=np.uint8)
    mask[1, 2:5, 2:5] = 1
    made = hd.seg.Segmentation(
        source_images=slices,
        pixel_array=mask,
        segmentation_type=hd.seg.SegmentationTypeValues.BINARY,
        segment_descriptions=[segment],
        sop_instance_uid=f"{planted.ROOT}.88",
        manufacturer_model_name="TumorNet",
        software_versions="1.2",
        device_serial_number="Zqserial",
        content_creator_name="Zqcreator^Anna",
        content_description="Zqdescription",
        **equipment(),
    )
    return bytes_of(made)


@pytest.fixture(scope="module")
def report(slices: list[Dataset]) -> bytes:
    observer = hd.sr.ObserverContext(
        observer_type=codes.DCM.Person,
        observer_identifying_attributes=hd.sr.PersonObserverIdentifyingAttributes(
            name="Zqobserver^Bert"
        ),
    )
    region = hd.sr.ImageRegion(
        graphic_type=hd.sr.GraphicTypeValues.POLYLINE,
        graphic_data=np.array([[1.0, 1.0], [5.0, 1.0], [5.0, 5.0], [1.0, 1.0]]),
        source_image=hd.sr.SourceImageForRegion.from_source_image(slices[1]),
    )
    diameter = hd.sr.Measurement(name=codes.SCT.Diameter, value=12.5, unit=codes.UCUM.Millimeter)
    group = hd.sr.PlanarROIMeasurementsAndQualitativeEvaluations(
        tracking_identifier=hd.sr.TrackingIdentifier(
            uid=f"{planted.ROOT}.99", identifier="Lesion of Zqreport"
        ),
        referenced_region=region,
        finding_type=codes.SCT.Neoplasm,
        measurements=[diameter],
    )
    content = hd.sr.MeasurementReport(
        observation_context=hd.sr.ObservationContext(observer_person_context=observer),
        procedure_reported=codes.LN.CTUnspecifiedBodyRegion,
        imaging_measurements=[group],
        title=codes.DCM.ImagingMeasurementReport,
    )
    made = hd.sr.Comprehensive3DSR(
        evidence=slices,
        content=content[0],
        sop_instance_uid=f"{planted.ROOT}.89",
        institution_name="Zqhospital",
        is_complete=True,
        is_final=True,
        is_verified=True,
        verifying_observer_name="Zqverifier^Carl",
        verifying_organization="Zqorganisation",
        **equipment(),
    )
    return bytes_of(made)


def test_a_segmentation_opens_and_refers_to_its_images(
    slices: list[Dataset], segmentation: bytes
) -> None:
    """Segments, pixels and references hold; creator, serial number and free text are gone."""
    assert segmentation.count(b"Zq") > 5
    output = written(segmentation)
    assert [word for word in (b"Zqseg", b"Zqcr", b"Zqdes", b"Zqserial") if word in output] == []
    opened = hd.seg.segread(io.BytesIO(output))
    assert opened.number_of_segments == 1
    assert opened.segment_numbers == [1]
    assert opened.SegmentSequence[0].SegmentLabel == "Tumour"
    assert opened.SegmentSequence[0].SegmentAlgorithmName == "TumorNet"
    assert str(opened.SegmentSequence[0].TrackingID).isdigit()
    new_id = pseudonym(KEY, slices[0].PatientID)
    assert opened.SegmentSequence[0].TrackingUID == new_uid(f"{planted.ROOT}.77", new_id)
    sent = [read(written(bytes_of(one))) for one in slices]
    # get_source_image_uids gives study, series and instance of each image referred to.
    assert set(opened.get_source_image_uids()) <= {
        (one.StudyInstanceUID, one.SeriesInstanceUID, one.SOPInstanceUID) for one in sent
    }
    assert len(opened.get_source_image_uids()) >= 1
    masks = opened.get_pixels_by_source_instance(
        [one.SOPInstanceUID for one in sent],
        ignore_spatial_locations=True,
        assert_missing_frames_are_empty=True,
    )
    assert masks.sum() == 9


def test_a_report_opens_with_its_measurements_and_without_its_people(
    slices: list[Dataset], report: bytes
) -> None:
    """Codes, numbers, regions and references stay; names and texts are neutral, not missing."""
    assert report.count(b"Zq") > 5
    output = written(report)
    assert output.count(b"Zq") == 0
    opened: Any = hd.sr.srread(io.BytesIO(output))
    groups = opened.content.get_planar_roi_measurement_groups()
    assert len(groups) == 1
    (diameter,) = groups[0].get_measurements()
    assert diameter.value == 12.5
    assert groups[0].finding_type == codes.SCT.Neoplasm
    assert groups[0].tracking_identifier == "Removed"
    new_id = pseudonym(KEY, slices[0].PatientID)
    assert groups[0].tracking_uid == new_uid(f"{planted.ROOT}.99", new_id)
    sent = {read(written(bytes_of(one))).SOPInstanceUID for one in slices}
    evidence = {uid for _, _, uid in _evidence(read(output))}
    assert evidence == sent
    assert opened.VerificationFlag == "VERIFIED"
    assert opened.VerifyingObserverSequence[0].VerifyingObserverName == "Removed"


def _evidence(report: Dataset) -> Iterator[tuple[str, str, str]]:
    for study in report.CurrentRequestedProcedureEvidenceSequence:
        for series in study.ReferencedSeriesSequence:
            for instance in series.ReferencedSOPSequence:
                yield (
                    study.StudyInstanceUID,
                    series.SeriesInstanceUID,
                    instance.ReferencedSOPInstanceUID,
                )


def test_a_parametric_map_keeps_its_floating_point_pixels(slices: list[Dataset]) -> None:
    """`lethe` empties them."""
    mapping = hd.pm.RealWorldValueMapping(
        lut_label="ADC",
        lut_explanation="diffusion",
        unit=codes.UCUM.SquareMillimeterPerSecond,
        value_range=(0.0, 9.0),
        slope=1,
        intercept=0,
    )
    made = hd.pm.ParametricMap(
        source_images=slices,
        pixel_array=np.arange(192, dtype=np.float32).reshape(3, 8, 8),
        sop_instance_uid=f"{planted.ROOT}.90",
        manufacturer_model_name="Mapper",
        software_versions="1",
        device_serial_number="Zqserial",
        contains_recognizable_visual_features=False,
        real_world_value_mappings=[mapping],
        window_center=4.0,
        window_width=8.0,
        **equipment(),
    )
    data = bytes_of(made)
    output = written(data)
    assert b"Zqserial" in data
    assert b"Zqserial" not in output
    opened = hd.pm.pmread(io.BytesIO(output)) if hasattr(hd.pm, "pmread") else read(output)
    assert np.asarray(opened.pixel_array).sum() == np.arange(192).sum()
    label = opened.SharedFunctionalGroupsSequence[0].RealWorldValueMappingSequence[0].LUTLabel
    assert label == "ADC"


@pytest.mark.parametrize("name", ["enhanced CT explicit", "enhanced MR implicit"])
def test_an_enhanced_multi_frame_object_opens_with_its_frames(name: str) -> None:
    """Functional groups, dimensions and the number of frames hold together."""
    (instance,) = (one for one in planted.cohort() if one.name == name)
    output = written(instance.data)
    opened = hd.imread(io.BytesIO(output))
    assert opened.number_of_frames == 3
    assert opened.get_raw_frame(3) != b""
    dataset = read(output)
    positions = [
        frame.PlanePositionSequence[0].ImagePositionPatient[2]
        for frame in dataset.PerFrameFunctionalGroupsSequence
    ]
    assert positions == [2, 4, 6]
    content = dataset.PerFrameFunctionalGroupsSequence[1].FrameContentSequence[0]
    assert content.DimensionIndexValues == 2
    assert content.FrameAcquisitionDateTime.endswith("01120000")
    assert (
        dataset.DimensionIndexSequence[0].DimensionOrganizationUID
        == dataset.DimensionOrganizationSequence[0].DimensionOrganizationUID
    )


def test_a_waveform_keeps_its_samples_and_the_names_of_its_leads() -> None:
    """Lethe leaves an ECG with nothing in it."""
    data = Path(str(get_testdata_file("waveform_ecg.dcm"))).read_bytes()
    before, after = read(data), read(written(data))
    assert np.array_equal(before.waveform_array(0), after.waveform_array(0))
    channels = after.WaveformSequence[0].ChannelDefinitionSequence
    assert [c.ChannelSourceSequence[0].CodeMeaning for c in channels][:2] == [
        "Lead I (Einthoven)",
        "Lead II",
    ]


@pytest.fixture(scope="module")
def outputs(segmentation: bytes, report: bytes) -> dict[str, bytes]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        made: dict[str, bytes] = {one.name: written(one.data) for one in _cohort()}
    return made | {"SEG": written(segmentation), "SR": written(report)}


def _cohort() -> list[Planted]:
    return list(planted.cohort())


def test_pydicom_reads_and_renders_every_object(outputs: dict[str, bytes]) -> None:
    """Every element can be read, and pixels come out in their number of frames."""
    assert len(outputs) == 14
    frames = {}
    for name, data in outputs.items():
        dataset = read(data)
        for element in dataset.iterall():
            str(element)
        if "PixelData" in dataset:
            pixels = dataset.pixel_array
            frames[name] = pixels.shape[0] if pixels.ndim == 3 else 1
    assert frames["CT explicit"] == 1
    assert frames["US multi-frame implicit"] == 3
    assert frames["enhanced MR explicit"] == 3
    assert len(frames) == 11


@pytest.mark.skipif(shutil.which("dcmdump") is None, reason="dcmtk is not installed")
def test_dcmtk_accepts_every_object(outputs: dict[str, bytes], tmp_path: Path) -> None:
    """A second reader, strict in other places."""
    for number, (name, data) in enumerate(outputs.items()):
        path = tmp_path / f"{number}.dcm"
        path.write_bytes(data)
        done = subprocess.run(["dcmdump", "-q", str(path)], capture_output=True, check=False)
        assert done.returncode == 0, (name, done.stderr[-300:])
        assert done.stderr == b"", (name, done.stderr[-300:])


@pytest.mark.skipif(shutil.which("dcmj2pnm") is None, reason="dcmtk is not installed")
def test_dcmtk_renders_the_pictures(outputs: dict[str, bytes], tmp_path: Path) -> None:
    """The last frame of each, so that all of them are there."""
    pictures = {"CT explicit": 1, "PT implicit": 1, "US multi-frame explicit": 3}
    pictures |= {"enhanced CT explicit": 3, "enhanced MR implicit": 3}
    for name, frame in pictures.items():
        path = tmp_path / "one.dcm"
        path.write_bytes(outputs[name])
        done = subprocess.run(
            ["dcmj2pnm", "-q", "+F", str(frame), "+Wm", str(path), str(tmp_path / "one.pgm")],
            capture_output=True,
            check=False,
        )
        assert done.returncode == 0, (name, done.stderr[-300:])
        assert (tmp_path / "one.pgm").read_bytes()[:2] == b"P5", name

"""Writes a cohort: images as a hospital exports them, clinical table, list of secrets."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path
from typing import Literal

import numpy as np
from pydicom import dcmread, dcmwrite
from pydicom.dataset import Dataset
from pydicom.uid import UID

from adapters.sandbox.synth import derived
from adapters.sandbox.synth.chance import Chance
from adapters.sandbox.synth.clinical import write_table
from adapters.sandbox.synth.headers import Examination, file_meta, series_header, study_header
from adapters.sandbox.synth.people import Person
from adapters.sandbox.synth.pixels import Phantom
from adapters.sandbox.synth.planted import Planted, Planter
from adapters.sandbox.synth.protocols import COURSES, Course, SeriesPlan
from transfer.errors import UsageError

_SMALL = 64
_NOTES = "Exported from the archive for the research platform.\nThis file is not an image.\n"


@dataclass(frozen=True, slots=True)
class CohortSummary:
    """What was written, images only."""

    patients: int
    studies: int
    series: int
    instances: int
    size_bytes: int


@dataclass(slots=True)
class _Tally:
    studies: int = 0
    series: int = 0
    instances: int = 0
    size_bytes: int = 0


def write_cohort(
    folder: Path,
    *,
    patients: int,
    seed: int,
    scale: Literal["real", "small"] = "real",
    slices: float = 1.0,
    on_progress: Callable[[int, int], None] | None = None,
) -> CohortSummary:
    """Write `folder/images`, `clinical.csv`, `planted.json` and a file that is no image.

    The same arguments give the same bytes, with the same versions of numpy and pydicom. Three
    patients are about 360 instances and 150 MB; `small` makes images of 64 by 64, `slices`
    multiplies the number of slices in each series. `on_progress` gets instances written and
    instances in all.

    Raises:
        UsageError: the folder holds something already, or is none.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        is_used = any(folder.iterdir())
    except OSError as error:
        raise UsageError(
            f"The folder for the cohort cannot be made: {error.strerror}.", "Name a new folder."
        ) from error
    if is_used:
        raise UsageError("The folder for the cohort is not empty.", "Name a new folder.")
    planted = Planted()
    people = [_patient(seed, row) for row in range(1, patients + 1)]
    total = sum(_instances(course, slices) for _, course in people)
    tally = _Tally()
    for person, course in people:
        planter = Planter(planted, person.row)
        if person.is_folder_telling:
            planter.note("folder name", person.folder)
        planter.note("clinical.csv", person.patient_id)
        writer = _PatientWriter(folder / "images", person, course, seed, planter, tally)
        for written in writer.write(scale == "small", slices):
            tally.instances += 1
            tally.size_bytes += written
            if on_progress is not None:
                on_progress(tally.instances, total)
    write_table(folder / "clinical.csv", people)
    planted.write(folder / "planted.json")
    (folder / "images" / "notes.txt").write_text(_NOTES, "utf-8")
    return CohortSummary(patients, tally.studies, tally.series, tally.instances, tally.size_bytes)


class _PatientWriter:
    def __init__(
        self,
        images: Path,
        person: Person,
        course: Course,
        seed: int,
        planter: Planter,
        tally: _Tally,
    ) -> None:
        self._folder = images / person.folder
        self._person = person
        self._course = course
        self._seed = seed
        self._planter = planter
        self._tally = tally

    def write(self, is_small: bool, slices: float) -> Iterator[int]:
        """Write everything of the patient; the size of each file as it is done."""
        for number, plan in enumerate(self._course.studies, 1):
            chance = Chance(self._seed, "study", self._person.row, number)
            date = self._person.baseline + dt.timedelta(days=plan.day)
            accession = f"RX{date:%y}-{chance.digits(7)}"
            examination = Examination(self._person, plan, chance, date, accession)
            study = study_header(examination, self._planter)
            study.BodyPartExamined = self._course.body_part
            self._tally.studies += 1
            place = self._folder / f"ST{number:02}_{plan.modality}"
            for series_number, series in enumerate(plan.series, 1):
                sized = _sized(series, is_small, slices)
                yield from self._series(study, examination, sized, series_number, place)
            if plan.derived == "SR":
                yield self._one(derived.report(study, examination, self._planter), place / "SR")

    def _series(
        self, study: Dataset, examination: Examination, plan: SeriesPlan, number: int, place: Path
    ) -> Iterator[int]:
        header = series_header(study, examination, plan, number, self._planter)
        phantom = Phantom(examination.chance, plan.modality, plan.rows, plan.columns, plan.slices)
        folder = place / f"SE{number:02}_{plan.modality}"
        folder.mkdir(parents=True)
        self._tally.series += 1
        template = _as_written(header, plan.is_implicit_vr)
        uids = [examination.chance.uid("instance", number, n) for n in range(plan.slices)]
        for index, uid in enumerate(uids):
            self._place(template, plan, index)
            template.SOPInstanceUID = template.file_meta.MediaStorageSOPInstanceUID = UID(uid)
            template.InstanceNumber = index + 1
            template.add_new("PixelData", "OW", phantom.image(index).tobytes())
            yield _save(template, folder / f"IM{index + 1:04}.dcm")
        if examination.plan.derived == "SEG" and number == 1:
            shown = [i for i in range(plan.slices) if phantom.lesion(i).any()]
            masks = np.stack([phantom.lesion(i) for i in shown])
            found = derived.segmentation(header, examination, [uids[i] for i in shown], masks)
            yield self._one(found, place / "SEG")

    def _place(self, template: Dataset, plan: SeriesPlan, index: int) -> None:
        person = self._person
        words = f"{person.spoken_name} {person.patient_id}"
        self._planter.put(template, "ImageComments", words, person.spoken_name, person.patient_id)
        if plan.views:
            side, view = plan.views[index % len(plan.views)]
            template.ImageLaterality, template.ViewPosition = side, view
        else:
            template.ImagePositionPatient = ["0", "0", f"{index * plan.thickness:g}"]
            template.SliceLocation = f"{index * plan.thickness:g}"

    def _one(self, dataset: Dataset, folder: Path) -> int:
        folder.mkdir(parents=True)
        self._tally.series += 1
        dataset.file_meta = file_meta(dataset.SOPClassUID)
        dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
        return _save(dataset, folder / "IM0001.dcm")


def _patient(seed: int, row: int) -> tuple[Person, Course]:
    course = COURSES[(row - 1) % len(COURSES)]
    return Person.draw(seed, row, course.sex), course


def _sized(plan: SeriesPlan, is_small: bool, slices: float) -> SeriesPlan:
    count = max(2, round(plan.slices * slices))
    if is_small:
        return replace(plan, rows=_SMALL, columns=_SMALL, slices=count)
    return replace(plan, slices=count)


def _instances(course: Course, slices: float) -> int:
    images = sum(_sized(s, False, slices).slices for p in course.studies for s in p.series)
    return images + sum(1 for plan in course.studies if plan.derived)


def _as_written(header: Dataset, is_implicit_vr: bool) -> Dataset:
    """The same header after one way through a file.

    Elements that nobody touches then stay as bytes, which makes writing hundreds of instances
    several times faster.
    """
    header.file_meta = file_meta(header.SOPClassUID, is_implicit_vr=is_implicit_vr)
    header.SOPInstanceUID = header.file_meta.MediaStorageSOPInstanceUID = UID("2.25.1")
    buffer = BytesIO()
    dcmwrite(buffer, header, enforce_file_format=True)
    return dcmread(BytesIO(buffer.getvalue()))


def _save(dataset: Dataset, path: Path) -> int:
    dcmwrite(path, dataset, enforce_file_format=True)
    return path.stat().st_size

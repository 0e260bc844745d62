"""The creation job: what it says while it runs, and what it finds that nobody checked before.

Nothing runs by itself: how far a job is follows from the clock whenever somebody asks. Its first
seconds are a plain wait, as they are in the service (upv-node.md 2.3).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any, Final

from adapters.sandbox.datasets import facts, words
from adapters.sandbox.datasets.facts import Source
from adapters.sandbox.datasets.lake import SUBPROJECT, Lake, OutsideTheLake, SeriesFolder
from adapters.sandbox.datasets.model import Dataset, Json, Project, Study
from adapters.sandbox.part10 import Header

_ID, _NAME, _PATH, _URL, _SUBJECT = 64, 128, 256, 256, 128
_UNNAMED: Final = "-"


class _Ends(Exception):
    """The job ends here in error, with this as its last message."""


@dataclass(slots=True)
class Run:
    """The whole course of a job: its messages one by one, then either an error or the result."""

    messages: list[str] = field(default_factory=list)
    error: str | None = None
    studies: list[Study] = field(default_factory=list)
    facts: Json = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Found:
    """A study that was asked for, with the series of it that are there."""

    asked: Mapping[str, Any]
    path: str
    series: Mapping[str, SeriesFolder]
    listed: Sequence[Json]


def run(dataset: Dataset, project: Project, lake: Lake, previous: Dataset | None) -> Run:
    """What becomes of a dataset's job, given what lies in the lake now."""
    course = Run()
    try:
        _carry_out(course, dataset, project, lake, previous)
    except _Ends as end:
        course.error = str(end)
    return course


def _carry_out(
    course: Run, dataset: Dataset, project: Project, lake: Lake, previous: Dataset | None
) -> None:
    say, asked = course.messages.append, dataset.asked["studies"]
    say(words.CHECKING_PATHS)
    paths = [_path(study, previous) for study in asked]
    try:
        there = lake.studies(project.code, paths)
    except OutsideTheLake as outside:
        raise _Ends(words.WRONG_PATH.format(path=outside)) from None
    say(words.CHECKING_SERIES)
    found = [
        _Found(study, path, series, [s for s in study["series"] if s["folderName"] in series])
        for study, path, series in zip(asked, paths, there, strict=True)
    ]
    found = [study for study in found if study.listed]
    say(words.CREATING_STUDIES)
    course.studies = [_study(study) for study in found]
    say(words.SCANNING)
    headers = [_headers(study) for study in found]
    _demand_one_subproject(found, headers, project)
    course.facts = _facts(found, headers, dataset, course.studies)
    say(words.LINKING)
    say(words.WRITING_INDEX)
    say(words.HASHING)
    total = len(found)
    course.messages += [
        words.HASHING_STUDY.format(number=number, total=total) for number in range(1, total + 1)
    ]
    say(words.TRACING)
    say(words.SAVING)
    say(words.DONE)


def _path(study: Mapping[str, Any], previous: Dataset | None) -> str:
    if "pathInDatalake" in study:
        return str(study["pathInDatalake"])
    for held in previous.studies if previous is not None else ():
        if study["path"] == f"{held.subject}/{PurePosixPath(held.path).name}":
            return held.path
    raise _Ends(words.JOB_FAILED)


def _study(found: _Found) -> Study:
    """The study's row in the service's table; what does not fit into it ends the job."""
    asked = found.asked
    if "url" not in asked or not all(_has_tags(series) for series in found.listed):
        raise _Ends(words.JOB_FAILED)
    name, url = str(asked.get("studyName", _UNNAMED)), str(asked["url"])
    study_id, subject = str(asked["studyId"]), str(asked["subjectName"])
    lengths = [(study_id, _ID), (name, _NAME), (subject, _SUBJECT), (found.path, _PATH)]
    lengths += [(url, _URL), *((str(s["folderName"]), _NAME) for s in found.listed)]
    if any(len(text) > most for text, most in lengths):
        raise _Ends(words.JOB_FAILED)
    series = [{"folderName": s["folderName"], "tags": s["tags"]} for s in found.listed]
    size_bytes = sum(found.series[s["folderName"]].size_bytes for s in found.listed)
    return Study(study_id, name, subject, found.path, url, series, size_bytes)


def _has_tags(series: Json) -> bool:
    tags = series.get("tags")
    return isinstance(tags, list) and all(isinstance(tag, str) for tag in tags)


def _headers(found: _Found) -> list[Header]:
    headers = [found.series[series["folderName"]].header() for series in found.listed]
    if None in headers:
        raise _Ends(words.JOB_FAILED)
    return [header for header in headers if header is not None]


def _demand_one_subproject(
    found: Sequence[_Found], headers: Sequence[Sequence[Header]], project: Project
) -> None:
    """Every series bears the id of one and the same subproject, and the project has it."""
    known = {sub.external_id for sub in project.subprojects if sub.external_id}
    named = set()
    for study, of_study in zip(found, headers, strict=True):
        for series, header in zip(study.listed, of_study, strict=True):
            tag = header.text(SUBPROJECT)
            if tag or not study.series[series["folderName"]].is_ingested:
                named.add(tag)
    if not found or len(named) > 1 or not named <= known:
        raise _Ends(words.JOB_FAILED)


def _facts(
    found: Sequence[_Found],
    headers: Sequence[Sequence[Header]],
    dataset: Dataset,
    studies: Sequence[Study],
) -> Json:
    eforms = {s["subjectName"]: s["eForm"] for s in dataset.asked["subjects"]}
    sources = [
        Source(of_study, eforms[study.asked["subjectName"]])
        for study, of_study in zip(found, headers, strict=True)
    ]
    tags = [tag for study in studies for series in study.series for tag in series["tags"]]
    images = sum(study.size_bytes for study in studies)
    return facts.collect(sources, tags, images + len(json.dumps(dataset.asked["subjects"])))

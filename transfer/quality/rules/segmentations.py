"""Annotations: DICOM segmentations, and what is asked once about them (EUCAIM's requirements,
section 9). Nothing here is asked where no annotation is part of the dataset."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import partial
from itertools import groupby
from typing import Any, Final

from transfer.ledger.connection import Ledger
from transfer.ledger.said import said_of
from transfer.ledger.traits import traits_document
from transfer.quality.attributes import REFERENCES, SEGMENTS, SOP_CLASS, Traits, is_empty
from transfer.quality.document import read_traits
from transfer.quality.rule import (
    Choice,
    Circumstances,
    Dimension,
    Found,
    HeaderRule,
    LedgerRule,
    Level,
    Problem,
    Rule,
    Severity,
)
from transfer.quality.terms import LABEL_MAP, SEGMENTATIONS, STRUCTURE_SETS
from transfer.quality.wording import with_count

_NUMBER, _LABEL, _DESCRIPTION, _TYPE, _NAME = range(5)
_TYPES: Final = ("AUTOMATIC", "SEMIAUTOMATIC", "MANUAL")
_MODALITIES: Final = "'SEG', 'RTSTRUCT'"
_CORRECT: Final = "Correct the segmentations at the source, or exclude the series."
_OR_ONCE: Final = (
    "Correct the segmentations at the source. Where it is the same for all of them, say it once for"
    " the dataset."
)
_LONGEST_ANSWER: Final = 256


def _segments(traits: Traits) -> list[list[Any]]:
    """The segments of a segmentation object; none of anything else."""
    if traits[SOP_CLASS] not in SEGMENTATIONS or not traits[SEGMENTS]:
        return []
    found = json.loads(traits[SEGMENTS])
    return found if isinstance(found, list) else []


def _numbers(traits: Traits, _: Circumstances) -> Problem | None:
    if traits[SOP_CLASS] not in SEGMENTATIONS:
        return None
    segments = _segments(traits)
    if not segments:
        return Problem(Severity.BLOCK, "No segment can be read in {n} segmentations.")
    numbers = [segment[_NUMBER] for segment in segments]
    is_counted = numbers and sorted(map(str, numbers)) == sorted(
        str(n) for n in range(1, len(numbers) + 1)
    )
    # In a label map the numbers are pixel values, which may leave some out.
    is_fit = len(set(numbers)) == len(numbers) if traits[SOP_CLASS] == LABEL_MAP else is_counted
    if is_fit and None not in numbers:
        return None
    return Problem(
        Severity.BLOCK, "Segments are not numbered from 1, each once, in {n} segmentations."
    )


def _lacking(place: int, what: str, traits: Traits, _: Circumstances) -> Problem | None:
    if all(not is_empty(segment[place]) for segment in _segments(traits)):
        return None
    return Problem(Severity.BLOCK, f"{what} is missing in {{n}} segmentations.")


def _types(traits: Traits, _: Circumstances) -> Problem | None:
    if all(segment[_TYPE] in _TYPES for segment in _segments(traits)):
        return None
    return Problem(
        Severity.BLOCK,
        "Segment Algorithm Type is none of AUTOMATIC, SEMIAUTOMATIC and MANUAL in {n}"
        " segmentations.",
    )


def _names(traits: Traits, _: Circumstances) -> Problem | None:
    unnamed = {segment[_TYPE] for segment in _segments(traits) if is_empty(segment[_NAME])}
    if "SEMIAUTOMATIC" in unnamed:
        return Problem(
            Severity.BLOCK,
            "Segment Algorithm Name is missing in {n} segmentations, made semi-automatically.",
        )
    if "AUTOMATIC" in unnamed:
        return Problem(
            Severity.WARN,
            "Segment Algorithm Name is missing in {n} segmentations, made automatically.",
        )
    return None


def _other_format(traits: Traits, _: Circumstances) -> Problem | None:
    if traits[SOP_CLASS] not in STRUCTURE_SETS:
        return None
    return Problem(
        Severity.WARN, "RT Structure Sets, not DICOM segmentations (DICOM-SEG): {n} annotations."
    )


_IS_SEGMENTATION: Final = "e.modality = 'SEG'"


def _sources(ledger: Ledger, _: Circumstances) -> Iterator[Found]:
    rows = ledger.rows(
        "SELECT series_id, traits_id, sum(n), min(example)"  # noqa: S608 - literals of ours
        f" FROM ({said_of(_IS_SEGMENTATION)}) WHERE NOT is_excluded GROUP BY 1, 2 ORDER BY 1"
    )
    for series, groups in groupby(rows, key=lambda row: int(row[0])):
        faults = [
            (said, int(n), int(example))
            for _, row, n, example in groups
            if row is not None
            and (said := _fault_of_sources(ledger, read_traits(traits_document(ledger, row))))
        ]
        if faults:
            n = sum(count for _, count, _ in faults)
            yield Found(
                f"E{series}",
                Level.SERIES,
                Severity.BLOCK,
                with_count(faults[0][0], n),
                n=n,
                example=f"I{faults[0][2]}",
            )


def _fault_of_sources(ledger: Ledger, traits: Traits) -> str:
    if traits[SOP_CLASS] not in SEGMENTATIONS:
        return ""
    named = [uid for uid in traits[REFERENCES].split(",") if uid]
    if not named:
        return "The images that they were drawn on are not named in {n} segmentations."
    for uid in named:
        if not ledger.number(
            "SELECT EXISTS (SELECT 1 FROM series e JOIN tally t ON t.series_id = e.id"
            " AND t.state <> 'excluded' AND t.n > 0 WHERE e.series_uid = ?)",
            uid,
        ):
            return "The series on which {n} segmentations were drawn is not in this transfer."
    return ""


def _asked(what: str, ledger: Ledger, _: Circumstances) -> Iterator[Found]:
    found = ledger.row(
        "SELECT count(*), min(e.id) FROM series e"  # noqa: S608 - a literal of ours
        f" WHERE e.modality IN ({_MODALITIES}) AND EXISTS (SELECT 1 FROM tally t"
        " WHERE t.series_id = e.id AND t.state <> 'excluded' AND t.n > 0)"
    )
    assert found is not None, "a count is always there"
    n, example = found
    if n:
        yield Found(
            "all",
            Level.DATASET,
            Severity.ASK,
            f"Annotations are part of the dataset ({n:,} series): {what}",
            n=int(n),
            example=f"E{example}",
        )


def _is_number(text: str) -> bool:
    return text.isdecimal() and 1 <= int(text) <= 9999


def _is_text(text: str) -> bool:
    return bool(text.strip()) and text.isprintable() and len(text) <= _LONGEST_ANSWER


def _of_segments(
    rule: str,
    title: str,
    judge: Callable[[Traits, Circumstances], Problem | None],
    remedy: str = _OR_ONCE,
    **more: Any,
) -> HeaderRule:
    return HeaderRule(
        id=rule,
        title=title,
        dimension=Dimension.COMPLETE,
        remedy=remedy,
        reads=(SOP_CLASS, SEGMENTS),
        judge=judge,
        **more,
    )


def _of_dataset(
    rule: str, title: str, what: str, accepts: Callable[[str], bool], asks_for: str
) -> LedgerRule:
    return LedgerRule(
        id=rule,
        title=title,
        dimension=Dimension.COMPLETE,
        severities=(Severity.ASK,),
        remedy="Answer once for the whole dataset.",
        accepts=accepts,
        asks_for=asks_for,
        look=partial(_asked, what),
    )


RULES: Final[tuple[Rule, ...]] = (
    _of_segments("SEG-01", "Segment numbers", _numbers, _CORRECT),
    _of_segments(
        "SEG-02",
        "Segment labels",
        partial(_lacking, _LABEL, "Segment Label"),
        accepts=_is_text,
        asks_for="the label that all of them have",
    ),
    _of_segments(
        "SEG-03",
        "Segment descriptions",
        partial(_lacking, _DESCRIPTION, "Segment Description"),
        accepts=_is_text,
        asks_for="the description that holds for all of them: a term of an ontology, or own words",
    ),
    _of_segments(
        "SEG-04",
        "Segmentation method",
        _types,
        choices=tuple(Choice(word.lower(), f"All of them are {word}") for word in _TYPES),
    ),
    _of_segments(
        "SEG-05",
        "Algorithm of the segmentation",
        _names,
        severities=(Severity.BLOCK, Severity.WARN),
        accepts=_is_text,
        asks_for="name and version of the algorithm of all of them",
    ),
    _of_dataset(
        "SEG-06",
        "Number of annotators",
        "how many persons annotated each image?",
        _is_number,
        "a whole number, 1 or more",
    ),
    _of_dataset(
        "SEG-07",
        "Annotators",
        "who annotated?",
        _is_text,
        "the kind of annotator: Radiologist, for example",
    ),
    _of_dataset(
        "SEG-08",
        "Experience of the annotators",
        "how experienced are the annotators?",
        _is_text,
        "years of experience",
    ),
    _of_dataset(
        "SEG-09",
        "Sequences used",
        "on which sequences were they drawn?",
        _is_text,
        "the sequences: T2w, for example",
    ),
    LedgerRule(
        id="SEG-10",
        title="Source images of annotations",
        dimension=Dimension.COMPLETE,
        serves_also=(Dimension.CONSISTENT,),
        remedy="Add those images to the source and scan again, take them into the selection, or"
        " exclude the annotations.",
        reads=(SOP_CLASS, REFERENCES),
        look=_sources,
    ),
    HeaderRule(
        id="SEG-11",
        title="Annotations in other formats",
        dimension=Dimension.VALID,
        severities=(Severity.WARN,),
        remedy="Convert them to DICOM-SEG (EUCAIM's converter, or MITK). For Tier 1 they may go as"
        " they are; Tier 3 takes DICOM-SEG only.",
        reads=(SOP_CLASS,),
        judge=_other_format,
    ),
)

"""The Studies and subjects of a dataset that is to be created, from whoever knows them.

Only QP-Insights knows study ids and paths in the data lake. Today a person brings them as a file;
once QP-Insights' case list is documented, a source of that kind stands beside `IndexFile`
(upv-node.md 2.3).
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol

from adapters.upv.dataset_studies import LONGEST_SUBJECT, faults_of_studies
from transfer.errors import DatasetRefused

LARGEST_FILE_BYTES: Final = 64 * 1024 * 1024
"""Of either file; the service itself takes 120 MiB, and some ingresses 1 MB (upv-node.md 2.2)."""
_MOST_TOLD: Final = 5
_NO_NUMBER: Final = "NaN and Infinity are no JSON (RFC 8259 6)"


@dataclass(frozen=True, slots=True)
class Index:
    """What the service is to be given: each subject of a Study is among the subjects, once.

    `clinical` is the file of the subjects as it was given, with its suffix; None where there was
    none. Nothing in it was changed.
    """

    studies: Sequence[Mapping[str, Any]]
    subjects: Sequence[Mapping[str, Any]]
    clinical: tuple[bytes, str] | None = None


class IndexSource(Protocol):
    """Whoever knows which Studies a dataset is of."""

    def read(self, *, is_new_version: bool) -> Index:
        """Blocking. Checked as far as the node checks, and as far as it breaks on later.

        Raises:
            DatasetRefused: what there is cannot become a dataset; nothing was sent.
        """
        ...


@dataclass(frozen=True, slots=True)
class IndexFile:
    """An index as a JSON file, the list of the Studies; and subjects as JSON or CSV."""

    index: Path
    clinical: Path | None
    node: str

    def read(self, *, is_new_version: bool) -> Index:
        if self.index.suffix.lower() != ".json":
            raise self._refused("The index of a dataset is a file whose name ends in .json.")
        studies = self._json(_content(self.index, "index", self.node), "index")
        faults = faults_of_studies(studies, has_previous=is_new_version)
        if faults:
            raise self._refused(f"The index cannot become a dataset: {_told(faults)}.")
        clinical, subjects = None, [
            {"subjectName": name, "eForm": {}}
            for name in dict.fromkeys(study["subjectName"] for study in studies)
        ]  # fmt: skip
        if self.clinical is not None:
            suffix = self.clinical.suffix.lower()
            content = _content(self.clinical, "clinical file", self.node)
            subjects = self._subjects(content, suffix)
            clinical = (content, suffix)
        faults = _faults_of_subjects(studies, subjects)
        if faults:
            raise self._refused(f"The clinical file does not fit the index: {_told(faults)}.")
        return Index(_with_tags(studies), subjects, clinical)

    def _subjects(self, content: bytes, suffix: str) -> list[dict[str, Any]]:
        if suffix == ".json":
            subjects = self._json(content, "clinical file")
            if not isinstance(subjects, list) or not all(map(_is_subject, subjects)):
                raise self._refused(
                    "The clinical file is no list of subjects, each with subjectName and eForm."
                )
            return subjects
        if suffix != ".csv":
            raise self._refused(
                "The clinical file of a dataset is one whose name ends in .json or .csv."
            )
        try:
            return _table(content.decode("utf-8-sig"))
        except (UnicodeDecodeError, csv.Error):
            raise self._refused("The clinical file is no CSV in UTF-8.") from None

    def _json(self, content: bytes, what: str) -> Any:
        try:
            return json.loads(content.decode("utf-8-sig"), parse_constant=_no_number)
        except (ValueError, RecursionError):
            raise self._refused(f"The {what} is no JSON in UTF-8.") from None

    def _refused(self, what: str) -> DatasetRefused:
        return refused(what, self.node)


def refused(what: str, node: str) -> DatasetRefused:
    """Before anything was sent."""
    return DatasetRefused(
        f"{what} Nothing was sent.",
        "Correct it, then create the dataset again; or export it in QP-Insights.",
        node=node,
        reached_node=False,
    )


def _content(path: Path, what: str, node: str) -> bytes:
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST_FILE_BYTES + 1)
    except (OSError, ValueError):
        raise refused(f"The {what} cannot be read.", node) from None
    if len(content) > LARGEST_FILE_BYTES:
        most = LARGEST_FILE_BYTES // 1024 // 1024
        raise refused(f"The {what} is larger than {most} MiB, more than a node takes.", node)
    return content


def _table(text: str) -> list[dict[str, Any]]:
    """As the service reads it: the first column is the subject whatever its heading, the others a
    flat eForm of texts."""
    rows = [row for row in csv.reader(io.StringIO(text, newline=""), strict=True) if row]
    headings = rows[0][1:] if rows else []
    return [
        {"subjectName": row[0], "eForm": dict(zip(headings, row[1:], strict=False))}
        for row in rows[1:]
    ]


def _is_subject(entry: Any) -> bool:
    return (
        isinstance(entry, dict) and isinstance(entry.get("subjectName"), str) and "eForm" in entry
    )


def _faults_of_subjects(
    studies: Sequence[Mapping[str, Any]], subjects: Sequence[Mapping[str, Any]]
) -> Sequence[str]:
    names = [subject["subjectName"] for subject in subjects]
    known = set(names)
    faults = []
    if not all(0 < len(name) <= LONGEST_SUBJECT for name in known):
        faults.append(f"it holds a subject whose name has not 1 to {LONGEST_SUBJECT} characters")
    if len(known) < len(names):
        faults.append(f"{len(names) - len(known)} subjects are in it more than once")
    missing = {study["subjectName"] for study in studies} - known
    if missing:
        faults.append(f"{len(missing)} subjects of the index are not in it")
    return faults


def _with_tags(studies: Sequence[Mapping[str, Any]]) -> Sequence[Mapping[str, Any]]:
    """Series without tags have none. The service takes a Series that does not say so, and its
    creation then fails (`create-fails-later-no-series-tags`)."""
    return [
        {**study, "series": [{"tags": [], **series} for series in study["series"]]}
        for study in studies
    ]


def _told(faults: Sequence[str]) -> str:
    more = f"; and {len(faults) - _MOST_TOLD} more" if len(faults) > _MOST_TOLD else ""
    return "; ".join(faults[:_MOST_TOLD]) + more


def _no_number(_: str) -> object:
    raise ValueError(_NO_NUMBER)

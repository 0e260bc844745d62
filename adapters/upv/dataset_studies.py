"""The Studies of an index, checked before the node sees them.

Half of this the node checks at once; the rest it takes, answers 201, and fails minutes later with
"Unexpected error" (upv-node.md 2.2, UPV-08).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any, Final

_ID, _NAME, _PATH, _URL, _FOLDER = 64, 128, 256, 256, 128
LONGEST_SUBJECT: Final = 128
_MOST_FAULTS: Final = 1000


def faults_of_studies(document: Any, *, has_previous: bool) -> Sequence[str]:
    """Everything that is wrong, each with the number of its Study in the file, from 1. Names and
    ids are not told: the file is not ours."""
    if not isinstance(document, list) or not all(isinstance(study, dict) for study in document):
        return ["it is no list of Studies"]
    if not document:
        return ["it holds no Study"]
    faults: list[str] = []
    ids: dict[str, int] = {}
    folders: dict[tuple[str, str], int] = {}
    for number, study in enumerate(document, 1):
        wrong = list(_faults_of(study, has_previous))
        if not wrong:
            first = ids.setdefault(study["studyId"], number)
            if first != number:
                wrong.append(f"has the same studyId as Study {first}")
            folder = (study["subjectName"], PurePosixPath(_path(study)).name)
            first = folders.setdefault(folder, number)
            if first != number:
                wrong.append(f"has the same folder as Study {first} of that subject")
        faults += [f"Study {number} {fault}" for fault in wrong]
        if len(faults) >= _MOST_FAULTS:
            break
    return faults


def _path(study: Mapping[str, Any]) -> str:
    return str(study["pathInDatalake"] if "pathInDatalake" in study else study["path"])


def _faults_of(study: Mapping[str, Any], has_previous: bool) -> Iterator[str]:
    yield from _text(study, "studyId", _ID)
    yield from _text(study, "subjectName", LONGEST_SUBJECT)
    if "studyName" in study:
        yield from _text(study, "studyName", _NAME, least=0)
    yield from _text(
        study,
        "url",
        _URL,
        least=0,
        absent="has no url: give the address of its case in QP-Insights",
    )
    if "pathInDatalake" in study:
        yield from _place(study, "pathInDatalake")
    elif "path" not in study:
        yield "has no pathInDatalake"
    elif not has_previous:
        yield "has path instead of pathInDatalake, which only a new version of a dataset may"
    else:
        yield from _place(study, "path")
    series = study.get("series")
    if not isinstance(series, list) or not series:
        yield "has no list of series"
        return
    folders: set[str] = set()
    for one in series:
        if not isinstance(one, dict) or list(_text(one, "folderName", _FOLDER)):
            yield f"has a Series without a folderName of 1 to {_FOLDER} characters"
            return
        tags = one.get("tags", [])
        if not isinstance(tags, list) or not all(isinstance(tag, str) for tag in tags):
            yield "has a Series whose tags are no list of texts"
            return
        if one["folderName"] in folders:
            yield "names the folder of a Series twice"
            return
        folders.add(one["folderName"])


def _text(
    holder: Mapping[str, Any], key: str, most: int, *, least: int = 1, absent: str = ""
) -> Iterator[str]:
    value = holder.get(key)
    if value is None:
        yield absent or f"has no {key}"
    elif not isinstance(value, str) or not least <= len(value) <= most:
        yield f"has a {key} that is no text of {least} to {most} characters"
    elif "\0" in value or any(0xD800 <= ord(c) <= 0xDFFF for c in value):
        yield f"has a {key} with a character that cannot be stored"


def _place(study: Mapping[str, Any], key: str) -> Iterator[str]:
    wrong = list(_text(study, key, _PATH))
    yield from wrong
    if not wrong:
        path = PurePosixPath(study[key])
        # What the job says of it is "Wrong path" (`creation-status-escape`).
        if path.is_absolute() or ".." in path.parts or not path.name:
            yield f"has a {key} that leads out of the data lake"

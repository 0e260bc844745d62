"""What a POST asks for, out of JSON or a form, and everything that is refused at once.

The order of the checks follows the recorded times: what needs no database comes first.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any, Final

from adapters.sandbox.datasets import checks, words
from adapters.sandbox.datasets.answers import Refused
from adapters.sandbox.datasets.forms import Form
from adapters.sandbox.datasets.model import Json

EXTERNAL: Final = "EXTERNAL-DATASETS"
_PLAIN = ("version", "project", "subproject", "provenance", "purpose", "previousId")
_LISTS = ("type", "collectionMethod")


def read(body: bytes, content_type: str | None) -> Json:
    """The creation that a request asks for, its values checked as far as they stand alone.

    Raises:
        Refused: 400, with the first thing that is wrong.
        KeyError, TypeError, AttributeError: a part that nobody checks is missing, or of another
            kind: the service answers 500.
    """
    media_type = (content_type or "").partition(";")[0].strip().lower()
    if not media_type:
        raise Refused(400, words.NO_CONTENT_TYPE)
    if media_type == "application/json":
        order = parse_json(body)
    elif media_type == "multipart/form-data":
        order = _of_form(Form(body, content_type or ""))
    else:
        raise Refused(400, words.WRONG_CONTENT_TYPE)
    check(order)
    return order


def parse_json(body: bytes) -> Json:
    """The object in a body."""
    try:
        document = json.loads(body)
    except ValueError as error:
        raise Refused(400, words.BODY_NOT_JSON.format(why=error)) from error
    if not isinstance(document, dict):
        raise Refused(400, words.BODY_NOT_OBJECT)
    return document


def _of_form(form: Form) -> Json:
    order: Json = {}
    for name in ("name", "description"):
        if not form.texts(name):
            raise Refused(400, words.FORM_LACKS.format(name=name))
        order[name] = form.texts(name)[0]
    order |= {name: form.texts(name)[0] for name in _PLAIN if form.texts(name)}
    order |= {name: list(form.texts(name)) for name in _LISTS if form.texts(name)}
    index = form.file("index")
    if index is None:
        raise Refused(400, words.FORM_LACKS_FILE.format(name="index"))
    if not str(index.file_name).endswith(".json"):
        raise Refused(400, words.INDEX_EXTENSION)
    order["studies"] = _json(index.content, words.INDEX_NOT_JSON)
    clinical = form.file("clinicalData")
    if clinical is None:
        names = dict.fromkeys(study["subjectName"] for study in order["studies"])
        order["subjects"] = [{"subjectName": name, "eForm": {}} for name in names]
    elif str(clinical.file_name).endswith(".json"):
        order["subjects"] = _json(clinical.content, words.CLINICAL_NOT_JSON)
    elif str(clinical.file_name).endswith(".csv"):
        order["subjects"] = _table(clinical.text)
    else:
        raise Refused(400, words.CLINICAL_EXTENSION)
    return order


def _json(content: bytes, refusal: str) -> Any:
    try:
        return json.loads(content)
    except ValueError as error:
        raise Refused(400, refusal.format(why=error)) from error


def _table(content: str) -> list[Json]:
    """The first column is the subject, whatever its heading; the others a flat eForm of texts."""
    heading, *rows = csv.reader(io.StringIO(content))
    return [
        {"subjectName": row[0], "eForm": dict(zip(heading[1:], row[1:], strict=False))}
        for row in rows
        if row
    ]


def check(order: Json) -> None:
    """Everything that can be told from the order alone; raises as `read` does."""
    if "name" not in order:
        raise Refused(400, words.REQUIRED.format(name="name"))
    checks.text(order["name"], "name", checks.NAME_LEAST, checks.NAME_MOST)
    if "description" not in order:
        raise Refused(400, words.REQUIRED.format(name="description"))
    checks.text(order["description"], "description")
    for name in ("studies", "subjects"):
        if not isinstance(order.get(name), list):
            raise Refused(400, words.REQUIRED_ARRAY.format(name=name))
        if name == "studies" and not order[name]:
            raise Refused(400, words.EMPTY_ARRAY.format(name=name))
    for name, known in (("type", checks.TYPES), ("collectionMethod", checks.METHODS)):
        if name in order:
            checks.items(order[name], name, known)
    for name in ("provenance", "purpose"):
        if name in order:
            checks.text(order[name], name)
    if order.get("project") == EXTERNAL:
        raise Refused(400, words.RESERVED.format(code=EXTERNAL))
    subjects = _subjects(order)
    _check_studies(order, subjects)


def _subjects(order: Json) -> set[str]:
    names: set[str] = set()
    for subject in order["subjects"]:
        name, _ = subject["subjectName"], subject["eForm"]
        if name in names:
            raise Refused(400, words.SUBJECT_TWICE.format(name=name))
        names.add(name)
    return names


def _check_studies(order: Json, subjects: set[str]) -> None:
    folders: set[tuple[str, str]] = set()
    for study in order["studies"]:
        study_id, subject = study["studyId"], study["subjectName"]
        if subject not in subjects:
            raise Refused(400, words.SUBJECT_NOT_LISTED.format(id=study_id))
        folder = PurePosixPath(_path(study, order)).name
        if (subject, folder) in folders:
            known = {"id": study_id, "folder": folder, "subject": subject}
            raise Refused(400, words.STUDY_TWICE.format(**known))
        folders.add((subject, folder))
        for series in study["series"]:
            PurePosixPath(series["folderName"])


def _path(study: Mapping[str, Any], order: Json) -> str:
    if "pathInDatalake" in study:
        return str(study["pathInDatalake"])
    if "path" not in study:
        raise Refused(400, words.NO_PATH.format(id=study["studyId"]))
    if order.get("previousId") is None:
        raise Refused(400, words.PATH_WITHOUT_PREVIOUS)
    return str(study["path"])

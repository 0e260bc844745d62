"""The stand-in's way of taking clinical data: an eForm for each subject, or a table for a project.

How QP-Insights does it is not public: addresses and answers are this program's own, as plain as
they can be; the eForm's shape is the one that the dataset-service reads (upv-node.md 4.1). A
subject has to be there, made by its images.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from adapters.sandbox import answers
from adapters.sandbox.doors import Door
from adapters.sandbox.faults import Faults
from adapters.sandbox.front import apply
from adapters.sandbox.multipart import MediaType, MultipartReader, PartBegins, PartData
from adapters.sandbox.store import Store

EFORM: Final = "/projects/{project}/subprojects/{subproject}/subjects/{subject}/eform"
TABLE: Final = "/projects/{project}/subprojects/{subproject}/clinical"
_LARGEST_BYTES: Final = 64 * 1024 * 1024
_AFTER: Final = ("lose-answer", "silent-refusal")


class _Refusal(Exception):
    def __init__(self, status: int, words: str) -> None:
        super().__init__(words)
        self.status = status
        self.words = words

    def answer(self) -> Response:
        return JSONResponse({"error": self.words, "status_code": self.status}, self.status)


class Eforms:
    """Clinical data of subjects and projects in a folder, below `path`; an ASGI application.

    Where `folder` was used before it is read in again.
    """

    path = "/qpinsights/api"

    def __init__(self, folder: Path, store: Store, door: Door, faults: Faults) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._store = store
        self._door = door
        self._faults = faults
        self._forms: dict[tuple[str, str], Any] = {}
        self._tables: dict[str, bytes] = {}
        self.received: dict[tuple[str, str], int] = {}
        """How often an eForm came in that was kept, by project and subject; since the start."""
        for file in sorted(folder.glob("*.json")):
            kept = json.loads(file.read_text("utf-8"))
            self._forms[kept["project"], kept["subject"]] = kept["eForm"]
        for file in sorted(folder.glob("*.csv")):
            self._tables[bytes.fromhex(file.stem).decode()] = file.read_bytes()
        subject, table = (path.replace("{subject}", "{subject:path}") for path in (EFORM, TABLE))
        writing = ["PUT", "POST"]
        self._app = Starlette(
            routes=[
                Route(subject, self._read_form, methods=["GET"]),
                Route(subject, self._write_form, methods=writing),
                Route(table, self._read_table, methods=["GET"]),
                Route(table, self._write_table, methods=writing),
            ]
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope)
        if not self._door.lets_in(request.headers.get("authorization", "")):
            refusal = answers.front_error(401, "Authorization Required")
            await refusal(scope, receive, send)
            return
        response = await apply(self._faults.draw("eform", ("status", "latency")))
        await (response or self._app)(scope, receive, send)

    def forms(self) -> Mapping[tuple[str, str], Any]:
        """Every eForm, by project (`PROJECT|SUBPROJECT`) and subject."""
        return dict(self._forms)

    def tables(self) -> Mapping[str, bytes]:
        """Every clinical table, by project."""
        return dict(self._tables)

    def describe(self) -> list[dict[str, object]]:
        """The eForms for the control endpoint."""
        return [
            {
                "project": project,
                "subject": subject,
                "eForm": form,
                "received": self.received.get((project, subject), 0),
            }
            for (project, subject), form in self._forms.items()
        ]

    async def _read_form(self, request: Request) -> Response:
        if self._faults.draw("eform", ("not-readable",)):
            return _Refusal(405, "method not allowed").answer()
        key = _project(request), request.path_params["subject"]
        if key not in self._forms:
            return _Refusal(404, "not found").answer()
        return JSONResponse(self._forms[key])

    async def _write_form(self, request: Request) -> Response:
        project, subject = _project(request), request.path_params["subject"]
        try:
            form = _eform(await _body(request), subject)
            self._demand_known(subject)
            if self._faults.draw("eform", ("refuse",), subject=subject):
                raise _Refusal(
                    422, f"the eForm of {subject} does not fit the template of the project"
                )
            is_new = (project, subject) not in self._forms
            if not is_new and request.headers.get("if-none-match") == "*":
                raise _Refusal(412, "the subject has an eForm already")
        except _Refusal as refusal:
            return refusal.answer()
        drawn = self._faults.draw("eform", _AFTER)
        if "silent-refusal" not in drawn:
            self._keep_form(project, subject, form)
        if "lose-answer" in drawn:
            request.scope["sandbox.cut"]()
        return JSONResponse({"subjectName": subject}, 201 if is_new else 200)

    def _demand_known(self, subject: str) -> None:
        if not self._knows(subject):
            raise _Refusal(404, "there is no such subject in the project")

    def _knows(self, subject: str) -> bool:
        return any(study.patient_id == subject for study in self._store.studies())

    def _keep_form(self, project: str, subject: str, form: Any) -> None:
        key = project, subject
        self._forms[key] = form
        self.received[key] = self.received.get(key, 0) + 1
        name = hashlib.sha256("\n".join(key).encode()).hexdigest()
        kept = {"project": project, "subject": subject, "eForm": form}
        (self._folder / f"{name}.json").write_text(json.dumps(kept), "utf-8")

    async def _read_table(self, request: Request) -> Response:
        if self._faults.draw("eform", ("not-readable",)):
            return _Refusal(405, "method not allowed").answer()
        content = self._tables.get(_project(request))
        if content is None:
            return _Refusal(404, "not found").answer()
        return Response(content, media_type="text/csv")

    async def _write_table(self, request: Request) -> Response:
        project = _project(request)
        try:
            content = await _file(request)
            if project in self._tables and request.headers.get("if-none-match") == "*":
                raise _Refusal(412, "the project has a clinical table already")
        except _Refusal as refusal:
            return refusal.answer()
        wrong = self._errors(content)
        if wrong:
            table = io.StringIO()
            csv.writer(table).writerows([("Row", "Column", "Error"), *wrong])
            return Response(table.getvalue(), 422, media_type="text/csv")
        drawn = self._faults.draw("eform", _AFTER)
        if "silent-refusal" not in drawn:
            self._tables[project] = content
            (self._folder / f"{project.encode().hex()}.csv").write_bytes(content)
        if "lose-answer" in drawn:
            request.scope["sandbox.cut"]()
        return Response(status_code=201)

    def _errors(self, content: bytes) -> list[tuple[int, str, str]]:
        """What is wrong with a table: row (the headings are row 1), column, words."""
        try:
            rows = list(csv.reader(io.StringIO(content.decode("utf-8-sig")), strict=True))
        except (UnicodeDecodeError, csv.Error):
            return [(1, "", "The file is no CSV in UTF-8")]
        if not rows or not rows[0] or rows[0][0] != "PatientID":
            return [(1, "PatientID", "The first column has to be headed PatientID")]
        wrong = []
        for number, row in enumerate(rows[1:], 2):
            subject = row[0] if row else ""
            if len(row) != len(rows[0]):
                wrong.append((number, "", "The row has more or fewer cells than there are columns"))
            elif not self._knows(subject):
                wrong.append((number, "PatientID", "There is no such subject in the project"))
            elif self._faults.draw("eform", ("refuse",), subject=subject):
                wrong.append((number, "PatientID", "The row does not fit the project's template"))
        return wrong


def _project(request: Request) -> str:
    return f"{request.path_params['project']}|{request.path_params['subproject']}"


async def _body(request: Request) -> bytes:
    collected = bytearray()
    async for piece in request.stream():
        collected += piece
        if len(collected) > _LARGEST_BYTES:
            raise _Refusal(413, "too large")
    return bytes(collected)


async def _file(request: Request) -> bytes:
    """The table of a request: its body, or the first part of a form."""
    body = await _body(request)
    media = MediaType.parse(request.headers.get("content-type", ""))
    if media.name != "multipart/form-data":
        return body
    reader, content, parts = MultipartReader(media.parameters.get("boundary", "")), bytearray(), 0
    for event in reader.feed(body):
        parts += isinstance(event, PartBegins)
        if isinstance(event, PartData) and parts == 1:
            content += event.data
    if not parts or not reader.is_closed:
        raise _Refusal(400, "the form holds no file")
    return bytes(content)


def _eform(body: bytes, subject: str) -> Any:
    """The eForm of a body, out of the dataset-service's envelope where it has one."""
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        raise _Refusal(400, "the body is no JSON") from None
    if isinstance(document, dict) and "eForm" in document:
        if document.get("subjectName") != subject:
            raise _Refusal(422, "subjectName is another than that of the address")
        document = document["eForm"]
    pages = document.get("pages") if isinstance(document, dict) else None
    if not isinstance(pages, list):
        raise _Refusal(422, "an eForm has a list of pages")
    for page in pages:
        data = page.get("page_data") if isinstance(page, dict) else None
        if not isinstance(data, dict) or not isinstance(page.get("page_name"), str):
            raise _Refusal(422, "a page has page_name and page_data")
        if not all(isinstance(entry, dict) and "value" in entry for entry in data.values()):
            raise _Refusal(422, "each field of a page has a value")
    return document

"""WADO-RS: instances as they were stored, byte for byte, and their metadata (PS3.18, 10.4)."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from adapters.sandbox import answers
from adapters.sandbox.store import Instance, Store

_PIECE_BYTES = 1024 * 1024
_PIXEL_DATA = {0x7FE00008: "OF", 0x7FE00009: "OD", 0x7FE00010: "OW"}


def locate(
    store: Store, study_uid: str, series_uid: str | None, sop_uid: str | None
) -> Sequence[Instance]:
    """The instances under these UIDs; none when a UID is unknown, or belongs to two patients."""
    if sop_uid is not None:
        held = store.instance(sop_uid)
        is_there = held is not None and (held.study_uid, held.series_uid) == (study_uid, series_uid)
        return [held] if held is not None and is_there else []
    studies = store.studies(study_uid)
    if series_uid is not None:
        found = [s.series[series_uid] for s in studies if series_uid in s.series]
        return found[0].instances if len(found) == 1 else []
    return list(studies[0].instances()) if len(studies) == 1 else []


def not_found(request: Request, series_uid: str | None, sop_uid: str | None) -> Response:
    """404 in the words of Orthanc."""
    level = "instance" if sop_uid else "series" if series_uid else "study"
    uid = sop_uid or series_uid or request.path_params["study"]
    details = f"Accessing an inexistent {level} with WADO-RS: {uid}"
    return answers.orthanc_error(404, "GET", request.url.path, details)


def retrieve(request: Request, instances: Sequence[Instance]) -> Response:
    """The stored files as multipart; Orthanc 1.7 answers 400 to a bare `application/dicom`."""
    if request.headers.get("accept", "*/*").startswith("application/dicom"):
        return answers.orthanc_error(400, "GET", request.url.path)
    boundary = uuid.uuid4().hex
    content_type = answers.multipart_type("application/dicom", boundary)
    return StreamingResponse(_parts(instances, boundary), headers={"content-type": content_type})


def metadata(instances: Sequence[Instance], root: str) -> Response:
    """All headers as DICOM JSON, bulk data by reference."""
    return StreamingResponse(_headers(instances, root), headers={"content-type": answers.JSON})


async def _parts(instances: Sequence[Instance], boundary: str) -> AsyncIterator[bytes]:
    for instance in instances:
        yield answers.part_head(boundary, "application/dicom", instance.path.stat().st_size)
        with instance.path.open("rb") as file:
            while piece := file.read(_PIECE_BYTES):
                yield piece
        yield b"\r\n"
    yield f"--{boundary}--\r\n".encode()


async def _headers(instances: Sequence[Instance], root: str) -> AsyncIterator[bytes]:
    yield b"["
    for number, instance in enumerate(instances):
        yield (b"," if number else b"") + answers.to_json(_dicom_json(instance, root))
    yield b"]"


def _dicom_json(instance: Instance, root: str) -> dict[str, Any]:
    from pydicom import dcmread
    from pydicom.dataelem import DataElement

    url = (
        f"{root}/studies/{instance.study_uid}/series/{instance.series_uid}"
        f"/instances/{instance.sop_uid}/bulk"
    )

    def by_reference(element: DataElement) -> str:
        return f"{url}/{element.tag:08x}"

    dataset = dcmread(instance.path, defer_size=64 * 1024)
    pixels = {tag: vr for tag, vr in _PIXEL_DATA.items() if tag in dataset}
    for tag in pixels:
        del dataset[tag]
    document: dict[str, Any] = dataset.to_json_dict(1, by_reference)
    for tag, vr in pixels.items():
        document[f"{tag:08X}"] = {"vr": vr, "BulkDataURI": f"{url}/{tag:08x}"}
    return document

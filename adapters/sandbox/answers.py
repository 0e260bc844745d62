"""Answers in the words of Orthanc's DICOMweb plugin 1.7: DICOM JSON, DICOM XML, refusals."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from starlette.responses import Response

JSON = "application/dicom+json"
XML = "application/dicom+xml"
DicomJson = Mapping[str, Mapping[str, Any]]

_XML_OPEN = (
    '<?xml version="1.0" encoding="utf-8"?>\n'
    '<NativeDicomModel xmlns="http://dicom.nema.org/PS3.19/models/NativeDICOM"'
    ' xsi:schemaLocation="http://dicom.nema.org/PS3.19/models/NativeDICOM"'
    ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">\n'
)
_ORTHANC_STATUS = {404: 7, 415: 3000, 400: 8}
_ORTHANC_WORDS = {
    404: ("Not Found", "Accessing an inexistent item"),
    415: ("Unsupported Media Type", "Unsupported media type"),
    400: ("Bad Request", "Bad request"),
}


def element(vr: str, *values: object) -> dict[str, Any]:
    """One attribute; an empty one has no `Value` at all (PS3.18 F.2.5)."""
    return {"vr": vr, "Value": list(values)} if values else {"vr": vr}


def to_json(document: object) -> bytes:
    return json.dumps(document, sort_keys=True, ensure_ascii=False).encode()


def to_xml(dataset: DicomJson) -> bytes:
    """The Native DICOM Model (PS3.19 A.1) of one data set."""
    return (_XML_OPEN + _xml_attributes(dataset, "  ") + "</NativeDicomModel>\n").encode()


def _xml_attributes(dataset: DicomJson, indent: str) -> str:
    from pydicom.datadict import keyword_for_tag

    lines: list[str] = []
    for tag, attribute in sorted(dataset.items()):
        keyword = keyword_for_tag(int(tag, 16))
        head = f'{indent}<DicomAttribute tag="{tag}" vr="{attribute["vr"]}"'
        head += f" keyword={quoteattr(keyword)}"
        values = attribute.get("Value", [])
        if not values:
            lines.append(f"{head} />\n")
            continue
        lines.append(f"{head}>\n")
        for number, value in enumerate(values, 1):
            lines.append(_xml_value(attribute["vr"], value, number, indent + "  "))
        lines.append(f"{indent}</DicomAttribute>\n")
    return "".join(lines)


def _xml_value(vr: str, value: Any, number: int, indent: str) -> str:
    if vr == "SQ":
        items = _xml_attributes(value, indent + "  ")
        return f'{indent}<Item number="{number}">\n{items}{indent}</Item>\n'
    if vr == "PN":
        names = "".join(
            f"{indent}  <{group}>{_xml_name(text)}</{group}>\n" for group, text in value.items()
        )
        return f'{indent}<PersonName number="{number}">\n{names}{indent}</PersonName>\n'
    return f'{indent}<Value number="{number}">{escape(str(value))}</Value>\n'


def _xml_name(text: str) -> str:
    parts = zip(
        ("FamilyName", "GivenName", "MiddleName", "NamePrefix", "NameSuffix"),
        text.split("^"),
        strict=False,
    )
    return "".join(f"<{tag}>{escape(part)}</{tag}>" for tag, part in parts if part)


def multipart(media_type: str, bodies: Iterable[bytes]) -> Response:
    """A `multipart/related` answer that fits in memory."""
    boundary = uuid.uuid4().hex
    parts = [part_head(boundary, media_type, len(body)) + body + b"\r\n" for body in bodies]
    content = b"".join(parts) + b"--" + boundary.encode() + b"--\r\n"
    return Response(content, headers={"content-type": multipart_type(media_type, boundary)})


def multipart_type(media_type: str, boundary: str) -> str:
    return f'multipart/related; type="{media_type}"; boundary={boundary}'


def part_head(boundary: str, media_type: str, length: int) -> bytes:
    return (
        f"--{boundary}\r\nContent-Type: {media_type}\r\nContent-Length: {length}\r\n"
        "MIME-Version: 1.0\r\n\r\n"
    ).encode()


def datasets(found: Sequence[DicomJson], accept: str, headers: Mapping[str, str]) -> Response:
    """A list of data sets, as JSON or (when that was asked for) as multipart XML."""
    if wants_xml(accept):
        answer = multipart(XML, [to_xml(dataset) for dataset in found])
    else:
        answer = Response(to_json(found), media_type=JSON)
    answer.headers.update(headers)
    return answer


def wants_xml(accept: str) -> bool:
    return XML in accept and JSON not in accept


def orthanc_error(status: int, method: str, uri: str, details: str = "") -> Response:
    """A refusal as Orthanc words it: JSON, but without any Content-Type."""
    phrase, message = _ORTHANC_WORDS[status]
    body: dict[str, object] = {
        "HttpError": phrase,
        "HttpStatus": status,
        "Message": message,
        "Method": method,
        "OrthancError": message,
        "OrthancStatus": _ORTHANC_STATUS[status],
        "Uri": uri,
    }
    if details:
        body["Details"] = details
    return Response(to_json(body), status)


def front_error(status: int, phrase: str, headers: Mapping[str, str] | None = None) -> Response:
    """A refusal of the web server in front, which never asked the archive: a page of HTML."""
    text = f"{status} {phrase}"
    page = (
        f"<html>\r\n<head><title>{text}</title></head>\r\n<body>\r\n"
        f"<center><h1>{text}</h1></center>\r\n<hr><center>front</center>\r\n"
        "</body>\r\n</html>\r\n"
    )
    return Response(page, status, {"content-type": "text/html", **(headers or {})})

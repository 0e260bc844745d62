"""The data model as XML Schema: what xnatpy builds its classes from, and no more of XNAT's own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache

from adapters.sandbox.xnat.modalities import SCAN_PREFIXES, SESSION_PREFIXES

_DEMOGRAPHICS = (
    "dob:date",
    "yob:integer",
    "age:integer",
    "gender",
    "handedness",
    "race",
    "ethnicity",
    "education:integer",
    "weight:float",
    "height:float",
)
_SCAN = (
    "ID",
    "image_session_ID",
    "project",
    "type",
    "UID",
    "note",
    "quality",
    "condition",
    "series_description",
    "modality",
    "frames:integer",
    "documentation",
    "startTime:time",
)
# name of a type: its base, and its fields as name or name:XSD-type
_Fields = Sequence[str]
_TYPES: Mapping[str, tuple[str, _Fields]] = {
    "investigatorData": ("", ("ID", "title", "firstname", "lastname", "institution", "email")),
    "abstractResource": ("", ("label", "note", "file_count:integer", "file_size:long")),
    "resource": ("abstractResource", ("URI", "format", "content", "description")),
    "resourceCatalog": ("resource", ()),
    "abstractDemographicData": ("", ()),
    "demographicData": (
        "abstractDemographicData",
        _DEMOGRAPHICS,
    ),
    "projectData": (
        "",
        ("ID", "secondary_ID", "name", "description", "keywords", "active"),
    ),
    "subjectData": ("", ("ID", "project", "label", "group", "src", "initials")),
    "experimentData": (
        "",
        (
            "ID",
            "project",
            "label",
            "visit_id",
            "date:date",
            "time:time",
            "note",
            "acquisition_site",
        ),
    ),
    "subjectAssessorData": ("experimentData", ("subject_ID", "age:float")),
    "imageSessionData": (
        "subjectAssessorData",
        ("UID", "modality", "operator", "dcmAccessionNumber", "dcmPatientId", "dcmPatientName"),
    ),
    "imageScanData": (
        "",
        _SCAN,
    ),
    "derivedData": ("experimentData", ()),
    "imageAssessorData": ("derivedData", ("imageSession_ID",)),
    "reconstructedImageData": ("", ("ID", "type", "baseScanType")),
}
_CHILDREN: Mapping[str, Sequence[tuple[str, str, str]]] = {
    # holder, element within, its type
    "projectData": (("resources", "resource", "abstractResource"),),
    "subjectData": (
        ("experiments", "experiment", "subjectAssessorData"),
        ("resources", "resource", "abstractResource"),
    ),
    "experimentData": (("resources", "resource", "abstractResource"),),
    "imageSessionData": (
        ("scans", "scan", "imageScanData"),
        ("reconstructions", "reconstructedImage", "reconstructedImageData"),
        ("assessors", "assessor", "imageAssessorData"),
    ),
}
_SINGLE: Mapping[str, Sequence[tuple[str, str]]] = {
    "projectData": (("PI", "investigatorData"),),
    "subjectData": (("demographics", "abstractDemographicData"),),
}
_FILES_OF = ("imageScanData", "reconstructedImageData")
_CUSTOM_FIELDS = ("projectData", "subjectData", "experimentData")
_LABELLED = ("subjectData", "experimentData", "abstractResource")
_XDAT = 'xmlns:xdat="http://nrg.wustl.edu/xdat" '
_ATTRIBUTES = frozenset(
    {
        "ID",
        "image_session_ID",
        "label",
        "project",
        "UID",
        "type",
        "secondary_ID",
        "visit_id",
        "file_count",
    }
    | {"file_size", "URI", "format", "content"}
)


@cache
def xnat() -> str:
    """The schema of namespace xnat."""
    names = list(_all_types())
    elements = "".join(
        f'<xs:element name="{_element_name(name)}" type="xnat:{name}"/>\n' for name in names
    )
    types = "".join(_type(name) for name in names)
    return _document("http://nrg.wustl.edu/xnat", elements + types)


@cache
def xdat() -> str:
    """The schema of the security namespace, which hardly any client needs."""
    element = '<xs:element name="user" type="xdat:user"/>\n'
    fields = "".join(
        f'<xs:element name="{name}" type="xs:string" minOccurs="0"/>'
        for name in ("login", "firstname", "lastname", "email")
    )
    body = f'<xs:complexType name="user"><xs:sequence>{fields}</xs:sequence></xs:complexType>\n'
    return _document("http://nrg.wustl.edu/security", element + body)


def elements() -> list[str]:
    """The types that can be searched for."""
    return [
        f"xnat:{name}"
        for name in ("projectData", "subjectData", *_all_types())
        if name.endswith(("SessionData", "ScanData")) or name in ("projectData", "subjectData")
    ]


def fields_of(element: str) -> list[str] | None:
    """The names of a type's fields, its bases' too; None when it is unknown."""
    name: str = element.removeprefix("xnat:")
    types = _all_types()
    if name not in types:
        return None
    found: list[str] = []
    while name:
        name, own = types[name]
        found = [field.partition(":")[0] for field in own] + found
    return found


@cache
def _all_types() -> Mapping[str, tuple[str, _Fields]]:
    sessions = {f"{prefix}SessionData": ("imageSessionData", ()) for prefix in SESSION_PREFIXES}
    scans = {f"{prefix}ScanData": ("imageScanData", ()) for prefix in SCAN_PREFIXES}
    return {**_TYPES, **sessions, **scans}


def _element_name(name: str) -> str:
    stem = name.removesuffix("Data")
    return stem[:1].upper() + stem[1:]


def _type(name: str) -> str:
    base, own = _all_types()[name]
    fields = [field.partition(":")[::2] for field in own]
    parts = [
        f'<xs:element name="{field}" type="xs:{kind or "string"}" minOccurs="0"/>'
        for field, kind in fields
        if field not in _ATTRIBUTES
    ]
    parts += [
        f'<xs:element name="{field}" type="xnat:{kind}" minOccurs="0"/>'
        for field, kind in _SINGLE.get(name, ())
    ]
    parts += [_list(*child) for child in _CHILDREN.get(name, ())]
    if name in _FILES_OF:
        parts.append(
            '<xs:element name="file" type="xnat:abstractResource" minOccurs="0" '
            'maxOccurs="unbounded"/>'
        )
    if name in _CUSTOM_FIELDS:
        parts.append(_custom_fields())
    attributes = "".join(
        f'<xs:attribute name="{field}" type="xs:{kind or "string"}"/>'
        for field, kind in fields
        if field in _ATTRIBUTES
    )
    inner = f"<xs:sequence>{''.join(parts)}</xs:sequence>{attributes}"
    if base:
        inner = (
            f'<xs:complexContent><xs:extension base="xnat:{base}">{inner}</xs:extension>'
            "</xs:complexContent>"
        )
    return f'<xs:complexType name="{name}">{_label(name)}{inner}</xs:complexType>\n'


def _label(name: str) -> str:
    if name not in _LABELLED:
        return ""
    return (
        '<xs:annotation><xs:appinfo><xdat:element displayIdentifiers="label"/></xs:appinfo>'
        "</xs:annotation>"
    )


def _list(holder: str, element: str, kind: str) -> str:
    """XNAT's idiom for a list: an element that holds nothing but the repeated one."""
    return (
        f'<xs:element name="{holder}" minOccurs="0"><xs:complexType><xs:sequence>'
        f'<xs:element name="{element}" type="xnat:{kind}" minOccurs="0" maxOccurs="unbounded"/>'
        "</xs:sequence></xs:complexType></xs:element>"
    )


def _custom_fields() -> str:
    return (
        '<xs:element name="fields" minOccurs="0"><xs:complexType><xs:sequence>'
        '<xs:element name="field" minOccurs="0" maxOccurs="unbounded">'
        '<xs:annotation><xs:appinfo><xdat:element displayIdentifiers="name"/></xs:appinfo>'
        "</xs:annotation><xs:complexType>"
        '<xs:simpleContent><xs:extension base="xs:string">'
        '<xs:attribute name="name" type="xs:string" use="required"/>'
        "</xs:extension></xs:simpleContent></xs:complexType></xs:element>"
        "</xs:sequence></xs:complexType></xs:element>"
    )


def _document(namespace: str, body: str) -> str:
    # Clients tell the namespaces of all schemas by the prefixes of this one.
    secured = 'xmlns:xdat="http://nrg.wustl.edu/security" '
    xdat_prefix = secured if namespace.endswith("security") else _XDAT
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<xs:schema targetNamespace="{namespace}" xmlns:xs="http://www.w3.org/2001/XMLSchema" '
        'xmlns:xnat="http://nrg.wustl.edu/xnat" '
        f'{xdat_prefix}elementFormDefault="qualified" attributeFormDefault="unqualified">\n'
        f"{body}</xs:schema>\n"
    )

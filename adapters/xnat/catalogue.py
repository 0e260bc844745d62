"""What the archive holds: a session by its labels, and the SOP Instance UIDs of each Series.

A Series is found by its UID, never by a scan's ID: the same Series Number twice makes XNAT store
the second one as `N-CT1`. The UIDs come from the resource's catalogue, one request for each.
"""

from __future__ import annotations

import xml.parsers.expat  # DOCTYPE is refused below, so no entity is ever expanded
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from adapters.xnat.calls import Calls, Row
from adapters.xnat.labels import Labels
from adapters.xnat.wire import segment, unreadable
from transfer.node import HeldInstance
from transfer.values import SeriesInstanceUID, SOPInstanceUID

# XNAT keeps what is no image of its scan's kind (structured reports, secondary captures) in a
# resource of this second name.
_DICOM_LABELS = frozenset({"dicom", "secondary"})


@dataclass(frozen=True, slots=True)
class ArchivedSession:
    """An imaging session in the archive; `study_uid` is empty where the node does not say."""

    id: str
    label: str
    study_uid: str


class Catalogue:
    """Reads the archive of one node."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    async def session(self, project: str, labels: Labels) -> ArchivedSession | None:
        """The session of these labels; None where there is none."""
        return await self._read(
            f"/data/projects/{segment(project)}/subjects/{segment(labels.subject)}"
            f"/experiments/{segment(labels.session)}"
        )

    async def session_by_id(self, identifier: str) -> ArchivedSession | None:
        return await self._read(f"/data/experiments/{segment(identifier)}")

    async def _read(self, path: str) -> ArchivedSession | None:
        document = await self._calls.document(path)
        if document is None:
            return None
        fields = _fields(document)
        if fields is None or not isinstance(fields.get("ID"), str):
            raise unreadable(self._calls.node)
        return ArchivedSession(
            fields["ID"], str(fields.get("label", "")), str(fields.get("UID", ""))
        )

    async def holdings(
        self, session: ArchivedSession, series: SeriesInstanceUID
    ) -> Mapping[SOPInstanceUID, HeldInstance]:
        """Every instance of a Series that the session's catalogues list."""
        base = f"/data/experiments/{segment(session.id)}/scans"
        scans = await self._calls.table(base, {"columns": "ID,UID,xsiType,type"})
        held: dict[SOPInstanceUID, HeldInstance] = {}
        for scan in scans or []:
            if cell(scan, "UID") == series:
                held.update(await self._of_scan(f"{base}/{segment(cell(scan, 'ID'))}"))
        return held

    async def _of_scan(self, path: str) -> Mapping[SOPInstanceUID, HeldInstance]:
        held: dict[SOPInstanceUID, HeldInstance] = {}
        for resource in await self._calls.table(f"{path}/resources") or []:
            label = cell(resource, "label")
            if label.lower() not in _DICOM_LABELS:
                continue
            answer = await self._calls.get(f"{path}/resources/{segment(label)}", {"format": "xml"})
            if answer.status == 404:
                continue
            for uid in catalogued(self._calls.good(answer).body, self._calls.node):
                held[uid] = HeldInstance(uid)
        return held


def cell(row: Row, name: str) -> str:
    """A cell by its column's name, whatever its case; empty when there is none."""
    if name in row:
        return row[name]
    return next((value for key, value in row.items() if key.lower() == name.lower()), "")


def _fields(document: Any) -> dict[str, Any] | None:
    items = document.get("items") if isinstance(document, dict) else None
    first = items[0] if isinstance(items, list) and items else None
    fields = first.get("data_fields") if isinstance(first, dict) else None
    return fields if isinstance(fields, dict) else None


def catalogued(content: bytes, node: str) -> Sequence[SOPInstanceUID]:
    """The SOP Instance UIDs of a `cat:DCMCatalog`, in order.

    Raises:
        NodeFault: it is no catalogue.
    """
    found: list[SOPInstanceUID] = []
    roots: list[str] = []

    def start(name: str, attributes: dict[str, str]) -> None:
        local = name.rpartition(":")[2]
        if not roots:
            roots.append(local)
        if local == "entry" and attributes.get("UID"):
            found.append(SOPInstanceUID(attributes["UID"].strip(" \0")))

    def doctype(*_: object) -> None:
        raise unreadable(node)

    parser = xml.parsers.expat.ParserCreate()
    parser.StartElementHandler = start
    parser.StartDoctypeDeclHandler = doctype
    try:
        parser.Parse(content, True)
    except (xml.parsers.expat.ExpatError, ValueError) as problem:
        raise unreadable(node) from problem
    if not roots or not roots[0].lower().endswith("catalog"):
        raise unreadable(node)
    return found

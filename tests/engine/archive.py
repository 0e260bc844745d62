"""What an XNAT project holds, read over REST by a client that shares nothing with the adapter."""

from __future__ import annotations

import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import httpx

_ENTRY = "{http://nrg.wustl.edu/catalog}entry"
_TIMEOUT_S = 30.0


@dataclass(frozen=True)
class ArchivedSession:
    """One archived session; `series` gives the SOP Instance UID of every catalogue entry, as
    often as it stands there, by Series Instance UID."""

    label: str
    subject: str
    study_uid: str
    series: Mapping[str, Sequence[str]]

    @property
    def sop_instance_uids(self) -> list[str]:
        return [uid for uids in self.series.values() for uid in uids]


@dataclass(frozen=True)
class Waiting:
    """One entry of the prearchive."""

    project: str
    status: str
    study_uid: str


@dataclass(frozen=True)
class Archive:
    """One project of a node, seen by one of its users."""

    url: str
    ca_file: Path
    project: str = "SANDBOX"
    username: str = "ingester"
    password: str = "ingester"

    def sessions(self, uid_root: str = "") -> list[ArchivedSession]:
        """The project's archived sessions of Studies below a UID root, catalogues included."""
        with self._client() as client:
            columns = "ID,label,subject_label,UID"
            rows = _rows(client, f"/data/projects/{self.project}/experiments", columns=columns)
            return [
                ArchivedSession(
                    row["label"], row["subject_label"], row["UID"], _series(client, row["ID"])
                )
                for row in rows
                if row["UID"].startswith(uid_root)
            ]

    def prearchive(self) -> list[Waiting]:
        """Every entry of the site's prearchive that we may see."""
        with self._client() as client:
            rows = _rows(client, "/data/prearchive")
            return [Waiting(row["project"], row["status"], row["tag"]) for row in rows]

    def clinical_files(self, subject: str) -> list[str]:
        """The names in the resource `clinical` of a subject."""
        path = f"/data/projects/{self.project}/subjects/{subject}/resources/clinical/files"
        with self._client() as client:
            return [row["Name"] for row in _rows(client, path)]

    def sop_instance_uids(self) -> list[str]:
        """Every archived instance, as often as catalogues name it."""
        return [uid for session in self.sessions() for uid in session.sop_instance_uids]

    def _client(self) -> httpx.Client:
        return httpx.Client(
            base_url=self.url,
            verify=ssl.create_default_context(cafile=str(self.ca_file)),
            auth=(self.username, self.password),
            trust_env=False,
            timeout=_TIMEOUT_S,
        )


def _series(client: httpx.Client, session: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    scans = f"/data/experiments/{session}/scans"
    for scan in _rows(client, scans, columns="ID,UID"):
        uids = found.setdefault(scan["UID"], [])
        for resource in _rows(client, f"{scans}/{scan['ID']}/resources"):
            path = f"{scans}/{scan['ID']}/resources/{resource['label']}"
            answer = client.get(path, params={"format": "xml"})
            answer.raise_for_status()
            catalogue = ElementTree.fromstring(answer.text)  # noqa: S314 - our own server's
            uids += [entry.attrib["UID"] for entry in catalogue.iter(_ENTRY)]
    return found


def _rows(client: httpx.Client, path: str, **query: str) -> list[dict[str, Any]]:
    answer = client.get(path, params={**query, "format": "json"})
    answer.raise_for_status()
    rows: list[dict[str, Any]] = answer.json()["ResultSet"]["Result"]
    return rows

"""A project, its subjects and the clinical resources of both, on the scripted XNAT."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from urllib.parse import parse_qs, unquote, urlsplit

from adapters.xnat.node import XnatNode
from tests.adapters.tls_server import Reply, Request
from tests.adapters.xnat.scripted import ScriptedXnat, document, page, table, text
from tests.conformance.volumes import MadeFile
from transfer.clinical.leaving import ClinicalItem, ClinicalOutcome, ClinicalVerdict

TABLE = b"PatientID,Sex\r\nSUBJ-001,Female\r\n"
PROJECT = "/data/projects/P/resources/clinical"
SUBJECT = "/data/projects/P/subjects/SUBJ-001/resources/clinical"
FILES = r"/data/projects/P(/subjects/[^/]+)?/resources/[^/]+/files/.+"
STORED, DIFFERS, REFUSED = ClinicalVerdict.STORED, ClinicalVerdict.DIFFERS, ClinicalVerdict.REFUSED
NAME = "made_clinical.csv"
GOOD = text("")


def table_item(content: bytes = TABLE, name: str = "made_clinical.csv") -> ClinicalItem:
    return ClinicalItem(MadeFile(name, content), "", "text/csv", "CSV", "clinical")


def subject_item(content: bytes = b"{}\n", subject: str = "SUBJ-001") -> ClinicalItem:
    file = MadeFile(f"{subject}_clinical.json", content)
    return ClinicalItem(file, subject, "application/json", "JSON", "clinical")


def md5(content: bytes) -> str:
    return hashlib.md5(content, usedforsecurity=False).hexdigest()


@dataclass
class Project:
    """What the node has: `resources` by their path, each with its files by their path in it.

    `lost` are files that no catalogue lists, `stale` digests that listings give instead.
    """

    xnat: ScriptedXnat
    subjects: list[str] = field(default_factory=lambda: ["SUBJ-001"])
    resources: dict[str, dict[str, bytes]] = field(default_factory=dict)
    lost: set[str] = field(default_factory=set)
    stale: dict[str, str] = field(default_factory=dict)
    role: str = "Members"
    has_checksums: bool = True
    queries: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    served: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        xnat = self.xnat
        xnat.tell("GET", "/data/JSESSION", text("SESSION00000001"))
        xnat.tell("GET", "/data/projects", lambda _: table({"id": "P", "name": "P"}))
        access = [{"ID": "P", "role": self.role}]
        xnat.tell("GET", "/xapi/access/projects", lambda _: document(access))
        xnat.tell("GET", "/data/projects/P/subjects", self._subjects)
        xnat.tell("GET", "/data/projects/P/subjects/[^/]+", self._subject)
        resource = r"/data/projects/P(/subjects/[^/]+)?/resources/[^/]+"
        xnat.tell("PUT", resource, self.make)
        xnat.tell("GET", f"{resource}/files", self._listing)
        xnat.tell("PUT", FILES, self.put)
        xnat.tell("GET", FILES, self._content)

    def _subjects(self, _: Request) -> Reply:
        return table(*({"ID": f"XNAT_S{n}", "label": s} for n, s in enumerate(self.subjects)))

    def _subject(self, request: Request) -> Reply:
        label = unquote(urlsplit(request.target).path).rpartition("/")[2]
        for spelled in self.subjects:
            if spelled.lower() == label.lower():
                return document({"items": [{"data_fields": {"label": spelled}}]})
        return page(404, "Unable to identify subject")

    def _note(self, request: Request) -> str:
        parts = urlsplit(request.target)
        query = {key: values[0] for key, values in parse_qs(parts.query).items()}
        self.queries.append((unquote(parts.path), query))
        return unquote(parts.path)

    def make(self, request: Request) -> Reply:
        path = self._note(request)
        if path in self.resources:
            return page(409, "Specified resource already exists.")
        self.resources[path] = {}
        return text("")

    def put(self, request: Request) -> Reply:
        path, _, name = self._note(request).partition("/files/")
        content = request.body
        if len(content) < int(request.headers["content-length"]):
            return page(400, "unexpected end of the body")
        files = self.resources.setdefault(path, {})
        if name in files and "overwrite" not in self.queries[-1][1]:
            return document({"duplicates": [name]})
        files[name] = content
        self.lost.discard(name)
        return text("")

    def _listing(self, request: Request) -> Reply:
        path = unquote(urlsplit(request.target).path).removesuffix("/files")
        if path not in self.resources:
            return page(404, "Unable to find the specified resource.")
        files = self.resources[path]
        return table(*(self._row(n, c) for n, c in files.items() if n not in self.lost))

    def _row(self, name: str, content: bytes) -> dict[str, str]:
        digest = self.stale.get(name, md5(content) if self.has_checksums else "")
        return {
            "Name": name.rpartition("/")[2],
            "Size": str(len(content)),
            "URI": f"/data/projects/P/resources/17/files/{name.replace(' ', '%20')}",
            "digest": digest,
        }

    def _content(self, request: Request) -> Reply:
        path, _, name = unquote(urlsplit(request.target).path).partition("/files/")
        self.served.append(name)
        return Reply(200, self.resources[path][name])

    @property
    def puts(self) -> list[str]:
        """Paths that were put, in order."""
        return [re.sub(r".*(?=/resources)", "", path) for path, _ in self.queries]


async def send(
    node: XnatNode, item: ClinicalItem | None = None, *, overwrite: bool = False
) -> ClinicalOutcome:
    return await node.send_clinical(item or table_item(), "P", overwrite=overwrite)


def taken_in(request: Request, answer: Reply = GOOD) -> Reply:
    """The body is read to its end, and forgotten."""
    assert request.body
    return answer

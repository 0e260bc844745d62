"""A prearchive and an archive for the scripted XNAT, moved on by what a test says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from urllib.parse import parse_qs

from tests.adapters.tls_server import Reply, Request
from tests.adapters.xnat.instances import LABEL
from tests.adapters.xnat.scripted import ScriptedXnat, document, page, query_of, table, text

LISTING = "/data/prearchive/projects/P"
SESSION = f"/data/projects/P/subjects/SUBJ-001/experiments/{LABEL}"
ARCHIVED = text(f"/data/archive/projects/P/subjects/SUBJ-001/experiments/{LABEL}\r\n")


@dataclass
class Rows:
    """`states` is what each look at a row gives next, by timestamp; the last one stays, and an
    empty list means that the row is gone. `on_build` and `on_archive` set what follows."""

    xnat: ScriptedXnat
    states: dict[str, list[str]]
    on_build: Sequence[str] = ("READY",)
    on_archive: Sequence[str] = ()
    archive_answer: Reply = ARCHIVED
    study: str = "1.2.3"
    label: str = LABEL
    is_archived: bool = False
    builds: list[str] = field(default_factory=list)
    archivings: list[dict[str, list[str]]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.xnat.tell("GET", LISTING, self._listing)
        self.xnat.tell("GET", rf"{LISTING}/[^/]+/{LABEL}", self._row)
        self.xnat.tell("POST", rf"{LISTING}/[^/]+/{LABEL}", self._build)
        self.xnat.tell("POST", "/data/services/archive", self._archive)
        self.xnat.tell("GET", SESSION, self._session)

    def _cells(self, timestamp: str, status: str) -> dict[str, str]:
        return {
            "project": "P",
            "timestamp": timestamp,
            "folderName": self.label,
            "name": self.label,
            "tag": self.study,
            "status": status,
            "url": f"/prearchive/projects/P/{timestamp}/{self.label}",
        }

    def _listing(self, _: Request) -> Reply:
        return table(*(self._cells(t, s[0]) for t, s in self.states.items() if s))

    def _row(self, request: Request) -> Reply:
        timestamp = request.target.split("/")[5]
        states = self.states[timestamp]
        if not states or states[0] == "gone":
            self.states[timestamp] = []
            return page(404, "Not Found")
        status = states.pop(0) if len(states) > 1 else states[0]
        return table(self._cells(timestamp, status))

    def _build(self, request: Request) -> Reply:
        assert query_of(request) == {"action": "build"}
        timestamp = request.target.split("/")[5]
        self.builds.append(timestamp)
        self.states[timestamp] = list(self.on_build)
        return text("ok")

    def _archive(self, request: Request) -> Reply:
        form = parse_qs(request.body.decode())
        self.archivings.append(form)
        self.states[form["src"][0].split("/")[4]] = list(self.on_archive)
        self.is_archived = True
        return self.archive_answer

    def _session(self, _: Request) -> Reply:
        if not self.is_archived:
            return page(404, "Not Found")
        fields = {"ID": "XNAT_E00001", "label": self.label, "UID": self.study}
        return document({"items": [{"children": [], "meta": {}, "data_fields": fields}]})

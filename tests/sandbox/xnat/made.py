"""What the tests of the XNAT stand-in send: small series, archives of them, one client."""

from __future__ import annotations

import io
import tarfile
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field

import httpx

from adapters.sandbox.server import Sandbox
from tests.sandbox.bodies import dataset, part10, trusting, uid

IMPORT = "/data/services/import"
ROWS = "/data/prearchive/projects/SANDBOX?format=json"


@dataclass(slots=True)
class Clock:
    """Time that passes only when told."""

    now: float = 1_795_369_242.0

    def __call__(self) -> float:
        return self.now

    def pass_(self, seconds: float) -> None:
        self.now += seconds


def ct(
    name: str,
    *,
    study: str = "study",
    series: int = 1,
    uid_of: str = "",
    modality: str = "CT",
    side: int = 8,
) -> bytes:
    """One object; `uid_of` names a series other than the number's own."""
    made = dataset(name, study=study, side=side)
    made.SeriesInstanceUID = uid(study, "series", uid_of or series)
    made.SeriesNumber, made.InstanceNumber = series, 1
    made.Modality = modality
    made.SeriesDescription = "Thorax"
    made.StudyDate, made.StudyTime = "20200102", "101112"
    return part10(made)


def zipped(files: Mapping[str, bytes]) -> bytes:
    """A stored zip with sizes and CRCs in its local headers."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def tarred(files: Mapping[str, bytes], mode: str = "w") -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode=mode) as archive:  # type: ignore[call-overload]
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()


def series(*names: str, study: str = "study", number: int = 1, uid_of: str = "") -> bytes:
    """The objects of one series as a zip."""
    return zipped(
        {
            f"{place:06}.dcm": ct(name, study=study, series=number, uid_of=uid_of)
            for place, name in enumerate(names, 1)
        }
    )


def client(sandbox: Sandbox, login: str | None = "ingester", **headers: str) -> httpx.AsyncClient:
    """A client of the site, with Basic credentials whose password is the name."""
    return httpx.AsyncClient(
        base_url=sandbox.xnat_url,
        verify=trusting(sandbox),
        auth=None if login is None else (login, login),
        headers={"user-agent": "eucaim-test", **headers},
        trust_env=False,
    )


@dataclass(slots=True)
class Walk:
    """The requests of an upload, with the parameters that a careful client sends."""

    http: httpx.AsyncClient
    parameters: Mapping[str, str] = field(default_factory=dict)

    async def send(
        self, body: bytes, media_type: str = "application/zip", **changes: str
    ) -> httpx.Response:
        parameters = {
            "import-handler": "DICOM-zip",
            "PROJECT_ID": "SANDBOX",
            "SUBJECT_ID": "S1",
            "EXPT_LABEL": "E1",
            "rename": "true",
            "prevent_auto_commit": "true",
            "inbody": "true",
            **self.parameters,
            **changes,
        }
        kept = {name: value for name, value in parameters.items() if value}
        return await self.http.post(
            IMPORT, params=kept, content=body, headers={"content-type": media_type}
        )

    async def rows(self) -> list[dict[str, str]]:
        answer = await self.http.get(ROWS)
        return list(answer.json()["ResultSet"]["Result"])

    async def states(self) -> list[str]:
        return [row["status"] for row in await self.rows()]

    async def build(self) -> httpx.Response:
        url = (await self.rows())[0]["url"]
        return await self.http.post(f"/data{url}?action=build")

    async def archive(self, **fields: str) -> httpx.Response:
        """Ask for the first row to be archived."""
        url = (await self.rows())[0]["url"]
        return await self.http.post("/data/services/archive", data={"src": url, **fields})

    async def archived(self, body: bytes, **fields: str) -> httpx.Response:
        """Send, build, and archive the only row."""
        sent = await self.send(body, **fields)
        assert sent.status_code == 200, sent.text
        await self.build()
        return await self.archive()

    async def scans(self, session: str = "E1", subject: str = "S1") -> list[dict[str, str]]:
        base = f"/data/projects/SANDBOX/subjects/{subject}/experiments/{session}"
        answer = await self.http.get(f"{base}/scans?columns=ID,UID,type,xsiType&format=json")
        return list(answer.json()["ResultSet"]["Result"])

    async def catalog(self, scan: str) -> str:
        base = "/data/projects/SANDBOX/subjects/S1/experiments/E1"
        answer = await self.http.get(f"{base}/scans/{scan}/resources/DICOM?format=xml")
        return answer.text


def heading(answer: httpx.Response) -> str:
    """The reason on a status page."""
    return answer.text.partition("<h3>")[2].partition("</h3>")[0]

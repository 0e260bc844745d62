"""A stand-in with images stored, somebody signed in to its dataset-service, and requests."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import httpx

from adapters.sandbox.datasets.options import DatasetOptions
from adapters.sandbox.server import Options, Sandbox
from tests.adapters.upv.clinical_made import put_subject
from tests.sandbox.bodies import sign_in, trusting
from tests.sandbox.lakes import put_study

Json = dict[str, Any]
PENDING_S, STEP_S = 3600.0, 60.0
PLACE = "SANDBOX|MAIN"


def options(**changes: Any) -> Options:
    """A sandbox whose jobs move by its own clock alone: `advance` it."""
    changes.setdefault("datasets", DatasetOptions(pending_s=PENDING_S, step_s=STEP_S))
    return Options(**changes)


def finish(sandbox: Sandbox) -> None:
    """Put the clock forward until every job that goes on is at its end."""
    sandbox.datasets.clock.advance(PENDING_S + 1000 * STEP_S)


class Caller:
    """Requests in one person's name."""

    def __init__(self, sandbox: Sandbox, token: str | None) -> None:
        # A connection for each request: there are many callers, and nobody to close them.
        headers = {"connection": "close"}
        if token is not None:
            headers["authorization"] = f"Bearer {token}"
        self.http = httpx.AsyncClient(
            base_url=sandbox.endpoints.dataset_service_url,
            verify=trusting(sandbox),
            headers=headers,
            trust_env=False,
        )

    async def details(self, dataset_id: str) -> Json:
        return dict((await self.http.get(f"/datasets/{dataset_id}")).json())

    async def status(self, dataset_id: str) -> tuple[str, str]:
        answer = (await self.http.get(f"/datasets/{dataset_id}/creationStatus")).json()
        return answer["status"], answer["lastMessage"]

    async def patch(self, dataset_id: str, name: str, value: object) -> httpx.Response:
        body = {"property": name, "value": value}
        return await self.http.patch(f"/datasets/{dataset_id}", json=body)

    async def create(self, order: Mapping[str, Any]) -> httpx.Response:
        return await self.http.post("/datasets", json=order)

    async def created(self, order: Mapping[str, Any]) -> str:
        return id_of(await self.create(order))

    async def listed(self, query: str = "") -> list[str]:
        answer = (await self.http.get(f"/datasets{query}")).json()
        return [item["id"] for item in answer["list"]]


def id_of(answer: httpx.Response) -> str:
    assert answer.status_code == 201, answer.text
    return str(answer.json()["apiUrl"].rpartition("/")[2])


async def caller(sandbox: Sandbox, username: str = "ingester") -> Caller:
    answer = await sign_in(sandbox, "dataset-explorer", username=username, password=username)
    return Caller(sandbox, answer.json()["access_token"])


def external_id(sandbox: Sandbox) -> str:
    return sandbox.datasets.shelf.projects["SANDBOX"].subprojects[0].external_id


def study(number: int = 1, **changes: object) -> Json:
    """A study of a creation, whose files `lie` puts into the lake."""
    made: Json = {
        "studyId": f"{number:024x}",
        "studyName": f"CT{number}",
        "subjectName": "SUBJ-001",
        "pathInDatalake": f"someone/SUBJ-001_SANDBOX/CT{number}",
        "series": [{"folderName": "SER0", "tags": []}, {"folderName": "SER1", "tags": []}],
        "url": f"https://node.example/cases/{number}",
    }
    return made | changes


def order(*studies: Json, **changes: object) -> Json:
    """A creation that all goes well with."""
    chosen = list(studies) or [study()]
    subjects = dict.fromkeys(each["subjectName"] for each in chosen)
    made: Json = {
        "name": "Lung CT",
        "description": "Made for a test.",
        "version": "1",
        "project": "SANDBOX",
        "subproject": "MAIN",
        "studies": chosen,
        "subjects": [{"subjectName": subject, "eForm": {}} for subject in subjects],
    }
    return made | changes


def lie(sandbox: Sandbox, made: Json, **changes: Any) -> None:
    """Put the studies of a creation into the lake."""
    for each in made["studies"]:
        folders = [series["folderName"] for series in each["series"]]
        marked = {"external_id": external_id(sandbox)} | changes
        put_study(sandbox, each["pathInDatalake"], folders, **marked)


def export(sandbox: Sandbox, *subjects: str, name: str = "Lung CT") -> str:
    """Store an image of each subject, and export them as QP-Insights does."""
    for subject in subjects:
        put_subject(sandbox, subject)
    ingester = sandbox.issuer.account("ingester")
    assert ingester is not None
    made = sandbox.qpinsights.export(ingester, PLACE, {"name": name}, subjects=subjects)
    return made.id

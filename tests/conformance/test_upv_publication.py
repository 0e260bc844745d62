"""The UPV adapter's step 10 on the stand-in; and on a real dataset-service where one is named.

`EUCAIM_DATASET_SERVICE_URL` (its API), `EUCAIM_DATASET_TOKEN` (an access token of an account with
the role admin_datasets), `EUCAIM_DATASET_DESTINATION` (PROJECT|SUBPROJECT), `EUCAIM_DATASET_INDEX`
(an index of Studies in its data lake) and `EUCAIM_DATASET_CA` (optional) have the same suite run
there: it creates and releases datasets, so give it one of your own.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from adapters.sandbox.server import Sandbox, in_thread
from tests.adapters.upv.clinical_made import fresh_subject
from tests.conformance.publication import PublicationConformance, PublicationPlace
from tests.conformance.test_upv import opener
from tests.sandbox.datasets_made import PLACE, export, finish, options
from transfer.node import Node
from transfer.publication.values import NewDataset, Stage, Texts

TEXTS: Texts = {
    "name": ("Lung CT, second look",),
    "version": ("1.1",),
    "description": ("Two lines\nof CT.",),
    "provenance": ("One hospital.",),
    "purpose": ("Research",),
    "type": ("original", "annotated"),
    "collectionMethod": ("cohort",),
    "licenseTitle": ("CC BY 4.0",),
    "licenseUrl": ("https://creativecommons.org/licenses/by/4.0/",),
    "contactInfo": ("data.office@hospital.example",),
}
NOWHERE = "https://127.0.0.1:9/dataset-service/api"
REAL_URL = os.environ.get("EUCAIM_DATASET_SERVICE_URL", "")
_numbers = itertools.count(1)


@pytest.fixture(scope="module")
def server() -> Iterator[Sandbox]:
    with in_thread(options()) as running:
        yield running
        assert list(running.crashes) == []


class TestUpvOnStandIn(PublicationConformance):
    """Datasets that were exported in QP-Insights."""

    @pytest.fixture
    def place(self, server: Sandbox, tmp_path: Path) -> PublicationPlace:
        homes = tmp_path / "homes"
        homes.mkdir()
        table = {
            "dicomweb_url": server.endpoints.dicomweb_url,
            "issuer_url": server.endpoints.issuer_url,
            "dataset_service_url": server.endpoints.dataset_service_url,
            "auth": "password",
            "username": "ingester",
            "ca_file": str(server.ca_file),
        }
        lost = table | {"dataset_service_url": NOWHERE}
        subjects = [fresh_subject(server) for _ in range(2)]

        async def draft() -> str:
            made = export(server, *subjects, name=f"Exported {next(_numbers)}")
            finish(server)
            return made

        return PublicationPlace(
            destination=PLACE,
            open=opener(homes / "ours", table, {"password": "ingester"}),
            stranger=opener(
                homes / "stranger", table | {"username": "stranger"}, {"password": "not-the-one"}
            ),
            nowhere=opener(homes / "nowhere", lost, {"password": "ingester"}),
            draft=draft,
            subjects=subjects,
            texts=TEXTS,
            secrets=("not-the-one", "ingester:ingester"),
        )


if REAL_URL:

    class TestUpvOnARealService(PublicationConformance):
        """Datasets that are created from an index."""

        @pytest.fixture
        def place(self, tmp_path: Path) -> PublicationPlace:
            homes, index = tmp_path / "homes", Path(os.environ["EUCAIM_DATASET_INDEX"])
            homes.mkdir()
            table = {"dataset_service_url": REAL_URL, "auth": "token"}
            table["dicomweb_url"] = "https://127.0.0.1:9/dicom-web"
            if "EUCAIM_DATASET_CA" in os.environ:
                table["ca_file"] = os.environ["EUCAIM_DATASET_CA"]
            token = os.environ["EUCAIM_DATASET_TOKEN"]
            destination = os.environ["EUCAIM_DATASET_DESTINATION"]
            ours = opener(homes / "ours", table, {"datasets.token": token})

            async def draft() -> str:
                node = ours()
                try:
                    return await _created(node, destination, index)
                finally:
                    await node.aclose()

            studies = json.loads(index.read_text("utf-8"))
            return PublicationPlace(
                destination=destination,
                open=ours,
                stranger=opener(homes / "stranger", table, {"datasets.token": "not-the-one"}),
                nowhere=opener(
                    homes / "nowhere",
                    table | {"dataset_service_url": NOWHERE},
                    {"datasets.token": token},
                ),
                draft=draft,
                subjects=sorted({study["subjectName"] for study in studies}),
                texts=TEXTS,
                secrets=(token, "not-the-one"),
            )


async def _created(node: Node, destination: str, index: Path) -> str:
    publisher = node.publisher(destination)
    name = f"Conformance {os.getpid()}-{next(_numbers)}"
    made = await publisher.create(NewDataset({"name": (name,)}, index))
    for _ in range(600):
        if (await publisher.dataset(made)).stage is not Stage.CREATING:
            break
        await asyncio.sleep(1)
    return made

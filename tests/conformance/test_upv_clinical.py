"""The UPV adapter's clinical data on the stand-in: as eForms, and as a table."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from adapters.sandbox.server import Sandbox, in_thread
from tests.adapters.upv.clinical_made import fresh_subject
from tests.conformance.clinical import (
    ClinicalPlace,
    FileConformance,
    SubjectConformance,
    file_item,
    subject_data,
    subject_item,
)
from tests.conformance.test_upv import NOWHERE, opener
from transfer.errors import NotSupported
from transfer.node import Node

_numbers = itertools.count(1)


@pytest.fixture(scope="module")
def server() -> Iterator[Sandbox]:
    with in_thread() as running:
        yield running
        assert list(running.crashes) == []


def clinical_place(
    server: Sandbox, homes: Path, more: Mapping[str, str], nowhere: Mapping[str, str]
) -> ClinicalPlace:
    homes.mkdir()
    table = {
        "dicomweb_url": server.endpoints.dicomweb_url,
        "issuer_url": server.endpoints.issuer_url,
        "auth": "password",
        "username": "ingester",
        "ca_file": str(server.ca_file),
        **more,
    }
    lost = table | {"dicomweb_url": NOWHERE, **nowhere}

    def refuse(subject: str) -> None:
        server.fault(f"eform:refuse={subject}")

    return ClinicalPlace(
        destination=f"SANDBOX|MAIN{next(_numbers)}",
        open=opener(homes / "ours", table, {"password": "ingester"}),
        stranger=opener(
            homes / "stranger", table | {"username": "stranger"}, {"password": "not-the-one"}
        ),
        nowhere=opener(homes / "nowhere", lost, {"password": "ingester"}),
        fresh_subject=lambda: fresh_subject(server),
        refuse=refuse,
        secrets=("not-the-one", "ingester:ingester"),
    )


class TestEforms(SubjectConformance):
    """An eForm for each subject."""

    async def test_a_table_is_not_taken(self, place: ClinicalPlace, node: Node) -> None:
        with pytest.raises(NotSupported, match="not configured to take clinical data of this kind"):
            await node.send_clinical(file_item(b"PatientID\r\n"), place.destination)

    @pytest.fixture
    def place(self, server: Sandbox, tmp_path: Path) -> ClinicalPlace:
        more = {"eform_url": server.endpoints.eform_url}
        lost = {"eform_url": "https://127.0.0.1:9/{project}/{subject}"}
        return clinical_place(server, tmp_path / "homes", more, lost)


class TestEnvelopedEforms(SubjectConformance):
    """The same in the envelope of the dataset-service, by POST."""

    @pytest.fixture
    def place(self, server: Sandbox, tmp_path: Path) -> ClinicalPlace:
        more = {
            "eform_url": server.endpoints.eform_url,
            "eform_method": "POST",
            "eform_envelope": "dataset-service",
        }
        lost = {"eform_url": "https://127.0.0.1:9/{project}/{subject}"}
        return clinical_place(server, tmp_path / "homes", more, lost)


class TestTable(FileConformance):
    """A table for the project, in a form."""

    async def test_a_subject_is_not_taken(self, place: ClinicalPlace, node: Node) -> None:
        item = subject_item(node, subject_data(place.fresh_subject()))
        with pytest.raises(NotSupported, match="not configured to take clinical data for one"):
            await node.send_clinical(item, place.destination)

    @pytest.fixture
    def place(self, server: Sandbox, tmp_path: Path) -> ClinicalPlace:
        url = server.endpoints.clinical_url
        more = {"clinical_url": url, "clinical_read_url": url, "clinical_file_field": "file"}
        lost = {
            key: "https://127.0.0.1:9/{project}" for key in ("clinical_url", "clinical_read_url")
        }
        return clinical_place(server, tmp_path / "homes", more, lost)

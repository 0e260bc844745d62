"""The unmodified dicomweb-client stores, searches and retrieves on the stand-in."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from io import BytesIO
from typing import Any

import pytest
import requests
from dicomweb_client.api import DICOMwebClient
from pydicom import dcmread
from requests.adapters import HTTPAdapter

from adapters.sandbox.server import Sandbox, in_thread
from tests.sandbox.bodies import dataset, part10, trusting, uid


class _Trusting(HTTPAdapter):
    def __init__(self, context: ssl.SSLContext) -> None:
        self._context = context
        super().__init__()

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, ssl_context=self._context, **kwargs)


def _token(sandbox: Sandbox, session: requests.Session) -> str:
    url = f"{sandbox.endpoints.issuer_url}/protocol/openid-connect/token"
    form = {"grant_type": "password", "client_id": "qpinsights"}
    form |= {"username": "ingester", "password": "ingester"}
    return str(session.post(url, data=form, timeout=10).json()["access_token"])


@pytest.fixture(scope="module")
def dicomweb() -> Iterator[DICOMwebClient]:
    """A client of a node that holds three instances of one study, stored by this client."""
    with in_thread() as sandbox, requests.Session() as session:
        session.trust_env = False
        session.verify = str(sandbox.ca_file)
        session.mount("https://", _Trusting(trusting(sandbox)))
        session.headers["Authorization"] = f"Bearer {_token(sandbox, session)}"
        client = DICOMwebClient(sandbox.endpoints.dicomweb_url, session=session)
        files = [part10(dataset(name)) for name in ("a", "b", "c")]
        client.store_instances([dcmread(BytesIO(file)) for file in files])
        yield client


def test_the_study_is_found_with_its_counts(dicomweb: DICOMwebClient) -> None:
    found = dicomweb.search_for_studies(search_filters={"PatientID": "SUBJ-001"})
    assert len(found) == 1
    assert found[0]["0020000D"]["Value"] == [uid("study")]
    assert found[0]["00201208"]["Value"] == [3]


def test_the_series_is_found(dicomweb: DICOMwebClient) -> None:
    found = dicomweb.search_for_series(uid("study"))
    assert [item["0020000E"]["Value"] for item in found] == [[uid("study", "series")]]


def test_instances_come_page_by_page(dicomweb: DICOMwebClient) -> None:
    study, series = uid("study"), uid("study", "series")
    pages = [dicomweb.search_for_instances(study, series, limit=2, offset=n) for n in (0, 2, 4)]
    listed = [item["00080018"]["Value"][0] for page in pages for item in page]
    assert [len(page) for page in pages] == [2, 1, 0]
    assert listed == [uid("a"), uid("b"), uid("c")]


@pytest.mark.parametrize(
    ("filters", "names"),
    [
        ({"SOPInstanceUID": uid("b")}, ["b"]),
        ({"SOPInstanceUID": f"{uid('a')},{uid('c')}"}, ["a", "c"]),
        ({"PatientName": "SUBJ-0*"}, ["a", "b", "c"]),
        ({"PatientName": "SUBJ-9*"}, []),
        ({"Modality": "MR"}, []),
    ],
)
def test_filters_match_as_the_standard_says(
    dicomweb: DICOMwebClient, filters: dict[str, str], names: list[str]
) -> None:
    found = dicomweb.search_for_instances(search_filters=filters)
    assert [item["00080018"]["Value"][0] for item in found] == [uid(name) for name in names]


def test_a_field_outside_the_index_is_included_on_request(dicomweb: DICOMwebClient) -> None:
    found = dicomweb.search_for_instances(uid("study"), fields=["BitsStored"], limit=1)
    assert found[0]["00280101"] == {"vr": "US", "Value": [16]}


@pytest.mark.parametrize("filters", [{"Nonsense": "1"}, {"fuzzymatching": "false"}])
def test_what_is_no_attribute_filters_nothing(
    dicomweb: DICOMwebClient, filters: dict[str, str]
) -> None:
    assert len(dicomweb.search_for_instances(search_filters=filters)) == 3


def test_a_series_named_in_the_query_is_not_described_again(dicomweb: DICOMwebClient) -> None:
    filters = {"SeriesInstanceUID": uid("study", "series")}
    found = dicomweb.search_for_instances(search_filters=filters)
    assert len(found) == 3
    assert "00080060" not in found[0]
    assert "00100020" in found[0]


def test_an_instance_comes_back_byte_for_byte(dicomweb: DICOMwebClient) -> None:
    back = dicomweb.retrieve_instance(uid("study"), uid("study", "series"), uid("b"))
    assert part10(back) == part10(dataset("b"))


def test_a_whole_study_comes_back(dicomweb: DICOMwebClient) -> None:
    back = dicomweb.retrieve_study(uid("study"))
    assert [d.SOPInstanceUID for d in back] == [uid("a"), uid("b"), uid("c")]


def test_metadata_refer_to_pixel_data_instead_of_holding_them(dicomweb: DICOMwebClient) -> None:
    metadata = dicomweb.retrieve_series_metadata(uid("study"), uid("study", "series"))
    assert len(metadata) == 3
    assert set(metadata[0]["7FE00010"]) == {"vr", "BulkDataURI"}


def test_an_unknown_study_is_an_empty_search_and_a_404(dicomweb: DICOMwebClient) -> None:
    assert dicomweb.search_for_studies(search_filters={"StudyInstanceUID": "1.2.3"}) == []
    with pytest.raises(requests.HTTPError, match="404"):
        dicomweb.retrieve_study_metadata("1.2.3")

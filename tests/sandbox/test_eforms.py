"""The stand-in's eForms and clinical tables, over real TLS."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from adapters.sandbox.server import Options, Sandbox
from tests.adapters.upv.clinical_made import put_subject
from tests.sandbox.bodies import sign_in, trusting

FORM = {"pages": [{"page_name": "clinical_data", "page_data": {"size": {"value": 23.5}}}]}
PLACE = {"{project}": "SANDBOX", "{subproject}": "MAIN", "{subject}": "SUBJ-001"}


def address(template: str, **places: str) -> str:
    """An address of the stand-in with its places filled in."""
    for place, value in (PLACE | {f"{{{key}}}": text for key, text in places.items()}).items():
        template = template.replace(place, value)
    return template


@pytest.fixture
async def http(sandbox: Sandbox) -> AsyncIterator[httpx.AsyncClient]:
    put_subject(sandbox, "SUBJ-001")
    async with httpx.AsyncClient(verify=trusting(sandbox)) as opened:
        yield opened


@pytest.fixture
def eform(sandbox: Sandbox) -> str:
    return address(sandbox.endpoints.eform_url)


@pytest.fixture
def table(sandbox: Sandbox) -> str:
    return address(sandbox.endpoints.clinical_url)


async def test_an_eform_is_kept_and_given_back(
    sandbox: Sandbox, http: httpx.AsyncClient, eform: str
) -> None:
    assert (await http.get(eform)).status_code == 404
    answers = [await http.put(eform, json=FORM) for _ in range(2)]
    assert [a.status_code for a in answers] == [201, 200]
    assert (await http.get(eform)).json() == FORM
    assert sandbox.eforms.received == {("SANDBOX|MAIN", "SUBJ-001"): 2}


async def test_if_none_match_keeps_what_is_there(http: httpx.AsyncClient, eform: str) -> None:
    other: dict[str, Any] = {"pages": []}
    await http.put(eform, json=FORM)
    answer = await http.put(eform, json=other, headers={"if-none-match": "*"})
    assert answer.status_code == 412
    assert (await http.get(eform)).json() == FORM


async def test_a_subject_without_images_is_not_known(
    sandbox: Sandbox, http: httpx.AsyncClient
) -> None:
    answer = await http.put(address(sandbox.endpoints.eform_url, subject="NOBODY"), json=FORM)
    assert (answer.status_code, answer.json()["status_code"]) == (404, 404)
    assert dict(sandbox.eforms.forms()) == {}


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"{", 400),
        (b"[]", 422),
        (b'{"pages": {}}', 422),
        (b'{"pages": [{"page_name": "p"}]}', 422),
        (b'{"pages": [{"page_name": "p", "page_data": {"f": 1}}]}', 422),
        (b'{"subjectName": "OTHER", "eForm": {"pages": []}}', 422),
        (b"[" * 100_000, 400),
    ],
)
async def test_what_is_no_eform_is_refused(
    sandbox: Sandbox, http: httpx.AsyncClient, eform: str, body: bytes, status: int
) -> None:
    assert (await http.put(eform, content=body)).status_code == status
    assert dict(sandbox.eforms.forms()) == {}


async def test_the_envelope_of_the_dataset_service_is_taken_off(
    http: httpx.AsyncClient, eform: str
) -> None:
    await http.post(eform, json={"subjectName": "SUBJ-001", "eForm": FORM})
    assert (await http.get(eform)).json() == FORM


async def test_a_token_of_the_images_client_is_asked_for(guarded: Sandbox) -> None:
    put_subject(guarded, "SUBJ-001")
    url = address(guarded.endpoints.eform_url)
    tokens = [
        (await sign_in(guarded, client_id=client)).json()["access_token"]
        for client in ("qpinsights", "dataset-explorer")
    ]
    async with httpx.AsyncClient(verify=trusting(guarded)) as http:
        answers = [await http.put(url, json=FORM)]
        for token in tokens:
            bearer = {"authorization": f"Bearer {token}"}
            answers.append(await http.put(url, json=FORM, headers=bearer))
    assert [a.status_code for a in answers] == [401, 201, 401]


async def test_one_subject_is_refused_and_no_other(
    sandbox: Sandbox, http: httpx.AsyncClient
) -> None:
    urls = [
        address(sandbox.endpoints.eform_url, subject=put_subject(sandbox, name))
        for name in ("SUBJ-A", "SUBJ-B", "SUBJ-C")
    ]
    fault = sandbox.fault("eform:refuse=SUBJ-B")
    assert [(await http.put(u, json=FORM)).status_code for u in urls] == [201, 422, 201]
    assert fault.fired == 1


async def test_the_nth_subject_is_refused(sandbox: Sandbox, http: httpx.AsyncClient) -> None:
    names = [put_subject(sandbox, f"SUBJ-{n}") for n in range(4)]
    sandbox.fault("eform:refuse,after=2,times=1")
    urls = [address(sandbox.endpoints.eform_url, subject=name) for name in names]
    assert [(await http.put(u, json=FORM)).status_code for u in urls] == [201, 201, 422, 201]


async def test_a_silent_refusal_keeps_nothing(
    sandbox: Sandbox, http: httpx.AsyncClient, eform: str
) -> None:
    sandbox.fault("eform:silent-refusal,times=1")
    assert (await http.put(eform, json=FORM)).status_code == 201
    assert (await http.get(eform)).status_code == 404


async def test_a_lost_answer_is_stored_all_the_same(
    sandbox: Sandbox, http: httpx.AsyncClient, eform: str
) -> None:
    sandbox.fault("eform:lose-answer,times=1")
    with pytest.raises(httpx.TransportError):
        await http.put(eform, json=FORM)
    assert (await http.get(eform)).json() == FORM


async def test_a_node_that_gives_nothing_back_says_so(
    sandbox: Sandbox, http: httpx.AsyncClient, eform: str
) -> None:
    sandbox.fault("eform:not-readable")
    assert (await http.get(eform)).status_code == 405


async def test_a_table_is_kept_and_given_back_byte_for_byte(
    sandbox: Sandbox, http: httpx.AsyncClient, table: str
) -> None:
    content = b"PatientID,Sex\r\nSUBJ-001,Female\r\n"
    assert (await http.post(table, content=content)).status_code == 201
    assert (await http.get(table)).content == content
    form = {"file": ("a.csv", content + b"SUBJ-001,Male\r\n", "text/csv")}
    assert (await http.post(table, files=form)).status_code == 201
    assert (await http.get(table)).content == content + b"SUBJ-001,Male\r\n"
    assert dict(sandbox.eforms.tables()) == {"SANDBOX|MAIN": content + b"SUBJ-001,Male\r\n"}


async def test_errors_of_a_table_come_back_as_a_table(
    sandbox: Sandbox, http: httpx.AsyncClient, table: str
) -> None:
    put_subject(sandbox, "SUBJ-002")
    sandbox.fault("eform:refuse=SUBJ-002")
    content = b"PatientID,Sex\r\nSUBJ-001,Female\r\nNOBODY,Male\r\nSUBJ-001\r\nSUBJ-002,Male\r\n"
    answer = await http.post(table, content=content)
    assert answer.status_code == 422
    assert answer.text == (
        "Row,Column,Error\r\n"
        "3,PatientID,There is no such subject in the project\r\n"
        "4,,The row has more or fewer cells than there are columns\r\n"
        "5,PatientID,The row does not fit the project's template\r\n"
    )
    assert (await http.get(table)).status_code == 404


async def test_a_table_begins_with_the_patient_id(http: httpx.AsyncClient, table: str) -> None:
    answer = await http.post(table, content=b"ID,Sex\r\nSUBJ-001,Female\r\n")
    assert "1,PatientID,The first column has to be headed PatientID" in answer.text


async def test_what_was_kept_outlives_the_stand_in(tmp_path: Path) -> None:
    options = Options(auth="none", folder=tmp_path)
    async with Sandbox(options) as first, httpx.AsyncClient(verify=trusting(first)) as http:
        put_subject(first, "SUBJ-001")
        await http.put(address(first.endpoints.eform_url), json=FORM)
        await http.post(address(first.endpoints.clinical_url), content=b"PatientID\r\n")
    async with Sandbox(options) as second:
        assert dict(second.eforms.forms()) == {("SANDBOX|MAIN", "SUBJ-001"): FORM}
        assert dict(second.eforms.tables()) == {"SANDBOX|MAIN": b"PatientID\r\n"}


async def test_the_control_lists_eforms_and_how_often_they_came(
    sandbox: Sandbox, http: httpx.AsyncClient, eform: str
) -> None:
    await http.put(eform, content=json.dumps(FORM).encode())
    listed = (await http.get(f"{sandbox.control_url}/eforms")).json()
    assert listed == [
        {"project": "SANDBOX|MAIN", "subject": "SUBJ-001", "eForm": FORM, "received": 1}
    ]

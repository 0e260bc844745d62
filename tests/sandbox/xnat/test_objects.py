"""Listings and items, subjects, sessions, scans, resources and files."""

from __future__ import annotations

import csv
import hashlib
import io
import zipfile

import pytest

from adapters.sandbox.server import Sandbox
from tests.sandbox.xnat.made import Walk, client, ct, heading, series, tarred, zipped

PROJECT = "/data/projects/SANDBOX"
RESOURCE = f"{PROJECT}/resources/clinical"


async def _put(walk: Walk, name: str, content: bytes, query: str = "") -> tuple[int, str]:
    answer = await walk.http.put(f"{RESOURCE}/files/{name}?inbody=true{query}", content=content)
    return answer.status_code, answer.text


async def _files(walk: Walk, path: str = RESOURCE) -> list[dict[str, str]]:
    answer = await walk.http.get(f"{path}/files?format=json")
    return list(answer.json()["ResultSet"]["Result"])


async def test_every_cell_of_a_listing_is_a_string(walk: Walk) -> None:
    await walk.archived(series("a"))
    answer = await walk.http.get("/data/experiments?format=json")
    found = answer.json()["ResultSet"]
    assert found["totalRecords"] == "1"
    assert {type(cell) for row in found["Result"] for cell in row.values()} == {str}


async def test_columns_are_chosen_and_uri_is_always_there(walk: Walk) -> None:
    answer = await walk.http.get("/data/projects?columns=name,none_such,ID&format=json")
    assert answer.json()["ResultSet"]["Result"] == [
        {"name": "SANDBOX", "ID": "SANDBOX", "URI": "/data/projects/SANDBOX"}
    ]


async def test_csv_has_a_header_and_quoted_cells(walk: Walk) -> None:
    answer = await walk.http.get("/data/projects?columns=ID&format=csv")
    assert answer.text == 'ID,URI\n"SANDBOX","/data/projects/SANDBOX"\n'
    assert list(csv.reader(io.StringIO(answer.text)))[1][0] == "SANDBOX"


async def test_a_listing_comes_as_xml_too(walk: Walk) -> None:
    answer = await walk.http.get("/data/projects?columns=ID&format=xml")
    assert "<column>ID</column><column>URI</column>" in answer.text


async def test_ids_and_labels_are_interchangeable(walk: Walk) -> None:
    await walk.archived(series("a"))
    subject = (await walk.http.put(f"{PROJECT}/subjects/S1")).text
    session = (await walk.http.put(f"{PROJECT}/subjects/S1/experiments/E1")).text
    for path in (
        f"/data/archive/projects/SANDBOX/subjects/{subject}/experiments/{session}/scans/1",
        f"/REST/projects/SANDBOX/subjects/S1/experiments/{session}/scans/1",
        f"/data/experiments/{session}/scans/1",
        f"/data/subjects/{subject}/experiments/E1/scans/1",
    ):
        item = (await walk.http.get(f"{path}?format=json")).json()["items"][0]
        assert item["data_fields"]["ID"] == "1"


async def test_scans_below_a_projects_session_are_no_route(walk: Walk) -> None:
    await walk.archived(series("a"))
    answer = await walk.http.get(f"{PROJECT}/experiments/E1/scans?format=json")
    assert answer.json()["items"][0]["meta"]["xsi:type"] == "xnat:ctSessionData"


async def test_creation_is_201_and_a_change_200(walk: Walk) -> None:
    path = f"{PROJECT}/subjects/NEW"
    made = await walk.http.put(f"{path}?gender=F&xnat:subjectData/group=control")
    changed = await walk.http.put(f"{path}?xnat:subjectData/fields/field[name=site]/field=3")
    item = (await walk.http.get(f"{path}?format=json")).json()["items"][0]
    assert (made.status_code, changed.status_code, made.text) == (201, 200, changed.text)
    assert item["data_fields"]["group"] == "control"
    children = {child["field"]: child["items"][0]["data_fields"] for child in item["children"]}
    assert children == {
        "fields/field": {"name": "site", "field": "3"},
        "demographics": {"gender": "F"},
    }


async def test_a_scan_needs_a_type_of_its_own(walk: Walk) -> None:
    session = f"{PROJECT}/subjects/NEW/experiments/SESSION"
    made = await walk.http.put(f"{session}?xsiType=xnat:ctSessionData&date=2020-01-02")
    types = ("xnat:imageScanData", "xnat:ctScanData", "xnat:mrScanData")
    answers = [await walk.http.put(f"{session}/scans/5?xsiType={kind}") for kind in types]
    assert made.status_code == 201
    assert [(a.status_code) for a in answers] == [400, 200, 409]
    assert answers[1].text == ""


async def test_an_existing_resource_is_409(walk: Walk) -> None:
    first = await walk.http.put(f"{RESOURCE}?format=CSV")
    again = await walk.http.put(f"{RESOURCE}?format=CSV")
    assert (first.status_code, again.status_code) == (200, 409)
    assert heading(again) == "Specified resource already exists."


async def test_a_file_sent_twice_stays_as_it_was(walk: Walk) -> None:
    assert await _put(walk, "c.csv", b"old") == (200, "")
    assert await _put(walk, "c.csv", b"new") == (200, '{"duplicates": ["c.csv"]}')
    assert (await walk.http.get(f"{RESOURCE}/files/c.csv")).content == b"old"


async def test_a_file_is_replaced_with_overwrite(walk: Walk) -> None:
    await _put(walk, "c.csv", b"old")
    assert await _put(walk, "c.csv", b"new", "&overwrite=true") == (200, "")
    assert (await walk.http.get(f"{RESOURCE}/files/c.csv")).content == b"new"
    assert len(await _files(walk)) == 1


async def test_a_file_listing_carries_digest_and_number(walk: Walk, node: Sandbox) -> None:
    await _put(walk, "c.csv", b"content", "&format=CSV&content=table&tags=t")
    number = node.xnat.archive.projects["SANDBOX"].resources["clinical"].number
    assert await _files(walk) == [
        {
            "Name": "c.csv",
            "Size": "7",
            "URI": f"/data/projects/SANDBOX/resources/{number}/files/c.csv",
            "collection": "clinical",
            "file_tags": "t",
            "file_format": "CSV",
            "file_content": "table",
            "cat_ID": str(number),
            "digest": hashlib.md5(b"content", usedforsecurity=False).hexdigest(),
        }
    ]
    assert await _files(walk, f"{PROJECT}/resources/{number}") == await _files(walk)


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("up.zip", zipped({"x/a.txt": b"a", "b.txt": b"b"})),
        ("up.tar", tarred({"x/a.txt": b"a", "b.txt": b"b"})),
        ("up.tar.gz", tarred({"x/a.txt": b"a", "b.txt": b"b"}, "w:gz")),
    ],
)
async def test_an_archive_is_extracted(walk: Walk, name: str, body: bytes) -> None:
    assert (await _put(walk, name, body, "&extract=true"))[0] == 200
    assert [file["URI"].partition("/files/")[2] for file in await _files(walk)] == [
        "x/a.txt",
        "b.txt",
    ]


async def test_a_scan_that_was_put_takes_a_resource_beside_those_of_its_images(
    walk: Walk,
) -> None:
    """The way of NIfTI: session, scan, resource, each by plain PUT (reference, section 6.3)."""
    session = f"{PROJECT}/subjects/S9/experiments/E9"
    assert (await walk.http.put(f"{session}?xsiType=xnat:ctSessionData")).status_code == 201
    scan = f"{session}/scans/5"
    query = "xsiType=xnat:ctScanData&xnat:ctScanData/UID=1.2.3"
    assert (await walk.http.put(f"{scan}?{query}")).status_code == 200
    assert (await walk.http.get(f"{scan}/resources/NIFTI/files")).status_code == 404
    put = await walk.http.put(f"{scan}/resources/NIFTI/files/v.nii?inbody=true", content=b"v")
    assert put.status_code == 200
    assert [f["Name"] for f in await _files(walk, f"{scan}/resources/NIFTI")] == ["v.nii"]
    rows = (await walk.http.get(f"{session}/scans?columns=ID,UID&format=json")).json()
    assert [(r["ID"], r["UID"]) for r in rows["ResultSet"]["Result"]] == [("5", "1.2.3")]


async def test_an_empty_file_is_400(walk: Walk) -> None:
    assert (await _put(walk, "empty", b""))[0] == 400


async def test_a_missing_parent_is_404(walk: Walk) -> None:
    path = "/data/experiments/XNAT_E99999/resources/R/files/f"
    assert (await walk.http.put(f"{path}?inbody=true", content=b"x")).status_code == 404


async def test_all_resources_of_a_session_come_in_one_request(walk: Walk) -> None:
    await walk.archived(zipped({"1": ct("a"), "2": ct("b"), "3": ct("c", series=2)}))
    session = f"{PROJECT}/subjects/S1/experiments/E1"
    answer = await walk.http.get(f"{session}/resources?all=true&format=json")
    rows = answer.json()["ResultSet"]["Result"]
    assert [(r["category"], r["cat_id"], r["label"], r["file_count"]) for r in rows] == [
        ("scans", "1", "DICOM", "2"),
        ("scans", "2", "DICOM", "1"),
    ]


async def test_a_resource_is_downloaded_as_one_zip(walk: Walk) -> None:
    await walk.archived(zipped({"x.dcm": ct("a")}), rename="")
    path = f"{PROJECT}/subjects/S1/experiments/E1/scans/ALL/files?format=zip"
    answer = await walk.http.get(path)
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert archive.namelist() == ["E1/scans/1-Thorax/resources/DICOM/files/x.dcm"]


async def test_a_catalog_may_be_refreshed_with_and_without_data(walk: Walk) -> None:
    await _put(walk, "c.csv", b"x")
    for resource in ("/archive/projects/SANDBOX", "/data/archive/projects/SANDBOX"):
        path = f"/data/services/refresh/catalog?resource={resource}&options=checksum"
        assert (await walk.http.post(path)).status_code == 200


async def test_one_header_can_be_looked_at(walk: Walk) -> None:
    await walk.archived(series("a"))
    source = "/archive/projects/SANDBOX/experiments/E1/scans/1"
    path = f"/data/services/dicomdump?src={source}&field=PatientID&format=json"
    rows = (await walk.http.get(path)).json()["ResultSet"]["Result"]
    assert [(row["tag1"], row["value"]) for row in rows] == [("(0010,0020)", "SUBJ-001")]


async def test_a_file_does_not_bring_a_subject_into_being(walk: Walk) -> None:
    path = f"{PROJECT}/subjects/NOBODY/resources/clinical/files/f.json"
    answer = await walk.http.put(f"{path}?inbody=true", content=b"{}")
    assert answer.status_code == 404
    assert (await walk.http.get(f"{PROJECT}/subjects/NOBODY")).status_code == 404


async def test_a_subject_has_resources_of_its_own(walk: Walk) -> None:
    await walk.http.put(f"{PROJECT}/subjects/S1")
    resource = f"{PROJECT}/subjects/S1/resources/clinical"
    query = "format=JSON&content=clinical&tags=t"
    made = await walk.http.put(f"{resource}?{query}")
    again = await walk.http.put(f"{resource}?{query}")
    await walk.http.put(f"{resource}/files/S1.json?inbody=true&{query}", content=b"{}")
    listed = await walk.http.get(f"{PROJECT}/subjects/S1/resources?format=json")
    assert (made.status_code, again.status_code) == (200, 409)
    [row] = listed.json()["ResultSet"]["Result"]
    assert (row["label"], row["format"], row["content"], row["tags"]) == (
        *("clinical", "JSON", "clinical", "t"),
    )
    [file] = await _files(walk, resource)
    assert (file["file_format"], file["file_content"], file["file_tags"]) == (
        *("JSON", "clinical", "t"),
    )
    assert (await walk.http.get(f"{PROJECT}/resources/clinical/files")).status_code == 404


async def test_a_site_without_checksums_lists_no_digest(walk: Walk, node: Sandbox) -> None:
    node.xnat.set_up({"has_checksums": False})
    await _put(walk, "c.csv", b"content")
    assert [file["digest"] for file in await _files(walk)] == [""]


async def test_a_collaborator_may_not_write_a_file(node: Sandbox, walk: Walk) -> None:
    async with client(node, "reader") as http:
        answer = await http.put(f"{RESOURCE}/files/c.csv?inbody=true", content=b"x")
    assert answer.status_code == 403
    assert (await walk.http.get(f"{RESOURCE}/files")).status_code == 404

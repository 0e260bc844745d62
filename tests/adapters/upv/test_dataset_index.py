"""An index and a clinical file, checked as far as the node checks and as far as it breaks later."""

from __future__ import annotations

import json
from collections.abc import Callable
from email.parser import BytesParser
from email.policy import HTTP
from pathlib import Path
from typing import Any

import pytest

from adapters.upv import dataset_index
from adapters.upv.dataset_creation import body_of, knows_forms, order_of
from adapters.upv.dataset_index import Index, IndexFile
from adapters.upv.dataset_studies import faults_of_studies
from tests.adapters.upv.dataset_recorded import FILE, recorded
from tests.sandbox.datasets_made import study
from transfer.errors import DatasetRefused

Change = Callable[[dict[str, Any]], None]
TEXTS = {"name": ("Lung CT",), "description": ("é <b>\nline",), "type": ("original", "annotated")}


def _without(key: str) -> dict[str, Any]:
    made = study()
    del made[key]
    return made


def _written(folder: Path, name: str, content: object) -> Path:
    path = folder / name
    is_raw = isinstance(content, bytes)
    path.write_bytes(content if is_raw else json.dumps(content).encode())  # type: ignore[arg-type]
    return path


def _index(folder: Path, studies: object, clinical: tuple[str, object] | None = None) -> IndexFile:
    given = None if clinical is None else _written(folder, *clinical)
    return IndexFile(_written(folder, "index.json", studies), given, "n")


def _refusal(source: IndexFile, *, is_new_version: bool = False) -> str:
    with pytest.raises(DatasetRefused) as refused:
        source.read(is_new_version=is_new_version)
    assert not refused.value.reached_node
    assert refused.value.what.endswith("Nothing was sent.")
    return refused.value.what


def test_an_index_without_clinical_data_has_its_subjects_with_empty_forms(tmp_path: Path) -> None:
    studies = [study(1), study(2, subjectName="SUBJ-002"), study(3, pathInDatalake="a/b/CT9")]
    index = _index(tmp_path, studies).read(is_new_version=False)
    assert index.studies == studies
    assert index.subjects == [
        {"subjectName": "SUBJ-001", "eForm": {}},
        {"subjectName": "SUBJ-002", "eForm": {}},
    ]
    assert index.clinical is None


def test_series_without_tags_are_given_none_of_them(tmp_path: Path) -> None:
    made = study(1, series=[{"folderName": "SER0"}, {"folderName": "SER1", "tags": ["Axial"]}])
    index = _index(tmp_path, [made]).read(is_new_version=False)
    assert index.studies[0]["series"] == [
        {"folderName": "SER0", "tags": []},
        {"folderName": "SER1", "tags": ["Axial"]},
    ]


def test_a_clinical_table_is_read_as_the_service_reads_it(tmp_path: Path) -> None:
    table = '\ufeffwhoever,sex,"a, b"\r\nSUBJ-001,F,"x\ny"\r\n\r\nSUBJ-009,M\r\n'.encode()
    index = _index(tmp_path, [study()], ("c.csv", table)).read(is_new_version=False)
    assert index.subjects == [
        {"subjectName": "SUBJ-001", "eForm": {"sex": "F", "a, b": "x\ny"}},
        {"subjectName": "SUBJ-009", "eForm": {"sex": "M"}},
    ]
    assert index.clinical == (table, ".csv")


def test_clinical_data_as_json_are_passed_on(tmp_path: Path) -> None:
    subjects = [{"subjectName": "SUBJ-001", "eForm": {"pages": []}}]
    index = _index(tmp_path, [study()], ("c.json", subjects)).read(is_new_version=False)
    assert index.subjects == subjects


@pytest.mark.parametrize(
    ("made", "fault"),
    [
        (_without("studyId"), "Study 1 has no studyId"),
        (_without("subjectName"), "Study 1 has no subjectName"),
        (
            _without("url"),
            "Study 1 has no url: give the address of its case in QP-Insights",
        ),
        (_without("series"), "Study 1 has no list of series"),
        (_without("pathInDatalake"), "Study 1 has no pathInDatalake"),
        (study(studyId="x" * 65), "Study 1 has a studyId that is no text of 1 to 64 characters"),
        (study(studyId=""), "Study 1 has a studyId that is no text of 1 to 64 characters"),
        (study(studyId=7), "Study 1 has a studyId that is no text of 1 to 64 characters"),
        (
            study(studyName="x" * 129),
            "Study 1 has a studyName that is no text of 0 to 128 characters",
        ),
        (
            study(subjectName="x" * 129),
            "Study 1 has a subjectName that is no text of 1 to 128 characters",
        ),
        (study(url="x" * 257), "Study 1 has a url that is no text of 0 to 256 characters"),
        (
            study(pathInDatalake="x" * 257),
            "Study 1 has a pathInDatalake that is no text of 1 to 256 characters",
        ),
        (
            study(pathInDatalake="../../etc"),
            "Study 1 has a pathInDatalake that leads out of the data lake",
        ),
        (
            study(pathInDatalake="/etc/x"),
            "Study 1 has a pathInDatalake that leads out of the data lake",
        ),
        (
            study(subjectName="a\0"),
            "Study 1 has a subjectName with a character that cannot be stored",
        ),
        (study(series=[]), "Study 1 has no list of series"),
        (
            study(series=["SER0"]),
            "Study 1 has a Series without a folderName of 1 to 128 characters",
        ),
        (
            study(series=[{"folderName": "x" * 129, "tags": []}]),
            "Study 1 has a Series without a folderName of 1 to 128 characters",
        ),
        (
            study(series=[{"folderName": "a", "tags": "Axial"}]),
            "Study 1 has a Series whose tags are no list of texts",
        ),
        (
            study(series=[{"folderName": "a", "tags": []}] * 2),
            "Study 1 names the folder of a Series twice",
        ),
    ],
)
def test_what_would_fail_later_is_told_now(made: dict[str, Any], fault: str) -> None:
    assert faults_of_studies([made], has_previous=False) == [fault]


@pytest.mark.parametrize(
    ("document", "fault"),
    [
        ([], "it holds no Study"),
        ({}, "it is no list of Studies"),
        ([1], "it is no list of Studies"),
        (None, "it is no list of Studies"),
        (
            [study(1), study(1, pathInDatalake="a/b/c")],
            "Study 2 has the same studyId as Study 1",
        ),
        (
            [study(1), study(2, pathInDatalake="elsewhere/CT1")],
            "Study 2 has the same folder as Study 1 of that subject",
        ),
    ],
)
def test_what_does_not_go_together_is_told(document: object, fault: str) -> None:
    assert faults_of_studies(document, has_previous=False) == [fault]


def test_two_subjects_may_have_folders_of_one_name() -> None:
    other = study(2, subjectName="SUBJ-002", pathInDatalake="someone/SUBJ-002_SANDBOX/CT1")
    assert faults_of_studies([study(1), other], has_previous=False) == []


def test_a_path_of_the_earlier_version_is_for_a_new_version_alone() -> None:
    made = _without("pathInDatalake") | {"path": "SUBJ-001/CT1"}
    assert faults_of_studies([made], has_previous=True) == []
    assert faults_of_studies([made], has_previous=False) == [
        "Study 1 has path instead of pathInDatalake, which only a new version of a dataset may"
    ]


def test_no_name_or_id_of_the_file_is_told(tmp_path: Path) -> None:
    studies = [study(1, studyId="SECRET" * 20), study(1, subjectName="SURNAME^GIVEN", url=5)]
    said = _refusal(_index(tmp_path, studies))
    assert "SECRET" not in said
    assert "SURNAME" not in said
    assert str(tmp_path) not in said


def test_many_faults_are_told_in_part_with_their_number(tmp_path: Path) -> None:
    said = _refusal(_index(tmp_path, [{} for _ in range(50)]))
    assert "Study 1 has no studyId; " in said
    assert "; and 245 more." in said


@pytest.mark.parametrize(
    ("clinical", "said"),
    [
        (("c.csv", b"id,sex\nSUBJ-002,F\n"), "1 subjects of the index are not in it"),
        (("c.csv", b"id;sex\nSUBJ-001;F\n"), "1 subjects of the index are not in it"),
        (("c.csv", b"id\nSUBJ-001\nSUBJ-001\n"), "1 subjects are in it more than once"),
        (("c.csv", b"id\nSUBJ-001\n" + b"x" * 129 + b"\n"), "not 1 to 128 characters"),
        (("c.csv", b""), "1 subjects of the index are not in it"),
        (("c.csv", b"id\n\xff\n"), "no CSV in UTF-8"),
        (("c.csv", b'id\n"SUBJ'), "no CSV in UTF-8"),
        (("c.json", {"subjectName": "SUBJ-001"}), "no list of subjects"),
        (("c.json", [{"subjectName": "SUBJ-001"}]), "no list of subjects"),
        (("c.json", b"[NaN]"), "no JSON in UTF-8"),
        (("c.xlsx", b"PK"), "ends in .json or .csv"),
    ],
)
def test_a_clinical_file_that_does_not_fit_is_refused(
    tmp_path: Path, clinical: tuple[str, object], said: str
) -> None:
    assert said in _refusal(_index(tmp_path, [study()], clinical))


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", b"[NaN]", b"[" * 200_000])
def test_an_index_that_is_no_json_is_refused(tmp_path: Path, content: bytes) -> None:
    assert "The index is no JSON in UTF-8." in _refusal(_index(tmp_path, content))


def test_an_index_has_to_be_called_json(tmp_path: Path) -> None:
    path = _written(tmp_path, "index.txt", [study()])
    assert "ends in .json" in _refusal(IndexFile(path, None, "n"))


def test_an_index_that_is_gone_is_told_without_its_name(tmp_path: Path) -> None:
    said = _refusal(IndexFile(tmp_path / "of-a-patient.json", None, "n"))
    assert said == "The index cannot be read. Nothing was sent."


def test_an_index_is_not_read_beyond_a_bound(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dataset_index, "LARGEST_FILE_BYTES", 1024)
    assert "larger than" in _refusal(_index(tmp_path, b" " * 1025))


@pytest.mark.skipif(not FILE.exists(), reason="../shared is absent")
def test_every_recorded_creation_that_failed_for_its_studies_is_refused_here() -> None:
    """At once or later: all but those that only the data lake can tell."""
    only_the_lake = {
        "create-fails-later-absent-series",
        "create-fails-later-foreign-subproject",
        "create-fails-later-no-private-tag",
        "create-fails-later-no-dcm-suffix",
    }
    failed = {
        "create-study-without-path",
        "create-study-path-of-previous",
        "create-study-twice",
        "create-study-without-subject",
        "create-fails-later-escape",
        "create-fails-later-no-url",
        "create-fails-later-long-study-id",
    }
    found = {e["id"]: e["request"].get("json") for e in recorded() if e["id"].startswith("create")}
    assert failed <= set(found)
    for id in failed:
        assert faults_of_studies(found[id]["studies"], has_previous=False) != [], id
    for id in only_the_lake | {"create", "create-new-version"}:
        previous = bool(found[id].get("previousId"))
        assert faults_of_studies(found[id]["studies"], has_previous=previous) == [], id


@pytest.mark.parametrize(
    ("version", "is_recent"),
    [
        ("3.23.2", True),
        ("3.23.0", True),
        ("3.24", True),
        ("4.0.0", True),
        ("3.22.1", False),
        ("2.99.9", False),
        ("dev", True),
        ("", True),
        ("3." + "9" * 5000, True),
    ],
)
def test_forms_and_subprojects_are_for_3_23_and_later(version: str, is_recent: bool) -> None:
    assert knows_forms(version) is is_recent


def test_project_provenance_and_purpose_are_always_sent() -> None:
    order = order_of({"name": ("abc",)}, "P", "", "")
    assert order == {
        "name": "abc",
        "description": "",
        "version": "??",
        "provenance": "??",
        "purpose": "??",
        "project": "P",
    }


def test_licence_and_contact_are_not_sent_at_a_creation() -> None:
    texts = {"name": ("abc",), "licenseTitle": ("CC",), "contactInfo": ("office",)}
    assert not {"license", "contactInfo", "licenseTitle"} & set(order_of(texts, "P", "S", "id"))


def _order() -> dict[str, Any]:
    return order_of(TEXTS, "P", "S", "earlier")


def test_json_carries_everything_in_one_document() -> None:
    index = Index([study()], [{"subjectName": "SUBJ-001", "eForm": {}}])
    body = body_of(_order(), index, "json", "n")
    assert body.content_type == "application/json"
    document = json.loads(body.content)
    assert document["studies"] == [study()]
    assert document["description"] == "é <b>\nline"
    assert (document["subproject"], document["previousId"]) == ("S", "earlier")


def test_a_form_repeats_arrays_and_carries_the_files() -> None:
    index = Index([study()], [], (b"id\nSUBJ-001\n", ".csv"))
    body = body_of(_order(), index, "multipart", "n")
    head = b"Content-Type: " + body.content_type.encode() + b"\r\n\r\n"
    message = BytesParser(policy=HTTP).parsebytes(head + body.content)
    fields = [
        (
            part.get_param("name", header="content-disposition"),
            part.get_filename(),
            part.get_payload(decode=True),
        )
        for part in message.iter_parts()
    ]
    assert ("description", None, "é <b>\nline".encode()) in fields
    assert [f[2] for f in fields if f[0] == "type"] == [b"original", b"annotated"]
    assert fields[-2:] == [
        ("index", "index.json", json.dumps([study()]).encode()),
        ("clinicalData", "clinical.csv", b"id\nSUBJ-001\n"),
    ]


def test_a_form_without_clinical_data_has_no_such_file() -> None:
    body = body_of(_order(), Index([study()], []), "multipart", "n")
    assert b"clinicalData" not in body.content


def test_a_body_that_no_service_takes_is_not_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("adapters.upv.dataset_creation.LARGEST_BODY_BYTES", 100)
    with pytest.raises(DatasetRefused, match="over 120 MiB"):
        body_of(_order(), Index([study()], []), "json", "n")

"""Every exchange recorded from the real Orthanc, replayed with other UIDs: the same outcome."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydicom.dataset import Dataset
from pydicom.uid import UID

from adapters.sandbox.server import in_thread
from tests.sandbox.bodies import dataset, multipart, part10, trusting, uid

_FILE = Path(__file__).parents[3] / "shared" / "reference" / "dicomweb-exchanges.json"
_RECORDED_UID = re.compile(r"1\.2\.826\.0\.1\.3680043\.8\.498\.\d+")
_BOUNDARY = "upvfacts-boundary"
Exchange = dict[str, Any]


def _permuted() -> list[Exchange]:
    text = _FILE.read_text("utf-8")
    permuted = _RECORDED_UID.sub(lambda found: uid("replayed", found[0]), text)
    return [e for e in json.loads(permuted)["exchanges"] if e.get("request")]


_EXCHANGES = _permuted() if _FILE.exists() else []
pytestmark = pytest.mark.skipif(not _EXCHANGES, reason="../shared is absent")


class _Replay:
    """Makes the bodies that the recording describes, and sends them in the recorded order."""

    def __init__(self, http: httpx.Client, token: str) -> None:
        self._http = http
        self._token = token
        metadata = next(e for e in _EXCHANGES if e["id"] == "wado-metadata-instance")
        self._like = {
            k: v for k, v in metadata["response"]["body"][0].items() if "BulkDataURI" not in v
        }
        url = next(e for e in _EXCHANGES if e["id"] == "qido-one-instance")
        item = url["response"]["body"][0]
        self.study = item["0020000D"]["Value"][0]
        self.series = item["0020000E"]["Value"][0]
        self.first = item["00080018"]["Value"][0]
        self._sent: dict[str, None] = {}
        self._makers: dict[str, Callable[[Exchange], list[bytes]]] = {
            "1 part that is not DICOM": lambda e: [b"no DICOM at all" * 20],
            "1 empty part": lambda e: [b""],
            "no part at all": lambda e: [],
            "pixel data cut short": lambda e: [self.file(uid("cut"))[:-20]],
            "same UID, other content": lambda e: [self.file(self.first, PixelData=b"\7\0" * 64)],
            "1 good, 1 not DICOM": lambda e: [*self.listed(e), b"no DICOM" * 40],
            "1 not DICOM, 1 good": lambda e: [b"no DICOM" * 40, *self.listed(e)],
            "1 instance of another study": self.failing,
            "1 of the study, 1 of another": lambda e: self.listed(e) + self.failing(e),
            "StudyInstanceUID missing": self.failing,
            "PatientID missing": lambda e: [self.file(_uids(e, "00081199")[0], PatientID=None)],
            "100 instances in one body": self.hundred,
        }

    def file(self, sop: str, **changes: object) -> bytes:
        """An instance with the recorded one's attributes; a change to None takes one away."""
        made = Dataset.from_json(self._like)
        made.file_meta = dataset("any").file_meta
        made.file_meta.MediaStorageSOPInstanceUID = made.SOPInstanceUID = UID(sop)
        made.add_new("PixelData", "OW", bytes(512))
        made.Rows = made.Columns = 16
        for keyword, value in changes.items():
            if value is None:
                delattr(made, keyword)
            else:
                setattr(made, keyword, value)
        return part10(made)

    def listed(self, exchange: Exchange) -> list[bytes]:
        uids = _uids(exchange, "00081199") or [uid("unlisted", exchange["id"])]
        self._sent.update(dict.fromkeys(_uids(exchange, "00081199")))
        return [self.file(sop) for sop in uids]

    def failing(self, exchange: Exchange) -> list[bytes]:
        study = None if "missing" in exchange["request"]["body"] else uid("another study")
        return [self.file(sop, StudyInstanceUID=study) for sop in _uids(exchange, "00081198")]

    def hundred(self, exchange: Exchange) -> list[bytes]:
        rest = [uid("rest", n) for n in range(100 - len(self._sent))]
        return [self.file(sop) for sop in [*self._sent, *rest]]

    def send(self, exchange: Exchange) -> httpx.Response:
        request = exchange["request"]
        headers = dict(request["headers"])
        if exchange["id"] != "no-token":
            headers["Authorization"] = f"Bearer {self._token}"
        content: bytes | Iterator[bytes] | None = None
        if request["body"] is not None:
            content = self._body(exchange)
            if "chunked" in request["body"]:
                content = _in_two(content)
        return self._http.request(
            request["method"], f"/dicom-web{request['path']}", headers=headers, content=content
        )

    def _body(self, exchange: Exchange) -> bytes:
        words = exchange["request"]["body"]
        files = self._makers.get(words, self.listed)(exchange)
        if words == "closing boundary missing":
            return multipart(files, boundary=_BOUNDARY).rpartition(b"\r\n--")[0]
        if words == "part typed octet-stream":
            return multipart(files, boundary=_BOUNDARY, part_type="application/octet-stream")
        if words.startswith("bare"):
            return files[0]
        return multipart(files, boundary=_BOUNDARY)


def _in_two(content: bytes) -> Iterator[bytes]:
    yield content[: len(content) // 2]
    yield content[len(content) // 2 :]


def _uids(exchange: Exchange, tag: str) -> list[str]:
    body = exchange["response"]["body"]
    if isinstance(body, dict):
        return [i["00081155"]["Value"][0] for i in body.get(tag, {}).get("Value", [])]
    return re.findall(r'UID">\s*<Value number="1">(2\.25\.\d+)<', body) if tag == "00081199" else []


@pytest.fixture(scope="module")
def answers() -> Iterator[dict[str, httpx.Response]]:
    """The stand-in's answers by exchange, all sent in the recorded order."""
    with in_thread() as sandbox:
        base = sandbox.endpoints.dicomweb_url.removesuffix("/dicom-web")
        with httpx.Client(base_url=base, verify=trusting(sandbox), trust_env=False) as http:
            form = {"grant_type": "password", "client_id": "qpinsights"}
            form |= {"username": "ingester", "password": "ingester"}
            issuer = f"{sandbox.endpoints.issuer_url}/protocol/openid-connect/token"
            replay = _Replay(http, http.post(issuer, data=form).json()["access_token"])
            found = {exchange["id"]: replay.send(exchange) for exchange in _EXCHANGES}
        assert list(sandbox.crashes) == []
        yield found


def _shape(value: object) -> object:
    """Keys, value representations and kinds of value; the values themselves left out."""
    if isinstance(value, dict):
        return {k: v if k == "vr" else _shape(v) for k, v in value.items()}
    if isinstance(value, list):
        return [_shape(item) for item in value]
    return "number" if isinstance(value, int | float) else type(value).__name__


def _ids(*, truncated: bool = False, kind: type = object) -> list[str]:
    """The exchanges whose recorded body is of that kind, cut short in the recording or not."""
    return [
        e["id"]
        for e in _EXCHANGES
        if isinstance(e["response"]["body"], kind)
        and str(e["response"]["body"]).startswith("\u2026") is truncated
    ]


def _recorded(exchange_id: str) -> dict[str, Any]:
    response = next(e for e in _EXCHANGES if e["id"] == exchange_id)["response"]
    return dict(response)


Answers = dict[str, httpx.Response]


@pytest.mark.parametrize("exchange_id", [e["id"] for e in _EXCHANGES])
def test_the_status_is_the_recorded_one(answers: Answers, exchange_id: str) -> None:
    assert answers[exchange_id].status_code == _recorded(exchange_id)["status"]


@pytest.mark.parametrize("exchange_id", [e["id"] for e in _EXCHANGES])
def test_the_content_type_is_the_recorded_one_or_absent_like_it(
    answers: Answers, exchange_id: str
) -> None:
    recorded = _recorded(exchange_id)["content_type"]
    answered = answers[exchange_id].headers.get("content-type")
    if recorded is not None and answered is not None:
        # A boundary is another one each time.
        recorded, answered = (
            recorded.partition(" boundary=")[0],
            answered.partition(" boundary=")[0],
        )
    assert answered == recorded


@pytest.mark.parametrize("exchange_id", _ids(kind=list) + _ids(kind=dict))
def test_the_json_has_the_recorded_shape(answers: Answers, exchange_id: str) -> None:
    assert _shape(answers[exchange_id].json()) == _shape(_recorded(exchange_id)["body"])


@pytest.mark.parametrize(
    "exchange_id", [i for i in _ids(kind=dict) if i.startswith(("store", "wado-metadata-unknown"))]
)
def test_stow_names_exactly_the_recorded_instances(answers: Answers, exchange_id: str) -> None:
    base = str(answers[exchange_id].request.url).partition("/dicom-web")[0]
    text = json.dumps(_recorded(exchange_id)["body"]).replace("https://node.example", base)
    assert answers[exchange_id].json() == json.loads(text)


@pytest.mark.parametrize("exchange_id", _ids(truncated=True))
def test_long_answers_hold_all_hundred_instances(answers: Answers, exchange_id: str) -> None:
    body = answers[exchange_id].json()
    items = body["00081199"]["Value"] if isinstance(body, dict) else body
    assert len(items) == 100


@pytest.mark.parametrize("exchange_id", _ids(kind=str))
def test_xml_and_html_answers_have_the_recorded_elements(
    answers: Answers, exchange_id: str
) -> None:
    recorded = _recorded(exchange_id)["body"]
    tags = set(re.findall(r'<(?:DicomAttribute tag="(\w+)"|html>)', recorded))
    answered = set(re.findall(r'<(?:DicomAttribute tag="(\w+)"|html>)', answers[exchange_id].text))
    assert tags <= answered
    assert bool(recorded) == bool(answers[exchange_id].content)

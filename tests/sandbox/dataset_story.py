"""The recorded exchanges of the real dataset-service, told to the stand-in under other names.

Projects, subprojects, people, subjects, studies and datasets are renamed at random, by a seed; ids
that a server gives are followed from answer to request; reads that nothing happens between come in
another order. What lay in the recorded service's data lake is put into the stand-in's.
"""

from __future__ import annotations

import json
import random
import re
import string
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx

from adapters.sandbox import tokens
from adapters.sandbox.datasets.options import DatasetOptions
from adapters.sandbox.realm import Account
from adapters.sandbox.server import Options, Sandbox
from tests.sandbox.bodies import trusting
from tests.sandbox.lakes import put_study

FILE = Path(__file__).parents[3] / "shared" / "reference" / "dataset-service-exchanges.json"
PENDING_S, STEP_S = 3600.0, 60.0
"""So long that the wall's clock never moves a job: the story's own steps do."""
Exchange = dict[str, Any]
_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_HEX_24 = re.compile(r"\b[0-9a-f]{24}\b")
_PEOPLE = ("manager", "scientist", "staff", "outsider", "ingester", "homeless", "padmin")


def recorded() -> list[Exchange]:
    """All exchanges with the dataset-service and its tracer, in their order."""
    if not FILE.exists():
        return []
    found = json.loads(FILE.read_text("utf-8"))["exchanges"]
    return [e for e in found if e["source"] in ("dataset-service", "tracer stand-in")]


def is_sequence(exchange: Exchange) -> bool:
    """Whether it tells what polling saw, and not one answer."""
    return "sequence" in exchange["response"]


class Names:
    """What everything is called in one telling."""

    def __init__(self, exchanges: list[Exchange], seed: int) -> None:
        chance = random.Random(seed)  # noqa: S311 - names, not secrets

        def word(letters: str, length: int) -> str:
            return "".join(chance.choices(letters, k=length))

        text = json.dumps(exchanges)
        upper = string.ascii_uppercase
        self._plain = {
            "DEMO-BREAST": f"{word(upper, 6)}-{word(upper, 5)}",
            "OTHER": word(upper, 7),
            "MAIN": word(upper, 4),
            "Breast CT demo": f"{word(string.ascii_letters, 8)} {word(upper, 3)}",
            "Later failure": word(string.ascii_letters, 9),
            "uploader": word(string.ascii_lowercase, 6),
        }
        for subject in sorted(set(re.findall(r"SUBJ-\d{3}", text))):
            self._plain[subject] = f"{word(upper, 4)}-{word(string.digits, 5)}"
        for hexed in sorted(set(_HEX_24.findall(text))):
            self._plain[hexed] = word(string.digits + "abcdef", 24)
        self.people = {name: word(string.ascii_lowercase, 9) for name in _PEOPLE}
        longest = sorted(self._plain, key=len, reverse=True)
        self._known = re.compile("|".join(rf"\b{re.escape(name)}\b" for name in longest))

    def __call__(self, text: str) -> str:
        return self._known.sub(lambda found: self._plain[found[0]], text)

    def accounts(self) -> list[Account]:
        project = f"PROJECT-{self('DEMO-BREAST')}"
        groups = {
            "manager": ("dataset-administrator", "data-scientists", project),
            "scientist": ("data-scientists", project),
            "staff": ("cloud-services-and-security-management",),
            "outsider": ("dataset-administrator", f"PROJECT-{self('OTHER')}"),
            "ingester": ("authorized-technical-data-manager", project),
            "homeless": ("dataset-administrator",),
            "padmin": ("data-scientists", f"ADMINS-{project}"),
        }
        return [Account(self.people[name], "secret", held) for name, held in groups.items()]


class Story:
    """One telling. `exchanges` are the recorded ones under the names of this telling."""

    def __init__(self, seed: int) -> None:
        self.names = Names(recorded(), seed)
        self.exchanges: list[Exchange] = json.loads(self.names(json.dumps(recorded())))
        self.ids: dict[str, str] = {}
        self._chance = random.Random(seed)  # noqa: S311 - an order, not a secret
        self._tokens: dict[str, str] = {}
        put = next(e for e in self.exchanges if e["id"] == "subproject-put")
        self._external_id = put["request"]["json"]["externalId"]

    def options(self) -> Options:
        search = next(e for e in self.exchanges if e["id"] == "eucaim-search")
        _, _, secret = search["request"]["headers"]["Authorization"].partition(" ")
        datasets = DatasetOptions(pending_s=PENDING_S, step_s=STEP_S, search_secret=secret)
        return Options(accounts=self.names.accounts(), destinations=(), datasets=datasets)

    def tell(self, sandbox: Sandbox) -> Iterator[tuple[Exchange, Any]]:
        """Each exchange with the stand-in's answer; for a sequence with all that polling saw."""
        base = sandbox.endpoints.dataset_service_url.removesuffix("/dataset-service/api")
        with httpx.Client(base_url=base, verify=trusting(sandbox), trust_env=False) as http:
            self._sign_in(sandbox, http)
            for exchange in self._shuffled():
                if is_sequence(exchange):
                    yield exchange, list(self._poll(sandbox, http, exchange))
                else:
                    yield exchange, self._send(sandbox, http, exchange)

    def own(self, text: str) -> str:
        """Ids that the recorded server gave, as the stand-in gave them; unknown ones stay."""
        return _UUID.sub(lambda found: self.ids.get(found[0], found[0]), text)

    def _shuffled(self) -> Iterator[Exchange]:
        reads: list[Exchange] = []
        for exchange in self.exchanges:
            if exchange["request"]["method"] == "GET" and not is_sequence(exchange):
                reads.append(exchange)
                continue
            self._chance.shuffle(reads)
            yield from reads
            reads = []
            yield exchange
        self._chance.shuffle(reads)
        yield from reads

    def _sign_in(self, sandbox: Sandbox, http: httpx.Client) -> None:
        token = "/auth/realms/EUCAIM-NODE/protocol/openid-connect/token"

        def of(person: str, client_id: str) -> str:
            form = {"grant_type": "password", "client_id": client_id, "password": "secret"}
            form["username"] = self.names.people[person]
            return str(http.post(token, data=form).json()["access_token"])

        for person in _PEOPLE:
            self._tokens[person] = of(person, "dataset-explorer")
            claims = tokens.claims_of(self._tokens[person])
            recorded_id = self._recorded_author() if person == "manager" else person
            self.ids[recorded_id] = claims["sub"]
        manager = self._tokens["manager"]
        head, payload, signature = manager.split(".")
        changed = "A" if signature[9] != "A" else "B"
        past = tokens.claims_of(manager) | {"exp": time.time() - 60}
        self._tokens |= {
            "garbage": "garbage",
            "manager (expired)": tokens.sign(past),
            "manager (qpinsights client)": of("manager", "qpinsights"),
            "manager (tampered)": f"{head}.{payload}.{signature[:9]}{changed}{signature[10:]}",
        }

    def _recorded_author(self) -> str:
        details = next(e for e in self.exchanges if e["id"] == "details-draft")
        return str(details["response"]["body"]["authorId"])

    def _send(self, sandbox: Sandbox, http: httpx.Client, exchange: Exchange) -> httpx.Response:
        request = exchange["request"]
        headers = dict(request["headers"])
        if request["as_user"] is not None:
            headers["Authorization"] = f"Bearer {self._token(exchange)}"
        content: dict[str, Any] = {}
        if "json" in request:
            content = {"content": self.own(json.dumps(request["json"]))}
            self._prepare(sandbox, exchange["id"], request["json"])
        elif "multipart" in request:
            content = {"files": self._form(sandbox, exchange)}
        elif "raw" in request:
            content = {"content": b'{"name": "x"}' if len(request["raw"]) > 9 else request["raw"]}
        path = self.own(request["path"])
        answer = http.request(request["method"], path, headers=headers, **content)
        made = exchange["response"]["body"]
        if isinstance(made, dict) and "apiUrl" in made and answer.status_code == 201:
            self.ids[made["apiUrl"].rpartition("/")[2]] = answer.json()["apiUrl"].rpartition("/")[2]
        return answer

    def _token(self, exchange: Exchange) -> str:
        # What was sent as garbage can be told from the words of its refusal only.
        if exchange["id"] == "list-garbage-token":
            return "abc.def.ghi"
        return self._tokens[exchange["request"]["as_user"]]

    def _poll(
        self, sandbox: Sandbox, http: httpx.Client, exchange: Exchange
    ) -> Iterator[dict[str, Any]]:
        recorded_id = exchange["response"]["sequence"][0]["datasetId"]
        path = f"/dataset-service/api/datasets/{self.ids[recorded_id]}/creationStatus"
        headers = {"Authorization": f"Bearer {self._tokens['manager']}"}
        wait_s = PENDING_S
        for _ in range(40):
            answer = http.get(path, headers=headers)
            yield {"http": answer.status_code, **answer.json()}
            if answer.json()["status"] in ("finished", "error"):
                return
            sandbox.datasets.clock.advance(wait_s)
            wait_s = STEP_S

    def _prepare(self, sandbox: Sandbox, exchange_id: str, asked: Any) -> None:
        """Put what a creation names into the lake, but for what was wrong with it there."""
        if exchange_id == "create-cluster-refuses":
            sandbox.fault("datasets:refused-by-cluster,times=1")
        if exchange_id == "create-held":
            sandbox.fault("datasets:held,times=1")
        if not exchange_id.startswith(("create", "create-fails-later")) or "name" not in asked:
            return
        external_id: str | None = self._external_id
        if exchange_id == "create-fails-later-foreign-subproject":
            external_id = "f" * 24
        if exchange_id == "create-fails-later-no-private-tag":
            external_id = None
        suffix = ".img" if exchange_id == "create-fails-later-no-dcm-suffix" else ".dcm"
        for study in asked["studies"] if isinstance(asked["studies"], list) else ():
            path = study.get("pathInDatalake", "..")
            if ".." not in path:
                put_study(sandbox, path, external_id=external_id, suffix=suffix)

    def _form(self, sandbox: Sandbox, exchange: Exchange) -> list[tuple[str, Any]]:
        fields = exchange["request"]["multipart"]
        return [
            (f["name"], (f["filename"], self._file(sandbox, exchange["id"], f)))
            if f["filename"]
            else (f["name"], (None, f["value"]))
            for f in fields
        ]

    def _file(self, sandbox: Sandbox, exchange_id: str, field: dict[str, Any]) -> bytes:
        """The contents of a file, which were not recorded."""
        subject = f"FORM-{exchange_id}"
        if exchange_id == "create-multipart-index-bad-json":
            return b"[nothing"
        if field["name"] == "index":
            path = f"someone/{subject}/CT{uuid.uuid4().hex}"
            put_study(sandbox, path, external_id=self._external_id)
            series = [{"folderName": "SER0", "tags": ["Axial"]}, {"folderName": "SER1", "tags": []}]
            study = {"studyId": uuid.uuid4().hex[:24], "studyName": "CT", "subjectName": subject}
            study |= {"pathInDatalake": path, "url": "https://node.example/cases/1"}
            return json.dumps([study | {"series": series}]).encode()
        if field["filename"].endswith(".csv"):
            return f"Patient,age,note\n{subject},61,none\n".encode()
        inclusion = {"baseline_date": {"value": "2024-02-03"}, "age_at_diagnosis": {"value": 61}}
        pages = [
            {"page_name": "inclusion_criteria", "page_data": inclusion},
            {"page_name": "patient_data", "page_data": {"gender": {"value": "MALE"}}},
        ]
        return json.dumps([{"subjectName": subject, "eForm": {"pages": pages}}]).encode()

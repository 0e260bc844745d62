"""Clinical data on the way: what is sent, what each answer means, and what a bad node can do."""

from __future__ import annotations

import json
import ssl
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from adapters.profiles import load_profiles
from adapters.upv.clinical_ways import clinical_way
from adapters.upv.node import UpvNode
from adapters.upv.options import Settings
from tests.adapters.tls_server import Reply, Request, Server, serving
from tests.adapters.upv.nodes import node_at
from tests.conformance.clinical import file_item, subject_data, subject_item
from tests.examining import examined
from transfer.clinical.leaving import ClinicalOutcome, ClinicalVerdict, Held
from transfer.errors import (
    NodeBusy,
    NodeError,
    NodeFault,
    NotAllowed,
    NotSupported,
    SignInExpired,
    TlsRefused,
    Unreachable,
    UsageError,
)

STORED, DIFFERS, REFUSED = ClinicalVerdict.STORED, ClinicalVerdict.DIFFERS, ClinicalVerdict.REFUSED
EFORM = 'eform_url = "{url}/care/{{project}}/{{subproject}}/{{subject}}/eform"\n'
JSON = {"Content-Type": "application/json"}
Script = Callable[[Request], Reply]


class Site:
    """Nodes at servers that answer by a script."""

    def __init__(self, context: ssl.SSLContext, ca_file: Path, home: Path) -> None:
        self._context = context
        self._ca_file = ca_file
        self._home = home

    def node(self, server: Server, extra: str = EFORM, token: str = "") -> UpvNode:
        return node_at(
            server.url,
            self._ca_file,
            self._home,
            auth="token" if token else "none",
            secrets={"n.token": token},
            extra=extra.replace("{url}", server.url).replace("{{", "{").replace("}}", "}"),
        )

    def serving(self, script: Script) -> AbstractContextManager[Server]:
        return serving(script, self._context)

    async def outcome(
        self, script: Script, extra: str = EFORM, *, overwrite: bool = False, subject: str = "P1"
    ) -> tuple[ClinicalOutcome, list[Request]]:
        with self.serving(script) as server:
            node = self.node(server, extra)
            try:
                item = subject_item(node, subject_data(subject))
                outcome = await node.send_clinical(item, "PROJ|SUB", overwrite=overwrite)
            finally:
                await node.aclose()
        return outcome, server.requests


@pytest.fixture
def site(good_context: ssl.SSLContext, ca_file: Path, tmp_path: Path) -> Site:
    return Site(good_context, ca_file, tmp_path)


def writing(reply: Reply, read: Reply | None = None) -> Script:
    """The answer to what writes; to what reads, that there is nothing unless it is said."""

    def script(request: Request) -> Reply:
        if request.method == "GET":
            return read or Reply(404, b'{"error": "not found"}', JSON)
        assert request.body is not None
        return reply

    return script


async def test_the_request_names_project_and_subject_and_holds_the_eform(site: Site) -> None:
    outcome, requests = await site.outcome(writing(Reply(201)))
    assert outcome.verdict is STORED
    assert [(r.method, r.target) for r in requests] == [
        ("GET", "/care/PROJ/SUB/P1/eform"),
        ("PUT", "/care/PROJ/SUB/P1/eform"),
    ]
    assert requests[1].headers["content-type"] == "application/json"
    assert requests[1].headers["if-none-match"] == "*"
    assert int(requests[1].headers["content-length"]) == len(requests[1].body)
    assert "transfer-encoding" not in requests[1].headers
    assert json.loads(requests[1].body)["pages"][0]["page_name"] == "inclusion_criteria"


async def test_overwriting_neither_asks_first_nor_forbids_it(site: Site) -> None:
    outcome, requests = await site.outcome(writing(Reply(200)), overwrite=True)
    assert outcome.verdict is STORED
    assert [r.method for r in requests] == ["PUT"]
    assert "if-none-match" not in requests[0].headers


async def test_names_are_percent_encoded_as_one_piece_of_the_address(site: Site) -> None:
    _, requests = await site.outcome(writing(Reply(201)), subject="a/b?c#d é&{project}")
    assert requests[1].target == "/care/PROJ/SUB/a%2Fb%3Fc%23d%20%C3%A9%26%7Bproject%7D/eform"


@pytest.mark.parametrize("subject", [".", "..", "a\ud800"])
async def test_a_subject_that_no_address_can_name_is_refused_without_a_request(
    site: Site, subject: str
) -> None:
    outcome, requests = await site.outcome(writing(Reply(201)), subject=subject)
    assert outcome.verdict is REFUSED
    assert "nothing was sent" in outcome.reason
    assert requests == []


async def test_query_and_headers_carry_what_is_configured(site: Site) -> None:
    extra = (
        'eform_url = "{url}/eforms?v=2"\neform_method = "POST"\n'
        'eform_envelope = "dataset-service"\n'
        'clinical_query = {subject = "{{subject}}", p = "{{project}}"}\n'
        'clinical_headers = {X-Sub = "{{subproject}}"}\n'
    )
    outcome, requests = await site.outcome(writing(Reply(200)), extra, subject="A B")
    assert outcome.verdict is STORED
    (request,) = requests
    assert request.target == "/eforms?v=2&subject=A%20B&p=PROJ"
    assert request.headers["x-sub"] == "SUB"
    assert json.loads(request.body)["subjectName"] == "A B"


@pytest.mark.parametrize("status", [200, 201, 202, 204])
async def test_every_success_is_stored(site: Site, status: int) -> None:
    outcome, _ = await site.outcome(writing(Reply(status)))
    assert outcome == ClinicalOutcome(STORED)


async def test_what_is_there_already_is_not_sent_again(site: Site) -> None:
    sent: list[bytes] = []

    def script(request: Request) -> Reply:
        if request.method == "PUT":
            sent.append(request.body)
            return Reply(201)
        return Reply(200, sent[-1], JSON) if sent else Reply(404)

    with site.serving(script) as server:
        node = site.node(server)
        item = subject_item(node, subject_data("P1"))
        outcomes = [await node.send_clinical(item, "PROJ") for _ in range(2)]
        await node.aclose()
    assert [o.verdict for o in outcomes] == [STORED, STORED]
    assert [r.method for r in server.requests] == ["GET", "PUT", "GET"]


async def test_other_data_are_seen_before_anything_is_written(site: Site) -> None:
    other = b'{"pages": [{"page_name": "clinical_data", "page_data": {"x": {"value": 1}}}]}'
    outcome, requests = await site.outcome(writing(Reply(200), Reply(200, other, JSON)))
    assert outcome.verdict is DIFFERS
    assert [r.method for r in requests] == ["GET"]


@pytest.mark.parametrize("empty", [b"", b"{}", b"null", b'{"pages": []}', b"[]", b'{"eForm": {}}'])
async def test_an_empty_eform_is_nothing_to_be_written_over(site: Site, empty: bytes) -> None:
    outcome, requests = await site.outcome(writing(Reply(200), Reply(200, empty, JSON)))
    assert outcome.verdict is STORED
    assert [r.method for r in requests] == ["GET", "PUT"]


async def test_data_that_came_in_between_are_not_written_over(site: Site) -> None:
    outcome, _ = await site.outcome(writing(Reply(412)))
    assert outcome.verdict is DIFFERS


async def test_a_conflict_where_nothing_can_be_read_is_a_refusal_in_the_nodes_words(
    site: Site,
) -> None:
    body = json.dumps({"error": "subject is locked"}).encode()
    outcome, _ = await site.outcome(writing(Reply(409, body, JSON), Reply(405)))
    assert outcome == ClinicalOutcome(REFUSED, "subject is locked")


async def test_a_conflict_with_the_same_data_is_stored(site: Site) -> None:
    seen: list[bytes] = []

    def script(request: Request) -> Reply:
        if request.method == "PUT":
            seen.append(request.body)
            return Reply(409)
        return Reply(200, seen[0], JSON) if seen else Reply(404)

    outcome, requests = await site.outcome(script)
    assert outcome.verdict is STORED
    assert [r.method for r in requests] == ["GET", "PUT", "GET"]


@pytest.mark.parametrize(
    ("status", "body", "reason"),
    [
        (422, b'{"error": "size is out of range"}', "size is out of range"),
        (
            400,
            b'{"message": "bad", "errors": [{"message": "page x unknown"}]}',
            "bad page x unknown",
        ),
        (404, b'{"detail": "no such subject"}', "no such subject"),
        (422, b'{"title": "a\\u001b[31mred\\u0007\\r\\nb"}', "a [31mred b"),
        (422, b"plain words", "plain words"),
        (422, b"<html><h1>Apache</h1></html>", "without a reason that can be shown (HTTP 422)"),
        (422, b"", "without a reason that can be shown (HTTP 422)"),
        (422, b"[" * 100_000, "[" * 239 + "…"),
        (413, b"<html>too large</html>", "it is larger than the node takes"),
        (422, json.dumps({"error": "x" * 5000}).encode(), "x" * 239 + "…"),
        (422, b"\xff\xfe\x1b]0;title\x07", "��� ]0;title"),
    ],
)
async def test_a_refusal_is_told_in_the_nodes_own_words_made_harmless(
    site: Site, status: int, body: bytes, reason: str
) -> None:
    outcome, _ = await site.outcome(writing(Reply(status, body, JSON)))
    assert outcome.verdict is REFUSED
    assert outcome.reason.isprintable()
    assert outcome.reason.replace("�", "") == reason.replace("�", "")


@pytest.mark.parametrize("body", [b'{"error": "not kept"}', b'{"errors": ["not kept"]}'])
async def test_a_success_that_speaks_of_an_error_is_a_refusal(site: Site, body: bytes) -> None:
    outcome, _ = await site.outcome(writing(Reply(200, body, JSON)))
    assert outcome == ClinicalOutcome(REFUSED, "not kept")


@pytest.mark.parametrize("body", [b'{"error": null}', b'{"errors": []}', b"OK", b'"done"'])
async def test_a_success_without_an_error_is_one(site: Site, body: bytes) -> None:
    outcome, _ = await site.outcome(writing(Reply(200, body, JSON)))
    assert outcome.verdict is STORED


async def test_a_web_page_is_no_success(site: Site) -> None:
    page = b"<!DOCTYPE html><html><body>Sign in</body></html>"
    with pytest.raises(NodeFault, match="A web page came instead of an answer") as fault:
        await site.outcome(writing(Reply(200, page)))
    assert "Sign in" not in fault.value.what + fault.value.remedy


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (Reply(429, headers={"Retry-After": "7"}), NodeBusy),
        (Reply(503), NodeBusy),
        (Reply(500), NodeFault),
        (Reply(403), NotAllowed),
        (Reply(404, b"<html>no such page</html>"), NotSupported),
        (Reply(405), NotSupported),
        (Reply(415), NotSupported),
        (Reply(302, headers={"Location": "/elsewhere"}), NodeFault),
        (Reply(302, headers={"Location": "https://elsewhere.example/x"}), TlsRefused),
        (Reply(then="reset"), Unreachable),
    ],
)
async def test_what_concerns_the_whole_node_is_an_error_not_a_refusal(
    site: Site, reply: Reply, kind: type[NodeError]
) -> None:
    with pytest.raises(kind):
        await site.outcome(writing(reply))


async def test_a_redirect_is_not_followed(site: Site) -> None:
    requests: list[Request] = []

    def script(request: Request) -> Reply:
        requests.append(request)
        return Reply(307, headers={"Location": "/care/elsewhere"})

    with pytest.raises(NodeFault, match="HTTP 307"):
        await site.outcome(script, overwrite=True)
    assert [r.target for r in requests] == ["/care/PROJ/SUB/P1/eform"]


async def test_a_401_is_answered_once_by_another_sign_in(site: Site) -> None:
    with site.serving(lambda _: Reply(401)) as server:
        node = site.node(server, EFORM, token="abc")
        item = subject_item(node, subject_data("P1"))
        with pytest.raises(SignInExpired):
            await node.send_clinical(item, "PROJ")
        await node.aclose()
    assert [r.headers["authorization"] for r in server.requests] == ["Bearer abc"]


@pytest.mark.parametrize("reading", [True, False])
async def test_an_answer_without_an_end_is_given_up(site: Site, reading: bool) -> None:
    huge = bytes(40 * 1024 * 1024)
    script = writing(Reply(200, huge), Reply(200, huge) if reading else None)
    with pytest.raises(NodeFault, match="larger than any answer to clinical data can be"):
        await site.outcome(script)


@pytest.mark.parametrize(
    ("reply", "held"),
    [(Reply(405), Held.UNTOLD), (Reply(501), Held.UNTOLD), (Reply(204), Held.NOTHING)],
)
async def test_reading_back_tells_what_can_be_told(site: Site, reply: Reply, held: Held) -> None:
    with site.serving(lambda _: reply) as server:
        node = site.node(server)
        assert await node.held_clinical(subject_item(node, subject_data("P1")), "PROJ") is held
        await node.aclose()


@pytest.mark.parametrize("body", [b"<html>", b"{", b"[" * 100_000, b'{"pages": NaN}', b"\xff"])
async def test_what_cannot_be_read_back_is_an_error(site: Site, body: bytes) -> None:
    with site.serving(lambda _: Reply(200, body)) as server:
        node = site.node(server)
        with pytest.raises(NodeFault, match="What the node gives back as clinical data"):
            await node.held_clinical(subject_item(node, subject_data("P1")), "PROJ")
        await node.aclose()


async def test_a_node_that_gives_nothing_back_is_not_asked(site: Site) -> None:
    outcome, requests = await site.outcome(writing(Reply(200)), EFORM + 'eform_read_url = ""\n')
    assert outcome.verdict is STORED
    assert [r.method for r in requests] == ["PUT"]


TABLE = 'clinical_url = "{url}/tables/{{project}}"\n'
CSV = b"PatientID,Sex\r\nP1,Female\r\nP2,Male\r\n"


async def table_outcome(site: Site, reply: Reply, extra: str) -> tuple[ClinicalOutcome, Request]:
    with site.serving(writing(reply)) as server:
        node = site.node(server, extra)
        outcome = await node.send_clinical(file_item(CSV, "lung_clinical.csv"), "PROJ|SUB")
        await node.aclose()
    return outcome, server.requests[-1]


async def test_a_table_goes_as_it_is(site: Site) -> None:
    outcome, request = await table_outcome(site, Reply(201), TABLE)
    assert outcome.verdict is STORED
    assert (request.method, request.target, request.body) == ("POST", "/tables/PROJ", CSV)
    assert request.headers["content-type"] == "text/csv"


async def test_a_table_goes_in_a_form_where_that_is_configured(site: Site) -> None:
    extra = TABLE + 'clinical_file_field = "file"\nclinical_method = "PUT"\n'
    _, request = await table_outcome(site, Reply(201), extra)
    boundary = request.headers["content-type"].removeprefix("multipart/form-data; boundary=")
    assert request.body == (
        f'--{boundary}\r\nContent-Disposition: form-data; name="file"; '
        'filename="lung_clinical.csv"\r\nContent-Type: text/csv\r\n\r\n'
    ).encode() + CSV + f"\r\n--{boundary}--\r\n".encode()  # fmt: skip
    assert int(request.headers["content-length"]) == len(request.body)


@pytest.mark.parametrize(
    "body",
    [
        b"Row,Column,Error\r\n3,Sex,not one of the values\r\n7,,too few cells\r\n",
        b"Row;Column;Message\n3;Sex;not one of the values\n7;;too few cells\n",
        json.dumps(
            {
                "errors": [
                    {"row": 3, "column": "Sex", "message": "not one of the values"},
                    {"row": 7, "message": "too few cells"},
                ]
            }
        ).encode(),
        b'[{"line": 3, "field": "Sex", "reason": "not one of the values"},'
        b' {"line": 7, "reason": "too few cells"}]',
        b"<html><body><h1>Errors</h1><table><tr><th>Row<th>Column<th>Error</tr>"
        b"<tr><td>3<td>Sex<td>not one of <b>the</b> values<tr><td>7<td><td>too few cells</table>",
    ],
    ids=["csv", "semicolons", "json-in-a-key", "json-list", "html"],
)
@pytest.mark.parametrize("status", [200, 422])
async def test_errors_that_come_as_a_table_are_told_by_row(
    site: Site, status: int, body: bytes
) -> None:
    outcome, _ = await table_outcome(site, Reply(status, body), TABLE)
    assert outcome == ClinicalOutcome(
        REFUSED, "row 3, column Sex: not one of the values; row 7: too few cells"
    )


async def test_many_errors_are_counted(site: Site) -> None:
    lines = "".join(f"{n},bad\r\n" for n in range(2, 502))
    outcome, _ = await table_outcome(site, Reply(422, f"Row,Error\r\n{lines}".encode()), TABLE)
    assert outcome.reason.startswith("row 2: bad; row 3: bad; ")
    assert outcome.reason.endswith("row 11: bad; and 490 more")


async def test_a_table_of_results_without_an_error_is_no_refusal(site: Site) -> None:
    outcome, _ = await table_outcome(site, Reply(200, b"Row,Error\r\n2,\r\n3,\r\n"), TABLE)
    assert outcome.verdict is STORED


async def test_a_node_without_an_address_says_which_to_set(site: Site, tmp_path: Path) -> None:
    with site.serving(lambda _: Reply(200)) as server:
        node = site.node(server, 'clinical_mode = "eform-json"\n')
        way = await node.clinical_way("PROJ")
        item = subject_item(node, subject_data("P1"))
        with pytest.raises(UsageError, match="address where the node takes eForms is not known"):
            await node.send_clinical(item, "PROJ")
        await node.aclose()
    assert [(o.rule, o.severity) for o in way.objections] == [("clinical-address", "block")]
    assert "Please tell us how QP-Insights" in way.objections[0].remedy
    assert server.requests == []


async def test_nothing_configured_is_a_way_by_hand(site: Site) -> None:
    with site.serving(lambda _: Reply(200)) as server:
        node = site.node(server, "")
        way = await node.clinical_way("PROJ|SUB")
        with pytest.raises(NotSupported):
            await node.send_clinical(subject_item(node, subject_data("P1")), "PROJ|SUB")
        await node.aclose()
    assert (way.by_subject, way.by_file, way.reads_back) == (False, False, False)
    assert "project PROJ, subproject SUB" in way.by_hand
    assert [o.severity for o in way.objections] == ["warn"]


async def test_a_chosen_way_by_hand_is_no_objection(site: Site) -> None:
    with site.serving(lambda _: Reply(200)) as server:
        node = site.node(server, 'clinical_mode = "handover"\n')
        assert (await node.clinical_way("PROJ")).objections == []
        await node.aclose()


async def test_a_rehearsal_is_the_request_that_is_sent_but_for_the_credential(
    site: Site, tmp_path: Path
) -> None:
    folder = tmp_path / "rehearsal"
    folder.mkdir()
    with site.serving(writing(Reply(201))) as server:
        node = site.node(server, EFORM, token="abc")
        item = subject_item(node, subject_data("P1"))
        await node.rehearse_clinical(item, "PROJ|SUB", folder)
        assert server.requests == []
        await node.send_clinical(item, "PROJ|SUB")
        await node.aclose()
    sent = server.requests[-1]
    head = (folder / "P1_clinical.json.http").read_bytes().decode().split("\r\n")
    written = dict(line.lower().split(": ", 1) for line in head[1:] if line)
    assert head[0] == f"PUT {sent.target} HTTP/1.1"
    assert written.pop("authorization") == "bearer ***"
    real = {key: value.lower() for key, value in sent.headers.items()}
    assert real.pop("authorization") == "bearer abc"
    assert written == real
    assert (folder / "P1_clinical.json.body").read_bytes() == sent.body


async def test_a_table_that_is_read_back_is_compared_byte_for_byte(site: Site) -> None:
    extra = TABLE + 'clinical_read_url = "{url}/tables/{{project}}"\n'
    item = file_item(CSV)
    answers = iter([CSV, CSV + b"P3,Male\r\n", CSV[:-1], b"", bytes(40 * 1024 * 1024)])
    with site.serving(lambda _: Reply(200, next(answers))) as server:
        node = site.node(server, extra)
        held = [await node.held_clinical(item, "PROJ") for _ in range(5)]
        await node.aclose()
    assert held == [Held.SAME, Held.OTHER, Held.OTHER, Held.NOTHING, Held.OTHER]


async def test_a_server_of_its_own_for_clinical_data_is_looked_at_by_the_doctor(
    site: Site,
) -> None:
    with (
        site.serving(lambda _: Reply(200, b"[]")) as images,
        site.serving(lambda _: Reply(200)) as clinical,
    ):
        node = site.node(images, EFORM.replace("{url}", clinical.url))
        results = await examined(node)
        await node.aclose()
    told = [r.message for r in results if "service for clinical data" in r.message]
    assert told
    assert [r for r in results if r.state != "ok"] == []
    assert {(r.method, r.target) for r in clinical.requests} <= {("GET", "/"), ("HEAD", "/")}


async def test_a_server_for_clinical_data_that_is_not_there_hinders_no_image(site: Site) -> None:
    with site.serving(lambda _: Reply(200, b"[]")) as images:
        node = site.node(images, 'eform_url = "https://127.0.0.1:1/{{subject}}"\n')
        results = await examined(node)
        await node.aclose()
    (trouble,) = [r for r in results if r.state != "ok"]
    assert (trouble.check, trouble.state, trouble.exit_code) == ("reachable", "warn", 0)
    assert "It is needed in step 9 only." in trouble.message


def test_on_the_upv_node_a_person_is_told_the_page_for_uploads(tmp_path: Path) -> None:
    way = clinical_way(Settings.of(load_profiles(tmp_path)["upv"], tmp_path), "LUNG|MAIN")
    assert "https://qpinsights.eucaim-node.i3m.upv.es/cases/subjects" in way.by_hand
    assert "project LUNG, subproject MAIN" in way.by_hand

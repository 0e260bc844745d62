"""The sandbox as a server: TLS, early answers, bounded memory, its home and its records."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import ssl
import stat
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from adapters.sandbox.ca import ThrowAwayCa, issue_from_unknown_ca
from adapters.sandbox.server import Options, Sandbox, in_thread, serve
from tests.sandbox.bodies import (
    STOW_TYPE,
    client,
    dataset,
    instance,
    multipart,
    part10,
    referenced,
    store,
    trusting,
    uid,
)
from transfer.errors import UsageError


def _raw(sandbox: Sandbox, request: bytes) -> bytes:
    """What the server sends back on a plain socket within its first answer."""
    with (
        socket.create_connection(("127.0.0.1", sandbox.port), timeout=10) as plain,
        trusting(sandbox).wrap_socket(plain, server_hostname="127.0.0.1") as secure,
    ):
        secure.sendall(request)
        return secure.recv(65536)


async def test_a_401_comes_before_the_body_is_sent(guarded: Sandbox) -> None:
    head = (
        "POST /dicom-web/studies HTTP/1.1\r\nHost: node\r\n"
        f"Content-Type: {STOW_TYPE}\r\nContent-Length: 1000000000\r\n\r\n"
    )
    answer = await asyncio.to_thread(_raw, guarded, head.encode())
    assert answer.startswith(b"HTTP/1.1 401 ")
    assert b"text/html" in answer


async def test_a_client_that_is_still_sending_hears_the_401(guarded: Sandbox) -> None:
    async with client(guarded) as http:
        answer = await store(http, bytes(20_000_000))
    assert answer.status_code == 401


async def test_tls_1_2_is_refused(sandbox: Sandbox) -> None:
    context = trusting(sandbox)
    context.maximum_version = ssl.TLSVersion.TLSv1_2

    def connect() -> None:
        with socket.create_connection(("127.0.0.1", sandbox.port), timeout=10) as plain:
            context.wrap_socket(plain, server_hostname="127.0.0.1")

    # Python 3.11's asyncio closes a failed handshake without sending its alert.
    with pytest.raises(ssl.SSLError, match=r"PROTOCOL_VERSION|UNEXPECTED_EOF"):
        await asyncio.to_thread(connect)


async def test_http_2_is_not_offered(sandbox: Sandbox) -> None:
    context = trusting(sandbox)
    context.set_alpn_protocols(["h2", "http/1.1"])

    def agreed() -> str | None:
        with (
            socket.create_connection(("127.0.0.1", sandbox.port), timeout=10) as plain,
            context.wrap_socket(plain, server_hostname="127.0.0.1") as secure,
        ):
            return secure.selected_alpn_protocol()

    assert await asyncio.to_thread(agreed) == "http/1.1"


@pytest.mark.parametrize(
    ("certificate", "why"),
    [
        (ThrowAwayCa.issue_wrong_name, "IP address mismatch"),
        (ThrowAwayCa.issue_expired, "certificate has expired"),
        (ThrowAwayCa.issue_not_yet_valid, "certificate is not yet valid"),
        (lambda ca: issue_from_unknown_ca(ca.file.parent / "other"), "unable to get local issuer"),
    ],
)
async def test_bad_certificates_are_bad_in_their_own_way(certificate: object, why: str) -> None:
    assert callable(certificate)
    options = Options(context=lambda ca: certificate(ca).context())
    async with Sandbox(options) as sandbox, client(sandbox) as http:
        with pytest.raises(httpx.ConnectError, match=why):
            await http.get("/studies")


def test_keys_are_readable_by_their_owner_only(tmp_path: Path) -> None:
    issued = ThrowAwayCa(tmp_path).issue()
    assert stat.S_IMODE(issued.key.stat().st_mode) == 0o600
    assert b"PRIVATE KEY" not in (tmp_path / "ca.pem").read_bytes()


_SERVER = """
import shutil, sys
from adapters.sandbox.server import Options, Sandbox
def ready(sandbox):
    shutil.copy(sandbox.ca_file, sys.argv[1])
    print(sandbox.endpoints.dicomweb_url, flush=True)
Sandbox(Options(auth="none")).run(ready)
"""


def _peak_kib(pid: int) -> int:
    lines = Path(f"/proc/{pid}/status").read_text("ascii").splitlines()
    return int(next(line for line in lines if line.startswith("VmHWM")).split()[1])


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads /proc")
def test_a_body_of_200_mb_does_not_grow_the_server(tmp_path: Path) -> None:
    body_parts = 100

    def body() -> Iterator[bytes]:
        for number in range(body_parts):
            whole = multipart([instance(f"n{number}", side=1024)])
            yield whole if number == body_parts - 1 else whole.rpartition(b"--b0undary--")[0]

    length = sum(len(piece) for piece in body())
    assert length > 200_000_000
    process = subprocess.Popen(
        [sys.executable, "-c", _SERVER, str(tmp_path / "ca.pem")],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    )
    try:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        context = ssl.create_default_context(cafile=str(tmp_path / "ca.pem"))
        before = _peak_kib(process.pid)
        with httpx.Client(verify=context, trust_env=False, timeout=60) as http:
            headers = {"content-type": STOW_TYPE, "content-length": str(length)}
            answer = http.post(f"{url}/studies", content=body(), headers=headers)
        assert len(referenced(answer)) == body_parts
        assert _peak_kib(process.pid) - before < 32 * 1024
    finally:
        process.terminate()
        assert process.wait(10) == 0
        if process.stdout is not None:
            process.stdout.close()


async def test_what_was_stored_survives_a_restart_on_the_same_port(tmp_path: Path) -> None:
    options = Options(auth="none", folder=tmp_path / "store", ca=ThrowAwayCa(tmp_path / "tls"))
    async with Sandbox(options) as first, client(first) as http:
        await store(http, instance("a"))
        again = replace(options, port=first.port)
    async with Sandbox(again) as second, client(second) as http:
        assert list(second.stored()) == [uid("a")]
        listed = (await http.get("/instances")).json()
    assert [item["00080018"]["Value"] for item in listed] == [[uid("a")]]


async def test_nothing_is_left_behind_without_a_folder() -> None:
    async with Sandbox(Options(auth="none")) as sandbox, client(sandbox) as http:
        await store(http, instance("a"))
        held = sandbox.stored()[uid("a")].path
        assert held.exists()
    assert not held.exists()
    assert not sandbox.ca_file.exists()


async def test_old_content_stays_under_a_uid_that_comes_again(
    sandbox: Sandbox, http: httpx.AsyncClient
) -> None:
    await store(http, instance("a", pixel=1))
    answer = await store(http, instance("a", pixel=2))
    assert referenced(answer) == [uid("a")]
    held = sandbox.stored()[uid("a")]
    assert (held.path.read_bytes(), held.received) == (instance("a", pixel=1), 2)


async def test_a_series_number_that_is_no_number_hides_nothing(sandbox: Sandbox) -> None:
    """Scanners write such; a node lists the Series all the same (PS3.18 F.2.3 allows a string)."""
    made = dataset("odd", study="odd")
    made.SeriesNumber = "1234"
    async with client(sandbox) as http:
        file = part10(made).replace(b"IS\x04\x001234", b"IS\x04\x00A12 ")
        stored = await store(http, file)
        assert stored.status_code == 200
        listed = await http.get(f"/studies/{uid('odd')}/series/{uid('odd', 'series')}/instances")
        series = await http.get(f"/studies/{uid('odd')}/series?includefield=SeriesNumber")
    assert [item["00080018"]["Value"] for item in listed.json()] == [[uid("odd")]]
    assert series.json()[0]["00200011"] == {"vr": "IS", "Value": ["A12"]}


async def test_basic_credentials_open_a_basic_node() -> None:
    async with Sandbox(Options(auth="basic")) as sandbox, client(sandbox) as http:
        refused = await http.get("/studies", auth=("ingester", "wrong"))
        allowed = await http.get("/studies", auth=("ingester", "ingester"))
    assert (refused.status_code, allowed.status_code) == (401, 200)


async def test_a_record_holds_request_line_headers_and_body(tmp_path: Path) -> None:
    options = Options(auth="none", record=tmp_path / "record")
    body = multipart([instance("a")])
    async with Sandbox(options) as sandbox, client(sandbox) as http:
        await http.post("/studies?x=1", content=body, headers={"content-type": STOW_TYPE})
        await http.get("/studies")
    first, second = sorted((tmp_path / "record").iterdir())
    head, _, recorded = first.read_bytes().partition(b"\r\n\r\n")
    assert head.startswith(b"POST /dicom-web/studies?x=1 HTTP/1.1\r\n")
    assert STOW_TYPE.encode() in head
    assert recorded == body
    assert second.name == "0002-request.http"
    assert second.read_bytes().startswith(b"GET /dicom-web/studies HTTP/1.1\r\n")


async def test_the_home_names_the_node_and_its_authority(tmp_path: Path) -> None:
    async with Sandbox(Options(destinations=("A|ONE", "A|TWO"))) as sandbox:
        sandbox.write_home(tmp_path)
        sandbox.write_home(tmp_path)
        expected_ca = sandbox.ca_file.read_bytes()
        endpoints = sandbox.endpoints
    config = tomllib.loads((tmp_path / "config.toml").read_text("utf-8"))
    assert config["nodes"]["sandbox-upv"] == {
        "kind": "upv",
        "dicomweb_url": endpoints.dicomweb_url,
        "issuer_url": endpoints.issuer_url,
        "auth": "password",
        "username": "ingester",
        "ca_file": "ca.pem",
        "gate": "integrity",
        "deidentified": "as-is",
        "destinations": ["A|ONE", "A|TWO"],
        "eform_url": endpoints.eform_url,
        "listing_delay_s": 2,
        "dataset_service_url": endpoints.dataset_service_url,
        "qpinsights_url": endpoints.export_url,
    }
    assert (tmp_path / "ca.pem").read_bytes() == expected_ca


async def test_somebody_elses_configuration_is_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text("[nodes.mine]\n", "utf-8")
    async with Sandbox() as sandbox:
        with pytest.raises(UsageError, match="a configuration of your own"):
            sandbox.write_home(tmp_path)
    assert (tmp_path / "config.toml").read_text("utf-8") == "[nodes.mine]\n"


async def test_serve_announces_itself_and_ends_when_cancelled(tmp_path: Path) -> None:
    announced: asyncio.Future[object] = asyncio.get_running_loop().create_future()
    task = asyncio.create_task(serve(0, tmp_path, None, [], announced.set_result))
    async with asyncio.timeout(20):
        facts = json.loads(json.dumps(await announced))
        assert facts["home"] == str(tmp_path)
        assert facts["nodes"]["sandbox-upv"]["username"] == "ingester"
        context = ssl.create_default_context(cafile=facts["ca_file"])
        url = facts["nodes"]["sandbox-upv"]["issuer_url"] + "/.well-known/openid-configuration"
        async with httpx.AsyncClient(verify=context, trust_env=False) as http:
            assert (await http.get(url)).json()["issuer"] in url
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


def test_a_sandbox_runs_beside_a_thread_that_blocks() -> None:
    with in_thread(Options(auth="none")) as sandbox:
        url = f"{sandbox.endpoints.dicomweb_url}/studies"
        answer = httpx.get(url, verify=trusting(sandbox), trust_env=False)
    assert (answer.status_code, answer.json()) == (200, [])

"""The XNAT site as a part of the sandbox: its origin, its home, its records, bounded memory."""

from __future__ import annotations

import asyncio
import json
import os
import ssl
import subprocess
import sys
import tarfile
import tomllib
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from adapters.profiles import load_profiles
from adapters.sandbox.server import Options, Sandbox, serve
from tests.sandbox.bodies import trusting, uid
from tests.sandbox.xnat.made import IMPORT, Walk, client, ct, series


async def test_the_home_names_the_xnat_node_with_one_destination(tmp_path: Path) -> None:
    async with Sandbox() as sandbox:
        sandbox.write_home(tmp_path)
        url = sandbox.xnat_url
    config = tomllib.loads((tmp_path / "config.toml").read_text("utf-8"))
    assert config["nodes"]["sandbox-xnat"] == {
        "kind": "xnat",
        "url": url,
        "username": "ingester",
        "ca_file": "ca.pem",
        "gate": "integrity",
        "deidentified": "as-is",
        "destinations": ["SANDBOX"],
        "listing_delay_s": 2,
    }
    profile = load_profiles(tmp_path)["sandbox-xnat"]
    assert (profile.kind, profile.gate, profile.deidentified) == ("xnat", "integrity", "as-is")


async def test_the_printed_facts_lead_to_both_nodes(tmp_path: Path) -> None:
    announced: asyncio.Future[object] = asyncio.get_running_loop().create_future()
    task = asyncio.create_task(serve(0, tmp_path, None, [], announced.set_result))
    async with asyncio.timeout(20):
        facts = json.loads(json.dumps(await announced))
        node = facts["nodes"]["sandbox-xnat"]
        assert sorted(facts["nodes"]) == ["sandbox-upv", "sandbox-xnat"]
        assert (node["project"], node["username"]) == ("SANDBOX", "ingester")
        context = ssl.create_default_context(cafile=facts["ca_file"])
        async with httpx.AsyncClient(verify=context, trust_env=False) as http:
            url = f"{node['url']}/xapi/users/username"
            assert (await http.get(url, auth=("ingester", "ingester"))).text == "ingester"
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


async def test_both_origins_record_into_one_row_of_numbers(tmp_path: Path) -> None:
    async with Sandbox(Options(auth="none", record=tmp_path)) as sandbox, client(sandbox) as http:
        await http.get("/data/auth")
        async with httpx.AsyncClient(verify=trusting(sandbox), trust_env=False) as other:
            await other.get(f"{sandbox.endpoints.dicomweb_url}/studies")
        await http.get("/data/version")
    assert _request_lines(tmp_path) == [
        b"GET /data/auth HTTP/1.1",
        b"GET /dicom-web/studies HTTP/1.1",
        b"GET /data/version HTTP/1.1",
    ]


def _request_lines(folder: Path) -> list[bytes]:
    return [path.read_bytes().partition(b"\r\n")[0] for path in sorted(folder.iterdir())]


async def test_the_control_endpoint_arms_faults_and_tells_what_is_held() -> None:
    async with Sandbox() as sandbox, client(sandbox) as http:
        walk = Walk(http)
        async with httpx.AsyncClient(verify=trusting(sandbox), trust_env=False) as control:
            url = sandbox.control_url
            await control.post(f"{url}/faults", content="xnat:processing,times=1")
            assert (await walk.send(series("a"))).status_code == 400
            await walk.archived(series("a"))
            await walk.send(series("b", study="b"), EXPT_LABEL="E2")
            held = (await control.get(f"{url}/xnat/stored")).json()
    assert {place: list(found) for place, found in held.items()} == {
        "archived": [uid("a")],
        "prearchive": [uid("b")],
    }


async def test_the_control_endpoint_sets_the_site_up() -> None:
    async with Sandbox() as sandbox, client(sandbox) as http:
        async with httpx.AsyncClient(verify=trusting(sandbox), trust_env=False) as control:
            url = f"{sandbox.control_url}/xnat/options"
            done = await control.post(url, json={"line": "1.8", "session_timeout_s": 60})
            wrong = await control.post(url, json={"line": "1.9"})
            unknown = await control.post(url, json={"none_such": 1})
        version = (await http.get("/xapi/siteConfig/buildInfo/version")).text
    assert [a.status_code for a in (done, wrong, unknown)] == [204, 400, 400]
    assert (version, sandbox.xnat.accounts.timeout_s) == ("1.8.9", 60)


_SERVER = """
import shutil, sys
from adapters.sandbox.server import Options, Sandbox
def ready(sandbox):
    shutil.copy(sandbox.ca_file, sys.argv[1])
    print(sandbox.xnat_url, flush=True)
Sandbox(Options()).run(ready)
"""


def _peak_kib(pid: int) -> int:
    lines = Path(f"/proc/{pid}/status").read_text("ascii").splitlines()
    return int(next(line for line in lines if line.startswith("VmHWM")).split()[1])


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads /proc")
def test_a_tar_of_200_mb_does_not_grow_the_site(tmp_path: Path) -> None:
    entry = _tar_entry(ct("large", side=1024))
    count = 100

    def body() -> Iterator[bytes]:
        for _ in range(count):
            yield entry
        yield bytes(1024)

    length = len(entry) * count + 1024
    assert length > 200_000_000
    process = subprocess.Popen(
        [sys.executable, "-c", _SERVER, str(tmp_path / "ca.pem")],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])},
    )
    try:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        context = ssl.create_default_context(cafile=str(tmp_path / "ca.pem"))
        before = _peak_kib(process.pid)
        with httpx.Client(verify=context, trust_env=False, timeout=60) as http:
            answer = http.post(
                f"{url}{IMPORT}?import-handler=DICOM-zip&PROJECT_ID=SANDBOX&inbody=true",
                content=body(),
                headers={"content-type": "application/x-tar", "content-length": str(length)},
                auth=("ingester", "ingester"),
            )
        assert answer.status_code == 200
        assert _peak_kib(process.pid) - before < 48 * 1024
    finally:
        process.terminate()
        assert process.wait(10) == 0
        if process.stdout is not None:
            process.stdout.close()


def _tar_entry(content: bytes) -> bytes:
    """One entry without the two empty blocks that end an archive."""
    info = tarfile.TarInfo("a.dcm")
    info.size = len(content)
    return info.tobuf() + content + bytes(-len(content) % 512)

"""A node whose connection cannot be trusted: refused at once, before anything of ours is sent."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest

from tests.adapters.tls_server import Reply, Request, Server, server_context, serving
from tests.certificates import Authority
from tests.conformance.made import fresh_series, many
from tests.engine.bench import write_source
from tests.program import Program, Ran

PASSWORD = "the-password-of-this-test"
QUICKLY_S = 15.0
HOPELESS = ["unknown-ca", "tls-1.2", "expired", "wrong-name", "plain-http"]


def context_with(fault: str, ours: Authority) -> ssl.SSLContext | None:
    """A server's TLS with one fault, for clients that trust `ours`; None for no TLS at all."""
    if fault == "plain-http":
        return None
    issued = ours.issue()
    if fault == "unknown-ca":
        issued = Authority(ours.folder / "foreign").issue()
    elif fault == "expired":
        issued = ours.issue(valid_from_days=-9, valid_until_days=-2)
    elif fault == "wrong-name":
        issued = ours.issue(names=("elsewhere.example",))
    version = ssl.TLSVersion.TLSv1_2 if fault == "tls-1.2" else ssl.TLSVersion.TLSv1_3
    return server_context(issued, version=version)


def upload_to(fault: str, tmp_path: Path, auth: str) -> tuple[Ran, Server, Program]:
    """Run a whole upload to a server with that fault."""
    ours = Authority(tmp_path / "ours")
    source = write_source(tmp_path / "source", many(fresh_series(), 2))

    def script(request: Request) -> Reply:
        return Reply(200, b"{}")

    with serving(script, context_with(fault, ours)) as server:
        program = Program(tmp_path / "home", {"EUCAIM_TRANSFER_PASSWORD": PASSWORD})
        table = {
            "kind": "upv",
            "dicomweb_url": f"{server.url}/dicom-web",
            "issuer_url": f"{server.url}/realm",
            "auth": auth,
            "username": "somebody",
            "ca_file": str(ours.ca_file),
        }
        program.configure({"bad": table})
        program.good("new", "t", "--node", "bad", "--source", source)
        return program.run("upload", "t"), server, program


@pytest.mark.parametrize("auth", ["none", "basic", "password"])
@pytest.mark.parametrize("fault", HOPELESS)
def test_an_upload_ends_with_6_quickly_and_nothing_was_sent(
    fault: str, auth: str, tmp_path: Path
) -> None:
    ran, server, program = upload_to(fault, tmp_path, auth)
    assert ran.code == 6, str(ran)
    assert ran.seconds < QUICKLY_S
    assert len(ran.complaint) == 2
    assert server.requests == []
    assert bytes(server.received) == b""
    instances = program.status("t")["instances"]
    assert (instances["sent"], instances["verified"], instances["failed"]) == (0, 0, 0)


@pytest.mark.parametrize(
    ("fault", "check"),
    [("unknown-ca", "certificate"), ("tls-1.2", "tls-version"), ("expired", "certificate")],
)
def test_the_doctor_names_what_is_wrong(fault: str, check: str, tmp_path: Path) -> None:
    ours = Authority(tmp_path / "ours")
    with serving(lambda _: Reply(), context_with(fault, ours)) as server:
        program = Program(tmp_path / "home")
        url = f"{server.url}/dicom-web"
        table = {"kind": "upv", "dicomweb_url": url, "ca_file": str(ours.ca_file)}
        program.configure({"bad": table})
        ran = program.run("doctor", "--node", "bad", "--json")
    assert ran.code == 6, str(ran)
    failed = [c["check"] for c in ran.document["checks"] if c["state"] == "fail"]
    assert failed == [check]


def test_where_nobody_listens_the_upload_ends_with_6_before_hours_of_reading(
    tmp_path: Path,
) -> None:
    source = write_source(tmp_path / "source", many(fresh_series(), 2))
    program = Program(tmp_path / "home")
    # Port 9 (discard) of loopback.
    table = {"kind": "upv", "dicomweb_url": "https://127.0.0.1:9/dicom-web", "patience_s": 0}
    program.configure({"gone": table})
    program.good("new", "t", "--node", "gone", "--source", source)
    ran = program.run("upload", "t")
    assert ran.code == 6, str(ran)
    assert ran.complaint[0].endswith("The node cannot be reached.")
    assert program.status("t")["files"]["seen"] == 0

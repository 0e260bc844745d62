"""A hostile environment: variables that have other programs log their keys, trust strangers, hand
out passwords or fall over. The real command line goes its whole way under all of them at once."""

from __future__ import annotations

import base64
import os
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from adapters.sandbox.server import Options, in_thread
from tests.adapters.connect_proxy import connect_proxy
from tests.adapters.tls_server import Reply, Request, serving
from tests.attack.forge import Holder, issue, showing, trust_file
from tests.conformance.made import fresh_series, many
from tests.engine.bench import write_source
from tests.privacy.seen import files_below
from tests.program import Program, Ran

OPENSSL = """
openssl_conf = all
[all]
ssl_conf = tls
[tls]
system_default = default
[default]
MinProtocol = TLSv1
CipherString = ALL:@SECLEVEL=0
Options = UnsafeLegacyRenegotiation,UnsafeLegacyServerConnect,-EncryptThenMac
VerifyMode = Request
"""
# The names of the transfers are those of their nodes.
COMMANDS = (
    "login sandbox-upv --username ingester",
    "new sandbox-upv --node sandbox-upv --source {source}",
    "upload sandbox-upv --detach",
    "status sandbox-upv --watch",
    "login sandbox-xnat --username ingester",
    "new sandbox-xnat --node sandbox-xnat --source {source}",
    "doctor sandbox-xnat",
    "scan sandbox-xnat",
    "check sandbox-xnat",
    "upload sandbox-xnat",
    "account sandbox-xnat --qr",
    "report sandbox-xnat --out {out}",
)
NODES = ("sandbox-upv", "sandbox-xnat")
NETRC_PASSWORD = "n3trc-password"
IN_THE_PROXYS_ADDRESS = "pr0xy-password"
SOMEBODY = 54321


def _variables(tmp: Path, proxy: str, trap: str) -> dict[str, str]:
    """All that we know of, each to the attacker's taste. `trap` is a proxy for what is plain."""
    netrc = "".join(
        f"machine {host} login thief password {NETRC_PASSWORD}\n" for host in ("127.0.0.1", "h")
    )
    for file in (tmp / "netrc", tmp / "account" / ".netrc"):
        file.parent.mkdir(exist_ok=True)
        file.write_text(f"{netrc}default login thief password {NETRC_PASSWORD}\n")
        file.chmod(0o600)
    scratch = tmp / "scratch"
    scratch.mkdir()
    scratch.chmod(0o777)
    if os.geteuid() == 0:
        os.chown(scratch, SOMEBODY, SOMEBODY)
    (tmp / "openssl.cnf").write_text(OPENSSL)
    (tmp / "startup.py").write_text(f"open({str(tmp / 'started')!r}, 'w')\n")
    with_password = proxy.replace("://", f"://us:{IN_THE_PROXYS_ADDRESS}@")
    return {
        "SSLKEYLOGFILE": str(tmp / "keys.log"),
        "PYTHONHTTPSVERIFY": "0",
        "REQUESTS_CA_BUNDLE": str(tmp / "strangers.pem"),
        "CURL_CA_BUNDLE": str(tmp / "strangers.pem"),
        "OPENSSL_CONF": str(tmp / "openssl.cnf"),
        "HTTP_PROXY": trap,
        "http_proxy": trap,
        "FTP_PROXY": trap,
        "HTTPS_PROXY": with_password,
        "NO_PROXY": "[::1,%,*.*,\t,256.0.0.0/99",
        "NETRC": str(tmp / "netrc"),
        "HOME": str(tmp / "account"),
        "XDG_CONFIG_HOME": "relative",
        "XDG_STATE_HOME": "\n",
        "PYTHONSTARTUP": str(tmp / "startup.py"),
        "PYTHONOPTIMIZE": "2",
        "PYTHONASYNCIODEBUG": "1",
        "PYTHONCOERCECLOCALE": "0",
        "PYTHONUTF8": "0",
        "LC_ALL": "C",
        "LANG": "\x1b[2J",
        "TZ": "../../etc/passwd",
        "TERM": "\x1b]0;owned\x07",
        "COLUMNS": "99999999",
        "LINES": "-1",
        "TMPDIR": str(scratch),
    }


@dataclass(frozen=True)
class Gone:
    """A whole way under these variables, and what came of it."""

    tmp: Path
    ran: list[Ran]
    heads: list[bytes]
    in_plain: int

    @property
    def requests(self) -> bytes:
        return b"\n".join(path.read_bytes() for path in (self.tmp / "record").iterdir())


@pytest.fixture(scope="module")
def gone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gone]:
    tmp = tmp_path_factory.mktemp("environment")
    source = write_source(tmp / "söurce", many(fresh_series(), 3))
    (tmp / "strangers.pem").write_bytes(issue(None, called="a stranger", is_ca=True).pem)
    with (
        in_thread(Options(record=tmp / "record")) as sandbox,
        connect_proxy() as proxy,
        connect_proxy() as trap,
    ):
        sandbox.write_home(tmp / "home")
        program = Program(tmp / "home", _variables(tmp, proxy.url, trap.url))
        ran = [
            program.run(
                *words.format(source=source, out=tmp / "report").split(), typed="ingester\n"
            )
            for words in COMMANDS
        ]
        yield Gone(tmp, ran, list(proxy.heads), trap.connections)


def test_every_command_does_what_it_does_elsewhere(gone: Gone) -> None:
    # The doctor finds fault with a proxy, a locale, a screen of that size: 3.
    wrong = [
        str(ran)
        for ran in gone.ran
        if ran.code not in ((0, 2, 3, 6) if "doctor" in ran.words else (0,))
    ]
    assert wrong == []
    assert not any("Traceback" in ran.err or "fault of" in ran.err for ran in gone.ran)
    assert all(len(ran.out) < 100_000 and len(ran.err) < 100_000 for ran in gone.ran)


@pytest.mark.parametrize("node", NODES)
def test_every_image_is_there(gone: Gone, node: str) -> None:
    assert Program(gone.tmp / "home").status(node)["instances"]["verified"] == 3


def test_the_keys_of_no_connection_are_written_down(gone: Gone) -> None:
    """SSLKEYLOGFILE: whoever has the file reads all that passed, now or later."""
    assert not (gone.tmp / "keys.log").exists()


def test_no_password_of_a_netrc_file_is_sent(gone: Gone) -> None:
    """curl and requests send it without being asked."""
    sent = base64.b64encode(f"thief:{NETRC_PASSWORD}".encode())
    assert len(gone.requests) > 1000
    assert sent not in gone.requests
    assert NETRC_PASSWORD.encode() not in gone.requests + b"".join(gone.heads)
    assert b"thief" not in gone.requests


def test_the_proxy_is_asked_for_ways_and_for_nothing_else(gone: Gone) -> None:
    assert len(gone.heads) >= 4
    assert {head.split(b" ", 1)[0] for head in gone.heads} == {b"CONNECT"}
    assert gone.in_plain == 0
    login = base64.b64encode(f"us:{IN_THE_PROXYS_ADDRESS}".encode())
    assert login not in gone.requests


def test_the_proxys_password_stands_in_no_file_and_no_output(gone: Gone) -> None:
    places = [*files_below(gone.tmp / "home"), *files_below(gone.tmp / "report")]
    assert [name for name, text in places if IN_THE_PROXYS_ADDRESS.encode() in text] == []
    assert [r.words for r in gone.ran if IN_THE_PROXYS_ADDRESS in r.out + r.err] == []


def test_no_escape_of_a_variable_reaches_the_terminal(gone: Gone) -> None:
    told = "".join(ran.out + ran.err for ran in gone.ran)
    assert "owned" not in told
    assert "\x1b[2J" not in told


def test_nothing_is_left_in_a_temporary_folder_of_somebody_else(gone: Gone) -> None:
    assert list((gone.tmp / "scratch").iterdir()) == []


def test_a_startup_file_is_not_run(gone: Gone) -> None:
    assert not (gone.tmp / "started").exists()


def _config(tmp_path: Path, url: str, ca_file: Path) -> Program:
    program = Program(tmp_path / "program")
    table = {"kind": "xnat", "url": url, "username": "us", "ca_file": str(ca_file)}
    program.configure({"n": table})
    return program


def _refuse(request: Request) -> Reply:
    return Reply(401)


@pytest.mark.parametrize("variable", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
def test_a_stranger_is_not_trusted_because_a_variable_of_other_programs_says_so(
    variable: str, root: Holder, folder: Path, tmp_path: Path
) -> None:
    stranger = issue(None, called="a stranger", is_ca=True)
    (tmp_path / "strangers.pem").write_bytes(stranger.pem)
    with serving(_refuse, showing(folder, issue(stranger))) as server:
        program = _config(tmp_path, server.url, trust_file(folder, root))
        program.environ = {variable: str(tmp_path / "strangers.pem"), "PYTHONHTTPSVERIFY": "0"}
        ran = program.run("login", "n", typed="s3cret\n")
    assert ran.code == 6, str(ran)
    assert server.connections >= 1
    assert bytes(server.received) == b""


def test_a_configuration_of_openssl_brings_no_older_tls_back(
    root: Holder, folder: Path, tmp_path: Path
) -> None:
    (tmp_path / "openssl.cnf").write_text(OPENSSL)
    old = showing(folder, issue(root), versions=(ssl.TLSVersion.TLSv1_2,) * 2)
    with serving(_refuse, old) as server:
        program = _config(tmp_path, server.url, trust_file(folder, root))
        program.environ = {"OPENSSL_CONF": str(tmp_path / "openssl.cnf")}
        ran = program.run("login", "n", typed="s3cret\n")
    assert ran.code == 6, str(ran)
    assert "TLS 1.3" in ran.err
    assert bytes(server.received) == b""


def test_a_home_of_an_account_that_is_not_there_is_told(tmp_path: Path) -> None:
    ran = Program(tmp_path, {"EUCAIM_TRANSFER_HOME": "~nobody-of-that-name/x"}).run("list")
    assert ran.code == 2, str(ran)
    assert "names the folder of an account that is not there" in ran.err

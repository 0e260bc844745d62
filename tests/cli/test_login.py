"""`login` and `logout`: what they ask, what they keep, what they say, and what they forget."""

from __future__ import annotations

import json
import os
import pty
import re
import select
import shutil
import ssl
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

import pytest

from adapters.sandbox.server import Options
from adapters.secrets import SecretStore
from tests.adapters.tls_server import server_context
from tests.adapters.xnat.scripted import Running, running
from tests.certificates import Authority
from tests.engine.bench import NODE, TRANSFER, Bench, bench
from tests.engine.xnat_bench import XnatBench, xnat_bench
from tests.program import REPOSITORY, Program
from transfer.accounts import read_account
from transfer.values import StepState
from transfer.workspace import Home


@pytest.fixture
def upv(tmp_path: Path) -> Iterator[Bench]:
    with bench(tmp_path, is_signed_in=False) as made:
        yield made


@pytest.fixture
def xnat(tmp_path: Path) -> Iterator[XnatBench]:
    with xnat_bench(tmp_path) as made:
        made.program.environ = {}
        yield made


def stored(program: Program) -> dict[str, str]:
    file = program.home / "secrets" / "secrets.json"
    content: dict[str, str] = json.loads(file.read_text()) if file.exists() else {}
    return content


def with_password(program: Program) -> Program:
    return Program(program.home, {"EUCAIM_TRANSFER_PASSWORD": "ingester"})


@pytest.mark.parametrize("kind", ["upv", "xnat"])
def test_a_password_of_the_environment_is_exchanged_for_what_the_next_upload_signs_in_with(
    kind: str, request: pytest.FixtureRequest
) -> None:
    at: Bench = request.getfixturevalue(kind)
    ran = with_password(at.program).good("login", NODE)
    assert "A token is kept, in a file that only this account can read; no password is." in ran.out
    assert "ingester" not in stored(at.program).values()
    at.assert_all_arrived(at.upload())


def test_a_password_on_standard_input_is_kept_nowhere(xnat: XnatBench) -> None:
    xnat.program.good("login", NODE, typed="ingester\n")
    assert list(stored(xnat.program)) == ["node.token"]
    account = read_account(Home.at(xnat.program.home), NODE)
    assert (account.state, account.username) == (StepState.DONE, "ingester")


def test_every_right_is_said_and_in_json_too(xnat: XnatBench) -> None:
    ran = xnat.program.good("login", NODE, typed="ingester\n")
    assert ran.out.splitlines()[:4] == [
        "Signed in to node as ingester.",
        "  owner of SANDBOX",
        "  may upload images to SANDBOX",
        "  may set the accessibility of SANDBOX",
    ]
    document = xnat.program.good("login", NODE, "--json", typed="ingester\n").document
    assert document["rights"][0] == {
        "what": "upload images to SANDBOX",
        "is_given": True,
        "remedy": "",
        "ticket": "",
    }
    assert document["kept"] == {
        "what": "token",
        "where": "a file that only this account can read",
    }


def test_a_missing_right_says_what_to_do(tmp_path: Path) -> None:
    with xnat_bench(tmp_path, username="reader") as at:
        ran = at.program.good("login", NODE)
    assert (
        "  may not upload images to SANDBOX — what to do: Ask an owner of SANDBOX to make you a"
        " member." in ran.out.splitlines()
    )


def test_a_missing_project_names_the_ticket_to_open(tmp_path: Path) -> None:
    with xnat_bench(tmp_path, destinations=["NOT-THERE"]) as at:
        lines = at.program.good("login", NODE).out.splitlines()
    at_line = next(
        n for n, line in enumerate(lines) if "may not upload images to NOT-THERE" in line
    )
    assert lines[at_line + 1] == f"    eucaim-transfer ticket {TRANSFER} --case project"


@pytest.mark.parametrize("kind", ["upv", "xnat"])
def test_a_sign_in_that_is_not_to_be_kept_leaves_nothing_behind(
    kind: str, request: pytest.FixtureRequest
) -> None:
    at: Bench = request.getfixturevalue(kind)
    ran = at.program.good("login", NODE, "--no-keep", typed="ingester\n")
    assert ran.out.splitlines()[-1] == (
        "Nothing is kept: an upload has to be given the sign-in again."
    )
    assert stored(at.program) == {}
    assert at.upload().code == 5


def test_trying_without_keeping_costs_no_sign_in_that_is_kept(xnat: XnatBench) -> None:
    xnat.program.good("login", NODE, typed="ingester\n")
    before = stored(xnat.program)
    xnat.program.good("login", NODE, "--no-keep", typed="ingester\n")
    assert stored(xnat.program) == before
    xnat.assert_all_arrived(xnat.upload())


def test_a_refused_password_costs_no_sign_in_that_is_kept(xnat: XnatBench) -> None:
    xnat.program.good("login", NODE, typed="ingester\n")
    assert xnat.program.run("login", NODE, typed="wrong\n").code == 5
    # Of the wrong one a digest, so that no restart sends it again.
    assert list(stored(xnat.program)) == ["node.refused", "node.token"]
    xnat.assert_all_arrived(xnat.upload())


def test_a_login_where_nobody_types_goes_by_what_is_kept(xnat: XnatBench) -> None:
    xnat.program.good("login", NODE, typed="ingester\n")
    assert xnat.program.good("login", NODE).out.startswith("Signed in to node as ingester.")


def test_another_name_begins_anew(xnat: XnatBench) -> None:
    xnat.program.good("login", NODE, typed="ingester\n")
    ran = xnat.program.good("login", NODE, "--username", "member", typed="member\n")
    assert ran.out.startswith("Signed in to node as member.")
    assert stored(xnat.program)["node.username"] == "member"


def test_without_a_name_and_a_terminal_it_is_a_matter_of_usage(xnat: XnatBench) -> None:
    xnat.configure(username=None)
    del xnat.table["username"]
    xnat.configure()
    ran = xnat.program.run("login", NODE, typed="ingester\n")
    assert ran.code == 2
    assert ran.err.splitlines() == [
        "eucaim-transfer: Nothing says whose password it is.",
        f"  what to do: Give the name: eucaim-transfer login {NODE} --username YOU",
    ]


@pytest.mark.parametrize("kind", ["upv", "xnat"])
def test_the_transfers_that_waited_are_named_with_how_to_go_on(
    kind: str, request: pytest.FixtureRequest
) -> None:
    at: Bench = request.getfixturevalue(kind)
    assert at.upload().code == 5
    assert at.status()["state"] == "waiting"
    assert read_account(Home.at(at.program.home), NODE).state is StepState.WAITING
    ran = at.program.good("login", NODE, typed="ingester\n")
    assert ran.out.splitlines()[-1] == (
        f"{TRANSFER} waited for this. Go on with: eucaim-transfer upload {TRANSFER}"
    )
    at.assert_all_arrived(at.upload())
    again = at.program.good("login", NODE, "--json")
    assert again.document["waiting"] == []


def test_on_a_terminal_name_and_password_are_asked_for_and_the_password_is_not_shown(
    xnat: XnatBench,
) -> None:
    del xnat.table["username"]
    xnat.configure()
    pid, terminal = pty.fork()
    if pid == 0:
        environ = xnat.program.environment() | {"PYTHONPATH": str(REPOSITORY)}
        os.chdir(REPOSITORY)
        words = [sys.executable, "-P", "-m", "tui", "login", NODE]
        os.execve(sys.executable, words, environ)  # noqa: S606 - to be the terminal's own
    shown = _shown_until(terminal, b"User name for node: ")
    os.write(terminal, b"ingester\n")
    shown += _shown_until(terminal, b"Password for node: ")
    os.write(terminal, b"ingester\n")
    shown += _shown_until(terminal, b"no password is.")
    _, status = os.waitpid(pid, 0)
    os.close(terminal)
    assert os.waitstatus_to_exitcode(status) == 0
    # Typed as the name, and said in the answer.
    assert shown.count(b"ingester") == 2
    assert sorted(stored(xnat.program)) == ["node.token", "node.username"]


def _shown_until(terminal: int, text: bytes) -> bytes:
    shown = b""
    while text not in shown:
        assert select.select([terminal], [], [], 60)[0], shown
        shown += os.read(terminal, 1024)
    return shown


@pytest.fixture
def scripted(tmp_path: Path) -> Iterator[Running]:
    authority = Authority(tmp_path)
    context: ssl.SSLContext = server_context(authority.issue())
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    with running(home, authority.ca_file, context) as site:
        site.settings()
        yield site


def test_where_no_token_is_given_the_password_is_kept_and_that_is_said(scripted: Running) -> None:
    scripted.xnat.gives_tokens = False
    program = Program(scripted.home)
    ran = program.good("login", "n", typed="right\n")
    assert ran.out.splitlines()[-1] == (
        "The node gives no token, so the password is kept, in a file that only this account can"
        " read. Login with --no-keep keeps nothing."
    )
    assert stored(program) == {"n.password": "right"}
    assert program.good("login", "n").out.startswith("Signed in to n as ingester.")


def test_a_token_takes_the_place_of_a_password_that_was_kept(scripted: Running) -> None:
    program = Program(scripted.home)
    SecretStore(scripted.home, environ={}, keyring=lambda: None).put("n.password", "right")
    program.good("login", "n", typed="right\n")
    assert list(stored(program)) == ["n.token"]


def test_a_systemd_credential_is_not_copied(scripted: Running, tmp_path: Path) -> None:
    scripted.xnat.gives_tokens = False
    (tmp_path / "n.password").write_text("right")
    program = Program(scripted.home, {"CREDENTIALS_DIRECTORY": str(tmp_path)})
    ran = program.good("login", "n")
    assert ran.out.splitlines()[-1] == (
        "Nothing had to be stored: the password comes from systemd credentials, which this program"
        " can only read."
    )
    assert stored(program) == {}


def test_a_home_that_cannot_be_written_to_says_that_nothing_is_kept(scripted: Running) -> None:
    """Signed in, and yet the next upload would stand there with nothing."""
    (scripted.home / "secrets").write_text("in the way")
    ran = Program(scripted.home).run("login", "n", typed="right\n")
    assert ran.code == 2, str(ran)
    assert "secret" in ran.err


@pytest.mark.parametrize("kind", ["upv", "xnat"])
def test_logging_out_makes_the_token_void_on_the_node_and_forgets_it(
    kind: str, request: pytest.FixtureRequest
) -> None:
    at: Bench = request.getfixturevalue(kind)
    at.program.good("login", NODE, typed="ingester\n")
    kept = stored(at.program)
    ran = at.program.good("logout", NODE)
    assert ran.out.splitlines() == ["Nothing is stored for node any more."]
    assert stored(at.program) == {}
    assert read_account(Home.at(at.program.home), NODE).state is StepState.TODO
    # A copy of the token is worth nothing.
    store = SecretStore(at.program.home, environ={}, keyring=lambda: None)
    for name, value in kept.items():
        store.put(name, value)
    assert at.upload().code == 5


def test_logging_out_of_a_node_that_cannot_be_reached_forgets_all_the_same(
    tmp_path: Path,
) -> None:
    with xnat_bench(tmp_path) as at:
        shutil.copy(at.sandbox.ca_file, at.program.home / "ca.pem")
        at.configure(ca_file="ca.pem")
        at.program.good("login", NODE)
    at.program.environ = {}
    ran = at.program.run("logout", NODE)
    assert ran.code == 6
    assert stored(at.program) == {}
    assert ran.err.startswith("eucaim-transfer: The node could not be told: ")
    assert ran.err.splitlines()[1].startswith("  what to do: ")


def test_what_is_not_in_our_hands_is_said_at_the_logout(xnat: XnatBench) -> None:
    ran = with_password(xnat.program).good("logout", NODE)
    assert ran.out.splitlines()[-1] == (
        "Not in our hands: node.password still comes from EUCAIM_TRANSFER_PASSWORD in the"
        " environment."
    )
    document = with_password(xnat.program).good("logout", NODE, "--json").document
    assert document["left"] == {"node.password": "EUCAIM_TRANSFER_PASSWORD in the environment"}


CLIENTS = ("qpinsights", "dataset-explorer")


def test_in_the_browser_each_code_is_shown_and_confirmed_there(tmp_path: Path) -> None:
    options = Options(device_clients=CLIENTS)
    with bench(tmp_path, options=options, is_signed_in=False, auth="oidc") as at:
        at.sandbox.issuer.devices.interval_s = 0.0
        shown: list[str] = []
        with at.program.started("login", NODE, "--browser") as process:
            assert process.stderr is not None
            for line in process.stderr:
                found = re.search(r"Open (\S+) in any browser and enter the code (\S+) ", line)
                assert found, line
                shown.append(found[2])
                _confirm(at, found[1].partition("?")[0], found[2])
            assert process.wait(timeout=60) == 0
        assert len(set(shown)) >= 1
        assert f"{NODE}.token" in stored(at.program)
        at.assert_all_arrived(at.upload())


def _confirm(at: Bench, address: str, code: str) -> None:
    form = urlencode({"user_code": code, "username": "ingester", "password": "ingester"})
    context = ssl.create_default_context(cafile=str(at.sandbox.ca_file))
    with urllib.request.urlopen(  # noqa: S310 - loopback
        address, form.encode(), timeout=30, context=context
    ) as answer:
        assert b"Successful" in answer.read()


def test_a_password_that_is_given_is_used_where_a_browser_would_be_asked_too(
    tmp_path: Path,
) -> None:
    """A script that pipes it in cannot open one."""
    options = Options(device_clients=CLIENTS)
    with bench(tmp_path, options=options, is_signed_in=False, auth="oidc") as at:
        ran = at.program.good("login", NODE, typed="ingester\n")
        assert "browser" not in ran.err
        assert at.sandbox.issuer.sign_ins >= 1


def test_where_the_realm_refuses_the_browser_it_says_so_and_asks_for_no_password(
    tmp_path: Path,
) -> None:
    with bench(tmp_path, is_signed_in=False, auth="oidc") as at:
        ran = at.program.run("login", NODE, "--browser", typed="ingester\n")
        assert ran.code == 5, str(ran)
        assert at.sandbox.issuer.sign_ins == 0


def test_a_nodes_fixed_token_is_tried_before_it_is_kept(tmp_path: Path) -> None:
    with bench(tmp_path, is_signed_in=False, auth="token") as at:
        assert at.program.run("login", NODE, typed="no-token-of-this-node\n").code == 5
        assert stored(at.program) == {}
        token = _access_token(at)
        ran = at.program.good("login", NODE, typed=f"{token}\n")
        assert "A token is kept, in a file that only this account can read" in ran.out
        assert stored(at.program) == {f"{NODE}.token": token}
        at.assert_all_arrived(at.upload())


def _access_token(at: Bench) -> str:
    form = {"client_id": "qpinsights", "grant_type": "password"} | {
        "username": "ingester",
        "password": "ingester",
    }
    address = f"{at.sandbox.endpoints.issuer_url}/protocol/openid-connect/token"
    context = ssl.create_default_context(cafile=str(at.sandbox.ca_file))
    with urllib.request.urlopen(  # noqa: S310 - loopback
        address, urlencode(form).encode(), timeout=30, context=context
    ) as answer:
        token: str = json.loads(answer.read())["access_token"]
    return token

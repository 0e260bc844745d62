"""No password, token or cookie stands where it has no business: a complete run of the real program,
with what goes wrong in it, is searched for all that it was given and all that the node gave it.

Places: every file below the home but the secret store, all that is printed, the arguments and the
environment of every process while it runs, and what a crash leaves behind.
"""

from __future__ import annotations

import base64
import json
import os
import re
import resource
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import parse_qs, unquote

import pytest

from adapters.sandbox.server import Options, Sandbox, in_thread
from tests.conformance.made import fresh_series, many
from tests.engine.bench import write_source
from tests.faults.processes import await_until
from tests.privacy.seen import Seen, files_below, holders, spellings, watching
from tests.program import REPOSITORY, Program, Ran
from transfer.ledger.holder import is_held
from transfer.status import read_status
from transfer.workspace import Home

PASSWORD = "Kö9+/=correct horse&battery%staple"
PROXY_PASSWORD = "pr0xy+s3cret~0815"
STRUCK = Path(__file__).with_name("struck.py")
TRANSFER = "t"
_COOKIE = re.compile(rb"JSESSIONID=([0-9A-Za-z]+)")
_VOID = re.compile(rb"/tokens/(?:in)?validate/([0-9a-f-]{36})/(\w+)")
_HEADER = re.compile(rb"(?mi)^authorization: (Basic|Bearer) (\S+)\r?$")


@dataclass
class Run:
    """Everything that a whole run left behind, and everything that was secret in it."""

    program: Program
    sandbox: Sandbox
    node: str
    record: Path
    scratch: Path
    seen: Seen
    printed: list[tuple[str, bytes]] = field(default_factory=list)
    stored: dict[str, str] = field(default_factory=dict)
    limits: list[str] = field(default_factory=list)

    def run(self, *codes: int, words: str, typed: str = "") -> Ran:
        """One command that ends with one of these codes."""
        ran = self.program.run(*words.split(), typed=typed)
        assert ran.code in codes, str(ran)
        self.printed.append((words, f"{ran.out}\n{ran.err}".encode()))
        return ran

    def struck(self, method: str, words: str, typed: str = "") -> str:
        """The same with a request that fails as nobody expects."""
        done = subprocess.run(
            [sys.executable, "-P", str(STRUCK), method, *words.split()],
            cwd=REPOSITORY,
            env=self.program.environment() | {"PYTHONPATH": str(REPOSITORY)},
            input=typed,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 1, f"{done.stdout}\n{done.stderr}"
        self.printed.append((f"struck {words}", f"{done.stdout}\n{done.stderr}".encode()))
        return done.stderr

    def keep_in_mind(self) -> None:
        """Note what the store holds now."""
        file = self.program.home / "secrets" / "secrets.json"
        for name, value in json.loads(file.read_text()).items():
            self.stored[f"{name} {len(self.stored)}"] = value

    def crash(self, number: signal.Signals) -> None:
        """Let a detached upload begin, and end it by a signal that leaves a core file elsewhere."""
        answer = self.run(0, words=f"upload {TRANSFER} --detach --json --bwlimit 1K")
        pid = json.loads(answer.out)["runner"]["pid"]
        workspace = Home.at(self.program.home).workspace(TRANSFER)
        await_until(
            lambda: read_status(workspace).census.instances.sent > 0, "an instance was acknowledged"
        )
        limits = Path(f"/proc/{pid}/limits").read_text().splitlines()
        self.limits += [line for line in limits if line.startswith("Max core file size")]
        os.kill(pid, number)
        await_until(lambda: not is_held(workspace.lock), "the runner is gone")
        self.run(0, words=f"limit {TRANSFER} none")

    @property
    def secrets(self) -> dict[str, str]:
        """All that was secret, by what it is: given, stored, or seen in a request."""
        found = {"password": PASSWORD, "proxy password": PROXY_PASSWORD}
        for name, value in self.stored.items():
            if value.startswith("{"):
                kept = json.loads(value)
                # An alias token, or the digest of a password that was refused.
                found[f"{name} secret"] = kept.get("secret") or kept["digest"]
            else:
                found[name] = value
        for file in sorted(self.record.glob("*-request.http")):
            head, _, body = file.read_bytes().partition(b"\r\n\r\n")
            for kind, value in _HEADER.findall(head):
                text = value.decode()
                if kind.lower() == b"basic":
                    text = base64.b64decode(text).decode().partition(":")[2]
                found[f"authorization {text[-12:]}"] = text
            for cookie in _COOKIE.findall(head):
                found[f"cookie {cookie.decode()[:8]}"] = cookie.decode()
            for alias, secret in _VOID.findall(head):
                found[f"void {alias.decode()[:8]}"] = secret.decode()
            form = parse_qs(body.decode("latin-1")) if b"x-www-form-urlencoded" in head else {}
            for value in form.get("refresh_token", []) + form.get("token", []):
                found[f"form {value[:8]}"] = value
        return found


def _cores() -> set[str]:
    """Core files where our processes have their working folders."""
    return {str(p) for folder in (Path("/"), REPOSITORY) for p in folder.glob("core*")}


@pytest.fixture(scope="module", params=["sandbox-upv", "sandbox-xnat"])
def run(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    """The whole way to one of the stand-ins, with a wrong password, crashes and faults."""
    tmp = tmp_path_factory.mktemp("secrets")
    record, scratch, home = tmp / "record", tmp / "scratch", tmp / "home"
    scratch.mkdir()
    source = write_source(tmp / "source", many(fresh_series(), 24))
    before, limit = _cores(), resource.getrlimit(resource.RLIMIT_CORE)
    # As on a host that keeps core files: the program itself has to see to it.
    resource.setrlimit(resource.RLIMIT_CORE, (limit[1], limit[1]))
    with in_thread(Options(record=record)) as sandbox, watching(str(home)) as seen:
        sandbox.write_home(home)
        home.chmod(0o700)
        config = home / "config.toml"
        head = f"[nodes.{request.param}]\n"
        slow = f"{head}max_batch_instances = 2\nmax_concurrency = 1\n"
        config.write_text(config.read_text().replace(head, slow))
        people, users = sandbox.issuer._accounts, sandbox.xnat.accounts._accounts
        people["ingester"] = replace(people["ingester"], password=PASSWORD)
        users["ingester"] = replace(users["ingester"], password=PASSWORD)
        bare = {"TMPDIR": str(scratch)}
        at = Run(Program(home, bare), sandbox, request.param, record, scratch, seen)
        _go(at, source)
        at.program.environ = {
            **bare,
            "EUCAIM_TRANSFER_PASSWORD": PASSWORD,
            "HTTPS_PROXY": f"http://us:{PROXY_PASSWORD}@127.0.0.1:9",
            "NO_PROXY": "127.0.0.1",
        }
        _go_by_environment(at, source)
        yield at
    resource.setrlimit(resource.RLIMIT_CORE, limit)
    assert _cores() == before


def _go(at: Run, source: Path) -> None:
    typed = f"{PASSWORD}\n"
    at.run(5, words=f"login {at.node}", typed=f"{PASSWORD}x\n")
    method = "POST" if at.node == "sandbox-upv" else "PUT"
    told = at.struck(method, f"login {at.node}", typed)
    assert "The program met a fault of its own (LookupError)" in told
    at.run(0, words=f"login {at.node} --json", typed=typed)
    at.keep_in_mind()
    at.run(0, words=f"login {at.node} --no-keep", typed=typed)
    at.run(0, words=f"new {TRANSFER} --node {at.node} --source {source}")
    at.run(0, 3, 5, 6, words=f"doctor {TRANSFER}")
    at.run(0, 3, 5, 6, words=f"doctor {TRANSFER} --json")
    at.run(0, words=f"scan {TRANSFER}")
    at.run(0, words=f"check {TRANSFER}")
    at.run(0, 2, 3, words=f"ticket {TRANSFER}")
    at.crash(signal.SIGSEGV)
    at.crash(signal.SIGABRT)
    at.struck("POST", f"upload {TRANSFER}")
    at.struck("POST", f"upload {TRANSFER} --runner --until upload")
    at.keep_in_mind()
    at.run(0, words=f"upload {TRANSFER} --json")
    at.run(0, words=f"status {TRANSFER}")
    at.run(0, words=f"status {TRANSFER} --json")
    at.run(0, words=f"verify {TRANSFER}")
    at.run(0, words="list --json")
    at.keep_in_mind()
    at.run(0, words=f"logout {at.node}")
    at.run(5, words=f"verify {TRANSFER}")


def _go_by_environment(at: Run, source: Path) -> None:
    at.run(0, words=f"new second --node {at.node} --source {source}")
    at.run(0, words="upload second --detach")
    workspace = Home.at(at.program.home).workspace("second")
    await_until(lambda: not is_held(workspace.lock), "the runner has ended")
    assert read_status(workspace).state == "done"
    at.keep_in_mind()


def test_the_search_knows_what_was_secret_and_finds_it_where_it_was(run: Run) -> None:
    secrets = run.secrets
    kinds = {name.split(" ")[0] for name in secrets}
    assert {"password", "authorization"} <= kinds
    assert ("cookie" in kinds) is (run.node == "sandbox-xnat")
    assert len(secrets) >= 8
    requests = [(file.name, file.read_bytes()) for file in run.record.glob("*-request.http")]
    assert len({line.split(" in ")[0] for line in holders(secrets, requests)}) >= len(secrets) // 2
    kept = [f for f in files_below(run.program.home) if f[0].startswith("secrets/")]
    assert [line for line in holders(secrets, kept) if line.endswith("secrets.json")] != []


@pytest.mark.parametrize("before", ["", "u", "us", "us:"])
def test_the_search_sees_through_base64_wherever_the_secret_begins(before: str) -> None:
    written = base64.b64encode(f"{before}{PASSWORD}!!".encode())
    assert any(way in written for way in spellings(PASSWORD))


def test_no_file_below_the_home_but_the_secret_store_holds_a_secret(run: Run) -> None:
    files = files_below(run.program.home)
    names = {Path(name).name for name, _ in files}
    assert {"runner.log", "ledger.sqlite", "crash.log", f"{run.node}.json"} <= names
    elsewhere = [f for f in files if not f[0].startswith("secrets/")]
    assert holders(run.secrets, elsewhere) == []


def test_no_password_is_stored_where_a_token_does_the_job(run: Run) -> None:
    kept = [f for f in files_below(run.program.home) if f[0].startswith("secrets/")]
    only = {"password": PASSWORD, "proxy password": PROXY_PASSWORD}
    assert len(kept) >= 1
    assert holders(only, kept) == []


def test_nothing_that_is_printed_holds_a_secret(run: Run) -> None:
    assert len(run.printed) >= 20
    assert holders(run.secrets, run.printed) == []


def test_no_process_shows_a_secret_in_its_arguments(run: Run) -> None:
    shown = b"\n".join(run.seen.arguments)
    assert b"--runner" in shown
    assert b"multiprocessing" in shown
    assert holders(run.secrets, [("arguments", shown)]) == []


def test_no_process_shows_a_secret_in_its_environment_but_the_one_that_was_given_it(
    run: Run,
) -> None:
    """A shell that exports a password shows it by itself; what the program starts does not."""
    assert len(run.seen.of_children) >= 2
    children = [("a child's environment", text) for text in run.seen.of_children]
    assert holders(run.secrets, children) == []
    ours = [("our own environment", text) for text in run.seen.of_ours]
    given = {"password", "proxy password"}
    tokens = {name: value for name, value in run.secrets.items() if name not in given}
    assert holders(tokens, ours) == []


def test_a_crash_leaves_no_image_of_the_memory(run: Run) -> None:
    assert [line.split()[4] for line in run.limits] == ["0", "0"]


def test_nothing_is_left_in_the_temporary_folder(run: Run) -> None:
    assert [str(p) for p in run.scratch.rglob("*")] == []


def test_no_secret_stands_in_the_address_of_a_request_but_that_which_makes_it_void(
    run: Run,
) -> None:
    """Addresses end up in the logs of proxies and servers; XNAT's route takes its secret there."""
    lines = [
        (file.name, unquote(file.read_bytes().split(b"\r\n", 1)[0].decode()).encode())
        for file in run.record.glob("*-request.http")
    ]
    assert len(lines) >= 20
    others = [line for line in lines if b"/tokens/invalidate/" not in line[1]]
    assert holders(run.secrets, others) == []


FAILING = """
import asyncio, logging, threading
from tui.crash import say_no_values
say_no_values()

def fail():
    raise LookupError("s3cret")

class Falling:
    def __del__(self):
        fail()

async def task():
    asyncio.get_running_loop().call_soon(fail)
    await asyncio.sleep(0)

thread = threading.Thread(target=fail)
thread.start()
thread.join()
Falling()
asyncio.run(task())
logging.getLogger("library").warning("the token is %s", "s3cret")
fail()
"""


def test_what_python_would_print_by_itself_names_the_place_and_no_value() -> None:
    done = subprocess.run(
        [sys.executable, "-P", "-c", FAILING],
        env={"PYTHONPATH": str(REPOSITORY), "PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    assert "s3cret" not in done.stdout + done.stderr
    assert done.stderr.count("LookupError") == 4
    assert "warning of library" in done.stderr

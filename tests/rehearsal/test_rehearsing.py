"""What a rehearsal may touch, and what is left of one that is killed."""

from __future__ import annotations

import functools
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path

import pytest

from tests.program import REPOSITORY
from tests.rehearsal.stages import Stage, on_stage
from transfer.errors import StepBlocked
from transfer.ledger.connection import Ledger
from transfer.ledger.holder import is_held
from transfer.rehearsing.beginning import Needs, needs_of, refuse_too_much
from transfer.retention.folder import remove_copies

_PATIENCE_S = 90.0


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with on_stage(tmp_path_factory.mktemp("stage"), is_small=True) as made:
        yield made


@functools.cache
def _no_net_of_its_own() -> str:
    """Why no process of ours may have a network of its own; empty when one may."""
    if shutil.which("unshare") is None:
        return "no unshare: apt-get install util-linux"
    tried = ["unshare", "-rn", "sh", "-c", "ip link set lo up"]
    if subprocess.run(tried, capture_output=True, check=False).returncode:
        return "no user namespaces, or no ip: run as root with iproute2, or allow them"
    return ""


@pytest.mark.skipif(bool(_no_net_of_its_own()), reason=_no_net_of_its_own())
def test_a_rehearsal_needs_no_network_but_loopback(stage: Stage) -> None:
    """In a process that has no other, with the addresses of two proxies in its environment."""
    ran = _rehearsed(
        stage, "to-upv", ["unshare", "-rn", "sh", "-c", 'ip link set lo up; "$@"', "-"]
    )
    assert ran.returncode == 0, ran.stderr
    assert "Rehearsed to the end" in ran.stdout


@pytest.mark.skipif(shutil.which("strace") is None, reason="no strace: apt-get install strace")
@pytest.mark.parametrize("name", ["to-upv", "to-xnat"])
def test_a_rehearsal_opens_no_socket_but_on_loopback(
    stage: Stage, name: str, tmp_path: Path
) -> None:
    """Every address that any of its processes connects to, binds or writes to."""
    trace = tmp_path / "trace"
    strace = ["strace", "-f", "-qq", "-e", "trace=connect,bind,sendto,sendmsg", "-o", str(trace)]
    ran = _rehearsed(stage, name, strace)
    assert ran.returncode == 0, ran.stderr
    text = trace.read_text("utf-8", "replace")
    addresses = re.findall(r"inet_addr\(\"([^\"]+)\"\)|inet_pton\(AF_INET6, \"([^\"]+)\"", text)
    found = {four or six for four, six in addresses}
    assert "127.0.0.1" in found
    assert found <= {"127.0.0.1", "::1"}
    families = set(re.findall(r"sa_family=(AF_\w+)", text))
    assert families <= {"AF_UNIX", "AF_NETLINK", "AF_INET", "AF_INET6"}


def _rehearsed(stage: Stage, name: str, before: list[str]) -> subprocess.CompletedProcess[str]:
    proxy = {"https_proxy": "http://192.0.2.9:3128", "ALL_PROXY": "http://u:p@192.0.2.9:3128"}
    return subprocess.run(
        [*before, sys.executable, "-P", "-m", "tui", "rehearse", name],
        cwd=REPOSITORY,
        env=stage.program.environment() | proxy | {"PYTHONPATH": str(REPOSITORY)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=_PATIENCE_S,
        check=False,
    )


def test_what_a_killed_rehearsal_leaves_is_removed_by_the_next(stage: Stage) -> None:
    """Killed at three points, each time by a call that first removed what the last one left."""
    place, before = stage.place("to-xnat"), stage.content("to-xnat")
    requests = stage.requests()
    for at in ("scan", "upload", "dataset"):
        _kill_at(stage, f"Rehearsal: {at}")
        # Its processes end by themselves, and hold the place until they have.
        deadline = time.monotonic() + _PATIENCE_S
        while is_held(place.lock):
            assert time.monotonic() < deadline
            time.sleep(0.02)
        assert place.copy.ledger.exists()
        assert stage.content("to-xnat") == before
    stage.program.good("rehearse", "to-xnat")
    assert [path.name for path in place.folder.iterdir()] == ["record.sqlite"]
    assert stage.content("to-xnat") == before
    assert stage.requests() == requests


def _kill_at(stage: Stage, line: str) -> None:
    with stage.program.started("rehearse", "to-xnat") as process:
        assert process.stderr is not None
        assert any(said.startswith(line) for said in process.stderr)
        process.send_signal(signal.SIGKILL)
        process.wait(_PATIENCE_S)


def test_a_rehearsal_of_nobody_is_refused(stage: Stage) -> None:
    assert stage.program.run("rehearse", "to-xnat", "--patients", "0").code == 2


def test_what_stands_in_the_way_stops_a_rehearsal_as_it_would_the_real_run(stage: Stage) -> None:
    config = stage.program.home / "config.toml"
    kept = config.read_text("utf-8")
    config.write_text(kept.replace('gate = "integrity"', 'gate = "eucaim"'), "utf-8")
    try:
        ran = stage.program.run("rehearse", "to-upv", "--json")
    finally:
        config.write_text(kept, "utf-8")
    assert ran.code == 3, str(ran)
    document = ran.document
    assert (document["rehearsed"], document["stopped_at"], document["went"]) == (
        False,
        "check",
        None,
    )
    assert document["message"] in ran.err


def test_a_part_of_the_patients_can_be_rehearsed_and_the_copy_kept(stage: Stage) -> None:
    ran = stage.program.good("rehearse", "to-upv", "--json", "--patients", "1", "--keep")
    kept = Path(ran.document["kept"])
    assert {"ledger.sqlite", "report"} <= {path.name for path in kept.iterdir()}
    assert not (stage.place("to-upv").folder / "home").exists()
    with Ledger.open(kept / "ledger.sqlite", read_only=True) as ledger:
        said = ledger.rows("SELECT DISTINCT is_sandbox FROM legal")
    assert said == [(1,)]


def test_the_end_of_retention_removes_all_of_a_rehearsal(stage: Stage) -> None:
    stage.new("to-be-removed")
    place = stage.place("to-be-removed")
    place.make()
    place.record.write_bytes(b"a record")
    (place.home.root / "keys").symlink_to(stage.program.home / "keys")
    remove_copies(place.workspace)
    assert not place.folder.exists()
    assert any((stage.program.home / "keys").glob("*.key"))


@pytest.mark.parametrize(
    ("disk", "memory", "is_refused"), [(6, 1, True), (1, 6, True), (5, 5, False)]
)
def test_a_machine_that_is_too_small_is_told_before(
    disk: int, memory: int, is_refused: bool
) -> None:
    gigabyte = 1_000_000_000
    needs = Needs(disk * gigabyte, memory * gigabyte, 5 * gigabyte, 5 * gigabyte, is_known=True)
    told = rf"It takes up to {disk}\.00 GB of disk .* and {memory}\.00 GB of memory \(5\.00 GB are"
    with pytest.raises(StepBlocked, match=told) if is_refused else nullcontext():
        refuse_too_much(needs)


def test_before_the_first_scan_nobody_knows_what_it_takes(stage: Stage) -> None:
    workspace = stage.place("to-upv").workspace
    with Ledger.open(workspace.ledger, read_only=True) as ledger:
        needs = needs_of(workspace, ledger)
    assert not needs.is_known
    assert needs.sentence.startswith("How much space it takes is known once the source was scanned")

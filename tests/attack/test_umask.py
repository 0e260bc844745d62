"""Under umask 000, as a careless unit file or shell may set it: nothing that any command makes can
be entered, read or written by another account, and nothing follows a link that lies in wait."""

from __future__ import annotations

import argparse
import os
import stat
from pathlib import Path

import pytest

from adapters.sandbox.server import Options, Sandbox, in_thread
from tests.conformance.made import fresh_series, many
from tests.engine.bench import write_source
from tests.program import Program
from transfer.workspace import make_folder
from tui.cli.parser import build_parser

# What each command is asked; NAME, DIR and so on are filled in. A command that refuses has made
# files as well: its code does not count.
WORDS = {
    "synth": "synth OUT/synth --patients 1",
    "new": "new NAME --node NODE --source SOURCE",
    "list": "list",
    "doctor": "doctor NAME",
    "account": "account sandbox-xnat",
    "step": "step NAME ticket",
    "login": "login NODE --username ingester",
    "key": "key export NAME --out OUT/key",
    "ticket": "ticket NAME",
    "scan": "scan NAME",
    "check": "check NAME --out OUT/findings",
    "select": "select NAME",
    "gateways": "gateways NAME",
    "mend": "mend NAME",
    "timepoints": "timepoints NAME",
    "review": "review NAME",
    "header": "header NAME I1",
    "preview": "preview NAME I1",
    "rehearse": "rehearse NAME",
    "upload": "upload NAME",
    "verify": "verify NAME",
    "clinical": "clinical NAME",
    "legal": "legal NAME",
    "dataset": "dataset NAME",
    "publish": "publish NAME --confirm NAME",
    "catalogue": "catalogue NAME --out OUT/catalogue",
    "report": "report NAME --out OUT/report",
    "status": "status NAME",
    "pause": "pause NAME",
    "resume": "resume NAME",
    "stop": "stop NAME",
    "limit": "limit NAME none",
    "recall": "recall NAME P1",
    "deid": "deid SOURCE OUT/deid --site-id SITE",
    "logout": "logout NODE",
    "recover": "recover NAME",
    "purge": "purge NAME",
}
# They start others, or read what is typed; the rest runs in this process, for the time it takes.
OF_THEIR_OWN = {"login", "scan", "deid", "rehearse", "upload", "preview"}
# They serve until they are interrupted, or play everything above once.
ELSEWHERE = {"demo", "sandbox"}


def _commands() -> set[str]:
    actions = build_parser()._actions
    return {
        name
        for action in actions
        if isinstance(action, argparse._SubParsersAction)
        for name in action.choices
    }


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, Path]:
    """The home, the folder of outputs and the temporary folder after every command ran once."""
    tmp = tmp_path_factory.mktemp("umask")
    home, out, scratch = tmp / "home", tmp / "out", tmp / "scratch"
    source = write_source(tmp / "source", many(fresh_series(), 3))
    out.mkdir(mode=0o700)
    scratch.mkdir(mode=0o700)
    before = os.umask(0)
    try:
        with in_thread(Options()) as sandbox:
            _run_all(sandbox, home, source, out, scratch)
    finally:
        os.umask(before)
    return home, out, scratch


def _run_all(sandbox: Sandbox, home: Path, source: Path, out: Path, scratch: Path) -> None:
    sandbox.write_home(home)
    places = {"NAME": "t", "NODE": "sandbox-xnat", "SOURCE": str(source), "OUT": str(out)}
    program = Program(home, {"TMPDIR": str(scratch)})
    for words in WORDS.values():
        filled = words
        for name, value in places.items():
            filled = filled.replace(name, value)
        if words.split()[0] in OF_THEIR_OWN:
            ran = program.run(*filled.split(), typed="ingester\n")
        else:
            ran = program.here(*filled.split(), good=False)
        assert "fault of its own" not in ran.err, str(ran)


def test_every_command_is_run() -> None:
    assert _commands() - ELSEWHERE == set(WORDS)


def test_nothing_below_the_home_is_open_to_others(made: tuple[Path, Path, Path]) -> None:
    home, _, _ = made
    paths = [path for path in (home / "transfers").rglob("*")] + list((home / "secrets").rglob("*"))
    assert {"ledger.sqlite", "runner.lock"} <= {path.name for path in paths}
    assert _open(home / "transfers", home / "secrets", *paths) == []


def test_nothing_that_is_written_elsewhere_is_open_to_others(
    made: tuple[Path, Path, Path],
) -> None:
    _, out, scratch = made
    written = [path for path in out.rglob("*") if "synth" not in path.parts]
    assert {path.name for path in out.iterdir()} >= {"findings", "report"}
    assert _open(*written) == []
    assert list(scratch.iterdir()) == []


def test_what_is_missing_above_the_home_is_for_its_owner_alone_as_well(tmp_path: Path) -> None:
    """Who can write there puts a home of his own in the place of ours."""
    before = os.umask(0)
    try:
        make_folder(tmp_path / "state" / "deeper" / "home")
    finally:
        os.umask(before)
    assert _open(tmp_path / "state", tmp_path / "state" / "deeper") == []


def _open(*paths: Path) -> list[str]:
    """Those that other accounts could enter, read or write, with their modes."""
    return [
        f"{stat.S_IMODE(path.lstat().st_mode):04o} {path.name}"
        for path in paths
        if stat.S_IMODE(path.lstat().st_mode) & 0o077
    ]

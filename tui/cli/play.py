"""`demo`, `sandbox`, `synth`: the whole way without a hospital and without a node."""

from __future__ import annotations

import argparse
import asyncio
import json
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

from transfer.errors import TransferError, UsageError
from transfer.ledger.connection import Ledger
from transfer.ledger.control import Wish, set_wish
from transfer.ledger.holder import is_held
from transfer.ledger.order import Order, Word
from transfer.orders import DEID_WAIVER, make_transfer
from transfer.runner.run import Until
from transfer.status import read_status
from transfer.values import ExitCode
from transfer.workspace import Home, Workspace, make_private_folder
from tui.cli.orders import print_status, status_document
from tui.cli.output import print_json, say, tell
from tui.cli.runs import ended, run_telling
from tui.figures import count, size
from tui.launch import launch

_END_S = 30.0


def synth_command(options: argparse.Namespace) -> int:
    """Write a synthetic cohort."""
    with _with_extra():
        from adapters.sandbox.synth import write_cohort
    if options.patients < 1:
        raise UsageError("A cohort needs a patient.", "Give --patients 1 or more.")
    summary = write_cohort(options.folder, patients=options.patients, seed=options.seed)
    if options.json:
        print_json(asdict(summary) | {"folder": str(options.folder)})
    else:
        say(f"Written: {count(summary.instances, 'instance')}, {size(summary.size_bytes)}.")
    return ExitCode.DONE


def sandbox_command(options: argparse.Namespace) -> int:
    """Serve the stand-in nodes until interrupted."""
    with _with_extra():
        from adapters.sandbox.server import serve

    def ready(facts: Mapping[str, object]) -> None:
        print(json.dumps(facts), flush=True)

    async def until_interrupted() -> None:
        loop = asyncio.get_running_loop()
        task = asyncio.current_task()
        assert task is not None, "asyncio.run made it"
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            loop.add_signal_handler(number, task.cancel)
        try:
            await serve(options.port, options.home, options.record, options.fault, ready)
        except asyncio.CancelledError:
            return

    asyncio.run(until_interrupted())
    return ExitCode.DONE


def demo_command(options: argparse.Namespace) -> int:
    """Sandbox node, synthetic cohort, and the whole way once; nothing of it is kept."""
    is_headless = options.headless or not _has_terminal()
    with tempfile.TemporaryDirectory(prefix="eucaim-demo-") as folder:
        base = Path(folder)
        tell("1/3  Starting a stand-in node on this machine")
        with _sandbox_process(base / "home"):
            home = Home.at(base / "home")
            workspace = _make_demo(home, base / "cohort", options.patients)
            if is_headless:
                return _demo_headless(home, workspace, as_json=options.json)
            return _demo_with_app(home, workspace)


def _has_terminal() -> bool:
    from tui.run import check_terminal

    try:
        check_terminal()
    except UsageError as error:
        tell(f"{error.what} The demo goes on in plain lines.")
        return False
    return True


@contextmanager
def _sandbox_process(home: Path) -> Iterator[None]:
    make_private_folder(home)
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "tui", "sandbox", "--home", str(home)],
        stdout=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        assert process.stdout is not None, "it was asked for"
        if not process.stdout.readline():
            raise TransferError(
                "The stand-in node did not start.", "Its message stands above; try: sandbox"
            )
        config = home / "config.toml"
        text = config.read_text(encoding="utf-8")
        # The demo shows what the real nodes ask for, not what a test bench does.
        text = text.replace('gate = "integrity"', 'gate = "eucaim"')
        text = text.replace('deidentified = "as-is"', 'deidentified = "required"')
        config.write_text(text, encoding="utf-8")
        yield
    finally:
        process.terminate()
        process.wait(_END_S)
        if process.stdout is not None:
            process.stdout.close()


def _make_demo(home: Home, cohort: Path, patients: int) -> Workspace:
    from adapters.secrets import SecretStore
    from tui.nodes import choose_node, destination_of

    with _with_extra():
        from adapters.sandbox.synth import write_cohort
    tell(f"2/3  Writing a synthetic cohort of {count(patients, 'patient')}")
    summary = write_cohort(cohort, patients=patients, seed=1)
    tell(f"     {count(summary.instances, 'instance')}, {size(summary.size_bytes)}")
    SecretStore(home.root).put("sandbox-upv.password", "ingester")
    order = Order(
        name="demo",
        node="sandbox-upv",
        source=cohort,
        destination=destination_of(choose_node(home, "sandbox-upv"), None),
        clinical=cohort / "clinical.csv",
        deid="none",
    )
    waiver = Word(DEID_WAIVER, "none", "demo", "A synthetic cohort: no real person is in it.")
    return make_transfer(home, order, waiver)


def _demo_headless(home: Home, workspace: Workspace, *, as_json: bool) -> int:
    tell("3/3  Scanning, sending and verifying")
    code = run_telling(home, workspace, Until.UPLOAD)
    status = read_status(workspace)
    if as_json:
        print_json(status_document(home, workspace, status))
    else:
        print_status(status)
    return ended(workspace, code)


def _demo_with_app(home: Home, workspace: Workspace) -> int:
    from tui.run import run_app

    launch(workspace)
    try:
        return run_app(home, open_transfer=workspace.name)
    finally:
        _end_runner(workspace)


def _end_runner(workspace: Workspace) -> None:
    """The demo's node goes with the demo, and so does its runner."""
    deadline = time.monotonic() + _END_S
    with Ledger.open(workspace.ledger) as ledger:
        set_wish(ledger, Wish.STOP)
        while is_held(workspace.lock) and time.monotonic() < deadline:
            time.sleep(0.1)


@contextmanager
def _with_extra() -> Iterator[None]:
    """Turn a missing library of the `sandbox` extra into a sentence."""
    try:
        yield
    except ModuleNotFoundError as error:
        raise UsageError(
            "The stand-in nodes are not installed.",
            'Install the program with its extra: pip install "eucaim-transfer[sandbox]"',
        ) from error

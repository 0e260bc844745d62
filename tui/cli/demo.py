"""`demo`: stand-in nodes, a synthetic cohort, and the whole way to each node; nothing is kept."""

from __future__ import annotations

import argparse
import json
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from transfer.deid.methods import DEFAULT_PROFILE
from transfer.errors import TransferError, UsageError
from transfer.ledger.connection import Ledger
from transfer.ledger.control import Wish, set_wish
from transfer.ledger.holder import is_held
from transfer.ledger.order import Order
from transfer.orders import make_transfer
from transfer.programs import this_program
from transfer.quality.answers import Said, checked
from transfer.runner.run import Until
from transfer.status import read_status
from transfer.values import ExitCode
from transfer.workspace import Home, Workspace, make_private_folder
from tui.cli.check import check_with
from tui.cli.demo_dataset import (
    keep_metadata_for,
    platform_at_work,
    publish_there,
    record_sandbox,
)
from tui.cli.demo_steps import describe_in_catalogue, look_up_in_catalogue, settle_before
from tui.cli.output import print_json, refuse, tell
from tui.cli.play import with_extra
from tui.cli.runs import ended, run_telling
from tui.cli.status import print_status, status_document
from tui.figures import count, size
from tui.launch import launch
from tui.nodes import choose_node, destination_of

if TYPE_CHECKING:
    from adapters.sandbox.hands import Hands

_END_S = 30.0
_SAYER = "The demo itself"
_WHY = "Synthetic images: nobody is in them."
_ANSWERS = (
    ("DID-06", "looked"),
    ("DID-07", "clean"),
    ("DID-09", "no-face"),
    ("SEG-03", "Primary tumour"),
    ("SEG-06", "1"),
    ("SEG-07", "A program"),
    ("SEG-08", "0"),
    ("SEG-09", "That of the images"),
)
"""What a person would be asked about such a cohort."""


@dataclass(frozen=True, slots=True)
class _StandIn:
    """One stand-in node, and the public password of its account."""

    node: str
    password: str
    control_url: str


def demo_command(options: argparse.Namespace) -> int:
    """Stand-in nodes, a synthetic cohort, and the whole way to each; nothing of it is kept."""
    is_headless = options.headless or not _has_terminal()
    with tempfile.TemporaryDirectory(prefix="eucaim-demo-") as folder:
        base = Path(folder)
        home = Home.at(base / "home")
        tell("1/3  Starting stand-in nodes on this machine")
        with _sandbox_process(home.root) as nodes:
            _write_cohort(base / "cohort", options.patients)
            wanted = _of_kind(home, nodes, options.node)
            workspaces = [_make_transfer(home, one, base / "cohort") for one in wanted]
            with _hands(home, wanted[0]) as hands:
                if is_headless:
                    return _run_headless(home, workspaces, hands, as_json=options.json)
                with platform_at_work(hands):
                    return _run_with_app(home, workspaces)


def _hands(home: Home, stand_in: _StandIn) -> Hands:
    with with_extra():
        from adapters.sandbox.hands import Hands
    return Hands(stand_in.control_url, home.root / "ca.pem")


def _has_terminal() -> bool:
    from tui.run import check_terminal

    try:
        check_terminal()
    except UsageError as error:
        tell(f"{error.what} The demo goes on in plain lines.")
        return False
    return True


@contextmanager
def _sandbox_process(home: Path) -> Iterator[list[_StandIn]]:
    make_private_folder(home)
    process = subprocess.Popen(
        this_program("sandbox", "--home", str(home)),
        stdout=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        assert process.stdout is not None, "it was asked for"
        line = process.stdout.readline()
        if not line:
            raise TransferError(
                "The stand-in nodes did not start.", "Their message stands above; try: sandbox"
            )
        facts: Mapping[str, Any] = json.loads(line)
        config = home / "config.toml"
        text = config.read_text(encoding="utf-8")
        # The demo shows what the real nodes ask for, not what a test bench does.
        text = text.replace('gate = "integrity"', 'gate = "eucaim"')
        text = text.replace('deidentified = "as-is"', 'deidentified = "required"')
        config.write_text(text, encoding="utf-8")
        yield [
            _StandIn(name, node["password"], node["control_url"])
            for name, node in facts["nodes"].items()
        ]
    finally:
        process.terminate()
        process.wait(_END_S)
        if process.stdout is not None:
            process.stdout.close()


def _of_kind(home: Home, nodes: Sequence[_StandIn], wanted: str | None) -> Sequence[_StandIn]:
    """The stand-ins for the reference node that is wanted; all without a wish."""
    if wanted is None:
        return nodes
    kind = choose_node(home, wanted).profile.kind
    return [n for n in nodes if choose_node(home, n.node).profile.kind == kind]


def _write_cohort(cohort: Path, patients: int) -> None:
    with with_extra():
        from adapters.sandbox.synth import write_cohort
    tell(f"2/3  Writing a synthetic cohort of {count(patients, 'patient')}")
    summary = write_cohort(cohort, patients=patients, seed=1)
    tell(f"     {count(summary.instances, 'instance')}, {size(summary.size_bytes)}")


def _make_transfer(home: Home, stand_in: _StandIn, cohort: Path) -> Workspace:
    from adapters.secrets import SecretStore

    chosen = choose_node(home, stand_in.node)
    SecretStore(home.root).put(f"{stand_in.node}.password", stand_in.password)
    order = Order(
        name=stand_in.node.replace("sandbox", "demo"),
        node=stand_in.node,
        source=cohort,
        destination=destination_of(chosen, None),
        clinical=cohort / "clinical.csv",
        site_id="DEMO",
        deid=DEFAULT_PROFILE,
    )
    return make_transfer(home, order)


def _run_headless(
    home: Home, workspaces: Sequence[Workspace], hands: Hands, *, as_json: bool
) -> int:
    tell("3/3  Scanning, de-identifying, checking, sending and verifying; then the clinical data,")
    tell(
        "     then the dataset: behind a legal record that is made up, by hands that are the demo's"
    )
    documents: list[dict[str, Any]] = []
    worst: int = ExitCode.DONE
    for workspace in workspaces:
        settle_before(home, workspace)
        _prepare(workspace)
        code = (
            check_with(home, workspace, _words())
            or run_telling(home, workspace, Until.UPLOAD)
            or run_telling(home, workspace, Until.CLINICAL)
        )
        ended(workspace, code)
        code = code or _publish(home, workspace, hands)
        worst = worst or code
        status = read_status(workspace)
        documents.append(status_document(home, workspace, status))
        if not as_json:
            print_status(status)
    if as_json:
        # One document: the first transfer's, with those of the others inside it.
        print_json({**documents[0], "others": documents[1:]})
    return worst


def _prepare(workspace: Workspace) -> None:
    """What takes weeks elsewhere, or words that nobody wants to type for a demo."""
    record_sandbox(workspace)
    describe_in_catalogue(workspace)


def _publish(home: Home, workspace: Workspace, hands: Hands) -> int:
    try:
        publish_there(home, workspace, hands)
        look_up_in_catalogue(workspace)
    except TransferError as error:
        return refuse(error, workspace.name)
    return ExitCode.DONE


def _words() -> list[Said]:
    """The answers to what the rules ask, by nobody in particular."""
    return [checked(Said(rule, choice, _SAYER, _WHY)) for rule, choice in _ANSWERS]


def _run_with_app(home: Home, workspaces: Sequence[Workspace]) -> int:
    from tui.run import run_app

    tell("3/3  Scanning, de-identifying and checking; the app sends")
    for workspace in workspaces:
        _prepare(workspace)
        keep_metadata_for(home, workspace)
        ended(workspace, check_with(home, workspace, _words()))
        launch(workspace)
    try:
        return run_app(home, open_transfer=workspaces[0].name)
    finally:
        for workspace in workspaces:
            _end_runner(workspace)


def _end_runner(workspace: Workspace) -> None:
    """The demo's nodes go with the demo, and so do its runners."""
    deadline = time.monotonic() + _END_S
    with Ledger.open(workspace.ledger) as ledger:
        set_wish(ledger, Wish.STOP)
        while is_held(workspace.lock) and time.monotonic() < deadline:
            time.sleep(0.1)

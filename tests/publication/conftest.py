"""A transfer that has come to step 10, a node for it, and its carrier."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.journey.standings import put
from tests.legal.records import clear
from tests.publication.made import BORN_THERE, Hours, MadeNode, MadePublisher
from tests.tui.ledgers import make_done, make_home
from transfer.ledger.connection import Ledger
from transfer.publication.carrying import Carrier
from transfer.publication.values import PublicationWay
from transfer.values import StepState
from transfer.workspace import Home, Workspace

Opened = Callable[..., Carrier]


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The home of a transfer of three patients with one Study each; the legal record is whole.
    Made once: each test has a copy."""
    home = make_home(tmp_path_factory.mktemp("finished"))
    workspace = make_done(home, "lungs")
    put(workspace, "clinical", StepState.DONE, "All verified.")
    clear(workspace)
    return home.root


@pytest.fixture
def home(finished: Path, tmp_path: Path) -> Home:
    return Home.at(shutil.copytree(finished, tmp_path / "home"))


@pytest.fixture
def workspace(home: Home) -> Workspace:
    return home.workspace("lungs")


@pytest.fixture
def clock() -> Hours:
    return Hours()


@pytest.fixture
def node(clock: Hours) -> MadeNode:
    return MadeNode(clock)


@pytest.fixture
def ledger(workspace: Workspace) -> Iterator[Ledger]:
    with Ledger.open(workspace.ledger) as found:
        yield found


@pytest.fixture
def opened(workspace: Workspace, ledger: Ledger, node: MadeNode, clock: Hours) -> Opened:
    """A carrier; each call is like the start of another process."""

    def open_(way: PublicationWay = BORN_THERE) -> Carrier:
        publisher = MadePublisher(node, way)
        return Carrier(
            workspace, ledger, publisher, is_sandbox_node=False, sleep=clock.sleep, clock=clock
        )

    return open_

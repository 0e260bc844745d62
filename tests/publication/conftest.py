"""A transfer whose images and clinical data are settled, a node for its step 10, and its carrier."""

from __future__ import annotations

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


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return make_home(tmp_path)


@pytest.fixture
def workspace(home: Home) -> Workspace:
    """Three patients with one Study each; the legal record is whole."""
    workspace = make_done(home, "lungs")
    put(workspace, "clinical", StepState.DONE, "All verified.")
    clear(workspace)
    return workspace


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

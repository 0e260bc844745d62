"""A stand-in with a project for each test, and the gate's leave for it."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from adapters.profiles import load_profiles
from adapters.registry import open_node
from adapters.sandbox.server import Options, Sandbox, in_thread
from adapters.sandbox.xnat.model import Project
from adapters.sandbox.xnat.site import SiteOptions
from adapters.secrets import SecretStore
from tests.legal.records import whole
from transfer.ledger.connection import Ledger
from transfer.ledger.legal import add_entries
from transfer.ledger.order import Order, write_order
from transfer.legal.gate import Action, Cleared, cleared
from transfer.node import Node
from transfer.publication.node import Publisher
from transfer.publication.values import Dataset

NODE = "one"
_numbers = itertools.count(1)


def leave_for(folder: Path, action: Action = Action.ACCESSIBILITY, node: str = NODE) -> Cleared:
    """What the gate gives for a transfer to this node with a whole legal record."""
    with Ledger.create(folder / f"gate-{next(_numbers)}.sqlite") as ledger:
        write_order(ledger, Order("lung-2024", node, Path("/data/export"), "P"))
        add_entries(ledger, whole())
        return cleared(ledger, action, confirm="lung-2024")


@dataclass(frozen=True, slots=True)
class Place:
    """A running site. The passwords of its accounts are their names."""

    sandbox: Sandbox
    folder: Path
    record: Path

    def project(self, **texts: str) -> Project:
        """A private one of its own, where each of the accounts has its role."""
        key = f"PROJECT_{next(_numbers)}"
        project = self.sandbox.xnat.archive.add_project(key, "ingester")
        project.users.update({"member": "member", "reader": "collaborator"})
        project.fields.update(texts)
        return project

    def leave(self, action: Action = Action.ACCESSIBILITY, node: str = NODE) -> Cleared:
        return leave_for(self.folder, action, node)

    def node(self, account: str = "ingester") -> Node:
        home = self.folder / f"home-{next(_numbers)}"
        home.mkdir()
        (home / "config.toml").write_text(
            f'[nodes.{NODE}]\nkind = "xnat"\nurl = "{self.sandbox.xnat_url}"\n'
            f'ca_file = "{self.sandbox.ca_file}"\nusername = "{account}"\n'
        )
        store = SecretStore(home, environ={}, keyring=lambda: None)
        store.hold(f"{NODE}.password", account)
        return open_node(load_profiles(home)[NODE], store, home=home)

    @asynccontextmanager
    async def publisher(
        self, project: Project | str, account: str = "ingester"
    ) -> AsyncIterator[Publisher]:
        key = project if isinstance(project, str) else project.id
        node = self.node(account)
        try:
            yield node.publisher(key)
        finally:
            await node.aclose()

    def puts(self, project: Project) -> list[str]:
        """The lines of the requests that were to change something of this project, in order."""
        lines = [_first_line(path) for path in sorted(self.record.glob("*-request.http"))]
        return [
            line.removesuffix(" HTTP/1.1")
            for line in lines
            if not line.startswith("GET") and f"/projects/{project.id}" in line
        ]


def _first_line(path: Path) -> str:
    with path.open("rb") as file:
        return file.readline().decode().rstrip()


@contextmanager
def place_at(folder: Path, options: SiteOptions | None = None) -> Iterator[Place]:
    record = folder / "record"
    with in_thread(Options(record=record, xnat=options or SiteOptions())) as sandbox:
        yield Place(sandbox, folder, record)
        assert list(sandbox.crashes) == []


def texts_of(dataset: Dataset) -> dict[str, tuple[str, ...]]:
    """The values of the fields that have one."""
    return {field.key: field.value for field in dataset.fields if field.value}

"""Both stand-ins and their transfers at the beginning of step 10, again and again."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar

from adapters.sandbox.datasets.options import DatasetOptions
from adapters.sandbox.datasets.qpinsights import QpInsights, _study
from adapters.sandbox.realm import INGESTER
from tests.cli.at_step_ten import UPV, XNAT, Place, at_step_ten
from transfer.publication.carrying import Carrier
from transfer.publication.means import Means
from transfer.publication.standing import Look
from tui.publishing import carrying

_T = TypeVar("_T")
SOON = DatasetOptions(pending_s=5.0, step_s=0.1)
NAMED = {"name": "Lung CT", "version": "0.9"}
METADATA = {
    "name": ("Lung CT",),
    "version": ("1.0",),
    "description": ("CT of the lung.",),
    "provenance": ("One hospital.",),
    "purpose": ("Research",),
    "type": ("original",),
}


@dataclass
class Desk:
    """The place at the beginning of step 10. What the carrier sleeps passes for the stand-in."""

    place: Place
    slept_s: float = 0.0

    def carry(self, name: str, act: Callable[[Carrier], Awaitable[_T]]) -> _T:
        """One act in a carrier of its own, as another process would have it."""

        async def carried() -> _T:
            async with carrying(self.place.home, name) as carrier:
                means = carrier._means
                carrier._means = Means(
                    means.workspace,
                    means.ledger,
                    means.publisher,
                    means.is_sandbox_node,
                    self._sleep,
                    self._now,
                )
                return await act(carrier)

        return asyncio.run(carried())

    def publish(self, name: str, visibility: str = "") -> Look:
        texts = METADATA if name == UPV else None
        return self.carry(
            name, lambda carrier: carrier.publish(visibility, name, "Ada Lund", texts)
        )

    def export(self) -> str:
        """What a person does in QP-Insights, and what the node does then; the draft's id."""
        account = self.place.sandbox.issuer.account("ingester")
        assert account is not None
        made = self.place.sandbox.qpinsights.export(account, "SANDBOX|MAIN", NAMED)
        self.place.let_pass()
        return made.id

    def pick_up(self) -> Look:
        return self.carry(UPV, lambda carrier: carrier.pick_up(None))

    def look(self, name: str = UPV) -> Look:
        return self.carry(name, lambda carrier: carrier.look())

    async def _sleep(self, seconds: float) -> None:
        self.slept_s += seconds
        self.place.let_pass(seconds)

    def _now(self) -> datetime:
        return datetime.now(UTC) + timedelta(seconds=self.slept_s)

    def index(self, folder: Path, most: int | None = None) -> Path:
        """What QP-Insights would hand out of the stored cases."""
        cases = self.place.sandbox.datasets.lake.cases("SANDBOX")
        address = f"https://127.0.0.1{QpInsights.path}"
        studies = [_study(case, address) for case in cases[:most]]
        path = folder / "index.json"
        path.write_text(json.dumps(studies), "utf-8")
        return path

    def releases(self) -> int:
        """How many requests asked for a release, in the stand-in's record."""
        bodies = [file.read_bytes() for file in self.place.record.glob("*-request.http")]
        return sum(b'"draft"' in body and body.startswith(b"PATCH") for body in bodies)


@contextmanager
def cleared_place(folder: Path) -> Iterator[Place]:
    """Both transfers, their legal record whole; for the tests of a module."""
    with at_step_ten(folder) as found:
        for name in (UPV, XNAT):
            found.make_clear(name)
        shutil.copytree(found.home.root, found.home.root.parent / "as-it-was")
        yield found


@contextmanager
def desk_at(place: Place) -> Iterator[Desk]:
    """Both transfers as they were, and no dataset on the stand-in."""
    sandbox, before = place.sandbox, place.sandbox.datasets.options
    for dataset in list(sandbox.datasets.shelf.datasets.values()):
        sandbox.datasets.shelf.drop(dataset)
    shutil.rmtree(place.home.root)
    shutil.copytree(place.home.root.parent / "as-it-was", place.home.root)
    for file in place.record.iterdir():
        file.unlink()
    yield Desk(place)
    sandbox.faults.clear()
    sandbox.datasets.options = before
    sandbox.steering.give_groups("ingester", INGESTER.groups)

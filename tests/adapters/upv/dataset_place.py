"""A publisher at the stand-in, an index, the gate's leave, and what the stand-in was asked."""

from __future__ import annotations

import contextlib
import json
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from adapters.sandbox.server import Sandbox
from adapters.upv.publishing import UpvPublisher
from tests.adapters.upv.nodes import node_at
from tests.conformance.publication import gate
from tests.sandbox.datasets_made import PLACE
from transfer.legal.gate import Action
from transfer.publication.values import Dataset, NewDataset, Texts

METADATA: Texts = {
    "name": ("Lung CT",),
    "version": ("1.0",),
    "description": ("CT of the lung.",),
    "provenance": ("One hospital.",),
    "purpose": ("Research",),
    "type": ("original",),
}


@contextlib.asynccontextmanager
async def publishing(
    sandbox: Sandbox,
    folder: Path,
    *,
    destination: str = PLACE,
    username: str = "ingester",
    read_timeout_s: float = 60,
) -> AsyncIterator[UpvPublisher]:
    """A publisher in the name of an account whose password is its name."""
    home = folder / f"home-of-{username}"
    home.mkdir(exist_ok=True)
    extra = (
        f'issuer_url = "{sandbox.endpoints.issuer_url}"\n'
        f'dataset_service_url = "{sandbox.endpoints.dataset_service_url}"\n'
        f'qpinsights_url = "{sandbox.endpoints.export_url}"\n'
        f'username = "{username}"\nread_timeout_s = {read_timeout_s}\n'
    )
    node = node_at(
        sandbox.endpoints.dicomweb_url.removesuffix("/dicom-web"),
        sandbox.ca_file,
        home,
        auth="password",
        extra=extra,
        secrets={"n.password": username},
    )
    try:
        yield node.publisher(destination)
    finally:
        await node.aclose()


async def released(publisher: UpvPublisher, id: str, folder: Path) -> Dataset:
    """Release it with the gate's leave."""
    at = Path(tempfile.mkdtemp(prefix="gate-", dir=folder))
    with gate(at, "n") as leave:
        return await publisher.show(id, "", leave(Action.RELEASE))


def wanted(folder: Path, *studies: dict[str, Any], **more: Any) -> NewDataset:
    """An order whose index holds these Studies."""
    index = folder / "index.json"
    index.write_text(json.dumps(studies), "utf-8")
    metadata = {**METADATA, **more.pop("metadata", {})}
    return NewDataset(metadata, index, **more)


class Asked:
    """What the stand-in's dataset-service was asked since this was made; it has to record."""

    def __init__(self, sandbox: Sandbox) -> None:
        record = sandbox.options.record
        assert record is not None
        self._record = record
        self._before = set(record.iterdir()) if record.exists() else set()

    def __call__(self, method: str = "") -> list[str]:
        """Requests as `PATCH /datasets/ID`; of one method or of all. Bodies behind changes."""
        found = []
        for path in sorted(set(self._record.iterdir()) - self._before):
            head, _, body = path.read_bytes().partition(b"\r\n\r\n")
            verb, address, _ = head.split(b"\r\n")[0].decode().split(" ")
            _, is_ours, place = address.partition("/dataset-service/api")
            if is_ours and (not method or verb == method):
                found.append(f"{verb} {place} {body.decode(errors='replace')}".rstrip())
        return found

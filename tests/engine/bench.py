"""A stand-in node with faults to order, a source folder, and the program that sends one to it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from adapters.sandbox.server import Options, Sandbox, in_thread
from tests.conformance.made import MadeInstance, fresh_series, many
from tests.program import Program, Ran

NODE = "node"
TRANSFER = "t"


def in_the_way(document: Any) -> list[Any]:
    """The findings of a `check` or `status` document that block or ask."""
    return [f for f in document["findings"] if f["severity"] in ("block", "ask")]


def write_source(folder: Path, images: Sequence[MadeInstance]) -> Path:
    """The instances as files below `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, image in enumerate(images):
        (folder / f"{number:04d}.dcm").write_bytes(image.content)
    return folder


@dataclass
class Bench:
    """One transfer, made and not yet uploaded."""

    program: Program
    sandbox: Sandbox
    images: list[MadeInstance]
    table: dict[str, object] = field(default_factory=dict)

    def configure(self, **changes: object) -> None:
        """Change the node's table in config.toml."""
        self.table |= changes
        self.program.configure({NODE: self.table})

    def upload(self, *words: object) -> Ran:
        return self.program.run("upload", TRANSFER, *words)

    def status(self) -> Any:
        return self.program.status(TRANSFER)

    def counts(self) -> dict[str, int]:
        """The instance counts of `status --json` that speak of sending."""
        instances = self.status()["instances"]
        return {key: instances[key] for key in ("ready", "sent", "verified", "failed")}

    def step(self, name: str = "images") -> dict[str, str]:
        """One step as `status --json` gives it."""
        steps: list[dict[str, str]] = self.status()["steps"]
        return next(step for step in steps if step["id"] == name)

    def received(self) -> list[int]:
        """How often each instance came in, one figure an instance, in their order."""
        stored = self.sandbox.stored()
        return [
            stored[uid].received if (uid := i.sop_instance_uid) in stored else 0
            for i in self.images
        ]

    def assert_all_arrived(self, ran: Ran) -> None:
        """Exit code, ledger and the server's store say so, byte for byte."""
        assert ran.code == 0, str(ran)
        n = len(self.images)
        assert self.counts() == {"ready": n, "sent": n, "verified": n, "failed": 0}
        assert self.step()["state"] == "done"
        assert {uid: held.sha256 for uid, held in self.sandbox.stored().items()} == {
            i.sop_instance_uid: hashlib.sha256(i.content).hexdigest() for i in self.images
        }


@contextmanager
def bench(
    folder: Path,
    *,
    instances: int = 8,
    options: Options | None = None,
    is_signed_in: bool = True,
    **table: object,
) -> Iterator[Bench]:
    """A running node and a transfer of so many small instances in two Series.

    Unless `is_signed_in` is False the program finds the password in its environment. `table` is
    added to the node's table in config.toml.
    """
    images = [*many(fresh_series(), instances // 2), *many(fresh_series(), instances // 2)]
    source = write_source(folder / "source", images)
    with in_thread(options) as sandbox:
        program = Program(folder / "home")
        if is_signed_in:
            program.environ = {"EUCAIM_TRANSFER_PASSWORD": "ingester"}
        made = Bench(program, sandbox, images)
        usual: dict[str, object] = {
            "kind": "upv",
            "dicomweb_url": sandbox.endpoints.dicomweb_url,
            "issuer_url": sandbox.endpoints.issuer_url,
            "auth": "password",
            "username": "ingester",
            "ca_file": str(sandbox.ca_file),
            "destinations": ["SANDBOX|MAIN"],
            "listing_delay_s": 1,
        }
        made.configure(**(usual | table))
        program.here("new", TRANSFER, "--node", NODE, "--source", source)
        yield made
        assert list(sandbox.crashes) == []

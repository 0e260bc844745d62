"""A scenario's transfer, led through a relay."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from adapters.upv.stow import Framing
from adapters.xnat import package
from tests.faults.bench import Bench
from tests.faults.relay import Door, Relay, relay_to
from tests.faults.scenario import Node, Stage
from tests.real.orthanc import missing_software

_ADDRESS: Final = re.compile(r"https://127\.0\.0\.1:(\d+)")


@dataclass(frozen=True)
class Led:
    """The transfer, and what stands between it and its node."""

    bench: Bench
    relay: Relay
    door: Door


def led(
    stage: Stage,
    *,
    options: str = "",
    batch: int = 4,
    lanes: int = 2,
    as_proxy: bool = False,
    has_large: bool = False,
) -> Led:
    """A small transfer through a relay, or by a proxy, that does no harm yet; it stands until the
    scenario ends."""
    bench = stage.bench(batch=batch, lanes=lanes, options=options, has_large=has_large)
    port = node_port(bench)
    relay, door = stage.closing.enter_context(
        relay_to(("127.0.0.1", port), tail_bytes=tail_bytes(bench, batch), as_proxy=as_proxy)
    )
    if as_proxy:
        config, head = bench.home.root / "config.toml", f"[nodes.{bench.server.node}]\n"
        table = config.read_text("utf-8")
        own = f'{head}proxy = "http://127.0.0.1:{relay.port}"\n'
        config.write_text(table.replace(head, own), "utf-8")
    else:
        lead(bench, port, f"https://127.0.0.1:{relay.port}")
    return Led(bench, relay, door)


def retries(bench: Bench) -> int:
    """How often the run that is under way has tried again."""
    return bench.number("SELECT ifnull(document ->> 'retries', 0) FROM progress")


def lacks(node: Node) -> str:
    """What this machine does not have for a scenario on the node."""
    return missing_software() if node == "orthanc" else ""


def node_port(bench: Bench) -> int:
    """The port of loopback where the transfer's node is."""
    table = (bench.home.root / "config.toml").read_text("utf-8")
    _, _, own = table.partition(f"[nodes.{bench.server.node}]\n")
    found = _ADDRESS.search(own)
    assert found is not None, "the node has an address"
    return int(found[1])


def lead(bench: Bench, port: int, to: str) -> None:
    """Let every address of the node at this port begin with `to` instead."""
    config = bench.home.root / "config.toml"
    table = config.read_text("utf-8")
    config.write_text(table.replace(f"https://127.0.0.1:{port}", to), "utf-8")


def tail_bytes(bench: Bench, batch: int) -> int:
    """How long the last piece of the body of a whole batch is."""
    if bench.server.node != "sandbox-xnat":
        return len(Framing("0" * 32).tail)
    sizes = [path.stat().st_size for path in sorted(bench.cohort.folder.rglob("IM*.dcm"))[:batch]]
    blocks = sum(512 + size + -size % 512 for size in sizes)
    return package.length(sizes) - blocks

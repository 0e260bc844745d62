"""A scenario's transfer at one end of a line, with its node at the other."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from dataclasses import dataclass

from tests.faults.bench import Bench
from tests.faults.processes import await_until
from tests.faults.relay import Relay, relay_to
from tests.faults.relayed import lead, node_port, retries, tail_bytes
from tests.faults.scenario import Stage
from tests.faults.wire import Wire, wire


@dataclass(frozen=True)
class Wired:
    """The transfer, the line, and the relay at its far end, which only looks and counts."""

    bench: Bench
    wire: Wire
    relay: Relay

    def upload(self, stage: Stage, heal: Callable[[], None], *, codes: set[int]) -> None:
        """Upload; `heal` is called as soon as the program has met with trouble."""
        with self.bench.running("upload", self.bench.name) as process:
            await_until(
                lambda: process.poll() is not None or retries(self.bench) > 0,
                "the program met with trouble",
            )
            assert process.poll() is None, "it ended before the line was there again"
            heal()
            out, err = process.communicate(timeout=120)
        stage.hear(subprocess.CompletedProcess([], process.returncode, out, err), codes)


def wired(
    stage: Stage, *, options: str = "", batch: int = 4, lanes: int = 2, has_large: bool = False
) -> Wired:
    """A small transfer over a line in fine weather; it stands until the scenario ends."""
    bench = stage.bench(batch=batch, lanes=lanes, options=options, has_large=has_large)
    laid = stage.closing.enter_context(wire())
    port = node_port(bench)
    relay, _ = stage.closing.enter_context(
        relay_to(("127.0.0.1", port), tail_bytes=tail_bytes(bench, batch), listen=laid.listen_far)
    )
    lead(bench, port, f"https://localhost:{relay.port}")
    bench.prefix = laid.at_near
    return Wired(bench, laid, relay)

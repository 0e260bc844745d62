"""config.toml that somebody changes in the middle: broken, another address, another node."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from typing import Final

from tests.faults.bench import Bench
from tests.faults.held import end_held, held_at
from tests.faults.scenario import Family, Node, Scenario, Stage

Edit = Callable[[str], str]


def _cut(text: str) -> str:
    return text[: len(text) // 2] + "\n[[["


def _without_node(text: str) -> str:
    return text.replace("[nodes.", "[nodes.other-")


def _closed_port(text: str) -> str:
    """Where nobody listens."""
    return re.sub(r"https://([^:/\"]+):\d+", r"https://\1:9", text)


def _edit(bench: Bench, edit: Edit) -> Callable[[], object]:
    config = bench.home.config_folder / "config.toml"
    before = config.read_text("utf-8")
    config.write_text(edit(before), "utf-8")
    return lambda: config.write_text(before, "utf-8")


def _in_mid_run(edit: Edit, code: int, point: str, nth: int, stage: Stage) -> None:
    """A run goes on by what it read; the next one is refused or fails, until it is mended."""
    bench = stage.bench(options="patience_s = 1\n")
    with held_at(bench, point, nth) as held:
        back = _edit(bench, edit)
        end_held(stage, held, {0})
    stage.run("upload", "trial", codes={code})
    back()


def _to_another_server(is_whole: bool, stage: Stage) -> None:
    """The node's name leads to another server afterwards: all of it has to be there."""
    bench = stage.bench(lanes=1)
    if is_whole:
        stage.run("upload", "trial", codes={0})
    else:
        with held_at(bench, "verified", 1):
            pass  # killed as it stands there
    assert bench.number("SELECT count(*) FROM instance WHERE state = 'verified'") >= 8
    other = stage.servers.orthanc

    def lead_elsewhere() -> None:
        other.write_home(bench.home.root, "max_batch_instances = 4\nlisting_delay_s = 0\n")
        config = bench.home.root / "config.toml"
        named = config.read_text("utf-8").replace("nodes.orthanc", "nodes.sandbox-upv")
        config.write_text(named, "utf-8")
        bench.server = other

    # Not before the judge has compared the ledger with the server that it speaks of.
    stage.before_each_run.append(lead_elsewhere)


_EDITS: Final[list[tuple[str, Edit, int]]] = [
    ("configuration cut off", _cut, 2),
    ("node taken out of the configuration", _without_node, 2),
    ("address where nobody listens", _closed_port, 6),
]
_PHASES: Final[list[tuple[str, str, int, tuple[Node, ...]]]] = [
    ("while headers are read", "read", 1, ("upv",)),
    ("before a request", "leased", 2, ("upv", "xnat", "orthanc")),
    ("before an answer is recorded", "before-record", 1, ("upv", "xnat")),
]

SCENARIOS = [
    *(
        Scenario(Family.PEOPLE, what, phase, node, partial(_in_mid_run, edit, code, point, nth))
        for what, edit, code in _EDITS
        for phase, point, nth, nodes in _PHASES
        for node in nodes
    ),
    *(
        Scenario(
            Family.PEOPLE,
            "name of the node leads to another server",
            phase,
            "upv",
            partial(_to_another_server, is_whole),
            is_short=not is_whole,
        )
        for phase, is_whole in (("half has gone", False), ("all has gone", True))
    ),
]

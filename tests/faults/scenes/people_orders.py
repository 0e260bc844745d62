"""Several people at one transfer: a second run, orders by the hundred, other choices meanwhile."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from functools import partial
from typing import Final

from tests.faults.bench import Bench
from tests.faults.held import LEDGER_HELD, end_held, held_at
from tests.faults.processes import await_until
from tests.faults.scenario import Family, Node, Scenario, Stage
from transfer.ledger.connection import Ledger
from transfer.ledger.control import Wish, set_bandwidth, set_concurrency, set_wish
from transfer.ledger.holder import is_held

_HELD: Final = 7
# What changes what goes, or would be a second runner, has to wait until the run has ended.
_REFUSED: Final[dict[str, Sequence[str]]] = {
    "second upload": ("upload", "trial"),
    "second upload in the background": ("upload", "trial", "--detach"),
    "scan": ("scan", "trial"),
    "check": ("check", "trial"),
    "verify": ("verify", "trial"),
    "other selection": ("select", "trial", "--exclude", "E1"),
    "originals removed": (
        "purge",
        "trial",
        "--even-unfinished",
        "--confirm",
        "trial",
        "--by",
        "A. Person",
    ),
}


def _meanwhile(words: Sequence[str], point: str, nth: int, stage: Stage) -> None:
    bench = stage.bench()
    with held_at(bench, point, nth) as held:
        stage.run(*words, codes={_HELD, 2})
        refused = stage.said[-1]
        why = f"process {held.pid} on " if refused.returncode == _HELD else LEDGER_HELD
        assert why in refused.stderr, refused.stderr
        end_held(stage, held, {0})


def _three_at_once(stage: Stage) -> None:
    """Started in one moment: one of them does it, the others are refused or find it done."""
    bench = stage.bench()
    with ExitStack() as open_ones:
        runs = [open_ones.enter_context(bench.running("upload", "trial")) for _ in range(3)]
        ended = [run.communicate(timeout=120) for run in runs]
        codes = sorted(run.returncode for run in runs)
    assert codes[0] == 0, ended
    assert set(codes) <= {0, _HELD}, ended
    assert not any("Traceback" in err for _, err in ended), ended


def _hammered(seed: int, stage: Stage) -> None:
    """A hundred orders in any order, as fast as they can be given; the last one is to go on."""
    bench = stage.bench(per_series=12, batch=2)
    dice = random.Random(seed)  # noqa: S311 - no secret
    orders: list[Callable[[Ledger], None]] = [
        lambda ledger: set_wish(ledger, Wish.PAUSE),
        lambda ledger: set_wish(ledger, Wish.RUN),
        lambda ledger: set_bandwidth(ledger, dice.choice([None, 2_000, 50_000])),
        lambda ledger: set_concurrency(ledger, dice.choice([1, 2])),
    ]
    given = [dice.choice(orders) for _ in range(97)]
    for place in (dice.randrange(30), 30 + dice.randrange(30), 60 + dice.randrange(30)):
        given.insert(place, lambda ledger: set_wish(ledger, Wish.STOP))
    with Ledger.open(bench.workspace.ledger) as ledger:
        for order in given:
            if not is_held(bench.workspace.lock):
                stage.run("upload", "trial", "--detach", codes={0})
            order(ledger)
        set_bandwidth(ledger, None)
        set_wish(ledger, Wish.RUN)
    stage.over()
    await_until(lambda: not is_held(bench.workspace.lock), "the runner has ended")
    assert "Traceback" not in bench.workspace.log.read_text("utf-8")


def _left_out_and_back(stage: Stage) -> None:
    """A Series is left out after half has gone, and taken back: nothing is missing in the end."""
    bench = stage.bench(lanes=1)
    _half(bench, stage)
    stage.run("select", "trial", "--exclude", "E3", codes={0})
    stage.run("upload", "trial", codes={0})
    assert len(bench.held()) < 24
    stage.run("select", "trial", "--clear", codes={0})


def _other_profile(stage: Stage) -> None:
    """The rules of the node become stricter after half has gone: the rest does not go as it is."""
    bench = stage.bench(lanes=1)
    _half(bench, stage)
    sent = bench.sent()
    config = bench.home.config_folder / "config.toml"
    before = config.read_text("utf-8")
    stricter = before.replace('deidentified = "as-is"', 'deidentified = "required"')
    assert stricter != before
    config.write_text(stricter, "utf-8")
    stage.run("upload", "trial", codes={3})
    assert "de-identified" in stage.said[-1].stderr, stage.said[-1].stderr
    assert bench.sent() == sent
    config.write_text(before, "utf-8")


def _half(bench: Bench, stage: Stage) -> None:
    with held_at(bench, "recorded", 3):
        assert bench.sent() == 12


_PHASES: Final[list[tuple[str, str, int, tuple[Node, ...]]]] = [
    ("while headers are read", "read", 1, ("upv",)),
    ("before a request", "leased", 2, ("upv", "xnat")),
    ("before an answer is recorded", "before-record", 1, ("upv", "xnat")),
    ("before it says how it ended", "concluded", 1, ("upv",)),
]
_SHORT: Final = {("second upload", "before a request", "xnat")}
_NODES: Final[tuple[Node, ...]] = ("upv", "xnat", "orthanc")

SCENARIOS = [
    *(
        Scenario(
            Family.PEOPLE,
            what,
            phase,
            node,
            partial(_meanwhile, words, point, nth),
            is_short=(what, phase, node) in _SHORT,
        )
        for what, words in _REFUSED.items()
        for phase, point, nth, nodes in _PHASES
        for node in nodes
    ),
    *(
        Scenario(Family.PEOPLE, "three runs started at once", "at the start", node, _three_at_once)
        for node in _NODES
    ),
    *(
        Scenario(
            Family.PEOPLE,
            "a hundred orders",
            f"in mid-transfer, dice {seed}",
            node,
            partial(_hammered, seed),
        )
        for seed in (1, 2)
        for node in _NODES
    ),
    *(
        Scenario(Family.PEOPLE, what, "half has gone", node, play)
        for what, play in (
            ("selection changed and taken back", _left_out_and_back),
            ("stricter rules of the node", _other_profile),
        )
        for node in _NODES
    ),
]

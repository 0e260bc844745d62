"""Whatever a command says that it did, a power cut in the next moment does not take back."""

from __future__ import annotations

import hashlib
import itertools
import json
import sqlite3
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from adapters.sandbox.server import Options, in_thread
from adapters.sandbox.synth import write_cohort
from tests.faults.disk import Disk, Kept, lacks_compiler
from tests.program import REPOSITORY, Program
from transfer.ledger.connection import Ledger
from transfer.ledger.retention import read_retention

NAME: Final = "told"
NODE: Final = "sandbox-xnat"
BY: Final = ("--by", "Ada Lund", "--reason", "I looked at it.")

_COMMANDS: Final = Path(__file__).with_name("commands.py")

_PASSING: Final = ("runner.log", ".lock", ".turn")
"""Files of which nothing was said."""

_MADE_AGAIN: Final = ("progress", "runner")
"""Tables that say how far a run is at this moment."""


def _patient(at: Path) -> str:
    planted = json.loads((at / "cohort" / "planted.json").read_text("utf-8"))
    return next(
        str(one["value"])
        for one in planted["patients"][0]["identifiers"]
        if one["where"] == "PatientID"
    )


Words = Callable[[Path], tuple[object, ...]]
STEPS: Final[Mapping[str, Words]] = {
    "login": lambda _: ("login", NODE),
    "new": lambda at: (
        *("new", NAME, "--node", NODE, "--source", at / "cohort" / "images"),
        *("--clinical", at / "cohort" / "clinical.csv", "--deid", "eucaim", "--site-id", "S1"),
    ),
    "account": lambda _: ("account", NODE, "--asked", "--by", "Ada Lund"),
    "key": lambda _: ("key", "make", NAME),
    "key exported": lambda at: ("key", "export", NAME, "--out", at / "home" / "copy-of-the-key"),
    "legal": lambda _: ("legal", NAME, "--sandbox"),
    "ticket": lambda _: ("ticket", NAME, "--not-needed", *BY),
    "limit": lambda _: ("limit", NAME, "500M"),
    "scan": lambda _: ("scan", NAME),
    "selection": lambda _: ("select", NAME, "--include-modality", "CT"),
    "upload": lambda _: ("upload", NAME),
    "timepoint": lambda _: ("timepoints", NAME, "--assign", "Diagnosis", "--all"),
    "clinical": lambda _: ("clinical", NAME),
    "tables": lambda at: ("clinical", NAME, "--outputs", at / "home" / "tables"),
    "faults": lambda at: ("clinical", NAME, "--errors", at / "home" / "faults.csv"),
    "mapping": lambda at: ("clinical", NAME, "--save-mapping", at / "home" / "mapping.toml"),
    "studies": lambda at: ("timepoints", NAME, "--export", at / "home" / "studies.csv"),
    "sheet": lambda at: ("gateways", NAME, "--out", at / "home" / "sheet.json"),
    "letter": lambda at: ("ticket", NAME, "--set", "name=Lung", "--out", at / "home" / "t.txt"),
    "findings": lambda at: ("check", NAME, "--out", at / "home" / "findings"),
    "publication": lambda _: ("publish", NAME, "--visibility", "protected", "--confirm", NAME),
    "report": lambda at: ("report", NAME, "--out", at / "home" / "report"),
    "recall": lambda at: ("recall", NAME, _patient(at), "--csv", at / "home" / "recalled.csv"),
    "removal": lambda _: ("purge", NAME, "--confirm", NAME, "--even-unfinished", "--by", "Ada"),
}


@dataclass(frozen=True)
class Way:
    """All steps, one after the other: what each would lose, and what the disk was told in each."""

    folder: Path
    disk: Disk
    ends: Mapping[str, int]
    lost: Mapping[str, list[str]]

    def during(self, step: str) -> range:
        """The numbers of the things that the disk was told in a step."""
        before = list(STEPS)[list(STEPS).index(step) - 1]
        return range(self.ends[before] + 1, self.ends[step] + 1)


@pytest.fixture(scope="module")
def way(tmp_path_factory: pytest.TempPathFactory) -> Way:
    if lacks := lacks_compiler():
        pytest.skip(lacks)
    at = tmp_path_factory.mktemp("told")
    write_cohort(at / "cohort", patients=1, seed=3, scale="small", slices=0.05)
    with in_thread(Options()) as sandbox:
        sandbox.write_home(at / "home")
        scratch = at / "scratch"
        scratch.mkdir()
        disk = Disk(at / "home", scratch)
        ends = _carried_out(disk, at)
    assert disk.moment().now() == _files(at / "home"), "the shim saw everything"
    lost = {
        step: _differences(moment.lasting(), moment.now(), scratch)
        for step, moment in zip(STEPS, disk.moments(ends.values()), strict=True)
    }
    return Way(at, disk, ends, lost)


def _carried_out(disk: Disk, at: Path) -> dict[str, int]:
    """Carry out all steps in one process; how many things the disk had been told after each."""
    program = Program(at / "home", disk.environment)
    steps = [list(map(str, words(at))) for words in STEPS.values()]
    ran = subprocess.run(
        [sys.executable, "-P", str(_COMMANDS), str(disk.log)],
        cwd=REPOSITORY,
        env=program.environment() | {"PYTHONPATH": str(REPOSITORY)},
        input=json.dumps(steps),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr[-3000:]
    ends = map(int, ran.stdout.splitlines()[-1].split())
    return {step: disk.told_at(end) for step, end in zip(STEPS, ends, strict=True)}


def _files(home: Path) -> dict[str, bytes | None]:
    return {
        str(path.relative_to(home)): None if path.is_dir() else path.read_bytes()
        for path in home.rglob("*")
        if not path.name.endswith("-shm")
    }


def _differences(
    kept: Mapping[str, bytes | None], now: Mapping[str, bytes | None], scratch: Path
) -> list[str]:
    ledgers = {name for name in (*kept, *now) if name.endswith(".sqlite")}
    found = []
    for name in sorted({*kept, *now}):
        beside = name.removesuffix("-wal")
        if name in ledgers:
            mine, other = (_rows(state, name, scratch) for state in (kept, now))
            found += [f"{name}: {row}"[:300] for row in sorted(mine ^ other)]
        elif beside not in ledgers and not name.endswith(_PASSING):
            absent = object()
            if kept.get(name, absent) != now.get(name, absent):
                found.append(name)
    return found


def _rows(state: Mapping[str, bytes | None], name: str, scratch: Path) -> set[str]:
    """The ledger as statements."""
    content = state.get(name)
    if content is None:
        return set()
    path = scratch / "ledger.sqlite"
    for suffix in ("", "-wal", "-shm"):
        Path(f"{path}{suffix}").unlink(missing_ok=True)
    path.write_bytes(content)
    if wal := state.get(f"{name}-wal"):
        Path(f"{path}-wal").write_bytes(wal)
    with closing(sqlite3.connect(path)) as ledger:
        skipped = tuple(f'INSERT INTO "{table}"' for table in _MADE_AGAIN)
        return {row for row in ledger.iterdump() if not row.startswith(skipped)}


@pytest.mark.parametrize("step", STEPS)
def test_power_takes_back_nothing_that_was_said(way: Way, step: str) -> None:
    assert way.lost[step] == []


_LOOKS: Final = 40


def _states(way: Way, step: str) -> Iterator[tuple[str, Program]]:
    """The program in homes as they may be after a cut during a step, some forty of them."""
    during, home = way.during(step), way.folder / "state"
    numbers = sorted({during[len(during) * n // _LOOKS] for n in range(_LOOKS)} | {during[-1]})
    kinds = itertools.cycle(Kept)
    for number, moment in zip(numbers, way.disk.moments(numbers), strict=True):
        kept = next(kinds)
        moment.write(home, kept, seed=number)
        yield f"after {number} of {during}, {kept}", Program(home)


def test_power_never_takes_both_the_originals_and_the_evidence(way: Way) -> None:
    begun = Counter[str]()
    for state, program in _states(way, "removal"):
        folder = program.home / "transfers" / NAME
        with Ledger.open(folder / "ledger.sqlite", read_only=True) as ledger:
            retention = read_retention(ledger)
        keys = list((program.home / "keys").glob("*.key"))
        if not retention.is_begun:
            assert len(keys) == 1, state
        else:
            manifest = (folder / "report" / "manifest.sha256").read_bytes()
            assert hashlib.sha256(manifest).hexdigest() == retention.report_digest, state
        begun["done" if retention.is_done else "begun" if retention.is_begun else "not yet"] += 1
    assert begun.keys() == {"not yet", "begun", "done"}


@pytest.mark.parametrize("share", [0.4, 0.6, 0.8, 0.95])
def test_a_removal_that_lost_its_power_is_finished_by_the_next_call(way: Way, share: float) -> None:
    during, home = way.during("removal"), way.folder / f"resumed-{share}"
    number = during[int(share * len(during))]
    next(way.disk.moments([number])).write(home, Kept.SOME, seed=7)
    words = ("purge", NAME, "--confirm", NAME, "--even-unfinished", "--by", "Ada", "--json")
    done = Program(home).here(*words).document
    assert (done["names"], done["key"]) == ("kept", "removed")
    assert list((home / "keys").glob("*.key")) == []


def test_power_never_leaves_a_cohort_with_a_key_that_is_not_there(way: Way) -> None:
    named = 0
    for state, program in _states(way, "key"):
        register = program.home / "keys" / "cohorts.json"
        if register.exists() and b"S1" in register.read_bytes():
            assert program.here("key", "show", NAME, good=False).code == 0, state
            named += 1
    assert named > 0

"""Whatever a command says that it did, a power cut in the next moment does not take back."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Final

import pytest

from adapters.sandbox.server import Options, in_thread
from adapters.sandbox.synth import write_cohort
from tests.faults.disk import Disk, lacks_compiler
from tests.program import Program

NAME: Final = "told"
NODE: Final = "sandbox-xnat"
BY: Final = ("--by", "Ada Lund", "--reason", "I looked at it.")

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


@pytest.fixture(scope="module")
def taken_back(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, list[str]]]:
    """What each step would lose, by its name; they are carried out one after the other."""
    if lacks := lacks_compiler():
        pytest.skip(lacks)
    at = tmp_path_factory.mktemp("told")
    write_cohort(at / "cohort", patients=1, seed=3, scale="small", slices=0.05)
    with in_thread(Options()) as sandbox:
        sandbox.write_home(at / "home")
        program = Program(at / "home")
        yield {name: _lost(program, at, words(at), name) for name, words in STEPS.items()}


def _lost(program: Program, at: Path, words: tuple[object, ...], name: str) -> list[str]:
    scratch = at / f"disk-{name.replace(' ', '-')}"
    scratch.mkdir()
    disk = Disk(program.home, scratch)
    program.environ = disk.environment
    program.good(*words, typed="ingester\n" if name == "login" else "")
    now = disk.now()
    assert now == _files(program.home), "the shim saw everything"
    return _differences(disk.lasting(), now, scratch)


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
def test_power_takes_back_nothing_that_was_said(
    taken_back: Mapping[str, list[str]], step: str
) -> None:
    assert taken_back[step] == []

"""Files whose names and places are the attack, through the real command line: what they are called
steers no terminal and is told to nobody, and a pipe in the place of a file holds nobody up.

What stands *in* files is the matter of tests/scan and tests/fuzz."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from adapters.sandbox.server import Options, in_thread
from tests.conformance.made import PATIENT_ID, fresh_series, many
from tests.faults.processes import await_until
from tests.privacy.seen import watching
from tests.program import Program, Ran
from transfer.deid.standalone.work import Ended, Input, _copy
from transfer.ledger.holder import is_held
from transfer.workspace import Home

PATIENT = "Zwirbelhuber"
NAMES = [
    b"\x1b[2J\x1b]52;c;eA==\x07.dcm",
    b"line\nbreak\r.dcm",
    b"\xff\xfe\xc3\x28.dcm",
    b"-rf.dcm",
    b"$(touch owned).dcm",
    b"%s%n{0}.dcm",
    "\u202egpj.exe".encode(),
    b"[b]" + PATIENT.encode() + b"[b].dcm",
    b"x" * 251 + b".dcm",
]
COMMANDS = (
    "scan t",
    "check t",
    "check t --json",
    "status t --json",
    "header t I1",
    "upload t --detach",
    "status t --watch",
    "verify t",
    "report t --out OUT/report",
    "deid SOURCE OUT/deid --site-id SITE",
)
_STEERING = ("\x1b", "\x07", "\u202e", "\udcff", "\r")


def _here(program: Program) -> Callable[..., Ran]:
    return partial(program.here, good=False)


@pytest.fixture(scope="module")
def gone(
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[Path, list[Ran], set[bytes], set[bytes]]:
    """Where it went, what was printed, and what /proc showed of the processes that it started:
    their arguments and their environments."""
    tmp = tmp_path_factory.mktemp("hostile-files")
    source = tmp / "source"
    source.mkdir()
    images = many(fresh_series(), len(NAMES))
    for name, made in zip(NAMES, images, strict=True):
        with open(os.fsencode(source) + b"/" + name, "wb") as file:
            file.write(made.content)
    program = Program(tmp / "home")
    with in_thread(Options()) as sandbox, watching(str(tmp / "home")) as seen:
        sandbox.write_home(program.home)
        ran = [program.run("login", "sandbox-xnat", "--username", "ingester", typed="ingester\n")]
        ran.append(program.run("new", "t", "--node", "sandbox-xnat", "--source", source))
        for words in COMMANDS:
            filled = words.replace("SOURCE", str(source)).replace("OUT", str(tmp / "out"))
            # Those that start others; the rest runs in this process, for the time it takes.
            run = program.run if words.split()[0] in ("scan", "upload", "deid") else _here(program)
            ran.append(run(*filled.split()))
        lock = Home.at(program.home).workspace("t").lock
        await_until(lambda: not is_held(lock), "the runner has ended")
    return tmp, ran, seen.arguments, seen.of_children


Gone = tuple[Path, list[Ran], set[bytes], set[bytes]]


def test_every_image_arrives_whatever_its_file_is_called(gone: Gone) -> None:
    tmp, ran, _, _ = gone
    assert [str(one) for one in ran if one.code not in (0, 3)] == []
    assert Program(tmp / "home").status("t")["instances"]["verified"] == len(NAMES)


def test_no_name_of_a_file_steers_a_terminal(gone: Gone) -> None:
    told = "".join(one.out + one.err for one in gone[1])
    assert [sign for sign in _STEERING if sign in told] == []


def test_no_name_of_a_file_is_run_by_a_shell(gone: Gone) -> None:
    tmp = gone[0]
    assert not [path for path in (tmp / "source", Path.cwd(), tmp) if (path / "owned").exists()]


def test_no_process_that_is_started_shows_a_patient_to_other_accounts(gone: Gone) -> None:
    """A modality names files after patients, and /proc shows arguments to everybody."""
    _, _, arguments, environments = gone
    assert any(b"multiprocessing" in one for one in arguments)
    assert any(b"--runner" in one for one in arguments)
    assert len(environments) >= 1
    shown = b"\n".join([*arguments, *environments])
    assert PATIENT.encode() not in shown
    assert PATIENT_ID.encode() not in shown


def test_no_patient_stands_in_the_runners_log_or_a_report(gone: Gone) -> None:
    tmp = gone[0]
    files = [tmp / "home" / "transfers" / "t" / "runner.log"]
    files += [path for path in (tmp / "out" / "report").rglob("*") if path.is_file()]
    assert len(files) >= 3
    assert [path.name for path in files if PATIENT.encode() in path.read_bytes()] == []


def test_a_pipe_that_takes_the_place_of_a_file_holds_nobody_up(tmp_path: Path) -> None:
    """Whoever may write to the source can put it there between two looks."""
    pipe = tmp_path / "image.dcm"
    os.mkfifo(pipe)
    one = Input(1, os.fsencode(pipe), (512, 1))
    told = _copy(one, os.fsencode(tmp_path / "target"), ())
    assert isinstance(told, Ended)
    assert told.reason == "changed"
    assert not (tmp_path / "target").exists()

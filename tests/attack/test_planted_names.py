"""Names that lie in wait: another account puts a link, a pipe or a folder at every name that the
program would write, in a folder where both may (as in /tmp). No file but its own is changed,
nothing is held up by a pipe, and where no safe file can be made the command says so."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from adapters.sandbox.server import Options, in_thread
from tests.conformance.made import fresh_series, many
from tests.engine.bench import write_source
from tests.program import Program, Ran

SOMEBODY = 54321
PRECIOUS = b"a file that is none of the program's business"


def _link(victim: Path, at: Path) -> None:
    at.symlink_to(victim)


def _dangling(victim: Path, at: Path) -> None:
    at.symlink_to(victim.with_name("made-by-the-program"))


def _hard_link(victim: Path, at: Path) -> None:
    at.hardlink_to(victim)


def _pipe(victim: Path, at: Path) -> None:
    os.mkfifo(at, 0o666)


def _folder(victim: Path, at: Path) -> None:
    at.mkdir(mode=0o777)
    at.chmod(0o777)


def _link_to_a_folder(victim: Path, at: Path) -> None:
    at.symlink_to(victim.parent)


def _file(victim: Path, at: Path) -> None:
    """Whoever made it reads what is written into it."""
    at.touch()
    at.chmod(0o666)


PLANTS: dict[str, Callable[[Path, Path], None]] = {
    "file": _file,
    "link": _link,
    "dangling-link": _dangling,
    "hard-link": _hard_link,
    "pipe": _pipe,
    "folder": _folder,
    "link-to-a-folder": _link_to_a_folder,
}
# What a command writes where a person names the place, and the names that it makes there.
WRITING = {
    "key export t --out OUT/key": ["key"],
    "check t --out OUT": [
        "findings.csv",
        "findings.json",
        ".findings.csv.draft",
        ".findings.json.draft",
    ],
    "report t --out OUT/report": ["report", ".eucaim-transfer-report-", "report.aside", "report~"],
    "upload t --dry-run OUT/dry": ["dry"],
    "deid SOURCE OUT/deid --site-id SITE": ["deid"],
    "synth OUT/synth --patients 1": ["synth"],
}


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Program:
    """A home with one transfer, scanned."""
    tmp = tmp_path_factory.mktemp("planted")
    program = Program(tmp / "home")
    source = write_source(tmp / "source", many(fresh_series(), 2))
    with in_thread(Options()) as sandbox:
        sandbox.write_home(program.home)
        program.here("new", "t", "--node", "sandbox-xnat", "--source", source)
        program.good("scan", "t")
        program.good("key", "make", "t")
    return program


def _run(program: Program, words: str, out: Path) -> Ran:
    source = program.home.parent / "source"
    filled = words.replace("OUT", str(out)).replace("SOURCE", str(source))
    return program.here(*filled.split(), good=False)


@pytest.mark.parametrize("words", WRITING, ids=lambda words: words.split()[0])
def test_each_name_is_one_that_the_command_makes(
    words: str, program: Program, tmp_path: Path
) -> None:
    """Or the plants would lie in nobody's way."""
    ran = _run(program, words, tmp_path)
    assert ran.code in (0, 3), str(ran)
    assert WRITING[words][0] in {path.name for path in tmp_path.iterdir()}


# The same in a folder that is there, and is somebody else's.
INSIDE = {
    "upload t --dry-run OUT/there": ["0001.http", "0001.body"],
    "check t --out OUT/there": ["findings.csv", "findings.json"],
}


@pytest.mark.parametrize("plant", PLANTS)
@pytest.mark.parametrize("words", [*WRITING, *INSIDE])
def test_no_name_that_lies_in_wait_is_written_through(
    words: str, plant: str, program: Program, tmp_path: Path
) -> None:
    victims, out = tmp_path / "victims", tmp_path / "out"
    victims.mkdir(mode=0o700)
    out.mkdir()
    out.chmod(0o1777)
    victim = victims / "precious"
    victim.write_bytes(PRECIOUS)
    victim.chmod(0o640)
    names = WRITING.get(words) or [f"there/{name}" for name in INSIDE[words]]
    if words in INSIDE:
        (out / "there").mkdir()
        (out / "there").chmod(0o777)
    for name in names:
        PLANTS[plant](victim, out / name)
        if os.geteuid() == 0 and plant != "hard-link":
            os.chown(out / name, SOMEBODY, SOMEBODY, follow_symlinks=False)
    ran = _run(program, words, out)
    assert "fault of its own" not in ran.err, str(ran)
    assert victim.read_bytes() == PRECIOUS
    assert stat.S_IMODE(victim.stat().st_mode) == 0o640
    assert stat.S_IMODE(victims.stat().st_mode) == 0o700
    assert [path.name for path in victims.iterdir()] == ["precious"]
    if ran.code == 2:
        assert len(ran.complaint) == 2, str(ran)
    made = [path for path in out.rglob("*") if path.is_file() and not path.is_symlink()]
    open_ones = [p for p in made if p.stat().st_nlink == 1 and p.stat().st_mode & 0o077]
    assert [p.name for p in open_ones if p.stat().st_size] == [] or words.startswith("synth")

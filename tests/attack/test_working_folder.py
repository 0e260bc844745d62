"""A folder full of modules that lie in wait: an operator goes into the folder of the images, which
others can write to, and calls the program there. Nothing of it may be run."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from adapters.sandbox.server import Options, in_thread
from tests.conformance.made import fresh_series, many
from tests.engine.bench import write_source
from tests.faults.processes import await_until
from tests.program import Program
from transfer.ledger.holder import is_held
from transfer.workspace import Home

INSTALLED = Path(sys.executable).with_name("eucaim-transfer")
OUR_OWN = ("tui", "adapters", "transfer")
LIBRARIES = (
    "httpx",
    "httpcore",
    "h11",
    "requests",
    "urllib3",
    "pydicom",
    "xnat",
    "dicomweb_client",
)
CUSTOM = ("sitecustomize", "usercustomize", "numpy", "keyring", "textual", "truststore", "openpyxl")
# Whatever begins where it was called; the runner of its own last, when all else is done.
COMMANDS = (
    "scan t",
    "check t",
    "preview t I1",
    "deid SOURCE OUT --site-id SITE",
    "login sandbox-xnat --username ingester",
    "doctor t",
    "rehearse t",
    "upload t --detach",
)


@pytest.fixture
def waiting(tmp_path: Path) -> tuple[Path, Path]:
    """The folder, with a module of each name that the program or Python could ask for, and the file
    in which each that is run writes its name."""
    folder, caught = tmp_path / "export", tmp_path / "caught"
    folder.mkdir()
    caught.touch()
    text = f"open({str(caught)!r}, 'a').write(__name__ + '\\n')\nraise ImportError(__name__)\n"
    for name in {*sys.stdlib_module_names, *OUR_OWN, *LIBRARIES, *CUSTOM}:
        (folder / f"{name}.py").write_text(text)
    return folder, caught


def test_a_module_that_lies_in_wait_is_run_where_python_looks_into_the_folder(
    waiting: tuple[Path, Path],
) -> None:
    """That the trap works: Python's own manner, without an option."""
    folder, caught = waiting
    words = [sys.executable, "-c", "import struct"]
    subprocess.run(words, cwd=folder, capture_output=True, timeout=60, check=False)
    assert caught.read_text() == "struct\n"


def test_nothing_of_the_folder_in_which_the_program_is_called_is_run(
    waiting: tuple[Path, Path], tmp_path: Path
) -> None:
    folder, caught = waiting
    home, source = tmp_path / "home", write_source(tmp_path / "source", many(fresh_series(), 3))
    program = Program(home)
    with in_thread(Options()) as sandbox:
        sandbox.write_home(home)
        program.good("new", "t", "--node", "sandbox-xnat", "--source", source)
        for words in COMMANDS:
            filled = words.replace("SOURCE", str(source)).replace("OUT", str(tmp_path / "out"))
            ran = subprocess.run(
                [INSTALLED, *filled.split()],
                cwd=folder,
                env=program.environment(),
                input="ingester\n",
                capture_output=True,
                text=True,
                timeout=120,
                check=False,
            )
            assert (words, caught.read_text()) == (words, ""), ran.stderr
            assert "fault of its own" not in ran.stderr
            assert ran.returncode in (0, 3), f"{words}: {ran.stdout}{ran.stderr}"
        lock = Home.at(home).workspace("t").lock
        await_until(lambda: not is_held(lock), "the runner has ended")
        assert program.status("t")["instances"]["verified"] == 3
    assert caught.read_text() == ""

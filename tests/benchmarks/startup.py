"""What the commands cost: CPU seconds, for a transfer of one instance and a node nearby."""

from __future__ import annotations

import os
import shutil
import sys
from functools import partial
from pathlib import Path
from typing import Final

from tests.benchmarks.frame import Bench, Figures, Kind, Row, compare, picked
from tests.benchmarks.process import measured
from tests.benchmarks.tree import write_tree
from transfer.workspace import HOME_VARIABLE

_NOTHING: Final = "python"
_TEXTUAL: Final = "import textual.app"
_KINDS: Final[dict[str, Kind]] = {_NOTHING: "limit", _TEXTUAL: "peer"}
_PLAIN: Final = ("new", "plain", "--node", "bench", "--source")
_MADE: Final = ("new", "made", "--node", "bench", "--site-id", "BENCH", "--deid", "eucaim")
# In the order in which an operator gives them; each finds what the one before left.
_COMMANDS: Final = {
    "--version": ("--version",),
    "list": ("list",),
    "scan": ("scan", "plain"),
    "check": ("check", "plain"),
    "status": ("status", "plain"),
    "upload": ("upload", "plain"),
    "verify": ("verify", "plain"),
    "report": ("report", "plain"),
    "upload, de-identified": ("upload", "made"),
}


def measure(bench: Bench) -> list[Row]:
    """CPU seconds of each command with its workers, and seconds."""
    from tests.benchmarks.answering import answering

    source = bench.folder / "source"
    if not source.exists():
        write_tree(source, 0, 1)
    with answering(bench.folder / "node") as (url, ca_file):
        home = bench.folder / "home"
        contenders = {
            _NOTHING: partial(_run, home, ("-c", "pass")),
            _TEXTUAL: partial(_run, home, ("-c", _TEXTUAL)),
            **{
                name: partial(_run, home, ("-m", "tui", *words))
                for name, words in _COMMANDS.items()
            },
        }
        contenders["--version"] = partial(_first, home, source, url, ca_file)
        for contender in contenders.values():
            contender()
        runs = bench.interleave(contenders)
    kinds = {name: _KINDS.get(name, "ours") for name in runs}
    return [
        *compare("start-up", "CPU s", picked(runs, lambda f: f["cpu_s"]), kinds),
        *compare("start-up", "s", picked(runs, lambda f: f["seconds"]), kinds),
    ]


def _run(home: Path, words: tuple[str, ...]) -> Figures:
    figures, _ = measured([sys.executable, *words], env={**os.environ, HOME_VARIABLE: str(home)})
    return figures


def _first(home: Path, source: Path, url: str, ca_file: Path) -> Figures:
    """The first command of a round, in a home with two transfers of which nothing was done yet."""
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(mode=0o700)
    (home / "config.toml").write_text(
        f'[nodes.bench]\nkind = "upv"\nauth = "none"\ndicomweb_url = "{url}"\n'
        f'ca_file = "{ca_file}"\n'
    )
    for new in ((*_PLAIN, str(source)), (*_MADE, "--source", str(source))):
        _run(home, ("-m", "tui", *new))
    return _run(home, ("-m", "tui", *_COMMANDS["--version"]))

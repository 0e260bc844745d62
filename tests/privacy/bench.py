"""Runs of the program on a cohort full of marks, and the search through all that came of them."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Final, NamedTuple
from unittest import mock

from adapters.sandbox.server import NODE, XNAT_NODE, Options, Sandbox, in_thread
from tests.privacy.capture import Put, files_of, listened, puts_of
from tests.privacy.cohort import Cohort, write_cohort
from tests.privacy.echo import EchoingRecorder
from tests.privacy.leaving import may_stay, names_it
from tests.privacy.searching import Search
from tests.program import REPOSITORY, Program

SITE: Final = Path(__file__).with_name("site")
NODES: Final = (NODE, XNAT_NODE)
_PATIENCE_S: Final = 900.0
_SHOWN: Final = 5
"""Hits of one place that are told at once."""


class Hit(NamedTuple):
    """A planted value that stands where it has no business."""

    value: str
    planted: str
    found: str


@dataclass
class Bench:
    """One home, both stand-ins, one cohort. `commands` are those that ran, `exempt` what was not
    searched, with the reason; `screens` those that were shown, `struck` counts crashes that
    were made, `faults` names all that was done to the program. `staying` holds by transfer which
    marks its profile leaves in the images; None: all."""

    folder: Path
    cohort: Cohort
    search: Search
    program: Program
    sandbox: Sandbox
    listens: bool
    is_short: bool = False
    hits: list[Hit] = field(default_factory=list)
    commands: set[str] = field(default_factory=set)
    exempt: list[str] = field(default_factory=list)
    places: dict[str, int] = field(default_factory=dict)
    ran: int = 0
    struck: int = 0
    screens: set[str] = field(default_factory=set)
    keys_pressed: int = 0
    faults: list[str] = field(default_factory=list)
    staying: dict[str, set[str] | None] = field(default_factory=dict)
    took: list[tuple[float, float, str]] = field(default_factory=list)
    _shown: dict[str, int] = field(default_factory=dict)
    broke: list[str] = field(default_factory=list)

    @property
    def echoed(self) -> int:
        """How often a node refused something in the hospital's own words."""
        return EchoingRecorder.answered

    @property
    def home(self) -> Path:
        return self.program.home

    @property
    def record(self) -> Path:
        return self.folder / "record"

    def run(
        self,
        *words: object,
        codes: Iterable[int] | None = (0,),
        typed: str = "",
        strike: str = "",
        exempt: str = "",
        shows: str = "",
        module: str = "tui",
        patience_s: float = _PATIENCE_S,
    ) -> str:
        """One command, everything that it says and does searched; its standard output.

        With `exempt`, a person asked for what it prints, and it is listed instead; with `shows` it
        shows or writes what leaves of that transfer, where marks may stand that stay.
        """
        texts = [str(word) for word in words]
        if module == "tui":
            self.ran += 1
            self.commands.add(texts[0])
        command = [sys.executable, "-P", "-m", module, *texts]
        log = self.folder / "strace.log"
        stays = (lambda value: may_stay(self, shows, value)) if shows else None
        with mock.patch.dict(self.program.environ, {"PRIVACY_STRIKE": strike} if strike else {}):
            environment = self.program.environment() | {"PYTHONPATH": f"{SITE}:{REPOSITORY}"}
        began = time.monotonic()
        done = subprocess.run(
            listened(command, log) if self.listens else command,
            cwd=self.folder / "cwd",
            env=environment,
            input=typed.encode(),
            capture_output=True,
            timeout=patience_s,
            check=False,
        )
        ended = time.monotonic()
        shown = " ".join(texts).replace(str(self.folder), "")
        if exempt:
            self.exempt.append(f"{shown}: {exempt}")
        else:
            self.look(f"printed by {shown}", done.stdout + b"\n" + done.stderr, stays)
        if self.listens:
            for put in puts_of(log):
                if not self._is_asked_for(put, exempt):
                    may = stays if "/out/" in put.place else None
                    self.look(f"{put.place} ({shown})", put.content, may)
            log.unlink()
        self.took.append((ended - began, time.monotonic() - ended, shown))
        if codes is not None:
            told = done.stderr.decode(errors="replace")[-1500:]
            assert done.returncode in codes, f"{shown}: exit {done.returncode}: {told}"
        return done.stdout.decode()

    def strike(self, at: str, *words: object) -> bool:
        """One command in which a function fails with all that it was given; whether it was come
        by."""
        before = len(list((self.folder / "struck").iterdir()))
        self.run(*words, codes=None, strike=at)
        hit = len(list((self.folder / "struck").iterdir())) - before
        self.struck += hit
        if not hit:
            self.broke.append(f"{at} was not called by {' '.join(map(str, words))}")
        return hit > 0

    def _is_asked_for(self, put: Put, exempt: str) -> bool:
        is_walk = f"{self.folder}/walk/" in put.place
        asked = put.place.startswith(("write", "name")) or "/dev/" in put.place
        return is_walk or (bool(exempt) and asked)

    def look_at(self, puts: Iterable[Put], what: str) -> None:
        for put in puts:
            self.look(f"{put.place} ({what})", put.content)

    def look(
        self, place: str, content: bytes, allowed: Callable[[str], bool] | None = None
    ) -> None:
        """Search some bytes, and keep what is found."""
        kind = place.split(" ", 1)[0]
        self.places[kind] = self.places.get(kind, 0) + len(content)
        for value in self.search.find(content):
            if (allowed is None or not allowed(value)) and not self._goes_as_it_is(place, value):
                hit = Hit(value, self.search.place_of(value), place)
                self.hits.append(hit)
                # Told at once: a run is long. The values are the bench's own and nobody's.
                if (shown := self._shown.get(place, 0)) < _SHOWN:
                    print(f"\nHIT {hit.value} ({hit.planted}) in {place}", flush=True)
                self._shown[place] = shown + 1

    def _goes_as_it_is(self, place: str, value: str) -> bool:
        """Of a transfer without a method: volumes lie in the folder that is handed over as they
        came, and the report's receipts, and file names, name an image as the node has it."""
        of = next((one for one in self.staying if f"transfers/{one}/" in place), "")
        of = of or next((one for one in self.staying if place.endswith(f" {one})")), "")
        if self.staying.get(of, set()) is not None:
            return False
        is_name = "/receipts/" in place or place.startswith("name ")
        return "/handover/" in place or (is_name and names_it(self, of, value))

    def look_at_requests(self, allowed: Callable[[bytes, str], bool]) -> int:
        """All requests that the stand-ins received since; `allowed` says which value may stand in
        which request. How many there were."""
        files = sorted(self.record.iterdir())
        for file in files:
            content = file.read_bytes()
            line = content.split(b"\r\n", 1)[0].decode("latin-1")
            self.look(f"request {line}", content, partial(allowed, content))
            file.unlink()
        return len(files)

    def look_at_files(self) -> None:
        """All that lies around at the end."""
        for folder in ("home", "account", "scratch", "cwd", "logs"):
            self.look_at(files_of(self.folder / folder), folder)

    def look_at_asked(self, *paths: str, shows: str = "") -> None:
        """Files that a person asked for, which promise to name nobody; with `shows`, what leaves of
        that transfer may stand in them."""
        stays = (lambda value: may_stay(self, shows, value)) if shows else None
        for path in map(Path, paths):
            if path.is_file():
                self.look(f"file {path.name}", path.read_bytes(), stays)
            elif path.is_dir():
                for put in files_of(path):
                    self.look(f"{put.place} ({path.name})", put.content, stays)

    def transfer(self, name: str) -> Path:
        return self.home / "transfers" / name


@contextmanager
def bench(folder: Path, *, is_short: bool = False, listens: bool = True) -> Iterator[Bench]:
    """A new cohort, both stand-ins, and a home whose nodes want de-identified data."""
    cohort = write_cohort(folder / "cohort", is_short=is_short)
    for name in ("account", "scratch", "cwd", "logs", "struck", "record"):
        (folder / name).mkdir()
    environ = {
        "HOME": str(folder / "account"),
        "TMPDIR": str(folder / "scratch"),
        "PRIVACY_LOG": str(folder / "logs"),
        "PRIVACY_STRUCK": str(folder / "struck"),
        "PYTHONFAULTHANDLER": "1",
        "PYTHONASYNCIODEBUG": "1",
        "PYTHONWARNINGS": "always",
        "TEXTUAL_LOG": str(folder / "logs" / "textual.log"),
        "HTTPX_LOG_LEVEL": "trace",
    }
    # A person may sign in by a code or by a pasted address as well.
    options = Options(record=folder / "record", device_clients=("qpinsights", "dataset-explorer"))
    EchoingRecorder.left, EchoingRecorder.answered = 0, 0
    people = [*cohort.patients.values(), *cohort.marks.charset]
    EchoingRecorder.words = people[:12] if not is_short else people[:4]
    with (
        mock.patch("adapters.sandbox.server.Recorder", EchoingRecorder),
        in_thread(options) as sandbox,
    ):
        home = folder / "home"
        sandbox.write_home(home)
        home.chmod(0o700)
        config = home / "config.toml"
        written = config.read_text().replace('"as-is"', '"required"')
        issuer = f'issuer_url = "{sandbox.endpoints.issuer_url}"'
        assert issuer in written
        pasted = f"https://127.0.0.1:{sandbox.port}/come-back/qpinsights"
        written = written.replace(issuer, f'{issuer}\npaste_redirect_url = "{pasted}"')
        config.write_text(written)
        yield Bench(
            folder, cohort, Search(cohort.marks), Program(home, environ), sandbox, listens, is_short
        )

"""Take one picture of every screen, from a real run against the stand-in node.

    python screenshots/make.py             every screen
    python screenshots/make.py --dataset   those of step 10, and of what comes after it

Writes an SVG beside this file for each screen, and a PNG where rsvg-convert is installed. Needs
the extra `sandbox`. Takes some minutes: a cohort is made, read, sent and published on the way.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
os.environ["TEXTUAL_ANIMATIONS"] = "none"
os.environ["COLORTERM"] = "truecolor"

from cohorts import plant_faults, spoil_table, write_a_name  # noqa: E402
from publishing import to_the_end  # noqa: E402
from textual.pilot import Pilot  # noqa: E402  (Textual reads the lines above while imported)
from textual.screen import Screen  # noqa: E402

from adapters.sandbox.hands import Hands  # noqa: E402
from adapters.secrets import SecretStore  # noqa: E402
from transfer.accounts import read_account  # noqa: E402
from transfer.ledger.connection import Ledger  # noqa: E402
from transfer.ledger.control import set_bandwidth  # noqa: E402
from transfer.ledger.steps import read_step  # noqa: E402
from transfer.status import Status, read_status  # noqa: E402
from transfer.values import StepState  # noqa: E402
from transfer.workspace import HOME_VARIABLE, Home  # noqa: E402
from tui.app import TransferApp  # noqa: E402

NARROW, WIDE = (80, 24), (120, 40)
# Slow enough to be seen at work, in bytes a second.
_UNHURRIED = 24_000_000
_PATIENCE_S = 120.0
# Refused for good: 0122H, SOP Class not supported (PS3.18 table I.2-2).
_FAULT = "stow:partial,reason=290,times=3"


class Studio:
    """The app at one size, and where its pictures go."""

    def __init__(self, pilot: Pilot[Any], base: Path) -> None:
        self._pilot, self._base = pilot, base

    async def press(self, *keys: str) -> None:
        """Press keys, each after the last one has had its effect."""
        for key in keys:
            await self._pilot.press(key)
            await self._pilot.pause(0.5)

    async def step(self, number: int) -> None:
        """Open a step from the journey."""
        await self.press("home", *["down"] * (number - 4), "enter")

    async def until(self, holds: Callable[[], bool]) -> None:
        """Wait for something to be so, then for the screen to show it."""
        async with asyncio.timeout(_PATIENCE_S):
            while not holds():
                await self._pilot.pause(0.05)
        await self._pilot.pause(0.6)

    @property
    def screen(self) -> Screen[Any]:
        """The screen in front."""
        return self._pilot.app.screen

    def shows(self, text: str) -> bool:
        """Whether a text stands on the screen, in one piece."""
        return text.replace(" ", "&#160;") in self._pilot.app.export_screenshot()

    def take(self, name: str) -> None:
        """Write the picture. The scratch folder's own path is replaced by one as long."""
        scratch = str(self._base)
        shown = ("/data/export/onco-24" + "-archive" * 30)[: len(scratch)]
        svg = self._pilot.app.export_screenshot().replace(scratch, shown)
        # rsvg-convert drops blanks at the start of a text unless told not to.
        svg = svg.replace("<text ", '<text xml:space="preserve" ')
        target = HERE / f"{name}.svg"
        target.write_text(svg, encoding="utf-8")
        if shutil.which("rsvg-convert"):
            subprocess.run(
                ["rsvg-convert", "-o", str(target.with_suffix(".png")), str(target)], check=True
            )
        print(f"{name}.svg")


@contextmanager
def stand_in(home: Path, *options: str) -> Iterator[str]:
    """A stand-in node; its configuration and its password are in the home. Where it is steered."""
    home.mkdir(mode=0o700)
    process = subprocess.Popen(
        [sys.executable, "-m", "tui", "sandbox", "--home", str(home), *options],
        stdout=subprocess.PIPE,
        cwd=HERE.parent,
    )
    try:
        assert process.stdout is not None, "it was asked for"
        line = process.stdout.readline()
        if not line:
            raise SystemExit("The stand-in node did not start.")
        SecretStore(home).put("sandbox-upv.password", "ingester")
        yield json.loads(line)["nodes"]["sandbox-upv"]["control_url"]
    finally:
        process.terminate()
        process.wait()


@asynccontextmanager
async def studio(home: Home, base: Path, size: tuple[int, int]) -> AsyncIterator[Studio]:
    """The app on that home."""
    os.environ[HOME_VARIABLE] = str(home.root)
    app = TransferApp(home)
    async with app.run_test(size=size) as pilot:
        await pilot.pause(0.8)
        yield Studio(pilot, base)


def status_of(home: Home) -> Status:
    """The only transfer's status."""
    return read_status(home.workspace(home.names()[0]))


async def make_transfer(at: Studio, takes: bool) -> None:
    """Through the new-transfer flow, from home to the journey."""
    for keys, name in (
        (("n", "down"), "new-node"),
        (("enter",), "new-folder"),
        (("down", "down", "enter", "enter"), "new-destination"),
        (("enter", "home"), "new-deid"),
        (("enter", *"SITE-001"), "new-site-id"),
        (("enter",), "new-name"),
        (("enter",), "new-summary"),
        (("enter",), "journey"),
    ):
        await at.press(*keys)
        if takes:
            at.take(name)


async def choose(at: Studio) -> None:
    """From the journey: a series that stays, the rules, and the board of timepoints."""
    await at.press("s", "right", "down", "right", "down", "down", "space")
    at.take("selection")
    await at.press("r")
    at.take("selection-rules")
    await at.press("escape", "space", "slash", *"torax")
    at.take("selection-filter")
    await at.press("escape", "escape", "t", "enter", "d", "down", "t", "down")
    at.take("timepoints")
    await at.press("escape")


async def whole_way(home: Home, base: Path) -> None:
    """From an empty home to the verdict."""
    async with studio(home, base, NARROW) as at:
        at.take("home-empty")
        await make_transfer(at, takes=True)
        await at.step(8)
        at.take("scan-before")
        await at.press("enter")
        await at.until(lambda: status_of(home).state == "ready")
        at.take("scan")
        await at.press("escape")
        await choose(at)
        await at.step(8)
        await at.press("u")
        at.take("upload-question")
        with Ledger.open(home.workspace(home.names()[0]).ledger) as ledger:
            set_bandwidth(ledger, _UNHURRIED)
        await at.press("right", "enter")
        await at.until(lambda: status_of(home).census.instances.verified > 60)
        at.take("upload")
        await at.press("question_mark")
        at.take("help")
        await at.press("escape")
    async with studio(home, base, WIDE) as at:
        at.take("home-wide")
        await at.press("enter")
        at.take("upload-wide")
        await at.press("p")
        await at.until(lambda: status_of(home).state == "paused")
        at.take("upload-paused-wide")
        await at.press("r")
        await at.until(lambda: status_of(home).state == "done")
        at.take("upload-done-wide")
        await at.press("escape")
        at.take("journey-wide")
        await at.step(4)
        await at.press("enter")
        at.take("review-header-wide")
    async with studio(home, base, NARROW) as at:
        at.take("home")
        await at.press("enter")
        await at.step(8)
        at.take("upload-done")
        await at.press("escape")
        await at.step(4)
        at.take("review")
        await at.press("enter")
        at.take("review-header")
        await at.press("left")
        at.take("review-unlike")
        await at.press("escape", "right")
        at.take("review-texts")
        await at.press("escape")
        await send_the_table(home, at)


async def send_the_table(home: Home, at: Studio) -> None:
    """From the journey: step 9 once the images are on the node, to its end."""
    await at.step(9)
    await at.press("o", "end", "up", "enter")
    await at.until(lambda: status_of(home).clinical.rows > 0)
    await at.press("u")
    at.take("clinical-upload")
    await at.press("enter")
    await at.until(lambda: status_of(home).clinical.subjects.verified == 4)
    await at.until(lambda: status_of(home).runner.pid is None)
    at.take("clinical-upload-done")


async def with_a_dataset(home: Home, base: Path, hands: Hands) -> None:
    """Step 10, once images and clinical data are on the node, and what comes after it."""
    async with studio(home, base, NARROW) as at:
        await make_transfer(at, takes=False)
        await at.step(8)
        await at.press("enter")
        await at.until(lambda: status_of(home).state == "ready")
        await at.press("enter", "u", "right", "enter")
        await at.until(lambda: status_of(home).state == "done")
        await at.press("escape")
        await at.step(9)
        await at.press("o", "end", "up", "enter")
        await at.until(lambda: status_of(home).clinical.rows > 0)
        await at.press("u", "enter")
        await at.until(lambda: status_of(home).clinical.subjects.verified == 4)
        await at.until(lambda: status_of(home).runner.pid is None)
        await at.press("escape", "escape")
        await to_the_end(home, base, at, hands)


async def first_steps(home: Home, base: Path) -> None:
    """Steps 5 to 7 on a transfer that waits for them."""
    async with studio(home, base, NARROW) as at:
        # The stand-in's account has no addresses of the world outside; the built-in node's has.
        await at.press("n", "home", "a")
        at.take("account")
        await at.press("home", "enter")
        at.take("account-link")
        await at.press("escape", "escape", "escape")
        await make_transfer(at, takes=False)
        await at.step(5)
        await at.press("i")
        at.take("sign-in")
        await at.press("enter", *"ingester", "enter")
        await at.until(lambda: read_account(home, "sandbox-upv").state is StepState.DONE)
        await at.press("v")
        at.take("account-rights")
        await at.press("escape", "escape")
        await at.step(6)
        at.take("ticket")
        await at.press("escape")
        await at.step(7)
        await at.until(lambda: is_looked_over(home))
        at.take("doctor")
        await at.press("escape")
        at.take("journey-ready")


def is_looked_over(home: Home) -> bool:
    """Whether the doctor came to an end."""
    with Ledger.open(home.workspace(home.names()[0]).ledger, read_only=True) as ledger:
        return read_step(ledger, "doctor") is not None


async def with_failures(home: Home, base: Path) -> None:
    """A node that refuses three instances for good."""
    async with studio(home, base, NARROW) as at:
        await make_transfer(at, takes=False)
        await at.step(8)
        await at.press("enter")
        await at.until(lambda: status_of(home).state == "ready")
        await at.press("enter", "u", "right", "enter")
        await at.until(lambda: status_of(home).state == "failed")
        at.take("upload-failed")
        await at.press("f")
        at.take("failures")


async def with_a_name(home: Home, base: Path) -> None:
    """A cohort in which a technician wrote the patient's name where the profile keeps text."""
    async with studio(home, base, NARROW) as at:
        await make_transfer(at, takes=False)
        await at.step(8)
        await at.press("enter")
        await at.until(lambda: status_of(home).state == "ready")
        await at.press("enter", "u", "right", "enter")
        await at.until(lambda: status_of(home).state in ("failed", "done", "blocked"))
        await at.press("escape")
        await at.step(4)
        await at.press("left")
        at.take("review-stopped")
        await at.press("enter")
        at.take("review-found")


def be_strict(home: Home) -> None:
    """Give the nodes EUCAIM's gate."""
    config = home.config_folder / "config.toml"
    config.write_text(config.read_text().replace('gate = "integrity"', 'gate = "eucaim"'))


async def with_a_table(home: Home, base: Path) -> None:
    """Step 9 with a table in which things are wrong."""
    be_strict(home)
    async with studio(home, base, NARROW) as at:
        await make_transfer(at, takes=False)
        await at.step(8)
        await at.press("enter")
        await at.until(lambda: status_of(home).runner.exit_code is not None)
        await at.press("escape")
        await at.step(9)
        await at.press("o", "end", "up")
        at.take("clinical-file")
        await at.press("enter")
        await at.until(lambda: status_of(home).clinical.rows > 0)
        at.take("clinical")
        await at.press("t", "n")
        at.take("clinical-table")
        await at.press("escape", "m", *["down"] * 3)
        at.take("clinical-mapping")
        await at.press("enter")
        at.take("clinical-mapping-choose")
        await at.press("escape", "up", "v")
        at.take("clinical-terms")
        await at.press("escape", "escape", "r", "3")
        at.take("clinical-reconcile")
    async with studio(home, base, WIDE) as at:
        await at.press("enter")
        await at.step(9)
        await at.press("t", "n")
        at.take("clinical-table-wide")


async def with_findings(home: Home, base: Path) -> None:
    """A node with EUCAIM's gate, and a cohort in which things are missing."""
    be_strict(home)
    async with studio(home, base, NARROW) as at:
        await make_transfer(at, takes=False)
        await at.step(8)
        await at.press("enter")
        await at.until(lambda: status_of(home).runner.exit_code is not None)
        await at.press("enter")
        at.take("findings")
        await at.press("enter")
        at.take("findings-of-rule")
        await at.press("enter")
        at.take("header")
        await at.press("escape", "escape", "a")
        at.take("findings-answer")
        await at.press("escape", "d")
        at.take("findings-quality")
    async with studio(home, base, WIDE) as at:
        await at.press("enter", "c")
        at.take("findings-wide")


def main() -> int:
    if not shutil.which("rsvg-convert"):
        print("rsvg-convert is not installed: SVG only, no PNG.", file=sys.stderr)
    with tempfile.TemporaryDirectory(prefix="eucaim-") as folder:
        base = Path(folder)
        account = base / "ada"
        account.mkdir()
        os.environ["HOME"] = str(account)
        cohort = [sys.executable, "-m", "tui", "synth", str(account / "lung"), "--patients", "4"]
        subprocess.run(cohort, cwd=HERE.parent, check=True, stderr=subprocess.DEVNULL)
        with stand_in(base / "own") as steered, Hands(steered, base / "own" / "ca.pem") as hands:
            asyncio.run(with_a_dataset(Home.at(base / "own"), base, hands))
        if "--dataset" in sys.argv[1:]:
            return 0
        with stand_in(base / "node"):
            asyncio.run(whole_way(Home.at(base / "node"), base))
        with stand_in(base / "fresh"):
            SecretStore(base / "fresh").delete("sandbox-upv.password")
            asyncio.run(first_steps(Home.at(base / "fresh"), base))
        with stand_in(base / "strict", "--fault", _FAULT):
            asyncio.run(with_failures(Home.at(base / "strict"), base))
        spoil_table(account / "lung")
        with stand_in(base / "tabled"):
            asyncio.run(with_a_table(Home.at(base / "tabled"), base))
        write_a_name(account / "lung")
        with stand_in(base / "named"):
            asyncio.run(with_a_name(Home.at(base / "named"), base))
        plant_faults(account / "lung")
        with stand_in(base / "faulty"):
            asyncio.run(with_findings(Home.at(base / "faulty"), base))
    return 0


if __name__ == "__main__":
    sys.exit(main())

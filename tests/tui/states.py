"""Every screen in each of its main states: how to get there, by keys, from prepared ledgers.

Snapshots are taken of these, and so may be pictures.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from tests.tui.driving import FixedDayApp, KnownSource
from tests.tui.found import make_found
from tests.tui.ledgers import (
    SENDING,
    configure_upv,
    fill,
    find_unread,
    held,
    leave_out,
    make_done,
    make_failed,
    make_first_ledger,
    make_ledger,
    make_running,
    set_progress,
    set_runner,
    set_state,
)
from tests.tui.reviews import make_reviewed, stop_second_series
from tests.tui.trees import make_tree
from transfer.ledger.connection import Ledger
from transfer.ledger.control import Wish, set_wish
from transfer.ledger.progress import Progress
from transfer.values import StepState
from transfer.workspace import Home
from tui.app import TransferApp
from tui.folders import Folder
from tui.theme import LIGHT, QUIET

Prepare = Callable[[Home, ExitStack], None]


@dataclass(frozen=True, slots=True)
class State:
    """One picture: what is in the home, where the app opens, and the keys from there."""

    name: str
    prepare: Prepare
    keys: tuple[str, ...] = ()
    opens: str | None = None
    theme: str = QUIET.name


def _nothing(home: Home, stack: ExitStack) -> None:
    return


def _mixed(home: Home, stack: ExitStack) -> None:
    make_done(home)
    make_failed(home)
    make_ledger(home, "colon-pilot")
    stack.enter_context(held(make_running(home)))
    broken = home.transfers / "restored"
    broken.mkdir(mode=0o700)
    (broken / "ledger.sqlite").write_bytes(b"no ledger" * 99)


def _running(home: Home, stack: ExitStack) -> None:
    stack.enter_context(held(make_running(home)))


def _scheduled(home: Home, stack: ExitStack) -> None:
    (home.config_folder / "config.toml").write_text(
        '[bandwidth]\n"08:00-18:00" = "20 Mbit/s"\notherwise = "none"\n'
    )
    workspace = make_running(home)
    more = replace(
        SENDING,
        lanes=(*SENDING.lanes, *SENDING.lanes),
        requests_allowed=6,
        requests_most=8,
        history=tuple(2.4e6 + 1e5 * (n % 5) for n in range(45)),
        rate_bps=2.5e6,
        eta_s=9_000.0,
    )
    set_progress(workspace, more)
    stack.enter_context(held(workspace))


def _paused(home: Home, stack: ExitStack) -> None:
    workspace = make_running(home)
    set_progress(workspace, Progress(phase="send", done=254, total=412))
    with Ledger.open(workspace.ledger) as ledger:
        set_wish(ledger, Wish.PAUSE)
    stack.enter_context(held(workspace))


def _done(home: Home, stack: ExitStack) -> None:
    make_done(home)


def _failed(home: Home, stack: ExitStack) -> None:
    make_failed(home)


def _signed_out(home: Home, stack: ExitStack) -> None:
    workspace = make_ledger(home, "lung-2024")
    fill(workspace, [("CT", 60, 0, 60, 0), ("MR", 80, 0, 0, 0)])
    set_runner(
        workspace,
        pid=None,
        exit_code=5,
        message="The sign-in to this node has run out.",
        remedy="Sign in again.",
    )
    set_state(workspace, "upload", StepState.WAITING, "waiting: sign in")
    configure_upv(home)


def _killed(home: Home, stack: ExitStack) -> None:
    make_running(home)


def _fresh(home: Home, stack: ExitStack) -> None:
    make_ledger(home, "lung-2024")


def _first(home: Home, stack: ExitStack) -> None:
    make_first_ledger(home, "lung-2024")


def _waiting(home: Home, stack: ExitStack) -> None:
    workspace = make_ledger(home, "lung-2024")
    set_state(
        workspace,
        "ticket",
        StepState.WAITING,
        "Ticket 4711 is with the helpdesk, group Reference nodes.",
        person="Ada Lovelace",
        evidence="ticket 4711",
        since_utc="2026-03-12T07:40:00.000Z",
    )


def _went(home: Home, stack: ExitStack) -> None:
    workspace = make_first_ledger(home, "lung-2024")
    fill(workspace, [("CT", 0, 0, 8, 0)])
    set_runner(workspace, pid=None, exit_code=0)
    set_state(workspace, "login", StepState.DONE, "Signed in as ada.")
    set_state(workspace, "upload", StepState.DONE, "All 8 SOP Instances are on the node.")


def _reminded(home: Home, stack: ExitStack) -> None:
    make_done(home)
    _waiting(home, stack)


def _reviewed(home: Home, stack: ExitStack) -> None:
    workspace = make_reviewed(home, home.root.parent)
    stop_second_series(workspace)
    set_state(workspace, "deidentify", StepState.BLOCKED, "5 instances are de-identified.")
    set_runner(workspace, pid=None, exit_code=3, message="Something does not leave.")


def _tree(home: Home, stack: ExitStack) -> None:
    make_tree(home)


def _found(home: Home, stack: ExitStack) -> None:
    make_found(home, home.root.parent)


def _deidentifying(home: Home, stack: ExitStack) -> None:
    workspace = make_ledger(home, "lung-2024")
    fill(workspace, [("CT", 120, 0, 0, 0), ("PT", 40, 0, 0, 0)])
    set_runner(workspace, pid=4123, exit_code=None)
    set_progress(workspace, Progress(phase="deidentify", done=64, total=160, eta_s=12.0))
    stack.enter_context(held(workspace))


_LEFT_OUT = [
    (b"SURNAME^GIVEN/DICOMDIR", "rejected", "dicomdir", "dicomdir-index-not-an-instance"),
    (b"SURNAME^GIVEN/notes.txt", "rejected", "other", "not-dicom"),
    (b"SURNAME^GIVEN/again.dcm", "duplicate", "instance", "duplicate-identical"),
]


def _scanning(home: Home, stack: ExitStack) -> None:
    workspace = make_ledger(home, "lung-2024")
    fill(workspace, [("CT", 120, 0, 0, 0), ("PT", 40, 0, 0, 0)])
    find_unread(workspace, 300)
    leave_out(workspace, _LEFT_OUT)
    set_runner(workspace, pid=4123, exit_code=None)
    set_progress(workspace, Progress(phase="scan", done=163, total=463))
    stack.enter_context(held(workspace))


def _scanned(home: Home, stack: ExitStack) -> None:
    workspace = make_ledger(home, "lung-2024")
    fill(workspace, [("CT", 120, 0, 0, 0), ("PT", 40, 0, 0, 0)])
    leave_out(workspace, _LEFT_OUT)
    set_runner(workspace, pid=None, exit_code=0)


# To the header of the first Series.
_HEADER = ("home", "enter", "enter")
_WAIVED = ("w", *"agreed", "enter", *"Ada", "enter")
_SEARCHED = ("i", "slash", *"1.2.3.1.1.1", "enter", "n")
# To the choice of the way to de-identify, for a node that requires it.
_STRICT = ("n", "down", "enter", "enter", *"LUNG", "enter")

# To the upload, from whatever step the journey opens at.
_IMAGES = ("end", "up", "up", "enter")

# To the first Series of the first patient, which is left out.
_LEFT_SERIES = ("s", "right", "down", "right", "down", "space")

STATES = [
    State("home-empty", _nothing),
    State("home", _mixed, ("down", "down")),
    State("home-light", _mixed, ("down", "down"), theme=LIGHT.name),
    State("home-find", _mixed, ("slash", *"breast")),
    State("home-find-nothing", _mixed, ("slash", *"breasts")),
    State("new-node", _nothing, ("n",)),
    State("new-node-incomplete", _nothing, ("n", "end")),
    State("new-folder", _nothing, ("n", "enter")),
    State("new-destination", _nothing, ("n", "enter", "enter")),
    State("new-destination-typed", _nothing, ("n", "down", "enter", "enter")),
    State("new-deid", _nothing, _STRICT),
    State("new-site-id", _nothing, (*_STRICT, "enter")),
    State("new-script", _nothing, (*_STRICT, "down", "down", "enter")),
    State("new-name", _nothing, ("n", "enter", "enter", "enter", "enter")),
    State("new-summary", _nothing, (*_STRICT, "end", "enter", "enter")),
    State("new-summary-key", _nothing, (*_STRICT, "enter", *"SITE-001", "enter", "enter")),
    State("journey", _running, ("escape",), "lung-2024"),
    State("journey-light", _running, ("escape",), "lung-2024", LIGHT.name),
    State("journey-done", _done, (), "breast-2023"),
    State("journey-first", _first, (), "lung-2024"),
    State("journey-waiting", _waiting, ("up", "up"), "lung-2024"),
    State("journey-went", _went, (), "lung-2024"),
    State("journey-record", _waiting, ("up", "up", "r"), "lung-2024"),
    State("home-reminder", _reminded),
    State("scan-unread", _fresh, ("enter",), "lung-2024"),
    State("scan-running", _scanning, (), "lung-2024"),
    State("scan-done", _scanned, ("enter", "o"), "lung-2024"),
    State("upload-ready", _scanned, ("enter",), "lung-2024"),
    State("upload-question", _scanned, ("enter", "u"), "lung-2024"),
    State("upload-running", _running, (), "lung-2024"),
    State("upload-scheduled", _scheduled, (), "lung-2024"),
    State("upload-light", _scheduled, (), "lung-2024", LIGHT.name),
    State("upload-limit", _scheduled, ("l",), "lung-2024"),
    State("upload-paused", _paused, (), "lung-2024"),
    State("upload-sign-in", _signed_out, (*_IMAGES, "u", "enter"), "lung-2024"),
    State("upload-killed", _killed, ("enter",), "lung-2024"),
    State("upload-failed", _failed, ("enter",), "prostate-a"),
    State("upload-done", _done, ("up", "enter"), "breast-2023"),
    State("failures", _failed, ("f",), "prostate-a"),
    State("help", _running, ("question_mark",), "lung-2024"),
    State("upload-deidentifying", _deidentifying, (), "lung-2024"),
    State("journey-deid", _reviewed, ("home",), "lung-2024"),
    State("review-series", _reviewed, ("home", "enter"), "lung-2024"),
    State("review-texts", _reviewed, ("home", "enter", "right"), "lung-2024"),
    State("review-stopped", _reviewed, ("home", "enter", "left"), "lung-2024"),
    State("review-header", _reviewed, _HEADER, "lung-2024"),
    State("review-header-all", _reviewed, (*_HEADER, "right"), "lung-2024"),
    State("review-header-found", _reviewed, ("home", "enter", "down", "enter"), "lung-2024"),
    State("review-header-unlike", _reviewed, (*_HEADER, "left"), "lung-2024"),
    State("failure-panel", _mixed, ("end", "enter")),
    State("selection", _tree, ("s",), "lung-2024"),
    State("selection-open", _tree, _LEFT_SERIES, "lung-2024"),
    State("selection-filter", _tree, ("s", "slash", *"chest"), "lung-2024"),
    State("selection-found", _tree, ("s", "down", "f"), "lung-2024"),
    State("selection-rules", _tree, (*_LEFT_SERIES, "r"), "lung-2024"),
    State("selection-kinds", _tree, ("s", "r", "a"), "lung-2024"),
    State("timepoints", _tree, ("t",), "lung-2024"),
    State("timepoints-given", _tree, ("t", "enter", "d", "down", "t"), "lung-2024"),
    State("timepoints-asked", _tree, ("t", "end", "enter", "space", "space", "d"), "lung-2024"),
    State("timepoints-refused", _tree, ("t", "enter", "d", "plus"), "lung-2024"),
    State("timepoints-all", _tree, ("t", "A"), "lung-2024"),
    State("findings", _found, ("c",), "lung-2024"),
    State("findings-light", _found, ("c",), "lung-2024", LIGHT.name),
    State("findings-aside", _found, ("c", *_WAIVED), "lung-2024"),
    State("findings-answer", _found, ("c", "down", "down", "a"), "lung-2024"),
    State("findings-mend", _found, ("c", "m"), "lung-2024"),
    State("findings-reason", _found, ("c", "w"), "lung-2024"),
    State("findings-of-rule", _found, ("c", "enter", "i"), "lung-2024"),
    State("findings-which", _found, ("c", "enter", "x"), "lung-2024"),
    State("findings-help", _found, ("c", "question_mark"), "lung-2024"),
    State("findings-quality", _found, ("c", "d"), "lung-2024"),
    State("header-at", _found, ("c", "down", "enter", "enter"), "lung-2024"),
    State("header-absent", _found, ("c", "enter", "enter"), "lung-2024"),
    State("header-search", _found, ("c", "enter", "enter", *_SEARCHED), "lung-2024"),
]

BROAD = ("home", "journey", "upload-running", "upload-scheduled", "upload-failed", "upload-done")
"""What is looked at in a window of 200 by 50 as well."""


class PictureSource(KnownSource):
    """Folders that are the same on every machine."""

    def config_file(self) -> Path:
        return Path("/home/ada/.config/eucaim-transfer/config.toml")

    def start_folder(self) -> Path:
        return Path("/data/export")

    def look_into(self, path: Path, offset: int) -> Folder:
        return Folder(path, ("CT-2024", "MR-2023", "[b]odd[/b]"), total=3, files=12)


def picture_app(state: State, home: Home) -> TransferApp:
    """The app as the pictures show it."""
    app = FixedDayApp(home, state.opens, source=PictureSource(home))
    app.theme = state.theme
    return app


@contextmanager
def prepared(state: State, home: Home) -> Iterator[None]:
    """The home in that state, and runners alive that have to be."""
    with ExitStack() as stack:
        state.prepare(home, stack)
        yield

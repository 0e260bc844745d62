"""Starting the screens: is this a terminal that they can be shown on?"""

from __future__ import annotations

import gc
import os
import sys

from transfer.errors import UsageError
from transfer.workspace import Home

_TWIN = "Use the command line instead: eucaim-transfer list, new, scan, upload, status --watch."

# What they switch on writes down each key, a typed password among them, or what is on the screen:
# into a file that others may read, or to a debugger on any host.
_RECORDING = (
    "TEXTUAL",
    "TEXTUAL_DEBUG",
    "TEXTUAL_DEVTOOLS_HOST",
    "TEXTUAL_DEVTOOLS_PORT",
    "TEXTUAL_LOG",
    "TEXTUAL_SCREENSHOT",
    "TEXTUAL_SCREENSHOT_FILENAME",
    "TEXTUAL_SCREENSHOT_LOCATION",
)


def run_app(home: Home, open_transfer: str | None = None) -> int:
    """Show the screens until the operator leaves; the exit code.

    Raises:
        UsageError: this is no terminal that they can be shown on, the home cannot be used, or
            there is no transfer of that name.
    """
    check_terminal()
    home.prepare()
    if open_transfer is not None:
        home.workspace(open_transfer)
    # Textual reads these while it is imported. What changes soon after another paint waits for the
    # next frame: with 10 a second the first screen came a fifth later. At rest nothing is painted.
    for name in _RECORDING:
        os.environ.pop(name, None)
    os.environ.setdefault("TEXTUAL_FPS", "30")
    os.environ.setdefault("TEXTUAL_ANIMATIONS", "none")
    # The modules stay to the end: a look for garbage in all of them is long enough to be felt.
    gc.disable()
    from tui.app import TransferApp

    app = TransferApp(home, open_transfer)
    gc.freeze()
    gc.enable()
    result = app.run(mouse=False)
    return result if isinstance(result, int) else (app.return_code or 0)


def check_terminal() -> None:
    """Refuse what Textual cannot draw on; unchecked it would spin, or show rubbish.

    Textual draws on stderr, so that both ends must be a terminal.

    Raises:
        UsageError: no terminal, a dumb one, or one without UTF-8.
    """
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise UsageError("The screens need a terminal, and there is none here.", _TWIN)
    if os.environ.get("TERM", "dumb") in ("dumb", "unknown", ""):
        raise UsageError("This terminal cannot place text on its screen (TERM=dumb).", _TWIN)
    encoding = (sys.stderr.encoding or "").lower().replace("-", "").replace("_", "")
    if encoding != "utf8":
        raise UsageError(
            "This terminal is not set to UTF-8, so that the screens would be unreadable.",
            f"Set for example LANG=C.UTF-8. {_TWIN}",
        )

"""A process that works for another one, and ends when that does."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from typing import Any


def instructions() -> dict[str, Any]:
    """What the other process wrote on the first line of our standard input. From now on its end
    ends this process as SIGTERM does: also where it was killed."""
    found: dict[str, Any] = json.loads(sys.stdin.buffer.readline() or b"{}")
    threading.Thread(target=_end_with_it, daemon=True).start()
    return found


def _end_with_it() -> None:
    # The descriptor itself: a buffer that is being read holds up the interpreter's end.
    while os.read(0, 1024):
        continue
    os.kill(os.getpid(), signal.SIGTERM)

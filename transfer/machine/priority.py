"""A runner works for hours and uses every core; whoever sits at a terminal is to come first."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Final

NICENESS: Final = 10
_GROUP: Final = Path("/proc/self/autogroup")
_TRIES: Final = 4
_BETWEEN_S: Final = 0.1


def step_back() -> None:
    """Let others of this machine come first, from now on: this thread, what it starts, and the
    session, where this process leads one.

    Only what is short of a core feels it. Where Linux shares the cores among sessions ("autogroup",
    sched(7)), a process's own niceness counts inside its session alone, so a session that is ours
    is made nice as a whole; one that a person's shell began is left as it is.
    """
    # A niceness adds up: a service may have been given one.
    if os.getpriority(os.PRIO_PROCESS, 0) < NICENESS:
        os.setpriority(os.PRIO_PROCESS, 0, NICENESS)
    if os.getsid(0) != os.getpid():
        return
    for _ in range(_TRIES):
        try:
            _GROUP.write_text(str(NICENESS))
        except BlockingIOError:
            # The kernel grants it to one session in a tenth of a second.
            time.sleep(_BETWEEN_S)
        except OSError:
            return
        else:
            return

"""The real command line in a process that holds still at a named point; run as a script.

    python -P holding.py POINT NTH WORDS…

At the n-th passing of POINT (`transfer.checkpoint`) the process stops itself by SIGSTOP; whoever
started it does then what is to happen at that moment, and lets it go on. No thread of it is in the
middle of writing to the ledger meanwhile. WORDS are a command line of `eucaim-transfer`.
"""

from __future__ import annotations

import itertools
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from transfer import checkpoint
from transfer.ledger.connection import Ledger

_nobody_writes = threading.RLock()
_transaction = Ledger.transaction


@contextmanager
def _write(ledger: Ledger, *, durable: bool = True) -> Iterator[Ledger]:
    with _nobody_writes, _transaction(ledger, durable=durable):
        yield ledger


def main(point: str, nth: str, *words: str) -> int:
    """Run the command line of `words`, with one halt."""
    from transfer import plan
    from transfer.prepare import phase as preparing
    from transfer.scan import pace

    # As in `killing`: a small transfer then passes every point several times.
    pace.PAGE = preparing._PAGE = 10
    plan._PAGE = 16
    passings = itertools.count(1)

    def observe(passed: str) -> None:
        if passed == point and next(passings) == int(nth):
            with _nobody_writes:
                os.kill(os.getpid(), signal.SIGSTOP)

    Ledger.transaction = _write  # type: ignore[method-assign,assignment]
    checkpoint.observer = observe
    from tui.__main__ import main as command_line

    return command_line(words)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))

"""A login shell of sorts: takes a terminal as its own, runs one command there, and stays.

    python -P terminal.py TTY WORDS…

Run as a script, as the leader of a new session; WORDS are a command line of `eucaim-transfer`.
Writes `ended CODE` to the terminal and then waits for ever, as a shell does at its prompt.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys


def main(tty: str, *words: str) -> None:
    """Run the words in the terminal `tty`."""
    # A session leader without a terminal gets the first one that it opens (credentials(7)).
    descriptor = os.open(tty, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(descriptor, standard)
    ended = subprocess.run([sys.executable, "-P", "-m", "tui", *words], check=False)
    print(f"ended {ended.returncode}", flush=True)
    signal.pause()


if __name__ == "__main__":
    main(*sys.argv[1:])

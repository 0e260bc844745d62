"""Several commands in one process, one after the other; run as a script.

    python -P commands.py FILE

Standard input has a JSON list of command lines. Each of them has to succeed. The last line of
standard output tells how large FILE was after each.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import sys

from tui.cli.commands import run_command


def main(file: str) -> None:
    """Run what standard input says."""
    sizes = []
    for words in json.load(sys.stdin):
        # What `login` asks for; nothing else reads.
        sys.stdin = io.StringIO("ingester\n")
        with contextlib.redirect_stdout(sys.stderr):
            code = run_command(words)
        if code:
            sys.exit(f"{words} ended with {code}")
        sizes.append(os.stat(file).st_size)
    print(*sizes)


if __name__ == "__main__":
    main(*sys.argv[1:])

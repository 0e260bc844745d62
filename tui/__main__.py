"""Entry point: decides what to import, so that a short question gets a quick answer."""

from __future__ import annotations

import sys
from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program; the exit code is the contract's."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    if words == ["--version"]:
        from transfer import __version__

        print(f"eucaim-transfer {__version__}")
        return 0
    from tui.cli.commands import run_command

    return run_command(words)


if __name__ == "__main__":
    sys.exit(main())

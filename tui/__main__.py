"""Entry point: decides what to import, so that a short question gets a quick answer."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from transfer.machine.core_limit import write_no_core_dumps
from transfer.programs import (
    HELPER,
    is_bundled,
    look_not_into_the_working_folder,
    serve_as_helper,
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program; the exit code is the contract's."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    write_no_core_dumps()
    look_not_into_the_working_folder()
    if is_bundled() and _is_process_of_ours(words):
        return 0
    if words == ["--version"]:
        from transfer import __version__

        print(f"eucaim-transfer {__version__}")
        return 0
    if arguments is None:
        from adapters.inherited import take_secrets
        from tui.crash import say_no_values

        say_no_values()
        take_secrets()
    from tui.cli.commands import run_command

    return run_command(words)


def _is_process_of_ours(words: Sequence[str]) -> bool:
    """In the bundle the one executable is also what its own worker processes are started with."""
    import multiprocessing

    # Does not return in a worker process.
    multiprocessing.freeze_support()
    if words[:1] != [HELPER]:
        return False
    serve_as_helper(words[1])
    return True


if __name__ == "__main__":
    sys.exit(main())

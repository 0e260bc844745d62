"""The real command line with a write time-out of two seconds; run as a script with its words.

config.toml cannot set it: outside the tests bytes that do not move are given up after 120 s.
"""

from __future__ import annotations

import sys
from typing import Final

from adapters.way import Way

_WRITE_S: Final = 2.0


def main(*words: str) -> int:
    """Run the command line of `words`."""
    making = Way.__init__
    usual = Way().write_timeout_s
    given = making.__defaults__ or ()
    assert given.count(usual) == 1, "one default is the time-out's"
    making.__defaults__ = tuple(_WRITE_S if one == usual else one for one in given)
    from tui.__main__ import main as command_line

    return command_line(words)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))

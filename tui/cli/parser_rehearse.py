"""Words of `rehearse`: the whole journey with a stand-in, before anything goes."""

from __future__ import annotations

import argparse

from tui.cli.parser import Commands, add_command, add_json


def add_rehearse_command(commands: Commands) -> None:
    """`rehearse`."""
    rehearse = add_command(
        commands,
        "rehearse",
        "the whole journey with your own data and a stand-in of the node on this machine, before"
        " anything goes",
        named=True,
    )
    rehearse.add_argument(
        "--patients", type=int, metavar="N", help="only the first N patients take part"
    )
    rehearse.add_argument(
        "--keep", action="store_true", help="keep the rehearsal's ledger and report to be looked at"
    )
    # The processes of a rehearsal; what they need stands on their standard input.
    rehearse.add_argument(
        "--part", choices=("stand-in", "journey"), default=None, help=argparse.SUPPRESS
    )
    add_json(rehearse)
